/**
 * The server: what it holds, and how fast it tells many watchers.
 *
 * @module
 */

import assert from "node:assert/strict";
import { keySegment } from "../registry/artifacts/wire.ts";
import { ServerChild } from "../tests/server/child.ts";
import { Connection } from "../tests/server/connection.ts";
import { percentile } from "./measure.ts";
import type { Row, RunOptions, Task } from "./row.ts";

const RATE = 3000;
const CONNECTIONS = 64;
const P99_GOAL = 60;
const WATCHERS = 200;
/** How much memory may grow from the first fifth of the time to the end. */
const GROWTH_GOAL = 1.25;

const ENTRIES = "/v1/namespaces/bench.mixed/entries";
const JSON_TYPE = { "content-type": "application/json" };

/** The tasks of this file. */
export function serverTasks(): Task[] {
  return [
    { name: "server mixed requests", run: mixed },
    { name: "server watchers", run: watchers },
  ];
}

async function start(directory: string, name: string): Promise<ServerChild> {
  const path = `${directory}/${name}.db`;
  return await ServerChild.start(["--database", path], {
    permissions: [`--allow-read=${path}`, `--allow-write=${path}`],
  });
}

/** Resident memory of a process, in MiB. */
async function residentMemory(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 1024;
}

/** One request: three in four read one entry; the rest write, delete, list, and send batches. */
async function one(connection: Connection, number: number): Promise<number> {
  const key = `key-${Math.imul(number, 2654435761) >>> 22}`; // one of 1024, whatever the kind
  const entry = `${ENTRIES}/${keySegment(key)}`;
  const kind = number % 100;
  const value = `{"number":${number},"weights":[0.25,0.5,0.75]}`;
  if (kind < 75) return expect(await connection.request("GET", entry), 200, 404);
  if (kind < 90) return expect(await connection.request("PUT", entry, JSON_TYPE, value), 200, 201);
  if (kind < 92) return expect(await connection.request("DELETE", entry), 204, 404);
  if (kind < 98) return expect(await connection.request("GET", `${ENTRIES}?limit=20&values=1`), 200);
  const ops = Array.from(
    { length: 5 },
    (_, index) => `{"op":"put","key":"batch ${number % 100} ${index}","value":${value}}`,
  );
  const body = `{"ops":[${ops.join()}]}`;
  return expect(await connection.request("POST", ENTRIES.replace("entries", "batch"), JSON_TYPE, body), 200);
}

function expect({ status, body }: { status: number; body: string }, ...statuses: number[]): number {
  assert(statuses.includes(status), `${status} ${body}`);
  return status;
}

/** Sends so many requests a second, each when its time has come; one that is late counts from then. */
async function load(
  port: number,
  rate: number,
  seconds: number,
  request: (connection: Connection, number: number) => Promise<unknown> = one,
): Promise<number[]> {
  const times: number[] = [];
  const begin = performance.now() + 100;
  await Promise.all(Array.from({ length: CONNECTIONS }, async (_, lane) => {
    using connection = await Connection.to(port);
    for (let number = lane; number < rate * seconds; number += CONNECTIONS) {
      const due = begin + number * 1000 / rate;
      const wait = due - performance.now();
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
      await request(connection, number);
      times.push(performance.now() - Math.max(due, begin));
    }
  }));
  return times;
}

/** What the machine has left at this moment: the same rate on a server that does nothing. */
async function idle(seconds: number): Promise<number[]> {
  const code =
    "Deno.serve({ hostname: '127.0.0.1', port: 0, onListen: (a) => console.log(a.port) }, () => new Response('{}'))";
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-net=127.0.0.1", `data:text/javascript,${encodeURIComponent(code)}`],
    stdout: "piped",
  }).spawn();
  try {
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const port = Number((await reader.read()).value);
    await reader.cancel();
    return await load(port, RATE, seconds, async (connection) => expect(await connection.request("GET", ENTRIES), 200));
  } finally {
    child.kill("SIGKILL");
    await child.status;
  }
}

/** The time that a process has used of a processor, in microseconds. */
async function processorTime(pid: number): Promise<number> {
  const fields = (await Deno.readTextFile(`/proc/${pid}/stat`)).split(") ")[1]!.split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

/** How much of the time of its processors this machine has had, and how much of that others on the same hardware have taken. */
async function stolenTime(): Promise<{ all: number; stolen: number }> {
  const fields = (await Deno.readTextFile("/proc/stat")).split("\n")[0]!.trim().split(/ +/).slice(1, 9).map(Number);
  return { all: fields.reduce((sum, each) => sum + each, 0), stolen: fields[7]! };
}

async function mixed({ quick, directory }: RunOptions): Promise<Row[]> {
  await using server = await start(directory, "mixed");
  {
    using connection = await Connection.to(server.port);
    const ops = Array.from({ length: 1024 }, (_, index) => `{"op":"put","key":"key-${index}","value":${index}}`);
    const path = ENTRIES.replace("entries", "batch");
    expect(await connection.request("POST", path, JSON_TYPE, `{"ops":[${ops.join()}]}`), 200);
  }
  await load(server.port, RATE, 5); // until its code is compiled
  const seconds = quick ? 5 : 60;
  const bare = await idle(quick ? 2 : 10);
  const used = await processorTime(server.pid);
  const machine = await stolenTime();
  const early = load(server.port, RATE, seconds / 5);
  const begin = performance.now();
  const times = await early;
  const before = await residentMemory(server.pid);
  for (const time of await load(server.port, RATE, seconds * 4 / 5)) times.push(time);
  const took = (performance.now() - begin) / 1000;
  const after = await residentMemory(server.pid);
  const each = (await processorTime(server.pid) - used) / times.length;
  const p99 = percentile(times, 0.99);
  const now = await stolenTime();
  const stolen = 100 * (now.stolen - machine.stolen) / (now.all - machine.all);
  const rate = times.length / took;
  await server.stop();
  return [
    {
      work: `${RATE} mixed requests/s from ${CONNECTIONS} connections for ${seconds} s, p99`,
      ours: `${p99.toFixed(1)} ms`,
      peer: "a server that does nothing",
      theirs: `${percentile(bare, 0.99).toFixed(1)} ms`,
      ratio: "",
      goal: `< ${P99_GOAL} ms`,
      spread: `p50 ${percentile(times, 0.5).toFixed(1)} ms, ${rate.toFixed(0)}/s, ${stolen.toFixed(0)} % stolen`,
      reached: p99 < P99_GOAL && rate > RATE * 0.97,
    },
    {
      work: "memory of the server meanwhile",
      ours: `${after.toFixed(0)} MiB`,
      peer: "after a fifth of the time",
      theirs: `${before.toFixed(0)} MiB`,
      ratio: `${(after / before).toFixed(2)}×`,
      goal: `≤ ${GROWTH_GOAL.toFixed(2)}×`,
      spread: "",
      // In a few seconds nothing but the start is seen.
      reached: quick ? undefined : after / before <= GROWTH_GOAL,
    },
    {
      work: "processor time of the server for each",
      ours: `${each.toFixed(0)} µs`,
      peer: "",
      theirs: "",
      ratio: "",
      goal: `< ${(1e6 / RATE).toFixed(0)} µs`,
      spread: "",
      reached: each < 1e6 / RATE,
    },
  ];
}

async function watchers({ quick, directory }: RunOptions): Promise<Row[]> {
  await using server = await start(directory, "watchers");
  const rounds = quick ? 10 : 100;
  const lines = await Promise.all(Array.from({ length: WATCHERS }, () => Connection.to(server.port)));
  using writer = await Connection.to(server.port);
  let [round, heard] = [0, 0];
  let all = Promise.withResolvers<void>();
  const listen = async (line: Connection): Promise<void> => {
    await line.say("GET /v1/namespaces/bench.watch/watch HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    let text = "";
    for (let piece = await line.piece(); piece !== undefined; piece = await line.piece()) {
      text += piece;
      const mark = round === 0 ? "event: reset" : `"key":"round ${round}"`;
      if (!text.includes(mark)) continue;
      text = "";
      if (++heard === WATCHERS) all.resolve();
    }
  };
  const listening = lines.map((line) => listen(line).catch(() => {/* closed below */}));
  await all.promise;
  const times: number[] = [];
  for (let next = 1; next <= rounds; next++) {
    [heard, all] = [0, Promise.withResolvers()];
    round = next;
    const begin = performance.now();
    const path = `/v1/namespaces/bench.watch/entries/${keySegment(`round ${next}`)}`;
    expect(await writer.request("PUT", path, JSON_TYPE, "1"), 201);
    await all.promise;
    times.push(performance.now() - begin);
  }
  for (const line of lines) line.close();
  await Promise.all(listening);
  await server.stop();
  return [{
    work: `one change told to ${WATCHERS} watchers, to the last`,
    ours: `${percentile(times, 0.5).toFixed(1)} ms`,
    peer: "",
    theirs: "",
    ratio: "",
    goal: "",
    spread: `${percentile(times, 0.1).toFixed(1)}–${percentile(times, 0.9).toFixed(1)} ms`,
    reached: undefined,
  }];
}
