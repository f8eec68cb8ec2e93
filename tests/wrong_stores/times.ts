/** Stores that forget the time, or to tell of it; and stores that forget when they are opened again. */

import type { Stat } from "../../backends/stores/store.ts";
import { type Whole, wrongStore } from "./wrong_store.ts";

/** Writes content that is there until its time has come, but knows nothing of it. */
function forever({ write, stat }: Whole): Partial<Whole> {
  const expiring = new Map<string, Date>();
  return {
    async writeExpiring(path, bytes, { expireIn, ...options }) {
      const result = await write(path, bytes, options);
      expiring.set(path, new Date(Date.now() + expireIn));
      return result;
    },
    async stat(path, options) {
      const seen = await stat(path, options);
      return seen?.kind === "file" ? { ...seen, expires: expiring.get(path) } : seen;
    },
  };
}

/** Stores that forget the time, or to tell of it. */
export const times = [
  wrongStore("keeps what has expired", [
    "writeExpiring/gone",
    "writeExpiring/empties",
    "writeExpiring/conditions",
    "writeExpiring/not-a-number",
    "writeExpiring/renewed",
    "writeExpiring/moved",
    "writeExpiring/copied",
    "writeExpiring/reopened",
    "watch/expires",
  ], forever),
  wrongStore(
    "lists what has expired",
    ["writeExpiring/gone", "writeExpiring/aborted-before"],
    ({ list, writeExpiring }) => {
      const expiring = new Set<string>();
      return {
        writeExpiring(path, bytes, options) {
          expiring.add(path);
          return writeExpiring(path, bytes, options);
        },
        async *list(prefix, options) {
          yield* list(prefix, options);
          if (prefix === "") { for (const path of expiring) yield { path, kind: "file" }; }
        },
      };
    },
  ),
  wrongStore("takes any time", ["writeExpiring/not-a-number"], ({ writeExpiring }) => ({
    writeExpiring: (path, bytes, options) =>
      writeExpiring(path, bytes, { ...options, expireIn: options.expireIn > 0 ? Math.min(options.expireIn, 1e9) : 1 }),
  })),
  wrongStore("keeps the time of what is copied", ["writeExpiring/copied"], ({ copy, read, stat, writeExpiring }) => ({
    async copy(from, to, options) {
      const expires = (await stat(from))?.expires;
      const bytes = await read(from);
      if (expires === undefined || bytes === undefined) return await copy(from, to, options);
      return await writeExpiring(to, bytes, { ...options, expireIn: Math.max(1, Number(expires) - Date.now()) });
    },
  })),
  wrongStore(
    "drops the time of what is moved",
    ["writeExpiring/moved"],
    ({ move, read, write, delete: remove, stat }) => ({
      async move(from, to, options) {
        const bytes = await read(from);
        if ((await stat(from))?.expires === undefined || bytes === undefined) return await move(from, to, options);
        await write(to, bytes);
        await remove(from);
      },
    }),
  ),
  wrongStore("forgets the conditions of what expires", ["writeExpiring/conditions"], ({ writeExpiring }) => ({
    writeExpiring: (path, bytes, { expireIn, signal }) => writeExpiring(path, bytes, { expireIn, signal }),
  })),
  wrongStore("tells no change after the first", ["watch/changes", "watch/moved"], ({ watch }) => ({
    async *watch(path, options) {
      let told = 0;
      for await (const news of watch(path, options)) if (told++ < 2) yield news;
    },
  })),
  wrongStore(
    "tells each change when the next has come",
    ["watch/changes", "watch/last", "watch/moved", "watch/expires", "watch/many"],
    ({ watch }) => ({
      async *watch(path, options) {
        let held: { news: Stat | undefined } | undefined;
        let first = true;
        for await (const news of watch(path, options)) {
          if (held !== undefined) yield held.news;
          if (first) yield news;
          else held = { news };
          first = false;
        }
      },
    }),
  ),
  wrongStore(
    "tells nothing at first",
    ["watch/changes", "watch/last", "watch/moved", "watch/aborted", "watch/many"],
    ({ watch }) => ({
      async *watch(path, options) {
        let first = true;
        for await (const news of watch(path, options)) {
          if (!first) yield news;
          first = false;
        }
      },
    }),
  ),
  wrongStore("watches on when it is told to stop", ["watch/aborted"], ({ watch }) => ({
    watch: (path, { signal } = {}) => {
      signal?.throwIfAborted();
      return watch(path);
    },
  })),
  wrongStore(
    "is empty when it is opened again",
    ["writeExpiring/reopened", "write/durable", "delete/durable", "makeDirectory/durable", "createSymlink/durable"],
    () => ({}),
    () => ({
      read: () => Promise.resolve(undefined),
      stat: (path) => Promise.resolve(path === "" ? { kind: "directory" as const } : undefined),
      async *list() {
        yield* [];
      },
    }),
  ),
  wrongStore(
    "forgets empty directories when it is opened again",
    ["makeDirectory/durable"],
    () => ({}),
    ({ list }) => ({
      async *list(prefix, options) {
        for await (const entry of list(prefix, options)) if (entry.kind !== "directory") yield entry;
      },
    }),
  ),
];
