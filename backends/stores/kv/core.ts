/**
 * {@linkcode KvCore}: what a {@linkcode KvStore} does, in a module of its own that is loaded by its first operation.
 *
 * @module
 */

import { StorageError } from "../../errors.ts";
import { baseName, parentPath } from "../../path.ts";
import type { WholeStore } from "../deferred_store.ts";
import { KvBatch } from "./batch.ts";
import { corrupt, KvContents } from "./content.ts";
import { KvDatabase } from "./database.ts";
import { KvWriter } from "./draft.ts";
import { KvEditor } from "./editor.ts";
import { busyError, Patience } from "./engine.ts";
import { decodeEntry, isOver, type KvFile, type KvNode, PART_SIZE, smallContent, smallSize } from "./entry.ts";
import { ABANDONED_AFTER } from "./garbage.ts";
import { listKv } from "./list.ts";
import { eachOf, lookAtNames } from "./names.ts";
import type { KvCare, KvStoreOptions, KvSweepOptions } from "../kv_store.ts";
import { subscribeKv } from "./watch.ts";
import { expiryOf } from "../rules.ts";
import type {
  AbortOptions,
  DeleteOptions,
  Entry,
  ExpiringWriteOptions,
  ListOptions,
  ReadOptions,
  Stat,
  WriteOptions,
  WriteRequest,
  WriteResult,
} from "../store.ts";
import { guarded, streamOf } from "../stream.ts";
import { aim, existing } from "../walk.ts";
import { watching } from "../watch.ts";

/** As many bytes can be published by the operation that writes them. */
const AT_ONCE = 12 * PART_SIZE;

/** Bytes in a Deno KV database: see {@linkcode KvStore}. */
export class KvCore implements WholeStore, KvCare {
  readonly #database: KvDatabase;
  readonly #contents: KvContents;
  readonly #editor: KvEditor;
  readonly #batch: KvBatch;

  /** Nothing is opened yet. */
  constructor({ path, kv, prefix = ["polystore"] }: KvStoreOptions = {}) {
    this.#database = new KvDatabase({ path, kv }, prefix);
    this.#contents = new KvContents(this.#database);
    this.#editor = new KvEditor(this.#database);
    this.#batch = new KvBatch(this.#database, this.#editor);
  }

  /** See `Readable.read`. */
  async read(path: string, options?: ReadOptions): Promise<Uint8Array | undefined> {
    options?.signal?.throwIfAborted();
    let before: KvFile | undefined;
    let patience: Patience | undefined;
    do {
      const view = this.#database.view();
      // Where the only part of a file was when it was seen last, it can be read at one moment with the entry that tells.
      const expected = (before ?? this.#database.memory.file(path))?.parts;
      const also = expected?.count === 1 ? this.#database.space.part(expected.generation, 0) : undefined;
      const file = await view.file(path, also);
      options?.signal?.throwIfAborted();
      if (file === undefined) return undefined;
      const bytes = await this.#contents.read(file, options?.range, options?.signal, view.also);
      options?.signal?.throwIfAborted();
      if (bytes !== undefined) return bytes;
      if (file.version === before?.version) throw corrupt("parts of it are missing").within({ path });
      // Either the file was replaced between the two looks, or its parts are gone for good.
      before = file;
    } while (await (patience ??= new Patience()).wait(options?.signal));
    throw busyError(path);
  }

  /** See `Readable.stat`. The etag is the versionstamp of the entry. */
  async stat(path: string, options?: AbortOptions): Promise<Stat | undefined> {
    options?.signal?.throwIfAborted();
    if (path === "") return { kind: "directory" };
    const node = await this.#database.view().node(path);
    options?.signal?.throwIfAborted();
    return statOf(node);
  }

  /** See `Listable.list`. */
  async *list(prefix: string, options: ListOptions = {}): AsyncGenerator<Entry> {
    options.signal?.throwIfAborted();
    if ((options.limit ?? Infinity) <= 0) return;
    const node = await this.#database.view().node(prefix);
    if (node?.kind === "directory") yield* listKv(this.#database, node, prefix, options);
  }

  /** See `Writable.write`. */
  async write(path: string, bytes: Uint8Array, options?: WriteOptions): Promise<WriteResult> {
    options?.signal?.throwIfAborted();
    return await this.#write(path, [bytes], bytes.length, options);
  }

  /** See `Writable.delete`. */
  async delete(path: string, options?: DeleteOptions): Promise<void> {
    options?.signal?.throwIfAborted();
    await this.#editor.delete(path, options);
  }

  /** See `Directories.makeDirectory`. */
  async makeDirectory(path: string, options?: AbortOptions): Promise<void> {
    options?.signal?.throwIfAborted();
    await this.#editor.makeDirectory(path, options?.signal);
  }

  /** See `Links.createSymlink`. */
  async createSymlink(target: string, path: string, options?: AbortOptions): Promise<void> {
    options?.signal?.throwIfAborted();
    await this.#editor.link(target, path, options?.signal);
  }

  /** See `Links.readSymlink`. */
  async readSymlink(path: string, options?: AbortOptions): Promise<string | undefined> {
    options?.signal?.throwIfAborted();
    const place = existing(await this.#database.view().locate(path, false));
    return place?.node?.kind === "symlink" ? aim(place, place.node.target) : undefined;
  }

  /** See `Timed.writeExpiring`. The engine is told too, and removes the content within minutes of its time. */
  async writeExpiring(path: string, bytes: Uint8Array, options: ExpiringWriteOptions): Promise<WriteResult> {
    options.signal?.throwIfAborted();
    const expires = expiryOf(options.expireIn, path);
    return await this.#write(path, [bytes], bytes.length, options, expires);
  }

  /** See `Timed.watch`. */
  watch(path: string, options?: AbortOptions): AsyncGenerator<Stat | undefined> {
    return watching({
      look: () => this.stat(path),
      subscribe: (wake, fail) => subscribeKv(this.#database, path, wake, fail),
    }, options?.signal);
  }

  /** See `Accelerated.copy`. */
  async copy(from: string, to: string, options?: WriteOptions): Promise<WriteResult> {
    options?.signal?.throwIfAborted();
    const file = await this.#database.view().file(from);
    const source = file && await this.openRead(from, { signal: options?.signal });
    if (source === undefined) throw new StorageError("not-found", "not found", { path: from });
    return await this.#write(to, source, file!.size, options);
  }

  /** See `Accelerated.move`. */
  async move(from: string, to: string, options?: Pick<WriteOptions, "ifAbsent" | "signal">): Promise<void> {
    options?.signal?.throwIfAborted();
    await this.#editor.move(from, to, options);
  }

  /** See `Accelerated.deleteTree`. */
  async deleteTree(path: string, options?: AbortOptions): Promise<void> {
    options?.signal?.throwIfAborted();
    await this.#editor.deleteTree(path, options?.signal);
  }

  /** See `Accelerated.readMany`. */
  async readMany(paths: readonly string[], options?: AbortOptions): Promise<(Uint8Array | undefined)[]> {
    const signal = options?.signal;
    signal?.throwIfAborted();
    const answers: (Uint8Array | undefined)[] = new Array(paths.length).fill(undefined);
    const groups = new Map<string, Map<string, number[]>>();
    for (const [i, path] of paths.entries()) {
      const group = groups.getOrInsertComputed(parentPath(path), () => new Map());
      const wanted = group.get(baseName(path));
      if (wanted) wanted.push(i);
      else group.set(baseName(path), [i]);
    }
    await eachOf(groups, async ([parent, names]) => {
      const directory = await this.#database.view().node(parent);
      if (directory?.kind !== "directory") return;
      await this.#readNames(directory.id, names, paths, answers, signal);
    });
    signal?.throwIfAborted();
    return answers;
  }

  async #readNames(
    id: string,
    names: ReadonlyMap<string, readonly number[]>,
    paths: readonly string[],
    answers: (Uint8Array | undefined)[],
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const kept = [...names.keys()].filter((name) => name !== "" && this.#database.space.keeps(id, name));
    const later: number[] = [];
    for (const [name, { value, versionstamp }] of await lookAtNames(this.#database, id, kept)) {
      if (versionstamp === null) continue;
      const node = decodeEntry(value, versionstamp);
      if (node.kind === "directory" || isOver(node)) continue;
      const [first, ...others] = names.get(name)!;
      if (node.kind === "file" && node.bytes) {
        this.#contents.check(node, node.bytes);
        answers[first!] = node.bytes;
        for (const i of others) answers[i] = node.bytes.slice();
      } else later.push(...names.get(name)!);
    }
    await eachOf(later, async (i) => void (answers[i] = await this.read(paths[i]!, { signal })));
  }

  /** See `Accelerated.writeMany`. All or nothing if it fits one atomic operation: 1000 files and 800 KB. */
  async writeMany(
    writes: Iterable<WriteRequest> | AsyncIterable<WriteRequest>,
    options?: WriteOptions,
  ): Promise<WriteResult[]> {
    options?.signal?.throwIfAborted();
    return await this.#batch.write(writes, options);
  }

  /** See `Accelerated.writeParts`. */
  async writeParts(path: string, parts: readonly Uint8Array[], options?: WriteOptions): Promise<WriteResult> {
    options?.signal?.throwIfAborted();
    return await this.#write(path, parts, parts.reduce((sum, part) => sum + part.length, 0), options);
  }

  /** See `Accelerated.openRead`. A stream whose file another process replaces meanwhile fails with `busy`. */
  async openRead(path: string, options?: ReadOptions): Promise<ReadableStream<Uint8Array> | undefined> {
    options?.signal?.throwIfAborted();
    const file = await this.#database.view().file(path);
    options?.signal?.throwIfAborted();
    if (file === undefined) return undefined;
    if (file.parts?.count === 1) {
      const bytes = await this.read(path, options);
      return bytes && streamOf(bytes, options?.signal);
    }
    return this.#contents.stream(file, options?.range, async () => {
      const now = await this.#database.view().file(path);
      if (now?.version === file.version) return corrupt("parts of it are missing").within({ path });
      const detail = "another process has replaced or deleted the file while it was being read";
      return new StorageError("busy", detail, { path, retryable: true });
    }, options?.signal);
  }

  /** See `Accelerated.openWrite`. */
  async openWrite(path: string, options?: WriteOptions): Promise<WritableStream<Uint8Array>> {
    options?.signal?.throwIfAborted();
    await this.#editor.check(path, options);
    const drafts = this.#database.drafts();
    const writer = new KvWriter(this.#database.engine, drafts, false);
    let pending: Promise<void> = Promise.resolve();
    return guarded({
      write: (chunk) => pending = writer.append(chunk, false),
      close: async () => {
        const content = await writer.end();
        await drafts.settle();
        await this.#editor.publish(path, { content, drafts, draft: writer.draft }, options);
      },
      abort: async () => {
        await pending.catch(() => {/* the writer has seen it */});
        await drafts.discard();
      },
    }, options?.signal);
  }

  /** See `Closable.close`. A database that was given stays open. */
  async close(): Promise<void> {
    await this.#database.close();
  }

  /** See `KvCare.sweep`. */
  async sweep({ olderThan = ABANDONED_AFTER, signal }: KvSweepOptions = {}): Promise<number> {
    signal?.throwIfAborted();
    return await this.#database.garbage.sweep(olderThan, signal);
  }

  async #write(
    path: string,
    chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
    size: number,
    options: WriteOptions | undefined,
    expires?: number,
  ): Promise<WriteResult> {
    const { engine } = this.#database;
    if (Array.isArray(chunks) && chunks.length === 1 && size <= smallSize(expires !== undefined)) {
      // Copied before anything is waited for: the caller may change the bytes from then on.
      const bytes = engine.isOpen ? chunks[0]! : new Uint8Array(chunks[0]!);
      if (!engine.isOpen) await engine.open();
      const content = smallContent(bytes, expires !== undefined, (copy) => engine.crc32(copy));
      return await this.#editor.publish(path, { content, expires }, options);
    }
    await engine.open();
    if (size > AT_ONCE) await this.#editor.check(path, options, true);
    const drafts = this.#database.drafts(expires);
    try {
      const writer = new KvWriter(engine, drafts, expires !== undefined);
      for await (const chunk of chunks) {
        options?.signal?.throwIfAborted();
        await writer.append(chunk, true, options?.signal);
      }
      const content = await writer.end();
      await drafts.settle();
      options?.signal?.throwIfAborted();
      return await this.#editor.publish(path, { content, drafts, draft: writer.draft, expires }, options);
    } finally {
      await drafts.discard();
    }
  }
}

function statOf(node: KvNode | undefined): Stat | undefined {
  if (node === undefined || node.kind === "symlink") return undefined;
  if (node.kind === "directory") return { kind: "directory" };
  return {
    kind: "file",
    size: node.size,
    modified: new Date(node.modified),
    etag: node.version,
    ...(node.expires !== undefined && { expires: new Date(node.expires) }),
  };
}
