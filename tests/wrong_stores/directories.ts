/** Stores that get directories wrong. */

import { parentPath } from "../../backends/path.ts";
import { all, exists, missing, wrongStore } from "./wrong_store.ts";

/** Stores that get directories wrong. */
export const directories = [
  wrongStore("loses empty directories", [
    "deleteTree/empty-directories",
    "makeDirectory/empty",
    "makeDirectory/stays",
    "move/empty-directories",
    "list/aborted",
    "makeDirectory/durable",
    "write/random-operations",
  ], ({ list }) => ({
    async *list(prefix, options) {
      for (const entry of await all(list(prefix, options))) {
        if (entry.kind !== "directory" || (await all(list(entry.path))).length > 0) yield entry;
      }
    },
  })),
  wrongStore("removes directories when they become empty", [
    "delete/below-file",
    "delete/empty-directory",
    "delete/last-file",
    "makeDirectory/stays",
    "write/random-operations",
  ], ({ delete: remove }) => ({
    async delete(path, options) {
      await remove(path, options);
      if (path.includes("/")) await remove(parentPath(path)).catch(() => undefined);
    },
  })),
  wrongStore("sees no directory", [
    "stat/directory",
    "list/agrees",
    "write/parents",
    "write/deep",
    "delete/empty-directory",
    "delete/last-file",
    "makeDirectory/parents",
    "makeDirectory/race",
    "createSymlink/directory",
    "createSymlink/parents",
    "makeDirectory/through-link",
    "write/random-operations",
  ], ({ stat }) => ({
    async stat(path, options) {
      const seen = await stat(path, options);
      return seen?.kind === "directory" && path !== "" ? undefined : seen;
    },
  })),
  wrongStore("sees no root as long as it is empty", [
    "stat/root",
    "delete/root",
    "deleteTree/root",
    "write/random-operations",
  ], ({ stat, list }) => ({
    async stat(path, options) {
      const seen = await stat(path, options);
      return path === "" && (await all(list(""))).length === 0 ? undefined : seen;
    },
  })),
  wrongStore("takes the beginning of a name for a directory", [
    "stat/missing",
    "read/names-spaces",
    "read/names-dots",
    "read/names-backslashes",
    "read/names-percent-signs",
    "read/names-globs",
    "read/names-numbers",
    "read/names-apart-ends",
    "read/names-ascii",
    "delete/file",
    "deleteTree/file",
    "deleteTree/tree",
    "createSymlink/dangling",
    "createSymlink/below-file",
    "createSymlink/loop",
    "move/file",
    "move/tree",
    "write/random-operations",
  ], ({ stat, list }) => ({
    async stat(path, options) {
      const seen = await stat(path, options);
      const begins = async () => (await all(list(""))).some((entry) => entry.path.startsWith(path));
      return seen ?? (await begins() ? { kind: "directory" } : undefined);
    },
  })),
  wrongStore("replaces a file by a directory to write below it", [
    "write/below-file",
    "write/if-absent-below-file",
    "write/if-match-directory",
    "write/onto-link-to-directory",
    "write/random-operations",
  ], ({ write, stat, delete: remove }) => ({
    async write(path, bytes, options) {
      for (let above = parentPath(path); above !== ""; above = parentPath(above)) {
        if ((await stat(above))?.kind === "file") await remove(above);
      }
      return await write(path, bytes, options);
    },
  })),
  wrongStore("replaces a directory by a file", [
    "write/onto-directory",
    "write/onto-empty-directory",
    "write/if-absent-directory",
    "write/if-match-directory",
    "write/through-own-directory",
    "write/if-absent-link",
    "write/onto-link-to-directory",
    "write/random-operations",
  ], ({ write, stat, deleteTree }) => ({
    async write(path, bytes, options) {
      if (path !== "" && (await stat(path))?.kind === "directory") await deleteTree(path);
      return await write(path, bytes, options);
    },
  })),
  wrongStore("writes to a directory and forgets it", [
    "write/onto-directory",
    "write/onto-empty-directory",
    "write/if-absent-directory",
    "write/if-match-directory",
    "write/through-own-directory",
    "write/if-absent-link",
    "write/onto-link-to-directory",
    "write/random-operations",
  ], ({ write, stat }) => ({
    async write(path, bytes, options) {
      if ((await stat(path))?.kind === "directory") return { etag: "nothing" };
      return await write(path, bytes, options);
    },
  })),
  wrongStore("writes below a file and forgets it", [
    "write/below-file",
    "write/if-absent-below-file",
    "write/if-match-directory",
    "write/onto-link-to-directory",
    "write/random-operations",
  ], ({ write, stat }) => ({
    async write(path, bytes, options) {
      if ((await stat(parentPath(path)))?.kind === "file") return { etag: "nothing" };
      return await write(path, bytes, options);
    },
  })),
  wrongStore("makes only one parent", [
    "list/after",
    "list/after-prefix",
    "list/limit",
    "list/pages",
    "write/parents",
    "deleteTree/tree",
    "createSymlink/through-link",
  ], ({ write, stat }) => ({
    async write(path, bytes, options) {
      const far = parentPath(parentPath(path));
      if (path.length < 100 && far.includes("/") && await stat(far) === undefined) throw missing(path);
      return await write(path, bytes, options);
    },
  })),
  wrongStore(
    "leaves the parents of what it refused",
    ["write/if-match-missing", "write/random-operations"],
    ({ write, makeDirectory, stat }) => ({
      async write(path, bytes, options) {
        if (options?.ifMatch !== undefined && await stat(parentPath(path)) === undefined) {
          await makeDirectory(parentPath(path));
        }
        return await write(path, bytes, options);
      },
    }),
  ),
  wrongStore("refuses to make a directory again", [
    "makeDirectory/again",
    "makeDirectory/through-link",
    "write/random-operations",
  ], ({ makeDirectory, stat }) => ({
    async makeDirectory(path, options) {
      if ((await stat(path))?.kind === "directory") throw exists(path);
      await makeDirectory(path, options);
    },
  })),
  wrongStore("makes a directory where a file is, and forgets it", [
    "makeDirectory/onto-file",
    "makeDirectory/through-link",
    "write/random-operations",
  ], ({ makeDirectory, stat }) => ({
    async makeDirectory(path, options) {
      if ((await stat(path))?.kind !== "file") await makeDirectory(path, options);
    },
  })),
  wrongStore("makes the directory in which it looks", [
    "stat/creates-nothing",
    "createSymlink/dangling",
    "write/random-operations",
  ], ({ read, makeDirectory, stat }) => ({
    async read(path, options) {
      if (parentPath(path) !== "" && await stat(parentPath(path)) === undefined) {
        await makeDirectory(parentPath(path)).catch(() => undefined);
      }
      return await read(path, options);
    },
  })),
  wrongStore("reads a directory as an empty file", [
    "read/directory",
    "createSymlink/directory",
    "write/random-operations",
  ], ({ read, stat }) => ({
    async read(path, options) {
      return await read(path, options) ?? ((await stat(path))?.kind === "directory" ? new Uint8Array() : undefined);
    },
  })),
];
