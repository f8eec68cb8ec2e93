/**
 * {@linkcode RemoteStore}: bytes in a backend that a server offers over HTTP.
 *
 * @module
 */

import { isStorageError, StorageError } from "../errors.ts";
import type { WholeStore } from "./deferred_store.ts";
import { framedWrites, readManyFrom } from "./remote/batch.ts";
import { change, type RemoteChange } from "./remote/change.ts";
import { RemoteConnection } from "./remote/connection.ts";
import { RemoteContent } from "./remote/content.ts";
import { entriesFrom } from "./remote/list.ts";
import { remoteSettings, type RemoteStoreOptions } from "./remote/options.ts";
import { uploading } from "./remote/upload.ts";
import { newsFrom } from "./remote/watch.ts";
import { type ChangeResult, FRAMES, quoteEtag, statFromJson, type StatJson, WANT_ETAG } from "./remote/wire.ts";
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
} from "./store.ts";
import { concat } from "./stream.ts";

export type { RemoteStoreOptions } from "./remote/options.ts";

/**
 * Bytes in a backend that a server offers with `files` of `@polystore/polystore/files`.
 *
 * It has every member; what the store of the server lacks is refused with `unsupported` (`move`, `createSymlink`, `watch`, …), or done by the server with what
 * the store has (`copy`, `readMany`, …). {@linkcode openRemoteStore} answers with a store that has just the members of that one.
 *
 * A change is carried out once: it has a name by which the server knows it again, whatever the connection does to it. If the answer is lost, the
 * server is asked what became of it; so a change that was aborted has either changed nothing, or is told as done. If it cannot be asked
 * any more, because that process is gone, the change is refused with `unavailable`: `retryable` where it may be done twice, and not where
 * it has a condition, for then nobody knows whether it was carried out. Content that is cut on the way is never published, and
 * never told as whole.
 *
 * Permissions: `--allow-net` of the server; `--allow-env=REGISTRY_SERVER_HOST,…` for what the environment is to tell.
 *
 * @example
 * ```ts
 * import { files } from "@polystore/polystore/files";
 * import { MemoryStore, RemoteStore } from "@polystore/polystore/stores";
 * import assert from "node:assert/strict";
 *
 * const memory = new MemoryStore();
 * const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, files({ lab: memory }));
 * const store = new RemoteStore({ url: `http://127.0.0.1:${server.addr.port}/v1/files/lab` });
 * const { etag } = await store.write("a/b", new Uint8Array([1, 2, 3]));
 * assert.deepEqual(await store.read("a/b", { range: { suffix: 2 } }), new Uint8Array([2, 3]));
 * await assert.rejects(store.write("a/b", new Uint8Array(), { ifMatch: `${etag}0` }), { code: "precondition-failed" });
 * await store.close();
 * await server.shutdown();
 * ```
 */
export class RemoteStore implements WholeStore {
  readonly #connection: RemoteConnection;

  /**
   * Creates the store; nothing is asked yet.
   *
   * @throws {StorageError} `invalid-argument` if an option, or a variable of the environment, is not what it should be.
   */
  constructor(options: RemoteStoreOptions = {}) {
    this.#connection = new RemoteConnection(remoteSettings(options));
  }

  /** Where the backend is. */
  get url(): string {
    return this.#connection.url;
  }

  /** How long the server may be silent, in milliseconds. */
  get timeout(): number {
    return this.#connection.timeout;
  }

  /** The members that the store of the server has. */
  async members(options?: AbortOptions): Promise<readonly string[]> {
    options?.signal?.throwIfAborted();
    return (await this.#connection.offer({ path: "", signal: options?.signal })).members;
  }

  /** See `Readable.read`. */
  async read(path: string, options: ReadOptions = {}): Promise<Uint8Array | undefined> {
    const content = await possible(RemoteContent.ask(this.#connection, path, options));
    return await content?.read(options.into);
  }

  /** See `Readable.stat`. */
  async stat(path: string, { signal }: AbortOptions = {}): Promise<Stat | undefined> {
    const stat = await possible(this.#connection.json<StatJson | null>({ query: { stat: path }, path, signal }));
    return stat ? statFromJson(stat) : undefined;
  }

  /** See `Listable.list`. */
  list(prefix: string, options: ListOptions = {}): AsyncGenerator<Entry> {
    return entriesFrom(this.#connection, prefix, options);
  }

  /** See `Writable.write`. */
  async write(path: string, bytes: Uint8Array, options: WriteOptions = {}): Promise<WriteResult> {
    return await this.#put(path, bytes, options);
  }

  /** See `Writable.delete`. */
  async delete(path: string, { ifMatch, signal }: DeleteOptions = {}): Promise<void> {
    const headers = { "if-match": ifMatch === undefined ? undefined : quoteEtag(ifMatch) };
    const once = ifMatch !== undefined;
    await possible(this.#change({ method: "DELETE", query: { path }, headers, path, signal, once }));
  }

  /** See `Directories.makeDirectory`. */
  async makeDirectory(path: string, { signal }: AbortOptions = {}): Promise<void> {
    await this.#do("makeDirectory", { path }, { path, signal });
  }

  /** See `Links.createSymlink`. */
  async createSymlink(target: string, path: string, { signal }: AbortOptions = {}): Promise<void> {
    await this.#do("createSymlink", { target, path }, { path, signal, once: true });
  }

  /** See `Links.readSymlink`. */
  async readSymlink(path: string, { signal }: AbortOptions = {}): Promise<string | undefined> {
    const query = { readlink: path };
    const answer = await possible(this.#connection.json<{ target: string | null }>({ query, path, signal }));
    return answer?.target ?? undefined;
  }

  /** See `Timed.writeExpiring`. */
  async writeExpiring(path: string, bytes: Uint8Array, options: ExpiringWriteOptions): Promise<WriteResult> {
    return await this.#put(path, bytes, options, options.expireIn);
  }

  /** See `Timed.watch`. If the connection breaks it fails with `unavailable`, which is `retryable`. */
  watch(path: string, options: AbortOptions = {}): AsyncGenerator<Stat | undefined> {
    return newsFrom(this.#connection, path, options);
  }

  /** See `Accelerated.copy`. */
  async copy(from: string, to: string, options: WriteOptions = {}): Promise<WriteResult> {
    const { ifAbsent, ifMatch, signal } = options;
    const asked = { path: from, signal, once: isConditional(options) };
    return written(await this.#do("copy", { from, to, ifAbsent, ifMatch }, asked), to);
  }

  /** See `Accelerated.move`. */
  async move(from: string, to: string, options: Pick<WriteOptions, "ifAbsent" | "signal"> = {}): Promise<void> {
    const { ifAbsent, signal } = options;
    await this.#do("move", { from, to, ifAbsent }, { path: from, signal, once: true });
  }

  /** See `Accelerated.deleteTree`. */
  async deleteTree(path: string, { signal }: AbortOptions = {}): Promise<void> {
    await this.#do("deleteTree", { path }, { path, signal });
  }

  /** See `Accelerated.readMany`. */
  async readMany(paths: readonly string[], options: AbortOptions = {}): Promise<(Uint8Array | undefined)[]> {
    return await readManyFrom(this.#connection, paths, options);
  }

  /** See `Accelerated.writeMany`. All or nothing where the store of the server does it so. */
  async writeMany(
    writes: Iterable<WriteRequest> | AsyncIterable<WriteRequest>,
    options: WriteOptions = {},
  ): Promise<WriteResult[]> {
    const { signal } = options;
    signal?.throwIfAborted();
    const { headers } = conditions(options);
    const frames = await framedWrites(writes);
    try {
      const { etags } = await this.#change({
        method: "POST",
        query: { op: "writeMany" },
        headers: { ...headers, "content-type": FRAMES },
        body: frames.body,
        path: "",
        signal,
        once: isConditional(options),
      });
      return (etags ?? []).map((etag) => ({ etag }));
    } catch (error) {
      throw await frames.failure(error);
    }
  }

  /** See `Accelerated.writeParts`. */
  async writeParts(path: string, parts: readonly Uint8Array[], options: WriteOptions = {}): Promise<WriteResult> {
    return await this.write(path, concat(parts), options);
  }

  /** See `Accelerated.openRead`. */
  async openRead(path: string, options: ReadOptions = {}): Promise<ReadableStream<Uint8Array> | undefined> {
    return (await possible(RemoteContent.ask(this.#connection, path, options)))?.stream();
  }

  /** See `Accelerated.openWrite`. */
  async openWrite(path: string, options: WriteOptions = {}): Promise<WritableStream<Uint8Array>> {
    const { signal } = options;
    signal?.throwIfAborted();
    const { headers, once } = conditions(options);
    await this.#connection.offer({ path, signal });
    return uploading((body) =>
      this.#change({
        method: "PUT",
        query: { path },
        headers: { ...headers, "content-type": FRAMES },
        body,
        path,
        once,
      }), signal);
  }

  /** See `Closable.close`. What is under way is refused with `closed`; the store of the server stays open. */
  // deno-lint-ignore require-await
  async close(): Promise<void> {
    this.#connection.close();
  }

  async #put(path: string, bytes: Uint8Array, options: WriteOptions, expireIn?: number): Promise<WriteResult> {
    const { headers, once } = conditions(options);
    const result = await this.#change({
      method: "PUT",
      query: { path, expireIn },
      headers: { ...headers, [WANT_ETAG]: "?1", "content-type": "application/octet-stream" },
      body: bytes as Uint8Array<ArrayBuffer>,
      path,
      signal: options.signal,
      once,
    });
    return written(result, path);
  }

  async #do(op: string, body: unknown, asked: Pick<RemoteChange, "path" | "signal" | "once">): Promise<ChangeResult> {
    const headers = { "content-type": "application/json" };
    return await this.#change({ ...asked, method: "POST", query: { op }, headers, body: JSON.stringify(body) });
  }

  #change(request: RemoteChange): Promise<ChangeResult> {
    return change(this.#connection, request);
  }
}

/** Where a path is too long for the server, nothing can be. */
async function possible<T>(pending: Promise<T>): Promise<T | undefined> {
  try {
    return await pending;
  } catch (error) {
    if (isStorageError(error, "name-too-long")) return undefined;
    throw error;
  }
}

/** The conditions of a write as headers, and whether there are any. */
function conditions(options: WriteOptions): { headers: Record<string, string | undefined>; once: boolean } {
  const { ifAbsent, ifMatch } = options;
  return {
    headers: {
      "if-none-match": ifAbsent ? "*" : undefined,
      "if-match": ifMatch === undefined ? undefined : quoteEtag(ifMatch),
    },
    once: isConditional(options),
  };
}

function isConditional({ ifAbsent = false, ifMatch }: WriteOptions): boolean {
  return ifAbsent || ifMatch !== undefined;
}

function written({ etag }: ChangeResult, path: string): WriteResult {
  if (etag !== undefined) return { etag };
  throw new StorageError("corrupt", "the server did not tell the etag of what it has written", { path });
}
