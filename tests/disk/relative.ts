/** The child of the tests of relative roots: saves and reads back. Argument: root. */

import assert from "node:assert/strict";
import { DiskBackend, isStorageError } from "../../mod.ts";

const disk = new DiskBackend({ root: Deno.args[0] });
await disk.save("text", "dir/file.txt");
await disk.createSymlink("dir/file.txt", "sub/link.txt");
assert.equal(await disk.load("sub/link.txt"), "text");
assert.equal(await disk.load("/dir/file.txt"), "text");
assert.deepEqual(await disk.listFiles("", { recursive: true }), ["dir/file.txt", "sub/link.txt"].concat(await extra()));
await assert.rejects(disk.load("../dir/file.txt"), (error) => isStorageError(error, "invalid-path"));
await disk.move("sub/link.txt", "sub/moved.txt");
await disk.copy("dir/file.txt", "sub/copy.txt");
await disk.deleteAll("sub/copy.txt");
await disk.move("sub/moved.txt", "sub/link.txt");

/** What else may be in the working directory. */
async function extra(): Promise<string[]> {
  return (await disk.listFiles("", { recursive: true })).filter((path) => !/^(?:dir|sub)\//.test(path));
}
