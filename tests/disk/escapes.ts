/** What the tests of escapes share: every call there is, and a box to escape from. */

import type { DiskBackend } from "../../mod.ts";
import { bytesOf, HIDDEN } from "./setup.ts";

/** Every call that takes a path, with that path. */
export function callsWith(disk: DiskBackend, path: string): Record<string, () => Promise<unknown>> {
  return {
    load: () => disk.load(path),
    save: () => disk.save(bytesOf("evil"), path, { format: "bytes" }),
    "save, creating": () => disk.save(bytesOf("evil"), path, { overwrite: false, format: "bytes" }),
    "save, fast": () => disk.save(bytesOf("evil"), path, { durability: "fast", format: "bytes" }),
    "save of a large value": () => disk.save(new Uint8Array(2_000_000), path, { format: "bytes" }),
    saveBatch: () => disk.saveBatch([bytesOf("good"), bytesOf("evil")], ["first", path], { format: "bytes" }),
    loadBatch: () => disk.loadBatch([path]),
    delete: () => disk.delete(path),
    "delete, recursive": () => disk.delete(path, { recursive: true }),
    "delete, forced": () => disk.delete(path, { force: true, recursive: true }),
    deleteAll: () => disk.deleteAll(path),
    listDir: () => disk.listDir(path),
    listFiles: () => disk.listFiles(path, { recursive: true }),
    "copy from": () => disk.copy(path, "copied"),
    "copy to": () => disk.copy("inside.txt", path),
    "copy of a directory to": () => disk.copy("inside", path),
    "move from": () => disk.move(path, "moved"),
    "move to": () => disk.move("inside.txt", path),
    "move of a directory to": () => disk.move("inside", path),
    openRead: () => disk.openRead(path),
    openWrite: () => disk.openWrite(path),
    ensureDirectory: () => disk.ensureDirectory(path),
    "createSymlink at": () => disk.createSymlink("inside.txt", path),
    "createSymlink to": () => disk.createSymlink(path, "linked"),
    "createSymlink to, dangling": () => disk.createSymlink(path, "linked", { dangling: true }),
    stat: () => disk.stat(path),
    sweep: () => disk.sweep(path, { olderThan: 0 }),
  };
}

/** Something inside to copy and to move, and something outside that nobody may touch. */
export async function furnish(outer: string, root: string): Promise<void> {
  for (const directory of ["outside/sub", "root/inside"]) {
    await Deno.mkdir(`${outer}/${directory}`, { recursive: true });
  }
  await Deno.writeTextFile(`${outer}/outside/secret.txt`, "secret");
  await Deno.writeTextFile(`${outer}/outside/sub/deep.txt`, "deep");
  await Deno.writeTextFile(`${outer}/outside/sub/${HIDDEN}`, "not to be swept");
  await Deno.writeTextFile(`${outer}/secret.txt`, "beside the root");
  await Deno.writeTextFile(`${root}/inside.txt`, "inside");
  await Deno.writeTextFile(`${root}/inside/file.txt`, "in a directory");
}
