/** Stores that delete too much or too little. */

import { StorageError } from "../../backends/errors.ts";
import { all, missing, wrongStore } from "./wrong_store.ts";

/** Stores that delete too much or too little. */
export const deletions = [
  wrongStore("rejects when there is nothing to delete", [
    "delete/name-too-long",
    "list/changing",
    "delete/if-match",
    "delete/missing",
    "delete/below-file",
    "writeExpiring/gone",
    "write/random-operations",
  ], ({ delete: remove, stat, readSymlink }) => ({
    async delete(path, options) {
      if (await stat(path) === undefined && await readSymlink(path) === undefined) throw missing(path);
      await remove(path, options);
    },
  })),
  wrongStore("deletes a directory with all it holds", [
    "delete/if-match-directory",
    "delete/not-empty",
    "delete/not-empty-directories",
    "writeExpiring/empties",
    "write/random-operations",
  ], ({ delete: remove, deleteTree, stat, readSymlink }) => ({
    async delete(path, options) {
      const link = await readSymlink(path) !== undefined;
      if (!link && path !== "" && (await stat(path))?.kind === "directory") return await deleteTree(path, options);
      await remove(path, options);
    },
  })),
  wrongStore(
    "takes a directory of directories for empty",
    ["delete/not-empty-directories", "write/random-operations"],
    ({ delete: remove, deleteTree, list }) => ({
      async delete(path, options) {
        const inside = await all(list(path));
        const hollow = path !== "" && inside.length > 0 && inside.every(({ kind }) => kind === "directory");
        await (hollow ? deleteTree(path, options) : remove(path, options));
      },
    }),
  ),
  wrongStore(
    "deletes what a link leads to",
    ["delete/link", "write/random-operations"],
    ({ delete: remove, readSymlink }) => ({
      delete: async (path, options) => await remove(await readSymlink(path) ?? path, options),
    }),
  ),
  wrongStore(
    "deletes neighbours with a tree",
    ["deleteTree/file", "deleteTree/tree", "write/random-operations"],
    ({ deleteTree, list }) => ({
      async deleteTree(path, options) {
        options?.signal?.throwIfAborted();
        for (const entry of await all(list(""))) if (entry.path.startsWith(path)) await deleteTree(entry.path);
      },
    }),
  ),
  wrongStore(
    "deletes the trees that links in a tree lead to",
    ["deleteTree/link", "write/random-operations"],
    ({ deleteTree, list, readSymlink }) => ({
      async deleteTree(path, options) {
        for (const { path: below, kind } of await all(list(path))) {
          const target = kind === "symlink" ? await readSymlink(below) : undefined;
          if (target) await deleteTree(target);
        }
        await deleteTree(path, options);
      },
    }),
  ),
  wrongStore("takes the root away", ["delete/not-empty", "delete/root"], ({ delete: remove, stat, write }) => {
    let gone = false;
    return {
      async delete(path, options) {
        gone ||= path === "";
        if (path !== "") await remove(path, options);
      },
      stat: async (path, options) => gone && path === "" ? undefined : await stat(path, options),
      write(path, bytes, options) {
        gone = false;
        return write(path, bytes, options);
      },
    };
  }),
  wrongStore("rejects when there is no tree to delete", [
    "deleteTree/missing",
    "deleteTree/file",
    "write/random-operations",
  ], ({ deleteTree, stat, readSymlink }) => ({
    async deleteTree(path, options) {
      if (await stat(path) === undefined && await readSymlink(path) === undefined) throw missing(path);
      await deleteTree(path, options);
    },
  })),
  wrongStore("stops after a hundred files of a tree", ["deleteTree/many"], ({ deleteTree, list, delete: remove }) => ({
    async deleteTree(path, options) {
      const files = (await all(list(path))).filter(({ kind }) => kind !== "directory");
      if (files.length <= 100) return await deleteTree(path, options);
      for (const file of files.slice(0, 100)) await remove(file.path);
    },
  })),
  wrongStore("cannot be closed twice", ["close/again", "close/unused"], ({ close }) => {
    let closed = false;
    return {
      async close() {
        if (closed) throw new StorageError("closed", "it is closed already");
        closed = true;
        await close();
      },
    };
  }),
];
