/**
 * Streams where a store has none: content that is in memory, read and written as a stream.
 *
 * @module
 */

const CHUNK = 256 * 1024;

/**
 * Content as a stream, in chunks that are the reader's own.
 *
 * @param bytes The content; it must not change while it is read.
 * @param signal Errors the stream.
 * @returns The stream.
 *
 * @example
 * ```ts
 * import { streamOf } from "@polystore/polystore/stores";
 * import assert from "node:assert/strict";
 *
 * assert.equal(await new Response(streamOf(new Uint8Array([104, 105]))).text(), "hi");
 * ```
 */
export function streamOf(bytes: Uint8Array, signal?: AbortSignal): ReadableStream<Uint8Array> {
  let offset = 0;
  return new ReadableStream<Uint8Array>({
    pull(controller): void {
      signal?.throwIfAborted();
      if (offset < bytes.length) controller.enqueue(bytes.slice(offset, offset += CHUNK));
      if (offset >= bytes.length) controller.close();
    },
  }, { highWaterMark: 0 });
}

/**
 * A stream that collects what is written and publishes it in one piece when it closes; if it is aborted, nothing is published.
 *
 * @param publish Receives the content; the stream closes when it resolves and errors if it rejects.
 * @param signal Aborts the stream.
 * @returns The stream.
 *
 * @example
 * ```ts
 * import { collecting } from "@polystore/polystore/stores";
 * import assert from "node:assert/strict";
 *
 * let published: Uint8Array | undefined;
 * const writer = collecting((bytes) => {
 *   published = bytes;
 *   return Promise.resolve();
 * }).getWriter();
 * await writer.write(new Uint8Array([1]));
 * await writer.write(new Uint8Array([2]));
 * assert.equal(published, undefined);
 * await writer.close();
 * assert.deepEqual(published, new Uint8Array([1, 2]));
 * ```
 */
export function collecting(
  publish: (bytes: Uint8Array) => Promise<unknown>,
  signal?: AbortSignal,
): WritableStream<Uint8Array> {
  let chunks: Uint8Array[] = [];
  return guarded({
    write(chunk): void {
      chunks.push(new Uint8Array(chunk));
    },
    async close(): Promise<void> {
      await publish(concat(chunks));
    },
    abort(): void {
      chunks = [];
    },
  }, signal);
}

/** Where the chunks of a {@linkcode guarded} stream go. */
export interface Sink {
  /** Takes a chunk. */
  write(chunk: Uint8Array): void | Promise<void>;
  /** Publishes. */
  close(): Promise<void>;
  /** Gives up; called once, also after `write` failed. */
  abort(): void | Promise<void>;
}

/**
 * A stream of bytes into a sink that either closes or is aborted, exactly once: by the writer, by a failing
 * write, or by a signal.
 *
 * @param sink Where the chunks go.
 * @param signal Aborts the stream.
 * @returns The stream.
 *
 * @example
 * ```ts
 * import { guarded } from "@polystore/polystore/stores";
 * import assert from "node:assert/strict";
 *
 * let aborted = 0;
 * const stream = guarded({ write: () => {}, close: () => Promise.resolve(), abort: () => void aborted++ });
 * await stream.abort();
 * assert.equal(aborted, 1);
 * ```
 */
export function guarded(sink: Sink, signal?: AbortSignal): WritableStream<Uint8Array> {
  let stop: (() => void) | undefined;
  let ended = false;
  async function giveUp(): Promise<void> {
    if (ended) return;
    ended = true;
    if (stop) signal?.removeEventListener("abort", stop);
    await sink.abort();
  }
  return new WritableStream<Uint8Array>({
    start(controller): void {
      if (signal === undefined) return;
      signal.throwIfAborted();
      stop = () => {
        controller.error(signal.reason);
        // An errored stream calls no method of its sink any more.
        giveUp().catch(() => {/* the reason of the signal is what the writer sees */});
      };
      signal.addEventListener("abort", stop, { once: true });
    },
    async write(chunk): Promise<void> {
      try {
        if (!(chunk instanceof Uint8Array)) throw new TypeError("Cannot write a chunk: it must be a Uint8Array");
        await sink.write(chunk);
      } catch (error) {
        await giveUp();
        throw error;
      }
    },
    async close(): Promise<void> {
      if (ended) return;
      ended = true;
      if (stop) signal?.removeEventListener("abort", stop);
      try {
        await sink.close();
      } catch (error) {
        await sink.abort();
        throw error;
      }
    },
    abort: giveUp,
  });
}

/**
 * A stream whose errors are changed on their way to the writer.
 *
 * @param stream The stream.
 * @param change Answers what the writer is to see.
 * @returns The stream to write to.
 *
 * @example
 * ```ts
 * import { collecting, withErrors } from "@polystore/polystore/stores";
 * import assert from "node:assert/strict";
 *
 * const failing = collecting(() => Promise.reject(new Error("low")));
 * const writer = withErrors(failing, () => new Error("high")).getWriter();
 * await assert.rejects(writer.close(), /high/);
 * await assert.rejects(writer.closed, /high/);
 * ```
 */
export function withErrors(
  stream: WritableStream<Uint8Array>,
  change: (error: unknown) => unknown,
): WritableStream<Uint8Array> {
  const writer = stream.getWriter();
  async function run(work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      throw change(error);
    }
  }
  return new WritableStream<Uint8Array>({
    start(controller): void {
      writer.closed.catch((error) => controller.error(change(error)));
    },
    write: (chunk) => run(writer.write(chunk)),
    close: () => run(writer.close()),
    abort: (reason) => writer.abort(reason),
  });
}

/**
 * A stream with something around its closing, which is when content is published.
 *
 * @param stream The stream.
 * @param around Calls what it is given, once.
 * @returns The stream to write to.
 *
 * @example
 * ```ts
 * import { closingIn, collecting } from "@polystore/polystore/stores";
 * import assert from "node:assert/strict";
 *
 * const steps: string[] = [];
 * const writer = closingIn(collecting(() => Promise.resolve(steps.push("published"))), async (close) => {
 *   steps.push("before");
 *   await close();
 *   steps.push("after");
 * }).getWriter();
 * await writer.close();
 * assert.deepEqual(steps, ["before", "published", "after"]);
 * ```
 */
export function closingIn(
  stream: WritableStream<Uint8Array>,
  around: (close: () => Promise<void>) => Promise<void>,
): WritableStream<Uint8Array> {
  const writer = stream.getWriter();
  return new WritableStream<Uint8Array>({
    start: (controller) => void writer.closed.catch((error) => controller.error(error)),
    write: (chunk) => writer.write(chunk),
    close: () => around(() => writer.close()),
    abort: (reason) => writer.abort(reason),
  });
}

/**
 * Joins chunks into one run of bytes.
 *
 * @param chunks The chunks, in order.
 * @returns The chunk itself if there is only one, else a copy.
 *
 * @example
 * ```ts
 * import { concat } from "@polystore/polystore/stores";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(concat([new Uint8Array([1]), new Uint8Array([2, 3])]), new Uint8Array([1, 2, 3]));
 * ```
 */
export function concat(chunks: readonly Uint8Array[]): Uint8Array {
  if (chunks.length === 1) return chunks[0]!;
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}
