/** Stores that get links wrong. */

import { missing, wrongStore } from "./wrong_store.ts";

/** Stores that get links wrong. */
export const links = [
  wrongStore("replaces a link by what is written to it", [
    "createSymlink/loop",
    "write/through-link",
    "write/through-dangling-link",
    "write/through-own-directory",
    "write/onto-link-to-directory",
    "write/random-operations",
  ], ({ write, delete: remove, readSymlink }) => ({
    async write(path, bytes, options) {
      if (options?.ifAbsent !== true && await readSymlink(path) !== undefined) await remove(path);
      return await write(path, bytes, options);
    },
  })),
  wrongStore(
    "reads a link to the end",
    ["createSymlink/chain", "write/through-link", "write/random-operations"],
    ({ readSymlink }) => ({
      async readSymlink(path, options) {
        let target = await readSymlink(path, options);
        for (let hops = 0; target !== undefined && hops < 9; hops++) {
          const next = await readSymlink(target);
          if (next === undefined) break;
          target = next;
        }
        return target;
      },
    }),
  ),
  wrongStore(
    "replaces a link by another",
    ["createSymlink/exists", "write/random-operations"],
    ({ createSymlink, readSymlink, delete: remove }) => ({
      async createSymlink(target, path, options) {
        if (await readSymlink(path) !== undefined) await remove(path);
        await createSymlink(target, path, options);
      },
    }),
  ),
  wrongStore("links only to what is there", [
    "createSymlink/parents",
    "createSymlink/dangling",
    "createSymlink/below-file",
    "createSymlink/loop",
    "createSymlink/exists",
    "createSymlink/race",
    "write/through-dangling-link",
    "write/if-absent-dangling-link",
    "delete/link",
    "list/links",
    "list/link-prefix",
    "copy/links",
    "write/random-operations",
  ], ({ createSymlink, stat }) => ({
    async createSymlink(target, path, options) {
      if (await stat(target) === undefined) throw missing(target);
      await createSymlink(target, path, options);
    },
  })),
  wrongStore("rejects a look at a link that leads nowhere", [
    "createSymlink/dangling",
    "createSymlink/below-file",
    "createSymlink/loop",
    "write/random-operations",
  ], ({ stat, readSymlink }) => ({
    async stat(path, options) {
      const seen = await stat(path, options);
      if (seen === undefined && await readSymlink(path) !== undefined) throw missing(path);
      return seen;
    },
  })),
  wrongStore("takes a file for a link to itself", [
    "readSymlink/not-a-link",
    "copy/links",
    "move/onto-link",
    "move/onto-its-link",
    "write/random-operations",
  ], ({ readSymlink, stat }) => ({
    async readSymlink(path, options) {
      return await readSymlink(path, options) ?? ((await stat(path))?.kind === "file" ? path : undefined);
    },
  })),
  wrongStore("takes a target for relative to its link", [
    "createSymlink/root",
    "createSymlink/parents",
    "createSymlink/chain",
    "createSymlink/through-link",
    "createSymlink/names",
    "write/through-own-directory",
    "move/link-with-target",
    "move/onto-its-link",
    "createSymlink/durable",
    "write/random-operations",
  ], ({ createSymlink }) => ({
    createSymlink: (target, path, options) =>
      createSymlink(path.includes("/") ? `${path.slice(0, path.lastIndexOf("/"))}/${target}` : target, path, options),
  })),
];
