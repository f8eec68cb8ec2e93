/**
 * {@linkcode ServedStore}: a store that can be asked for everything.
 *
 * @module
 */

import { StorageError } from "../../backends/errors.ts";
import { absenceIn, checkDirectory, checkPlaces, deleteTree } from "../../backends/store_checks.ts";
import { MEMBERS } from "../../backends/stores/remote/wire.ts";
import type { AbortOptions, Store, WriteOptions, WriteRequest, WriteResult } from "../../backends/stores/store.ts";
import { collecting } from "../../backends/stores/stream.ts";

/**
 * A store as the server asks it. What can be derived from other members without a race is; what cannot is refused with
 * `unsupported`.
 */
export class ServedStore {
  /** The store itself. */
  readonly store: Store;
  /** The members it has. */
  readonly members: readonly string[];

  /** @param store The store, which stays open. */
  constructor(store: Store) {
    this.store = store;
    this.members = MEMBERS.filter((member) => store[member] !== undefined);
  }

  /** A member, bound; refused if the store has none. */
  need<M extends (typeof MEMBERS)[number]>(member: M, path: string): NonNullable<Store[M]> {
    const found = this.store[member];
    if (found !== undefined) return found.bind(this.store) as NonNullable<Store[M]>;
    throw new StorageError("unsupported", `the store of this backend does not offer ${member}`, { path });
  }

  /** See `Accelerated.copy`. */
  async copy(from: string, to: string, options: WriteOptions): Promise<WriteResult> {
    if (this.store.copy) return await this.store.copy(from, to, options);
    const write = this.need("write", to);
    const bytes = await this.store.read(from, options);
    if (bytes === undefined) throw await absenceIn(this.store, from, options);
    return await write(to, bytes, options);
  }

  /** See `Accelerated.deleteTree`. */
  async deleteTree(path: string, options: AbortOptions): Promise<void> {
    this.need("delete", path);
    await deleteTree(this.store, path, options);
  }

  /** Makes a directory, where the store has real ones; elsewhere, only looks whether one could be there. */
  async makeDirectory(path: string, options: AbortOptions): Promise<void> {
    if (this.store.makeDirectory) return await this.store.makeDirectory(path, options);
    this.need("write", path);
    await checkDirectory(this.store, path, options);
  }

  /** See `Accelerated.readMany`. */
  async readMany(paths: readonly string[], options: AbortOptions): Promise<(Uint8Array | undefined)[]> {
    if (this.store.readMany) return await this.store.readMany(paths, options);
    return await Promise.all(paths.map((path) => this.store.read(path, options)));
  }

  /** See `Accelerated.writeMany`. */
  async writeMany(writes: AsyncIterable<WriteRequest>, options: WriteOptions): Promise<WriteResult[]> {
    if (this.store.writeMany) return await this.store.writeMany(writes, options);
    const write = this.need("write", "");
    const all = await Array.fromAsync(writes);
    if (options.ifMatch !== undefined && all.length > 1) {
      throw new StorageError("invalid-argument", "one etag cannot be that of many files");
    }
    await checkPlaces(this.store, all.map(({ path }) => path), {
      overwrite: !options.ifAbsent,
      signal: options.signal,
    });
    const results: WriteResult[] = [];
    for (const { path, bytes } of all) results.push(await write(path, bytes, options));
    return results;
  }

  /** See `Accelerated.openWrite`. */
  async openWrite(path: string, options: WriteOptions): Promise<WritableStream<Uint8Array>> {
    if (this.store.openWrite) return await this.store.openWrite(path, options);
    const write = this.need("write", path);
    return collecting((bytes) => write(path, bytes, options), options.signal);
  }
}
