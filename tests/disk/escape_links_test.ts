import assert from "node:assert/strict";
import { DiskBackend, isStorageError } from "../../mod.ts";
import { callsWith, furnish } from "./escapes.ts";
import { bytesOf, refuses, refusesUnchanged, snapshot, withBox } from "./setup.ts";

interface Planted {
  readonly disk: DiskBackend;
  readonly outer: string;
  readonly root: string;
  /** Plants a link, whatever it leads to. */
  link(text: string, name: string): void;
}

/** A test in a furnished box, outside of which nothing may have changed at its end. */
function planted(name: string, run: (planted: Planted) => Promise<void>): void {
  Deno.test(`escape by link: ${name}`, () =>
    withBox(async ({ outer, root }) => {
      await furnish(outer, root);
      const before = outsideOf(outer);
      const link = (text: string, name: string): void => Deno.symlinkSync(text, `${root}/${name}`);
      await run({ disk: new DiskBackend({ root }), outer, root, link });
      assert.deepEqual(outsideOf(outer), before, "something outside of the root has changed");
    }));
}

function outsideOf(outer: string): Map<string, string> {
  return new Map([...snapshot(outer)].filter(([name]) => !name.startsWith("root/")));
}

/** Texts of links to a directory outside, by how they get there. */
const WAYS_OUT: Readonly<Record<string, (outer: string) => string>> = {
  relative: () => "../outside",
  absolute: (outer) => `${outer}/outside`,
  "to the parent": () => "..",
  "roundabout": () => "inside/../../outside",
  "to the root of the system": () => "/",
};

for (const [name, text] of Object.entries(WAYS_OUT)) {
  planted(
    `a directory link that leads out (${name}): every call below it is refused`,
    async ({ disk, outer, link }) => {
      link(text(outer), "out");
      for (const path of ["out/secret.txt", "out/sub", "out/new/file.txt"]) {
        for (const [name, call] of Object.entries(callsWith(disk, path))) {
          const error = await call().then(() => undefined, (error: unknown) => error);
          // Where nothing is outside either, there is nothing to be told, and nothing that could be touched.
          const missing = path.includes("new") || text(outer) === ".." || text(outer) === "/";
          const quiet = ["sweep", "delete, forced", "createSymlink to, dangling"].includes(name) && error === undefined;
          const fits = isStorageError(error, "invalid-path") ||
            (missing && (quiet || isStorageError(error, "not-found", "already-exists")));
          assert(fits, `${name} of ${path}: ${error}`);
        }
        for (const answer of [disk.exists(path), disk.isFile(path), disk.isDir(path), disk.isSymlink(path)]) {
          assert.equal(await answer, false, path);
        }
      }
    },
  );
}

planted("a directory link that leads out is listed as a link and not entered", async ({ disk, link }) => {
  link("../outside", "out");
  link("..", "inside/up");
  const files = ["inside.txt", "inside/file.txt"];
  assert.deepEqual(await disk.listFiles("", { recursive: true }), files);
  assert.deepEqual(await disk.listDir(""), ["inside", "inside.txt", "out"]);
  const entries = await Array.fromAsync(disk.entries("", { recursive: true, details: true }), (entry) => entry.kind);
  assert.deepEqual(entries, ["directory", "file", "file", "symlink", "symlink"]);
  await refuses(() => disk.listDir("out"), "invalid-path");
  await refuses(() => disk.listFiles("out", { recursive: true }), "invalid-path");
  await refuses(() => disk.sweep("out", { olderThan: 0 }), "invalid-path");
  await refuses(() => disk.ensureDirectory("out"), "invalid-path");
});

planted("a file link that leads out is neither read nor written through", async ({ disk, outer, link }) => {
  link("../outside/secret.txt", "relative.txt");
  link(`${outer}/outside/secret.txt`, "absolute.txt");
  link("relative.txt", "chain.txt");
  for (const path of ["chain.txt", "absolute.txt", "relative.txt"]) {
    for (
      const call of [
        () => disk.load(path),
        () => disk.openRead(path),
        () => disk.save("evil", path),
        () => disk.save("evil", path, { overwrite: false }),
        () => disk.saveBatch(["good", "evil"], ["first.txt", path]),
        () => disk.openWrite(path),
        () => disk.copy("inside.txt", path, { overwrite: true }),
      ]
    ) await refusesUnchanged(outer, call, "invalid-path", "leads out of the root");
    const { exists, targetKind, size } = await disk.stat(path);
    assert.deepEqual([exists, targetKind, size], [false, undefined, undefined]);
    assert.equal(await disk.exists(path), false);
    assert.equal(await disk.isSymlink(path), true, `${path} is a link, wherever it leads`);
    await disk.delete(path);
    assert.equal(await disk.isSymlink(path), false);
  }
});

planted("a move onto a link that leads out replaces the link", async ({ disk, root, link }) => {
  link("../outside/secret.txt", "out.txt");
  await disk.move("inside.txt", "out.txt", { overwrite: true });
  assert((await Deno.lstat(`${root}/out.txt`)).isFile);
});

planted("deleting removes links and never what they lead to", async ({ disk, outer, root, link }) => {
  Deno.mkdirSync(`${root}/tree/deep`, { recursive: true });
  for (const place of ["one", "tree/two", "tree/deep/three"]) link(`${outer}/outside`, place);
  link(`${outer}/outside/secret.txt`, "tree/file");
  link("/", "tree/system");
  await disk.delete("one");
  await disk.deleteAll("tree");
  assert.deepEqual(await disk.listDir(""), ["inside", "inside.txt"]);
  link(`${outer}/outside`, "last");
  await disk.delete("last", { recursive: true });
  link(`${outer}/outside`, "all");
  await disk.deleteAll("");
  assert.deepEqual([...Deno.readDirSync(root)], []);
});

planted("dangling links that lead out are not written through, and nothing is made", async ({ disk, outer, link }) => {
  const evil = bytesOf("evil");
  const texts = [
    "../new.txt",
    "../new/dir",
    `${outer}/outside/new`,
    `${outer}/new/deep/dir`,
    "missing/../../new/dir",
    "missing/../../new",
    "inside/missing/../../../outside/new",
    "missing/../../root-new",
  ];
  for (const [at, text] of texts.entries()) {
    link(text, `dangling${at}`);
    for (const path of [`dangling${at}`, `dangling${at}/file.txt`, `dangling${at}/deep/file.txt`]) {
      const before = outsideOf(outer);
      for (
        const call of [
          () => disk.save(evil, path, { format: "bytes" }),
          () => disk.save(evil, path, { overwrite: false, format: "bytes" }),
          () => disk.saveBatch([evil], [path], { format: "bytes" }),
          () => disk.openWrite(path),
          () => disk.ensureDirectory(path),
          () => disk.copy("inside", path, { overwrite: true }),
          () => disk.createSymlink("inside.txt", `${path}/link`),
        ]
      ) {
        await refuses(call, ["invalid-path", "not-found", "already-exists", "not-a-directory"]);
        assert.deepEqual(outsideOf(outer), before, `${call} with ${text} at ${path}`);
      }
    }
  }
});

planted("links from inside to inside are followed, relative or absolute", async ({ disk, outer, root, link }) => {
  link("inside/file.txt", "relative.txt");
  link(`${root}/inside/file.txt`, "absolute.txt");
  link("../root/inside/file.txt", "roundabout.txt");
  link("inside", "directory");
  link("directory", "chain");
  for (const path of ["relative.txt", "absolute.txt", "roundabout.txt", "directory/file.txt", "chain/file.txt"]) {
    assert.equal(await disk.load(path), "in a directory", path);
    await disk.save("changed", path);
    assert.equal(await Deno.readTextFile(`${root}/inside/file.txt`), "changed");
    await Deno.writeTextFile(`${root}/inside/file.txt`, "in a directory");
  }
  assert.equal((await disk.stat("absolute.txt")).target, "inside/file.txt");
  await disk.save("new", "chain/sub/new.txt");
  assert.equal(await Deno.readTextFile(`${outer}/root/inside/sub/new.txt`), "new");
});

planted("a link that leads out still leads to the same place after a move, or the move is refused", async (box) => {
  const { disk, outer, root } = box;
  Deno.mkdirSync(`${root}/a/b`, { recursive: true });
  box.link("../../../outside/secret.txt", "a/b/link");
  await disk.move("a/b/link", "elsewhere").catch((error) => assert(isStorageError(error, "invalid-path")));
  const place = await disk.isSymlink("elsewhere") ? `${root}/elsewhere` : `${root}/a/b/link`;
  assert.equal(await Deno.realPath(place), `${outer}/outside/secret.txt`);
});

planted(
  "a copy of a link that leads out leads to the same place, or is refused",
  async ({ disk, outer, root, link }) => {
    for (const [at, text] of ["../outside/secret.txt", `${outer}/outside/secret.txt`].entries()) {
      link(text, `link${at}`);
      await disk.copy(`link${at}`, `copy${at}`).catch((error) => assert(isStorageError(error, "invalid-path")));
      if (await disk.isSymlink(`copy${at}`)) {
        assert.equal(await Deno.realPath(`${root}/copy${at}`), `${outer}/outside/secret.txt`);
      }
    }
  },
);

planted("a directory is neither moved nor copied into itself through a link", async ({ disk, outer, root, link }) => {
  Deno.mkdirSync(`${root}/tree/sub`, { recursive: true });
  link("tree", "link");
  const controller = new AbortController();
  // It would go on until the path is too long for the system.
  const timer = setTimeout(() => controller.abort(new Error("copying without an end")), 2000);
  const { signal } = controller;
  try {
    for (const goal of ["link/new", "link/sub/new", "link/new/deep", "link"]) {
      await refusesUnchanged(outer, () => disk.move("tree", goal, { signal }), ["invalid-argument", "already-exists"]);
      await refusesUnchanged(outer, () => disk.copy("tree", goal, { signal }), ["invalid-argument", "already-exists"]);
    }
  } finally {
    clearTimeout(timer);
  }
});
