import assert from "node:assert/strict";
import { DiskBackend, FileManager, ndarray } from "../../mod.ts";
import { namesBelow, refuses, refusesUnchanged, snapshot } from "../disk/setup.ts";
import { MOUNTS, remount, withMount } from "./mounted.ts";

const KIB = 1024;
const BIG = 2048 * KIB;

/** A test on a small file system of its own, saved to with and without syncing. */
function mounted(name: string, options: string, run: (disk: DiskBackend, root: string) => Promise<void>): void {
  for (const durability of ["full", "fast"] as const) {
    Deno.test({
      name: `${name} (${durability})`,
      ignore: !MOUNTS,
      fn: () => withMount(options, (root) => run(new DiskBackend({ root, durability }), root)),
    });
  }
}

function bytes(size: number, fill: number = 7): Uint8Array {
  return new Uint8Array(size).fill(fill);
}

async function saveStream(disk: DiskBackend, path: string, size: number): Promise<void> {
  const writer = (await disk.openWrite(path)).getWriter();
  try {
    for (let left = size; left > 0; left -= 64 * KIB) await writer.write(bytes(Math.min(left, 64 * KIB)));
    await writer.close();
  } catch (error) {
    await writer.abort(error).catch(() => {/* told already */});
    throw error;
  }
}

mounted("disk full: what does not fit is refused, and the old content stays", "size=1m", async (disk, root) => {
  await disk.save(bytes(300 * KIB), "dir/old.bin");
  await disk.save("text", "other.txt");
  const calls: Record<string, () => Promise<unknown>> = {
    save: () => disk.save(bytes(BIG, 1), "dir/old.bin"),
    "save of what nearly fits beside the old": () => disk.save(bytes(900 * KIB, 1), "dir/old.bin"),
    "save of a new file": () => disk.save(bytes(BIG, 1), "dir/new.bin"),
    "save in parts": () => disk.save(ndarray(new Float64Array(600 * KIB), [600 * KIB]), "dir/array.npy"),
    "save with overwrite: false": () => disk.save(bytes(BIG, 1), "dir/new.bin", { overwrite: false }),
    "save with ifMatch": async () =>
      await disk.save(bytes(BIG, 1), "dir/old.bin", { ifMatch: (await disk.stat("dir/old.bin")).etag }),
    saveBatch: () => disk.saveBatch([1, 2, 3].map((n) => bytes(300 * KIB, n)), ["dir/old.bin", "x.bin", "y.bin"]),
    openWrite: () => saveStream(disk, "dir/old.bin", BIG),
    "openWrite of a new file": () => saveStream(disk, "dir/streamed.bin", BIG),
    "copy from another backend": async () => {
      const fm = new FileManager({ disk, source: new DiskBackend() });
      const file = await Deno.makeTempFile();
      try {
        await Deno.truncate(file, BIG);
        await fm.copy(file, "dir/old.bin", "source", { to: "disk", overwrite: true });
      } finally {
        await Deno.remove(file);
      }
    },
  };
  for (const [name, call] of Object.entries(calls)) {
    try {
      await refusesUnchanged(root, call, "no-space", "full");
    } catch (error) {
      throw new Error(`${name}: ${(error as Error).message}`, { cause: error });
    }
  }
  await disk.save(bytes(100 * KIB, 2), "dir/old.bin");
  assert.deepEqual(await disk.load("dir/old.bin"), bytes(100 * KIB, 2));
});

mounted("disk full: a copy that does not fit leaves the source alone", "size=1m", async (disk, root) => {
  await disk.save(bytes(600 * KIB), "a.bin");
  await refusesUnchanged(root, () => disk.copy("a.bin", "b.bin"), "no-space", "full");
  await disk.move("a.bin", "b.bin");
  assert.deepEqual(await disk.load("b.bin"), bytes(600 * KIB));
});

mounted(
  "disk full: without a free inode nothing can be made, and everything is as before",
  "nr_inodes=8",
  async (disk, root) => {
    await disk.save("keep", "keep.txt");
    await refuses(
      async () => {
        for (let i = 0; i < 10; i++) await disk.save("x", `${i}.txt`);
      },
      "no-space",
      "full",
    );
    await refusesUnchanged(root, () => disk.save("new", "keep.txt"), "no-space", "full");
    await refusesUnchanged(root, () => disk.saveBatch(["a", "b"], ["keep.txt", "0.txt"]), "no-space", "full");
    await refusesUnchanged(root, () => disk.openWrite("keep.txt"), "no-space", "full");
    await refusesUnchanged(root, () => disk.ensureDirectory("dir"), "no-space", "full");
    await refusesUnchanged(root, () => disk.save("x", "dir/x.txt"), "no-space", "full");
    await refusesUnchanged(root, () => disk.createSymlink("keep.txt", "link"), "no-space", "full");
    await disk.delete("0.txt");
    await disk.save("new", "keep.txt");
    assert.equal(await disk.load("keep.txt"), "new");
  },
);

mounted(
  "read-only file system: everything that writes says so, everything that reads works",
  "size=1m",
  async (disk, root) => {
    await disk.save("text", "dir/file.txt");
    await disk.save("link me", "target.txt");
    const { etag } = await disk.stat("dir/file.txt");
    await remount(root, "ro");
    const calls: readonly (() => Promise<unknown>)[] = [
      () => disk.save("x", "dir/file.txt"),
      () => disk.save("x", "dir/file.txt", { ifMatch: etag }),
      () => disk.save("x", "new.txt", { overwrite: false }),
      () => disk.save("x", "new/dir/x.txt"),
      () => disk.saveBatch(["x"], ["dir/file.txt"]),
      () => disk.openWrite("dir/file.txt"),
      () => disk.delete("dir/file.txt"),
      () => disk.delete("dir/file.txt", { ifMatch: etag }),
      () => disk.deleteAll("dir"),
      () => disk.move("dir/file.txt", "moved.txt"),
      () => disk.copy("dir/file.txt", "copied.txt"),
      () => disk.ensureDirectory("new"),
      () => disk.createSymlink("target.txt", "link"),
    ];
    for (const call of calls) await refusesUnchanged(root, call, "read-only", "read-only");
    assert.equal(await disk.load("dir/file.txt"), "text");
    assert.deepEqual(await disk.listFiles("", { recursive: true }), ["dir/file.txt", "target.txt"]);
    assert.equal((await disk.stat("dir/file.txt")).etag, etag);
    assert.equal(await disk.ensureDirectory("dir"), "dir");
    assert.equal(await disk.sweep("", { olderThan: 0 }), 0);
    await remount(root, "rw");
    await disk.save("x", "dir/file.txt");
  },
);

mounted("move to another file system is a copy, verified by being the same", "size=4m", async (disk, root) => {
  const outer = await Deno.makeTempDir();
  try {
    const both = new FileManager({ disk: new DiskBackend() }).on("disk");
    await disk.save("one", "tree/1.txt");
    await disk.save("two", "tree/deep/2.txt");
    await disk.createSymlink("tree/1.txt", "tree/link");
    await Deno.writeTextFile(`${outer}/taken.txt`, "old");
    await both.move(`${root}/tree/1.txt`, `${outer}/taken.txt`, { overwrite: true });
    assert.equal(await Deno.readTextFile(`${outer}/taken.txt`), "one");
    await refuses(() => both.move(`${root}/tree/deep`, `${outer}/taken.txt`, { overwrite: true }), [
      "not-a-directory",
      "already-exists",
    ]);
    await both.move(`${root}/tree`, `${outer}/new/tree`);
    assert.deepEqual(namesBelow(root), []);
    const expected = ["new/", "new/tree/", "new/tree/deep/", "new/tree/deep/2.txt", "new/tree/link", "taken.txt"];
    assert.deepEqual([...snapshot(outer).keys()], expected);
  } finally {
    await Deno.remove(outer, { recursive: true });
  }
});
