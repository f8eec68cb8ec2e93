/**
 * {@linkcode readEvents}: the events in a body of `text/event-stream`.
 *
 * @module
 * @see {@link https://html.spec.whatwg.org/multipage/server-sent-events.html the format}
 */

import { ArtifactError } from "./artifact_error.ts";
import type { ArtifactEvent } from "./artifact_storage.ts";
import { watchError } from "./problem_error.ts";

/** How long a server may say nothing, in milliseconds; it says something every 15 seconds. */
const SILENCE = 45_000;

/** The longest event. */
const MAX_EVENT = 65_536;

const KINDS: ReadonlySet<string> = new Set<ArtifactEvent["kind"]>(["put", "delete", "clear", "reset"]);

/**
 * Reads events. Comments and what is not an event of artifacts are passed over.
 *
 * @param body The body.
 * @param signal Ends reading, with its reason.
 * @returns The events, until the body ends.
 * @throws {StorageError} `unavailable` if nothing comes for too long, `corrupt` for what is not an event; what the server says that keeps
 * it from telling more.
 */
export async function* readEvents(
  body: ReadableStream<Uint8Array>,
  signal?: AbortSignal,
): AsyncGenerator<ArtifactEvent, void> {
  const reader = body.pipeThrough(new TextDecoderStream(), signal && { signal }).getReader();
  let text = "";
  try {
    while (true) {
      const { done, value } = await soon(reader.read());
      if (done) return;
      text += value.replaceAll("\r\n", "\n");
      const blocks = text.split("\n\n");
      text = blocks.pop()!;
      if (text.length > MAX_EVENT) throw new ArtifactError("corrupt", "an event of the server does not end");
      for (const block of blocks) {
        const event = parseEvent(block);
        if (event) yield event;
      }
    }
  } finally {
    await reader.cancel().catch(() => {/* it is broken already, and that was told */});
  }
}

async function soon<T>(reading: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(new ArtifactError("unavailable", "the server says nothing any more", { retryable: true }));
  }, SILENCE);
  try {
    return await Promise.race([reading, promise]);
  } finally {
    clearTimeout(timer);
  }
}

function parseEvent(block: string): ArtifactEvent | undefined {
  const fields: Record<string, string> = {};
  for (const line of block.split("\n")) {
    const [, name, value] = /^(id|event|data): ?(.*)$/.exec(line) ?? [];
    if (name !== undefined) fields[name] = value!;
  }
  const { id, event, data } = fields;
  const isProblem = event === "problem";
  if (!isProblem && (id === undefined || event === undefined || !KINDS.has(event))) return undefined;
  let content: Record<string, unknown>;
  try {
    content = Object(JSON.parse(data ?? "{}"));
  } catch (cause) {
    throw new ArtifactError("corrupt", "an event of the server is not JSON", { cause });
  }
  if (isProblem) throw watchError(content);
  const { key, etag } = content;
  return {
    id: id!,
    kind: event as ArtifactEvent["kind"],
    ...(typeof key === "string" && { key }),
    ...(typeof etag === "string" && { etag }),
  };
}
