/**
 * How the suite gets a backend, and how it finds out what that has.
 *
 * @module
 */

import { StorageBackend } from "../../backends/backend.ts";
import type { DataSource, ExpiringSaveOptions } from "../../backends/data_source.ts";
import { isStorageError } from "../../backends/errors.ts";
import { bytesOf, collect } from "./assertions.ts";
import { BasedBackend } from "./backend_based.ts";
import type { BackendNeed } from "./backend_promise.ts";

/** A backend and what the suite may do with it besides calling its methods. */
export interface OpenedBackend {
  /** The backend, empty. It is closed by the suite, with its own `close`. */
  readonly backend: DataSource;
  /**
   * A directory which every path of the suite is put below: for a `StorageBackend` whose paths are the system's own.
   *
   * @default {undefined} none
   */
  readonly base?: string | undefined;
  /**
   * Paths follow the rule of the system, not that of this package: `..` is what it is there.
   *
   * @default {false}
   */
  readonly systemPaths?: boolean | undefined;
  /**
   * The backend has no formats, or not those of this package, by suffix.
   *
   * @default {false}
   */
  readonly ownFormats?: boolean | undefined;
  /**
   * A value that the backend keeps under any path: another one for another text, a new object each time.
   *
   * @default {(text) => new TextEncoder().encode(text)}
   */
  value?(text: string): unknown;
  /** Takes away what `open` made; called after the backend was closed. */
  dispose?(): Promise<void>;
  /** For backends that outlive the process: closes the backend and opens another one on the same data. */
  reopen?(): Promise<DataSource>;
  /** For backends without `save`: puts a value into the place behind them. Parents come into being. */
  put?(value: unknown, path: string): Promise<void>;
}

/** Opens an empty backend, another one each time. */
export type OpenBackend = () => DataSource | OpenedBackend | Promise<DataSource | OpenedBackend>;

/** An opened backend that closes itself. */
export class BackendOpening implements AsyncDisposable {
  readonly #opened: OpenedBackend;
  #source: DataSource;

  private constructor(opened: OpenedBackend) {
    this.#opened = opened;
    this.#source = this.#based(opened.backend);
  }

  /** Opens a backend, which closes itself at the end of `await using`. */
  static async open(open: OpenBackend): Promise<BackendOpening> {
    const result = await open();
    return new BackendOpening("backend" in result ? result : { backend: result });
  }

  /** The backend, to read from. */
  get source(): DataSource {
    return this.#source;
  }

  /** The backend, to write to. */
  get backend(): StorageBackend {
    if (this.#source instanceof StorageBackend) return this.#source;
    throw new TypeError("Cannot try this promise: the backend is no StorageBackend");
  }

  /** A value for a text. */
  value(text: string): unknown {
    return this.#opened.value === undefined ? bytesOf(text) : this.#opened.value(text);
  }

  /** Puts a value there. */
  async put(text: string, path: string): Promise<void> {
    if (this.#opened.put !== undefined) await this.#opened.put(this.value(text), path);
    else await this.backend.save(this.value(text), path);
  }

  /** Closes it and opens it again. */
  async reopen(): Promise<DataSource> {
    if (this.#opened.reopen !== undefined) this.#source = this.#based(await this.#opened.reopen());
    return this.#source;
  }

  /** Finds out what it has, by trying. It is no longer empty then. */
  async probe(): Promise<Set<BackendNeed>> {
    const { systemPaths = false, ownFormats = false, put, reopen } = this.#opened;
    const found = new Set<BackendNeed>();
    if (!systemPaths) found.add("normalPaths");
    if (put !== undefined) found.add("put");
    if (reopen !== undefined) found.add("reopen");
    if (await works(() => collect(this.#source.entries("")))) found.add("list");
    if (!(this.#source instanceof StorageBackend)) return found;
    await this.#probeWriting(this.#source, found);
    if (!found.has("save")) return found;
    found.add(this.#source.keepsValues ? "values" : "bytes");
    if (!this.#source.keepsValues && !ownFormats) found.add("formats");
    return found;
  }

  async #probeWriting(backend: StorageBackend, found: Set<BackendNeed>): Promise<void> {
    if (backend.openRead !== undefined) found.add("openRead");
    const saved = await works(() => backend.save(this.value("probe"), "probe"));
    if (!saved) return void found.add("frozen");
    found.add("save").add("put");
    if ((await backend.save(this.value("probe"), "probe")).etag !== undefined) found.add("etags");
    if (backend.openWrite !== undefined) found.add("openWrite");
    if (await works(() => backend.ensureDirectory("probed")) && await backend.isDir("probed")) found.add("directories");
    if (await works(() => backend.createSymlink("probe", "probe-link"))) found.add("links");
    const expiring: ExpiringSaveOptions = { expireIn: 60_000 };
    if (await works(() => backend.save(this.value("probe"), "probe", expiring))) {
      // What knows nothing of it may have saved it for good.
      if ((await backend.stat("probe")).expires !== undefined) found.add("expiry");
    }
    if (backend.watch !== undefined && await works(() => firstOf(backend.watch!("probe")))) found.add("watch");
    if (await works(() => backend.delete("probe"))) found.add("delete");
  }

  /** Closes the backend, and takes away what was made for it. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.#source.close();
    } finally {
      await this.#opened.dispose?.();
    }
  }

  #based(source: DataSource): DataSource {
    const { base } = this.#opened;
    return base !== undefined && source instanceof StorageBackend ? new BasedBackend(source, base) : source;
  }
}

async function firstOf(news: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of news) return;
}

async function works(attempt: () => Promise<unknown>): Promise<boolean> {
  try {
    await attempt();
    return true;
  } catch (error) {
    if (isStorageError(error, "unsupported", "read-only")) return false;
    throw error;
  }
}
