/**
 * {@linkcode DiskWriter}: the way of content onto the disk, from a draft to a synced name.
 *
 * @module
 */

import { DirectorySync, Sweeper, withLock } from "./directory.ts";
import { checkConditions, DiskDraft, SYNC_SIZE } from "./draft.ts";
import { joinPath } from "../../path.ts";
import { diskError } from "./error.ts";
import { type DiskPlace, type DiskPlaces, lookAt } from "./place.ts";
import { TemporaryNames } from "./hidden_names.ts";
import { directoryOf } from "./system_path.ts";
import type { WriteOptions, WriteRequest, WriteResult } from "../store.ts";

/**
 * How safe a write is when it resolves.
 *
 * `full`: it is on the disk and survives a power loss; the file and its directory are synced. `fast`: neither is
 * synced; a killed process still leaves the old or the new content, but a power loss may leave an empty file.
 */
export type Durability = "full" | "fast";

/** Options of a write on disk. */
export interface DiskWriteOptions extends WriteOptions {
  /**
   * How safe this write is when it resolves.
   *
   * @default {undefined} as the store was made
   */
  durability?: Durability | undefined;
}

/** A write that has a draft. */
export interface Prepared {
  /** Where the content waits. */
  readonly draft: DiskDraft;
  /** Where it is to go. */
  readonly place: DiskPlace;
  /** The path in the store. */
  readonly path: string;
  /** The parents that were made for it, the innermost first. */
  readonly made: readonly string[];
}

/** More syncs under way than this do not make a batch faster. */
const SYNCS_AT_ONCE = 16;

/** How often a write starts again because someone deleted the directory under it. */
const ATTEMPTS = 20;

/** Writes content beside its target, syncs it, and publishes it by renaming. */
export class DiskWriter {
  readonly #places: DiskPlaces;
  readonly #durability: Durability;
  readonly #temporary = new TemporaryNames();
  readonly #directories = new DirectorySync();
  readonly #sweeper = new Sweeper();
  /** The latest time that a content here was given, or a removal seen. */
  #latest = 0;
  /** Content where nothing was before must be later than this. */
  #floor = 0;

  /** Creates a writer of a store. */
  constructor(places: DiskPlaces, durability: Durability) {
    this.#places = places;
    this.#durability = durability;
  }

  /**
   * Sees to it that content which comes later where something was removed differs from it in time: to this process by its own
   * clock, to others by the time of the directory.
   *
   * @param directory Where it was.
   * @param removed What it was.
   */
  noteRemoval(directory: string, removed?: Deno.FileInfo): void {
    this.#latest = Math.max(this.#latest, Date.now());
    this.#floor = this.#latest;
    const modified = removed?.isFile ? removed.mtime : null;
    if (modified === null) return;
    const changed = lookAt(directory)?.mtime;
    if (changed && changed < modified) Deno.utimeSync(directory, new Date(), modified);
  }

  /** A path for something temporary in a directory. */
  temporary(directory: string): string {
    return `${directory}/${this.#temporary.next()}`;
  }

  /**
   * Where something is to be put; its parents are made.
   *
   * @param path Path in the store.
   * @param follow Whether a link there is followed.
   * @param ifMatch Known to fail if nothing is there: then nothing is made.
   * @returns The place, and the parents that were made, the innermost first.
   */
  place(path: string, follow: boolean, ifMatch?: string): { place: DiskPlace; made: string[] } {
    const made: string[] = [];
    for (let attempt = 0;; attempt++) {
      try {
        const place = this.#places.target(path, follow);
        if (place.info !== undefined) return { place, made };
        const directory = lookAt(place.directory);
        if (directory === undefined) throw new Deno.errors.NotFound();
        return { place: { ...place, since: directory.mtime?.getTime() }, made };
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound) || attempt >= ATTEMPTS) throw error;
        if (ifMatch !== undefined) checkConditions(undefined, path, { ifMatch });
        made.push(...this.#places.makeParents(path));
      }
    }
  }

  /** Checks what can be checked before, makes the parents, and opens a draft. */
  prepare(path: string, options?: DiskWriteOptions): Prepared {
    const { place, made } = this.place(path, true, options?.ifMatch);
    try {
      checkConditions(place.info, path, options);
      return {
        draft: new DiskDraft(this.temporary(place.directory), place.info?.mode ?? undefined),
        place,
        path,
        made,
      };
    } catch (error) {
      this.unmake(made);
      throw error;
    }
  }

  /** Gives up a write: what was made for it goes. */
  discard({ draft, made }: Prepared): void {
    draft.discard();
    this.unmake(made);
  }

  /** Removes parents that were made for something that failed, as far as nobody uses them. */
  unmake(made: readonly string[]): void {
    for (const directory of made) {
      try {
        Deno.removeSync(directory);
      } catch {
        return; // in use by now, so those above it are too; the caller hears of what failed before
      }
    }
  }

  /**
   * Writes a small file at once, where nothing has to be waited for: no sync, no lock, no sweep.
   *
   * @returns The etag; `undefined` if it takes more than that, and nothing was done.
   */
  writeNow(path: string, bytes: Uint8Array, options: DiskWriteOptions | undefined): string | undefined {
    if (bytes.length > SYNC_SIZE || this.#isDurable(options) || isConditional(options)) return undefined;
    let draft: DiskDraft | undefined;
    let made: readonly string[] = [];
    try {
      made = this.#places.makeUnseen(path);
      const place = this.#newPlace(made, path) ?? this.#places.target(path, true);
      if (!this.#sweeper.knows(place.directory)) return undefined;
      checkConditions(place.info, path);
      const since = place.info ? 0 : lookAt(place.directory)?.mtime?.getTime() ?? 0;
      draft = new DiskDraft(this.temporary(place.directory), place.info?.mode ?? undefined);
      draft.appendSync(bytes);
      const { etag, modified } = draft.publish(place.path, place.info, path, options, Math.max(this.#floor, since));
      if (modified > this.#latest) this.#latest = modified;
      return etag;
    } catch (error) {
      draft?.discard();
      this.unmake(made);
      if (error instanceof Deno.errors.NotFound) return undefined; // parents to make
      throw error;
    }
  }

  /** The place of a file in a directory that was made just now, so that nothing can be there. */
  #newPlace([directory]: readonly string[], path: string): DiskPlace | undefined {
    if (directory === undefined) return undefined;
    this.#sweeper.note(directory);
    return { directory, path: joinPath(directory, path.slice(path.lastIndexOf("/") + 1)), info: undefined };
  }

  /** Writes one file; `fill` may be called again if the directory vanishes meanwhile. */
  async write(
    path: string,
    options: DiskWriteOptions | undefined,
    fill: (draft: DiskDraft) => void | Promise<void>,
  ): Promise<WriteResult> {
    for (let attempt = 1;; attempt++) {
      let prepared: Prepared | undefined;
      try {
        prepared = this.prepare(path, options);
        const filling = fill(prepared.draft);
        if (filling !== undefined) await filling;
        return await this.finish(prepared, options, filling === undefined);
      } catch (error) {
        if (prepared) this.discard(prepared);
        if (!(error instanceof Deno.errors.NotFound) || attempt >= ATTEMPTS) throw error;
      }
    }
  }

  /**
   * Syncs and publishes a filled draft.
   *
   * @param prepared The draft, and where it goes.
   * @param options The conditions.
   * @param atOnce Whether nothing can have happened since it was prepared, so that nobody need look again.
   * @returns The etag.
   */
  async finish(
    prepared: Prepared,
    options: DiskWriteOptions | undefined,
    atOnce: boolean = false,
  ): Promise<WriteResult> {
    const { draft, place, made } = prepared;
    const isDurable = this.#isDurable(options);
    if (isDurable) await draft.sync();
    options?.signal?.throwIfAborted();
    const etag = isDurable || isConditional(options)
      ? await this.#publishLocked(prepared, options)
      : this.#publish(prepared, options, atOnce ? place.info : lookAt(place.path));
    if (isDurable) await this.sync([place.directory, ...made.map(directoryOf)]);
    await this.#sweeper.visit(place.directory, made.length > 0);
    return { etag };
  }

  /** Writes many files: all drafts are on the disk before the first is published; each directory is synced once. */
  async writeMany(
    writes: Iterable<WriteRequest> | AsyncIterable<WriteRequest>,
    options?: DiskWriteOptions,
  ): Promise<WriteResult[]> {
    const prepared: Prepared[] = [];
    const syncs: Promise<void>[] = [];
    let at = "";
    try {
      for await (const { path, bytes } of writes) {
        at = path;
        options?.signal?.throwIfAborted();
        const write = this.prepare(path, options);
        prepared.push(write);
        await write.draft.append(bytes, options?.signal);
        if (this.#isDurable(options)) syncs.push(write.draft.sync().then(() => void write.draft.seal()));
        else write.draft.seal();
        if (syncs.length >= SYNCS_AT_ONCE) await Promise.all(syncs.splice(0));
      }
      await Promise.all(syncs.splice(0));
      options?.signal?.throwIfAborted();
      const present = prepared.map(({ path, place }) => {
        at = path;
        const info = lookAt(place.path);
        checkConditions(info, path, options);
        return info;
      });
      const locked = this.#isDurable(options) || isConditional(options);
      const results: WriteResult[] = [];
      for (const [index, write] of prepared.entries()) {
        at = write.path;
        const etag = locked ? await this.#publishLocked(write, options) : this.#publish(write, options, present[index]);
        results.push({ etag });
      }
      if (this.#isDurable(options)) {
        await this.sync(prepared.flatMap(({ place, made }) => [place.directory, ...made.map(directoryOf)]));
      }
      const fresh = new Set(prepared.flatMap(({ made }) => made));
      for (const directory of new Set(prepared.map(({ place }) => place.directory))) {
        await this.#sweeper.visit(directory, fresh.has(directory));
      }
      return results;
    } catch (error) {
      await Promise.allSettled(syncs);
      for (const write of prepared.reverse()) this.discard(write);
      throw diskError(error, at);
    }
  }

  /** Syncs directories, unless the store is not durable. */
  async sync(directories: readonly string[]): Promise<void> {
    if (directories.length === 1) return await this.#directories.sync(directories[0]!);
    await Promise.all([...new Set(directories)].map((directory) => this.#directories.sync(directory)));
  }

  /** Syncs directories after a change of names, if the store is durable. */
  async settle(...directories: readonly string[]): Promise<void> {
    if (this.#isDurable(undefined)) await this.sync(directories);
  }

  #isDurable(options: DiskWriteOptions | undefined): boolean {
    return (options?.durability ?? this.#durability) === "full";
  }

  #publishLocked(prepared: Prepared, options: DiskWriteOptions | undefined): Promise<string> {
    const { directory, path, info } = prepared.place;
    const exclusive = isConditional(options);
    // Without a condition the first look will do: the draft is younger than it, so its inode differs from all that came since.
    return withLock(directory, exclusive, () => this.#publish(prepared, options, exclusive ? lookAt(path) : info));
  }

  #publish(
    { draft, place, path }: Prepared,
    options: DiskWriteOptions | undefined,
    before: Deno.FileInfo | undefined,
  ): string {
    const floor = Math.max(this.#floor, place.since ?? 0);
    const { etag, modified } = draft.publish(place.path, before, path, options, floor);
    this.#latest = Math.max(this.#latest, modified);
    return etag;
  }
}

/** Whether a write depends on what is there, so that nobody else may change it meanwhile. */
function isConditional(options: WriteOptions | undefined): boolean {
  return options?.ifMatch !== undefined || options?.ifAbsent === true;
}
