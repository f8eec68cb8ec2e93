/**
 * Arrays and groups in a store: reading what is known of them, and changing it.
 *
 * @module
 */

import { isStorageError, StorageError } from "../errors.ts";
import { joinPath } from "../path.ts";
import type { AbortOptions, Store, WriteOptions } from "../stores/store.ts";
import { formatJson, type JsonObject, parseObject } from "./json.ts";
import type { NodeMetadata, ZarrFormat } from "./metadata.ts";
import { parseArrayV2, parseGroupV2, V2_ARRAY_FILE, V2_ATTRIBUTES_FILE, V2_GROUP_FILE } from "./metadata_v2.ts";
import { parseV3, V3_FILE } from "./metadata_v3.ts";

/** How often metadata is tried that others keep changing. */
const MAX_TRIES = 100;

/** The files that tell of an array or a group: they are not files of their own. */
export const METADATA_FILES: ReadonlySet<string> = new Set([
  V3_FILE,
  V2_ARRAY_FILE,
  V2_GROUP_FILE,
  V2_ATTRIBUTES_FILE,
  ".zmetadata",
]);

/**
 * Reads what is known of an array or a group.
 *
 * @param store The store.
 * @param path Its path.
 * @returns What is known; `undefined` if neither is there.
 * @throws {StorageError} `corrupt`, `unsupported`.
 */
export async function readNode(store: Store, path: string, options?: AbortOptions): Promise<NodeMetadata | undefined> {
  const document = await readDocument(store, joinPath(path, V3_FILE), options);
  if (document !== undefined) return told(path, () => parseV3(document));
  const [array, group, attributes] = await Promise.all(
    [V2_ARRAY_FILE, V2_GROUP_FILE, V2_ATTRIBUTES_FILE].map((name) =>
      readDocument(store, joinPath(path, name), options)
    ),
  );
  if (array !== undefined) return told(path, () => parseArrayV2(array, attributes ?? {}));
  if (group !== undefined) return told(path, () => parseGroupV2(group, attributes ?? {}));
  return undefined;
}

async function readDocument(store: Store, path: string, options?: AbortOptions): Promise<JsonObject | undefined> {
  const bytes = await store.read(path, options);
  return bytes === undefined ? undefined : parseObject(bytes, path);
}

/** Names the path in what is thrown. */
function told<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw isStorageError(error) && error.path === undefined ? error.at(path) : error;
  }
}

/**
 * Changes a document by compare-and-swap: nobody's change is lost.
 *
 * @param store The store.
 * @param path Path of the document.
 * @param change What to make of it, or of nothing; `undefined` to leave it as it is. It may be called again.
 * @throws {StorageError} `busy` if others kept changing it.
 */
export async function updateDocument(
  store: Store,
  path: string,
  change: (document: JsonObject | undefined) => JsonObject | undefined,
  { signal }: AbortOptions = {},
): Promise<void> {
  for (let tries = 1; tries <= MAX_TRIES; tries++) {
    const etag = (await store.stat(path, { signal }))?.etag;
    const before = etag === undefined ? undefined : await readDocument(store, path, { signal });
    const after = change(before);
    if (after === undefined) return;
    const condition = etag === undefined ? { ifAbsent: true } : { ifMatch: etag };
    try {
      await writeDocument(store, path, after, { ...condition, signal });
      return;
    } catch (error) {
      if (!isStorageError(error, "precondition-failed", "already-exists")) throw error;
    }
  }
  throw new StorageError("busy", "others kept changing its metadata: try again", { path, retryable: true });
}

/** Writes a document. */
export async function writeDocument(
  store: Store,
  path: string,
  document: JsonObject,
  options?: WriteOptions,
): Promise<string> {
  if (store.write === undefined) throw new StorageError("unsupported", "the store cannot be written", { path });
  return (await store.write(path, formatJson(document), options)).etag;
}

/** The file with the attributes of an array or a group. */
export function attributesFile(path: string, format: ZarrFormat): string {
  return joinPath(path, format === 3 ? V3_FILE : V2_ATTRIBUTES_FILE);
}

/**
 * Makes what is missing of the groups above a path.
 *
 * @throws {StorageError} `not-a-directory` if one of them is an array.
 */
export async function makeGroups(
  store: Store,
  path: string,
  format: ZarrFormat,
  options: AbortOptions = {},
): Promise<void> {
  const names = path.split("/").slice(0, -1);
  for (let depth = names.length; depth >= 0; depth--) {
    const group = names.slice(0, depth).join("/");
    if (depth === 0 && path !== "") break;
    const node = await readNode(store, group, options);
    if (node?.kind === "array") {
      throw new StorageError("not-a-directory", `its parent ${JSON.stringify(group)} is an array`, { path });
    }
    if (node !== undefined) return;
    await makeGroup(store, group, format, {}, options);
  }
}

/** Makes a group, unless one is there. */
export async function makeGroup(
  store: Store,
  path: string,
  format: ZarrFormat,
  attributes: JsonObject,
  { signal }: AbortOptions = {},
): Promise<void> {
  const document: JsonObject = format === 3 ? { zarr_format: 3, node_type: "group", attributes } : { zarr_format: 2 };
  try {
    if (format === 2 && Object.keys(attributes).length > 0) {
      await writeDocument(store, joinPath(path, V2_ATTRIBUTES_FILE), attributes, { ifAbsent: true, signal });
    }
    const file = joinPath(path, format === 3 ? V3_FILE : V2_GROUP_FILE);
    await writeDocument(store, file, document, { ifAbsent: true, signal });
  } catch (error) {
    if (!isStorageError(error, "already-exists")) throw error;
  }
}
