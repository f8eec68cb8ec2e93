/**
 * The metadata of groups, as NGFF 0.4 (Zarr 2) and 0.5 (Zarr 3) keep it.
 *
 * @module
 */

import { StorageError } from "../../errors.ts";
import type { AbortOptions, Store } from "../../stores/store.ts";
import { isObject, type Json, type JsonObject } from "../json.ts";
import type { ZarrFormat } from "../metadata.ts";
import { attributesFile, makeGroup, readNode, updateDocument } from "../node.ts";

/** The version of NGFF that belongs to a format of Zarr. */
export const NGFF_VERSIONS: Readonly<Record<ZarrFormat, "0.4" | "0.5">> = { 2: "0.4", 3: "0.5" };

/** Where this library keeps what it knows beyond NGFF. */
export const OWN_KEY = "polystore";

/** A group that was read. */
export interface Group {
  /** The format it is kept in. */
  readonly format: ZarrFormat;
  /** Its attributes. */
  readonly attributes: JsonObject;
}

/**
 * Reads a group.
 *
 * @returns What is known; `undefined` if there is none.
 * @throws {StorageError} `not-a-directory` if it is an array, `corrupt`.
 */
export async function readGroup(store: Store, path: string, options?: AbortOptions): Promise<Group | undefined> {
  const node = await readNode(store, path, options);
  if (node?.kind === "array") throw new StorageError("not-a-directory", "it is an array, not a group", { path });
  return node;
}

/** What NGFF says of a group under a key, in the way of either version. */
export function ngffOf(attributes: JsonObject, key: string): Json | undefined {
  return (isObject(attributes.ome) ? attributes.ome[key] : undefined) ?? attributes[key];
}

/** What this library keeps in attributes. */
export function ownOf(attributes: JsonObject): JsonObject {
  return isObject(attributes[OWN_KEY]) ? attributes[OWN_KEY] : {};
}

/**
 * Attributes with what NGFF is to say, in the way of the version that belongs to the format.
 *
 * @param attributes What is there; all that is not named stays.
 * @param contents What to say, by key; `undefined` takes it away.
 */
export function withNgff(
  attributes: JsonObject,
  format: ZarrFormat,
  contents: Readonly<Record<string, JsonObject | readonly JsonObject[] | undefined>>,
): JsonObject {
  const keys = new Set(Object.keys(contents));
  const kept = Object.entries(attributes).filter(([key]) => key !== "ome" && !keys.has(key));
  const ome = Object.entries(isObject(attributes.ome) ? attributes.ome : {}).filter(([key]) => !keys.has(key));
  const said = Object.entries(contents).filter(([, content]) => content !== undefined) as [string, Json][];
  if (format === 3) {
    const all = Object.fromEntries([...ome, ["version", "0.5"], ...said]);
    return Object.fromEntries(Object.keys(all).length === 1 ? kept : [...kept, ["ome", all]]);
  }
  // What others have put into `ome` of Zarr 2 stays, unless it is only the version that goes with what is moved out of it.
  const rest: [string, Json][] = ome.some(([key]) => key !== "version") ? [["ome", Object.fromEntries(ome)]] : [];
  return Object.fromEntries([...kept, ...rest, ...said.map(([key, content]) => [key, versioned(content)])]);
}

/** Version 0.4 says which it is in every part. */
function versioned(content: Json): Json {
  if (Array.isArray(content)) return content.map(versioned);
  return { ...(content as JsonObject), version: "0.4" };
}

/**
 * Changes the attributes of a group by compare-and-swap, and makes the group if there is none.
 *
 * @param change What to make of them, or of nothing; `undefined` to leave them. It may be called again.
 */
export async function updateGroup(
  store: Store,
  path: string,
  format: ZarrFormat,
  change: (attributes: JsonObject | undefined) => JsonObject | undefined,
  options?: AbortOptions,
): Promise<void> {
  let changed = false;
  await updateDocument(store, attributesFile(path, format), (document) => {
    const before = format === 2 ? document : document && (document.attributes ?? {}) as JsonObject;
    const attributes = change(before);
    changed = attributes !== undefined;
    if (attributes === undefined || format === 2) return attributes;
    // A copy of the metadata of what is below would no longer be true.
    const { consolidated_metadata: _, ...rest } = document ?? { zarr_format: 3, node_type: "group" };
    return { ...rest, attributes };
  }, options);
  if (changed && format === 2) await makeGroup(store, path, 2, {}, options);
}

/** The error for metadata that cannot be understood. */
export function unreadable(path: string, kind: string, problem: string): StorageError {
  return new StorageError("corrupt", `it is not an OME-Zarr ${kind}: ${problem}`, { path });
}
