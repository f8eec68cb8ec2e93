/**
 * {@linkcode ZarrAttributes}: the attributes of arrays and groups.
 *
 * @module
 */

import { isStorageError, StorageError } from "../errors.ts";
import { joinPath } from "../path.ts";
import type { AbortOptions, Store } from "../stores/store.ts";
import type { ArrayEditor } from "./editor.ts";
import { formatAbove } from "./groups.ts";
import { type Head, isArrayHead, readHead } from "./head.ts";
import { formatJson, type JsonObject } from "./json.ts";
import { V2_ATTRIBUTES_FILE } from "./metadata_v2.ts";
import { V3_FILE } from "./metadata_v3.ts";
import { makeGroup, updateDocument } from "./node.ts";
import type { ZarrTree } from "./tree.ts";

/** Makes other attributes of those that are there; it may be called more than once. */
export type AttributesChange = (attributes: JsonObject) => JsonObject;

/** The attributes of arrays and groups. */
export class ZarrAttributes {
  readonly #store: Store;
  readonly #tree: ZarrTree;
  readonly #editor: ArrayEditor;

  constructor(store: Store, tree: ZarrTree, editor: ArrayEditor) {
    this.#store = store;
    this.#tree = tree;
    this.#editor = editor;
  }

  /** The attributes; a directory that is no group has none. */
  async read(path: string, options?: AbortOptions): Promise<JsonObject> {
    const head = await readHead(this.#store, path, options);
    if (head?.node !== undefined) return head.node.attributes;
    await this.#checkDirectory(path, options);
    return {};
  }

  /** Changes them by compare-and-swap. A directory that is no group becomes one. */
  async update(path: string, change: AttributesChange, options?: AbortOptions): Promise<JsonObject> {
    for (;;) {
      options?.signal?.throwIfAborted();
      const head = await this.head(path, options);
      const attributes = head.node!.format === 3
        ? await this.#updateV3(head, change)
        : await this.#updateV2(head, change, options);
      if (attributes !== undefined) return attributes;
    }
  }

  /** The document of an array or a group; a directory that is none becomes one. */
  async head(path: string, options?: AbortOptions): Promise<Head> {
    const head = await readHead(this.#store, path, options);
    if (isArrayHead(head)) return await this.#editor.head(path, options);
    if (head?.node !== undefined) return head;
    await this.#checkDirectory(path, options);
    await makeGroup(this.#store, path, await formatAbove(this.#store, path, options), {}, options);
    return await this.head(path, options);
  }

  async #checkDirectory(path: string, options?: AbortOptions): Promise<void> {
    const look = await this.#tree.look(path, options);
    if (look === undefined) throw await this.#tree.absence(path, options);
    if (look.kind !== "file") return;
    throw new StorageError("invalid-argument", "it is a file: only arrays and groups have attributes", { path });
  }

  async #updateV3(head: Head, change: AttributesChange): Promise<JsonObject | undefined> {
    const attributes = change(head.node!.attributes);
    const document = { ...head.document, attributes };
    if (isArrayHead(head)) return await this.#editor.rewrite(head, document) === undefined ? undefined : attributes;
    try {
      await this.#store.write!(joinPath(head.path, V3_FILE), formatJson(document), { ifMatch: head.etag });
      return attributes;
    } catch (error) {
      if (isStorageError(error, "precondition-failed")) return undefined;
      throw error;
    }
  }

  async #updateV2(head: Head, change: AttributesChange, options?: AbortOptions): Promise<JsonObject> {
    let attributes: JsonObject = {};
    await updateDocument(this.#store, joinPath(head.path, V2_ATTRIBUTES_FILE), (before) => {
      return attributes = change(before ?? {});
    }, options);
    // The etag of an array is that of its own document.
    if (isArrayHead(head)) await this.#editor.touch(head.path);
    return attributes;
  }
}
