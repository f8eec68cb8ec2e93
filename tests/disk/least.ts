/**
 * The child of the permission tests: makes one call, or every call but those about links, under whatever it was granted.
 *
 * Arguments: root (`-` for none), the call, a path, the id of the user to become.
 */

import assert from "node:assert/strict";
import process from "node:process";
import { DiskBackend, isStorageError, MemoryBackend, ndarray } from "../../mod.ts";

const [root = "-", call = "", path = "", user] = Deno.args;
const disk = new DiskBackend(root === "-" ? {} : { root });

async function everything(): Promise<void> {
  const { etag } = await disk.save({ a: 1 }, "a/b/c.json");
  assert.deepEqual(await disk.load("a/b/c.json"), { a: 1 });
  await disk.save({ a: 2 }, "a/b/c.json", { ifMatch: etag });
  await disk.save("new", "new.txt", { overwrite: false, durability: "fast" });
  await disk.save(ndarray(new Float64Array(600_000), [600_000]), "large.npy");
  await disk.saveBatch(["x", "y"], ["x.txt", "d/y.txt"]);
  await disk.loadBatch(["x.txt", "d/y.txt"]);
  const files = ["a/b/c.json", "d/y.txt", "large.npy", "new.txt", "x.txt"];
  assert.deepEqual(await disk.listFiles("", { recursive: true }), files);
  assert.deepEqual(await disk.listDir(""), ["a", "d", "large.npy", "new.txt", "x.txt"]);
  assert.equal(await disk.exists("nowhere"), false);
  assert.equal(await disk.isSymlink("x.txt"), false);
  await disk.copy("a", "copied");
  await disk.move("copied", "moved/here");
  await disk.move("x.txt", "moved/x.txt");
  await disk.ensureDirectory("k/l");
  const writer = (await disk.openWrite("streamed.txt")).getWriter();
  await writer.write(new TextEncoder().encode("streamed"));
  await writer.close();
  assert.equal(await new Response(await disk.openRead("streamed.txt") as ReadableStream<never>).text(), "streamed");
  assert.equal((await disk.stat("streamed.txt")).size, 8);
  await disk.delete("streamed.txt");
  await disk.deleteAll("moved");
  await assert.rejects(disk.load("../escape.txt"), { code: "invalid-path" });
  assert.equal(await disk.sweep("", { olderThan: 0 }), 0);
  await disk.deleteAll("");
}

const CALLS: Readonly<Record<string, () => Promise<unknown>>> = {
  everything,
  save: () => disk.save("x", path),
  saveBatch: () => disk.saveBatch(["x"], [path]),
  openWrite: () => disk.openWrite(path),
  ensureDirectory: () => disk.ensureDirectory(path),
  delete: () => disk.delete(path),
  move: () => disk.move(path, `${path}.moved`),
  load: () => disk.load(path),
  listDir: () => disk.listDir(path),
  stat: () => disk.stat(path),
  exists: () => disk.exists(path),
  openRead: () => disk.openRead(path),
  link: () => disk.createSymlink(path, `${path}.link`),
};

function tell(outcome: Record<string, unknown>): void {
  Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify(outcome)));
}

/** Becomes another user, for whom this program itself may be out of reach: what is loaded late is loaded before. */
async function become(id: number): Promise<void> {
  const memory = new MemoryBackend();
  await memory.save("text", "file.txt");
  await (await memory.openRead("file.txt")).cancel();
  process.setgid!(id);
  process.setuid!(id);
}

if (user !== undefined) await become(Number(user));
try {
  await CALLS[call]!();
  tell({ resolved: true });
} catch (error) {
  if (isStorageError(error)) tell({ code: error.code, message: error.message });
  else tell({ foreign: error instanceof Error ? error.stack : String(error) });
}
