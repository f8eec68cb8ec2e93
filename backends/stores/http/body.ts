/**
 * {@linkcode HttpBody}: the body of an answer, of which a part is wanted.
 *
 * @module
 */

import { bodyError, cutShort, type HttpQuestion, wrongAnswer } from "./error.ts";
import { concat } from "../stream.ts";

/** Which part of a body is wanted, and how long the body is to be. */
export interface BodyPart {
  /** How many bytes come before. */
  readonly skip: number;
  /** How many are wanted; `undefined` for all the others. */
  readonly length?: number | undefined;
  /** How long the body is; `undefined` if it was not told. */
  readonly whole: number | undefined;
}

/** What is longer is read into one run of memory; shorter, the one call of the runtime is faster. */
const SMALL = 128 * 1024;
/** The most that is set aside because a server says so. */
const MAX_ROOM = 1024 * 1024 * 1024;

/** The bytes of an answer, counted: neither fewer nor more than were announced. */
export class HttpBody {
  readonly #response: Response;
  readonly #part: BodyPart;
  readonly #asked: HttpQuestion;
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  #ended = false;
  /** Bytes that came, wanted or not. */
  #count = 0;

  /** @param response The answer, whose body is now its own. */
  constructor(response: Response, part: BodyPart, asked: HttpQuestion) {
    this.#response = response;
    this.#part = part;
    this.#asked = asked;
  }

  /**
   * All that is wanted.
   *
   * @param into Where to put it, if it fits.
   * @throws {StorageError} `unavailable` if it is cut short, `corrupt` if it is longer than announced.
   */
  async read(into?: Uint8Array): Promise<Uint8Array> {
    const { skip, length, whole } = this.#part;
    const all = skip === 0 && (length === undefined || length === whole);
    if (all && into === undefined) {
      try {
        if (whole !== undefined && whole > SMALL && whole <= MAX_ROOM) return await this.#fill(whole);
        const bytes = await this.#response.bytes();
        this.#check(bytes.length);
        return bytes;
      } catch (error) {
        throw bodyError(error, this.#asked);
      }
    }
    const size = whole === undefined ? undefined : Math.max(0, Math.min(length ?? Infinity, whole - skip));
    if (size === undefined || size > MAX_ROOM) return put(concat(await this.#chunks()), into);
    const room = into !== undefined && into.length >= size ? into.subarray(0, size) : new Uint8Array(size);
    let at = 0;
    for (let chunk = await this.next(); chunk !== undefined; chunk = await this.next()) {
      room.set(chunk, at);
      at += chunk.length;
    }
    return room;
  }

  /** The last so many bytes, or fewer, of a body whose length is not known. */
  async tail(length: number): Promise<Uint8Array> {
    let chunks: Uint8Array[] = [];
    let held = 0;
    for (let chunk = await this.next(); chunk !== undefined; chunk = await this.next()) {
      held += chunk.length;
      chunks.push(chunk);
      let first = 0;
      while (held - chunks[first]!.length >= length) held -= chunks[first++]!.length;
      if (first > 0) chunks = chunks.slice(first);
    }
    return concat(chunks).slice(-length);
  }

  /** The next of the wanted bytes; `undefined` at the end. */
  async next(): Promise<Uint8Array | undefined> {
    const { skip, length = Infinity } = this.#part;
    const stop = skip + length;
    this.#reader ??= this.#response.body?.getReader();
    while (!this.#ended) {
      const before = this.#count;
      const chunk = await this.#take();
      if (chunk === undefined) break;
      // Of what follows nothing is wanted: no need to wait for it.
      if (this.#count >= stop && this.#count !== this.#part.whole) await this.cancel();
      const wanted = chunk.subarray(Math.max(0, skip - before), Math.min(chunk.length, stop - before));
      if (wanted.length > 0) return wanted;
    }
    return undefined;
  }

  /** Lets go of what has not come yet. */
  async cancel(reason?: unknown): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    const end = this.#reader ? this.#reader.cancel(reason) : this.#response.body?.cancel(reason);
    await end?.catch(() => {/* what is not wanted may fail */});
  }

  /** Reads the whole body into memory of its size. */
  async #fill(size: number): Promise<Uint8Array> {
    const reader = byteReader(this.#response.body);
    if (reader === undefined) {
      const bytes = await this.#response.bytes();
      this.#check(bytes.length);
      return bytes;
    }
    let room = new Uint8Array(size);
    for (let at = 0;;) {
      // The last look is for the end.
      const full = at === size;
      const { done, value } = await reader.read(full ? new Uint8Array(1) : room.subarray(at));
      if (done) {
        this.#check(at);
        return room;
      }
      at += value.length;
      // The memory goes to the reader and comes back.
      if (!full) room = new Uint8Array(value.buffer);
      else {
        await reader.cancel();
        this.#check(at);
      }
    }
  }

  async #chunks(): Promise<Uint8Array[]> {
    const chunks: Uint8Array[] = [];
    for (let chunk = await this.next(); chunk !== undefined; chunk = await this.next()) chunks.push(chunk);
    return chunks;
  }

  /** The next bytes that come; `undefined` at the end, which is where it was announced. */
  async #take(): Promise<Uint8Array | undefined> {
    try {
      const result = await this.#reader?.read();
      if (result === undefined || result.done) {
        this.#ended = true;
        this.#check(this.#count);
        return undefined;
      }
      this.#count += result.value.length;
      if (this.#count <= (this.#part.whole ?? Infinity)) return result.value;
      await this.cancel();
      this.#check(this.#count);
    } catch (error) {
      this.#ended = true;
      throw bodyError(error, this.#asked);
    }
    return undefined;
  }

  #check(count: number): void {
    const { whole = count } = this.#part;
    if (count < whole) throw cutShort(this.#asked.path);
    if (count > whole) throw wrongAnswer(this.#asked.path, `it sends more than the ${whole} bytes it announced`);
  }
}

function byteReader(body: ReadableStream<Uint8Array> | null): ReadableStreamBYOBReader | undefined {
  try {
    return body?.getReader({ mode: "byob" });
  } catch (error) {
    // A stream that was made by hand has none.
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

/** Bytes, moved to where there is room for them, if there is enough. */
export function put(bytes: Uint8Array, into: Uint8Array | undefined): Uint8Array {
  if (into === undefined || into.length < bytes.length) return bytes;
  into.set(bytes);
  return into.subarray(0, bytes.length);
}
