/** Stores that copy or move wrongly. */

import { isInside, joinPath } from "../../backends/path.ts";
import { all, wrongStore } from "./wrong_store.ts";

/** Stores that copy or move wrongly. */
export const moves = [
  wrongStore(
    "empties a file that is copied onto itself",
    ["copy/itself", "write/random-operations"],
    ({ copy, write }) => ({
      async copy(from, to, options) {
        if (from === to) await write(to, new Uint8Array());
        return await copy(from, to, options);
      },
    }),
  ),
  wrongStore("copies by naming the content twice", ["copy/independent"], ({ copy, write }) => {
    const twins = new Map<string, string>();
    return {
      async copy(from, to, options) {
        const result = await copy(from, to, options);
        if (from !== to) twins.set(from, to);
        return result;
      },
      async write(path, bytes, options) {
        const result = await write(path, bytes, options);
        const twin = twins.get(path);
        if (twin !== undefined) await write(twin, bytes).catch(() => undefined);
        return result;
      },
    };
  }),
  wrongStore(
    "copies a link as a link",
    ["copy/links", "write/random-operations"],
    ({ copy, readSymlink, createSymlink }) => ({
      async copy(from, to, options) {
        const target = await readSymlink(from);
        if (target === undefined) return await copy(from, to, options);
        await createSymlink(target, to, options);
        return { etag: "link" };
      },
    }),
  ),
  wrongStore("copies a missing file as an empty one", [
    "copy/not-found",
    "copy/links",
    "writeExpiring/gone",
    "write/random-operations",
  ], ({ copy, stat, write }) => ({
    async copy(from, to, options) {
      return await stat(from) === undefined
        ? await write(to, new Uint8Array(), options)
        : await copy(from, to, options);
    },
  })),
  wrongStore("merges a directory that is moved into one that is there", [
    "move/onto-directory",
    "move/onto-empty-directory",
    "write/random-operations",
  ], ({ move, list, stat, readSymlink }) => ({
    async move(from, to, options) {
      const trees = [from, to].map(async (path) =>
        (await stat(path))?.kind === "directory" && await readSymlink(path) === undefined
      );
      if (options?.ifAbsent || isInside(to, from) || !(await Promise.all(trees)).every(Boolean)) {
        return await move(from, to, options);
      }
      for (const { path } of await all(list(from, { shallow: true }))) {
        await move(path, joinPath(to, path.slice(from.length + 1)));
      }
    },
  })),
  wrongStore("replaces directories when it moves", [
    "move/if-absent",
    "move/onto-directory",
    "move/onto-empty-directory",
    "move/tree-onto-file",
    "write/random-operations",
  ], ({ deleteTree, move, stat }) => ({
    async move(from, to, options) {
      if (!options?.signal?.aborted && to !== "" && !isInside(to, from) && !isInside(from, to) && await stat(from)) {
        await deleteTree(to);
      }
      await move(from, to, options);
    },
  })),
  wrongStore(
    "loses a directory that is moved into itself",
    ["move/into-itself", "write/random-operations"],
    ({ move, deleteTree, stat }) => ({
      async move(from, to, options) {
        const into = from !== "" && from !== to && isInside(to, from) && (await stat(from))?.kind === "directory";
        await (into ? deleteTree(from) : move(from, to, options));
      },
    }),
  ),
  wrongStore(
    "loses what is moved onto itself",
    ["move/onto-itself", "write/random-operations"],
    ({ move, deleteTree }) => ({
      move: (from, to, options) => from === to ? deleteTree(from, options) : move(from, to, options),
    }),
  ),
  wrongStore("leaves what it moves", [
    "move/file",
    "move/replaces",
    "move/onto-its-link",
    "move/race-if-absent",
    "write/random-operations",
  ], ({ move, read, write }) => ({
    async move(from, to, options) {
      const bytes = await read(from);
      await move(from, to, options);
      if (bytes !== undefined) await write(from, bytes);
    },
  })),
  wrongStore(
    "moves what a link leads to",
    ["move/link", "move/onto-its-link", "write/random-operations"],
    ({ move, readSymlink }) => ({
      move: async (from, to, options) => await move(await readSymlink(from) ?? from, to, options),
    }),
  ),
  wrongStore("moves a file and its neighbours", ["move/tree", "move/link"], ({ move, list }) => ({
    async move(from, to, options) {
      await move(from, to, options);
      for (const { path } of await all(list("", { shallow: true }))) {
        if (path.startsWith(from) && path !== to) await move(path, `${to}${path.slice(from.length)}`);
      }
    },
  })),
  wrongStore("keeps the etag of what a move replaces", ["move/replaces"], ({ move, stat }) => {
    const kept = new Map<string, string | undefined>();
    return {
      async move(from, to, options) {
        const before = await stat(to);
        await move(from, to, options);
        if (before?.etag !== undefined) kept.set(to, before.etag);
      },
      async stat(path, options) {
        const seen = await stat(path, options);
        return seen?.kind === "file" && kept.has(path) ? { ...seen, etag: kept.get(path) } : seen;
      },
    };
  }),
];
