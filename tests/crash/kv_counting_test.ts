import assert from "node:assert/strict";
import { KvBackend } from "../../backends/kv.ts";
import { withBox } from "../disk/setup.ts";
import { assertClean } from "../kv/inspect.ts";
import { Child } from "./child.ts";

const PROCESSES = 8;
const TIMES = 50;

Deno.test(`update: ${PROCESSES} processes that add ${TIMES} each to a file in Deno KV lose nothing`, () =>
  withBox(async ({ root }) => {
    const path = `${root}/kv.db`;
    const children = Array.from(
      { length: PROCESSES },
      () => new Child("kv_counter.ts", [path, "dir/count.json", TIMES]),
    );
    try {
      await Promise.all(children.map((child) => child.ended()));
    } finally {
      for (const child of children) await child.kill();
    }
    const kv = await Deno.openKv(path);
    const backend = new KvBackend({ kv });
    assert.deepEqual(await backend.load("dir/count.json"), { count: PROCESSES * TIMES });
    await assertClean(kv);
    await backend.close();
    kv.close();
  }));
