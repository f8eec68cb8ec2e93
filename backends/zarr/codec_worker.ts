/**
 * A program of its own: encodes and decodes chunks for {@linkcode ZarrWorkers}, in a thread.
 *
 * @module
 */

import { isStorageError } from "../errors.ts";
import type { TypedArray } from "../formats/ndarray.ts";
import { elementsToBytes } from "./elements.ts";
import { CODECS } from "./codecs/mod.ts";
import type { ChunkSpec } from "./codecs/codec.ts";
import { discard } from "./box.ts";
import { elementsIn } from "./room.ts";
import type { CodecSpec } from "./metadata.ts";
import { Pipeline } from "./pipeline.ts";

/** What a worker is told. */
export type WorkerRequest =
  /** Codecs that are used from now on. */
  | {
    readonly kind: "codecs";
    readonly pipeline: number;
    readonly specs: readonly CodecSpec[];
    readonly chunk: ChunkSpec;
  }
  /** Encodes the elements in `room`. */
  | { readonly kind: "encode"; readonly pipeline: number; readonly room: SharedArrayBuffer }
  /** Decodes `bytes` to elements in `room`. */
  | {
    readonly kind: "decode";
    readonly pipeline: number;
    readonly bytes: Uint8Array<ArrayBuffer>;
    readonly room: SharedArrayBuffer;
  };

/** What it answers, in the order of the requests to encode and decode. */
export type WorkerAnswer =
  | { readonly bytes: Uint8Array<ArrayBuffer> | undefined }
  | { readonly code: string; readonly detail: string }
  | { readonly error: unknown };

/** The part of the global scope of a worker that is used. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<WorkerRequest>) => void) | null;
  postMessage(answer: WorkerAnswer, transfer: Transferable[]): void;
}

const scope = globalThis as unknown as WorkerScope;
const pipelines = new Map<number, Promise<Pipeline>>();
let last: Promise<void> = Promise.resolve();

async function answer(request: Exclude<WorkerRequest, { kind: "codecs" }>): Promise<WorkerAnswer> {
  try {
    const pipeline = await pipelines.get(request.pipeline)!;
    const { type } = pipeline.chunk;
    if (request.kind === "encode") {
      const bytes = await pipeline.encode(elementsIn(request.room, type));
      // What is a view on the room, or on much more than itself, is copied.
      const own = bytes.buffer instanceof ArrayBuffer && bytes.buffer.byteLength <= 2 * bytes.length + 4096;
      const sent = own ? bytes as Uint8Array<ArrayBuffer> : bytes.slice();
      if (!own) discard(bytes);
      return { bytes: sent };
    }
    const elements = await pipeline.decode(request.bytes) as TypedArray;
    new Uint8Array(request.room).set(elementsToBytes(elements, type));
    discard(elements);
    return { bytes: undefined };
  } catch (error) {
    return isStorageError(error) ? { code: error.code, detail: error.detail } : { error };
  }
}

scope.onmessage = ({ data: request }): void => {
  if (request.kind === "codecs") {
    pipelines.set(request.pipeline, Pipeline.create(request.specs, request.chunk, CODECS));
    return;
  }
  last = last.then(async () => {
    const answered = await answer(request);
    const bytes = "bytes" in answered ? answered.bytes : undefined;
    scope.postMessage(answered, bytes === undefined ? [] : [bytes.buffer]);
  });
};
