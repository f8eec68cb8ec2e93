/** What is promised when many things happen at once. */

import assert from "node:assert/strict";
import { isStorageError } from "../../backends/errors.ts";
import { assertListed, assertText, bytesOf, noise, rejectsWith, sameBytes, together } from "./assertions.ts";
import { type StorePromise, storePromise, type StoreWith } from "./promise.ts";

/** Adds one to the number in `path`, again and again until nobody was faster. */
async function increment(store: StoreWith<"write">, path: string): Promise<void> {
  for (let tries = 0; tries < 10_000; tries++) {
    // The etag is looked at first: a content that is newer than the etag is refused, never lost.
    const etag = (await store.stat(path))?.etag;
    const count = Number(new TextDecoder().decode(await store.read(path)));
    try {
      await store.write(path, bytesOf(String(count + 1)), { ifMatch: etag });
      return;
    } catch (error) {
      if (!isStorageError(error, "precondition-failed")) throw error;
    }
  }
  assert.fail("nobody else writes any more, and still the content has changed every time");
}

/** What is promised when many things happen at once. */
export const concurrency: readonly StorePromise[] = [
  storePromise("write/race-if-absent", "lets exactly one of 20 writers create with ifAbsent", {
    async run({ store }) {
      for (const path of ["file", "new/dir/file"]) {
        const writes = Array.from(
          { length: 20 },
          (_, i) => store.write(path, bytesOf(`writer ${i}`), { ifAbsent: true }),
        );
        const outcomes = await Promise.allSettled(writes);
        const winners = outcomes.flatMap(({ status }, i) => status === "fulfilled" ? [i] : []);
        assert.equal(winners.length, 1, `${winners.length} of 20 writers believe they created ${path}`);
        for (const [i, write] of writes.entries()) if (i !== winners[0]) await rejectsWith(write, "already-exists");
        await assertText(store, path, `writer ${winners[0]}`);
      }
    },
  }),
  storePromise("write/race-if-match", "lets exactly one of 20 writers replace with the same ifMatch", {
    async run({ store }) {
      const { etag } = await store.write("file", bytesOf("first"));
      const writes = Array.from(
        { length: 20 },
        (_, i) => store.write("file", bytesOf(`writer ${i}`), { ifMatch: etag }),
      );
      const outcomes = await Promise.allSettled(writes);
      const winners = outcomes.flatMap(({ status }, i) => status === "fulfilled" ? [i] : []);
      assert.equal(winners.length, 1, `${winners.length} of 20 writers replaced the same content`);
      for (const [i, write] of writes.entries()) if (i !== winners[0]) await rejectsWith(write, "precondition-failed");
      await assertText(store, "file", `writer ${winners[0]}`);
    },
  }),
  storePromise("write/counter", "loses no update of 8 writers that add 10 each with ifMatch", {
    async run({ store }) {
      await store.write("counter", bytesOf("0"));
      await together(Array.from({ length: 8 }, async () => {
        for (let i = 0; i < 10; i++) await increment(store, "counter");
      }));
      await assertText(store, "counter", "80");
    },
  }),
  storePromise("write/parallel-creates", "keeps all of 32 files created at once in one directory", {
    needs: ["list"],
    async run({ store }) {
      const paths = Array.from({ length: 32 }, (_, i) => `new/dir/${String(i).padStart(2, "0")}`);
      await together(paths.map((path) => store.write(path, bytesOf(path))));
      await assertListed(store, "new/dir", paths);
      for (const path of paths) await assertText(store, path, path);
    },
  }),
  storePromise("write/never-torn", "lets readers see only whole contents while others write", {
    async run({ store }) {
      const contents = Array.from({ length: 6 }, (_, i) => noise(100_000 + 1000 * i, i));
      await store.write("file", contents[0]!);
      let writing = true;
      const writers = contents.map(async (content) => {
        for (let i = 0; i < 5; i++) await store.write("file", content);
      });
      const readers = Array.from({ length: 4 }, async () => {
        do {
          const bytes = await store.read("file");
          assert(bytes !== undefined, "the file was gone for a moment");
          assert(contents.some((content) => sameBytes(content, bytes)), `a mixture of ${bytes.length} bytes was read`);
          await new Promise((resolve) => setTimeout(resolve, 0));
        } while (writing);
      });
      const done = together(writers).finally(() => writing = false);
      await together<unknown>([done, ...readers]);
    },
  }),
  storePromise("write/race-delete", "leaves a file or nothing when writes and deletes of one path race", {
    needs: ["delete"],
    async run({ store }) {
      const changes = Array.from(
        { length: 40 },
        (_, i) => i % 2 === 0 ? store.write("dir/file", bytesOf("whole")) : store.delete("dir/file"),
      );
      await together<unknown>(changes);
      const bytes = await store.read("dir/file");
      assert(bytes === undefined || sameBytes(bytes, bytesOf("whole")));
    },
  }),
  storePromise("delete/race-if-match", "lets exactly one of 10 delete with the same ifMatch", {
    needs: ["write"],
    async run({ store }) {
      const { etag } = await store.write("file", bytesOf("x"));
      const outcomes = await Promise.allSettled(
        Array.from({ length: 10 }, () => store.delete("file", { ifMatch: etag })),
      );
      assert.equal(outcomes.filter(({ status }) => status === "fulfilled").length, 1);
    },
  }),
  storePromise("move/race", "lets exactly one of 10 move the same file", {
    needs: ["write"],
    async run({ store }) {
      await store.write("from", bytesOf("x"));
      const moves = Array.from({ length: 10 }, (_, i) => store.move("from", `to/${i}`));
      const outcomes = await Promise.allSettled(moves);
      const winners = outcomes.flatMap(({ status }, i) => status === "fulfilled" ? [i] : []);
      assert.equal(winners.length, 1);
      for (let i = 0; i < 10; i++) await assertText(store, `to/${i}`, i === winners[0] ? "x" : undefined);
    },
  }),
  storePromise("move/race-if-absent", "lets exactly one of 10 files move to a place with ifAbsent", {
    needs: ["put"],
    async run({ store, putNamed }) {
      const paths = Array.from({ length: 10 }, (_, i) => `from/${i}`);
      await putNamed(paths);
      const outcomes = await Promise.allSettled(paths.map((path) => store.move(path, "to", { ifAbsent: true })));
      const winners = paths.filter((_, i) => outcomes[i]?.status === "fulfilled");
      assert.equal(winners.length, 1, `${winners.length} of 10 moves to one place succeeded with ifAbsent`);
      await assertText(store, "to", winners[0]);
      for (const path of paths) await assertText(store, path, path === winners[0] ? undefined : path);
    },
  }),
];
