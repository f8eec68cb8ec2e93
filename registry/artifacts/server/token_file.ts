/**
 * Files of hashed tokens.
 *
 * @module
 */

import { StorageError } from "../../../backends/errors.ts";
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
    const code = cause instanceof Deno.errors.NotFound ? "not-found" : "permission-denied";
    throw new StorageError(code, `the file of tokens cannot be read: ${(cause as Error).message}`, { path, cause });
  }
}

/**
 * Adds a record to a file of tokens, which comes into being, and which only its owner may read. Whoever reads it meanwhile sees it before or
 * after.
 *
 * @param path The file.
 * @param record The record.
 * @throws {StorageError} `already-exists` if there is one with this id; `corrupt` if it is no file of tokens.
 */
export async function addToken(path: string, record: TokenRecord): Promise<void> {
  let records: TokenRecord[] = [];
  try {
    records = parseRecords(await readText(path));
  } catch (error) {
    if (!(error instanceof StorageError && error.code === "not-found")) throw error;
  }
  if (records.some(({ id }) => id === record.id)) {
    throw new StorageError(
      "already-exists",
      `there is a token ${JSON.stringify(record.id)} already; choose another --id`,
    );
  }
  const draft = `${path}.${crypto.randomUUID()}`;
  try {
    await Deno.writeTextFile(draft, `${JSON.stringify({ tokens: [...records, record] }, null, 2)}\n`, {
      mode: 0o600,
      createNew: true,
    });
    await Deno.rename(draft, path);
  } catch (error) {
    await Deno.remove(draft).catch(() => {/* it never came into being */});
    throw error;
  }
}
