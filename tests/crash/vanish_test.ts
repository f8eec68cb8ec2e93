import assert from "node:assert/strict";
import { DiskBackend, isStorageError } from "../../mod.ts";
import { leftovers, LONG, withBox } from "../disk/setup.ts";
import { Child } from "./child.ts";

const SAVES = LONG ? 20_000 : 1500;

for (const durability of ["full", "fast"] as const) {
  Deno.test(`delete: what is saved meanwhile is not deleted with a directory that was empty (${durability})`, () =>
    withBox(async ({ root }) => {
      const child = new Child("deleter.ts", [root, "dir"]);
      const disk = new DiskBackend({ root, durability });
      const vanished: string[] = [];
      let refused = 0;
      try {
        assert.equal(await child.line(), "ready");
        for (let i = 0; i < SAVES; i++) {
          const path = `dir/${i}.txt`;
          try {
            await disk.save("acknowledged", path);
            if (!await disk.exists(path)) vanished.push(path);
            await disk.delete(path, { force: true });
          } catch (error) {
            if (!isStorageError(error)) throw error;
            refused++;
          }
        }
        await child.tell("stop");
        await child.ended();
      } finally {
        await child.kill();
      }
      assert.equal(vanished.length, 0, `${vanished.length} of ${SAVES} acknowledged files were deleted`);
      assert(refused < SAVES / 2, `${refused} of ${SAVES} saves were refused`);
      assert.deepEqual(leftovers(root), []);
    }));
}
