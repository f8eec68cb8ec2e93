/** Stores whose etags are not what etags should be. */

import type { Stat } from "../../backends/stores/store.ts";
import { changed, type Whole, type WrongStore, wrongStore } from "./wrong_store.ts";

/** A store that has its own way to name what is there. */
function named(what: string, breaks: readonly string[], name: (bytes: Uint8Array, stat: Stat) => string): WrongStore {
  return wrongStore(what, breaks, ({ read, stat, write, delete: remove, watch }: Whole) => {
    const etagOf = async (path: string): Promise<string | undefined> => {
      const seen = await stat(path);
      return seen?.kind === "file" ? name(await read(path) ?? new Uint8Array(), seen) : undefined;
    };
    const check = async (path: string, ifMatch: string | undefined): Promise<string | undefined> => {
      if (ifMatch === undefined) return undefined;
      if (await etagOf(path) !== ifMatch) throw changed(path);
      return (await stat(path))?.etag;
    };
    return {
      async stat(path, options): Promise<Stat | undefined> {
        const seen = await stat(path, options);
        return seen?.kind === "file" ? { ...seen, etag: await etagOf(path) } : seen;
      },
      async write(path, bytes, options = {}) {
        await write(path, bytes, { ...options, ifMatch: await check(path, options.ifMatch) });
        return { etag: await etagOf(path) ?? "" };
      },
      async delete(path, options = {}) {
        await remove(path, { ...options, ifMatch: await check(path, options.ifMatch) });
      },
      async *watch(path, options) {
        for await (const news of watch(path, options)) yield news && { ...news, etag: await etagOf(path) };
      },
    };
  });
}

/** Stores whose etags are not what etags should be. */
export const etags = [
  named("makes etags of the content", [
    "stat/etag-aba",
    "stat/etag-recreated",
    "write/if-match-deleted",
    "copy/content",
    "copy/conditions",
    "move/replaces",
    "writeMany/writes",
    "writeParts/joined",
    "writeExpiring/there",
    "openWrite/replaces",
    "openWrite/refuses",
    "write/counter",
    "stat/etag-reopened",
  ], (bytes) => new TextDecoder("latin1").decode(bytes)),
  named("makes etags of the size", [
    "stat/etag-aba",
    "stat/etag-recreated",
    "write/if-match",
    "write/if-match-other",
    "write/if-match-deleted",
    "delete/if-match",
    "copy/content",
    "copy/conditions",
    "move/replaces",
    "writeMany/writes",
    "writeMany/duplicates",
    "writeParts/joined",
    "writeExpiring/there",
    "writeExpiring/conditions",
    "openWrite/replaces",
    "openWrite/refuses",
    "openWrite/conditions-at-close",
    "write/counter",
    "stat/etag-reopened",
  ], (bytes) => String(bytes.length)),
  named("makes etags of the time, in hours", [
    "stat/etag-aba",
    "stat/etag-recreated",
    "write/if-match",
    "write/if-match-other",
    "write/if-match-deleted",
    "delete/if-match",
    "copy/content",
    "copy/conditions",
    "move/replaces",
    "writeMany/writes",
    "writeMany/duplicates",
    "writeParts/joined",
    "writeExpiring/there",
    "openWrite/replaces",
    "openWrite/refuses",
    "write/counter",
    "write/durable",
    "stat/etag-reopened",
  ], (_, { modified }) => String(Math.floor(Number(modified) / 3_600_000))),
  wrongStore("tells another etag after a reading", [
    "stat/etag",
    "stat/etag-unchanged",
    "write/if-absent",
    "write/if-match-stat",
    "createSymlink/file",
    "write/through-link",
    "copy/content",
    "writeMany/writes",
    "writeMany/duplicates",
    "writeParts/joined",
    "writeExpiring/there",
    "openWrite/replaces",
    "write/counter",
    "write/durable",
    "write/random-operations",
  ], ({ read, stat }) => {
    let readings = 0;
    return {
      read(path, options) {
        readings++;
        return read(path, options);
      },
      async stat(path, options) {
        const seen = await stat(path, options);
        return seen?.kind === "file" ? { ...seen, etag: `${seen.etag}.${readings}` } : seen;
      },
    };
  }),
  wrongStore("answers an etag that it does not tell", [
    "stat/etag",
    "stat/etag-unchanged",
    "write/if-absent",
    "write/if-match",
    "delete/if-match",
    "createSymlink/file",
    "write/through-link",
    "copy/conditions",
    "watch/changes",
    "watch/last",
    "openWrite/refuses",
    "write/race-if-match",
    "delete/race-if-match",
    "write/durable",
  ], ({ write }) => ({
    write: async (path, bytes, options) => ({ etag: `${(await write(path, bytes, options)).etag}-` }),
  })),
  wrongStore("tells no etag", [
    "stat/etag",
    "stat/etag-unchanged",
    "write/if-absent",
    "write/if-match-stat",
    "createSymlink/file",
    "write/through-link",
    "copy/content",
    "writeMany/writes",
    "writeMany/duplicates",
    "writeParts/joined",
    "writeExpiring/there",
    "openWrite/replaces",
    "write/counter",
    "write/durable",
    "write/random-operations",
  ], ({ stat }) => ({
    async stat(path, options) {
      const { etag: _, ...seen } = await stat(path, options) ?? { kind: undefined };
      return seen.kind === undefined ? undefined : seen;
    },
  })),
  wrongStore(
    "answers the etags of a batch in another order",
    ["writeMany/writes", "writeMany/duplicates"],
    ({ writeMany }) => ({
      writeMany: async (writes, options) => (await writeMany(writes, options)).reverse(),
    }),
  ),
  wrongStore(
    "counts etags from the beginning when it is opened again",
    ["copy/conditions", "watch/changes", "watch/last", "openWrite/refuses", "write/durable", "stat/etag-reopened"],
    counting,
    counting,
  ),
];

/** Numbers the writes of one opening. */
function counting({ stat, write, delete: remove }: Whole): Partial<Whole> {
  const numbers = new Map<string | undefined, string>();
  const own = (ifMatch?: string): string | undefined =>
    [...numbers].find(([, number]) => number === ifMatch)?.[0] ?? ifMatch;
  return {
    async stat(path, options) {
      const seen = await stat(path, options);
      return seen?.etag === undefined ? seen : { ...seen, etag: numbers.get(seen.etag) ?? seen.etag };
    },
    async write(path, bytes, options = {}) {
      const { etag } = await write(path, bytes, { ...options, ifMatch: own(options.ifMatch) });
      numbers.set(etag, `n${numbers.size}`);
      return { etag: `n${numbers.size - 1}` };
    },
    delete: (path, options = {}) => remove(path, { ...options, ifMatch: own(options.ifMatch) }),
  };
}
