/** Stores that go wrong when they are stopped, or by others who write. */

import { isStorageError, StorageError } from "../../backends/errors.ts";
import { pause, wrongStore } from "./wrong_store.ts";

/** Stores that go wrong when they are stopped, or by others who write. */
export const aborts = [
  wrongStore("tears a write that is aborted", ["write/aborted"], ({ write }) => ({
    async write(path, bytes, { signal, ...options } = {}) {
      signal?.throwIfAborted();
      if (signal !== undefined) await pause(1);
      const result = await write(path, signal?.aborted ? bytes.subarray(0, bytes.length / 2) : bytes, options);
      signal?.throwIfAborted();
      return result;
    },
  })),
  wrongStore("lets readers see half of a write", ["write/never-torn"], ({ write }) => ({
    async write(path, bytes, options) {
      options?.signal?.throwIfAborted();
      if (bytes.length > 50_000 && options?.ifMatch === undefined && options?.ifAbsent !== true) {
        await write(path, bytes.subarray(0, bytes.length / 2));
        await pause();
      }
      return await write(path, bytes, { ...options, signal: undefined });
    },
  })),
  wrongStore("swallows the abort of a write", ["write/aborted-before"], ({ write }) => ({
    write: (path, bytes, options) => write(path, bytes, { ...options, signal: undefined }),
  })),
  wrongStore("swallows the abort of a read, and answers undefined", ["read/aborted-before"], ({ read }) => ({
    read: async (path, options) => options?.signal?.aborted ? undefined : await read(path, options),
  })),
  wrongStore("turns the reason of a signal into an error of its own", ["read/aborted-before"], ({ read }) => ({
    read: (path, options) =>
      read(path, options).catch((error) => {
        throw isStorageError(error) ? error : new StorageError("io", "aborted", { cause: error });
      }),
  })),
  wrongStore("tells any abort as an AbortError of its own", ["stat/aborted-before"], ({ stat }) => ({
    async stat(path, options) {
      if (options?.signal?.aborted) throw new DOMException("aborted", "AbortError");
      return await stat(path, options);
    },
  })),
  wrongStore("deletes and then sees that it was aborted", ["delete/aborted-before"], ({ delete: remove }) => ({
    async delete(path, { signal, ...options } = {}) {
      await remove(path, options);
      signal?.throwIfAborted();
    },
  })),
  wrongStore("moves and then sees that it was aborted", ["move/aborted-before"], ({ move }) => ({
    async move(from, to, { signal, ...options } = {}) {
      await move(from, to, options);
      signal?.throwIfAborted();
    },
  })),
  wrongStore("looks at the signal of a listing only once", ["list/aborted"], ({ list }) => ({
    async *list(prefix, { signal, ...options } = {}) {
      signal?.throwIfAborted();
      yield* list(prefix, options);
    },
  })),
  wrongStore("publishes a stream whose signal is aborted", ["openWrite/aborted"], ({ openWrite }) => ({
    async openWrite(path, { signal, ...options } = {}) {
      signal?.throwIfAborted();
      return await openWrite(path, options);
    },
  })),
  wrongStore("writes the beginning of a batch that is aborted", ["writeMany/aborted"], ({ write, writeMany }) => ({
    async writeMany(writes, options = {}) {
      const { signal } = options;
      if (signal === undefined) return await writeMany(writes, options);
      const results = [];
      for await (const { path, bytes } of writes) {
        signal.throwIfAborted();
        results.push(await write(path, bytes, options));
      }
      return results;
    },
  })),
  wrongStore("never answers", [
    "readMany/order",
    "readMany/undefined",
    "readMany/own",
    "writeExpiring/gone",
    "readMany/aborted-before",
  ], () => ({ readMany: () => new Promise(() => undefined) })),
];
