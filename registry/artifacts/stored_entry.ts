/**
 * {@linkcode StoredEntry}: what is in the file of an artifact, one JSON document: `{"etag":"…","write":"…","value":…}`.
 *
 * @module
 */

import { StorageError } from "../../backends/errors.ts";
import type { Artifact } from "./artifact_storage.ts";
import { checkWriteId } from "./wire.ts";

/** An artifact, and what names the write that brought it. */
export interface StoredEntry extends Artifact<string> {
  /** The name of the write; empty if it had none. */
  readonly writeId: string;
}

const HEAD = /^\{"etag":"([\w-]{1,64})","write":"([\w-]{0,64})","value":/;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * A new entry, with an etag of its own.
 *
 * @param value JSON text.
 * @param writeId What names the write.
 * @returns The entry.
 * @throws {StorageError} `invalid-argument` if it cannot be a name of a write.
 */
export function newEntry(value: string, writeId: string | undefined): StoredEntry {
  checkWriteId(writeId);
  return { value, etag: crypto.randomUUID(), writeId: writeId ?? "" };
}

/** The content of the file of an entry. */
export function encodeEntry({ value, etag, writeId }: StoredEntry): Uint8Array {
  return encoder.encode(`{"etag":"${etag}","write":"${writeId}","value":${value}}`);
}

/**
 * The entry that a file holds.
 *
 * @param bytes Its content.
 * @param key The key, for the error.
 * @returns The entry.
 * @throws {StorageError} `corrupt` for what {@linkcode encodeEntry} did not make.
 */
export function decodeEntry(bytes: Uint8Array, key: string): StoredEntry {
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch (cause) {
    throw new StorageError("corrupt", "the stored artifact is not UTF-8", { path: key, cause });
  }
  const head = HEAD.exec(text);
  if (head === null || !text.endsWith("}")) {
    throw new StorageError("corrupt", "the stored artifact is not an artifact", { path: key });
  }
  return { etag: head[1]!, writeId: head[2]!, value: text.slice(head[0].length, -1) };
}
