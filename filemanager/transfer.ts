/**
 * Copying, moving and synchronising between two backends.
 *
 * @module
 */

import { pooled } from "../backends/concurrency.ts";
import { isStorageError, StorageError } from "../backends/errors.ts";
import { isInside, joinPath } from "../backends/path.ts";
import type { Entry } from "../backends/stores/store.ts";
import { type Side, told, type TransferOptions } from "./side.ts";
import { isSame, transferFile } from "./transfer_file.ts";

/** What a transfer has done. */
export interface TransferResult {
  /** Files and links written. */
  readonly files: number;
  /** Files left as they were, because they are the same. */
  readonly unchanged: number;
  /** Bytes written; of values that never were bytes, none. */
  readonly bytes: number;
}

/** Options of `sync`. */
export interface SyncOptions extends Omit<TransferOptions, "overwrite" | "resume"> {
  /**
   * Delete what is at the destination and not at the source.
   *
   * @default {false}
   */
  delete?: boolean | undefined;
  /**
   * Only tell what would be done.
   *
   * @default {false}
   */
  dryRun?: boolean | undefined;
}

/** What `sync` has done, or would do. Paths are below the directories. */
export interface SyncResult extends TransferResult {
  /** Files and links copied. */
  readonly copied: readonly string[];
  /** Files, links and directories deleted. */
  readonly deleted: readonly string[];
}

/** Something to transfer, below the directory the transfer is about. */
interface Item {
  readonly below: string;
  readonly kind: "file" | "symlink";
}

/** Copies a file, a link, or a directory with all it holds, to another backend. */
export async function transfer(
  source: Side,
  target: Side,
  from: string,
  to: string,
  options: TransferOptions = {},
): Promise<TransferResult> {
  const { signal, overwrite = false, resume = false, symlinks = "keep" } = options;
  const info = await told(source, () => source.backend.stat(from, { signal }));
  const there = await told(target, () => target.backend.exists(to, { signal }));
  if (there && !overwrite && !resume) {
    throw new StorageError("already-exists", "the destination exists already", { backend: target.name, path: to });
  }
  if ((info.targetKind ?? info.kind) !== "directory" || (info.kind === "symlink" && symlinks !== "follow")) {
    return await transferItems(source, target, from, to, [{ below: "", kind: info.kind as Item["kind"] }], options);
  }
  const { items, directories } = await contents(source, from, options);
  await makeDirectories(source, target, from, to, ["", ...directories], signal);
  return await transferItems(source, target, from, to, items, options);
}

/** Copies to another backend, and deletes the source once every file is verified. */
export async function transferAndDelete(
  source: Side,
  target: Side,
  from: string,
  to: string,
  options: TransferOptions = {},
): Promise<TransferResult> {
  if (options.symlinks === "skip") {
    throw new StorageError("invalid-argument", 'a move cannot skip links: they would be lost; use symlinks: "keep"', {
      path: from,
    });
  }
  const result = await transfer(source, target, from, to, { ...options, verify: true });
  await told(source, () => source.backend.delete(from, { recursive: true, signal: options.signal }));
  return result;
}

/** Makes a directory of one backend equal to one of another: copies what differs, and deletes the rest if asked to. */
export async function synchronise(
  source: Side,
  target: Side,
  from: string,
  to: string,
  options: SyncOptions = {},
): Promise<SyncResult> {
  const { signal, dryRun = false } = options;
  const wanted = await contents(source, from, options);
  const present = await told(target, () => target.backend.isDir(to, { signal }))
    ? await contents(target, to, { signal, symlinks: "keep" })
    : { items: [], directories: [] };
  const known = new Map(present.items.map((item) => [item.below, item]));
  const same = await pooled(wanted.items, options.concurrency ?? CONCURRENCY, async ({ below, kind }) => {
    const other = known.get(below);
    return other?.kind === kind && kind === "file" &&
      await isSame(source, target, joinPath(from, below), joinPath(to, below), signal);
  }, signal);
  const items = wanted.items.filter((_, index) => !same[index]);
  const kept = new Set([...wanted.items.map(({ below }) => below), ...wanted.directories]);
  const surplus = [...present.items.map(({ below }) => below), ...present.directories]
    .filter((below) => !kept.has(below));
  const deleted = options.delete ? surplus.sort().reverse() : [];
  const plan = { copied: items.map(({ below }) => below), deleted, unchanged: wanted.items.length - items.length };
  if (dryRun) return { ...plan, files: 0, bytes: 0 };
  for (const below of deleted) {
    await told(target, () => target.backend.delete(joinPath(to, below), { force: true, signal }));
  }
  await makeDirectories(source, target, from, to, ["", ...wanted.directories], signal);
  const done = await transferItems(source, target, from, to, items, { ...options, overwrite: true });
  return { ...plan, files: done.files, bytes: done.bytes };
}

const CONCURRENCY = 4;

async function contents(
  source: Side,
  from: string,
  { signal, symlinks = "keep" }: Pick<TransferOptions, "signal" | "symlinks">,
): Promise<{ items: Item[]; directories: string[] }> {
  const items: Item[] = [];
  const directories: string[] = [];
  async function visit(directory: string, below: string): Promise<void> {
    const entries: AsyncIterable<Entry> = source.backend.entries(directory, { recursive: true, signal });
    for await (const { path, kind } of entries) {
      const name = joinPath(below, path.slice(directory.length).replace(/^\//, ""));
      if (kind === "directory") directories.push(name);
      else if (kind === "file") items.push({ below: name, kind });
      else if (symlinks === "keep") items.push({ below: name, kind });
      else if (symlinks === "follow") await follow(path, name);
    }
  }
  async function follow(path: string, name: string): Promise<void> {
    const { targetKind, target = "" } = await source.backend.stat(path, { signal });
    if (targetKind === "file") items.push({ below: name, kind: "file" });
    else if (targetKind === "directory") {
      if (isInside(path, target)) {
        throw new StorageError("too-many-links", "the link leads to a directory it is in", { path });
      }
      directories.push(name);
      await visit(path, name);
    } else throw new StorageError("not-found", "it is a symbolic link that leads nowhere", { path });
  }
  await told(source, () => visit(from, ""));
  return { items, directories };
}

async function transferItems(
  source: Side,
  target: Side,
  from: string,
  to: string,
  items: readonly Item[],
  options: TransferOptions,
): Promise<TransferResult> {
  const { signal, resume = false, concurrency = CONCURRENCY, onProgress } = options;
  let files = 0;
  let bytes = 0;
  let unchanged = 0;
  async function one({ below, kind }: Item): Promise<void> {
    const path = joinPath(from, below);
    const goal = joinPath(to, below);
    if (kind === "symlink") await transferLink(source, target, from, to, below, options);
    else if (resume && await isSame(source, target, path, goal, signal)) unchanged++;
    else bytes += await transferFile(source, target, path, goal, options);
    files++;
    onProgress?.({ path, files, totalFiles: items.length, bytes });
  }
  // Links last: what they lead to is there by then.
  await pooled(items.filter(({ kind }) => kind === "file"), concurrency, one, signal);
  await pooled(items.filter(({ kind }) => kind === "symlink"), concurrency, one, signal);
  return { files: files - unchanged, unchanged, bytes };
}

async function transferLink(
  source: Side,
  target: Side,
  from: string,
  to: string,
  below: string,
  { signal, symlinks, overwrite, resume }: TransferOptions,
): Promise<void> {
  if (symlinks === "skip") return;
  const leads = (await told(source, () => source.backend.stat(joinPath(from, below), { signal }))).target ?? "";
  const aim = below !== "" && isInside(leads, from) ? joinPath(to, leads.slice(from.length).replace(/^\//, "")) : leads;
  await told(target, async () => {
    const path = joinPath(to, below);
    if (
      overwrite && await target.backend.isFile(path, { signal }) && !await target.backend.isSymlink(path, { signal })
    ) {
      await target.backend.delete(path, { signal });
    }
    const overwriteSymlinksOnly = Boolean(overwrite || resume);
    await target.backend.createSymlink(aim, path, { overwriteSymlinksOnly, dangling: true, signal });
  });
}

async function makeDirectories(
  source: Side,
  target: Side,
  from: string,
  to: string,
  directories: readonly string[],
  signal?: AbortSignal,
): Promise<void> {
  for (const below of directories) {
    const directory = joinPath(to, below);
    try {
      if (directory !== "") await told(target, () => target.backend.ensureDirectory(directory, { signal }));
    } catch (error) {
      // Without empty directories, one is there when something is in it.
      if (!isStorageError(error, "unsupported")) throw error;
    }
    await told(target, async () => {
      await target.backend.copyFrom?.(source.backend, joinPath(from, below), directory, { signal });
    });
  }
}
