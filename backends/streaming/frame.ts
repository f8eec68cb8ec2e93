/**
 * Frames, and the protocol in which they travel: all that it takes to write a sender or a receiver elsewhere, in a browser or in
 * another language.
 *
 * ## A frame
 *
 * All numbers are little-endian.
 *
 * | offset | bytes | what |
 * |--:|--:|---|
 * | 0 | 4 | `50 53 74 72`, "PStr" |
 * | 4 | 1 | version: 1 |
 * | 5 | 1 | kind: see below |
 * | 6 | 2 | zero |
 * | 8 | 4 | length of the header in bytes, `H`: at most 8 MiB |
 * | 12 | 8 | length of the body in bytes, `B` |
 * | 20 | `H` | the header: one JSON object in UTF-8 |
 * | 20 + `H` | `B` | the body: buffers, one after the other |
 *
 * `sizes` in the header is the list of the lengths of the buffers, whose sum is `B`; without it there are none. A header has the
 * fields that are named here and no others.
 *
 * A connection carries frames one after the other as a run of bytes. Over a WebSocket it is cut into binary messages wherever it is
 * convenient (Deno refuses messages of 64 MiB and more; this sender cuts at 16 MiB): the borders mean nothing. Over a `MessagePort`, a message is an
 * array of `Uint8Array`, one frame: its first 20 + `H` bytes, then each buffer, transferred.
 *
 * ## Kinds
 *
 * | | kind | from | header |
 * |--:|---|---|---|
 * | 1 | `hello` | sender | `session`: a UUID of the sender; `first`: no batch before this one will come (again) |
 * | 2 | `welcome` | receiver | `received`: the last batch of the session that came here, 0 for none; `batches`, `bytes`: how many may be unanswered; `frame`: the most bytes of a frame |
 * | 3 | `batch` | sender | `sequence`, from 1, rising; `first`; `items`; `metadata` (may be left out) |
 * | 4 | `acknowledge` | receiver | `sequence`: every batch up to this one has been handled, or was refused |
 * | 5 | `refuse` | receiver | `sequence`: this batch could not be handled; `code` and `detail` of the `StorageError` |
 * | 6 | `fail` | receiver | `code`, `detail`: the connection is of no use; it is closed |
 * | 7 | `bye` | sender | nothing more will come of this session: it can be forgotten |
 * | 8 | `hear` | receiver | (empty) some of a frame has come, and more must: said after each message that ends within a frame |
 *
 * The sender says `hello` on every connection, also on one that replaces another; the receiver answers `welcome`, then `refuse` for
 * batches from `first` on that it had refused, then `acknowledge` for what it has answered already. The sender then sends the
 * batches after `received`, in order, never more unanswered ones than `batches` and `bytes` allow (a single batch may be larger
 * than `bytes`, not than `frame`). The receiver handles the batches of a session one after the other, answers each when it has been
 * handled, and ignores one whose number is not above all that came before. So each batch is handled once, in order, however often
 * the connection is cut, as long as the receiver lives. A receiver that starts anew knows nothing (`received` is 0) and gets again
 * what it had not answered: who keeps things for longer tells those batches by `session` and `sequence`.
 *
 * `hear` shows a sender of something large that it is heard. It also carries the acknowledgement of TCP, for which Nagle's
 * algorithm would wait 40 ms in Deno, whose WebSockets write what is longer than 1024 bytes in two steps and do not turn that
 * algorithm off. So a frame that is longer begins with a message of at most 1024 bytes, which comes at once and is answered.
 *
 * ## Items
 *
 * `items` has an object for each value: its `path` (normal: no empty, `.` or `..` names), its `kind`, `metadata` (may be left out),
 * and what it takes to make it of its buffers, which come in the order of the items.
 *
 * | kind | fields | buffers |
 * |---|---|---|
 * | `ndarray` | `dtype`, `shape`, `order`: `C` or `F` | the elements, contiguous in this order; complex: real, imaginary |
 * | `view` | `view`: `Uint8Array`, …, `DataView`, `ArrayBuffer` | its bytes |
 * | `text` | | UTF-8 |
 * | `json` | `nested`: how many buffers follow the first | tagged JSON (see `tag` in `./formats`), in which a buffer is the number of one that follows, from 0: `{"$tag":["Float32Array",0]}` |
 *
 * `metadata` is tagged JSON, too.
 *
 * @module
 */

import { StorageError } from "../errors.ts";

/** The kind of a frame. */
export type FrameKind = "hello" | "welcome" | "batch" | "acknowledge" | "refuse" | "fail" | "bye" | "hear";

/** The kinds of frames, by their numbers from 1. */
const FRAME_KINDS: readonly FrameKind[] = ["hello", "welcome", "batch", "acknowledge", "refuse", "fail", "bye", "hear"];

/** A frame. */
export interface Frame {
  /** Its kind. */
  readonly kind: FrameKind;
  /** Its header, without `sizes`; nothing about it has been checked. */
  readonly header: unknown;
  /** Its buffers, each all of an `ArrayBuffer` of its own. */
  readonly buffers: readonly Uint8Array<ArrayBuffer>[];
  /** Its length in bytes. */
  readonly size: number;
}

/** The version of the format. */
const VERSION = 1;
/** How a frame begins. */
const MAGIC: readonly number[] = [0x50, 0x53, 0x74, 0x72];
/** Length of what stands before the header. */
export const PREFIX = 20;
/** The longest header. */
const MAX_HEADER = 8 * 1024 * 1024;
/** The most buffers of a frame. */
export const MAX_BUFFERS = 65_536;

const encoder = new TextEncoder();

/**
 * Makes a frame.
 *
 * @param kind Its kind.
 * @param header Its header: plain JSON data, without `sizes`.
 * @param buffers Its buffers; none is copied.
 * @returns Its parts: what stands before the body, then the buffers. One after the other they are the frame.
 * @throws {StorageError} `invalid-argument` if the header would be longer than 8 MiB, or there are more than 65,536 buffers.
 *
 * @example
 * ```ts
 * import { decodeFrame, encodeFrame } from "@polystore/polystore/streaming";
 * import assert from "node:assert/strict";
 *
 * const parts = encodeFrame("acknowledge", { sequence: 7 });
 * const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
 * assert.deepEqual([...bytes.subarray(0, 6)], [0x50, 0x53, 0x74, 0x72, 1, 4]);
 * assert.deepEqual(decodeFrame(bytes).header, { sequence: 7 });
 * ```
 */
export function encodeFrame(
  kind: FrameKind,
  header: object,
  buffers: readonly Uint8Array<ArrayBuffer>[] = [],
): Uint8Array<ArrayBuffer>[] {
  if (buffers.length > MAX_BUFFERS) {
    throw new StorageError(
      "invalid-argument",
      `a batch has at most ${MAX_BUFFERS} buffers: received ${buffers.length}`,
    );
  }
  const sizes = buffers.map(({ length }) => length);
  const json = JSON.stringify(buffers.length === 0 ? header : { ...header, sizes });
  const text = encoder.encode(json);
  if (text.length > MAX_HEADER) {
    throw new StorageError(
      "invalid-argument",
      `paths and metadata of a batch have ${text.length} bytes, and at most ${MAX_HEADER} are sent; split it`,
    );
  }
  const head = new Uint8Array(PREFIX + text.length);
  head.set(MAGIC);
  const view = new DataView(head.buffer);
  view.setUint8(4, VERSION);
  view.setUint8(5, FRAME_KINDS.indexOf(kind) + 1);
  view.setUint32(8, text.length, true);
  view.setBigUint64(12, BigInt(sizes.reduce((sum, size) => sum + size, 0)), true);
  head.set(text, PREFIX);
  return [head, ...buffers];
}

/**
 * Refuses what cannot be the beginning of a frame.
 *
 * @param bytes Its first bytes.
 * @throws {StorageError} `corrupt`.
 */
export function checkMagic(bytes: Uint8Array): void {
  const length = Math.min(bytes.length, MAGIC.length);
  for (let i = 0; i < length; i++) if (bytes[i] !== MAGIC[i]) throw corrupt("it does not begin as one");
}

/** What stands before the header of a frame. */
export interface FramePrefix {
  /** Its kind. */
  readonly kind: FrameKind;
  /** Length of its header. */
  readonly header: number;
  /** Length of its body. */
  readonly body: number;
}

/**
 * Reads what stands before the header.
 *
 * @param bytes The first 20 bytes of a frame.
 * @param maxFrame The most bytes of a frame.
 * @returns What they say.
 * @throws {StorageError} `corrupt`; `unsupported` for another version.
 */
export function parsePrefix(bytes: Uint8Array<ArrayBuffer>, maxFrame: number): FramePrefix {
  const view = new DataView(bytes.buffer, bytes.byteOffset, PREFIX);
  checkMagic(bytes);
  const version = view.getUint8(4);
  if (version !== VERSION) {
    throw new StorageError("unsupported", `a frame of version ${version}; this receiver knows version ${VERSION}`);
  }
  const kind = FRAME_KINDS[view.getUint8(5) - 1];
  if (kind === undefined) throw corrupt(`unknown kind ${view.getUint8(5)}`);
  if (view.getUint16(6) !== 0) throw corrupt("bytes 6 and 7 must be zero");
  const header = view.getUint32(8, true);
  const body = view.getBigUint64(12, true);
  if (header > MAX_HEADER) throw corrupt(`a header of ${header} bytes; at most ${MAX_HEADER} are taken`);
  const size = BigInt(PREFIX + header) + body;
  if (size > BigInt(maxFrame)) throw corrupt(`it has ${size} bytes; at most ${maxFrame} are taken`);
  return { kind, header, body: Number(body) };
}

/**
 * The error for bytes that are no frame.
 *
 * @param detail What is wrong with them.
 * @param cause The error of the engine.
 * @returns The error.
 */
export function corrupt(detail: string, cause?: unknown): StorageError {
  return new StorageError("corrupt", `not a frame of a stream: ${detail}`, { cause });
}
