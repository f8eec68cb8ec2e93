/**
 * Files of hashed tokens.
 *
 * @module
 */

import { StorageError } from "../../../backends/errors.ts";
import { DirectorySync, withLock } from "../../../backends/stores/disk/directory.ts";
import { diskError } from "../../../backends/stores/disk/error.ts";
import { directoryOf, slashes } from "../../../backends/stores/disk/system_path.ts";
import { parseRecords, type TokenRecord, Tokens } from "./tokens.ts";

/**
 * Reads a file of tokens.
 *
 * @param path The file.
 * @returns Its tokens.
 * @throws {StorageError} `not-found`, `permission-denied`, `corrupt`.
 */
export async function readTokens(path: string): Promise<Tokens> {
  return Tokens.parse(await readText(path));
}

async function readText(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function unreadable(path: string, cause: unknown): StorageError {
  const code = cause instanceof Deno.errors.NotFound ? "not-found" : "permission-denied";
  return new StorageError(code, `the file of tokens cannot be read: ${(cause as Error).message}`, { path, cause });
}

/**
 * Adds a record to a file of tokens, which comes into being, and which only its owner may read. Whoever reads it meanwhile sees it before or
 * after, and of those who add at the same time, in any process, each adds to what the one before has left.
 *
 * Permissions: `--allow-read` and `--allow-write` for the directory of the file, which is locked meanwhile.
 *
 * @param path The file.
 * @param record The record.
 * @throws {StorageError} `already-exists` if there is one with this id; `corrupt` if it is no file of tokens; `not-found` if its directory
 * does not exist; `permission-denied`.
 */
export async function addToken(path: string, record: TokenRecord): Promise<void> {
  try {
    const directory = directoryOf(slashes(path));
    await withLock(directory, true, () => replace(path, [...without(record.id, path), record]));
    // The token is shown once: it must not be forgotten by a power loss.
    await new DirectorySync().sync(directory);
  } catch (error) {
    throw diskError(error, path);
  }
}

/** The records of a file, none of which has the id. */
function without(id: string, path: string): TokenRecord[] {
  const records = readRecords(path);
  if (!records.some((record) => record.id === id)) return records;
  throw new StorageError("already-exists", `there is a token ${JSON.stringify(id)} already; choose another --id`);
}

function readRecords(path: string): TokenRecord[] {
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw unreadable(path, error);
  }
  return parseRecords(text);
}

function replace(path: string, tokens: readonly TokenRecord[]): void {
  const draft = `${path}.${crypto.randomUUID()}`;
  try {
    using file = Deno.openSync(draft, { write: true, mode: 0o600, createNew: true });
    let bytes = new TextEncoder().encode(`${JSON.stringify({ tokens }, null, 2)}\n`);
    while (bytes.length > 0) bytes = bytes.subarray(file.writeSync(bytes));
    file.syncSync();
    Deno.renameSync(draft, path);
  } catch (error) {
    try {
      Deno.removeSync(draft);
    } catch {
      // It never came into being.
    }
    throw error;
  }
}
