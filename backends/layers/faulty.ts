/**
 * {@linkcode faulty}: a store that fails when it is told to. For tests.
 *
 * @module
 */

import { StorageError } from "../errors.ts";
import type { Complete, Layer } from "../stores/layer.ts";
import type { AbortOptions, Store } from "../stores/store.ts";
import { cutStream } from "./cut_stream.ts";
import { pause } from "../stores/pause.ts";

/** What goes wrong, and when. What a fault names happens in this order: the delay, the cut, the error. */
export interface Fault {
  /** The method. For `list` and `watch`, a call is the beginning of an iteration. */
  readonly method: keyof Store;
  /**
   * Which call of the method, counted from 1.
   *
   * @default {undefined} every call
   */
  readonly call?: number | undefined;
  /**
   * How long the call waits first, in milliseconds; a signal ends it.
   *
   * @default {0}
   */
  readonly delay?: number | undefined;
  /**
   * After how many bytes the content ends, as if it were no longer: what is read by `read` and `openRead`, what is written by `write`.
   * With an error too, a write fails after so much was written, and a stream after so much was read.
   *
   * @default {undefined} it is whole
   */
  readonly cut?: number | undefined;
  /**
   * What the call fails with.
   *
   * @default {undefined} it does not fail, if it is delayed or cut; else with `io`
   */
  readonly error?: unknown;
  /**
   * Whether the call fails after it has done its work, as if only the answer were lost.
   *
   * @default {false}
   */
  readonly after?: boolean | undefined;
}

/**
 * Fails, delays or cuts the calls that a plan names, and hands on all others. It counts the calls of each store it is put on.
 *
 * Order: innermost, in place of the trouble it plays.
 *
 * @param faults The plan; it may grow while it is used.
 * @returns The layer.
 *
 * @example
 * ```ts
 * import { faulty } from "@polystore/polystore/layers";
 * import { layered, MemoryStore } from "@polystore/polystore/stores";
 * import assert from "node:assert/strict";
 *
 * const store = layered(new MemoryStore(), faulty([{ method: "write", call: 2 }]));
 * await store.write?.("a", new Uint8Array([1]));
 * await assert.rejects(store.write!("a", new Uint8Array([2])), { code: "io" });
 * assert.deepEqual(await store.read("a"), new Uint8Array([1]));
 * ```
 */
export function faulty(faults: readonly Fault[]): Layer {
  return (inner: Store): Complete<Store> => {
    const calls = new Map<keyof Store, number>();

    function faultOf(method: keyof Store): Fault | undefined {
      const call = (calls.get(method) ?? 0) + 1;
      calls.set(method, call);
      return faults.find((fault) => fault.method === method && (fault.call ?? call) === call);
    }

    async function run<T>(
      method: keyof Store,
      options: AbortOptions | undefined,
      call: (fault?: Fault) => Promise<T>,
    ): Promise<T> {
      const fault = faultOf(method);
      if (fault === undefined) return await call();
      if (fault.delay !== undefined) await pause(fault.delay, options?.signal);
      if (!fails(fault)) return await call(fault);
      if (fault.after || (fault.cut !== undefined && method === "write")) await call(fault);
      if (fault.cut !== undefined && method === "openRead") return await call(fault);
      throw errorOf(fault);
    }

    async function* each<T>(
      method: keyof Store,
      options: AbortOptions | undefined,
      call: () => AsyncIterable<T>,
    ): AsyncGenerator<T> {
      const fault = faultOf(method);
      if (fault?.delay !== undefined) await pause(fault.delay, options?.signal);
      if (fault && fails(fault) && !fault.after) throw errorOf(fault);
      yield* call();
      if (fault && fails(fault)) throw errorOf(fault);
    }

    return {
      read: (path, options) =>
        run("read", options, async (fault) => {
          const bytes = await inner.read(path, options);
          return fault?.cut === undefined ? bytes : bytes?.slice(0, fault.cut);
        }),
      stat: (path, options) => run("stat", options, () => inner.stat(path, options)),
      list: inner.list && ((prefix, options) => each("list", options, () => inner.list!(prefix, options))),
      write: inner.write &&
        ((path, bytes, options) =>
          run("write", options, (fault) => inner.write!(path, bytes.subarray(0, fault?.cut), options))),
      delete: inner.delete && ((path, options) => run("delete", options, () => inner.delete!(path, options))),
      makeDirectory: inner.makeDirectory &&
        ((path, options) => run("makeDirectory", options, () => inner.makeDirectory!(path, options))),
      createSymlink: inner.createSymlink &&
        ((target, path, options) => run("createSymlink", options, () => inner.createSymlink!(target, path, options))),
      readSymlink: inner.readSymlink &&
        ((path, options) => run("readSymlink", options, () => inner.readSymlink!(path, options))),
      writeExpiring: inner.writeExpiring &&
        ((path, bytes, options) => run("writeExpiring", options, () => inner.writeExpiring!(path, bytes, options))),
      watch: inner.watch && ((path, options) => each("watch", options, () => inner.watch!(path, options))),
      copy: inner.copy && ((from, to, options) => run("copy", options, () => inner.copy!(from, to, options))),
      move: inner.move && ((from, to, options) => run("move", options, () => inner.move!(from, to, options))),
      deleteTree: inner.deleteTree &&
        ((path, options) => run("deleteTree", options, () => inner.deleteTree!(path, options))),
      readMany: inner.readMany &&
        ((paths, options) => run("readMany", options, () => inner.readMany!(paths, options))),
      writeMany: inner.writeMany &&
        ((writes, options) => run("writeMany", options, () => inner.writeMany!(writes, options))),
      writeParts: inner.writeParts &&
        ((path, parts, options) => run("writeParts", options, () => inner.writeParts!(path, parts, options))),
      openRead: inner.openRead && ((path, options) =>
        run("openRead", options, async (fault) => {
          const stream = await inner.openRead!(path, options);
          if (stream === undefined || fault?.cut === undefined) return stream;
          return cutStream(stream, fault.cut, fails(fault) ? errorOf(fault) : undefined);
        })),
      openWrite: inner.openWrite &&
        ((path, options) => run("openWrite", options, () => inner.openWrite!(path, options))),
      close: inner.close && (() => run("close", undefined, () => inner.close!())),
    };
  };
}

/** Whether it ends in an error. */
function fails({ error, delay, cut }: Fault): boolean {
  return error !== undefined || (delay === undefined && cut === undefined);
}

function errorOf({ error }: Fault): unknown {
  return error ?? new StorageError("io", "it fails as planned");
}
