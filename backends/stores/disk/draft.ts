/**
 * {@linkcode DiskDraft}: content in a temporary file, on its way to be published.
 *
 * @module
 */

import { StorageError } from "../../errors.ts";
import type { WriteOptions } from "../store.ts";

/** Up to this size one synchronous call is faster than handing the work to another thread, and short. */
export const SYNC_SIZE = 1024 * 1024;

/** No single system call takes more than this, so that an abort is noticed in between. */
const PIECE = 16 * 1024 * 1024;

/** The etag of a file: changes with every content, because of a draft's `publish`. */
export function etagOf(info: Deno.FileInfo): string {
  const modified = info.mtime?.getTime() ?? 0;
  return `${modified.toString(36)}-${info.size.toString(36)}-${(info.ino ?? 0).toString(36)}`;
}

/** What a file system without hard links says. */
const NO_LINKS: ReadonlySet<string> = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"]);

/** A temporary file beside its target. Ends by `publish` or by `discard`. */
export class DiskDraft {
  readonly #path: string;
  readonly #file: Deno.FsFile;
  #info: Deno.FileInfo | undefined;
  #open = true;
  #there = true;

  /**
   * Creates the file; throws Deno's `NotFound` if the directory is missing.
   *
   * @param path Path of the system.
   * @param mode Who may read it: those who may read what it will replace.
   */
  constructor(path: string, mode?: number) {
    this.#path = path;
    this.#file = Deno.openSync(path, { write: true, createNew: true, ...(mode ? { mode: mode & 0o777 } : {}) });
  }

  /** Tells sweepers that someone is still at work here, however long it takes. */
  hold(): void {
    this.#file.tryLockSync(true);
  }

  /** Appends a small piece at once. */
  appendSync(bytes: Uint8Array): void {
    for (let offset = 0; offset < bytes.length;) offset += this.#file.writeSync(bytes.subarray(offset));
  }

  /** Appends bytes, noticing an abort every few megabytes. */
  async append(bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
    if (bytes.length <= SYNC_SIZE) return this.appendSync(bytes);
    for (let offset = 0; offset < bytes.length;) {
      signal?.throwIfAborted();
      offset += await this.#file.write(bytes.subarray(offset, offset + PIECE));
    }
  }

  /** Waits until the content is on the disk. */
  async sync(): Promise<void> {
    await this.#file.sync();
  }

  /** Closes the file, which is full; waiting drafts would use up the descriptors. */
  seal(): Deno.FileInfo {
    const info = this.#info ??= this.#file.statSync();
    this.#close();
    return info;
  }

  /**
   * Checks the conditions and moves the file onto its target in one step.
   *
   * @param target Path of the system.
   * @param before What is there just now.
   * @param path Path in the store, for messages.
   * @param options The conditions.
   * @param floor The new modification time must come after this one, in milliseconds.
   * @returns The new etag, and its time.
   */
  publish(
    target: string,
    before: Deno.FileInfo | undefined,
    path: string,
    options: WriteOptions | undefined,
    floor: number,
  ): { etag: string; modified: number } {
    checkConditions(before, path, options);
    let info = this.seal();
    const last = Math.max(floor, before?.mtime?.getTime() ?? 0);
    if (info.mtime !== null && info.mtime.getTime() <= last) {
      // Two contents within one tick of the clock, and the inode may be a reused one: tell them apart by the time.
      const modified = new Date(last + 1);
      Deno.utimeSync(this.#path, modified, modified);
      info = { ...info, mtime: modified };
    }
    if (before?.mode && info.mode && (before.mode & 0o7777) !== (info.mode & 0o7777)) {
      Deno.chmodSync(this.#path, before.mode & 0o7777);
    }
    if (options?.ifAbsent) this.#publishNew(target, path);
    else Deno.renameSync(this.#path, target);
    this.#there = false;
    return { etag: etagOf(info), modified: info.mtime?.getTime() ?? 0 };
  }

  /** A hard link is made only where nothing is, so of two who create, one wins; no lock is needed. */
  #publishNew(target: string, path: string): void {
    try {
      Deno.linkSync(this.#path, target);
    } catch (error) {
      if (error instanceof Deno.errors.AlreadyExists) throw existsAlready(path);
      if (!NO_LINKS.has((error as { code?: string }).code ?? "")) throw error;
      // Some file systems have no hard links. The lock of the directory keeps others who create away.
      return Deno.renameSync(this.#path, target);
    }
    this.#remove();
  }

  /** Closes and removes the file, if it is still there. */
  discard(): void {
    this.#close();
    if (this.#there) this.#remove();
  }

  #remove(): void {
    this.#there = false;
    try {
      Deno.removeSync(this.#path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  #close(): void {
    if (this.#open) this.#file.close();
    this.#open = false;
  }
}

/** Throws unless what is there now may be replaced. */
export function checkConditions(info: Deno.FileInfo | undefined, path: string, options?: WriteOptions): void {
  if (info?.isDirectory) throw new StorageError("is-a-directory", "it is a directory, not a file", { path });
  if (options?.ifAbsent && info) throw existsAlready(path);
  if (options?.ifMatch !== undefined && (info === undefined || etagOf(info) !== options.ifMatch)) {
    throw new StorageError("precondition-failed", "it has changed since: load it again and retry", { path });
  }
}

function existsAlready(path: string): StorageError {
  return new StorageError("already-exists", "it exists already", { path });
}
