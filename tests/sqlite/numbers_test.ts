/** Ids and etags: none is given twice, whatever is rolled back. */

import assert from "node:assert/strict";
import { SqliteStore } from "../../backends/stores/sqlite_store.ts";
import { bytesOf } from "../conformance/assertions.ts";

for (const groupCommit of [false, true]) {
  const name = groupCommit ? "sqlite, group commit" : "sqlite";
  Deno.test(`${name}: after batches that failed, as before, no number is given twice`, async () => {
    const store = new SqliteStore({ path: ":memory:", groupCommit });
    const one = bytesOf("x");
    const many = (prefix: string, count: number): { path: string; bytes: Uint8Array }[] =>
      Array.from({ length: count }, (_, index) => ({ path: `${prefix}${index}`, bytes: one }));
    await store.write("file", one);
    await store.write("large", new Uint8Array(100_000));
    // Until as many numbers are taken at once as ever are.
    for (let round = 0; round < 18; round++) await store.writeMany(many(`a${round}-`, 500));
    // The quick way meets a large file and takes everything back; the slow way fails at a file in the way.
    const failing = many("n", 4000);
    failing[50] = { path: "large", bytes: one };
    failing[100] = { path: "file/below", bytes: one };
    await Promise.all([0, 1].map(() => assert.rejects(store.writeMany(failing), { code: "not-a-directory" })));
    const etags = new Set<string>();
    for (let round = 0; round < 9; round++) {
      for (const { etag } of await store.writeMany(many("same", 500))) etags.add(etag);
      for (let index = 0; index < 100; index++) etags.add((await store.write(`p${round}-${index}`, one)).etag);
    }
    assert.equal(etags.size, 9 * 600);
    assert.deepEqual(await store.check(), []);
    await store.close();
  });
}
