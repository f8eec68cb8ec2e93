import assert from "node:assert/strict";
import { KvBackend } from "../../backends/kv.ts";
import { refuses, runCommand } from "../disk/setup.ts";
import { assertClean } from "../kv/inspect.ts";
import { MOUNTS, withMount } from "./mounted.ts";

const MIB = 1024 * 1024;

function bytes(size: number, fill: number): Uint8Array {
  return new Uint8Array(size).fill(fill);
}

/** Every way to save too much; afterwards all is as before. */
async function refusesAll(kv: KvBackend): Promise<void> {
  const large = bytes(16 * MIB, 2);
  await refuses(() => kv.save(large, "dir/old.bin"), "no-space", "full");
  await refuses(() => kv.save(large, "dir/new.bin"), "no-space", "full");
  await refuses(() => kv.saveBatch([large, large], ["dir/old.bin", "other.bin"]), "no-space", "full");
  await refuses(
    async () => {
      const writer = (await kv.openWrite("dir/old.bin")).getWriter();
      writer.closed.catch(() => {/* told by the write */});
      for (let i = 0; i < 16; i++) await writer.write(large.subarray(0, MIB));
      await writer.close();
    },
    "no-space",
    "full",
  );
  assert.deepEqual(await kv.load("dir/old.bin"), bytes(300_000, 1));
  assert.deepEqual(await kv.listFiles("", { recursive: true }), ["dir/old.bin"]);
}

Deno.test({
  name: "disk full: Deno KV refuses what does not fit, and the old content stays",
  ignore: !MOUNTS,
  fn: () =>
    withMount("size=8m", async (root) => {
      const opened = await Deno.openKv(`${root}/kv.db`);
      const kv = new KvBackend({ kv: opened });
      try {
        await kv.save(bytes(300_000, 1), "dir/old.bin");
        await refusesAll(kv);
        // Even to delete takes some room in the journal of the engine.
        const { code, stderr } = await runCommand("mount", ["-o", "remount,size=64m", root]);
        assert.equal(code, 0, stderr);
        await kv.sweep({ olderThan: 0 });
        await assertClean(opened);
      } finally {
        await kv.close();
        opened.close();
      }
    }),
});

Deno.test("disk full: an engine that says so is believed, at any commit", async () => {
  const opened = await Deno.openKv(":memory:");
  const kv = new KvBackend({ kv: opened });
  await kv.save(bytes(300_000, 1), "dir/old.bin");
  let left = Infinity;
  const atomic = opened.atomic.bind(opened);
  Object.defineProperty(opened, "atomic", {
    value: () => {
      const operation = atomic();
      const commit = operation.commit.bind(operation);
      operation.commit = () => left-- > 0 ? commit() : Promise.reject(new TypeError("database or disk is full"));
      return operation;
    },
  });
  for (let commits = 0; commits < 5; commits++) {
    left = commits;
    await refuses(() => kv.save(bytes(16 * MIB, 2), "dir/old.bin"), "no-space", "full");
    left = Infinity;
    assert.deepEqual(await kv.load("dir/old.bin"), bytes(300_000, 1));
    // What could not be cleaned up at once has its marker.
    await kv.sweep({ olderThan: 0 });
    await assertClean(opened);
  }
  await kv.close();
  opened.close();
});
