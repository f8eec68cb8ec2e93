/** Stores that list something else than is there. */

import { comparePaths } from "../../backends/path.ts";
import type { Entry } from "../../backends/stores/store.ts";
import { all, missing, wrongStore } from "./wrong_store.ts";

/** Stores that list something else than is there. */
export const listings = [
  wrongStore("lists the sibling of a prefix", [
    "read/names-spaces",
    "read/names-dots",
    "read/names-backslashes",
    "read/names-percent-signs",
    "read/names-globs",
    "read/names-numbers",
    "read/names-apart-ends",
    "read/names-ascii",
    "list/prefix",
    "list/missing-prefix",
    "list/many",
    "list/after-prefix",
    "list/pages",
    "list/link-prefix",
    "write/random-operations",
  ], ({ list }) => ({
    async *list(prefix, options) {
      if (prefix === "" || options?.shallow) return yield* list(prefix, options);
      for await (const entry of list("", options)) {
        if (entry.path.startsWith(prefix) && entry.path !== prefix) yield entry;
      }
    },
  })),
  wrongStore("lists the prefix itself", [
    "read/names-*",
    "list/everything",
    "list/shallow",
    "list/prefix",
    "list/prefix-wildcards",
    "list/missing-prefix",
    "list/many",
    "list/deep",
    "list/pages",
    "makeDirectory/empty",
    "list/link-prefix",
    "openWrite/unpublished",
    "write/parallel-creates",
    "write/random-operations",
  ], ({ list, stat }) => ({
    async *list(prefix, options) {
      const kind = (await stat(prefix))?.kind;
      if (prefix !== "" && kind !== undefined && options?.after === undefined) yield { path: prefix, kind };
      yield* list(prefix, options);
    },
  })),
  wrongStore("takes _ and % of a prefix for wildcards", [
    "read/names-percent-signs",
    "read/names-sql",
    "read/names-apart-escapes",
    "read/names-ascii",
    "list/prefix-wildcards",
  ], ({ list }) => ({
    async *list(prefix, options) {
      if (!/[_%]/.test(prefix)) return yield* list(prefix, options);
      const like = prefix.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replaceAll("_", ".").replaceAll("%", ".*");
      for await (const entry of list("", options)) if (new RegExp(`^${like}/`, "s").test(entry.path)) yield entry;
    },
  })),
  wrongStore("sorts by UTF-16 units", ["list/unicode-order", "list/pages", "list/aborted"], ({ list }) => ({
    async *list(prefix, options) {
      yield* (await all(list(prefix, options))).sort((a, b) => a.path < b.path ? -1 : 1);
    },
  })),
  wrongStore(
    "sorts as people do",
    ["list/byte-order", "list/unicode-order", "list/pages", "list/aborted"],
    ({ list }) => ({
      async *list(prefix, options) {
        yield* (await all(list(prefix, options))).sort((a, b) => a.path.localeCompare(b.path, "en"));
      },
    }),
  ),
  wrongStore("sorts directory by directory", [
    "list/byte-order",
    "list/unicode-order",
    "list/pages",
    "list/links",
    "list/aborted",
  ], ({ list }) => ({
    async *list(prefix, options) {
      const key = ({ path }: Entry): string => path.replaceAll("/", "\x01");
      yield* (await all(list(prefix, options))).sort((a, b) => key(a) < key(b) ? -1 : 1);
    },
  })),
  wrongStore("includes what after names", [
    "list/unicode-order",
    "list/many",
    "list/after",
    "list/after-prefix",
    "list/pages",
    "list/link-prefix",
  ], ({ list }) => ({
    async *list(prefix, { after, limit = Infinity, ...options } = {}) {
      let left = limit;
      for await (const entry of list(prefix, options)) {
        if (after !== undefined && comparePaths(entry.path, after) < 0) continue;
        if (left-- <= 0) return;
        yield entry;
      }
    },
  })),
  wrongStore("wants after to be there", ["list/after"], ({ list, stat }) => ({
    async *list(prefix, options = {}) {
      if (options.after !== undefined && await stat(options.after) === undefined) throw missing(options.after);
      yield* list(prefix, options);
    },
  })),
  wrongStore("ignores limit", ["list/limit", "list/pages"], ({ list }) => ({
    list: (prefix, options) => list(prefix, { ...options, limit: undefined }),
  })),
  wrongStore("counts a limit before it skips", ["list/pages"], ({ list }) => ({
    async *list(prefix, { after = "", ...options } = {}) {
      for await (const entry of list(prefix, options)) if (comparePaths(entry.path, after) > 0) yield entry;
    },
  })),
  wrongStore("yields the last of a page again with the next", ["list/many"], ({ list }) => ({
    async *list(prefix, options) {
      let count = 0;
      for await (const entry of list(prefix, options)) {
        if (++count % 500 === 0) yield entry;
        yield entry;
      }
    },
  })),
  wrongStore("forgets what is after the first page", ["read/names-ascii", "list/many"], ({ list }) => ({
    list: (prefix, options) => list(prefix, { ...options, limit: Math.min(options?.limit ?? Infinity, 1000) }),
  })),
  wrongStore(
    "lists what was there at first",
    ["list/after-changes", "move/empty-directories", "openWrite/unpublished"],
    ({ list }) => {
      const seen = new Map<string, Promise<Entry[]>>();
      return {
        async *list(prefix, options) {
          if (options !== undefined) return yield* list(prefix, options);
          if (!seen.has(prefix)) seen.set(prefix, all(list(prefix)));
          yield* await seen.get(prefix)!;
        },
      };
    },
  ),
  wrongStore("ignores shallow", [
    "read/names-*",
    "list/shallow",
    "list/byte-order",
    "list/prefix",
    "list/after-prefix",
    "makeDirectory/empty",
    "list/links",
    "list/link-prefix",
    "write/random-operations",
  ], ({ list }) => ({
    list: (prefix, options) => list(prefix, { ...options, shallow: false }),
  })),
  wrongStore("leaves directories out of a shallow listing", [
    "read/names-*",
    "list/shallow",
    "list/byte-order",
    "list/prefix",
    "list/after-prefix",
    "list/pages",
    "makeDirectory/empty",
    "list/links",
    "list/link-prefix",
    "list/aborted",
    "write/random-operations",
  ], ({ list }) => ({
    async *list(prefix, options) {
      for await (const entry of list(prefix, options)) {
        if (!options?.shallow || entry.kind !== "directory") yield entry;
      }
    },
  })),
  wrongStore("leaves out what begins with a dot", [
    "read/names-dots",
    "read/names-backslashes",
    "read/names-temporary-files",
    "read/names-apart-ends",
  ], ({ list }) => ({
    async *list(prefix, options) {
      for await (const entry of list(prefix, options)) if (!/(^|\/)\.[^/]*$/.test(entry.path)) yield entry;
    },
  })),
  wrongStore(
    "rejects a prefix that is missing",
    ["list/missing-prefix", "list/link-prefix", "write/random-operations"],
    ({ list, stat }) => ({
      async *list(prefix, options) {
        if (await stat(prefix) === undefined) throw missing(prefix);
        yield* list(prefix, options);
      },
    }),
  ),
  wrongStore("tells sizes that are off by one", ["list/details"], ({ list }) => ({
    async *list(prefix, options) {
      for await (const entry of list(prefix, options)) {
        yield entry.size === undefined ? entry : { ...entry, size: entry.size + 1 };
      }
    },
  })),
  wrongStore("tells a link for what it leads to", ["list/links", "write/random-operations"], ({ list, stat }) => ({
    async *list(prefix, options) {
      for await (const entry of list(prefix, options)) {
        yield entry.kind === "symlink" ? { ...entry, kind: (await stat(entry.path))?.kind ?? "symlink" } : entry;
      }
    },
  })),
  wrongStore(
    "lists nothing through a link",
    ["list/link-prefix", "write/random-operations"],
    ({ list, readSymlink }) => ({
      async *list(prefix, options) {
        if (await readSymlink(prefix) === undefined) yield* list(prefix, options);
      },
    }),
  ),
];
