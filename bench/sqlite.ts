/**
 * Saving, loading and listing in SQLite, against prepared statements on one table, and against others who keep things there.
 *
 * @module
 */

import assert from "node:assert/strict";
import { createDatabase } from "npm:db0@^0.3";
import nodeSqlite from "npm:db0@^0.3/connectors/node-sqlite";
import { createStorage } from "npm:unstorage@^1.17.6";
import dbDriver from "npm:unstorage@^1.17.6/drivers/db0";
import { SqliteBackend } from "../backends/sqlite.ts";
import { curveTask } from "./curve.ts";
import { keyvSqlite } from "./keyv.ts";
import { ours } from "./ours.ts";
import { type Job, jobName, type OpenPlaces, type Place, placeTask } from "./place.ts";
import { openRaw, rawSqlite } from "./raw_sqlite.ts";
import { rival, type Row, type RunOptions, type Task } from "./row.ts";
import { placeOf } from "./unstorage_library.ts";

/** What ours may take, of what hand-written statements take. */
const GOAL = 1.3;
/** What ours may take, of what others take for a batch. */
const PEER_GOAL = 0.2;
/** What listing may take, of a plain `SELECT`. */
const LIST_GOAL = 4;
const NAMES = 100_000;

const KIB = 1024;
const MIB = 1024 * KIB;

/** The tasks of this file. */
export function sqliteTasks(): Task[] {
  const tasks: Task[] = [];
  for (const durability of ["full", "normal"] as const) {
    for (const size of [KIB, 64 * KIB, MIB, 16 * MIB]) {
      tasks.push(task({ operation: "save", size, batch: 1 }, durability, size <= MIB));
    }
  }
  for (const size of [KIB, 64 * KIB, MIB, 16 * MIB]) {
    tasks.push(task({ operation: "load", size, batch: 1 }, "full", size <= MIB));
  }
  for (const operation of ["save", "load"] as const) {
    for (const size of [KIB, 64 * KIB, MIB]) tasks.push(task({ operation, size, batch: 1000 }, "full", true));
  }
  tasks.push(task({ operation: "save", size: KIB, batch: 1000, fresh: true }, "full", true));
  tasks.push(
    placeTask(
      { name: "sqlite save batch of 1000, 1 KiB, others", operation: "save", size: KIB, batch: 1000 },
      openPeers,
    ),
  );
  tasks.push({ name: `sqlite list ${NAMES} names`, run: listNames });
  tasks.push(curveTask("sqlite", (path) => new SqliteBackend({ path, durability: "normal" })));
  return tasks;
}

function task(job: Omit<Job, "name">, durability: "full" | "normal", asked: boolean): Task {
  const open: OpenPlaces = async ({ directory }) => {
    const own = await Deno.makeTempDir({ dir: directory });
    const ways = job.operation === "save" ? ["upsert", "replace"] as const : ["upsert"] as const;
    const raw = ways.map((way) => rawSqlite(`${own}/${way}.db`, durability, GOAL, way));
    return [
      ours(new SqliteBackend({ path: `${own}/ours.db`, durability })),
      ...asked ? raw : raw.map((place) => ({ ...place, goal: undefined })),
    ];
  };
  const kind = job.operation === "save" ? ` ${durability}` : "";
  return placeTask({ ...job, name: jobName("sqlite", job).replace(/save|load/, `$&${kind}`) }, open);
}

async function openPeers({ directory }: RunOptions): Promise<Place[]> {
  const own = await Deno.makeTempDir({ dir: directory });
  const database = createDatabase(nodeSqlite({ path: `${own}/db0.db` }));
  const storage = createStorage({ driver: dbDriver({ database }) });
  const keyv = await keyvSqlite(`${own}/keyv.db`, PEER_GOAL);
  return [
    ours(new SqliteBackend({ path: `${own}/ours.db` })),
    placeOf("unstorage, db0", storage, PEER_GOAL),
    ...keyv === undefined ? [] : [keyv],
  ];
}

/** All names of one directory. */
async function listNames(options: RunOptions): Promise<Row[]> {
  const own = await Deno.makeTempDir({ dir: options.directory });
  const backend = new SqliteBackend({ path: `${own}/ours.db`, durability: "normal" });
  const raw = openRaw(`${own}/raw.db`, "normal");
  try {
    const names = Array.from({ length: NAMES }, (_, index) => `img${index}.tif`);
    const bytes = new Uint8Array(100);
    await backend.saveBatch(names.map(() => bytes), names.map((name) => `dir/${name}`));
    const insert = raw.prepare("INSERT INTO file (path, bytes) VALUES (?, ?)");
    raw.exec("BEGIN");
    for (const name of names) insert.run(`dir/${name}`, bytes);
    raw.exec("COMMIT");
    const select = raw.prepare("SELECT path FROM file WHERE path >= 'dir/' AND path < 'dir0' ORDER BY path");
    assert.deepEqual((await backend.listDir("dir")).length, select.all().length);
    return await rival(`sqlite list ${NAMES} names`, {
      name: "ours",
      async work(count): Promise<void> {
        for (; count > 0; count--) await backend.listDir("dir");
      },
    }, [{
      name: "raw SELECT",
      goal: LIST_GOAL,
      work(count): void {
        for (; count > 0; count--) select.all();
      },
    }], { budget: options.quick ? 500 : 4000, minRounds: options.quick ? 3 : 9, maxCount: 1 });
  } finally {
    raw.close();
    await backend.close();
  }
}
