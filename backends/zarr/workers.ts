/**
 * {@linkcode ZarrWorkers}: threads that encode and decode chunks.
 *
 * @module
 */

import { type ErrorCode, StorageError } from "../errors.ts";
import { sizeOf } from "../formats/shape.ts";
import { elementsIn } from "./room.ts";
import type { WorkerAnswer, WorkerRequest } from "./codec_worker.ts";
import type { Elements } from "./data_type.ts";
import type { Pipeline } from "./pipeline.ts";

/** Chunks that one thread has before it: one that it works on, and one that waits. */
const EACH = 2;

/** The program of the threads. */
const PROGRAM = new URL("./codec_worker.ts", import.meta.url);

/**
 * Threads that encode and decode the chunks of arrays, where codecs take the time. What is written and read is the same as without.
 *
 * They start when they are first needed, and end with `close`. They share memory with the caller, a chunk for each that is on its
 * way; elements are copied once each way. They pay for codecs such as gzip and zstd; what is not compressed does not go through them.
 *
 * Permissions: Deno asks for `--allow-read` of a program that is a file, so of the folder of this package where it is one. Without,
 * the thread of the caller does the work.
 *
 * @example
 * ```ts
 * import { MemoryStore } from "@polystore/polystore/stores";
 * import { ZarrBackend, ZarrWorkers } from "@polystore/polystore/zarr";
 * import assert from "node:assert/strict";
 *
 * await using workers = new ZarrWorkers(2);
 * await using zarr = new ZarrBackend({ store: new MemoryStore() });
 * await zarr.createArray("film", "uint8", [4, 100, 100], { chunks: [1, 100, 100], compressor: "gzip" });
 * await using film = await zarr.openArray("film", { workers });
 * await film.set([2], 7);
 * assert.equal((await film.get([2, 50, 50])).data[0], 7);
 * ```
 */
export class ZarrWorkers implements AsyncDisposable {
  readonly #count: number;
  readonly #threads: Thread[] = [];
  readonly #waiting: (() => void)[] = [];
  readonly #rooms = new Map<number, SharedArrayBuffer[]>();
  /** The numbers of codecs, by what they are. */
  readonly #numbers = new Map<string, number>();
  #busy = 0;
  #closed = false;

  /**
   * Takes how many there are to be; none is started yet.
   *
   * @param count How many; as many as the machine has processors if it is left out.
   */
  constructor(count: number = navigator.hardwareConcurrency) {
    if (!Number.isSafeInteger(count) || count < 1) {
      throw new StorageError("invalid-argument", `the number of workers must be at least 1: received ${count}`);
    }
    this.#count = count;
  }

  /**
   * Whether they are any use for chunks of these codecs.
   *
   * @internal
   */
  serves({ size, chunk }: Pipeline): boolean {
    return size === undefined && chunk.type.storage === "number" && !this.#closed && mayStart();
  }

  /**
   * Encodes a chunk.
   *
   * @param pipeline The codecs.
   * @param fill Puts the elements where they are told; if it answers `false` there is nothing to encode.
   * @returns The bytes; `undefined` if there is nothing to encode.
   * @internal
   */
  async encode(
    pipeline: Pipeline,
    fill: (room: Elements) => boolean,
    signal?: AbortSignal,
  ): Promise<Uint8Array | undefined> {
    return await this.#withRoom(pipeline, signal, async (room, thread) => {
      if (!fill(elementsIn(room, pipeline.chunk.type))) return undefined;
      return await thread.ask({ kind: "encode", pipeline: this.#told(thread, pipeline), room });
    });
  }

  /**
   * Decodes a chunk.
   *
   * @param pipeline The codecs.
   * @param bytes The chunk.
   * @param use Takes the elements, which are gone afterwards.
   * @throws {StorageError} `corrupt`.
   * @internal
   */
  async decode(
    pipeline: Pipeline,
    bytes: Uint8Array,
    use: (elements: Elements) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    await this.#withRoom(pipeline, signal, async (room, thread) => {
      // A copy: two entries of a shard may lie in the same bytes.
      const sent = bytes.slice();
      await thread.ask({ kind: "decode", pipeline: this.#told(thread, pipeline), bytes: sent, room });
      signal?.throwIfAborted();
      use(elementsIn(room, pipeline.chunk.type));
    });
  }

  /** Ends the threads. What is on its way fails. */
  // deno-lint-ignore require-await
  async close(): Promise<void> {
    this.#closed = true;
    for (const thread of this.#threads.splice(0)) thread.end();
    for (const go of this.#waiting.splice(0)) go();
    this.#rooms.clear();
  }

  /** See `close`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #withRoom<R>(
    { chunk }: Pipeline,
    signal: AbortSignal | undefined,
    work: (room: SharedArrayBuffer, thread: Thread) => Promise<R>,
  ): Promise<R> {
    const size = sizeOf(chunk.shape) * chunk.type.itemSize!;
    while (this.#busy >= EACH * this.#count && !this.#closed) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#busy++;
    let room: SharedArrayBuffer | undefined;
    try {
      signal?.throwIfAborted();
      if (this.#closed) throw closed();
      room = this.#rooms.get(size)?.pop() ?? new SharedArrayBuffer(size);
      return await work(room, this.#idlest());
    } finally {
      this.#busy--;
      if (room !== undefined && !this.#closed) this.#rooms.getOrInsertComputed(size, () => []).push(room);
      this.#waiting.shift()?.();
    }
  }

  #idlest(): Thread {
    const free = this.#threads.find(({ pending }) => pending === 0);
    if (free !== undefined) return free;
    if (this.#threads.length < this.#count) {
      const thread = new Thread();
      this.#threads.push(thread);
      return thread;
    }
    return this.#threads.reduce((a, b) => b.pending < a.pending ? b : a);
  }

  /** The number by which a thread knows codecs, which it is told. */
  #told(thread: Thread, pipeline: Pipeline): number {
    const number = this.#numbers.getOrInsertComputed(nameOf(pipeline), () => this.#numbers.size);
    thread.tell(number, pipeline);
    return number;
  }
}

/** One thread, which answers in the order in which it is asked. */
class Thread {
  readonly #worker: Worker;
  readonly #asked: PromiseWithResolvers<Uint8Array | undefined>[] = [];
  readonly #told = new Set<number>();
  #failure: StorageError | undefined;

  constructor() {
    this.#worker = new Worker(PROGRAM, { type: "module" });
    this.#worker.onmessage = ({ data }: MessageEvent<WorkerAnswer>): void => {
      const { resolve, reject } = this.#asked.shift()!;
      if ("bytes" in data) resolve(data.bytes);
      else if ("code" in data) reject(new StorageError(data.code as ErrorCode, data.detail));
      else reject(data.error);
    };
    this.#worker.onerror = (event): void => {
      event.preventDefault();
      this.#fail(new StorageError("unavailable", `a worker has failed: ${event.message}`));
    };
  }

  /** How many questions it has before it. */
  get pending(): number {
    return this.#asked.length;
  }

  /** Tells it of codecs, once. */
  tell(pipeline: number, { specs, chunk }: Pipeline): void {
    if (this.#told.has(pipeline)) return;
    this.#told.add(pipeline);
    this.#post({ kind: "codecs", pipeline, specs, chunk }, []);
  }

  /** Asks it. */
  async ask(request: WorkerRequest): Promise<Uint8Array | undefined> {
    if (this.#failure !== undefined) throw this.#failure;
    const asked = Promise.withResolvers<Uint8Array | undefined>();
    this.#post(request, request.kind === "decode" ? [request.bytes.buffer] : []);
    this.#asked.push(asked);
    return await asked.promise;
  }

  /** Ends it. */
  end(): void {
    this.#worker.terminate();
    this.#fail(closed());
  }

  #post(request: WorkerRequest, transfer: Transferable[]): void {
    this.#worker.postMessage(request, transfer);
  }

  #fail(error: StorageError): void {
    this.#failure = error;
    for (const { reject } of this.#asked.splice(0)) reject(error);
  }
}

/** The same for codecs that do the same. */
function nameOf({ specs, chunk: { shape, type, fill } }: Pipeline): string {
  const all = [specs, shape, type, fill instanceof Uint8Array ? fill.toHex() : fill];
  return JSON.stringify(all, (_, value) => typeof value === "bigint" ? `${value}n` : value);
}

function closed(): StorageError {
  return new StorageError("closed", "the workers are closed");
}

let allowed: boolean | undefined;

/** Whether a thread can be started without asking anyone: a program that is a file must be readable. */
function mayStart(): boolean {
  return allowed ??= PROGRAM.protocol !== "file:" ||
    Deno.permissions.querySync({ name: "read", path: PROGRAM }).state === "granted";
}
