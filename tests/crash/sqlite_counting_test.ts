import assert from "node:assert/strict";
import { SqliteBackend } from "../../backends/sqlite.ts";
import { withBox } from "../disk/setup.ts";
import { Child } from "./child.ts";

const PROCESSES = 8;
const TIMES = 50;

Deno.test(`sqlite, update: ${PROCESSES} processes that add ${TIMES} each to a new file end at ${PROCESSES * TIMES}`, () =>
  withBox(async ({ root }) => {
    const path = `${root}/a.db`;
    const children = Array.from(
      { length: PROCESSES },
      (_, i) => new Child("sqlite_counter.ts", [path, "dir/count.json", TIMES, i % 2 === 0 ? "full" : "normal"]),
    );
    try {
      await Promise.all(children.map((child) => child.ended()));
    } finally {
      for (const child of children) await child.kill();
    }
    await using sqlite = new SqliteBackend({ path });
    assert.deepEqual(await sqlite.load("dir/count.json"), { count: PROCESSES * TIMES });
    assert.deepEqual(await sqlite.check(), []);
  }));
