/**
 * HTTP: what a read costs beside `fetch` alone, of the same server.
 *
 * @module
 */

import assert from "node:assert/strict";
import { HttpStore } from "../backends/stores/mod.ts";
import { sizeText } from "./random.ts";
import { rival, type Row, type RunOptions, type Task } from "./row.ts";

/** Of the time of `fetch` alone. */
const GOAL = 1.2;

const KIB = 1024;
const MIB = 1024 * KIB;

/** The tasks of this file. */
export function httpTasks(): Task[] {
  return [{ name: "http read", run: reading }];
}

async function reading({ quick }: RunOptions): Promise<Row[]> {
  const worker = new Worker(new URL("http_server.ts", import.meta.url), { type: "module" });
  try {
    const port = await new Promise<number>((resolve) => worker.onmessage = ({ data }) => resolve(data));
    const url = `http://127.0.0.1:${port}/`;
    const rows: Row[] = [];
    for (const size of [KIB, 64 * KIB, MIB, 16 * MIB]) rows.push(...await readingOne(url, size, quick));
    return rows;
  } finally {
    worker.terminate();
  }
}

async function readingOne(url: string, size: number, quick: boolean): Promise<Row[]> {
  const store = new HttpStore({ url });
  const path = String(size);
  const bare = async (): Promise<Uint8Array> => new Uint8Array(await (await fetch(url + path)).arrayBuffer());
  assert.deepEqual(await store.read(path), await bare());
  return await rival(`http read, ${sizeText(size)}`, {
    name: "ours",
    async work(count): Promise<void> {
      for (; count > 0; count--) await store.read(path);
    },
  }, [{
    name: "fetch alone",
    goal: GOAL,
    async work(count): Promise<void> {
      for (; count > 0; count--) await bare();
    },
  }], { budget: quick ? 2500 : 12_000, minRounds: 5, sample: 20 });
}
