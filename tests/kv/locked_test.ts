import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { KvBackend } from "../../backends/kv.ts";
import { withBox } from "../disk/setup.ts";

Deno.test("kv: a database that another keeps locked for a while is waited for", () =>
  withBox(async ({ root }) => {
    const path = `${root}/kv.db`;
    await using kv = new KvBackend({ path });
    await kv.save("old", "a.txt");
    const other = new DatabaseSync(path);
    other.exec("BEGIN IMMEDIATE");
    let locked = true;
    const saves = [
      kv.save("new", "a.txt"),
      kv.saveBatch(["1", "2"], ["b/1.txt", "b/2.txt"]),
      kv.save(new Uint8Array(2_000_000), "large.bin"),
    ].map((save) => save.then(() => assert(!locked, "it wrote to a locked database")));
    // Reading goes on meanwhile.
    assert.equal(await kv.load("a.txt"), "old");
    await new Promise((resolve) => setTimeout(resolve, 400));
    locked = false;
    other.exec("COMMIT");
    other.close();
    await Promise.all(saves);
    assert.equal(await kv.load("a.txt"), "new");
    assert.deepEqual(await kv.loadBatch(["b/1.txt", "b/2.txt"]), ["1", "2"]);
  }));

Deno.test("kv: a file that is no database is corrupt, one in no directory cannot be opened", () =>
  withBox(async ({ root }) => {
    await Deno.writeTextFile(`${root}/junk.db`, "this is a text ".repeat(1000));
    await using junk = new KvBackend({ path: `${root}/junk.db` });
    await assert.rejects(junk.load("a.txt"), { code: "corrupt" });
    await using nowhere = new KvBackend({ path: `${root}/no/where.db` });
    await assert.rejects(nowhere.load("a.txt"), { code: "io" });
  }));
