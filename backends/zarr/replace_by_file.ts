/**
 * {@linkcode replaceByFile}: a file where an array was.
 *
 * @module
 */

import type { SaveResult } from "../data_source.ts";
import { isStorageError, StorageError } from "../errors.ts";
import { baseName, joinPath, parentPath } from "../path.ts";
import { deleteTree } from "../store_checks.ts";
import { asideIn, bringBack, takeAside } from "./exchange.ts";
import { deletedDocument, type Head, lookAtHead } from "./head.ts";
import { stageName } from "./hidden.ts";
import { writeDocument } from "./node.ts";
import { dismantle } from "./remover.ts";
import { changed, checkPlace, type Conditions, exclusively, isUnfinished, type Publisher } from "./publish.ts";
import { finish } from "./replacement.ts";

/** How often it is tried when others keep changing what is there. */
const MAX_TRIES = 1000;

/**
 * Writes a file beside an array, and puts it in its place. If another file has come there meanwhile, it is replaced.
 *
 * @param publisher Where.
 * @param path Where the array is.
 * @param conditions Under which conditions.
 * @param write Writes the file to the path it is given, which ends as `path` does.
 * @returns The etag of the file.
 */
export async function replaceByFile(
  publisher: Publisher,
  path: string,
  conditions: Conditions,
  write: (beside: string) => Promise<unknown>,
): Promise<SaveResult> {
  const { store } = publisher;
  await checkPlace(publisher, path, conditions);
  if (path === "") throw new StorageError("is-a-directory", "it is the root, which cannot be a file", { path });
  const stage = joinPath(parentPath(path), stageName());
  const beside = joinPath(stage, "new", baseName(path));
  try {
    await write(beside);
    return await exclusively(store, path, async () => {
      for (let tries = 1; tries <= MAX_TRIES; tries++) {
        conditions.signal?.throwIfAborted();
        const place = await checkPlace(publisher, path, conditions);
        if (place.kind === "array") {
          if (isUnfinished(place.head)) await finish(store, place.head);
          else if (await exchange(publisher, place.head, beside, stage, conditions)) return await etagOf();
        } else if (await put(publisher, path, beside, conditions)) return await etagOf();
      }
      throw new StorageError("busy", "others kept changing it: try again", { path, retryable: true });
    });
  } finally {
    // The array may still be aside.
    await bringBack(store, stage);
    await deleteTree(store, stage);
  }

  async function etagOf(): Promise<SaveResult> {
    return { etag: (await store.stat(path))?.etag };
  }
}

/** Puts a file where an array is; answers whether it could. */
async function exchange(
  { store }: Publisher,
  { path, etag, file }: Head,
  beside: string,
  stage: string,
  { ifMatch }: Conditions,
): Promise<boolean> {
  if (store.move === undefined) {
    const bytes = await store.read(beside);
    const document = deletedDocument();
    await writeDocument(store, joinPath(path, file), document, { ifMatch: etag }).catch((error) => {
      throw isStorageError(error, "precondition-failed", "not-found") ? changed(path) : error;
    });
    await dismantle(store, path);
    await store.write!(path, bytes!);
    return true;
  }
  const restore = await takeAside(store, path, stage);
  try {
    if (ifMatch !== undefined && (await lookAtHead(store, asideIn(stage)))?.etag !== ifMatch) throw changed(path);
    await store.move(beside, path, { ifAbsent: true });
    return true;
  } catch (error) {
    if (isStorageError(error, "already-exists")) return false;
    await restore();
    throw error;
  }
}

/** Puts a file where no array is; answers whether it could. */
async function put(
  { store }: Publisher,
  path: string,
  beside: string,
  { overwrite = true, ifMatch }: Conditions,
): Promise<boolean> {
  try {
    if (store.move !== undefined && ifMatch === undefined) await store.move(beside, path, { ifAbsent: !overwrite });
    else await store.write!(path, (await store.read(beside))!, { ifAbsent: !overwrite, ifMatch });
    return true;
  } catch (error) {
    if (isStorageError(error, "already-exists", "precondition-failed", "is-a-directory")) return false;
    throw error;
  }
}
