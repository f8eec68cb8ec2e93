/**
 * Where the bytes of an archive come from: memory, or a file of a store.
 *
 * @module
 */

import { StorageError } from "../../errors.ts";
import type { Store } from "../store.ts";
import { streamOf } from "../stream.ts";

/** Which archive is there. */
export interface ZipVersion {
  /** How many bytes it has. */
  readonly size: number;
  /** Another one for another archive. */
  readonly version: string;
}

/** The bytes of an archive. */
export interface ZipSource {
  /** Whether the bytes it answers belong to whoever asks. */
  readonly owned: boolean;
  /**
   * Looks which archive is there.
   *
   * @throws {StorageError} `unavailable` if none is.
   */
  look(signal?: AbortSignal): Promise<ZipVersion>;
  /** Reads bytes; fewer, if the archive ends before. */
  read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array>;
  /** Reads many bytes. */
  open(offset: number, length: number, signal?: AbortSignal): Promise<ReadableStream<Uint8Array>>;
}

/** How much is read in one piece, where there are no streams. */
const PIECE = 1024 * 1024;

/** An archive in memory, which does not change. */
export function bytesSource(bytes: Uint8Array): ZipSource {
  const version = { size: bytes.length, version: "bytes" };
  return {
    owned: false,
    look: () => Promise.resolve(version),
    read: (offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)),
    open: (offset, length, signal) => Promise.resolve(streamOf(bytes.subarray(offset, offset + length), signal)),
  };
}

/** An archive in a file of a store. */
export function storeSource(store: Store, path: string): ZipSource {
  const source: ZipSource = {
    owned: true,
    async look(signal) {
      const stat = await store.stat(path, { signal });
      if (stat?.kind === "file" && stat.size !== undefined) {
        const { size, etag = stat.modified?.getTime() } = stat;
        return { size, version: `${etag} ${size}` };
      }
      const why = stat === undefined
        ? "is not there"
        : stat.kind === "file"
        ? "is of unknown size"
        : "is a directory, not a file";
      throw new StorageError("unavailable", `the archive ${JSON.stringify(path)} ${why}`);
    },
    async read(offset, length, signal) {
      if (length === 0) return new Uint8Array();
      return await store.read(path, { range: { offset, length }, signal }) ?? new Uint8Array();
    },
    async open(offset, length, signal) {
      if (store.openRead === undefined) return inPieces(source, offset, length, signal);
      const stream = length === 0 ? undefined : await store.openRead(path, { range: { offset, length }, signal });
      return stream ?? streamOf(new Uint8Array());
    },
  };
  return source;
}

/** A stream of what is read piece by piece, as long as it is the same archive. */
async function inPieces(
  source: ZipSource,
  offset: number,
  length: number,
  signal?: AbortSignal,
): Promise<ReadableStream<Uint8Array>> {
  const { version } = await source.look(signal);
  let left = length;
  return new ReadableStream<Uint8Array>({
    async pull(controller): Promise<void> {
      signal?.throwIfAborted();
      const piece = await source.read(offset, Math.min(left, PIECE), signal);
      if ((await source.look(signal)).version !== version) {
        throw new StorageError("unavailable", "the archive was replaced while it was read", { retryable: true });
      }
      if (piece.length > 0) controller.enqueue(piece);
      offset += piece.length;
      left -= piece.length;
      if (left <= 0 || piece.length === 0) controller.close();
    },
  }, { highWaterMark: 0 });
}
