/** The child of the tests of relative paths; its working directory is the one to be relative to. */

import assert from "node:assert/strict";
import { DiskBackend } from "../../mod.ts";

const disk = new DiskBackend();
await disk.save("plain", "plain.txt");
await disk.save("deep", "./a//b.txt");
await disk.save("beside", "../beside.txt");
await disk.save("through", "link/through.txt");
assert.equal(await disk.load(`${Deno.cwd()}/a/b.txt`), "deep");
assert.equal(await disk.load("a/../plain.txt"), "plain");
assert.equal(await disk.load("../beside.txt"), "beside");
assert.equal(await disk.load("link/through.txt"), "through");
assert.deepEqual(await disk.listDir(""), ["a", "link", "plain.txt"]);
assert.deepEqual(await disk.listDir(".."), ["beside.txt", "real", "root"]);
assert.deepEqual(await disk.listFiles("a"), ["a/b.txt"]);
