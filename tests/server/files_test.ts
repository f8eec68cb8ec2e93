import { RemoteBackend } from "@polystore/polystore/remote";
import { ArtifactServer, createToken, listen, Tokens } from "@polystore/polystore/server";
import { MemoryStore } from "@polystore/polystore/stores";
import assert from "node:assert/strict";
import { withBox } from "../disk/setup.ts";
import { ServerChild } from "./child.ts";
import { Connection } from "./connection.ts";
import { Place } from "./place.ts";

Deno.test("server, files: behind tokens, by backend, reading apart from writing", async () => {
  const [reader, writer, other] = [["files:lab:read"], ["files:lab:write"], ["lab:admin"]].map((scopes) =>
    createToken({ scopes })
  );
  const tokens = new Tokens([reader!, writer!, other!].map(({ record }) => record));
  await using place = new Place({ tokens, files: { lab: new MemoryStore(), secret: new MemoryStore() } });
  const path = "/v1/files/lab?path=a.txt";
  const put = { method: "PUT", body: "alpha" };
  const status = async (path: string, ask: object): Promise<number> => {
    const response = await place.ask(path, ask);
    await response.body?.cancel();
    return response.status;
  };
  assert.equal(await status(path, put), 401);
  assert.equal(await status(path, { ...put, token: reader!.token }), 403);
  assert.equal(await status(path, { ...put, token: other!.token }), 403);
  assert.equal(await status(path, { ...put, token: writer!.token }), 201);
  const got = await place.ask(path, { token: reader!.token });
  assert.equal(await got.text(), "alpha");
  assert.equal(got.headers.get("x-content-type-options"), "nosniff");
  assert.equal(got.headers.get("referrer-policy"), "no-referrer");
  for (
    const [method, query] of [["DELETE", "?path=a.txt"], ["POST", "?op=deleteTree"], [
      "POST",
      "?op=readMany&op=deleteTree",
    ]]
  ) {
    assert.equal(await status(`/v1/files/lab${query}`, { method, token: reader!.token }), 403, query);
  }
  for (const name of ["secret", "LAB", "lab%2F..%2Fsecret", "nowhere"]) {
    assert.equal(await status(`/v1/files/${name}?path=a.txt`, { token: writer!.token }), 403, name);
  }
  assert.equal(await status(path, { method: "DELETE", token: writer!.token }), 204);
});

Deno.test("server, files: a backend at the other end of the wire", async () => {
  const { token, record } = createToken({ scopes: ["files:*:write"] });
  await using server = new ArtifactServer({
    store: new MemoryStore(),
    tokens: new Tokens([record]),
    files: { lab: new MemoryStore() },
  });
  await using listener = await listen(server, { port: 0 });
  await using remote = new RemoteBackend({ url: `http://127.0.0.1:${listener.port}/v1/files/lab`, token });
  const content = crypto.getRandomValues(new Uint8Array(60_000));
  await remote.save(content, "plate/a.bin");
  assert.deepEqual(await remote.load("plate/a.bin"), content);
  assert.deepEqual(await remote.listFiles("plate"), ["plate/a.bin"]);
});

Deno.test("server, files: a body that pauses for too long ends, and leaves the old content", async () => {
  const lab = new MemoryStore();
  await lab.write("a.txt", new TextEncoder().encode("old"));
  await using server = new ArtifactServer({ store: new MemoryStore(), files: { lab }, limits: { timeout: 300 } });
  await using listener = await listen(server, { port: 0 });
  using connection = await Connection.to(listener.port);
  await connection.say("PUT /v1/files/lab?path=a.txt HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10\r\n\r\n");
  // Slow, but never silent for so long.
  for (let n = 0; n < 5; n++) {
    await connection.say("x");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const answer = await connection.answer();
  assert(answer === undefined || answer.status >= 400, `${answer?.status}`);
  assert.equal(new TextDecoder().decode(await lab.read("a.txt")), "old");
});

Deno.test("serve: --files serves directories, and nothing beside them", () =>
  withBox(async ({ outer, root }) => {
    await Deno.writeTextFile(`${root}/a.txt`, "alpha");
    await Deno.writeTextFile(`${outer}/secret.txt`, "secret");
    await using server = await ServerChild.start(["--memory", "--files", `lab=${root}`], {
      permissions: [`--allow-read=${root}`, `--allow-write=${root}`],
    });
    using connection = await Connection.to(server.port);
    const read = (path: string) => connection.request("GET", `/v1/files/lab?path=${path}`);
    assert.equal((await read("a.txt")).body, "alpha");
    for (const path of ["../secret.txt", "%2e%2e%2fsecret.txt", "a.txt/../../secret.txt"]) {
      const { status, body } = await read(path);
      assert(status >= 400 && status < 500 && !body.includes("secret\n"), `${path}: ${status}`);
    }
    await server.stop();
  }));
