/**
 * Reading an array as it is at one moment.
 *
 * @module
 */

import { StorageError } from "../errors.ts";
import { joinPath } from "../path.ts";
import type { Store } from "../stores/store.ts";
import { ChunkedArray } from "./chunked.ts";
import type { CoderOptions } from "./coder.ts";
import { type ArrayHead, isArrayHead, isCurrent, readHead } from "./head.ts";
import { exclusively } from "./publish.ts";
import { overlaid } from "./replacement.ts";
import { rangesOf, type Selection } from "./selection.ts";
import { valueOf, type ZarrValue } from "./value.ts";
import { pipelineOf } from "./stored_array.ts";

/** How often an array is read that others keep replacing. */
const MAX_TRIES = 100;

/** After so many, others of this process have to wait. */
const PATIENCE = 3;

/**
 * Reads an array, or a part of it: no mixture of two that were saved. If the array is changed while it is read, it is read again.
 *
 * @param store The store.
 * @param path The array.
 * @param selection Which part; `undefined` for all.
 * @param options The signal.
 * @param known Its document, if it has just been read.
 * @throws {StorageError} `not-found`, `is-a-directory`, `corrupt`, `busy` if others kept changing it.
 */
export async function readArray(
  store: Store,
  path: string,
  selection: Selection | undefined,
  options: CoderOptions,
  known?: ArrayHead,
): Promise<ZarrValue> {
  for (let tries = 1; tries <= MAX_TRIES; tries++) {
    const read = () => readOnce(store, path, selection, options, tries === 1 ? known : undefined);
    const value = tries <= PATIENCE ? await read() : await exclusively(store, path, read);
    if (value !== undefined) return value;
  }
  throw new StorageError("busy", "others kept changing it: try again", { path, retryable: true });
}

async function readOnce(
  store: Store,
  path: string,
  selection: Selection | undefined,
  { signal, workers }: CoderOptions,
  known: ArrayHead | undefined,
): Promise<ZarrValue | undefined> {
  const head = known ?? await readHead(store, path, { signal });
  if (head === undefined) throw new StorageError("not-found", "not found", { path });
  if (!isArrayHead(head)) {
    if (head.node === undefined) throw new StorageError("not-found", "not found", { path });
    throw new StorageError("is-a-directory", "it is a group, not an array", { path });
  }
  const { shape, type } = head.node;
  const ranges = rangesOf(selection, shape);
  try {
    const elements = await (await chunksOf(store, head)).read(ranges, { signal, workers });
    if (!await isCurrent(store, head, { signal })) return undefined;
    return valueOf(elements, type, ranges.filter(({ dropped }) => !dropped).map(({ length }) => length));
  } catch (error) {
    signal?.throwIfAborted();
    // What was read of another array than this need not make sense.
    if (await isCurrent(store, head, { signal })) throw error;
    return undefined;
  }
}

/** The elements of an array, wherever its chunks are. */
export async function chunksOf(store: Store, head: ArrayHead): Promise<ChunkedArray> {
  const { path, node, replacement } = head;
  const source = replacement === undefined ? store : overlaid(store, path, replacement);
  return new ChunkedArray(source, path, node, await pipelineOf(node));
}

/** The file with the document of an array. */
export function fileOf({ path, file }: ArrayHead): string {
  return joinPath(path, file);
}
