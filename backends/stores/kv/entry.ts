/**
 * What a name stands for in a store on Deno KV, and how it is written down.
 *
 * A header of 16 bytes (kind, flags, CRC-32, time), the time it expires if it does, then the content of a small file, or
 * where the content of a large one is kept: size, number of parts, generation and the CRC-32 of every part; or the id of a
 * directory; or the target of a link. Numbers are little-endian.
 *
 * @module
 */

import { StorageError } from "../../errors.ts";

/** The longest value that Deno KV keeps. */
export const MAX_VALUE = 65536;

/** Size of a part of large content, except the last. */
export const PART_SIZE: number = MAX_VALUE;

/** Content of more parts has no checksum for each of them: its entry would become too long to be listed quickly. */
export const MAX_SUMS = 4096;

const HEADER = 16;
const KINDS = ["small", "large", "directory", "symlink"] as const;
const EXPIRES = 1;
const SUMS = 2;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What parts of large content are like. */
export interface KvParts {
  /** What their keys have in common. */
  readonly generation: string;
  /** How many there are. */
  readonly count: number;
  /** The CRC-32 of each; `undefined` if there are too many. */
  readonly sums: Uint32Array | undefined;
}

/** Content on its way into an entry. */
export interface KvContent {
  /** Size in bytes. */
  readonly size: number;
  /** CRC-32 of all of it. */
  readonly crc: number;
  /** The content itself, if it is small. */
  readonly bytes?: Uint8Array | undefined;
  /** The entry that `bytes` is a part of, where only the header has to be filled in. */
  readonly value?: Uint8Array | undefined;
  /** Where it is, if it is large. */
  readonly parts?: KvParts | undefined;
}

/** A file. */
export interface KvFile extends KvContent {
  /** Tells it from the others. */
  readonly kind: "file";
  /** When its content last changed, in milliseconds since the epoch. */
  readonly modified: number;
  /** When it is gone, in milliseconds since the epoch. */
  readonly expires: number | undefined;
  /** The versionstamp of its entry; `""` for one that is not written yet. */
  readonly version: string;
}

/** A directory. */
export interface KvDirectory {
  /** Tells it from the others. */
  readonly kind: "directory";
  /** What the keys of everything in it begin with. */
  readonly id: string;
  /** Whether it is not written yet, so that nothing is in it. */
  readonly fresh?: boolean | undefined;
}

/** A symbolic link. */
export interface KvLink {
  /** Tells it from the others. */
  readonly kind: "symlink";
  /** Where it leads, as seen from the directory it is in. */
  readonly target: string;
}

/** What a name stands for. */
export type KvNode = KvFile | KvDirectory | KvLink;

/** Whether the time of a file has come: it counts as nothing. */
export function isOver(node: KvNode | undefined): boolean {
  return node?.kind === "file" && node.expires !== undefined && node.expires <= Date.now();
}

/** Whether it is a file whose content sits in its entry. */
export function isSmall(node: KvNode): boolean {
  return node.kind === "file" && node.parts === undefined;
}

/**
 * The longest content that fits its entry.
 *
 * @param expires Whether it expires.
 * @returns Its size in bytes.
 */
export function smallSize(expires: boolean): number {
  return MAX_VALUE - HEADER - (expires ? 8 : 0);
}

/**
 * Copies small content into an entry of its own.
 *
 * @param bytes The content.
 * @param expires Whether it expires.
 * @param crc32 Computes its checksum.
 * @returns The content; encoding it copies nothing any more.
 */
export function smallContent(bytes: Uint8Array, expires: boolean, crc32: (bytes: Uint8Array) => number): KvContent {
  const start = HEADER + (expires ? 8 : 0);
  const value = new Uint8Array(start + bytes.length);
  value.set(bytes, start);
  const copy = value.subarray(start);
  return { size: bytes.length, crc: crc32(copy), bytes: copy, value };
}

/** Writes an entry down. */
export function encodeEntry(node: KvNode): Uint8Array {
  if (node.kind === "directory") return withHeader(2, 0, encoder.encode(node.id));
  if (node.kind === "symlink") return withHeader(3, 0, encoder.encode(node.target));
  const start = HEADER + (node.expires === undefined ? 0 : 8);
  let { value } = node;
  if (value === undefined) {
    const body = node.bytes ?? encodeParts(node.size, node.parts!);
    value = new Uint8Array(start + body.length);
    value.set(body, start);
  }
  value[0] = node.bytes ? 0 : 1;
  value[1] = (node.expires === undefined ? 0 : EXPIRES) | (node.parts?.sums ? SUMS : 0);
  const view = new DataView(value.buffer);
  view.setUint32(4, node.crc, true);
  view.setFloat64(8, node.modified, true);
  if (node.expires !== undefined) view.setFloat64(HEADER, node.expires, true);
  return value;
}

function withHeader(kind: number, flags: number, body: Uint8Array): Uint8Array {
  const value = new Uint8Array(HEADER + body.length);
  value[0] = kind;
  value[1] = flags;
  value.set(body, HEADER);
  return value;
}

function encodeParts(size: number, { generation, count, sums }: KvParts): Uint8Array {
  const id = encoder.encode(generation);
  const table = sums ?? new Uint32Array();
  const body = new Uint8Array(12 + table.length * 4 + id.length);
  const view = new DataView(body.buffer);
  view.setFloat64(0, size, true);
  view.setUint32(8, count, true);
  for (const [i, sum] of table.entries()) view.setUint32(12 + i * 4, sum, true);
  body.set(id, 12 + table.length * 4);
  return body;
}

/**
 * Reads an entry.
 *
 * @param value What is in the database.
 * @param version Its versionstamp.
 * @returns What it stands for; the content of a small file is a view on `value`.
 * @throws {StorageError} `corrupt` if it is no entry.
 */
export function decodeEntry(value: unknown, version: string): KvNode {
  if (!(value instanceof Uint8Array) || value.length < HEADER) throw noEntry();
  const kind = KINDS[value[0]!];
  if (kind === "directory") return { kind, id: decoder.decode(value.subarray(HEADER)) };
  if (kind === "symlink") return { kind, target: decoder.decode(value.subarray(HEADER)) };
  if (kind === undefined) throw noEntry();
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  const flags = value[1]!;
  const start = HEADER + (flags & EXPIRES ? 8 : 0);
  if (value.length < start) throw noEntry();
  const expires = flags & EXPIRES ? view.getFloat64(HEADER, true) : undefined;
  const crc = view.getUint32(4, true);
  const modified = view.getFloat64(8, true);
  if (kind === "small") {
    return { kind: "file", size: value.length - start, crc, modified, expires, version, bytes: value.subarray(start) };
  }
  if (value.length < start + 12) throw noEntry();
  const count = view.getUint32(start + 8, true);
  const table = flags & SUMS ? count : 0;
  if (value.length <= start + 12 + table * 4) throw noEntry();
  const sums = flags & SUMS
    ? Uint32Array.from({ length: count }, (_, i) => view.getUint32(start + 12 + i * 4, true))
    : undefined;
  const generation = decoder.decode(value.subarray(start + 12 + table * 4));
  const size = view.getFloat64(start, true);
  return { kind: "file", size, crc, modified, expires, version, parts: { generation, count, sums } };
}

function noEntry(): StorageError {
  return new StorageError("corrupt", "its entry in the database is damaged: it is not what was written");
}
