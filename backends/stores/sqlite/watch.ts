/**
 * Hearing of changes to a database.
 *
 * @module
 */

import type { SqliteConnection } from "./connection.ts";

/** How often it is asked whether others have changed the database, in milliseconds. */
const POLL = 200;

/**
 * Calls back after every change by this process, and soon after those by others. Nothing is asked for what others cannot reach.
 *
 * @param connection The database.
 * @param wake To be called.
 * @param fail To be called if there will be no more calls, with the reason.
 * @returns Stops it.
 */
export function subscribeSqlite(
  connection: SqliteConnection,
  wake: () => void,
  fail: (error: unknown) => void,
): () => Promise<void> {
  const unsubscribe = connection.subscribe(wake);
  let asking: Promise<void> | undefined;
  let last: unknown;
  async function ask(): Promise<void> {
    try {
      const now = await connection.look("", undefined, ({ session }) => session.dataVersion());
      if (last !== undefined && now !== last) wake();
      last = now;
    } catch (error) {
      fail(error);
    } finally {
      asking = undefined;
    }
  }
  const timer = connection.isShared ? setInterval(() => asking ??= ask(), POLL) : undefined;
  if (timer !== undefined) asking = ask();
  return async (): Promise<void> => {
    clearInterval(timer);
    unsubscribe();
    await asking;
  };
}
