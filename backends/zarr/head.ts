/**
 * {@linkcode Head}: the document that decides what an array or a group is.
 *
 * An array is replaced in one step, by a document that says where the chunks of the new one are: see `replacement.ts`.
 *
 * @module
 */

import { isStorageError, type StorageError } from "../errors.ts";
import { joinPath } from "../path.ts";
import type { AbortOptions, Store } from "../stores/store.ts";
import { generationOf } from "./generation.ts";
import { isObject, type JsonObject, parseObject } from "./json.ts";
import { type ArrayMetadata, malformed, type NodeMetadata } from "./metadata.ts";
import { parseArrayV2, parseGroupV2, V2_ARRAY_FILE, V2_ATTRIBUTES_FILE, V2_GROUP_FILE } from "./metadata_v2.ts";
import { parseV3, V3_FILE } from "./metadata_v3.ts";
import { parseReplacement, type Replacement, REPLACEMENT_FIELD } from "./replacement.ts";

/** The document of an array that is being deleted has this, and nothing else that a reader needs. */
const DELETED_FIELD = "polystore_deleted";

/** The document of an array that is being deleted. */
export function deletedDocument(): JsonObject {
  return { "zarr_format": 3, "node_type": "array", [DELETED_FIELD]: true };
}

/** The document of an array or a group. */
export interface Head {
  /** Path of the array or group. */
  readonly path: string;
  /** Name of the file the document is in. */
  readonly file: string;
  /** The etag of that file: the etag of an array. */
  readonly etag: string | undefined;
  /** Which array it is of, if it says so. */
  readonly generation: string | undefined;
  /** When that file last changed. */
  readonly modified: Date | undefined;
  /** What stands in it. */
  readonly document: JsonObject;
  /** What it means; `undefined` of an array that is being deleted, and of one that cannot be understood. */
  readonly node: NodeMetadata | undefined;
  /** Why it cannot be understood. */
  readonly trouble: StorageError | undefined;
  /** Where the chunks are, of an array that has just been replaced. */
  readonly replacement: Replacement | undefined;
}

/** The document of an array. */
export interface ArrayHead extends Head {
  readonly node: ArrayMetadata;
}

/** Whether it is that of an array. */
export function isArrayHead(head: Head | undefined): head is ArrayHead {
  return head?.node?.kind === "array";
}

/** The files in which a document can be, the first one counts. */
const FILES: readonly string[] = [V3_FILE, V2_ARRAY_FILE, V2_GROUP_FILE];

/**
 * Reads the document of an array or a group.
 *
 * @param store The store.
 * @param path Its path.
 * @returns The document; `undefined` if neither is there.
 * @throws {StorageError} `corrupt`, `unsupported`.
 */
export async function readHead(store: Store, path: string, options?: AbortOptions): Promise<Head | undefined> {
  const head = await lookAtHead(store, path, options);
  if (head?.trouble !== undefined) throw head.trouble;
  return head;
}

/** As `readHead`, also where the document cannot be understood: such an array can be replaced, moved and deleted all the same. */
export async function lookAtHead(store: Store, path: string, options?: AbortOptions): Promise<Head | undefined> {
  for (const file of FILES) {
    const place = joinPath(path, file);
    // The etag first: if the content changes before it is read, what is done with the etag fails, as it should.
    const stat = await store.stat(place, options);
    if (stat?.kind !== "file") continue;
    const bytes = await store.read(place, options);
    if (bytes === undefined) continue;
    const known: Known = { document: {}, node: undefined, replacement: undefined };
    const head = { path, file, etag: stat.etag, generation: generationOf(bytes), modified: stat.modified };
    try {
      known.document = parseObject(bytes, place);
      await understand(store, path, file, known, options);
      // The attributes of v2 are those of this document only if it is still there.
      const isWhole = file !== V2_ARRAY_FILE || (await store.stat(place, options))?.etag === stat.etag;
      if (!isWhole) return await lookAtHead(store, path, options);
      return { ...head, ...known, trouble: undefined };
    } catch (error) {
      if (!isStorageError(error, "corrupt", "unsupported")) throw error;
      return { ...head, ...known, trouble: error.path === undefined ? error.at(path) : error };
    }
  }
  return undefined;
}

/** As much as is known of a document, if not all of it can be understood. */
type Known = { -readonly [K in "document" | "node" | "replacement"]: Head[K] };

async function understand(
  store: Store,
  path: string,
  file: string,
  known: Known,
  options?: AbortOptions,
): Promise<void> {
  const { document } = known;
  if (document[DELETED_FIELD] !== undefined) return;
  const field = document[REPLACEMENT_FIELD];
  if (field !== undefined) {
    if (!isObject(field)) throw malformed(`${REPLACEMENT_FIELD} must be an object`);
    known.replacement = parseReplacement(path, field);
    const { format, document, attributes } = known.replacement;
    known.node = parse(format === 3 ? V3_FILE : V2_ARRAY_FILE, document, attributes);
  } else known.node = parse(file, document, file === V3_FILE ? {} : await readAttributesV2(store, path, options));
}

/** Whether an array or a group is there, be it one that cannot be understood. */
export function isThere(head: Head | undefined): head is Head {
  return head?.node !== undefined || head?.trouble !== undefined;
}

function parse(file: string, document: JsonObject, attributes: JsonObject): NodeMetadata {
  if (file === V3_FILE) return parseV3(document);
  return file === V2_ARRAY_FILE ? parseArrayV2(document, attributes) : parseGroupV2(document, attributes);
}

/** What stands in `.zattrs`; nothing if it is missing. */
export async function readAttributesV2(store: Store, path: string, options?: AbortOptions): Promise<JsonObject> {
  const place = joinPath(path, V2_ATTRIBUTES_FILE);
  const bytes = await store.read(place, options);
  return bytes === undefined ? {} : parseObject(bytes, place);
}

/** Whether the document is still the one that was read. */
export async function isCurrent(store: Store, head: Head, options?: AbortOptions): Promise<boolean> {
  return (await store.stat(joinPath(head.path, head.file), options))?.etag === head.etag;
}

/** What a document makes of its directory, without looking at more than that needs. */
export type NodeKind = "array" | "group" | "deleted";

/** What the directory at a path is; `undefined` for one that is just a directory. */
export async function nodeKind(store: Store, path: string, options?: AbortOptions): Promise<NodeKind | undefined> {
  for (const file of FILES) {
    const bytes = await store.read(joinPath(path, file), options);
    if (bytes === undefined) continue;
    if (file === V2_GROUP_FILE) return "group";
    try {
      const document = parseObject(bytes, path);
      if (document[DELETED_FIELD] !== undefined) return "deleted";
      return file === V3_FILE && document.node_type === "group" ? "group" : "array";
    } catch {
      return "array"; // loading it tells what is wrong
    }
  }
  return undefined;
}
