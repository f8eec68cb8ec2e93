/** Who is far away, and who does not read. */

import { ArtifactServer, createToken, listen, type ServerNote, Tokens } from "@polystore/polystore/server";
import { MemoryStore } from "@polystore/polystore/stores";
import assert from "node:assert/strict";
import { isLoopback } from "../../registry/artifacts/server/hosts.ts";
import { Connection } from "./connection.ts";
import { entry } from "./place.ts";

function from(hostname: string): { remoteAddr: Deno.NetAddr } {
  return { remoteAddr: { transport: "tcp", hostname, port: 7 } };
}

Deno.test("Deno.serve: without tokens only this machine is answered, unless the server is open", async () => {
  const store = new MemoryStore();
  const { token, record } = createToken();
  const tokens = new Tokens([record]);
  const far = ["10.0.0.7", "192.168.0.1", "2001:db8::1", "::ffff:10.0.0.7", "1127.0.0.1"];
  const near = ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"];
  const status = async (server: ArtifactServer, info?: { remoteAddr: Deno.Addr }, token?: string): Promise<number> => {
    const headers = token === undefined ? undefined : { authorization: `Bearer ${token}` };
    const response = await server.fetch(
      new Request(`http://localhost${entry("n", "k")}`, headers && { headers }),
      info,
    );
    const { detail } = await response.json();
    if (response.status === 403) assert.match(detail, /give it tokens/);
    return response.status;
  };
  await using closed = new ArtifactServer({ store });
  await using open = new ArtifactServer({ store, open: true });
  await using guarded = new ArtifactServer({ store, tokens });
  for (const address of far) {
    assert.equal(await status(closed, from(address)), 403, address);
    assert.equal(await status(open, from(address)), 404, address);
    assert.equal(await status(guarded, from(address)), 401, address);
    assert.equal(await status(guarded, from(address), token), 404, address);
  }
  for (const address of near) assert.equal(await status(closed, from(address)), 404, address);
  assert.equal(await status(closed, { remoteAddr: { transport: "unix", path: "/run/it" } }), 404);
  assert.equal(await status(closed), 404);
  // Tokens can be taken away while it runs.
  guarded.tokens = undefined;
  assert.equal(await status(guarded, from("10.0.0.7")), 403);
});

Deno.test("loopback is what only this machine reaches", () => {
  for (const host of ["localhost", "127.0.0.1", "[::1]", "::1", "::ffff:127.1.2.3"]) assert(isLoopback(host), host);
  for (const host of ["0.0.0.0", "::", "::ffff:1.2.3.4", "::ffff:localhost.example", "127.0.0.1.example", "10.0.0.1"]) {
    assert(!isLoopback(host), host);
  }
});

Deno.test("HEAD: the length that GET would have, or none", async () => {
  const lab = new MemoryStore();
  await lab.write("a", new TextEncoder().encode("alpha"));
  await using server = new ArtifactServer({ store: new MemoryStore(), files: { lab } });
  await using listener = await listen(server, { port: 0 });
  const serving = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, server.fetch);
  for (const port of [listener.port, serving.addr.port]) {
    using connection = await Connection.to(port);
    for (
      const [path, length] of [
        ["/health", "48"],
        ["/v1/files/lab?path=a", "5"],
        ["/v1/files/lab?list=", undefined],
        ["/v1/files/lab?watch=a", undefined],
        ["/v1/namespaces/n/watch", undefined],
      ] as const
    ) {
      const accept = "application/x-ndjson, */*";
      const answer = await connection.request("HEAD", path, { accept });
      assert.deepEqual(
        [answer.status, answer.headers.get("content-length")],
        [200, length],
        `${port === listener.port} ${path}`,
      );
    }
    const text = (await connection.request("GET", "/metrics")).body;
    const head = (await connection.request("HEAD", "/metrics")).headers.get("content-length");
    assert(Math.abs(Number(head) - text.length) < 200, `${head} ${text.length}`);
  }
  await serving.shutdown();
});

Deno.test("listen: HTTP/1.0, which names no host, is answered", async () => {
  await using server = new ArtifactServer({ store: new MemoryStore() });
  await using listener = await listen(server, { port: 0 });
  using connection = await Connection.to(listener.port);
  await connection.say("GET /health HTTP/1.0\r\n\r\n");
  assert.equal((await connection.answer())!.status, 200);
});

Deno.test("listen: content that fails on its way is cut, never told as whole, and the failure is the log's alone", async () => {
  const MIB = 1024 * 1024;
  const lab = new MemoryStore();
  const printed: unknown[] = [];
  const { error, info } = console;
  const print = (...words: unknown[]): void => void printed.push(words);
  Object.assign(console, { error: print, info: print });
  const broken = (pieces: number): ReadableStream<Uint8Array> =>
    ReadableStream.from((async function* () {
      for (let piece = 0; piece < pieces; piece++) yield new Uint8Array(MIB).fill(0x61);
      await Promise.reject(new Error("the secret disk is gone"));
    })());
  let pieces = 0;
  Object.assign(lab, {
    openRead: () => Promise.resolve(broken(pieces)),
    // Of one, nobody knows the length.
    stat: (path: string) => Promise.resolve({ kind: "file", etag: "e", ...(path === "measured" && { size: 8 * MIB }) }),
  });
  const notes: ServerNote[] = [];
  await using server = new ArtifactServer({
    store: new MemoryStore(),
    files: { lab },
    log: (note) => void notes.push(note),
  });
  await using listener = await listen(server, { port: 0 });
  try {
    for (const path of ["measured", "unmeasured"]) {
      for (pieces of [0, 1, 2, 7, 8]) {
        if (pieces === 8 && path === "measured") continue; // that is all of it
        notes.length = 0;
        const response = await fetch(`http://127.0.0.1:${listener.port}/v1/files/lab?path=${path}`).catch(() =>
          undefined
        );
        const text = await response?.text().catch(() => undefined);
        assert.equal(text, undefined, `${path} ${pieces}: ${text?.slice(0, 100)}`);
        assert.deepEqual(notes.map(({ message }) => message), ["a request for files failed"]);
      }
    }
    assert.deepEqual(printed, []);
  } finally {
    Object.assign(console, { error, info });
  }
});

Deno.test("listen: content of another length than was said is cut, and nothing is put into it", async () => {
  const lab = new MemoryStore();
  // Content of up to 4 MiB is read at once; a stream it is only beyond.
  Object.assign(lab, {
    stat: (path: string) => {
      const size = path === "less" ? 6 * 1024 * 1024 : 5 * 1024 * 1024;
      return Promise.resolve({ kind: "file", etag: "e", size });
    },
    openRead: (path: string) => {
      const size = path === "less" ? 5 * 1024 * 1024 : 6 * 1024 * 1024;
      return Promise.resolve(ReadableStream.from([new Uint8Array(size).fill(0x61)]));
    },
  });
  const notes: ServerNote[] = [];
  const log = (note: ServerNote): void => void notes.push(note);
  await using server = new ArtifactServer({ store: new MemoryStore(), files: { lab }, log });
  await using listener = await listen(server, { port: 0 });
  for (const path of ["less", "more"]) {
    notes.length = 0;
    using line = await Connection.to(listener.port);
    await line.say(`GET /v1/files/lab?path=${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
    await line.say("GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    await assert.rejects(line.answer(), /ended within a body|reset/i, path);
    assert.deepEqual(notes.map(({ message }) => message), ["an answer was cut"], path);
  }
});

Deno.test("listen: of content in frames nothing stays open for who is gone before it begins", async () => {
  const lab = new MemoryStore();
  let [opened, left] = [0, 0];
  Object.assign(lab, {
    stat: () => Promise.resolve({ kind: "file", etag: "e" }),
    openRead() {
      opened++;
      return Promise.resolve(new ReadableStream({ cancel: () => void left++ }, { highWaterMark: 0 }));
    },
  });
  await using server = new ArtifactServer({ store: new MemoryStore(), files: { lab } });
  const accept = "application/octet-stream, application/vnd.polystore.frames";
  for (const headers of [{ accept }, { accept: "*/*" }]) {
    const response = await server.fetch(new Request("http://localhost/v1/files/lab?path=a", { headers }));
    assert.equal(response.status, 200);
    await response.body!.cancel();
  }
  assert.deepEqual([opened, left], [2, 2]);
});

Deno.test("listen: large content from a store that has no streams is taken piece by piece", async () => {
  const content = new Uint8Array(12 * 1024 * 1024).fill(0x61);
  const plain = {
    read: () => Promise.resolve(content),
    stat: () => Promise.resolve({ kind: "file" as const, etag: "e", size: content.length }),
  };
  await using server = new ArtifactServer({ store: new MemoryStore(), files: { plain } });
  await using listener = await listen(server, { port: 0, stallTimeout: 400 });
  using line = await Connection.to(listener.port);
  await line.say("GET /v1/files/plain?path=a HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
  let got = 0;
  for (let piece = await line.piece(); piece !== undefined; piece = await line.piece()) {
    got += piece.length;
    await new Promise((resolve) => setTimeout(resolve, 8));
  }
  assert(got > content.length, `${got} bytes`);
});

Deno.test("listen: bad numbers are refused, and TRACE is no failure", async () => {
  const notes: ServerNote[] = [];
  const log = (note: ServerNote): void => void notes.push(note);
  await using server = new ArtifactServer({ store: new MemoryStore(), files: { lab: new MemoryStore() }, log });
  for (
    const bad of [{ stallTimeout: Infinity }, { stallTimeout: 2 ** 31 }, { stallTimeout: 0 }, { maxConnections: 0 }]
  ) {
    await assert.rejects(listen(server, { port: 0, ...bad }), { code: "invalid-argument" });
  }
  await using listener = await listen(server, { port: 0 });
  using line = await Connection.to(listener.port);
  assert.equal((await line.request("TRACE", "/v1/files/lab?path=a")).status, 405);
  assert.deepEqual(notes, []);
});

Deno.test("listen: for who is gone, before his content or in the middle of it, nothing more is read", async () => {
  const lab = new MemoryStore();
  const asked = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  let left = 0;
  Object.assign(lab, {
    stat: () => Promise.resolve({ kind: "file", etag: "e", size: 2 ** 40 }),
    async openRead(path: string) {
      asked.resolve();
      if (path === "late") await go.promise;
      return new ReadableStream({
        pull: (controller) => controller.enqueue(new Uint8Array(100_000)),
        cancel: () => void left++,
      });
    },
  });
  await using server = new ArtifactServer({ store: new MemoryStore(), files: { lab } });
  await using listener = await listen(server, { port: 0 });
  const line = await Connection.to(listener.port);
  await line.say("GET /v1/files/lab?path=late HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  await asked.promise;
  line.close();
  await new Promise((resolve) => setTimeout(resolve, 100));
  go.resolve();
  const other = await Connection.to(listener.port);
  await other.say("GET /v1/files/lab?path=soon HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  await other.piece();
  other.close();
  while (left < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  using connection = await Connection.to(listener.port);
  assert.equal((await connection.request("GET", "/health")).status, 200);
});

Deno.test("listen: who does not read what he asked for is hung up on; work that takes long is not", async () => {
  const lab = new MemoryStore();
  await lab.write("large", new Uint8Array(32 * 1024 * 1024));
  await lab.write("small", new TextEncoder().encode("alpha"));
  const slow = new MemoryStore();
  slow.copy = async (...args) => {
    await new Promise((resolve) => setTimeout(resolve, 1500));
    return await MemoryStore.prototype.copy.call(slow, ...args);
  };
  await slow.write("a", new Uint8Array(1));
  const limits = { heartbeat: 50 };
  await using server = new ArtifactServer({ store: new MemoryStore(), files: { lab, slow }, limits });
  await using listener = await listen(server, { port: 0, stallTimeout: 300 });
  using silent = await Connection.to(listener.port);
  await silent.say("GET /v1/files/lab?path=large HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  using working = await Connection.to(listener.port);
  const copied = working.request(
    "POST",
    "/v1/files/slow?op=copy",
    { "content-type": "application/json" },
    '{"from":"a","to":"b"}',
  );
  using watching = await Connection.to(listener.port);
  await watching.say("GET /v1/namespaces/n/watch HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  using slowly = await Connection.to(listener.port);
  await slowly.say("GET /v1/files/lab?path=large HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  for (let piece = 0; piece < 40; piece++) {
    assert.notEqual(await slowly.piece(), undefined, `after ${piece} pieces`);
    await new Promise((resolve) => setTimeout(resolve, 40));
  }
  assert.equal((await copied).status, 200);
  // By now the silent one has been cut off: what it gets is not all of it.
  await assert.rejects(silent.answer(), /ended within a body|reset/i);
  let heard = "";
  while (!heard.includes("still here")) heard += await watching.piece();
  assert.equal((await working.request("GET", "/v1/files/lab?path=small")).body, "alpha");
});
