/**
 * The best that one would write by hand with Deno KV: commits filled to their limits, ranges read by `list`.
 *
 * @module
 */

import type { Place } from "./place.ts";

/** The most bytes of a value. */
const PART = 65_536;

/** The most bytes of a commit, with something left for keys. */
const COMMIT = 12 * PART;

/** Bytes in a database that is its own: one key for what fits into a value, else one for each part. */
export function rawKv(kv: Deno.Kv, goal: number): Place {
  const keyOf = (path: string): string[] => ["file", ...path.split("/")];
  return {
    name: "raw, full commits",
    goal,
    async save(path, bytes): Promise<void> {
      if (bytes.length <= PART) return void await kv.set(keyOf(path), bytes);
      let commit = kv.atomic();
      let size = 0;
      for (let offset = 0; offset < bytes.length; offset += PART) {
        const part = bytes.subarray(offset, offset + PART);
        if (size + part.length > COMMIT) {
          await commit.commit();
          commit = kv.atomic();
          size = 0;
        }
        commit.set([...keyOf(path), offset / PART], part);
        size += part.length;
      }
      await commit.commit();
    },
    async load(path): Promise<Uint8Array> {
      const whole = (await kv.get<Uint8Array>(keyOf(path))).value;
      if (whole !== null) return whole;
      const parts: Uint8Array[] = [];
      let size = 0;
      for await (const { value } of kv.list<Uint8Array>({ prefix: keyOf(path) }, { batchSize: 64 })) {
        parts.push(value);
        size += value.length;
      }
      const bytes = new Uint8Array(size);
      let offset = 0;
      for (const part of parts) {
        bytes.set(part, offset);
        offset += part.length;
      }
      return bytes;
    },
    async saveAll(paths, buffers): Promise<void> {
      let commit = kv.atomic();
      let size = 0;
      let count = 0;
      for (const [index, path] of paths.entries()) {
        const bytes = buffers[index]!;
        if (size + bytes.length + 64 > COMMIT || count === 1000) {
          await commit.commit();
          commit = kv.atomic();
          size = count = 0;
        }
        commit.set(keyOf(path), bytes);
        size += bytes.length + 64;
        count++;
      }
      await commit.commit();
    },
    async loadAll(paths): Promise<unknown[]> {
      const directory = paths[0]!.slice(0, paths[0]!.lastIndexOf("/"));
      const found = new Map<unknown, Uint8Array>();
      for await (const { key, value } of kv.list<Uint8Array>({ prefix: keyOf(directory) }, { batchSize: 1000 })) {
        found.set(key[key.length - 1], value);
      }
      return paths.map((path) => found.get(path.slice(directory.length + 1)));
    },
    close: () => kv.close(),
  };
}
