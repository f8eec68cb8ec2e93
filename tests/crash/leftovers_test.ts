import assert from "node:assert/strict";
import { DiskBackend } from "../../mod.ts";
import { denoArgs, HIDDEN, leftovers, namesBelow, REPOSITORY, runCommand, withBox } from "../disk/setup.ts";

const HOUR = 60 * 60 * 1000;

/** Plants what a process that died has left: a file, as old as is asked for. */
function plant(directory: string, age: number, name: string = HIDDEN): string {
  Deno.mkdirSync(directory, { recursive: true });
  const path = `${directory}/${name}`;
  Deno.writeTextFileSync(path, "half of someth");
  const time = new Date(Date.now() - age);
  Deno.utimeSync(path, time, time);
  return path;
}

const CHANGES: Readonly<Record<string, (disk: DiskBackend) => Promise<unknown>>> = {
  save: (disk) => disk.save("x", "dir/x.txt"),
  "save with durability fast": (disk) => disk.save("x", "dir/x.txt", { durability: "fast" }),
  "save with overwrite: false": (disk) => disk.save("x", "dir/x.txt", { overwrite: false }),
  saveBatch: (disk) => disk.saveBatch(["x", "y"], ["dir/x.txt", "dir/y.txt"]),
  openWrite: async (disk) => await (await disk.openWrite("dir/x.txt")).close(),
  copy: async (disk) => {
    await disk.save("x", "x.txt");
    await disk.copy("x.txt", "dir/x.txt");
  },
};

for (const [name, change] of Object.entries(CHANGES)) {
  Deno.test(`leftovers: ${name} removes those in its directory that are older than an hour, and no others`, () =>
    withBox(async ({ root }) => {
      plant(`${root}/dir`, 2 * HOUR);
      const young = plant(`${root}/dir`, 0.5 * HOUR, ".polystore-0123456789abcde0.tmp");
      const foreign = plant(`${root}/dir`, 2 * HOUR, ".polystore-notours.tmp");
      await change(new DiskBackend({ root }));
      assert.deepEqual(leftovers(root), [young.slice(root.length + 1)]);
      assert((await Deno.lstat(foreign)).isFile, "a file that is not ours was removed");
    }));
}

Deno.test("leftovers: sweep goes into all directories, through no link, and tells how many", () =>
  withBox(async ({ root, outer }) => {
    const disk = new DiskBackend({ root });
    const outside = plant(`${outer}/outside`, HOUR);
    for (const directory of ["", "/a", "/a/b", "/a/b/c", "/d"]) plant(root + directory, 10);
    Deno.symlinkSync(`${outer}/outside`, `${root}/a/escape`);
    Deno.symlinkSync("a", `${root}/inside`);
    assert.deepEqual(await disk.listFiles("", { recursive: true }), []);
    assert.equal(await disk.sweep(), 0);
    assert.equal(await disk.sweep("a/b", { olderThan: 0 }), 2);
    assert.equal(await disk.sweep("", { olderThan: 0 }), 3);
    assert.deepEqual(namesBelow(root), ["a/", "a/b/", "a/b/c/", "a/escape", "d/", "inside"]);
    assert((await Deno.lstat(outside)).isFile, "a file outside of the root was removed");
    assert.equal(await disk.sweep("nowhere"), 0);
  }));

Deno.test("leftovers: sweep removes the link that a move of a link has left", () =>
  withBox(async ({ root }) => {
    Deno.symlinkSync("../somewhere", `${root}/${HIDDEN}`);
    const disk = new DiskBackend({ root });
    assert.deepEqual(await disk.listDir(""), []);
    assert.equal(await disk.sweep("", { olderThan: 0 }), 1);
    assert.deepEqual(namesBelow(root), []);
  }));

Deno.test("leftovers: a stream that is still open is none, however long it takes", () =>
  withBox(async ({ root }) => {
    const disk = new DiskBackend({ root });
    const writer = (await disk.openWrite("slow.txt")).getWriter();
    await writer.write(new TextEncoder().encode("slow "));
    assert.equal(await new DiskBackend({ root }).sweep("", { olderThan: 0 }), 0);
    await writer.write(new TextEncoder().encode("content"));
    await writer.close();
    assert.equal(await disk.load("slow.txt"), "slow content");
  }));

Deno.test("leftovers: an aborted stream, and a batch or save that fails, leave none", () =>
  withBox(async ({ root }) => {
    const disk = new DiskBackend({ root });
    const writer = (await disk.openWrite("x.txt")).getWriter();
    await writer.write(new Uint8Array(100_000));
    await writer.abort();
    const controller = new AbortController();
    const stream = (await disk.openWrite("y.txt", { signal: controller.signal })).getWriter();
    await stream.write(new Uint8Array(100_000));
    controller.abort();
    await assert.rejects(stream.closed, { name: "AbortError" });
    await assert.rejects(disk.saveBatch([new Uint8Array(10), { f: NaN }], ["a.bin", "b.json"]), {
      code: "invalid-value",
    });
    assert.deepEqual(namesBelow(root), []);
  }));

Deno.test("leftovers: sweepers that meet remove everything, and count each once", () =>
  withBox(async ({ root }) => {
    const count = 3000;
    for (let i = 0; i < count; i++) plant(root, 10, `.polystore-${i.toString(16).padStart(16, "0")}.tmp`);
    const program = `${REPOSITORY}tests/crash/sweeper.ts`;
    const outcomes = await Promise.all(
      [1, 2, 3].map(() => runCommand(Deno.execPath(), denoArgs(program, ["-A"], [root]))),
    );
    for (const { code, stderr } of outcomes) assert.equal(code, 0, stderr);
    assert.deepEqual(namesBelow(root), []);
    assert.equal(outcomes.reduce((sum, { stdout }) => sum + Number(stdout), 0), count);
  }));
