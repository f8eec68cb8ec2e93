/**
 * Reading and writing the content of a database as a stream, in bounded memory.
 *
 * @module
 */

import { StorageError } from "../../errors.ts";
import { extentOf } from "../range.ts";
import type { SqliteConnection } from "./connection.ts";
import { CHUNK } from "./content.ts";
import { release, SqliteDraft } from "./draft.ts";
import type { SqlNode } from "./node.ts";
import type { Draftable } from "./writer.ts";
import type { ReadOptions } from "../store.ts";
import { guarded, streamOf } from "../stream.ts";

/**
 * Opens the content of a file. What is replaced or deleted meanwhile by this process is streamed to its end; if another process did
 * it, the stream fails with `busy`.
 *
 * @returns The stream; `undefined` if there is no file.
 */
export async function openContent(
  connection: SqliteConnection,
  path: string,
  options?: ReadOptions,
): Promise<ReadableStream<Uint8Array> | undefined> {
  const opened = await connection.look(path, options?.signal, ({ tree, content }) => {
    const node = tree.find(path);
    if (node?.kind !== "file") return undefined;
    const extent = extentOf(node.size, options?.range);
    if (!node.apart || extent.start >= extent.end) {
      const bytes = content.bytes(node, extent) ?? content.read(tree, path, options?.range);
      return bytes && { bytes };
    }
    content.pin(node.version);
    return { node, ...extent };
  });
  if (opened === undefined) return undefined;
  if ("bytes" in opened) return streamOf(opened.bytes, options?.signal);
  return chunksOf(connection, path, opened, options?.signal);
}

interface Part {
  readonly node: SqlNode;
  readonly start: number;
  readonly end: number;
}

/** The chunks of a version that is pinned; they are unpinned at the end, whatever the end is. */
function chunksOf(
  connection: SqliteConnection,
  path: string,
  { node, start, end }: Part,
  signal?: AbortSignal,
): ReadableStream<Uint8Array> {
  let at = start;
  let open = true;
  async function letGo(): Promise<void> {
    if (!open) return;
    open = false;
    try {
      await release(connection, node.version);
    } catch {
      // What is left is a draft, which is swept one day; whoever reads has what was asked for.
    }
  }
  return new ReadableStream<Uint8Array>({
    async pull(controller): Promise<void> {
      try {
        const next = Math.min(end, (Math.floor(at / CHUNK) + 1) * CHUNK);
        const bytes = await connection.look(
          path,
          signal,
          ({ content }) => content.bytes(node, { start: at, end: next }),
        );
        if (bytes === undefined) {
          const detail = "another process has replaced or deleted it while it was streamed: read it again";
          throw new StorageError("busy", detail, { path, retryable: true });
        }
        at = next;
        controller.enqueue(bytes);
        if (at < end) return;
        await letGo();
        controller.close();
      } catch (error) {
        await letGo();
        throw error;
      }
    },
    cancel: letGo,
  }, { highWaterMark: 0 });
}

/**
 * Opens a stream to write to.
 *
 * @param connection The database.
 * @param path Where the content will be, for errors.
 * @param publish Publishes what was written.
 * @param signal Aborts the stream.
 * @returns The stream.
 */
export function openDraft(
  connection: SqliteConnection,
  path: string,
  publish: (content: Draftable) => Promise<unknown>,
  signal?: AbortSignal,
): WritableStream<Uint8Array> {
  const draft = new SqliteDraft(connection, path);
  let pending: Promise<void> = Promise.resolve();
  return guarded({
    write: (chunk) => pending = draft.append(chunk, signal),
    async close(): Promise<void> {
      await publish(await draft.finish(signal));
      await draft.discard();
    },
    async abort(): Promise<void> {
      await pending.catch(() => {/* the writer has seen it */});
      await draft.discard();
    },
  }, signal);
}
