/**
 * {@linkcode RemoteContent}: the content that a server sends, whole or a range of it.
 *
 * @module
 */

import { framesOf } from "../frames.ts";
import { type BodyPart, HttpBody } from "../http/body.ts";
import { wrongAnswer } from "../http/error.ts";
import { partOf, rangeHeader } from "../http/range.ts";
import { cut, extentOf } from "../range.ts";
import type { RemoteAnswer, RemoteConnection } from "./connection.ts";
import { answeredError, noServer, problemError } from "./error.ts";
import { ERROR_CODE, FRAMES, type Problem } from "./wire.ts";
import type { ByteRange, ReadOptions } from "../store.ts";
import { concat } from "../stream.ts";

const ACCEPT = `application/octet-stream, ${FRAMES}`;
const MIB = 1024 * 1024;

/** Codes that say that there is no file. */
const ABSENT: ReadonlySet<string | null> = new Set([
  "not-found",
  "is-a-directory",
  "not-a-directory",
  "name-too-long",
]);

/** Content on its way. */
export class RemoteContent {
  readonly #connection: RemoteConnection;
  readonly #answer: RemoteAnswer;
  readonly #path: string;
  readonly #range: ByteRange | undefined;

  private constructor(connection: RemoteConnection, answer: RemoteAnswer, path: string, range: ByteRange | undefined) {
    this.#connection = connection;
    this.#answer = answer;
    this.#path = path;
    this.#range = range;
  }

  /** Asks for content; `undefined` where there is no file. */
  static async ask(
    connection: RemoteConnection,
    path: string,
    { range, signal }: ReadOptions,
  ): Promise<RemoteContent | undefined> {
    if (range !== undefined) extentOf(0, range); // refuses what is no range
    const headers = { accept: ACCEPT, range: rangeHeader(range && askable(range)) };
    const answer = await connection.send({ query: { path }, headers, path, signal });
    const { response } = answer;
    if (isContent(response)) return new RemoteContent(connection, answer, path, range);
    using _ending = answer;
    if (response.ok) {
      await response.body?.cancel();
      throw noServer(connection.url, path);
    }
    // A server that is another's says nothing about the path.
    const absent = response.status < 500 && ABSENT.has(response.headers.get(ERROR_CODE));
    if (!absent) throw await answeredError(response, path);
    await response.body?.cancel();
    return undefined;
  }

  /** All of it. */
  async read(into?: Uint8Array): Promise<Uint8Array> {
    using answer = this.#answer;
    const range = this.#range;
    try {
      const part = this.#part();
      if (part === undefined) return concat(await Array.fromAsync(this.#chunks()));
      if (part.whole === undefined || part.whole > MIB) {
        answer.allow(this.#connection.timeout * (1 + (part.whole ?? Infinity) / MIB));
      }
      const bytes = await new HttpBody(answer.response, part, { path: this.#path, signal: answer.signal }).read(into);
      return isEmpty(range) ? bytes.subarray(0, 0) : bytes;
    } catch (error) {
      throw this.#connection.bodyFailure(error, { path: this.#path, signal: answer.signal });
    }
  }

  /** All of it, as a stream. */
  stream(): ReadableStream<Uint8Array> {
    const chunks = this.#chunks();
    return new ReadableStream<Uint8Array>({
      pull: async (controller): Promise<void> => {
        const answer = this.#answer;
        try {
          answer.allow(this.#connection.timeout);
          const { done, value } = await chunks.next();
          // The clock stands still while the reader has it.
          answer.allow(Infinity);
          answer.signal.throwIfAborted();
          if (!done) return controller.enqueue(value);
          answer[Symbol.dispose]();
          controller.close();
        } catch (error) {
          answer[Symbol.dispose]();
          throw this.#connection.bodyFailure(error, { path: this.#path, signal: answer.signal });
        }
      },
      cancel: async (): Promise<void> => {
        await chunks.return(undefined);
        const { body } = this.#answer.response;
        if (body?.locked === false) await body.cancel(); // nobody has begun to read
        this.#answer[Symbol.dispose]();
      },
    }, { highWaterMark: 0 });
  }

  /** Which part of the body is wanted; `undefined` where it is none, or frames. */
  #part(): BodyPart | undefined {
    const { response } = this.#answer;
    const range = this.#range;
    if (response.status === 416 || isFramed(response)) return undefined;
    const whole = lengthOf(response);
    if (response.status === 206) {
      if (range === undefined) throw wrongAnswer(this.#path, "it sends a part where all was asked for");
      const { start, end } = partOf(response.headers, askable(range), this.#path);
      return { skip: 0, length: isEmpty(range) ? 0 : undefined, whole: whole ?? end - start };
    }
    if (range === undefined) return { skip: 0, whole };
    if (!("suffix" in range)) return { skip: range.offset, length: range.length, whole };
    if (whole === undefined) throw wrongAnswer(this.#path, "it sends content without its length");
    return { skip: Math.max(0, whole - range.suffix), whole };
  }

  async *#chunks(): AsyncGenerator<Uint8Array<ArrayBufferLike>, undefined> {
    const { response, signal } = this.#answer;
    if (response.status === 416) return void await response.body?.cancel();
    if (isFramed(response)) return yield* this.#framed();
    const body = new HttpBody(response, this.#part()!, { path: this.#path, signal });
    try {
      if (isEmpty(this.#range)) return;
      for (let chunk = await body.next(); chunk !== undefined; chunk = await body.next()) yield chunk;
    } finally {
      await body.cancel();
    }
  }

  /** Content in frames is always whole, as nobody knew its length: of a range, the rest is left out here. */
  async *#framed(): AsyncGenerator<Uint8Array, undefined> {
    const range = this.#range;
    if (range !== undefined && "suffix" in range) {
      const bytes = cut(concat(await Array.fromAsync(this.#frames())), range);
      if (bytes.length > 0) yield bytes;
      return;
    }
    let skip = range?.offset ?? 0;
    let left = range?.length ?? Infinity;
    for await (const bytes of this.#frames()) {
      const wanted = bytes.subarray(skip, skip + left);
      skip = Math.max(0, skip - bytes.length);
      left -= wanted.length;
      if (wanted.length > 0) yield wanted;
      if (left <= 0) return;
    }
  }

  async *#frames(): AsyncGenerator<Uint8Array> {
    for await (const frame of framesOf(this.#answer.response.body!, this.#path)) {
      if (frame.kind === "bytes") yield frame.bytes;
      if (frame.kind === "error") throw problemError(frame.value as Problem, this.#path);
    }
  }
}

/** Whether a server of this package sends content: another one may answer anything with a page. */
function isContent(response: Response): boolean {
  if (response.status === 416) return response.headers.has(ERROR_CODE);
  return response.ok && (isFramed(response) || response.headers.get("content-type") === "application/octet-stream");
}

function isFramed(response: Response): boolean {
  return response.headers.get("content-type") === FRAMES;
}

function isEmpty(range: ByteRange | undefined): boolean {
  return range !== undefined && ("suffix" in range ? range.suffix : range.length) === 0;
}

/** HTTP has no empty ranges: of one, a byte is asked for. */
function askable(range: ByteRange): ByteRange {
  if (!isEmpty(range)) return range;
  return "suffix" in range ? { suffix: 1 } : { offset: range.offset, length: 1 };
}

function lengthOf({ headers }: Response): number | undefined {
  const text = headers.get("content-length");
  // What is compressed on the way has another length than is told.
  return text === null || headers.has("content-encoding") ? undefined : Number(text);
}
