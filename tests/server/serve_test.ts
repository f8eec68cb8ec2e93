/** The command line of `deno task serve`. */

import { ArtifactServer, listen, Tokens } from "@polystore/polystore/server";
import { MemoryStore } from "@polystore/polystore/stores";
import assert from "node:assert/strict";
import { parseServeOptions } from "../../registry/artifacts/server/serve_options.ts";
import { REPOSITORY, withBox } from "../disk/setup.ts";
import { ServerChild } from "./child.ts";
import { Connection } from "./connection.ts";
import { entry } from "./place.ts";

async function run(args: string[], permissions: string[] = []): Promise<{ code: number; out: string; err: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", ...permissions, `${REPOSITORY}registry/artifacts/serve.ts`, ...args],
  }).output();
  return { code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
}

function served(args: string[]): ReturnType<typeof parseServeOptions> & { name: "serve" } {
  const command = parseServeOptions(args);
  assert(command.name === "serve");
  return command;
}

Deno.test("serve: a variable that may not be read counts as not set", { permissions: { env: false } }, () => {
  assert.equal(served([]).options.port, 8001);
});

Deno.test("serve: --help tells, and a mistake ends with 1 and one line", async () => {
  const { code, out, err } = await run(["--help"]);
  assert.deepEqual([code, err], [0, ""]);
  for (const word of ["--token-file", "REGISTRY_SERVER_PORT", "--debug", "--allow-net"]) {
    assert(out.includes(word), word);
  }
  const mistake = await run(["--host", "0.0.0.0", "--memory", "--port", "0"]);
  assert.deepEqual([mistake.code, mistake.out], [1, ""]);
  assert.match(mistake.err, /^[^\n]*give it tokens, or listen on 127\.0\.0\.1\n$/);
});

Deno.test("serve: what cannot be listened on or opened is told at once, with what to do", () =>
  withBox(async ({ root }) => {
    await Deno.writeTextFile(`${root}/text.db`, "this is no database, but long enough to be one ".repeat(100));
    const files = [`--allow-read=${root}`, `--allow-write=${root}`];
    const cases: [args: string[], permissions: string[], told: RegExp][] = [
      [["--memory", "--port", "9000"], ["--allow-net=127.0.0.1:1"], /--allow-net=127\.0\.0\.1:9000$/],
      [["--memory", "--port", "0", "--host", "::1"], ["--allow-net=127.0.0.1:1"], /--allow-net=\[::1\]:0$/],
      [
        ["--port", "0", "--database", `${root}/text.db`],
        ["--allow-net=127.0.0.1", ...files],
        /cannot open ".*text\.db": /i,
      ],
      [["--port", "0", "--database", root], ["--allow-net=127.0.0.1", ...files], /cannot open ".*": /i],
      [["--port", "0", "--database", "lab.db"], ["--allow-net=127.0.0.1"], /cannot open "lab\.db": .*--allow-read/i],
      [
        ["--port", "0", "--database", `${root}/lab.db`],
        ["--allow-net=127.0.0.1", `--allow-read=${root}`],
        /cannot open ".*lab\.db": .*--allow-write/i,
      ],
    ];
    for (const [args, permissions, told] of cases) {
      const { code, out, err } = await run(args, permissions);
      assert.deepEqual([code, out], [1, ""], err);
      assert.match(err.trimEnd(), told);
      assert.equal(err.trimEnd().split("\n").length, 1, err);
    }
  }));

Deno.test("serve: the variable may ask for any port that is free, too", () => {
  Deno.env.set("REGISTRY_SERVER_PORT", "0");
  try {
    assert.equal(served([]).options.port, 0);
  } finally {
    Deno.env.delete("REGISTRY_SERVER_PORT");
  }
});

Deno.test("serve: tokens are made, kept hashed in a file of their owner, and let in", () =>
  withBox(async ({ root }) => {
    const file = `${root}/tokens.json`;
    const permissions = [`--allow-read=${root}`, `--allow-write=${root}`];
    const made = await run(
      ["token", "--scope", "team:write", "--expires", "1", "--id", "ci", "--token-file", file],
      permissions,
    );
    assert.deepEqual([made.code, made.err], [0, ""]);
    const token = made.out.trim();
    const text = await Deno.readTextFile(file);
    assert(!text.includes(token.slice(10)));
    assert.equal((await Deno.stat(file)).mode! & 0o777, 0o600);
    assert.deepEqual(Tokens.parse(text).scopesOf(token), [{ prefix: "team", access: "write" }]);
    const again = await run(["token", "--id", "ci", "--token-file", file], permissions);
    assert.deepEqual([again.code, again.out], [1, ""]);
    assert.equal(await Deno.readTextFile(file), text);
    await using server = await ServerChild.start(["--memory", "--token-file", file], {
      permissions: [`--allow-read=${file}`],
    });
    using connection = await Connection.to(server.port);
    const authorization = `Bearer ${token}`;
    assert.equal((await connection.request("GET", entry("team", "k"))).status, 401);
    assert.equal((await connection.request("GET", entry("team", "k"), { authorization })).status, 404);
    assert.equal((await connection.request("GET", entry("lab", "k"), { authorization })).status, 403);
    // Another token, read when the server is told to.
    const second = (await run(["token", "--id", "second", "--token-file", file], permissions)).out.trim();
    server.signal("SIGHUP");
    while (!server.notes.some(({ message }) => message === "read the tokens again")) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert.equal((await connection.request("GET", "/stats", { authorization: `Bearer ${second}` })).status, 200);
    await server.stop();
    assert(!JSON.stringify(server.notes).includes(token.slice(10)));
  }));

Deno.test("serve: SIGTERM lets what is being answered be answered, and the last line has the numbers", async () => {
  await using server = await ServerChild.start(["--memory", "--debug"]);
  using connection = await Connection.to(server.port);
  using watcher = await Connection.to(server.port);
  await watcher.say("GET /v1/namespaces/n/watch HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  while (!(await watcher.piece())!.includes("reset"));
  // The body is on its way when the signal comes.
  await connection.say(
    `PUT ${
      entry("n", "k")
    } HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 3\r\n\r\n[1`,
  );
  await new Promise((resolve) => setTimeout(resolve, 100));
  server.signal("SIGTERM");
  while (!server.notes.some(({ message }) => message === "told to stop")) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await connection.say("]");
  assert.equal((await connection.answer())!.status, 201);
  while (await watcher.piece() !== undefined);
  const { code } = await server.ended();
  assert.equal(code, 0);
  const last = server.notes.at(-1)!;
  assert.deepEqual([last.message, last.set_requests, last.total_requests], ["stopped", 1, 2]);
  assert(server.notes.some(({ level, message }) => level === "debug" && message === "answered"));
  await assert.rejects(Connection.to(server.port), Deno.errors.ConnectionRefused);
});

Deno.test("serve: a token in the environment, and a port that is taken", async () => {
  const token = "a token that nobody guesses";
  await using server = await ServerChild.start(["--memory"], {
    env: { REGISTRY_SERVER_TOKEN: token.replaceAll(" ", "-") },
  });
  using connection = await Connection.to(server.port);
  assert.equal((await connection.request("GET", "/stats")).status, 401);
  const authorization = `Bearer ${token.replaceAll(" ", "-")}`;
  assert.equal((await connection.request("GET", "/stats", { authorization })).status, 200);
  await using second = new ArtifactServer({ store: new MemoryStore() });
  await assert.rejects(listen(second, { port: server.port }), { code: "unavailable" });
});
