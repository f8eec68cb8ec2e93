/**
 * Many values in a store at once.
 *
 * @module
 */

import type { Codec } from "./codec.ts";
import { pooled } from "./concurrency.ts";
import type { LoadOptions, SaveOptions } from "./data_source.ts";
import { inContext } from "./errors.ts";
import { absenceIn, checkPlaces } from "./store_checks.ts";
import type { Store, WriteRequest, WriteResult } from "./stores/store.ts";
import { concat } from "./stores/stream.ts";

/** How many reads or writes of a batch are under way at once. */
export const CONCURRENCY = 8;

/** How many files are read at once, where the store reads many. */
const SLICE = 1000;

/** Yields what is to be written, each value encoded when its turn comes. */
export async function* requests(
  codec: Codec,
  data: readonly unknown[],
  places: readonly string[],
  options?: SaveOptions,
): AsyncGenerator<WriteRequest> {
  for (const [index, path] of places.entries()) {
    try {
      const encoding = codec.encode(data[index], path, options);
      const encoded = encoding instanceof Promise ? await encoding : encoding;
      yield { path, bytes: encoded instanceof Uint8Array ? encoded : concat(encoded) };
    } catch (error) {
      throw inContext(error, { path });
    }
  }
}

/** Writes many files one by one: everything is encoded, and every place looked at, before the first. */
export async function writeEach(
  store: Store,
  writes: AsyncIterable<WriteRequest>,
  places: readonly string[],
  write: (path: string, bytes: Uint8Array) => Promise<WriteResult>,
  options?: SaveOptions,
): Promise<WriteResult[]> {
  const encoded = await Array.fromAsync(writes);
  await checkPlaces(store, places, options);
  return await pooled(encoded, CONCURRENCY, ({ path, bytes }) => write(path, bytes), options?.signal);
}

/** Reads many files at once, and decodes them. */
export async function loadMany(
  store: Store & Required<Pick<Store, "readMany">>,
  codec: Codec,
  paths: readonly string[],
  normalize: (path: string) => string,
  options?: LoadOptions,
): Promise<unknown[]> {
  const values: unknown[] = [];
  let path: string | undefined;
  try {
    for (let start = 0; start < paths.length; start += SLICE) {
      const slice = paths.slice(start, start + SLICE);
      const places = slice.map((each) => normalize(path = each));
      path = undefined;
      const contents = await store.readMany!(places, options);
      for (const [index, place] of places.entries()) {
        path = slice[index]!;
        const bytes = contents[index];
        if (bytes === undefined) throw await absenceIn(store, place, options);
        const value = codec.decode(bytes, place, options);
        values.push(value instanceof Promise ? await value : value);
      }
    }
    return values;
  } catch (error) {
    throw inContext(error, { operation: "load", path });
  }
}
