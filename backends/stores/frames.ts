/**
 * Frames: content whose length nobody knows beforehand, so that its end can be told from a connection that broke.
 *
 * A frame is a byte that tells its kind, the length of its payload as an unsigned 32-bit number, big-endian, and the payload. What
 * does not end with the frame `end` or `error` was cut.
 *
 * @module
 */

import { StorageError } from "../errors.ts";
import { cutShort } from "./http/error.ts";

const KINDS = ["bytes", "json", "end", "error"] as const;
const HEAD = 5;

/** The longest JSON in a frame: what is longer is no honest message. */
const MAX_JSON = 4 * 1024 * 1024;

/** A frame that was read. Bytes come as they arrive: a frame of many may be told as several. */
export type Frame =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "json"; readonly value: unknown }
  | { readonly kind: "end" }
  | { readonly kind: "error"; readonly value: unknown };

/** The head of a frame of bytes, which are to follow it. */
export function bytesHead(length: number): Uint8Array<ArrayBuffer> {
  return head("bytes", length);
}

/** A whole frame of JSON. */
export function jsonFrame(value: unknown, kind: "json" | "error" = "json"): Uint8Array<ArrayBuffer> {
  const payload = new TextEncoder().encode(JSON.stringify(value));
  const frame = new Uint8Array(HEAD + payload.length);
  frame.set(head(kind, payload.length));
  frame.set(payload, HEAD);
  return frame;
}

/** The last frame. */
export function endFrame(): Uint8Array<ArrayBuffer> {
  return head("end", 0);
}

function head(kind: Frame["kind"], length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(HEAD);
  bytes[0] = KINDS.indexOf(kind);
  new DataView(bytes.buffer).setUint32(1, length);
  return bytes;
}

/**
 * The frames in a stream, up to the last one.
 *
 * @param source The stream, in chunks of any size; it is ended, whatever happens.
 * @param path The path it is about, for messages.
 * @returns The frames.
 * @throws {StorageError} `unavailable` if the stream ends before them, `invalid-argument` if they are none.
 */
export async function* framesOf(source: AsyncIterable<Uint8Array>, path: string): AsyncGenerator<Frame, void> {
  const pending = new Pending();
  let left = 0;
  for await (const chunk of source) {
    pending.add(chunk);
    while (true) {
      if (left > 0) {
        const bytes = pending.some(left);
        if (bytes === undefined) break;
        left -= bytes.length;
        yield { kind: "bytes", bytes };
        continue;
      }
      const frame = pending.frame();
      if (frame === undefined) break;
      if (typeof frame === "number") left = frame;
      else {
        yield frame;
        if (frame.kind !== "json") return;
      }
    }
  }
  throw cutShort(path);
}

/** What has arrived and was not taken yet. */
class Pending {
  #bytes = new Uint8Array();

  add(chunk: Uint8Array): void {
    if (this.#bytes.length === 0) this.#bytes = chunk as Uint8Array<ArrayBuffer>;
    else {
      const both = new Uint8Array(this.#bytes.length + chunk.length);
      both.set(this.#bytes);
      both.set(chunk, this.#bytes.length);
      this.#bytes = both;
    }
  }

  /** Some bytes, at most so many; `undefined` if there are none yet. */
  some(most: number): Uint8Array | undefined {
    if (this.#bytes.length === 0) return undefined;
    const some = this.#bytes.subarray(0, most);
    this.#bytes = this.#bytes.subarray(some.length);
    return some;
  }

  /** A whole frame, or of one of bytes their number; `undefined` if it is not there yet. */
  frame(): Frame | number | undefined {
    if (this.#bytes.length < HEAD) return undefined;
    const kind = KINDS[this.#bytes[0]!];
    const length = new DataView(this.#bytes.buffer, this.#bytes.byteOffset).getUint32(1);
    if (kind === undefined || (kind === "end" && length > 0) || (kind !== "bytes" && length > MAX_JSON)) {
      throw new StorageError("invalid-argument", "the message is not made of frames");
    }
    if (kind !== "bytes" && this.#bytes.length < HEAD + length) return undefined;
    const payload = this.#bytes.subarray(HEAD, HEAD + length);
    this.#bytes = this.#bytes.subarray(kind === "bytes" ? HEAD : HEAD + length);
    if (kind === "bytes") return length;
    return kind === "end" ? { kind } : { kind, value: parsed(payload) };
  }
}

function parsed(payload: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload));
  } catch (cause) {
    throw new StorageError("invalid-argument", "a frame of JSON holds none", { cause });
  }
}
