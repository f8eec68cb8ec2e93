/**
 * {@linkcode Consolidated}: the metadata of everything below a group, in one document of the group. It is `consolidated_metadata` in
 * the `zarr.json` of v3, and `.zmetadata` of v2.
 *
 * @module
 */

import { isStorageError, StorageError } from "../errors.ts";
import { baseName, isInside, joinPath, parentPath, relativePath } from "../path.ts";
import type { AbortOptions, Store } from "../stores/store.ts";
import type { ZarrAttributes } from "./attributes.ts";
import { type Head, isArrayHead, lookAtHead } from "./head.ts";
import { isStage } from "./hidden.ts";
import { formatJson, isObject, type Json, type JsonObject, parseObject } from "./json.ts";
import { V2_ARRAY_FILE, V2_ATTRIBUTES_FILE, V2_GROUP_FILE } from "./metadata_v2.ts";
import { V3_FILE } from "./metadata_v3.ts";
import { updateDocument } from "./node.ts";

/** The file of v2. */
const V2_CONSOLIDATED_FILE = ".zmetadata";

/** The field of v3. */
const V3_FIELD = "consolidated_metadata";

/** Documents by their keys. */
type Documents = Record<string, Json>;

/** The metadata of everything below groups. */
export class Consolidated {
  readonly #store: Store;
  readonly #attributes: ZarrAttributes;

  constructor(store: Store, attributes: ZarrAttributes) {
    this.#store = store;
    this.#attributes = attributes;
  }

  /** Writes it. */
  async write(path: string, options?: AbortOptions): Promise<void> {
    const head = await this.#attributes.head(path, options);
    if (isArrayHead(head)) throw new StorageError("invalid-argument", "it is an array: nothing is below it", { path });
    if (head.node?.format === 2) {
      await updateDocument(this.#store, joinPath(path, V2_CONSOLIDATED_FILE), () => v2({}), options);
    } else {
      await updateDocument(
        this.#store,
        joinPath(path, V3_FILE),
        (document) => document && { ...document, [V3_FIELD]: v3({}) },
        options,
      );
    }
    await this.#update(path, path, options);
  }

  /** Reads it. */
  async read(path: string, options?: AbortOptions): Promise<ReadonlyMap<string, JsonObject> | undefined> {
    const documents = await this.#documents(path, options);
    if (documents === undefined) return undefined;
    return new Map(Object.entries(documents).filter((entry): entry is [string, JsonObject] => isObject(entry[1])));
  }

  async #documents(path: string, options?: AbortOptions): Promise<Documents | undefined> {
    for (const file of [V3_FILE, V2_CONSOLIDATED_FILE]) {
      const place = joinPath(path, file);
      const bytes = await this.#store.read(place, options);
      if (bytes === undefined) continue;
      const documents = documentsOf(parseObject(bytes, place), file);
      if (documents !== undefined || file === V3_FILE) return documents;
    }
    return undefined;
  }

  /** Keeps it true in all groups at and above a path, at which something has changed. Where there is none, none is written. */
  async refresh(path: string): Promise<void> {
    for (let group = path;;) {
      if (await this.#isThere(group)) await this.#update(group, path);
      if (group === "" || group === "/") return;
      group = parentPath(group);
    }
  }

  /** Whether there may be such metadata. */
  async #isThere(group: string): Promise<boolean> {
    const bytes = await this.#store.read(joinPath(group, V3_FILE));
    if (bytes === undefined) return (await this.#store.stat(joinPath(group, V2_CONSOLIDATED_FILE)))?.kind === "file";
    return new TextDecoder().decode(bytes).includes(V3_FIELD);
  }

  async #update(group: string, path: string, options?: AbortOptions): Promise<void> {
    for (const file of [V3_FILE, V2_CONSOLIDATED_FILE]) {
      const place = joinPath(group, file);
      if (file !== V3_FILE && (await this.#store.stat(place, options))?.kind !== "file") continue;
      for (;;) {
        // The etag first: what is read of the nodes after it is what this document has to tell.
        const etag = (await this.#store.stat(place, options))?.etag;
        const bytes = etag === undefined ? undefined : await this.#store.read(place, options);
        if (bytes === undefined) break;
        const document = parseObject(bytes, place);
        const before = documentsOf(document, file);
        if (before === undefined) break;
        const documents = await this.#renewed(before, group, path, file, options);
        const after = file === V3_FILE ? { ...document, [V3_FIELD]: v3(documents) } : v2(documents);
        try {
          await this.#store.write!(place, formatJson(after), { ifMatch: etag });
          break;
        } catch (error) {
          if (!isStorageError(error, "precondition-failed")) throw error;
        }
      }
    }
  }

  /** The documents, those of the groups on the way to a path, and of everything below it, as they are now. */
  async #renewed(
    before: Documents,
    group: string,
    path: string,
    file: string,
    options?: AbortOptions,
  ): Promise<Documents> {
    const below = group === path ? "" : relativePath(group, path);
    const documents: Documents = {};
    for (const [key, document] of Object.entries(before)) {
      const node = file === V3_FILE ? key : parentPath(key);
      if (!isInside(node, below)) documents[key] = document;
    }
    const add = async (head: Head): Promise<void> => {
      const key = head.path === group ? "" : relativePath(group, head.path);
      Object.assign(documents, await this.#entriesOf(head, key, file, options));
    };
    for (let above = path; above !== group;) {
      above = parentPath(above);
      const head = await lookAtHead(this.#store, above, options);
      if (head !== undefined) await add(head);
    }
    for await (const head of nodes(this.#store, path, options)) await add(head);
    return Object.fromEntries(Object.entries(documents).sort(([a], [b]) => a < b ? -1 : 1));
  }

  async #entriesOf(head: Head, key: string, file: string, options?: AbortOptions): Promise<Documents> {
    const { node, replacement } = head;
    if (node === undefined) return {};
    const document = replacement?.document ?? head.document;
    if (file === V3_FILE) {
      if (key === "" || node.format !== 3) return {};
      const { [V3_FIELD]: _, ...own } = document;
      return { [key]: own };
    }
    if (node.format !== 2) return {};
    const own = { [joinPath(key, node.kind === "array" ? V2_ARRAY_FILE : V2_GROUP_FILE)]: document };
    const place = joinPath(head.path, V2_ATTRIBUTES_FILE);
    const hasAttributes = Object.keys(node.attributes).length > 0 ||
      (await this.#store.stat(place, options))?.kind === "file";
    return hasAttributes ? { ...own, [joinPath(key, V2_ATTRIBUTES_FILE)]: node.attributes } : own;
  }
}

function v3(metadata: Documents): JsonObject {
  return { kind: "inline", "must_understand": false, metadata };
}

function v2(metadata: Documents): JsonObject {
  return { metadata, "zarr_consolidated_format": 1 };
}

function documentsOf(document: JsonObject, file: string): Documents | undefined {
  const consolidated = file === V3_FILE ? document[V3_FIELD] : document;
  return isObject(consolidated) && isObject(consolidated.metadata) ? consolidated.metadata : undefined;
}

/** Yields the arrays and groups at and below a path. */
export async function* nodes(store: Store, path: string, options?: AbortOptions): AsyncGenerator<Head> {
  const pending = [path];
  for (let place = pending.pop(); place !== undefined; place = pending.pop()) {
    const head = await lookAtHead(store, place, options);
    if (head?.node !== undefined) yield head;
    // A group that cannot be understood is not entered: what is below it is not consolidated.
    if (head !== undefined && head.node?.kind !== "group") continue;
    for await (const { path: child, kind } of store.list!(place, { ...options, shallow: true })) {
      if (kind === "directory" && !isStage(baseName(child))) pending.push(child);
    }
  }
}
