/** Stores that get a condition wrong. */

import { changed, exists, wrongStore } from "./wrong_store.ts";

/** Stores that get a condition wrong. */
export const conditions = [
  wrongStore("forgets ifAbsent", [
    "write/if-absent",
    "write/if-absent-empty",
    "write/both-conditions",
    "write/if-absent-link",
    "write/race-if-absent",
    "write/random-operations",
  ], ({ write }) => ({
    write: (path, bytes, options) => write(path, bytes, { ...options, ifAbsent: false }),
  })),
  wrongStore("forgets ifMatch", [
    "write/if-match",
    "write/if-match-other",
    "write/if-match-missing",
    "write/if-match-deleted",
    "write/both-conditions",
    "deleteTree/many",
    "writeExpiring/conditions",
    "write/race-if-match",
    "write/counter",
    "write/durable",
    "write/random-operations",
  ], ({ write }) => ({
    write: (path, bytes, options) => write(path, bytes, { ...options, ifMatch: undefined }),
  })),
  wrongStore("looks for ifAbsent first and writes later", ["write/race-if-absent"], ({ write, stat }) => ({
    async write(path, bytes, { ifAbsent, ...options } = {}) {
      if (ifAbsent && await stat(path)) throw exists(path);
      return await write(path, bytes, options);
    },
  })),
  wrongStore(
    "looks for ifMatch first and writes later",
    ["write/race-if-match", "write/counter"],
    ({ write, stat }) => ({
      async write(path, bytes, { ifMatch, ...options } = {}) {
        if (ifMatch !== undefined && (await stat(path))?.etag !== ifMatch) throw changed(path);
        return await write(path, bytes, options);
      },
    }),
  ),
  wrongStore(
    "takes an empty file for an absent one",
    ["write/if-absent-empty", "write/random-operations"],
    ({ write, stat }) => ({
      async write(path, bytes, options = {}) {
        const empty = options.ifAbsent && (await stat(path))?.size === 0;
        return await write(path, bytes, empty ? { ...options, ifAbsent: false } : options);
      },
    }),
  ),
  wrongStore("creates with ifMatch what is not there", [
    "write/if-match-missing",
    "write/if-match-deleted",
    "write/both-conditions",
    "deleteTree/many",
    "writeExpiring/conditions",
    "write/random-operations",
  ], ({ write, stat }) => ({
    async write(path, bytes, options = {}) {
      const there = await stat(path) !== undefined;
      return await write(path, bytes, there ? options : { ...options, ifMatch: undefined });
    },
  })),
  wrongStore("deletes whatever is there with ifMatch", [
    "delete/if-match",
    "delete/if-match-directory",
    "delete/race-if-match",
  ], ({ delete: remove }) => ({
    delete: (path, { signal } = {}) => remove(path, { signal }),
  })),
  wrongStore("copies without conditions", ["copy/conditions", "write/random-operations"], ({ copy }) => ({
    copy: (from, to, { signal } = {}) => copy(from, to, { signal }),
  })),
  wrongStore(
    "moves without ifAbsent",
    ["move/if-absent", "move/race-if-absent", "write/random-operations"],
    ({ move }) => ({
      move: (from, to, { signal } = {}) => move(from, to, { signal }),
    }),
  ),
  wrongStore(
    "looks for ifAbsent first and moves later",
    ["move/race-if-absent", "write/random-operations"],
    ({ move, stat }) => ({
      async move(from, to, { ifAbsent, signal } = {}) {
        if (ifAbsent && await stat(to)) throw exists(to);
        await move(from, to, { signal });
      },
    }),
  ),
  wrongStore(
    "holds a stream to its conditions only when it is opened",
    ["openWrite/conditions-at-close"],
    ({ openWrite, stat }) => ({
      async openWrite(path, { ifAbsent, ifMatch, signal } = {}) {
        const there = await stat(path);
        if (ifAbsent && there?.kind === "file") throw exists(path);
        if (ifMatch !== undefined && there?.etag !== ifMatch) throw changed(path);
        return await openWrite(path, { signal });
      },
    }),
  ),
];
