/** Stores that give or keep other bytes than they should. */

import { Buffer } from "node:buffer";
import { changing, wrongStore } from "./wrong_store.ts";

/** Stores that give or keep other bytes than they should. */
export const contents = [
  wrongStore("gives its own buffer away", ["read/own"], (right) => {
    const kept = new Map<string, Uint8Array>();
    return {
      ...changing(right, () => kept.clear()),
      async read(path, options) {
        if (options !== undefined) return await right.read(path, options);
        const bytes = kept.get(path) ?? await right.read(path);
        if (bytes !== undefined) kept.set(path, bytes);
        return bytes;
      },
    };
  }),
  wrongStore("gives the same buffer to two who ask for many", ["readMany/own"], ({ readMany }) => ({
    async readMany(paths, options) {
      const found = new Map([...new Set(paths)].map((path, i) => [path, i]));
      const contents = await readMany([...found.keys()], options);
      return paths.map((path) => contents[found.get(path)!]);
    },
  })),
  wrongStore("keeps the bytes it was given", ["write/keeps-no-reference"], (right) => {
    const given = new Map<string, Uint8Array>();
    return {
      ...changing(right, () => given.clear()),
      read: async (path, options) =>
        options === undefined && given.get(path)?.slice() || await right.read(path, options),
      async write(path, bytes, options) {
        const result = await right.write(path, bytes, options);
        given.clear();
        given.set(path, bytes);
        return result;
      },
    };
  }),
  wrongStore("writes the buffer behind a view", ["write/view"], ({ write }) => ({
    write: (path, bytes, options) => write(path, new Uint8Array(bytes.buffer), options),
  })),
  wrongStore("reads beside the room it is told", ["read/into"], ({ read }) => ({
    async read(path, { into, ...options } = {}) {
      const bytes = await read(path, options);
      if (bytes === undefined || into === undefined || bytes.length > into.buffer.byteLength) return bytes;
      const room = new Uint8Array(into.buffer, 0, bytes.length);
      room.set(bytes);
      return room;
    },
  })),
  wrongStore("answers with a Buffer", ["read/plain", "createSymlink/file"], ({ read }) => ({
    async read(path, options) {
      const bytes = await read(path, options);
      return bytes && Buffer.from(bytes);
    },
  })),
  wrongStore("writes over the beginning of what is longer", [
    "write/view",
    "write/replaces",
    "write/through-own-directory",
    "write/random-operations",
  ], ({ read, write }) => ({
    async write(path, bytes, options) {
      const before = await read(path) ?? new Uint8Array();
      const whole = before.length > bytes.length && before.length < 1000 ? before : bytes;
      whole.set(bytes);
      return await write(path, whole, options);
    },
  })),
  wrongStore(
    "tells the size that a file had at first",
    ["write/replaces", "write/random-operations"],
    ({ stat, delete: remove }) => {
      const sizes = new Map<string, number | undefined>();
      return {
        async stat(path, options) {
          const seen = await stat(path, options);
          if (seen?.kind !== "file") return seen;
          if (!sizes.has(path)) sizes.set(path, seen.size);
          return { ...seen, size: sizes.get(path) };
        },
        delete(path, options) {
          sizes.delete(path);
          return remove(path, options);
        },
      };
    },
  ),
  wrongStore("loses what is beyond a mebibyte", [
    "read/sizes",
    "read/into",
    "read/range-large",
    "write/round-trip",
    "copy/content",
    "openRead/whole",
    "openRead/range",
    "openRead/replaced",
    "openRead/deleted",
    "write/aborted",
    "read/aborted",
  ], ({ write }) => ({
    write: (path, bytes, options) => write(path, bytes.subarray(0, 2 ** 20), options),
  })),
  wrongStore("takes bytes for text", [
    "read/sizes",
    "read/into",
    "read/range-large",
    "stat/file",
    "list/details",
    "write/round-trip",
    "write/view",
    "copy/content",
    "readMany/order",
    "openRead/whole",
    "openRead/range",
    "openRead/own",
    "openRead/replaced",
    "openRead/deleted",
    "openRead/parallel",
    "write/aborted",
    "read/aborted",
    "write/never-torn",
    "write/durable",
  ], ({ write }) => ({
    write: (path, bytes, options) => write(path, new TextEncoder().encode(new TextDecoder().decode(bytes)), options),
  })),
  wrongStore("takes an empty file for none", [
    "read/sizes",
    "read/into",
    "read/range-edges",
    "read/range-empty",
    "write/round-trip",
    "write/view",
    "write/replaces",
    "write/through-own-directory",
    "copy/content",
    "writeMany/writes",
    "writeParts/joined",
    "writeExpiring/there",
    "openWrite/empty",
    "write/durable",
    "write/random-operations",
  ], ({ read }) => ({
    async read(path, options) {
      const bytes = await read(path, options);
      return bytes?.length === 0 ? undefined : bytes;
    },
  })),
];
