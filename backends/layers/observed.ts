/**
 * {@linkcode observed}: a store that tells what it does.
 *
 * @module
 */

import type { Complete, Layer } from "../stores/layer.ts";
import type { Store, WriteRequest } from "../stores/store.ts";
import { StoreCounters } from "./counters.ts";
import { Observation } from "./observation.ts";
import { eachIn, readIn, writeIn } from "./steps.ts";
import type { Span, Tracer } from "./tracer.ts";

/** Options of {@linkcode observed}. */
export interface ObservedOptions {
  /**
   * Gets a span for each operation: `trace.getTracer("…")` of `@opentelemetry/api`.
   *
   * @default {undefined} no spans
   */
  tracer?: Tracer | undefined;
  /**
   * Counts calls, failures and bytes.
   *
   * @default {new StoreCounters()} one that nobody reads
   */
  counters?: StoreCounters | undefined;
  /**
   * Whether the spans tell the paths.
   *
   * @default {true}
   */
  paths?: boolean | undefined;
}

/**
 * Counts every operation, and makes a span of it: `store.read`, `store.write`, … with `store.path`, `store.bytes` and `error.type`.
 * The span of a listing or a stream lasts until its end; what is done inside of any other is a child of it.
 *
 * Order: outermost, where it sees what the caller sees; also farther inside, to see what is left after the cache.
 *
 * @param options Whom to tell.
 * @returns The layer.
 *
 * @example
 * ```ts
 * import { observed, StoreCounters } from "@polystore/polystore/layers";
 * import { layered, MemoryStore } from "@polystore/polystore/stores";
 * import assert from "node:assert/strict";
 *
 * const counters = new StoreCounters();
 * const store = layered(new MemoryStore(), observed({ counters }));
 * await store.write?.("a", new Uint8Array(3));
 * await assert.rejects(store.write!("a/b", new Uint8Array(3)));
 * assert.deepEqual(counters.calls, { write: 2 });
 * assert.deepEqual(counters.errors, { "not-a-directory": 1 });
 * assert.equal(counters.bytesWritten, 3);
 * ```
 */
export function observed(options: ObservedOptions = {}): Layer {
  const { tracer, counters = new StoreCounters(), paths = true } = options;

  async function run<T>(
    method: keyof Store,
    path: string,
    call: () => Promise<T>,
    bytes?: (result: T) => number,
  ): Promise<T> {
    if (tracer) return await tracer.startActiveSpan(`store.${method}`, (span) => work(begin(method, path, span)));
    return await work(begin(method, path));

    async function work(seen: Observation): Promise<T> {
      try {
        const result = await call();
        if (bytes) seen.moved(bytes(result));
        seen.end();
        return result;
      } catch (error) {
        seen.end(error);
        throw error;
      }
    }
  }

  function begin(method: keyof Store, path: string, span?: Span): Observation {
    return new Observation(counters, method, span, paths ? path : undefined);
  }

  /** An operation that goes on after its call. */
  function start(method: keyof Store, path: string): Observation {
    return begin(method, path, tracer?.startSpan(`store.${method}`));
  }

  async function* each<T>(method: keyof Store, path: string, items: () => AsyncIterable<T>): AsyncGenerator<T> {
    yield* eachIn(items(), start(method, path));
  }

  async function open<S>(
    method: keyof Store,
    path: string,
    call: () => Promise<S>,
    wrap: (stream: NonNullable<S>, steps: Observation) => S,
  ): Promise<S> {
    const seen = start(method, path);
    try {
      const stream = await call();
      if (stream) return wrap(stream, seen);
      seen.end();
      return stream;
    } catch (error) {
      seen.end(error);
      throw error;
    }
  }

  return (inner: Store): Complete<Store> => ({
    read: (path, options) => run("read", path, () => inner.read(path, options), (bytes) => bytes?.length ?? 0),
    stat: (path, options) => run("stat", path, () => inner.stat(path, options)),
    list: inner.list && ((prefix, options) => each("list", prefix, () => inner.list!(prefix, options))),
    write: inner.write &&
      ((path, bytes, options) => run("write", path, () => inner.write!(path, bytes, options), () => bytes.length)),
    delete: inner.delete && ((path, options) => run("delete", path, () => inner.delete!(path, options))),
    makeDirectory: inner.makeDirectory &&
      ((path, options) => run("makeDirectory", path, () => inner.makeDirectory!(path, options))),
    createSymlink: inner.createSymlink &&
      ((target, path, options) => run("createSymlink", path, () => inner.createSymlink!(target, path, options))),
    readSymlink: inner.readSymlink &&
      ((path, options) => run("readSymlink", path, () => inner.readSymlink!(path, options))),
    writeExpiring: inner.writeExpiring && ((path, bytes, options) => {
      return run("writeExpiring", path, () => inner.writeExpiring!(path, bytes, options), () => bytes.length);
    }),
    watch: inner.watch && ((path, options) => each("watch", path, () => inner.watch!(path, options))),
    copy: inner.copy && ((from, to, options) => run("copy", from, () => inner.copy!(from, to, options))),
    move: inner.move && ((from, to, options) => run("move", from, () => inner.move!(from, to, options))),
    deleteTree: inner.deleteTree &&
      ((path, options) => run("deleteTree", path, () => inner.deleteTree!(path, options))),
    readMany: inner.readMany &&
      ((paths, options) => run("readMany", paths[0] ?? "", () => inner.readMany!(paths, options), lengthOf)),
    writeMany: inner.writeMany && ((writes, options) => {
      let bytes = 0;
      const source = counted(writes, (length) => bytes += length);
      return run("writeMany", "", () => inner.writeMany!(source, options), () => bytes);
    }),
    writeParts: inner.writeParts && ((path, parts, options) => {
      return run("writeParts", path, () => inner.writeParts!(path, parts, options), () => lengthOf(parts));
    }),
    openRead: inner.openRead && ((path, options) => {
      return open("openRead", path, () => inner.openRead!(path, options), (stream, seen) => readIn(stream!, seen));
    }),
    openWrite: inner.openWrite &&
      ((path, options) => open("openWrite", path, () => inner.openWrite!(path, options), writeIn)),
    close: inner.close && (() => run("close", "", () => inner.close!())),
  });
}

type Writes = Iterable<WriteRequest> | AsyncIterable<WriteRequest>;

/** The same writes, whose lengths are told. */
function counted(writes: Writes, tell: (length: number) => void): Writes {
  if (!Array.isArray(writes)) return telling(writes, tell);
  for (const { bytes } of writes as WriteRequest[]) tell(bytes.length);
  return writes;
}

async function* telling(writes: Writes, tell: (length: number) => void): AsyncGenerator<WriteRequest> {
  for await (const write of writes) {
    tell(write.bytes.length);
    yield write;
  }
}

function lengthOf(contents: readonly (Uint8Array | undefined)[]): number {
  return contents.reduce((sum, bytes) => sum + (bytes?.length ?? 0), 0);
}
