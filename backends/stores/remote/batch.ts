/**
 * Many files in one request.
 *
 * @module
 */

import { bytesHead, endFrame, framesOf, jsonFrame } from "../frames.ts";
import { cutShort, wrongAnswer } from "../http/error.ts";
import type { RemoteConnection } from "./connection.ts";
import { problemError } from "./error.ts";
import { FRAMES, type Problem } from "./wire.ts";
import type { AbortOptions, WriteRequest } from "../store.ts";
import { concat } from "../stream.ts";

/** How many files are asked for at once. */
const SLICE = 1000;

/** Reads many files, in their order. */
export async function readManyFrom(
  connection: RemoteConnection,
  paths: readonly string[],
  { signal }: AbortOptions,
): Promise<(Uint8Array | undefined)[]> {
  signal?.throwIfAborted();
  const contents: (Uint8Array | undefined)[] = [];
  for (let start = 0; start < paths.length; start += SLICE) {
    contents.push(...await readSlice(connection, paths.slice(start, start + SLICE), signal));
  }
  return contents;
}

async function readSlice(
  connection: RemoteConnection,
  paths: readonly string[],
  signal: AbortSignal | undefined,
): Promise<(Uint8Array | undefined)[]> {
  const path = paths[0]!;
  using answer = await connection.request({
    method: "POST",
    query: { op: "readMany" },
    headers: { "content-type": "application/json", accept: FRAMES },
    body: JSON.stringify({ paths }),
    path,
    signal,
  });
  const contents: (Uint8Array | undefined)[] = [];
  let parts: Uint8Array[] = [];
  /** Of the content that is under way: `null` for one that is absent, `undefined` before the first. */
  let size: number | null | undefined;
  function finish(): void {
    if (size === undefined) return;
    const bytes = size === null ? undefined : concat(parts);
    if (bytes !== undefined && bytes.length !== size) {
      throw wrongAnswer(path, "it sends another size than it announced");
    }
    // What arrived may be a part of something larger, and is to be the caller's own.
    contents.push(parts.length === 1 ? bytes?.slice() : bytes);
    parts = [];
  }
  try {
    for await (const frame of framesOf(waitedFor(answer.response.body!, answer, connection.timeout), path)) {
      if (frame.kind === "error") throw problemError(frame.value as Problem, path);
      if (frame.kind === "bytes") parts.push(frame.bytes);
      else finish();
      if (frame.kind === "json") size = (frame.value as { size: number | null }).size;
    }
  } catch (error) {
    throw connection.bodyFailure(error, { path, signal: answer.signal });
  }
  if (contents.length !== paths.length) throw cutShort(path);
  return contents;
}

/** The chunks of a body, each in its time. */
async function* waitedFor(
  body: ReadableStream<Uint8Array>,
  answer: { allow(milliseconds: number): void },
  timeout: number,
): AsyncGenerator<Uint8Array> {
  answer.allow(timeout);
  for await (const chunk of body) {
    answer.allow(timeout);
    yield chunk;
  }
}

/** A batch of writes on its way. */
export interface WritesBody {
  /** The frames: all of them if they are few, else as they come. */
  readonly body: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>;
  /** The error of the source of the writes, if that is what failed; the source has ended by then. */
  failure(error: unknown): Promise<unknown>;
}

/** What is sent in one piece: it can be sent again, and is faster. */
const SMALL = 1024 * 1024;

/**
 * Writes as frames: of each a `json` with its path and size, then its bytes.
 *
 * @param writes The writes, whose bytes are copied when their turn comes.
 * @returns The body of the request.
 */
export async function framedWrites(writes: Iterable<WriteRequest> | AsyncIterable<WriteRequest>): Promise<WritesBody> {
  const source = framesFor(writes);
  const first: Uint8Array[] = [];
  for (let size = 0; size < SMALL;) {
    const { done, value } = await source.next();
    if (done) return { body: concat(first) as Uint8Array<ArrayBuffer>, failure: (error) => Promise.resolve(error) };
    first.push(value);
    size += value.length;
  }
  let broken: { readonly error: unknown } | undefined;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller): Promise<void> {
      try {
        const { done, value } = first.length > 0 ? { done: false, value: first.shift()! } : await source.next();
        if (done) controller.close();
        else controller.enqueue(value!);
      } catch (error) {
        broken = { error };
        controller.enqueue(jsonFrame({ detail: "the source of the writes failed" }, "error"));
        controller.close();
      }
    },
    cancel: () => source.return(undefined).then(() => undefined),
  }, { highWaterMark: 0 });
  return {
    body,
    async failure(error): Promise<unknown> {
      await source.return(undefined);
      return broken === undefined ? error : broken.error;
    },
  };
}

async function* framesFor(
  writes: Iterable<WriteRequest> | AsyncIterable<WriteRequest>,
): AsyncGenerator<Uint8Array, undefined> {
  for await (const { path, bytes } of writes) {
    yield jsonFrame({ path, size: bytes.length });
    if (bytes.length === 0) continue;
    yield bytesHead(bytes.length);
    yield bytes.slice();
  }
  yield endFrame();
}
