/**
 * The disk backend: values in the files of the system.
 *
 * Permissions: `--allow-read` and `--allow-write`, for the `root` or the directories used. Making symbolic links needs
 * both without a path, because Deno cannot know where a link will lead.
 *
 * @module
 */

import { registerBackend } from "./catalogue.ts";
import type { ConnectionParams, PicklableBackend, SaveOptions, SaveResult } from "./data_source.ts";
import { inContext, StorageError } from "./errors.ts";
import { joinPath, normalizePath } from "./path.ts";
import { StoreBackend, type StoreBackendOptions } from "./store_backend.ts";
import { tidy } from "./stores/disk/system_path.ts";
import { DiskStore, type DiskStoreOptions, type Durability, type SweepOptions } from "./stores/disk_store.ts";
import type { AbortOptions, WriteOptions } from "./stores/store.ts";

export type { Durability, SweepOptions } from "./stores/disk_store.ts";

/** Options of {@linkcode DiskBackend}. */
export interface DiskBackendOptions extends Omit<DiskStoreOptions, "root">, StoreBackendOptions {
  /**
   * A directory to stay in: every path is below it, and nothing outside is read or written, through symbolic
   * links neither. Made on the first write.
   *
   * @default {undefined} none: paths are the system's own, absolute or relative to the working directory
   */
  root?: string | undefined;
}

/** Options of {@linkcode DiskBackend.save}. */
export interface DiskSaveOptions extends SaveOptions {
  /**
   * How safe this write is when it resolves.
   *
   * @default {undefined} as the backend was made
   */
  durability?: Durability | undefined;
}

/**
 * Values in the files of the system, each encoded by the format of its suffix.
 *
 * Without a `root`, paths are the system's own, absolute or relative to the working directory; `..` is what it is there. With a
 * `root`, every path is below it, a leading `/` is the root, and nothing outside is read or written, through
 * symbolic links neither.
 *
 * @example
 * ```ts
 * import { DiskBackend } from "@polystore/polystore/disk";
 * import { ndarray } from "@polystore/polystore/formats";
 * import assert from "node:assert/strict";
 *
 * const root = await Deno.makeTempDir();
 * const disk = new DiskBackend({ root });
 * await disk.save(ndarray(new Float32Array([1, 2, 3, 4]), [2, 2]), "plate/A01.npy");
 * assert.deepEqual(await disk.load("plate/A01.npy"), ndarray(new Float32Array([1, 2, 3, 4]), [2, 2]));
 * await assert.rejects(disk.load("../secret.txt"), { code: "invalid-path" });
 * await Deno.remove(root, { recursive: true });
 * ```
 */
export class DiskBackend extends StoreBackend<DiskStore> implements PicklableBackend {
  /** The name it is registered under. */
  static readonly backendType: string = "disk";
  static {
    registerBackend(this);
  }

  readonly #root: string | undefined;
  readonly #durability: Durability | undefined;

  /** Creates a backend; the disk is not touched. */
  constructor(options: DiskBackendOptions = {}) {
    super(new DiskStore(options), options);
    this.#root = options.root;
    this.#durability = options.durability;
  }

  /** See `StorageBackend.save`. */
  override save(data: unknown, path: string, options?: DiskSaveOptions): Promise<SaveResult> {
    return super.save(data, path, options);
  }

  /** See `StorageBackend.saveBatch`. */
  override async saveBatch(
    data: readonly unknown[],
    paths: readonly string[],
    options?: DiskSaveOptions,
  ): Promise<SaveResult[]> {
    return await super.saveBatch(data, paths, options);
  }

  /** With a root, the one rule for paths; without, the system's. */
  protected override normalize(path: string): string {
    if (this.#root !== undefined || typeof path !== "string") return normalizePath(path);
    if (path.includes("\0") || !path.isWellFormed()) {
      throw new StorageError("invalid-path", "path must be well-formed Unicode without NUL", { path });
    }
    return tidy(path);
  }

  /** As the system resolves it. */
  protected override async realPlace(path: string, options?: AbortOptions): Promise<string> {
    options?.signal?.throwIfAborted();
    return await this.store.realPlace(this.normalize(path));
  }

  /** Adds the durability. */
  protected override writeOptions(
    options: DiskSaveOptions | undefined,
  ): WriteOptions & Pick<DiskSaveOptions, "durability"> {
    const asked = super.writeOptions(options);
    return options?.durability === undefined ? asked : { ...asked, durability: options.durability };
  }

  /** The file of this machine behind an address. */
  override physicalSourcePath(address: string, options?: { basePath?: string | undefined }): string {
    const base = this.#root ?? options?.basePath ?? "";
    const path = this.normalize(address);
    return this.#root === undefined && path.startsWith("/") ? path : joinPath(base, path);
  }

  /**
   * Removes the temporary files that processes which died have left below a directory. It need not be called: the next
   * process that writes to a directory removes those in it that are an hour old.
   *
   * @param directory Where; `""` is the root, or the working directory.
   * @param options Which.
   * @returns How many were removed.
   * @throws {StorageError} `permission-denied`.
   */
  async sweep(directory: string = "", options?: SweepOptions): Promise<number> {
    try {
      return await this.store.sweep(this.normalize(directory), options);
    } catch (error) {
      throw inContext(error, { operation: "sweep", path: directory });
    }
  }

  /** What it takes to make it again elsewhere. */
  connectionParams(): ConnectionParams {
    return { root: this.#root, durability: this.#durability };
  }

  /** Makes a backend from what {@linkcode DiskBackend.connectionParams} answered. */
  static fromConnectionParams(params: ConnectionParams): DiskBackend {
    const { root, durability } = params;
    return new DiskBackend({
      root: root === undefined ? undefined : String(root),
      durability: durability === "fast" ? "fast" : "full",
    });
  }
}
