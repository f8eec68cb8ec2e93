/** Stores whose streams are wrong. */

import { Buffer } from "node:buffer";
import { StorageError } from "../../backends/errors.ts";
import { changing, missing, wrongStore } from "./wrong_store.ts";

/** Stores whose streams are wrong. */
export const streams = [
  wrongStore("publishes a stream while it is written", [
    "openWrite/unpublished",
    "openWrite/abort",
    "openWrite/source-fails",
  ], ({ openWrite, write, stat }) => ({
    async openWrite(path, options) {
      const writer = (await openWrite(path, options)).getWriter();
      const publish = async (chunk: Uint8Array): Promise<void> => {
        await writer.write(chunk);
        if (options === undefined && await stat(path) === undefined) await write(path, chunk);
      };
      return new WritableStream({
        write: publish,
        close: () => writer.close(),
        abort: (reason) => writer.abort(reason),
      });
    },
  })),
  wrongStore("publishes a stream that is aborted", ["openWrite/abort", "openWrite/source-fails"], ({ openWrite }) => ({
    async openWrite(path, options) {
      const writer = (await openWrite(path, options)).getWriter();
      writer.closed.catch(() => undefined);
      return new WritableStream({
        write: (chunk) => writer.write(chunk),
        close: () => writer.close(),
        abort: () => writer.close(),
      });
    },
  })),
  wrongStore("loses the last chunk of a stream", [
    "openWrite/chunks",
    "openWrite/replaces",
    "openWrite/keeps-no-reference",
    "openWrite/large",
    "openWrite/unpublished",
    "openWrite/refuses",
    "openWrite/parallel",
    "openWrite/through-link",
  ], ({ openWrite }) => ({
    async openWrite(path, options) {
      const writer = (await openWrite(path, options)).getWriter();
      writer.closed.catch(() => undefined);
      let last: Uint8Array | undefined;
      return new WritableStream({
        async write(chunk) {
          if (last !== undefined) await writer.write(last);
          last = chunk.slice();
        },
        close: () => writer.close(),
        abort: (reason) => writer.abort(reason),
      });
    },
  })),
  wrongStore("keeps the chunks it was given", ["openWrite/keeps-no-reference"], ({ write }) => ({
    openWrite(path, options) {
      options?.signal?.throwIfAborted();
      const chunks: Uint8Array[] = [];
      return Promise.resolve(
        new WritableStream({
          write: (chunk) => void chunks.push(chunk),
          async close() {
            await write(path, Buffer.concat(chunks), options);
          },
        }),
      );
    },
  })),
  wrongStore("makes nothing of a stream of nothing", ["openWrite/empty", "openWrite/refuses"], ({ openWrite }) => ({
    async openWrite(path, options) {
      const writer = (await openWrite(path, options)).getWriter();
      writer.closed.catch(() => undefined);
      let length = 0;
      return new WritableStream({
        async write(chunk) {
          length += chunk.length;
          await writer.write(chunk);
        },
        close: () => length > 0 ? writer.close() : writer.abort(),
        abort: (reason) => writer.abort(reason),
      });
    },
  })),
  wrongStore(
    "holds a file as long as a stream of it was not read to the end",
    ["openRead/cancel"],
    ({ openRead, write, delete: remove }) => {
      let reading = 0;
      const busy = (path: string): void => {
        if (reading > 0) throw new StorageError("busy", "it is being read", { path });
      };
      return {
        async openRead(path, options) {
          const reader = (await openRead(path, options))?.getReader();
          if (reader === undefined) return undefined;
          reading++;
          return new ReadableStream({
            async pull(controller) {
              const { done, value } = await reader.read();
              if (!done) return controller.enqueue(value);
              reading--;
              controller.close();
            },
          });
        },
        async write(path, bytes, options) {
          if (bytes.length < 1000 && new TextDecoder().decode(bytes) === "still writable") busy(path);
          return await write(path, bytes, options);
        },
        delete: (path, options) => remove(path, options),
      };
    },
  ),
  wrongStore("goes on with the new content in a stream of the old", [
    "writeExpiring/streamed",
    "openRead/replaced",
    "openRead/deleted",
  ], ({ read, stat }) => ({
    async openRead(path, options) {
      const size = (await stat(path))?.size;
      if (size === undefined) return undefined;
      options?.signal?.throwIfAborted();
      const { offset = 0, length = Infinity, suffix = 0 } = options?.range as Record<string, number | undefined> ?? {};
      let at = Math.min(size, options?.range && "suffix" in options.range ? Math.max(0, size - suffix) : offset);
      const end = Math.min(size, at + length);
      return new ReadableStream({
        async pull(controller) {
          if (options?.signal?.aborted) return controller.error(options.signal.reason);
          const bytes = await read(path, { range: { offset: at, length: Math.min(65536, end - at) } });
          if (bytes === undefined || bytes.length === 0) return controller.close();
          at += bytes.length;
          controller.enqueue(bytes);
        },
      });
    },
  })),
  wrongStore(
    "rejects when there is nothing to stream",
    ["writeExpiring/gone", "openRead/undefined"],
    ({ openRead }) => ({
      async openRead(path, options) {
        const stream = await openRead(path, options);
        if (stream === undefined) throw missing(path);
        return stream;
      },
    }),
  ),
  wrongStore("streams the chunks that it keeps", ["openRead/own"], (right) => {
    const kept = new Map<string, Uint8Array<ArrayBuffer>>();
    return {
      ...changing(right, () => kept.clear()),
      read: async (path, options) => kept.get(path)?.slice() ?? await right.read(path, options),
      async openRead(path, options) {
        if (options !== undefined) return await right.openRead(path, options);
        const stream = await right.openRead(path);
        if (stream === undefined) return undefined;
        const bytes = kept.get(path) ?? await new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).bytes();
        kept.set(path, bytes);
        return ReadableStream.from([bytes]);
      },
    };
  }),
];
