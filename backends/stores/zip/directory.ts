/**
 * {@linkcode readZipDirectory}: what an archive holds, read from its end.
 *
 * The structure of the archive (zip64, comments, bytes in front of it, encodings of names) is the library's work; what a name may be
 * and where it leads is decided here.
 *
 * @module
 */

import { type Entry, Reader, ZipReader } from "@zip.js/zip.js";
import { isStorageError } from "../../errors.ts";
import { joinPath, normalizePath, parentPath } from "../../path.ts";
import { corruptMember, zipErrors, type ZipMember } from "../../zip_member.ts";
import { Tree } from "../tree.ts";
import type { ZipSource, ZipVersion } from "./source.ts";

/** A member of an archive, and where it is. */
export interface PlacedMember extends ZipMember {
  /** Whether its content is where a symbolic link leads. */
  readonly symlink: boolean;
  /** When it last changed, if it says so. */
  readonly modified: Date | undefined;
  /** Its name in the archive, byte by byte. */
  readonly rawFilename: Uint8Array;
  /** Where its header begins. */
  readonly offset: number;
  /** Where the next member, or the directory, begins. */
  limit: number;
  /** Where its content begins, once its header was read. */
  dataOffset: number | undefined;
}

/** What an archive holds. */
export interface ZipDirectory extends ZipVersion {
  /** Its members; those that are links are files among them until it was read where they lead. */
  readonly tree: Tree<PlacedMember>;
  /** Those that are links, by path. */
  readonly links: Map<string, PlacedMember>;
}

/** How much is read at once of the end, where the directory is: as far as its last record can be away from that. */
const TAIL = 22 + 0xffff;

/**
 * Reads the directory of an archive.
 *
 * @param source The archive.
 * @param version Which one.
 * @param signal Stops it.
 * @returns The directory.
 * @throws {StorageError} `corrupt` if it is no archive, or if a name in it leads out, is there twice, or is a file and a directory;
 * `unsupported` for one in several parts.
 */
export async function readZipDirectory(
  source: ZipSource,
  version: ZipVersion,
  signal?: AbortSignal,
): Promise<ZipDirectory> {
  const bytes = new Window(source, version.size, signal);
  // Names are checked below; members are compared with their headers when they are read.
  const options = { strictness: "balanced", filenameValidation: "tolerant", useWebWorkers: false } as const;
  const reader = new ZipReader(bytes, options);
  const directory: ZipDirectory = { ...version, tree: new Tree(), links: new Map() };
  const members: PlacedMember[] = [];
  try {
    await zipErrors(async () => {
      for await (const entry of reader.getEntriesGenerator()) {
        const member = memberOf(entry);
        members.push(member);
        place(directory, member, entry.directory);
      }
    });
  } catch (error) {
    // What the archive could not be read for is not the library's to tell.
    throw bytes.failure === undefined ? error : bytes.failure.error;
  }
  limit(members, reader.directoryOffset ?? version.size);
  return directory;
}

/** The bytes of an archive, the last of them read at once. */
class Window extends Reader<ZipSource> {
  readonly #source: ZipSource;
  readonly #signal: AbortSignal | undefined;
  #tail: Promise<Uint8Array> | undefined;
  failure: { readonly error: unknown } | undefined;

  constructor(source: ZipSource, size: number, signal?: AbortSignal) {
    super(source);
    this.#source = source;
    this.#signal = signal;
    this.size = size;
  }

  override async readUint8Array(index: number, length: number): Promise<Uint8Array> {
    try {
      const start = Math.max(0, this.size - TAIL);
      if (index < start) return await this.#source.read(index, length, this.#signal);
      const tail = await (this.#tail ??= this.#source.read(start, TAIL, this.#signal));
      return tail.slice(index - start, index - start + length);
    } catch (error) {
      this.failure = { error };
      throw error;
    }
  }
}

function memberOf(entry: Entry): PlacedMember {
  return {
    filename: entry.filename,
    encrypted: entry.encrypted,
    compressionMethod: entry.compressionMethod,
    compressedSize: entry.compressedSize,
    uncompressedSize: entry.uncompressedSize,
    crc32: entry.crc32,
    symlink: entry.symlink ?? false,
    modified: Number.isNaN(entry.lastModDate.getTime()) ? undefined : entry.lastModDate,
    rawFilename: entry.rawFilename.slice(),
    offset: entry.offset,
    limit: 0,
    dataOffset: undefined,
  };
}

/** Puts a member where its name leads. */
function place({ tree, links }: ZipDirectory, member: PlacedMember, directory: boolean): void {
  const { filename, uncompressedSize } = member;
  const path = pathOf(filename);
  try {
    if (directory) {
      if (uncompressedSize > 0) throw corruptMember(filename, "a directory that has content");
      return tree.makeDirectory(path);
    }
    if (path === "") throw corruptMember(filename, "a file without a name");
    tree.set(path, member, { ifAbsent: true });
    if (member.symlink) links.set(path, member);
  } catch (error) {
    if (isStorageError(error, "already-exists")) throw corruptMember(filename, "it is there twice", error);
    if (isStorageError(error, "is-a-directory", "not-a-directory")) {
      throw corruptMember(filename, "it is a file, or a link, and a directory", error);
    }
    throw error;
  }
}

/** The one rule for paths; what is to go back in a name is never well meant. */
function pathOf(name: string): string {
  if (name.includes("\0")) throw corruptMember(name, "a name with NUL");
  if (/(?:^|\/)\.\.(?:\/|$)/.test(name)) throw corruptMember(name, 'a name with ".."');
  return normalizePath(name);
}

/** Finds where each member must end. */
function limit(members: readonly PlacedMember[], directoryOffset: number): void {
  const sorted = members.toSorted((a, b) => a.offset - b.offset);
  for (const [index, member] of sorted.entries()) member.limit = sorted[index + 1]?.offset ?? directoryOffset;
}

/**
 * Whether a path is that of a link, or leads through one.
 *
 * @param path A normal path.
 */
export function meetsLink({ links }: ZipDirectory, path: string): boolean {
  if (links.size === 0) return false;
  for (let place = path; place !== ""; place = parentPath(place)) if (links.has(place)) return true;
  return false;
}

/** Makes a link of what is one, now that it is known where it leads: nowhere, if that is out of the archive. */
export function placeLink({ tree }: ZipDirectory, path: string, text: string): void {
  const names = text.split("/").filter((name) => name !== "" && name !== ".");
  tree.remove(path);
  // An absolute path is one of the system, and nothing here has it.
  tree.link(text.startsWith("/") ? text : joinPath(parentPath(path), ...names), path);
}
