/**
 * The temporary backend: values in a directory of the disk that is gone at the end.
 *
 * Permissions: `--allow-read` and `--allow-write` for the directory in which the temporary one is made: `TMPDIR`, else `/tmp`, unless `dir` is
 * given. Making symbolic links needs both without a path, because Deno cannot know where a link will lead.
 *
 * @module
 */

import { registerBackend } from "./catalogue.ts";
import { joinPath } from "./path.ts";
import { StoreBackend, type StoreBackendOptions } from "./store_backend.ts";
import { TemporaryStore, type TemporaryStoreOptions } from "./stores/temporary_store.ts";
import type { AbortOptions } from "./stores/store.ts";

export { TemporaryStore, type TemporaryStoreOptions } from "./stores/temporary_store.ts";

/** Options of {@linkcode TemporaryBackend}. */
export interface TemporaryBackendOptions extends TemporaryStoreOptions, StoreBackendOptions {}

/**
 * Values in a fresh directory of the disk, each encoded by the format of its suffix. The first operation makes the directory;
 * `await using`, or `close`, removes it with everything in it. It is a `DiskBackend` with a root in every other way.
 *
 * A process that is killed leaves its directory behind; the name begins with `polystore-temporary-`, or the `prefix`.
 *
 * @example
 * ```ts
 * import { FileManager } from "@polystore/polystore";
 * import { TemporaryBackend } from "@polystore/polystore/temporary";
 * import assert from "node:assert/strict";
 *
 * let path: string | undefined;
 * {
 *   await using temp = new TemporaryBackend();
 *   const fm = new FileManager({ temp });
 *   await fm.save({ wells: 96 }, "plate/meta.json", "temp");
 *   assert.deepEqual(await fm.load("plate/meta.json", "temp"), { wells: 96 });
 *   path = temp.physicalSourcePath("plate/meta.json");
 *   assert((await Deno.stat(path!)).isFile);
 * }
 * await assert.rejects(Deno.stat(path!), Deno.errors.NotFound);
 * ```
 */
export class TemporaryBackend extends StoreBackend<TemporaryStore> {
  /** The name it is registered under. */
  static readonly backendType: string = "temporary";
  static {
    registerBackend(this);
  }

  /** Creates a backend; the disk is not touched. */
  constructor(options: TemporaryBackendOptions = {}) {
    super(new TemporaryStore(options), options);
  }

  /** The directory; `undefined` before the first operation and after `close`. */
  get directory(): string | undefined {
    return this.store.directory;
  }

  /** As the system resolves it. */
  protected override async realPlace(path: string, options?: AbortOptions): Promise<string> {
    options?.signal?.throwIfAborted();
    return await this.store.realPlace(this.normalize(path));
  }

  /** The file of this machine behind an address; `undefined` while there is no directory. */
  override physicalSourcePath(address: string): string | undefined {
    return this.directory && joinPath(this.directory, this.normalize(address));
  }
}
