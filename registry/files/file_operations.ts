/**
 * What `POST` does, by the name of the operation.
 *
 * @module
 */

import { StorageError } from "../../backends/errors.ts";
import { bytesHead, endFrame, framesOf, jsonFrame } from "../../backends/stores/frames.ts";
import { type ChangeResult, FRAMES } from "../../backends/stores/remote/wire.ts";
import type { WriteRequest } from "../../backends/stores/store.ts";
import { RefusedRequest } from "./file_problem.ts";
import { checkedPath } from "./file_query.ts";
import { conditionsOf } from "./preconditions.ts";
import { type FileRequest, tooLarge } from "./served_backend.ts";

/** The longest JSON that is taken. */
const MAX_JSON = 16 * 1024 * 1024;

/** How many files are read before they are sent. */
const READ_TOGETHER = 16;

/** An operation that changes something. */
export type Operation = (file: FileRequest, signal: AbortSignal) => Promise<ChangeResult>;

/** The operations that change something. */
export const operations: Readonly<Record<string, Operation>> = {
  async makeDirectory(file, signal) {
    const { path } = await parameters(file, signal);
    await file.served.makeDirectory(checked(file, path), { signal });
    return {};
  },
  async createSymlink(file, signal) {
    const { target, path } = await parameters(file, signal);
    await file.served.need("createSymlink", "")(checked(file, target), checked(file, path), { signal });
    return {};
  },
  async copy(file, signal) {
    const { from, to, ifAbsent, ifMatch } = await parameters(file, signal);
    const options = {
      ifAbsent: ifAbsent === true,
      ifMatch: ifMatch === undefined ? undefined : String(ifMatch),
      signal,
    };
    return await file.served.copy(checked(file, from), checked(file, to), options);
  },
  async move(file, signal) {
    const { from, to, ifAbsent } = await parameters(file, signal);
    const options = { ifAbsent: ifAbsent === true, signal };
    await file.served.need("move", "")(checked(file, from), checked(file, to), options);
    return {};
  },
  async deleteTree(file, signal) {
    const { path } = await parameters(file, signal);
    await file.served.deleteTree(checked(file, path), { signal });
    return {};
  },
  async writeMany(file, signal) {
    mustBe(file, FRAMES);
    const options = await conditionsOf(file.request, file.served.store, "", { signal });
    const results = await file.served.writeMany(writesIn(file, signal), options);
    return { etags: results.map(({ etag }) => etag) };
  },
};

/** Reads many files. */
export async function sendMany(file: FileRequest): Promise<Response> {
  const { paths } = await parameters(file, new AbortController().signal);
  if (!Array.isArray(paths)) throw new StorageError("invalid-argument", "paths must be an array");
  const places = paths.map((path) => checked(file, path));
  const body = ReadableStream.from(contentsOf(file, places));
  return file.answer(body, { "content-type": FRAMES, "cache-control": "no-store, no-transform" });
}

async function* contentsOf(file: FileRequest, paths: readonly string[]): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  try {
    for (let start = 0; start < paths.length; start += READ_TOGETHER) {
      for (const bytes of await file.served.readMany(paths.slice(start, start + READ_TOGETHER), {})) {
        yield jsonFrame({ size: bytes?.length ?? null });
        if (bytes === undefined || bytes.length === 0) continue;
        yield bytesHead(bytes.length);
        yield bytes as Uint8Array<ArrayBuffer>;
      }
    }
  } catch (error) {
    return void (yield jsonFrame(file.problem(error), "error"));
  }
  yield endFrame();
}

/** The writes of a batch. */
async function* writesIn(file: FileRequest, signal: AbortSignal): AsyncGenerator<WriteRequest> {
  const most = file.backend.limits.body;
  let path: string | undefined;
  let parts: Uint8Array[] = [];
  let left = 0;
  let size = 0;
  for await (const frame of framesOf(file.body(Infinity, signal), "")) {
    if (frame.kind === "error") throw new StorageError("unavailable", "the writer gave up", { retryable: true });
    if (frame.kind === "bytes") {
      parts.push(frame.bytes);
      left -= frame.bytes.length;
      if (left < 0) break;
      continue;
    }
    if (left > 0) break;
    if (path !== undefined) yield { path, bytes: joined(parts, size) };
    if (frame.kind === "end") return;
    const head = frame.value as { path?: unknown; size?: unknown } | null;
    if (!Number.isSafeInteger(head?.size) || Number(head!.size) < 0) break;
    path = checked(file, head!.path);
    [parts, left, size] = [[], Number(head!.size), Number(head!.size)];
    if (size > most) throw tooLarge(most);
  }
  throw new StorageError("invalid-argument", "the sizes in the batch are not those of its contents");
}

function joined(parts: readonly Uint8Array[], size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** The parameters of an operation, as JSON. */
async function parameters(file: FileRequest, signal: AbortSignal): Promise<Readonly<Record<string, unknown>>> {
  mustBe(file, "application/json");
  const chunks = await Array.fromAsync(file.body(MAX_JSON, signal)) as Uint8Array<ArrayBuffer>[];
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(await new Blob(chunks).arrayBuffer()));
  } catch {
    throw new StorageError("invalid-argument", "the body must be JSON");
  }
  if (typeof value === "object" && value !== null) return { ...value };
  throw new StorageError("invalid-argument", "the body must be a JSON object");
}

/** A page of another site can send a body only of a few types, of which this is none. */
function mustBe(file: FileRequest, type: string): void {
  if (file.mediaType === type) return;
  const detail = `the content type of this operation must be ${type}`;
  throw new RefusedRequest([415, "Unsupported Media Type"], "unsupported", detail);
}

function checked(file: FileRequest, path: unknown): string {
  return checkedPath(path, file.backend.limits.path);
}
