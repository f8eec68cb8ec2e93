/**
 * {@linkcode sendContent}: the answer to `GET` and `HEAD` of a path.
 *
 * @module
 */

import { StorageError } from "../../backends/errors.ts";
import { absenceIn } from "../../backends/store_checks.ts";
import { bytesHead, endFrame, jsonFrame } from "../../backends/stores/frames.ts";
import { ENTRY_KIND, FRAMES, quoteEtag } from "../../backends/stores/remote/wire.ts";
import type { ByteRange, Stat } from "../../backends/stores/store.ts";
import { streamOf } from "../../backends/stores/stream.ts";
import { RefusedRequest } from "./file_problem.ts";
import { checkMatch, isUnchanged } from "./preconditions.ts";
import { requestedRange } from "./requested_range.ts";
import { sendPage } from "./send_list.ts";
import type { FileRequest } from "./served_backend.ts";

/** Content up to here is read at once; larger, it is streamed. */
const AT_ONCE = 4 * 1024 * 1024;

/** How often content that is replaced all the time is looked at anew. */
const TRIES = 8;

/** Sends a file, a range of it, or the listing of a directory. */
export async function sendContent(file: FileRequest): Promise<Response> {
  const { request, served: { store } } = file;
  const path = file.query.path("path");
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const stat = await store.stat(path);
    if (stat?.kind === "directory" && listable(file)) return await sendPage(file, path, { shallow: true });
    if (stat?.kind !== "file") throw await missing(file, path);
    checkMatch(request, stat.etag, path);
    const headers = headersOf(file, stat);
    if (isUnchanged(request, stat.etag)) return file.answer(null, headers, 304);
    const response = await sendFile(file, path, stat, headers);
    if (response !== undefined) return response;
  }
  throw new StorageError("busy", "it is replaced all the time: try again", { path, retryable: true });
}

/** A browser may look at a directory; who asks for content is told that there is none. */
function listable(file: FileRequest): boolean {
  const accept = file.header("accept");
  return file.served.store.list !== undefined && (accept === null || /\*\/\*|application\/json/.test(accept));
}

async function missing(file: FileRequest, path: string): Promise<RefusedRequest> {
  const { code, detail } = await absenceIn(file.served.store, path);
  return new RefusedRequest([404, "Not Found"], code, detail);
}

/** Headers of content: our own client only wants the bytes, and each header takes its time. */
function headersOf(file: FileRequest, { etag, modified }: Stat): Record<string, string> {
  const type = { "content-type": "application/octet-stream" };
  if (file.isOurs) return { ...type, "cache-control": "no-store, no-transform" };
  return {
    ...type,
    "accept-ranges": "bytes",
    "cache-control": "no-cache, no-transform",
    [ENTRY_KIND]: "file",
    ...(etag !== undefined && { etag: quoteEtag(etag) }),
    ...(modified !== undefined && { "last-modified": modified.toUTCString() }),
  };
}

/** Sends a file as `stat` tells of it; `undefined` if it has become another one meanwhile. */
async function sendFile(
  file: FileRequest,
  path: string,
  stat: Stat,
  headers: Record<string, string>,
): Promise<Response | undefined> {
  const { request, served: { store } } = file;
  const { size, etag } = stat;
  // A range is one of GET.
  const whole = size === undefined || request.method === "HEAD" || !isWanted(file, etag);
  const extent = whole ? undefined : requestedRange(file.header("range"), size!);
  if (extent === "unsatisfiable") {
    throw new RefusedRequest([416, "Range Not Satisfiable"], "invalid-argument", "the range is not in the content", {
      "content-range": `bytes */${size}`,
    });
  }
  let status = 200;
  let length = size;
  let range: ByteRange | undefined;
  if (extent !== undefined) {
    status = 206;
    length = extent.end - extent.start;
    range = { offset: extent.start, length };
    headers["content-range"] = `bytes ${extent.start}-${extent.end - 1}/${size}`;
  }
  if (request.method === "HEAD") {
    if (length !== undefined) headers["content-length"] = String(length);
    return file.answer(null, headers, status);
  }
  if (length === undefined) return await sendUnmeasured(file, path, headers);
  if (length <= AT_ONCE || store.openRead === undefined) {
    const bytes = await store.read(path, { range });
    // Content of another length is another content; of the same, its tag tells, which is asked for where somebody may rely on it.
    if (bytes?.length !== length || (relies(file, status) && !await isStill(file, path, etag))) return undefined;
    headers["content-length"] = String(length);
    return file.answer(bytes as Uint8Array<ArrayBuffer>, headers, status);
  }
  const stream = await store.openRead(path, { range });
  if (stream === undefined) return undefined;
  if (!await isStill(file, path, etag)) return void await stream.cancel();
  headers["content-length"] = String(length);
  return file.answer(file.reported(stream), headers, status);
}

/** Whether the range is wanted of the content there is, by `If-Range`. */
function isWanted(file: FileRequest, etag: string | undefined): boolean {
  const condition = file.header("if-range");
  return condition === null || (etag !== undefined && condition === quoteEtag(etag));
}

/** Whether somebody could put parts of two contents together. */
function relies(file: FileRequest, status: number): boolean {
  return status === 206 || file.header("if-match") !== null;
}

async function isStill(file: FileRequest, path: string, etag: string | undefined): Promise<boolean> {
  return (await file.served.store.stat(path))?.etag === etag;
}

/** Sends content whose length is not known before its end: in frames, if they are understood. */
async function sendUnmeasured(
  file: FileRequest,
  path: string,
  headers: Record<string, string>,
): Promise<Response | undefined> {
  const { store } = file.served;
  let stream: ReadableStream<Uint8Array> | undefined;
  if (store.openRead === undefined) {
    const bytes = await store.read(path);
    stream = bytes && streamOf(bytes);
  } else stream = await store.openRead(path);
  if (stream === undefined) return undefined;
  const framed = file.isOurs;
  if (framed) headers["content-type"] = FRAMES;
  const body = framed ? framesOf(file, stream) : file.reported(stream);
  return file.answer(body as ReadableStream<Uint8Array<ArrayBuffer>>, headers);
}

/** Content in frames. A generator that nobody has begun to ask does not let go of the content by itself. */
function framesOf(file: FileRequest, stream: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = frames(file, stream);
  let begun = false;
  return new ReadableStream({
    async pull(controller): Promise<void> {
      begun = true;
      const { done, value } = await iterator.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel(reason): Promise<void> {
      if (!begun) await stream.cancel(reason);
      await iterator.return(undefined);
    },
  }, { highWaterMark: 0 });
}

async function* frames(file: FileRequest, stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of stream) {
      if (chunk.length === 0) continue;
      yield bytesHead(chunk.length);
      yield chunk;
    }
  } catch (error) {
    return void (yield jsonFrame(file.problem(error), "error"));
  }
  yield endFrame();
}
