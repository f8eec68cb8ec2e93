/**
 * Registries of artifacts: what a local `get` costs, and what a remote one adds to a request.
 *
 * @module
 */

import assert from "node:assert/strict";
import { ArtifactRegistry, FunctionalRegistry, RemoteArtifacts } from "../registry/artifacts/mod.ts";
import { keySegment } from "../registry/artifacts/wire.ts";
import { ServerChild } from "../tests/server/child.ts";
import { type Contender, measure, median, percentile } from "./measure.ts";
import { duration, rival, type Row, type RunOptions, type Task, times } from "./row.ts";

const LOCAL_GOAL = 200;
const REMOTE_GOAL = 1.3;
const BATCH = 1000;
const BATCH_GOAL = 50;

/** The tasks of this file. */
export function artifactTasks(): Task[] {
  return [
    { name: "artifacts local get", run: local },
    { name: "artifacts remote get", run: remote },
    { name: "artifacts batch", run: batch },
  ];
}

async function local({ quick }: RunOptions): Promise<Row[]> {
  const losses = new FunctionalRegistry();
  const keys = Array.from({ length: 1000 }, (_, index) => `loss${index}`);
  await losses.registerBatch(keys.map((key) => [key, () => key]));
  const map = new Map(await Array.fromAsync(losses.entries()));
  const get: Contender = {
    name: "local get",
    async work(count): Promise<void> {
      for (; count > 0; count--) await losses.get(keys[count % 1000]!);
    },
  };
  const bare: Contender = {
    name: "await map.get()",
    async work(count): Promise<void> {
      for (; count > 0; count--) await map.get(keys[count % 1000]!);
    },
  };
  const [ours, theirs] = await measure([get, bare], { budget: quick ? 500 : 4000 });
  return [{
    work: "get from a local registry of 1000",
    ours: duration(median(ours!)),
    peer: bare.name,
    theirs: duration(median(theirs!)),
    ratio: times(median(ours!) / median(theirs!)),
    goal: `< ${duration(LOCAL_GOAL)}`,
    spread: `${percentile(ours!, 0.1).toFixed(0)}–${percentile(ours!, 0.9).toFixed(0)} ns`,
    reached: median(ours!) < LOCAL_GOAL,
  }];
}

async function start(directory: string, name: string): Promise<ServerChild> {
  const path = `${directory}/${name}.db`;
  return await ServerChild.start(["--database", path], {
    permissions: [`--allow-read=${path}`, `--allow-write=${path}`],
  });
}

async function remote({ quick, directory }: RunOptions): Promise<Row[]> {
  await using server = await start(directory, "remote");
  const value = { weights: Array.from({ length: 100 }, (_, index) => index / 7) };
  await using registry = new ArtifactRegistry<typeof value>({ namespace: "bench", remote: { port: server.port } });
  await registry.register("k", value);
  const text = JSON.stringify(value);
  const like = await fetch(`http://127.0.0.1:${server.port}/v1/namespaces/bench/entries/${keySegment("k")}`);
  assert.equal(await like.text(), text);
  await using bare = await Echo.start(text, { "content-type": "application/json" });
  await using dressed = await Echo.start(text, Object.fromEntries(like.headers));
  const get: Contender = {
    name: "remote get",
    async work(count): Promise<void> {
      for (; count > 0; count--) await registry.get("k");
    },
  };
  return await rival(`get of ${text.length} bytes from a server, SQLite behind it`, get, [
    { ...bare.contender("bare Deno.serve and fetch"), goal: REMOTE_GOAL },
    dressed.contender("the same, with our headers"),
  ], { budget: quick ? 2000 : 10_000, sample: 40 });
}

/** A bare server in a process of its own. */
class Echo implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  #port = 0;

  private constructor(text: string, headers: Record<string, string>) {
    this.#process = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        "--allow-net=127.0.0.1",
        new URL("artifact_echo.ts", import.meta.url).href,
        text,
        JSON.stringify(headers),
      ],
      stdout: "piped",
      stderr: "null",
    }).spawn();
  }

  static async start(text: string, headers: Record<string, string>): Promise<Echo> {
    const echo = new Echo(text, headers);
    const reader = echo.#process.stdout.getReader();
    echo.#port = Number(new TextDecoder().decode((await reader.read()).value));
    await reader.cancel();
    return echo;
  }

  contender(name: string): Contender {
    const url = `http://127.0.0.1:${this.#port}/`;
    return {
      name,
      async work(count): Promise<void> {
        for (; count > 0; count--) await (await fetch(url)).json();
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill();
    await this.#process.status;
  }
}

async function batch({ quick, directory }: RunOptions): Promise<Row[]> {
  await using server = await start(directory, "batch");
  const artifacts = new RemoteArtifacts("bench", { port: server.port });
  const operations = Array.from({ length: BATCH }, (_, index) => ({
    op: "put" as const,
    key: `key${index}`,
    value: `{"lr":${index}}`,
    ifAbsent: true,
  }));
  const [together, alone]: number[][] = [[], []];
  for (let round = 0; round < (quick ? 3 : 7); round++) {
    await artifacts.clear();
    let begin = performance.now();
    const results = await artifacts.batch(operations);
    together!.push((performance.now() - begin) * 1e6);
    assert(results.every(({ op }) => op === "put"));
    await artifacts.clear();
    begin = performance.now();
    for (const { key, value } of operations) await artifacts.put(key, value, { ifAbsent: true });
    alone!.push((performance.now() - begin) * 1e6);
  }
  await artifacts.close();
  await server.stop();
  const ratio = median(alone!) / median(together!);
  return [{
    work: `registering ${BATCH} in one request`,
    ours: duration(median(together!)),
    peer: `${BATCH} requests, one after the other`,
    theirs: duration(median(alone!)),
    ratio: times(1 / ratio),
    goal: `≤ ${times(1 / BATCH_GOAL)}`,
    spread: `${ratio.toFixed(0)} times as fast`,
    reached: ratio >= BATCH_GOAL,
  }];
}
