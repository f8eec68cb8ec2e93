import assert from "node:assert/strict";
import { DiskBackend, DiskStore } from "../../mod.ts";
import { denoArgs, namesBelow, refuses, REPOSITORY, runCommand, withBox } from "./setup.ts";

Deno.test("root: one that is a symbolic link works, and what leads back into it by its real name too", () =>
  withBox(async ({ outer, root }) => {
    await Deno.symlink("root", `${outer}/link`);
    await Deno.symlink(`${outer}/link`, `${outer}/chain`);
    for (const name of ["link", "chain"]) {
      const disk = new DiskBackend({ root: `${outer}/${name}` });
      await disk.save("text", "dir/file.txt");
      await disk.createSymlink("dir/file.txt", "alias.txt");
      await Deno.symlink(`${root}/dir/file.txt`, `${root}/real.txt`);
      for (const path of ["alias.txt", "real.txt"]) assert.equal(await disk.load(path), "text");
      assert.equal((await disk.stat("real.txt")).target, "dir/file.txt");
      await refuses(() => disk.load("../file.txt"), "invalid-path");
      await disk.deleteAll("");
      assert.deepEqual(namesBelow(outer), ["chain", "link", "root/"]);
    }
  }));

Deno.test("root: slashes at its end, dots and detours in it make no difference", () =>
  withBox(async ({ root }) => {
    await new DiskBackend({ root }).save("text", "dir/file.txt");
    for (const spelled of [`${root}/`, `${root}//`, `${root}/.`, `${root}/./`, `${root}/dir/..`, `/..${root}`]) {
      const disk = new DiskBackend({ root: spelled });
      assert.equal(await disk.load("dir/file.txt"), "text", spelled);
      assert.deepEqual(await disk.listFiles("", { recursive: true }), ["dir/file.txt"]);
      await disk.save("new", "new.txt");
      await disk.createSymlink("dir/file.txt", "sub/link.txt");
      assert.equal(await disk.load("sub/link.txt"), "text", spelled);
      await disk.move("new.txt", "sub/new.txt");
      await disk.deleteAll("sub");
      assert.deepEqual(namesBelow(root), ["dir/", "dir/file.txt"]);
    }
  }));

Deno.test("root: one that is not there yet: reading creates nothing, the first save creates it", () =>
  withBox(async ({ outer, root }) => {
    const disk = new DiskBackend({ root: `${outer}/a/b/new` });
    assert.equal(await disk.exists("file.txt"), false);
    assert.equal(await disk.isDir(""), false);
    await refuses(() => disk.load("file.txt"), "not-found");
    await refuses(() => disk.listDir(""), "not-found");
    await refuses(() => disk.stat("file.txt"), "not-found");
    await refuses(() => disk.delete("file.txt"), "not-found");
    await refuses(() => disk.move("file.txt", "there.txt"), "not-found");
    await refuses(() => disk.copy("file.txt", "there.txt"), "not-found");
    await refuses(() => disk.openRead("file.txt"), "not-found");
    await refuses(() => disk.save({}, "file.json", { ifMatch: "x" }), "precondition-failed");
    await refuses(() => disk.save({ x: NaN }, "file.json"), "invalid-value");
    assert.equal(await disk.sweep("", { olderThan: 0 }), 0);
    assert.deepEqual(namesBelow(outer), ["root/"]);
    await disk.save("text", "file.txt");
    assert.deepEqual(namesBelow(outer), ["a/", "a/b/", "a/b/new/", "a/b/new/file.txt", "root/"]);
    await Deno.remove(`${outer}/a`, { recursive: true });
    await disk.saveBatch(["text"], ["dir/file.txt"]);
    assert.equal(await Deno.readTextFile(`${outer}/a/b/new/dir/file.txt`), "text");
    await Deno.writeTextFile(`${root}/file`, "no directory");
    await refuses(() => new DiskBackend({ root: `${root}/file` }).save("x", "x.txt"), "not-a-directory");
  }));

for (const root of ["relative/root", "./relative/root/", ".", "", "./", "relative/../relative"]) {
  Deno.test(`root: ${JSON.stringify(root)} is relative to the working directory`, () =>
    withBox(async ({ outer }) => {
      const args = denoArgs(`${REPOSITORY}tests/disk/relative.ts`, ["-A"], [root]);
      const { code, stderr } = await runCommand(Deno.execPath(), args, { cwd: outer });
      assert.equal(code, 0, stderr);
      const place = root.startsWith(".") && root.length < 3 || root === "" ? "" : root.replace(/^\.\/|\/$/g, "") + "/";
      const folded = place.replace("relative/../", "");
      assert.equal(await Deno.readTextFile(`${outer}/${folded}dir/file.txt`), "text");
      assert.equal(await Deno.readLink(`${outer}/${folded}sub/link.txt`), "../dir/file.txt");
    }));
}

Deno.test("links that lead in a circle through each other make no directory", {
  permissions: { read: true, write: true },
}, async () => {
  for (const options of [{}, { durability: "fast" }] as const) {
    const root = await Deno.makeTempDir();
    const store = new DiskStore({ root, ...options });
    await store.createSymlink("a/a/b", "b/b");
    await store.createSymlink("b", "a/a"); // b/b leads to a/a/b, which is b/b
    const before = (await Array.fromAsync(store.list(""))).map(({ path }) => path);
    for (const path of ["b/b", "b/b/c"]) await assert.rejects(store.makeDirectory(path), { code: "too-many-links" });
    await assert.rejects(store.write("b/b/c", new Uint8Array(1)), { code: "too-many-links" });
    assert.deepEqual((await Array.fromAsync(store.list(""))).map(({ path }) => path), before);
    await Deno.remove(root, { recursive: true });
  }
});
