/**
 * The zip backend: the values in a zip archive, to be read.
 *
 * Permissions: for an archive on the disk, `--allow-read` for it; for one in memory or in a store, none of its own.
 *
 * @module
 */

import { StoreBackend, type StoreBackendOptions } from "./store_backend.ts";
import { type ZipLocation, type ZipReadOptions, ZipStore } from "./stores/zip_store.ts";

export { type ZipLocation, type ZipReadOptions, ZipStore, type ZipStoreOptions } from "./stores/zip_store.ts";

/** Options of {@linkcode ZipBackend}. */
export type ZipBackendOptions = ZipLocation & ZipReadOptions & StoreBackendOptions;

/**
 * The values in a zip archive, each decoded by the format of its suffix: from bytes, from a file of any store, or from the disk. It is read,
 * never written; of a large archive only what is asked for. What names and entries may be is told at `ZipStore`.
 *
 * It needs to know which archive, so it has no name by itself: `registry.register("plate", () => new ZipBackend({ path: "plate.zip" }))`.
 *
 * @example
 * ```ts
 * import { MemoryStore } from "@polystore/polystore/stores";
 * import { ZipBackend } from "@polystore/polystore/zip";
 * import { ZipWriter, Uint8ArrayWriter, TextReader } from "@zip.js/zip.js";
 * import assert from "node:assert/strict";
 *
 * const writer = new ZipWriter(new Uint8ArrayWriter(), { useWebWorkers: false });
 * await writer.add("plate/meta.json", new TextReader('{ "wells": 96 }'));
 * const bytes = await writer.close();
 *
 * const zip = new ZipBackend({ bytes });
 * assert.deepEqual(await zip.load("plate/meta.json"), { wells: 96 });
 * assert.deepEqual(await zip.listDir(""), ["plate"]);
 * await assert.rejects(zip.save({}, "new.json"), { code: "unsupported" });
 *
 * const store = new MemoryStore();
 * await store.write("archives/plate.zip", bytes);
 * const stored = new ZipBackend({ store, path: "archives/plate.zip" });
 * assert.deepEqual(await stored.load("plate/meta.json"), { wells: 96 });
 * ```
 */
export class ZipBackend extends StoreBackend<ZipStore> {
  /** The name that stands for its kind. It is not registered: it cannot be made without an archive. */
  static readonly backendType: string = "zip";

  /**
   * Creates a backend; nothing is read yet.
   *
   * @throws {RangeError} If an option is not what it should be.
   */
  constructor(options: ZipBackendOptions) {
    super(new ZipStore(options), options);
  }

  /** Whether paths are checked against the file system before use: no, they are those of the archive. */
  override get requiresFilesystemValidation(): boolean {
    return false;
  }
}
