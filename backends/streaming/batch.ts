/**
 * {@linkcode StreamedBatch}, and how it is read from a frame.
 *
 * @module
 */

import { normalizePath } from "../path.ts";
import { isStorageError } from "../errors.ts";
import { untag } from "../formats/untag.ts";
import { anything, checkFields, list, ordinal, string } from "./fields.ts";
import { corrupt, type Frame } from "./frame.ts";
import { decodeValue, parseValueHeader } from "./streamed_value.ts";

/** One value of a {@linkcode StreamedBatch}. */
export interface StreamedItem {
  /** The path it was saved under: normal, never leading out, and not the root. */
  readonly path: string;
  /** The value: equal to what was saved, and the receiver's own. */
  readonly value: unknown;
  /** What the sender says about it; `undefined` if nothing. */
  readonly metadata: unknown;
}

/** What was saved by one call, as the receiver gets it. */
export interface StreamedBatch {
  /** The session: a name of the sender for as long as it lives. */
  readonly session: string;
  /** The number of the batch in its session: from 1, rising, with gaps where batches were given up. */
  readonly sequence: number;
  /** The values, in their order. */
  readonly items: readonly StreamedItem[];
  /** What the sender says about all of them; `undefined` if nothing. */
  readonly metadata: unknown;
  /** How many bytes came. */
  readonly size: number;
}

/** The header of `batch`. */
export interface BatchHeader {
  /** The number of the batch in its session. */
  readonly sequence: number;
  /** No batch before this one will come again. */
  readonly first: number;
  /** The items. */
  readonly items: readonly unknown[];
  /** Tagged JSON. */
  readonly metadata: unknown;
}

/** Reads the header of `batch`, leaving its items as they are. */
export function parseBatchHeader(header: unknown): BatchHeader {
  const batch = checkFields<BatchHeader>(header, {
    sequence: ordinal,
    first: ordinal,
    items: list,
    metadata: anything,
  });
  if (batch.first > batch.sequence) throw corrupt("a batch before the first of its session");
  return batch;
}

/**
 * Makes the values of a batch.
 *
 * @param session The session it came in.
 * @param header Its header.
 * @param frame Its frame, whose buffers become part of the values.
 * @returns The batch.
 * @throws {StorageError} `corrupt` if anything about it is not as it should be.
 */
export function decodeBatch(session: string, header: BatchHeader, { buffers, size }: Frame): StreamedBatch {
  let taken = 0;
  const items = header.items.map((item) =>
    decodeItem(item, () => {
      const buffer = buffers[taken++];
      if (buffer === undefined) throw corrupt("an item whose buffers are missing");
      return buffer;
    })
  );
  if (taken !== buffers.length) throw corrupt("buffers that belong to no item");
  return { session, sequence: header.sequence, items, metadata: untagged(header.metadata), size };
}

function decodeItem(item: unknown, take: () => Uint8Array<ArrayBuffer>): StreamedItem {
  if (typeof item !== "object" || item === null || Array.isArray(item)) throw corrupt("an item that is no object");
  // An own "__proto__" stays one, and is an unknown field.
  const { path, metadata, ...rest } = item as Record<string, unknown>;
  return {
    path: normal(string(path, "path")),
    value: decodeValue(parseValueHeader(rest), take),
    metadata: untagged(metadata),
  };
}

function untagged(metadata: unknown): unknown {
  return metadata === undefined ? undefined : untag(metadata);
}

/** Refuses a path that could lead a receiver who writes files to somewhere else. */
function normal(path: string): string {
  try {
    if (path !== "" && normalizePath(path) === path) return path;
  } catch (error) {
    if (!isStorageError(error, "invalid-path")) throw error;
  }
  throw corrupt(`a path that is not normal: ${JSON.stringify(path.slice(0, 200))}`);
}
