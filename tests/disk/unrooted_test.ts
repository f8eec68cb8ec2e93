import assert from "node:assert/strict";
import { DiskBackend } from "../../mod.ts";
import { canRun, denoArgs, HIDDEN, namesBelow, refuses, refusesUnchanged } from "./setup.ts";
import { REPOSITORY, runCommand, snapshot, withBox } from "./setup.ts";

const UNIX = Deno.build.os !== "windows";
const disk = new DiskBackend();

function modeOf(path: string): number {
  return (Deno.lstatSync(path).mode ?? 0) & 0o7777;
}

Deno.test("unrooted: absolute paths are the system's own", () =>
  withBox(async ({ outer }) => {
    await disk.save("text", `${outer}/new/dir/file.txt`);
    assert.equal(await Deno.readTextFile(`${outer}/new/dir/file.txt`), "text");
    for (
      const spelled of ["new//dir/./file.txt", "./new/dir/file.txt", "new/../new/dir/file.txt", "/new/dir//file.txt"]
    ) {
      assert.equal(await disk.load(`${outer}/${spelled}`), "text", spelled);
    }
    assert.deepEqual(await disk.listFiles(outer, { recursive: true }), [`${outer}/new/dir/file.txt`]);
    assert.deepEqual(await disk.listDir(`${outer}/new/`), ["dir"]);
    await disk.deleteAll(`${outer}/new`);
    assert.deepEqual(namesBelow(outer), ["root/"]);
  }));

Deno.test("unrooted: relative paths are relative to the working directory, and .. is what it is there", () =>
  withBox(async ({ outer, root }) => {
    await Deno.mkdir(`${outer}/real/deep`, { recursive: true });
    await Deno.symlink("../real/deep", `${root}/link`);
    const args = denoArgs(`${REPOSITORY}tests/disk/working_directory.ts`, ["-A"]);
    const { code, stderr } = await runCommand(Deno.execPath(), args, { cwd: root });
    assert.equal(code, 0, stderr);
    const files = ["beside.txt", "real/", "real/deep/", "real/deep/through.txt", "root/", "root/a/", "root/a/b.txt"];
    assert.deepEqual(namesBelow(outer), [...files, "root/link", "root/plain.txt"]);
  }));

Deno.test("unrooted: links are written through, stay links, and are deleted as links", () =>
  withBox(async ({ outer, root }) => {
    await Deno.mkdir(`${outer}/elsewhere`);
    await Deno.writeTextFile(`${outer}/elsewhere/file.txt`, "old");
    await Deno.symlink("../elsewhere/file.txt", `${root}/relative.txt`);
    await Deno.symlink(`${root}/relative.txt`, `${root}/chain.txt`);
    await Deno.symlink("../elsewhere/new.txt", `${root}/dangling.txt`);
    for (const [at, name] of ["relative.txt", "chain.txt"].entries()) {
      await disk.save(`new ${at}`, `${root}/${name}`);
      assert.equal(await Deno.readTextFile(`${outer}/elsewhere/file.txt`), `new ${at}`);
      assert((await Deno.lstat(`${root}/${name}`)).isSymlink);
      assert.equal(await disk.load(`${root}/${name}`), `new ${at}`);
    }
    await disk.save("made", `${root}/dangling.txt`);
    assert.equal(await Deno.readTextFile(`${outer}/elsewhere/new.txt`), "made");
    for (const name of ["relative.txt", "chain.txt", "dangling.txt"]) await disk.delete(`${root}/${name}`);
    assert.deepEqual(namesBelow(outer), ["elsewhere/", "elsewhere/file.txt", "elsewhere/new.txt", "root/"]);
  }));

Deno.test({
  name:
    "unrooted: the mode of a file stays what it is when its content is replaced, and nobody sees it wider meanwhile",
  ignore: !UNIX,
  fn: () =>
    withBox(async ({ root }) => {
      const path = `${root}/file.bin`;
      for (const mode of [0o600, 0o755, 0o640, 0o400]) {
        await Deno.writeFile(path, new Uint8Array(1));
        await Deno.chmod(path, mode);
        await disk.save(new Uint8Array(2), path);
        assert.equal(modeOf(path), mode, "save");
        await disk.saveBatch([new Uint8Array(3)], [path]);
        assert.equal(modeOf(path), mode, "saveBatch");
        await disk.save(new Uint8Array(3), path, { ifMatch: (await disk.stat(path)).etag, durability: "fast" });
        assert.equal(modeOf(path), mode, "save with ifMatch");
        const writer = (await disk.openWrite(path)).getWriter();
        await writer.write(new Uint8Array(4));
        const waiting = [...Deno.readDirSync(root)].map(({ name }) => modeOf(`${root}/${name}`));
        await writer.close();
        assert.equal(modeOf(path), mode, "openWrite");
        assert.equal(waiting.length, 2);
        for (const wide of waiting) assert.equal(wide & ~mode & 0o077, 0, `others may read it: ${wide.toString(8)}`);
        await Deno.remove(path);
      }
    }),
});

Deno.test("unrooted: names of temporary files are refused as targets and never listed", () =>
  withBox(async ({ root }) => {
    await Deno.writeTextFile(`${root}/${HIDDEN}`, "someone's");
    await Deno.writeTextFile(`${root}/.hidden.txt`, "plain");
    assert.deepEqual(await disk.listDir(root), [".hidden.txt"]);
    for (const path of [`${root}/${HIDDEN}`, `${root}/./${HIDDEN}`, `${root}/${HIDDEN}/below.txt`]) {
      await refusesUnchanged(
        root,
        () => disk.save(new Uint8Array(1), path, { format: "bytes" }),
        "invalid-path",
        "reserved",
      );
      await refusesUnchanged(root, () => disk.openWrite(path), "invalid-path", "reserved");
      await refusesUnchanged(root, () => disk.ensureDirectory(path), "invalid-path", "reserved");
      await refusesUnchanged(root, () => disk.move(`${root}/.hidden.txt`, path), "invalid-path", "reserved");
    }
  }));

Deno.test("unrooted: a directory is neither moved nor copied into itself, however it is called", () =>
  withBox(async ({ outer, root }) => {
    await Deno.mkdir(`${root}/tree/sub`, { recursive: true });
    for (
      const [from, to] of [["tree", "../root/tree/new"], ["../root/tree", "tree/sub/new"], ["tree", "tree/sub/../new"]]
    ) {
      for (const call of [disk.move, disk.copy]) {
        const controller = new AbortController();
        const timer = setTimeout(() => controller.abort(new Error("without an end")), 2000);
        const { signal } = controller;
        const run = () => call.call(disk, `${root}/${from}`, `${root}/${to}`, { signal });
        await refusesUnchanged(outer, run, "invalid-argument", "itself").finally(() => clearTimeout(timer));
      }
    }
  }));

/** Loads in a child, which may be stopped. */
async function load(path: string, ...args: readonly string[]): Promise<string> {
  const run = denoArgs(`${REPOSITORY}tests/disk/loader.ts`, ["-A"], [path, ...args]);
  return (await runCommand("timeout", ["10", Deno.execPath(), ...run])).stdout;
}

Deno.test({
  name: "special files: pipes and sockets are not listed and are no files; a socket cannot be loaded",
  ignore: !UNIX || !canRun("mkfifo", "--version") || !canRun("timeout", "--version"),
  fn: () =>
    withBox(async ({ root }) => {
      assert.equal((await runCommand("mkfifo", [`${root}/pipe`])).code, 0);
      await disk.save("text", `${root}/file.txt`);
      await load(`${root}/socket`, "listen");
      const before = snapshot(root);
      assert.deepEqual(await disk.listDir(root), ["file.txt"]);
      for (const name of ["pipe", "socket"]) {
        const path = `${root}/${name}`;
        assert.equal(await disk.exists(path), false);
        assert.equal(await disk.isFile(path), false);
        await refuses(() => disk.stat(path), "not-found");
      }
      // Opening a pipe waits for its writer, as everywhere on the system: a look before each open would cost every load.
      assert.equal(await load(`${root}/socket`), "load: not-found\nopenRead: not-found\n");
      assert.deepEqual(snapshot(root), before);
    }),
});
