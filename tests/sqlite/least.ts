/**
 * The child of the permission tests: makes every call on a database, or one, under whatever it was granted. Arguments: file, the call.
 */

import assert from "node:assert/strict";
import { isStorageError } from "../../backends/errors.ts";
import { SqliteBackend } from "../../backends/sqlite.ts";

const [path = "", call = ""] = Deno.args;
const readOnly = call.startsWith("readOnly");

async function everything(sqlite: SqliteBackend): Promise<void> {
  assert.deepEqual(await sqlite.listDir(""), []);
  const { etag } = await sqlite.save({ a: 1 }, "a/b/c.json");
  await sqlite.save({ a: 2 }, "a/b/c.json", { ifMatch: etag });
  assert.deepEqual(await sqlite.load("a/b/c.json"), { a: 2 });
  await sqlite.save(new Uint8Array(6_000_000), "large.bin");
  await sqlite.saveBatch(["x", "y"], ["x.txt", "d/y.txt"]);
  await sqlite.loadBatch(["x.txt", "d/y.txt"]);
  await sqlite.save("soon gone", "soon.txt", { expireIn: 60_000 });
  await sqlite.createSymlink("a/b/c.json", "link.json");
  assert.deepEqual(await sqlite.load("link.json"), { a: 2 });
  await sqlite.copy("a", "copied");
  await sqlite.move("copied", "moved/here");
  await sqlite.ensureDirectory("k/l");
  const writer = (await sqlite.openWrite("streamed.bin")).getWriter();
  for (let i = 0; i < 6; i++) await writer.write(new Uint8Array(1_000_000));
  await writer.close();
  for await (const chunk of await sqlite.openRead("streamed.bin")) assert(chunk.length > 0);
  await sqlite.delete("streamed.bin");
  await sqlite.deleteAll("moved");
  assert.equal(await sqlite.sweep({ olderThan: 0 }), 0);
  assert.deepEqual(await sqlite.check(), []);
  const news = sqlite.watch("x.txt");
  assert.equal((await news.next()).value?.size, 1);
  await news.return(undefined);
}

const CALLS: Readonly<Record<string, (sqlite: SqliteBackend) => Promise<unknown>>> = {
  everything,
  save: (sqlite) => sqlite.save("x", "x.txt"),
  load: (sqlite) => sqlite.load("x.txt"),
  listDir: (sqlite) => sqlite.listDir(""),
  readOnly: async (sqlite) => {
    await sqlite.load("x.txt");
    await sqlite.listFiles("", { recursive: true });
    await assert.rejects(sqlite.save("new", "x.txt"), { code: "read-only" });
  },
  backup: (sqlite) => sqlite.backup(`${path}.backup`),
};

function tell(outcome: Record<string, unknown>): void {
  Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify(outcome)));
}

try {
  await using sqlite = new SqliteBackend({ path, readOnly });
  await CALLS[call]!(sqlite);
  tell({ resolved: true });
} catch (error) {
  if (isStorageError(error)) tell({ code: error.code, message: error.message });
  else tell({ foreign: error instanceof Error ? error.stack : String(error) });
}
