/**
 * The file manager: one interface to many backends.
 *
 * @module
 */

export * from "../backends/source_pixel_ref.ts";
export * from "./backend_router.ts";
export * from "./backend_view.ts";
export * from "./file_manager.ts";
export type { MirrorOptions, MirrorResult } from "./mirror.ts";
export * from "./names.ts";
export * from "./natural_order.ts";
export type { Side, TransferOptions, TransferProgress } from "./side.ts";
export type { SyncOptions, SyncResult, TransferResult } from "./transfer.ts";
export type { UpdateOptions } from "./update.ts";
export type { DirsAndFiles, WalkOptions } from "./walk.ts";
