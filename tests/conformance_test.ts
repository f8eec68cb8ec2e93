/** Proves that the conformance suite can fail: each of these stores is wrong in one way, and is caught. */

import assert from "node:assert/strict";
import { isStorageError, StorageError } from "../backends/errors.ts";
import { MemoryStore } from "../backends/stores/memory_store.ts";
import type { Entry, Stat, Store } from "../backends/stores/store.ts";
import { checkStore, type StoreWith } from "./conformance/mod.ts";

/** A store that has every method. */
type Whole = StoreWith<keyof Store>;
/** What is wrong about a store. */
type Wrong = (right: Whole) => Partial<Store>;

/** The methods of a store, free to be taken apart. */
function bound(store: MemoryStore): Whole {
  return {
    read: (...args) => store.read(...args),
    stat: (...args) => store.stat(...args),
    list: (...args) => store.list(...args),
    write: (...args) => store.write(...args),
    delete: (...args) => store.delete(...args),
    makeDirectory: (...args) => store.makeDirectory(...args),
    createSymlink: (...args) => store.createSymlink(...args),
    readSymlink: (...args) => store.readSymlink(...args),
    writeExpiring: (...args) => store.writeExpiring(...args),
    watch: (...args) => store.watch(...args),
    copy: (...args) => store.copy(...args),
    move: (...args) => store.move(...args),
    deleteTree: (...args) => store.deleteTree(...args),
    readMany: (...args) => store.readMany(...args),
    writeMany: (...args) => store.writeMany(...args),
    writeParts: (...args) => store.writeParts(...args),
    openRead: (...args) => store.openRead(...args),
    openWrite: (...args) => store.openWrite(...args),
    close: () => store.close(),
  };
}

/** Tests that a store which is wrong in this way breaks these promises, and that a right one keeps them. */
function catches(what: string, ids: readonly string[], wrong: Wrong): void {
  Deno.test(`conformance: catches a store that ${what}`, async () => {
    const open = (): Store => {
      const right = bound(new MemoryStore());
      return { ...right, ...wrong(right) };
    };
    const options = { only: ids, seed: 1, timeout: 2000 };
    for (const { promise, outcome, error } of await checkStore(open, options)) {
      assert.equal(outcome, "broken", `${promise.id} was ${outcome}`);
      assert(error instanceof Error);
    }
    for (const { promise, outcome } of await checkStore(() => bound(new MemoryStore()), options)) {
      assert.equal(outcome, "kept", `${promise.id} of a right store`);
    }
  });
}

async function all(entries: AsyncIterable<Entry>): Promise<Entry[]> {
  return await Array.fromAsync(entries);
}

const text = (bytes: Uint8Array): string => new TextDecoder("latin1").decode(bytes);

catches("forgets ifAbsent", ["write/if-absent", "write/race-if-absent", "write/random-operations"], ({ write }) => ({
  write: (path, bytes, options) => write(path, bytes, { ...options, ifAbsent: false }),
}));

catches("forgets ifMatch", ["write/if-match", "write/if-match-missing", "write/race-if-match", "write/counter"], (
  { write },
) => ({
  write: (path, bytes, options) => write(path, bytes, { ...options, ifMatch: undefined }),
}));

catches("looks first and writes later", ["write/race-if-absent"], ({ write, stat }) => ({
  async write(path, bytes, { ifAbsent, ...options } = {}) {
    if (ifAbsent && await stat(path)) throw new StorageError("already-exists", "it exists already", { path });
    return await write(path, bytes, options);
  },
}));

catches("writes beside the room that it is told", ["read/into"], ({ read }) => ({
  async read(path, { into, ...options } = {}) {
    const bytes = await read(path, options);
    if (bytes === undefined || into === undefined || bytes.length > into.buffer.byteLength) return bytes;
    const room = new Uint8Array(into.buffer, 0, bytes.length);
    room.set(bytes);
    return room;
  },
}));

catches("gives its own buffer away", ["read/own"], ({ read, write }) => {
  const kept = new Map<string, Uint8Array>();
  return {
    async read(path, options) {
      const bytes = kept.get(path) ?? await read(path);
      if (bytes !== undefined) kept.set(path, bytes);
      if (options?.range === undefined || bytes === undefined) return bytes;
      return await read(path, options);
    },
    write(path, bytes, options) {
      kept.delete(path);
      return write(path, bytes, options);
    },
  };
});

catches("keeps the bytes it was given", ["write/keeps-no-reference"], ({ read, write }) => {
  const given = new Map<string, Uint8Array>();
  return {
    read: async (path, options) => given.get(path)?.slice() ?? await read(path, options),
    write(path, bytes, options) {
      given.set(path, bytes);
      return write(path, bytes, options);
    },
  };
});

catches("writes the buffer behind a view", ["write/view"], ({ write }) => ({
  write: (path, bytes, options) => write(path, new Uint8Array(bytes.buffer), options),
}));

catches("pads ranges with zeros", ["read/range-edges", "read/range-empty"], ({ read }) => ({
  async read(path, options) {
    const bytes = await read(path, options);
    const range = options?.range;
    if (bytes === undefined || range === undefined || !("length" in range)) return bytes;
    const padded = new Uint8Array(Math.min(range.length ?? bytes.length, 1000));
    padded.set(bytes.subarray(0, padded.length));
    return padded;
  },
}));

catches("lists the sibling of a prefix", ["list/prefix"], ({ list }) => ({
  async *list(prefix, options) {
    if (prefix === "" || options?.shallow) return yield* list(prefix, options);
    for await (const entry of list("", options)) if (entry.path.startsWith(prefix)) yield entry;
  },
}));

catches("sorts by UTF-16 units", ["list/unicode-order"], ({ list }) => ({
  async *list(prefix, options) {
    yield* (await all(list(prefix, options))).sort((a, b) => a.path < b.path ? -1 : 1);
  },
}));

catches("sorts directory by directory", ["list/byte-order"], ({ list }) => ({
  async *list(prefix, options) {
    const key = ({ path }: Entry): string => path.replaceAll("/", "\x01");
    yield* (await all(list(prefix, options))).sort((a, b) => key(a) < key(b) ? -1 : 1);
  },
}));

catches("includes what after names", ["list/after", "list/pages"], ({ list }) => ({
  async *list(prefix, { after, limit = Infinity, ...options } = {}) {
    let left = limit;
    for await (const entry of list(prefix, options)) {
      if (after !== undefined && entry.path < after) continue;
      if (left-- <= 0) return;
      yield entry;
    }
  },
}));

catches("counts a limit before it skips", ["list/pages"], ({ list }) => ({
  async *list(prefix, { after = "", ...options } = {}) {
    for await (const entry of list(prefix, options)) if (entry.path > after) yield entry;
  },
}));

catches("loses empty directories", ["makeDirectory/empty", "makeDirectory/stays"], ({ list }) => ({
  async *list(prefix, options) {
    for (const entry of await all(list(prefix, options))) {
      if (entry.kind !== "directory" || (await all(list(entry.path))).length > 0) yield entry;
    }
  },
}));

catches(
  "deletes what a link leads to",
  ["delete/link", "write/random-operations"],
  ({ delete: remove, readSymlink }) => ({
    delete: async (path, options) => await remove(await readSymlink(path) ?? path, options),
  }),
);

catches("rejects when there is nothing to delete", ["delete/missing"], ({ delete: remove, stat }) => ({
  async delete(path, options) {
    if (await stat(path) === undefined) throw new StorageError("not-found", "not found", { path });
    await remove(path, options);
  },
}));

catches("deletes neighbours with a tree", ["deleteTree/tree"], ({ deleteTree, list }) => ({
  async deleteTree(path) {
    for (const entry of await all(list("", { shallow: true }))) {
      if (entry.path.startsWith(path)) await deleteTree(entry.path);
    }
  },
}));

catches("makes etags of the content", ["stat/etag-aba", "stat/etag-recreated"], ({ read, stat, write }) => {
  const etagOf = async (path: string): Promise<string> => text(await read(path) ?? new Uint8Array());
  return {
    async stat(path): Promise<Stat | undefined> {
      const seen = await stat(path);
      return seen?.kind === "file" ? { ...seen, etag: await etagOf(path) } : seen;
    },
    async write(path, bytes, { ifMatch, ...options } = {}) {
      if (ifMatch !== undefined && await etagOf(path) !== ifMatch) {
        throw new StorageError("precondition-failed", "it has changed", { path });
      }
      await write(path, bytes, options);
      return { etag: text(bytes) };
    },
  };
});

catches("tears a write that is aborted", ["write/aborted", "write/never-torn"], ({ write }) => ({
  async write(path, bytes, options) {
    options?.signal?.throwIfAborted();
    if (bytes.length > 1000) await write(path, bytes.subarray(0, bytes.length / 2), { ...options, signal: undefined });
    await new Promise((resolve) => setTimeout(resolve, 2));
    return await write(path, bytes, options);
  },
}));

catches("turns the reason of a signal into an error of its own", ["read/aborted-before"], ({ read }) => ({
  read: (path, options) =>
    read(path, options).catch((error) => {
      throw isStorageError(error) ? error : new StorageError("io", "aborted", { cause: error });
    }),
}));

catches("publishes a stream while it is written", ["openWrite/unpublished", "openWrite/abort"], ({ write }) => ({
  openWrite(path) {
    let whole: Uint8Array = new Uint8Array();
    const append = async (chunk: Uint8Array): Promise<void> => {
      whole = new Uint8Array([...whole.subarray(0, 1000), ...chunk.subarray(0, 1000)]);
      await write(path, whole);
    };
    return Promise.resolve(new WritableStream({ write: append }));
  },
}));

catches("writes a batch one by one", ["writeMany/onto-directory", "writeMany/source-fails"], ({ write }) => ({
  async writeMany(writes, options) {
    const results = [];
    for await (const { path, bytes } of writes) results.push(await write(path, bytes, options));
    return results;
  },
}));

catches("decodes its paths", ["read/names-percent-signs", "read/names-apart-escapes"], ({ read, write, stat }) => {
  const decoded = (path: string): string => path.replaceAll("%20", " ").replaceAll("%25", "%");
  return {
    read: (path, options) => read(decoded(path), options),
    write: (path, bytes, options) => write(decoded(path), bytes, options),
    stat: (path, options) => stat(decoded(path), options),
  };
});

catches("replaces directories when it moves", ["move/onto-directory", "write/random-operations"], (
  { deleteTree, move, stat },
) => ({
  async move(from, to, options) {
    if (from !== to && !to.startsWith(`${from}/`) && await stat(from)) await deleteTree(to);
    await move(from, to, options);
  },
}));

catches("removes directories when they become empty", ["makeDirectory/stays", "write/random-operations"], (
  { delete: remove },
) => ({
  async delete(path, options) {
    await remove(path, options);
    if (path.includes("/")) await remove(path.slice(0, path.lastIndexOf("/"))).catch(() => undefined);
  },
}));

catches("never answers", ["read/missing"], () => ({ read: () => new Promise(() => undefined) }));
