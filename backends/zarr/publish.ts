/**
 * {@linkcode publish}: makes what was built the array at a path.
 *
 * @module
 */

import type { SaveOptions } from "../data_source.ts";
import { isStorageError, StorageError } from "../errors.ts";
import { joinPath } from "../path.ts";
import type { Store } from "../stores/store.ts";
import type { Draft } from "./draft.ts";
import { type Head, isThere, lookAtHead } from "./head.ts";
import { formatDocument } from "./generation.ts";
import { asideIn, bringBack, takeAside } from "./exchange.ts";
import { type Hierarchy, makeHierarchy } from "./groups.ts";
import { lockOf } from "../keyed_lock.ts";
import { V3_FILE } from "./metadata_v3.ts";
import { finish, formatReplacement, type Replacement } from "./replacement.ts";
import type { ZarrTree } from "./tree.ts";

/** How often it is tried when others keep changing what is there. */
const MAX_TRIES = 1000;

/** Where arrays are published. */
export interface Publisher extends Hierarchy {
  /** The store. */
  readonly store: Store;
  /** The same as a tree. */
  readonly tree: ZarrTree;
}

/** Conditions of publishing. */
export type Conditions = Pick<SaveOptions, "overwrite" | "ifMatch" | "signal">;

/** Runs what changes which array is at a path, one at a time in this process. */
export async function exclusively<R>(store: Store, path: string, work: () => Promise<R>): Promise<R> {
  return await lockOf(store).run(`\0${path}`, work);
}

/** A document of an array whose chunks are not at their places yet. */
type Unfinished = Head & { readonly replacement: Replacement };

/** Whether an array was replaced and is not brought to its place yet. */
export function isUnfinished(head: Head | undefined): head is Unfinished {
  return head?.replacement !== undefined;
}

/** What is to be replaced: an array, one that is being deleted, a file, or nothing. */
export type Place =
  | { readonly kind: "array"; readonly head: Head }
  | { readonly kind: "file"; readonly etag: string | undefined }
  | { readonly kind: "nothing" };

/**
 * What is to be replaced at a path.
 *
 * @throws {StorageError} What `save` throws because of the place.
 */
export async function checkPlace(
  { store, tree }: Publisher,
  path: string,
  { overwrite = true, ifMatch, signal }: Conditions,
): Promise<Place> {
  if (await store.stat(path, { signal }) === undefined) {
    if (ifMatch !== undefined) throw changed(path);
    await tree.checkParents(path, { signal });
    return { kind: "nothing" };
  }
  const look = await tree.look(path, { signal });
  if (look?.kind === "directory") {
    throw new StorageError("is-a-directory", "it is a directory, not a file", { path });
  }
  const head = look?.kind === "file" ? undefined : await lookAtHead(store, path, { signal });
  if (head?.node?.kind === "group") throw new StorageError("is-a-directory", "it is a group, not an array", { path });
  const etag = look?.kind === "file" ? look.stat.etag : isThere(head) ? head.etag : undefined;
  // An array may have come after the look.
  if (!overwrite && (look !== undefined || isThere(head))) {
    throw new StorageError("already-exists", "it exists already", { path });
  }
  if (ifMatch !== undefined && etag !== ifMatch) throw changed(path);
  if (look?.kind === "file") return { kind: "file", etag };
  if (head !== undefined) return { kind: "array", head };
  await tree.checkParents(path, { signal });
  return { kind: "nothing" };
}

/** The error for a condition that does not hold. */
export function changed(path: string): StorageError {
  return new StorageError("precondition-failed", "it has changed since: load it again and retry", { path });
}

/**
 * Makes what was built the array at a path, which readers see from one moment to the next.
 *
 * @returns The etag of the array.
 * @throws {StorageError} What `save` throws because of the place; what was built is gone then.
 */
export async function publish(
  publisher: Publisher,
  path: string,
  draft: Draft,
  conditions: Conditions,
): Promise<string | undefined> {
  const { store } = publisher;
  return await exclusively(store, path, async () => {
    let kept = false;
    let exchanged = false;
    try {
      for (let tries = 1; tries <= MAX_TRIES; tries++) {
        conditions.signal?.throwIfAborted();
        const place = await checkPlace(publisher, path, conditions);
        const there = place.kind === "array" ? place.head : undefined;
        if (isUnfinished(there)) {
          await finish(store, there);
          continue;
        }
        if (there === undefined) {
          await makeHierarchy(publisher, path, draft.format);
          exchanged ||= place.kind === "file";
          const made = await (place.kind === "file" ? exchange : create)(store, path, draft, conditions.ifMatch);
          if (made === "taken") continue;
          if (made !== "immovable") return made.etag;
          if (place.kind === "file") await store.delete!(path, { ifMatch: place.etag });
        }
        const document = formatReplacement(path, draft);
        const file = there?.file ?? V3_FILE;
        const condition = there === undefined ? { ifAbsent: true } : { ifMatch: there.etag };
        const bytes = formatDocument(document, draft.generation);
        try {
          await store.write!(joinPath(path, file), bytes, condition);
        } catch (error) {
          // The answer may have been lost: as long as that is not known, what was built has to stay.
          kept = true;
          kept = await isPublished(store, path, draft);
          if (!kept && !isStorageError(error, "precondition-failed", "already-exists")) throw error;
          if (!kept && conditions.ifMatch !== undefined) throw changed(path);
          if (!kept) continue;
        }
        kept = true;
        const head = await lookAtHead(store, path);
        if (!isUnfinished(head) || head.generation !== draft.generation) return undefined;
        return await finish(store, head) ?? head.etag;
      }
      throw new StorageError("busy", "others kept changing it: try again", { path, retryable: true });
    } finally {
      // What was there may still be aside.
      if (exchanged) await bringBack(store, draft.stage);
      if (!kept) await draft.discard(store);
    }
  });
}

/** Whether what was built is at its place, or will be. */
async function isPublished(store: Store, path: string, draft: Draft): Promise<boolean> {
  return (await lookAtHead(store, path))?.generation === draft.generation;
}

/** What became of moving an array to its place. */
type Made = { readonly etag: string } | "taken" | "immovable";

/** Moves an array to where a file is, if the store moves directories. */
async function exchange(store: Store, path: string, draft: Draft, ifMatch: string | undefined): Promise<Made> {
  if (store.move === undefined) return "immovable";
  let restore: () => Promise<void>;
  try {
    restore = await takeAside(store, path, draft.stage);
  } catch (error) {
    if (isStorageError(error, "not-found")) return "taken";
    if (isStorageError(error, "unsupported")) return "immovable";
    throw error;
  }
  try {
    if (ifMatch !== undefined && (await store.stat(asideIn(draft.stage)))?.etag !== ifMatch) throw changed(path);
    const made = await create(store, path, draft);
    if (made === "immovable") await restore();
    return made;
  } catch (error) {
    await restore();
    throw error;
  }
}

/** Moves an array to where nothing is, if the store moves directories. */
async function create(store: Store, path: string, draft: Draft): Promise<Made> {
  if (store.move === undefined) return "immovable";
  const etag = await draft.complete(store);
  try {
    await store.move(draft.chunks, path, { ifAbsent: true });
    return { etag };
  } catch (error) {
    if (await isPublished(store, path, draft)) return { etag };
    if (isStorageError(error, "already-exists")) return "taken";
    if (isStorageError(error, "unsupported")) return "immovable";
    throw error;
  }
}
