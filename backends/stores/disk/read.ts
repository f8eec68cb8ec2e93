/**
 * Reading files of the disk: whole, by range, and as a stream.
 *
 * @module
 */

import { SYNC_SIZE } from "./draft.ts";
import { diskError } from "./error.ts";
import { cut, extentOf } from "../range.ts";
import type { ReadOptions } from "../store.ts";
import { concat } from "../stream.ts";

/** Bytes of the smallest page of memory. */
const PAGE = 4096;
const CHUNK = 256 * 1024;
const PIECE = 16 * 1024 * 1024;

/**
 * Reads a file. All bytes are of one version of it: the file that was opened, not what replaces it meanwhile.
 *
 * @param path Path of the system.
 * @param options The range, and a signal.
 * @returns The bytes, or `undefined` for a directory.
 */
export function readFile(path: string, options?: ReadOptions): Uint8Array | undefined | Promise<Uint8Array> {
  const file = Deno.openSync(path);
  let open = true;
  try {
    const info = file.statSync();
    if (info.isDirectory) return undefined;
    if (info.size === 0) return cut(readToEnd(file), options?.range);
    const { start, end } = extentOf(info.size, options?.range);
    if (start > 0) file.seekSync(start, Deno.SeekMode.Start);
    const bytes = roomFor(end - start, options?.into);
    if (bytes.length <= SYNC_SIZE) return fillSync(file, bytes);
    open = false;
    return fill(file, bytes, options?.signal);
  } finally {
    if (open) file.close();
  }
}

function roomFor(length: number, into: Uint8Array | undefined): Uint8Array {
  if (into === undefined || into.length < length) return new Uint8Array(length);
  // New memory is put behind addresses when it is first touched. The kernel, when it copies there, takes longer for that; of large
  // reads several threads share it.
  if (length <= SYNC_SIZE) { for (let at = 0; at < length; at += PAGE) into[at] = 0; }
  return into.subarray(0, length);
}

/** Files the system makes up as they are read, such as those in /proc, say that they are empty. */
function readToEnd(file: Deno.FsFile): Uint8Array {
  const chunks: Uint8Array[] = [];
  const chunk = new Uint8Array(CHUNK / 4);
  for (let read = file.readSync(chunk); read !== null; read = file.readSync(chunk)) chunks.push(chunk.slice(0, read));
  return concat(chunks);
}

function fillSync(file: Deno.FsFile, bytes: Uint8Array): Uint8Array {
  let length = 0;
  while (length < bytes.length) {
    const read = file.readSync(length === 0 ? bytes : bytes.subarray(length));
    if (read === null) return bytes.slice(0, length); // someone has cut the file short
    length += read;
  }
  return bytes;
}

async function fill(file: Deno.FsFile, bytes: Uint8Array, signal?: AbortSignal): Promise<Uint8Array> {
  try {
    let length = 0;
    while (length < bytes.length) {
      signal?.throwIfAborted();
      const read = await file.read(bytes.subarray(length, length + PIECE));
      if (read === null) return bytes.slice(0, length);
      length += read;
    }
    return bytes;
  } finally {
    file.close();
  }
}

/**
 * Opens a file as a stream, whose reads do not block. The file is closed when the stream ends, is cancelled or aborted.
 *
 * @param place Path of the system.
 * @param path Path in the store, for messages.
 * @param options The range, and a signal.
 * @returns The stream, or `undefined` for a directory.
 */
export function openFile(
  place: string,
  path: string,
  options?: ReadOptions,
): ReadableStream<Uint8Array> | undefined {
  const file = Deno.openSync(place);
  const signal = options?.signal;
  let left = 0;
  let open = true;
  function close(): void {
    if (open) file.close();
    open = false;
  }
  try {
    const info = file.statSync();
    if (info.isDirectory) {
      close();
      return undefined;
    }
    const { start, end } = extentOf(info.size, options?.range);
    if (start > 0) file.seekSync(start, Deno.SeekMode.Start);
    left = end - start;
  } catch (error) {
    close();
    throw error;
  }
  return new ReadableStream<Uint8Array>({
    async pull(controller): Promise<void> {
      try {
        signal?.throwIfAborted();
        const chunk = new Uint8Array(Math.min(CHUNK, left));
        const read = left === 0 ? null : await file.read(chunk);
        if (!open) return; // cancelled meanwhile
        left = read === null ? 0 : left - read;
        if (read !== null) controller.enqueue(read === chunk.length ? chunk : chunk.subarray(0, read));
        if (left > 0) return;
        close();
        controller.close();
      } catch (error) {
        if (!open) return;
        close();
        controller.error(diskError(error, path));
      }
    },
    cancel: close,
  }, { highWaterMark: 0 });
}
