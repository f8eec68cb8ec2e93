/** Stores that read another range than they were asked for. */

import { wrongStore } from "./wrong_store.ts";

/** Stores that read another range than they were asked for. */
export const ranges = [
  wrongStore("pads ranges with zeros", ["read/range-edges", "read/range-empty", "read/range-large"], ({ read }) => ({
    async read(path, options) {
      const bytes = await read(path, options);
      const range = options?.range;
      if (bytes === undefined || range === undefined || !("length" in range)) return bytes;
      const padded = new Uint8Array(Math.min(range.length ?? bytes.length, 2 ** 17));
      padded.set(bytes.subarray(0, padded.length));
      return padded;
    },
  })),
  wrongStore("reads everything for a suffix of nothing", ["read/range-edges"], ({ read }) => ({
    async read(path, options) {
      const range = options?.range;
      if (range === undefined || !("suffix" in range)) return await read(path, options);
      return (await read(path, { ...options, range: undefined, into: undefined }))?.slice(-range.suffix);
    },
  })),
  wrongStore(
    "reads a suffix from the beginning",
    ["read/range", "read/range-large", "createSymlink/file"],
    ({ read }) => ({
      read(path, options) {
        const range = options?.range;
        if (range === undefined || !("suffix" in range)) return read(path, options);
        return read(path, { ...options, range: { offset: 0, length: range.suffix } });
      },
    }),
  ),
  wrongStore("counts the end of a range in", ["read/range", "read/range-edges", "read/range-large"], ({ read }) => ({
    read(path, options) {
      const range = options?.range;
      if (range === undefined || "suffix" in range || range.length === undefined) return read(path, options);
      return read(path, { ...options, range: { offset: range.offset, length: range.length + 1 } });
    },
  })),
  wrongStore("finds nothing past the end", ["read/into", "read/range-edges", "read/range-empty"], ({ read, stat }) => ({
    async read(path, options) {
      const range = options?.range;
      const size = (await stat(path))?.size ?? 0;
      return range && "offset" in range && range.offset >= size ? undefined : await read(path, options);
    },
  })),
  wrongStore("takes a length of nothing for all", ["read/range-edges"], ({ read }) => ({
    read(path, options) {
      const range = options?.range;
      if (range === undefined || "suffix" in range) return read(path, options);
      return read(path, { ...options, range: { offset: range.offset, length: range.length || undefined } });
    },
  })),
  wrongStore("streams the whole for a range", ["openRead/range"], ({ openRead }) => ({
    openRead: (path, options) => openRead(path, { ...options, range: undefined }),
  })),
];
