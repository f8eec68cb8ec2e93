/**
 * {@linkcode Coder}: encodes and decodes chunks, here or in threads.
 *
 * @module
 */

import type { AbortOptions } from "../stores/store.ts";
import { discard, emptyElements, isFilled } from "./box.ts";
import type { Elements } from "./data_type.ts";
import { sizeOf } from "../formats/shape.ts";
import type { Pipeline } from "./pipeline.ts";
import type { ZarrWorkers } from "./workers.ts";

/** Options of work on chunks. */
export interface CoderOptions extends AbortOptions {
  /**
   * Threads that encode and decode.
   *
   * @default {undefined} the thread of the caller does
   */
  workers?: ZarrWorkers | undefined;
}

/** Encodes and decodes chunks. */
export interface Coder {
  /**
   * Encodes a chunk.
   *
   * @param elements The elements, if they lie together already; they stay as they are.
   * @param put Puts the elements where they are told, otherwise.
   * @returns The bytes; `undefined` if all elements are the fill value, so that the chunk need not be.
   */
  encode(elements: Elements | undefined, put: (chunk: Elements) => void): Promise<Uint8Array | undefined>;
  /**
   * Decodes a chunk.
   *
   * @param bytes The chunk.
   * @param take Takes the elements, which are gone afterwards.
   * @throws {StorageError} `corrupt`.
   */
  decode(bytes: Uint8Array, take: (chunk: Elements) => void): Promise<void>;
}

/** What encodes and decodes by codecs. */
export function coderOf(pipeline: Pipeline, { workers, signal }: CoderOptions): Coder {
  const { shape, type, fill } = pipeline.chunk;
  if (workers?.serves(pipeline)) {
    return {
      encode: (elements, put) =>
        workers.encode(pipeline, (room) => {
          if (elements !== undefined && isFilled(elements, fill, type)) return false;
          put(room);
          return elements !== undefined || !isFilled(room, fill, type);
        }, signal),
      decode: (bytes, take) => workers.decode(pipeline, bytes, take, signal),
    };
  }
  return {
    async encode(elements, put) {
      let chunk = elements;
      if (chunk === undefined) put(chunk = emptyElements(type, sizeOf(shape)));
      const bytes = isFilled(chunk, fill, type) ? undefined : await pipeline.encode(chunk);
      if (elements === undefined && !isPart(bytes, chunk)) discard(chunk);
      return bytes;
    },
    async decode(bytes, take) {
      const chunk = await pipeline.decode(bytes);
      take(chunk);
      if (!isPart(bytes, chunk)) discard(chunk);
    },
  };
}

/** Whether bytes are a view on elements. */
export function isPart(bytes: Uint8Array | undefined, elements: Elements): boolean {
  return bytes !== undefined && ArrayBuffer.isView(elements) && bytes.buffer === elements.buffer;
}
