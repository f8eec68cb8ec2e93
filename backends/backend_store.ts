/**
 * {@linkcode backendStore}: a backend as a store.
 *
 * @module
 */

import { StorageBackend } from "./backend.ts";
import { Codec } from "./codec.ts";
import type { DataSource, FileInfo } from "./data_source.ts";
import { isStorageError } from "./errors.ts";
import { builtinFormats, FormatRegistry } from "./formats/format_registry.ts";
import { comparePaths } from "./path.ts";
import { StoreBackend } from "./store_backend.ts";
import { cut } from "./stores/range.ts";
import type { Entry, ListOptions, ReadOptions, Stat, Store, WriteOptions, WriteResult } from "./stores/store.ts";
import { collecting } from "./stores/stream.ts";

/**
 * The bytes of a backend as a store: the store it is made of if it is a {@linkcode StoreBackend}; else what its `openRead` encodes, and
 * `save` decodes. A backend that keeps values keeps the value that its format makes of the bytes: it refuses what is none, and what is
 * read need not be the very bytes that were written.
 *
 * @param backend The backend, which stays the caller's to close.
 * @returns The store, with the members that the backend has.
 *
 * @example
 * ```ts
 * import { backendStore } from "@polystore/polystore/backend";
 * import { MemoryBackend } from "@polystore/polystore/memory";
 * import assert from "node:assert/strict";
 *
 * const memory = new MemoryBackend();
 * const store = backendStore(memory);
 * await store.write!("a.json", new TextEncoder().encode('{"n": 1}'));
 * assert.deepEqual(await memory.load("a.json"), { n: 1 });
 * ```
 */
export function backendStore(backend: DataSource): Store {
  if (backend instanceof StoreBackend) return backend.store;
  return backend instanceof StorageBackend ? writing(backend) : reading(backend);
}

/** Answers `undefined` where a backend says that there is no file. */
async function orUndefined<T>(pending: Promise<T>): Promise<T | undefined> {
  try {
    return await pending;
  } catch (error) {
    if (isStorageError(error, "not-found", "is-a-directory", "not-a-directory")) return undefined;
    throw error;
  }
}

function reading(source: DataSource): Store {
  const opens = source instanceof StorageBackend && source.openRead !== undefined ? source : undefined;

  async function read(path: string, options: ReadOptions = {}): Promise<Uint8Array | undefined> {
    if (opens !== undefined) {
      const stream = await orUndefined(opens.openRead!(path, options));
      return stream && await new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).bytes();
    }
    const bytes = await orUndefined(source.load(path, { format: "bytes", signal: options.signal }));
    return bytes instanceof Uint8Array ? cut(bytes, options.range) : undefined;
  }

  return {
    read,
    async stat(path, options) {
      const info = await orUndefined(source.stat(path, options));
      return info && statOf(info, source);
    },
    list: (prefix, options) => entriesOf(source, prefix, options),
    readSymlink: async (path, options) => (await orUndefined(source.stat(path, options)))?.target,
    openRead: opens && ((path, options) => orUndefined(opens.openRead!(path, options))),
  };
}

/** What is at the end of a link. The size of a value is not that of the bytes it is encoded as. */
function statOf(info: FileInfo, source: DataSource): Stat | undefined {
  const { kind, targetKind, size, modified, etag, expires } = info;
  const end = kind === "symlink" ? targetKind : kind;
  if (end !== "file") return end && { kind: end };
  return { kind: end, size: keepsBytes(source) ? size : undefined, modified, etag, expires };
}

function keepsBytes(source: DataSource): boolean {
  return !(source instanceof StorageBackend) || (!source.keepsValues && source.keepsValueAt === undefined);
}

async function* entriesOf(
  source: DataSource,
  prefix: string,
  { shallow = false, after, limit = Infinity, details, signal }: ListOptions = {},
): AsyncGenerator<Entry> {
  if (!(limit > 0)) return;
  try {
    for await (const entry of source.entries(prefix, { recursive: !shallow, details, signal })) {
      if (after !== undefined && comparePaths(entry.path, after) <= 0) continue;
      yield keepsBytes(source) ? entry : { ...entry, size: undefined };
      if (--limit <= 0) return;
    }
  } catch (error) {
    if (!isStorageError(error, "not-found", "not-a-directory")) throw error;
  }
}

function writing(backend: StorageBackend): Store {
  const formats = "formats" in backend && backend.formats instanceof FormatRegistry
    ? backend.formats
    : builtinFormats();
  const codec = new Codec(formats);

  /** Saves, which tells the etag of just what was saved. */
  async function write(path: string, bytes: Uint8Array, options: WriteOptions = {}): Promise<WriteResult> {
    const { ifAbsent, ifMatch, signal } = options;
    signal?.throwIfAborted();
    const asked = { overwrite: !ifAbsent, ifMatch, signal };
    const { etag } = backend.keepsValues
      ? await backend.save(await codec.decode(new Uint8Array(bytes), path), path, asked)
      : await backend.save(bytes, path, { ...asked, format: "bytes" });
    return { etag: etag ?? "" };
  }

  return {
    ...reading(backend),
    write,
    delete: (path, options) => backend.delete(path, { ...options, force: true }),
    makeDirectory: async (path, options) => void await backend.ensureDirectory(path, options),
    createSymlink: (target, path, options) => backend.createSymlink(target, path, { ...options, dangling: true }),
    move: (from, to, options = {}) => backend.move(from, to, { overwrite: !options.ifAbsent, signal: options.signal }),
    deleteTree: (path, options) => backend.delete(path, { ...options, recursive: true, force: true }),
    // What it publishes must have been one save: then its conditions hold.
    openWrite: backend.keepsValues || backend.openWrite === undefined
      ? (path, options) => Promise.resolve(collecting((bytes) => write(path, bytes, options), options?.signal))
      : (path, options) => backend.openWrite!(path, options),
    watch: backend.watch && (async function* (path, options) {
      for await (const info of backend.watch!(path, options)) yield info && statOf(info, backend);
    }),
  };
}
