/** Stores that get a batch wrong. */

import { StorageError } from "../../backends/errors.ts";
import type { WriteRequest } from "../../backends/stores/store.ts";
import { missing, wrongStore } from "./wrong_store.ts";

/** Stores that get a batch wrong. */
export const batches = [
  wrongStore("reads many in its own order", ["readMany/order", "readMany/undefined"], ({ readMany }) => ({
    readMany: (paths, options) => readMany(paths.toSorted(), options),
  })),
  wrongStore("reads a path that is asked for twice once", ["readMany/order", "readMany/own"], ({ readMany }) => ({
    readMany: (paths, options) => readMany([...new Set(paths)], options),
  })),
  wrongStore("rejects when one of many is missing", ["readMany/undefined", "writeExpiring/gone"], ({ readMany }) => ({
    async readMany(paths, options) {
      const contents = await readMany(paths, options);
      const at = contents.indexOf(undefined);
      if (at >= 0) throw missing(paths[at]!);
      return contents;
    },
  })),
  wrongStore("writes a batch one by one", [
    "writeMany/onto-directory",
    "writeMany/conflict",
    "writeMany/if-absent",
    "writeMany/source-fails",
    "writeMany/aborted",
  ], ({ write }) => ({
    async writeMany(writes, options) {
      options?.signal?.throwIfAborted();
      const results = [];
      for await (const { path, bytes } of writes) results.push(await write(path, bytes, options));
      return results;
    },
  })),
  wrongStore("lets the first of two writes to a path win", ["writeMany/duplicates"], ({ writeMany, stat }) => ({
    async writeMany(writes, options) {
      const given = await Array.fromAsync(writes as Iterable<WriteRequest>, ({ path, bytes }) => ({
        path,
        bytes: bytes.slice(),
      }));
      const first = new Map(given.toReversed().map((request) => [request.path, request]));
      await writeMany(given.map(({ path }) => first.get(path)!), options);
      return await Promise.all(given.map(async ({ path }) => ({ etag: (await stat(path))?.etag ?? "" })));
    },
  })),
  wrongStore("leaves the source of a batch hanging", ["writeMany/source-released"], ({ writeMany, stat }) => ({
    async writeMany(writes, options) {
      if (!(Symbol.asyncIterator in writes)) return await writeMany(writes, options);
      const source = writes[Symbol.asyncIterator]();
      const given: WriteRequest[] = [];
      for (let next = await source.next(); !next.done; next = await source.next()) {
        const { path, bytes } = next.value;
        // Nobody tells the source that it is over: that would be `source.return()`.
        if ((await stat(path))?.kind === "directory") throw new StorageError("is-a-directory", "a directory", { path });
        given.push({ path, bytes: bytes.slice() });
      }
      return await writeMany(given, options);
    },
  })),
  wrongStore("collects a batch without copying it", ["writeMany/keeps-no-reference"], ({ writeMany }) => ({
    async writeMany(writes, options) {
      return await writeMany(await Array.fromAsync(writes as AsyncIterable<WriteRequest>), options);
    },
  })),
  wrongStore("joins parts in the order of their size", ["writeParts/refuses"], ({ writeParts }) => ({
    writeParts: (path, parts, options) => writeParts(path, parts.toSorted((a, b) => a.length - b.length), options),
  })),
  wrongStore("writes parts without conditions", ["writeParts/refuses"], ({ writeParts }) => ({
    writeParts: (path, parts, { signal } = {}) => writeParts(path, parts, { signal }),
  })),
];
