/** Archives for the tests, made with the library, and by hand where it would not make them. */

import { MemoryStore, type Store } from "@polystore/polystore/stores";
import { Uint8ArrayReader, Uint8ArrayWriter, ZipWriter, type ZipWriterAddDataOptions } from "@zip.js/zip.js";
import { crc32, deflateRawSync } from "node:zlib";

/** A file of an archive. */
export type File = readonly [name: string, content: Uint8Array | string, options?: ZipWriterAddDataOptions];

/** Writes an archive with the library. */
export async function zipOf(
  files: Iterable<File>,
  options: ConstructorParameters<typeof ZipWriter>[1] = {},
): Promise<Uint8Array> {
  const writer = new ZipWriter(new Uint8ArrayWriter(), { useWebWorkers: false, ...options });
  for (const [name, content, options] of files) {
    const bytes = typeof content === "string" ? bytesOf(content) : content;
    await writer.add(name, new Uint8ArrayReader(bytes), options);
  }
  return await writer.close();
}

/** An archive that is written anew when it is first looked at after something was put there. */
export class LateArchive {
  readonly #files = new Map<string, Uint8Array>();
  readonly #options: ZipWriterAddDataOptions;
  readonly #inner = new MemoryStore();
  #writing: Promise<unknown> | undefined;

  constructor(options: ZipWriterAddDataOptions = {}) {
    this.#options = options;
  }

  /** Puts a file there. */
  put(path: string, bytes: Uint8Array): Promise<void> {
    this.#files.set(path, bytes.slice());
    this.#writing = undefined;
    return Promise.resolve();
  }

  /** The store in which it is. */
  readonly store: Store = {
    read: async (path, options) => {
      await this.#written();
      return await this.#inner.read(path, options);
    },
    stat: async (path, options) => {
      await this.#written();
      return await this.#inner.stat(path, options);
    },
    openRead: async (path, options) => {
      await this.#written();
      return await this.#inner.openRead(path, options);
    },
  };

  #written(): Promise<unknown> {
    return this.#writing ??= zipOf([...this.#files].map(([path, bytes]) => [path, bytes]), this.#options)
      .then((bytes) => this.#inner.write("a.zip", bytes));
  }
}

/** Text as bytes. */
export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** An entry of an archive that is written by hand: what it says can be anything. */
export interface Forged {
  readonly name: string | Uint8Array;
  readonly content?: Uint8Array | string;
  readonly deflate?: boolean;
  /** What the directory says, in place of the truth. */
  readonly central?: Partial<Header>;
  /** What the header in front says, in place of the truth. */
  readonly local?: Partial<Header>;
  /** The attributes: a mode of Unix, in the upper half. */
  readonly mode?: number;
  /** Where the directory says that it is. */
  readonly offset?: number;
  /** No bytes of its own. */
  readonly ghost?: boolean;
}

/** What is said of an entry, twice. */
export interface Header {
  readonly name: string | Uint8Array;
  readonly flags: number;
  readonly method: number;
  readonly crc32: number;
  readonly compressed: number;
  readonly size: number;
}

const UTF8 = 0x800;
const UNIX = 0x0314;
const DATE = 0x5a21_6000;

/** Writes an archive by hand. */
export function forge(
  entries: readonly Forged[],
  { prefix = new Uint8Array(), comment = "" }: { prefix?: Uint8Array; comment?: string } = {},
): Uint8Array {
  const parts: Uint8Array[] = [prefix];
  const central: Uint8Array[] = [];
  let at = prefix.length;
  for (const entry of entries) {
    const content = typeof entry.content === "string" ? bytesOf(entry.content) : entry.content ?? new Uint8Array();
    const data = entry.deflate ? new Uint8Array(deflateRawSync(content)) : content;
    const truth: Header = {
      name: entry.name,
      flags: UTF8,
      method: entry.deflate ? 8 : 0,
      crc32: crc32(content),
      compressed: data.length,
      size: content.length,
    };
    const local = { ...truth, ...entry.local };
    const name = rawName(local.name);
    const header = record(30, 0x0403_4b50, 4, [20, ...fields(local), name.length, 0]);
    const there = { ...truth, ...entry.central };
    const centralName = rawName(there.name);
    const rest = [UNIX, 20, ...fields(there), centralName.length, 0, 0, 0, 0];
    const row = record(46, 0x0201_4b50, 4, rest);
    const view = new DataView(row.buffer);
    view.setUint32(38, ((entry.mode ?? 0) << 16) >>> 0, true);
    view.setUint32(42, entry.offset ?? at - prefix.length, true);
    central.push(row, centralName);
    if (entry.ghost) continue;
    parts.push(header, name, data);
    at += header.length + name.length + data.length;
  }
  const length = central.reduce((sum, part) => sum + part.length, 0);
  const end = new Uint8Array(22);
  const view = new DataView(end.buffer);
  view.setUint32(0, 0x0605_4b50, true);
  const count = Math.min(entries.length, 0xffff);
  view.setUint16(8, count, true);
  view.setUint16(10, count, true);
  view.setUint32(12, length, true);
  view.setUint32(16, at - prefix.length, true);
  view.setUint16(20, comment.length, true);
  const large = count === 0xffff ? zip64(entries.length, length, at - prefix.length) : new Uint8Array();
  return join([...parts, ...central, large, end, bytesOf(comment)]);
}

/** The end of a directory that has more entries than 16 bits can count, and where that is. */
function zip64(entries: number, length: number, offset: number): Uint8Array {
  const bytes = new Uint8Array(56 + 20);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x0606_4b50, true);
  view.setBigUint64(4, 44n, true);
  view.setBigUint64(24, BigInt(entries), true);
  view.setBigUint64(32, BigInt(entries), true);
  view.setBigUint64(40, BigInt(length), true);
  view.setBigUint64(48, BigInt(offset), true);
  view.setUint32(56, 0x0706_4b50, true);
  view.setBigUint64(64, BigInt(offset + length), true);
  view.setUint32(72, 1, true);
  return bytes;
}

function rawName(name: string | Uint8Array): Uint8Array {
  return typeof name === "string" ? bytesOf(name) : name;
}

/** 16 bits each; what is larger is 32. */
function fields({ flags, method, crc32, compressed, size }: Header): (number | bigint)[] {
  return [flags, method, BigInt(DATE), BigInt(crc32), BigInt(compressed), BigInt(size)];
}

function record(size: number, signature: number, from: number, values: readonly (number | bigint)[]): Uint8Array {
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, signature, true);
  let at = from;
  for (const value of values) {
    if (typeof value === "number") view.setUint16((at += 2) - 2, value, true);
    else view.setUint32((at += 4) - 4, Number(BigInt.asUintN(32, value)), true);
  }
  return bytes;
}

/** Joins bytes. */
export function join(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
