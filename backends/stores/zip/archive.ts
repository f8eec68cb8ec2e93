/**
 * {@linkcode ZipArchive}: an archive and what it holds, also when another one takes its place. It stands behind `ZipStore`, which loads
 * it with the library for zip files.
 *
 * @module
 */

import { isStorageError, StorageError } from "../../errors.ts";
import type { ZipLimits } from "../../zip_member.ts";
import { Flights } from "../flights.ts";
import type { AbortOptions, Entry, ListOptions, ReadOptions, Stat } from "../store.ts";
import { ZipContent } from "./content.ts";
import { meetsLink, type PlacedMember, placeLink, readZipDirectory, type ZipDirectory } from "./directory.ts";
import type { ZipSource, ZipVersion } from "./source.ts";

/** How it is read. */
export interface ZipPolicy extends ZipLimits {
  /** How long the archive is taken for the same without looking, in milliseconds. */
  readonly maxAge: number;
}

/** How often something is read again because the archive was replaced meanwhile. */
const TRIES = 5;

/** No path is longer, where links come from. */
const MAX_TARGET = 4096;

/** Reads one archive. */
export class ZipArchive {
  readonly #source: ZipSource;
  readonly #maxAge: number;
  readonly #content: ZipContent;
  readonly #flights = new Flights();
  #directory: ZipDirectory | undefined;
  #looked = -Infinity;

  /** Reads nothing yet. */
  constructor(source: ZipSource, policy: ZipPolicy) {
    this.#source = source;
    this.#maxAge = policy.maxAge;
    this.#content = new ZipContent(source, policy);
  }

  /** See `Readable.read`. */
  async read(path: string, options?: ReadOptions): Promise<Uint8Array | undefined> {
    return await this.#steadily(options, async (directory) => {
      const member = await this.#find(directory, path, options);
      if (member === undefined) return { result: undefined, checked: true };
      const checked = this.#content.isChecked(member, options);
      return { result: await this.#content.read(member, options), checked };
    });
  }

  /** See `Accelerated.openRead`. */
  async openRead(path: string, options?: ReadOptions): Promise<ReadableStream<Uint8Array> | undefined> {
    return await this.#steadily(options, async (directory) => {
      const member = await this.#find(directory, path, options);
      const result = member && await this.#content.open(member, options);
      return { result, checked: result === undefined, discard: () => result?.cancel() };
    });
  }

  /** See `Readable.stat`. */
  async stat(path: string, options?: AbortOptions): Promise<Stat | undefined> {
    return await this.#steadily(options, async (directory) => {
      await this.#resolve(directory, path, options);
      const node = directory.tree.find(path);
      return { result: node?.kind === "file" ? statOf(node.content) : node && { kind: node.kind }, checked: true };
    });
  }

  /** See `Listable.list`. */
  async *list(prefix: string, options?: ListOptions): AsyncGenerator<Entry> {
    const { tree } = await this.#steadily(options, async (directory) => {
      await this.#resolve(directory, prefix, options);
      return { result: directory, checked: true };
    });
    for (const { path, node } of tree.entries(prefix, options)) {
      options?.signal?.throwIfAborted();
      if (node.kind !== "file") yield { path, kind: node.kind };
      else if (node.content.symlink) yield { path, kind: "symlink" };
      else yield { path, kind: "file", size: node.content.uncompressedSize, modified: node.content.modified };
    }
  }

  /** See `Links.readSymlink`. */
  async readSymlink(path: string, options?: AbortOptions): Promise<string | undefined> {
    return await this.#steadily(options, async (directory) => {
      await this.#resolve(directory, path, options);
      return { result: directory.tree.readLink(path), checked: true };
    });
  }

  /** Does something on the archive that is there: again, if another one took its place meanwhile. */
  async #steadily<T>(
    options: AbortOptions | undefined,
    work: (directory: ZipDirectory) => Promise<{ result: T; checked: boolean; discard?: () => unknown }>,
  ): Promise<T> {
    const signal = options?.signal;
    for (let tries = 1;; tries++) {
      signal?.throwIfAborted();
      const directory = await this.#current(signal);
      if (tries === TRIES) throw replaced();
      try {
        const { result, checked, discard } = await work(directory);
        // A checksum shows what archive the bytes are of; without one, it must still be the same.
        if (checked || await this.#isCurrent(directory, signal, false)) return result;
        await discard?.();
      } catch (error) {
        if (!isStorageError(error, "corrupt") || await this.#isCurrent(directory, signal, true)) throw error;
      }
    }
  }

  /** What the archive holds that is there now. */
  async #current(signal?: AbortSignal): Promise<ZipDirectory> {
    if (this.#directory && Date.now() - this.#looked < this.#maxAge) return this.#directory;
    for (let tries = 0; tries < TRIES; tries++) {
      const began = Date.now();
      const version = await this.#source.look(signal);
      if (this.#directory?.version !== version.version) {
        const loaded = await this.#flights.join(version.version, (signal) => this.#load(version, signal), signal);
        if (loaded === undefined) continue;
        this.#directory = loaded;
      }
      this.#looked = began;
      return this.#directory;
    }
    throw replaced();
  }

  /** Reads the directory; `undefined` if the archive was replaced meanwhile. */
  async #load(version: ZipVersion, signal: AbortSignal): Promise<ZipDirectory | undefined> {
    try {
      const directory = await readZipDirectory(this.#source, version, signal);
      return await this.#isCurrent(version, signal, true) ? directory : undefined;
    } catch (error) {
      if (isStorageError(error, "corrupt") && !await this.#isCurrent(version, signal, true)) return undefined;
      throw error;
    }
  }

  async #isCurrent({ version }: ZipVersion, signal: AbortSignal | undefined, look: boolean): Promise<boolean> {
    if (!look && Date.now() - this.#looked < this.#maxAge) return true;
    const same = (await this.#source.look(signal)).version === version;
    if (!same) this.#looked = -Infinity;
    return same;
  }

  async #find(directory: ZipDirectory, path: string, options?: AbortOptions): Promise<PlacedMember | undefined> {
    await this.#resolve(directory, path, options);
    const node = directory.tree.find(path);
    return node?.kind === "file" ? node.content : undefined;
  }

  /** Finds out where the links lead, if the path meets any. */
  async #resolve(directory: ZipDirectory, path: string, options?: AbortOptions): Promise<void> {
    if (!meetsLink(directory, path)) return;
    const targets = await this.#flights.join(`links\0${directory.version}`, async (signal) => {
      const texts = new Map<string, string>();
      for (const [path, member] of directory.links) texts.set(path, await this.#target(member, signal));
      return texts;
    }, options?.signal);
    for (const [path, text] of targets) if (directory.links.delete(path)) placeLink(directory, path, text);
  }

  /** The text of a link. */
  async #target(member: PlacedMember, signal: AbortSignal): Promise<string> {
    if (member.uncompressedSize > MAX_TARGET) {
      throw new StorageError("corrupt", `zip member ${JSON.stringify(member.filename)}: a link that is too long`);
    }
    return new TextDecoder().decode(await this.#content.read(member, { signal })).replaceAll("\0", "\ufffd");
  }
}

function statOf({ crc32, uncompressedSize, offset, modified }: PlacedMember): Stat {
  const etag = `${crc32?.toString(16)}-${uncompressedSize}-${offset}`;
  return { kind: "file", size: uncompressedSize, etag, ...(modified && { modified }) };
}

function replaced(): StorageError {
  const detail = "the archive was replaced again and again while it was read";
  return new StorageError("busy", detail, { retryable: true });
}
