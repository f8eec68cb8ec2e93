/**
 * {@linkcode takeContent}: what `PUT` does.
 *
 * @module
 */

import { StorageError } from "../../backends/errors.ts";
import { framesOf } from "../../backends/stores/frames.ts";
import { type ChangeResult, FRAMES, WANT_ETAG } from "../../backends/stores/remote/wire.ts";
import type { WriteOptions } from "../../backends/stores/store.ts";
import { conditionsOf } from "./preconditions.ts";
import { type FileRequest, tooLarge } from "./served_backend.ts";

/** Content up to here is held in memory; larger, it is streamed. */
const AT_ONCE = 16 * 1024 * 1024;

/** Writes what a request brings; nothing is published of a body that was cut. */
export async function takeContent(file: FileRequest, signal: AbortSignal): Promise<ChangeResult> {
  const { request, served, backend: { limits } } = file;
  const path = file.query.path("path");
  const expires = file.query.text("expireIn");
  const write = served.need("write", path);
  file.checkBody(file.mediaType === FRAMES ? Infinity : limits.body);
  const options = await conditionsOf(request, served.store, path, { signal });
  if (expires !== undefined) {
    const writeExpiring = served.need("writeExpiring", path);
    return await writeExpiring(path, await wholeBody(file, signal), { ...options, expireIn: Number(expires) });
  }
  if (file.mediaType === FRAMES) return await stream(file, path, unframed(file, path, signal), options);
  if ((file.length ?? Infinity) <= AT_ONCE) return await write(path, await wholeBody(file, signal), options);
  if (file.header(WANT_ETAG) === null) return await stream(file, path, file.body(limits.body, signal), options);
  return await streamAndTell(file, path, options, signal);
}

/** The body, in one run of memory. */
async function wholeBody(file: FileRequest, signal: AbortSignal): Promise<Uint8Array> {
  // What a header announces is not set aside before it comes.
  let room = new Uint8Array(Math.min(file.length ?? 0, AT_ONCE));
  let at = 0;
  for await (const chunk of file.body(file.backend.limits.body, signal)) {
    if (at + chunk.length > room.length) {
      const larger = new Uint8Array(Math.max(2 * room.length, at + chunk.length));
      larger.set(room);
      room = larger;
    }
    room.set(chunk, at);
    at += chunk.length;
  }
  return room.subarray(0, at);
}

/** The content in frames, up to the one that says that it is all. */
async function* unframed(file: FileRequest, path: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const { body } = file.backend.limits;
  let length = 0;
  for await (const frame of framesOf(file.body(Infinity, signal), path)) {
    if (frame.kind === "end") return;
    if (frame.kind === "error") throw new StorageError("unavailable", "the writer gave up", { path, retryable: true });
    if (frame.kind !== "bytes") throw new StorageError("invalid-argument", "content has no JSON in it", { path });
    length += frame.bytes.length;
    if (length > body) throw tooLarge(body);
    yield frame.bytes;
  }
}

/** Writes chunks as they come. */
async function stream(
  file: FileRequest,
  path: string,
  chunks: AsyncIterable<Uint8Array>,
  options: WriteOptions,
): Promise<ChangeResult> {
  const writer = (await file.served.openWrite(path, options)).getWriter();
  writer.closed.catch(() => {/* told by what was called */});
  try {
    for await (const chunk of chunks) {
      await writer.ready;
      await writer.write(chunk);
    }
    await writer.close();
  } catch (error) {
    await writer.abort(error).catch(() => {/* it has ended */});
    throw error;
  }
  return {};
}

/** The same, with the etag of what was written: if what is there now is that. */
async function streamAndTell(
  file: FileRequest,
  path: string,
  options: WriteOptions,
  signal: AbortSignal,
): Promise<ChangeResult> {
  const { createHash } = await import("node:crypto");
  const { store } = file.served;
  const sent = createHash("sha256");
  async function* measured(): AsyncGenerator<Uint8Array> {
    for await (const chunk of file.body(file.backend.limits.body, signal)) {
      sent.update(chunk);
      yield chunk;
    }
  }
  await stream(file, path, measured(), options);
  const digest = sent.digest("hex");
  const before = await store.stat(path);
  const kept = createHash("sha256");
  for await (const chunk of (await store.openRead?.(path)) ?? []) kept.update(chunk);
  const after = await store.stat(path);
  const same = kept.digest("hex") === digest && before?.etag === after?.etag;
  // Somebody has replaced it already: its etag is one that nothing has any more.
  return { etag: (same ? after?.etag : undefined) ?? `replaced-${crypto.randomUUID()}` };
}
