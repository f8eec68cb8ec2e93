/**
 * Groups that are being written: each belongs to one writer, and is nothing to others until it is done.
 *
 * @module
 */

import { isStorageError } from "../../errors.ts";
import { baseName, joinPath } from "../../path.ts";
import { deleteTree } from "../../store_checks.ts";
import type { AbortOptions, Store } from "../../stores/store.ts";
import type { JsonObject } from "../json.ts";
import type { ZarrFormat } from "../metadata.ts";
import { V2_ARRAY_FILE, V2_ATTRIBUTES_FILE, V2_GROUP_FILE } from "../metadata_v2.ts";
import { V3_FILE } from "../metadata_v3.ts";
import { attributesFile, readNode, writeDocument } from "../node.ts";
import { OWN_KEY, ownOf } from "./document.ts";

/** After so many milliseconds a draft is taken for one whose writer has died. */
const MAX_AGE = 24 * 60 * 60 * 1000;

/**
 * Makes a group that is a draft.
 *
 * @returns Whether it is ours: `false` if something is there already.
 */
export async function reserve(
  store: Store,
  path: string,
  format: ZarrFormat,
  { signal }: AbortOptions = {},
): Promise<boolean> {
  if (await readNode(store, path, { signal }) !== undefined) return false;
  const attributes: JsonObject = { [OWN_KEY]: { draft: new Date().toISOString() } };
  const first = format === 3 ? { zarr_format: 3, node_type: "group", attributes } : attributes;
  if (!await writeIfAbsent(store, attributesFile(path, format), first, { signal })) return false;
  if (format === 3) return true;
  if (await writeIfAbsent(store, joinPath(path, V2_GROUP_FILE), { zarr_format: 2 }, { signal })) return true;
  await store.delete?.(attributesFile(path, format), { signal });
  return false;
}

async function writeIfAbsent(
  store: Store,
  path: string,
  document: JsonObject,
  { signal }: AbortOptions,
): Promise<boolean> {
  try {
    await writeDocument(store, path, document, { ifAbsent: true, signal });
    return true;
  } catch (error) {
    if (isStorageError(error, "already-exists")) return false;
    throw error;
  }
}

/** Attributes of what is no draft any more. */
export function withoutDraft(attributes: JsonObject): JsonObject {
  const { draft: _, ...own } = ownOf(attributes);
  const { [OWN_KEY]: __, ...rest } = attributes;
  return Object.keys(own).length === 0 ? rest : { ...rest, [OWN_KEY]: own };
}

/** Whether a group is a draft whose writer must have died. */
export function isStale(attributes: JsonObject): boolean {
  const { draft } = ownOf(attributes);
  return typeof draft === "string" && Date.now() - Date.parse(draft) > MAX_AGE;
}

/**
 * Deletes drafts in a directory whose writers must have died.
 *
 * @param listed The names of those that are none any more, though they still say so.
 */
export async function sweepDrafts(
  store: Store,
  directory: string,
  listed: ReadonlySet<string>,
  { signal }: AbortOptions = {},
): Promise<void> {
  for (const path of await directoriesIn(store, directory, { signal })) {
    if (listed.has(baseName(path))) continue;
    const node = await readNode(store, path, { signal });
    if (node?.kind === "group" && isStale(node.attributes)) await deleteDraft(store, path, { signal });
  }
}

/**
 * Deletes a draft. What reserves its path goes last: nobody makes another draft there while this one is deleted.
 */
export async function deleteDraft(store: Store, path: string, { signal }: AbortOptions = {}): Promise<void> {
  for (const level of await directoriesIn(store, path, { signal })) await deleteTree(store, level, { signal });
  for (const file of [V2_GROUP_FILE, V2_ATTRIBUTES_FILE, V3_FILE]) {
    await store.delete?.(joinPath(path, file), { signal });
  }
  await unlessFilled(async () => await store.delete?.(path, { signal }));
}

/**
 * Deletes an image. What makes its arrays arrays goes first: who reads one meanwhile, and still finds that when the pixels are
 * read, has read pixels.
 *
 * @returns Whether it is gone: `false` if somebody was writing to it.
 */
export async function deleteImage(store: Store, path: string, { signal }: AbortOptions = {}): Promise<boolean> {
  for (const level of await directoriesIn(store, path, { signal })) {
    for (const file of [V3_FILE, V2_ARRAY_FILE]) await store.delete?.(joinPath(level, file), { signal });
  }
  return await unlessFilled(() => deleteTree(store, path, { signal }));
}

async function directoriesIn(store: Store, path: string, { signal }: AbortOptions): Promise<string[]> {
  const directories: string[] = [];
  for await (const entry of store.list?.(path, { shallow: true, signal }) ?? []) {
    if (entry.kind === "directory") directories.push(entry.path);
  }
  return directories;
}

/** @returns Whether a directory could be deleted: `false` if somebody has put something into it. */
async function unlessFilled(work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (isStorageError(error, "not-empty")) return false;
    throw error;
  }
}
