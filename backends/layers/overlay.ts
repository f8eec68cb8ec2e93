/**
 * {@linkcode overlay}: a store that is changed without being touched.
 *
 * @module
 */

import { isStorageError, StorageError } from "../errors.ts";
import { isInside } from "../path.ts";
import { checkEtag, notEmpty, notTheRoot } from "../stores/rules.ts";
import type { Complete, Layer } from "../stores/layer.ts";
import type {
  AbortOptions,
  DeleteOptions,
  Stat,
  Store,
  WriteOptions,
  WriteRequest,
  WriteResult,
} from "../stores/store.ts";
import { streamOf, withErrors } from "../stores/stream.ts";
import { watching } from "../stores/watch.ts";
import { OverlayView } from "./overlay_view.ts";
import { RESERVED, type UpperStore } from "./whiteouts.ts";

/**
 * Shows what is in `upper`, and below it what is in the store. Everything is written to `upper`; the store is only read, and must not be changed by
 * others. What is deleted of it is noted in `upper`, in a directory of its own (`.polystore-overlay`), and stays gone. `upper` belongs to one
 * overlay at a time: the notes are read once.
 *
 * `copy`, `move` and `readMany` are left to what stands above. Links are left out; those that are there lead where they lead in their own
 * store. `writeMany` takes no `ifMatch`.
 *
 * Order: outside what only one of the two stores needs (`retry`, `encrypted`, `compressed`: put them on each); inside `cached`.
 *
 * @param upper Where changes go.
 * @returns The layer.
 *
 * @example
 * ```ts
 * import { overlay } from "@polystore/polystore/layers";
 * import { layered, MemoryStore } from "@polystore/polystore/stores";
 * import assert from "node:assert/strict";
 *
 * const original = new MemoryStore();
 * await original.write("a", new Uint8Array([1]));
 * await original.write("b", new Uint8Array([2]));
 * const store = layered(original, overlay(new MemoryStore()));
 * await store.write?.("a", new Uint8Array([3]));
 * await store.delete?.("b");
 * assert.deepEqual(await Array.fromAsync(store.list!(""), ({ path }) => path), ["a"]);
 * assert.deepEqual(await store.read("a"), new Uint8Array([3]));
 * assert.deepEqual(await original.read("a"), new Uint8Array([1]));
 * ```
 */
export function overlay(upper: UpperStore): Layer {
  return (inner: Store): Complete<Store> => {
    const view = new OverlayView(upper, inner);
    let last: Promise<unknown> = Promise.resolve();

    /** One change after the other: what is checked in two stores must hold until it is done. */
    function serially<T>(options: AbortOptions | undefined, work: () => Promise<T>): Promise<T> {
      const run = last.then(() => {
        options?.signal?.throwIfAborted();
        return work();
      });
      last = run.catch(() => {/* seen by its caller */});
      return run;
    }

    function write(
      path: string,
      options: WriteOptions | undefined,
      work: (options: WriteOptions) => Promise<WriteResult>,
    ): Promise<WriteResult> {
      return serially(options, async () => {
        const condition = await view.checkWrite(path, options);
        try {
          return tagged(await work(condition.options));
        } catch (error) {
          throw conflict(error, condition.matching, path);
        }
      });
    }

    async function remove(path: string, options: DeleteOptions = {}): Promise<void> {
      const { ifMatch, signal } = options;
      if (path === "") throw notTheRoot();
      if (isInside(path, RESERVED)) return;
      const stat = await view.stat(path, { signal });
      if (ifMatch !== undefined) checkEtag(path, stat?.etag, ifMatch);
      if (stat?.kind === "directory" && !await view.isLink(path, { signal })) {
        for await (const _ of view.list(path, { shallow: true, limit: 1, signal })) throw notEmpty(path);
        if (inner.list === undefined && await view.isBelow(path, { signal })) throw notEmpty(path);
      }
      const above = ifMatch?.startsWith("u:") ? ifMatch.slice(2) : undefined;
      // What is gone below is noted first: it must not be seen in between.
      if (await view.isBelow(path, { signal })) await view.whiteouts.add(path, { signal });
      await upper.delete(path, { signal, ifMatch: above });
    }

    async function removeTree(path: string, options?: AbortOptions): Promise<void> {
      if (path !== "" && isInside(path, RESERVED)) return;
      if (path === "" || await view.isBelow(path, options)) await view.whiteouts.add(path, options);
      if (path !== "") return await upper.deleteTree!(path, options);
      for await (const entry of upper.list("", { ...options, shallow: true })) {
        if (entry.path !== RESERVED) await upper.deleteTree!(entry.path, options);
      }
    }

    async function* checked(
      writes: Iterable<WriteRequest> | AsyncIterable<WriteRequest>,
      options: WriteOptions | undefined,
    ): AsyncGenerator<WriteRequest> {
      for await (const request of writes) {
        await view.checkWrite(request.path, options);
        yield request;
      }
    }

    function watch(path: string, options?: AbortOptions): AsyncGenerator<Stat | undefined> {
      return watching({
        look: () => view.stat(path),
        subscribe(wake, fail) {
          const controller = new AbortController();
          const { signal } = controller;
          const follow = async (store: Store): Promise<void> => {
            try {
              for await (const _ of store.watch?.(path, { signal }) ?? []) wake();
            } catch (error) {
              if (!signal.aborted) fail(error);
            }
          };
          const following = [follow(upper), follow(inner)];
          const unsubscribe = view.whiteouts.subscribe(wake);
          return async () => {
            unsubscribe();
            controller.abort();
            await Promise.all(following);
          };
        },
      }, options?.signal);
    }

    return {
      read: (path, options) => view.either(path, options, (store) => store.read(path, options)),
      stat: (path, options) => view.stat(path, options),
      list: inner.list && ((prefix, options) => view.list(prefix, options)),
      write: (path, bytes, options) => write(path, options, (options) => upper.write(path, bytes, options)),
      delete: (path, options) => serially(options, () => remove(path, options)),
      makeDirectory: upper.makeDirectory && ((path, options) =>
        serially(options, async () => {
          if (path === "") return;
          await view.checkParents(path, options);
          const there = await view.stat(path, options);
          if (there?.kind === "file") {
            throw new StorageError("already-exists", "a file is there already", { path });
          }
          await upper.makeDirectory!(path, options);
        })),
      createSymlink: undefined,
      readSymlink: undefined,
      writeExpiring: upper.writeExpiring && (async (path, bytes, options) => {
        const { expireIn } = options;
        const result = await write(
          path,
          options,
          (upperOptions) => upper.writeExpiring!(path, bytes, { ...upperOptions, expireIn }),
        );
        // When its time has come, what was below must not be seen again.
        if (await view.isBelow(path)) await view.whiteouts.add(path);
        return result;
      }),
      watch: upper.watch && watch,
      copy: undefined,
      move: undefined,
      deleteTree: upper.deleteTree && ((path, options) => serially(options, () => removeTree(path, options))),
      readMany: undefined,
      writeMany: upper.writeMany && (async (writes, options) => {
        if (options?.ifMatch !== undefined) {
          throw new StorageError("unsupported", "writeMany of an overlay takes no ifMatch: write one by one");
        }
        return (await upper.writeMany!(checked(writes, options), options)).map(tagged);
      }),
      writeParts: upper.writeParts &&
        ((path, parts, options) => write(path, options, (options) => upper.writeParts!(path, parts, options))),
      openRead: upper.openRead && ((path, options) =>
        view.either(path, options, async (store) => {
          if (store.openRead) return await store.openRead(path, options);
          const bytes = await store.read(path, options);
          return bytes && streamOf(bytes, options?.signal);
        })),
      openWrite: upper.openWrite && ((path, options) =>
        serially(options, async () => {
          const condition = await view.checkWrite(path, options);
          const stream = await upper.openWrite!(path, condition.options);
          return withErrors(stream, (error) => conflict(error, condition.matching, path));
        })),
      close: (upper.close ?? inner.close) && (async () => {
        await upper.close?.();
        await inner.close?.();
      }),
    };
  };
}

function tagged({ etag }: WriteResult): WriteResult {
  return { etag: `u:${etag}` };
}

/** The upper store was asked whether nothing is there; the caller asked whether something else is. */
function conflict(error: unknown, matching: boolean, path: string): unknown {
  if (!matching || !isStorageError(error, "already-exists")) return error;
  return new StorageError("precondition-failed", "it has changed since: load it again and retry", {
    path,
    cause: error,
  });
}
