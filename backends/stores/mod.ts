/**
 * Stores: bytes at paths. {@linkcode Store} is the seam a driver implements; the rest are stores, and what a
 * driver needs to be written: the rule for paths, ranges, streams, path order and the one error type.
 *
 * @module
 */

export * from "../errors.ts";
export * from "../path.ts";
export * from "./deferred_store.ts";
export * from "./disk_store.ts";
export * from "./flat.ts";
export * from "./http_store.ts";
export * from "./kv_store.ts";
export * from "./layer.ts";
export * from "./memory_store.ts";
export * from "./remote/open_store.ts";
export * from "./order.ts";
export * from "./path_order.ts";
export * from "./range.ts";
export * from "./remote_store.ts";
export { checkConditions } from "./rules.ts";
export * from "./sqlite_store.ts";
export * from "./store.ts";
export * from "./stream.ts";
export * from "./temporary_store.ts";
export * from "./tree.ts";
export * from "./watch.ts";
export * from "./zip_store.ts";
export type { DirectoryNode, FileNode, LinkNode, TreeEntry, TreeNode } from "./tree_node.ts";
