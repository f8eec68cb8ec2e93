/**
 * {@linkcode ZipContent}: the contents of the members of an archive, and nothing of it read that is not asked for.
 *
 * @module
 */

import {
  checkMember,
  corruptMember,
  DEFLATED,
  memberContent,
  STORED,
  type ZipLimits,
  type ZipMember,
} from "../../zip_member.ts";
import { cut, extentOf } from "../range.ts";
import type { ReadOptions } from "../store.ts";
import { streamOf } from "../stream.ts";
import type { PlacedMember } from "./directory.ts";
import { checkHeader, HEADER, headerLength } from "./header.ts";
import { memberStream } from "./inflate.ts";
import type { ZipSource } from "./source.ts";

/** Members of so many bytes are read together with their header. */
const TOGETHER = 1024 * 1024;

/** Contents of so many bytes are inflated in one go. */
const AT_ONCE = 4 * 1024 * 1024;

/** Room for what a header says besides the name. */
const EXTRA = 64;

/** The contents of an archive. */
export class ZipContent {
  readonly #source: ZipSource;
  readonly #limits: ZipLimits;

  /** Reads nothing yet. */
  constructor(source: ZipSource, limits: ZipLimits) {
    this.#source = source;
    this.#limits = limits;
  }

  /**
   * Whether what is read of it shows by itself that it is of the member.
   *
   * @param options The range.
   */
  isChecked(member: ZipMember, { range }: ReadOptions = {}): boolean {
    return range === undefined || isSmall(member);
  }

  /** Reads a content, or a range of it: of a stored one the bytes of the range alone. */
  async read(member: PlacedMember, { range, signal }: ReadOptions = {}): Promise<Uint8Array> {
    checkMember(member, this.#limits);
    const { start, end } = extentOf(member.uncompressedSize, range);
    if (range === undefined || isSmall(member)) {
      const whole = await this.#whole(member, signal);
      return range === undefined ? whole : cut(whole, range).slice();
    }
    if (member.compressionMethod === DEFLATED) return await this.#collect(member, range, signal);
    const offset = member.dataOffset ?? (await this.#locate(member, 0, signal)).dataOffset;
    const bytes = await this.#source.read(offset + start, end - start, signal);
    if (bytes.length < end - start) throw corruptMember(member.filename, "it ends too early");
    return this.#source.owned ? bytes : new Uint8Array(bytes);
  }

  /** Opens a content, or a range of it, as a stream. */
  async open(member: PlacedMember, { range, signal }: ReadOptions = {}): Promise<ReadableStream<Uint8Array>> {
    checkMember(member, this.#limits);
    const extent = extentOf(member.uncompressedSize, range);
    if (extent.start === extent.end && member.uncompressedSize > 0) return streamOf(new Uint8Array());
    const offset = member.dataOffset ?? (await this.#locate(member, 0, signal)).dataOffset;
    const data = member.compressionMethod === STORED
      ? await this.#source.open(offset + extent.start, extent.end - extent.start, signal)
      : await this.#source.open(offset, member.compressedSize, signal);
    return memberStream(member, data, extent, signal);
  }

  async #whole(member: PlacedMember, signal?: AbortSignal): Promise<Uint8Array> {
    const { compressionMethod, compressedSize, uncompressedSize } = member;
    if (compressionMethod === DEFLATED && Math.max(uncompressedSize, compressedSize) > AT_ONCE) {
      return await this.#collect(member, undefined, signal);
    }
    let data: Uint8Array;
    if (member.dataOffset === undefined) {
      const together = compressedSize <= TOGETHER ? compressedSize : 0;
      const { dataOffset, behind } = await this.#locate(member, together, signal);
      if (behind.length >= compressedSize) {
        const content = memberContent(member, behind.subarray(0, compressedSize));
        return compressionMethod === STORED ? new Uint8Array(content) : content;
      }
      data = await this.#source.read(dataOffset, compressedSize, signal);
    } else data = await this.#source.read(member.dataOffset, compressedSize, signal);
    const content = memberContent(member, data);
    return compressionMethod === STORED && !this.#source.owned ? new Uint8Array(content) : content;
  }

  /** Reads what is too large to be inflated in one go, or only the beginning of it. */
  async #collect(member: PlacedMember, range: ReadOptions["range"], signal?: AbortSignal): Promise<Uint8Array> {
    const { start, end } = extentOf(member.uncompressedSize, range);
    const bytes = new Uint8Array(end - start);
    let at = 0;
    for await (const chunk of await this.open(member, { range, signal })) {
      bytes.set(chunk, at);
      at += chunk.length;
    }
    return bytes;
  }

  /**
   * Finds where the content of a member begins, and compares its header with the directory.
   *
   * @param more How many bytes behind the header are wanted too.
   * @returns Where it begins, and bytes from there that were read too.
   */
  async #locate(
    member: PlacedMember,
    more: number,
    signal?: AbortSignal,
  ): Promise<{ dataOffset: number; behind: Uint8Array }> {
    const { offset, limit, rawFilename, compressedSize, filename } = member;
    const wanted = Math.min(HEADER + rawFilename.length + EXTRA + more, Math.max(0, limit - offset));
    let bytes = await this.#source.read(offset, wanted, signal);
    const length = headerLength(member, bytes);
    if (offset + length + compressedSize > limit) {
      throw corruptMember(filename, "it overlaps with what follows it in the archive");
    }
    if (bytes.length < length) bytes = await this.#source.read(offset, length, signal);
    checkHeader(member, bytes.subarray(0, length));
    return { dataOffset: member.dataOffset = offset + length, behind: bytes.subarray(length) };
  }
}

function isSmall({ compressionMethod, compressedSize, uncompressedSize }: ZipMember): boolean {
  return compressionMethod === DEFLATED && Math.max(compressedSize, uncompressedSize) <= TOGETHER;
}
