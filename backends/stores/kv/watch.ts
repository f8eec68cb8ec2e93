/**
 * Watching a path in a store on Deno KV: every entry on the way to it is watched, because a file also comes and goes with its
 * directories and with the links that lead to it.
 *
 * @module
 */

import type { KvDatabase } from "./database.ts";
import type { Seen } from "./tree.ts";
import { isStorageError } from "../../errors.ts";
import { pause } from "../pause.ts";

/** A database that does not tell of changes by other processes is looked at so often, in milliseconds. */
const POLL = 1000;

/** After how long a stream that has ended is opened again, in milliseconds. */
const AGAIN = 100;

/** One stream tells of so many keys. */
const MAX_KEYS = 10;

/**
 * Calls back whenever what is at a path may have changed.
 *
 * @param database The database.
 * @param path The path.
 * @param wake To be called.
 * @param fail To be called when there will be no more calls, with the reason.
 * @returns Stops it.
 */
export function subscribeKv(
  database: KvDatabase,
  path: string,
  wake: () => void,
  fail: (error: unknown) => void,
): () => Promise<void> {
  const timer = database.engine.silent ? setInterval(wake, POLL) : undefined;
  const stopping = new AbortController();
  let failure: { readonly error: unknown } | undefined;
  let readers: ReadableStreamDefaultReader<unknown>[] = [];
  let changed = Promise.withResolvers<void>();
  let before = "";
  const release = async (): Promise<void> => {
    const all = readers;
    readers = [];
    for (const reader of all) await reader.cancel().catch(() => {/* it has ended */});
  };
  async function pump(reader: ReadableStreamDefaultReader<unknown>): Promise<void> {
    // What it tells first is what is there now: it may have changed since the way was looked at.
    while (!(await reader.read()).done) changed.resolve();
    if (!readers.includes(reader)) return;
    // The database has ended it: it was closed, or the connection to it was.
    await pause(AGAIN, stopping.signal);
    before = "";
    changed.resolve();
  }
  async function follow(): Promise<void> {
    while (!stopping.signal.aborted) {
      const seen = await wayTo(database, path);
      const way = JSON.stringify(seen.map(({ key }) => key.slice(-2)));
      if (way !== before) {
        before = way;
        await release();
        for (let i = 0; i < seen.length && !stopping.signal.aborted; i += MAX_KEYS) {
          const stream = await database.engine.watch(seen.slice(i, i + MAX_KEYS).map(({ key }) => [...key]));
          const reader = stream.getReader();
          readers.push(reader);
          pump(reader).catch((error) => {
            failure ??= { error };
            changed.resolve();
          });
        }
      }
      await changed.promise;
      if (failure !== undefined) throw failure.error;
      changed = Promise.withResolvers();
      wake();
    }
  }
  const following = follow().catch((error) => {
    if (!stopping.signal.aborted) fail(error);
  });
  return async () => {
    stopping.abort();
    clearInterval(timer);
    changed.resolve();
    await release();
    await following;
    await release();
  };
}

/** The entries on the way to a path. */
async function wayTo(database: KvDatabase, path: string): Promise<readonly Seen[]> {
  const change = database.attempt();
  try {
    await change.locate(path, true);
  } catch (error) {
    if (!isStorageError(error, "corrupt")) throw error;
  }
  return change.checked;
}
