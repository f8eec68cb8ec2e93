import assert from "node:assert/strict";
import { DiskBackend } from "../../mod.ts";
import { callsWith, furnish } from "./escapes.ts";
import { bytesOf, HIDDEN, namesBelow, refusesUnchanged, withBox } from "./setup.ts";

const ABOVE = [
  "..",
  "../",
  "../secret.txt",
  "../outside/secret.txt",
  "inside/../../secret.txt",
  "./../secret.txt",
  "inside/./..//../secret.txt",
  "/../secret.txt",
  "//..//secret.txt",
  "../root/../secret.txt",
  "../root/inside.txt",
  "a/b/c/../../../../secret.txt",
];

for (const path of ABOVE) {
  Deno.test(`escape: ${JSON.stringify(path)} leads above the root, and is refused by every call`, () =>
    withBox(async ({ outer, root }) => {
      await furnish(outer, root);
      const disk = new DiskBackend({ root });
      for (const call of Object.values(callsWith(disk, path))) {
        await refusesUnchanged(outer, call, "invalid-path", "above the root");
      }
      for (const answer of [disk.exists(path), disk.isFile(path), disk.isDir(path), disk.isSymlink(path)]) {
        assert.equal(await answer, false);
      }
    }));
}

for (const path of ["a\0b", "../secret.txt\0.json", "\0", "inside/\0", "\ud800", "a/\udfff.txt"]) {
  Deno.test(`escape: ${JSON.stringify(path)} is refused by every call, with a root and without`, () =>
    withBox(async ({ outer, root }) => {
      await furnish(outer, root);
      for (const call of Object.values(callsWith(new DiskBackend({ root }), path))) {
        await refusesUnchanged(outer, call, "invalid-path");
      }
      const disk = new DiskBackend();
      for (const call of [disk.load, disk.save.bind(disk, "x"), disk.stat, disk.listDir, disk.deleteAll]) {
        await refusesUnchanged(outer, () => call.call(disk, `${root}/${path}`), "invalid-path", /NUL|Unicode/);
      }
    }));
}

Deno.test("escape: a leading / is the root, and .. is resolved within it", () =>
  withBox(async ({ outer, root }) => {
    await furnish(outer, root);
    const disk = new DiskBackend({ root });
    await disk.save("absolute", `${outer}/secret.txt`);
    assert.equal(await Deno.readTextFile(`${root}${outer}/secret.txt`), "absolute");
    assert.equal(await Deno.readTextFile(`${outer}/secret.txt`), "beside the root");
    assert.equal(await disk.load("/inside.txt"), "inside");
    assert.equal(await disk.load("inside/../inside.txt"), "inside");
    assert.equal(await disk.load("nowhere/../inside.txt"), "inside");
    assert.equal(await disk.exists("/etc/passwd"), false);
    await assert.rejects(disk.load("/etc/passwd"), { code: "not-found" });
  }));

Deno.test({
  name: "escape: backslashes, percent signs and the like are plain characters of a name",
  ignore: Deno.build.os === "windows",
  fn: () =>
    withBox(async ({ outer, root }) => {
      const disk = new DiskBackend({ root });
      const names = ["..\\secret.txt", "%2e%2e", "..%2fsecret.txt", "...", ".. ", "~", "$HOME.txt", "C:\\x", "file:x"];
      for (const name of names) await disk.save(bytesOf(name), name, { format: "bytes" });
      await disk.save("deep", "dir%2f/%2e%2e.txt");
      const found = namesBelow(outer).filter((name) => !name.endsWith("/")).map((name) => name.replace("root/", ""));
      assert.deepEqual(found.sort(), [...names, "dir%2f/%2e%2e.txt"].sort());
      for (const name of names) assert.deepEqual(await disk.load(name, { format: "bytes" }), bytesOf(name));
    }),
});

Deno.test("escape: the names of temporary files are refused wherever they stand in a path", () =>
  withBox(async ({ outer, root }) => {
    await furnish(outer, root);
    const disk = new DiskBackend({ root });
    for (const path of [HIDDEN, `deep/${HIDDEN}`, `${HIDDEN}/file.txt`, `a/${HIDDEN}/b/file.txt`]) {
      for (const [name, call] of Object.entries(callsWith(disk, path))) {
        await refusesUnchanged(outer, call, "invalid-path", "reserved").catch((error) => {
          throw new Error(`${name} of ${path}: ${(error as Error).message}`, { cause: error });
        });
      }
      assert.equal(await disk.exists(path), false);
    }
  }));
