import assert from "node:assert/strict";
import { denoArgs, REPOSITORY, runCommand, withBox } from "../disk/setup.ts";

const LEAST = `${REPOSITORY}tests/kv/least.ts`;

interface Told {
  readonly resolved?: boolean;
  readonly code?: string;
  readonly message?: string;
}

async function told(args: readonly string[], env: Record<string, string> = {}): Promise<Told> {
  const { stdout, stderr } = await runCommand(Deno.execPath(), args, { env });
  assert.notEqual(stdout, "", `the child said nothing: ${stderr}`);
  return JSON.parse(stdout) as Told;
}

Deno.test("permissions: Deno KV in a file needs to read and write that file, and no more", () =>
  withBox(async ({ root }) => {
    const path = `${root}/kv.db`;
    const granted = [`--allow-read=${path}`, `--allow-write=${path}`];
    assert.deepEqual(await told(denoArgs(LEAST, granted, [path])), { resolved: true });
    for (const [some, flag] of [[[granted[0]!], /--allow-write/], [[granted[1]!], /--allow-read/]] as const) {
      const outcome = await told(denoArgs(LEAST, some, [`${root}/other.db`, ...some]));
      assert.equal(outcome.code, "permission-denied", Deno.inspect(outcome));
      assert.match(outcome.message!, /--allow-(?:read|write)/, String(flag));
    }
  }));

Deno.test("permissions: Deno KV in memory needs none", async () => {
  assert.deepEqual(await told(denoArgs(LEAST, [], [":memory:"])), { resolved: true });
});

Deno.test("permissions: Deno KV behind an address needs the network and its token", async () => {
  const url = "http://127.0.0.1:9";
  const env = { DENO_KV_ACCESS_TOKEN: "token" };
  const net = "--allow-net=127.0.0.1:9";
  const both = await told(denoArgs(LEAST, [net, "--allow-env=DENO_KV_ACCESS_TOKEN"], [url]), env);
  assert.equal(both.code, "unavailable", Deno.inspect(both));
  const outcome = await told(denoArgs(LEAST, ["--allow-env=DENO_KV_ACCESS_TOKEN"], [url]), env);
  assert.equal(outcome.code, "permission-denied", Deno.inspect(outcome));
  const untold = await told(denoArgs(LEAST, [net], [url]), env);
  assert.equal(untold.code, "permission-denied", Deno.inspect(untold));
});

Deno.test("without --unstable-kv the error says exactly that", async () => {
  const config = ["--no-config", `--import-map=${REPOSITORY}deno.json`];
  const [run, ...rest] = denoArgs(LEAST, [], [":memory:"]);
  const outcome = await told([run!, ...config, ...rest]);
  assert.equal(outcome.code, "unsupported", Deno.inspect(outcome));
  assert.match(outcome.message!, /--unstable-kv/);
  assert.match(outcome.message!, /"unstable": \["kv"\] in deno\.json/);
});
