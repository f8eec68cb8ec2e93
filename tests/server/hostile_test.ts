/** Hostile clients: nothing they send ends the server, is its fault, or writes anything. */

import { ArtifactServer, listen } from "@polystore/polystore/server";
import { MemoryStore } from "@polystore/polystore/stores";
import fc from "fast-check";
import assert from "node:assert/strict";
import { LONG } from "../disk/setup.ts";
import { Connection } from "./connection.ts";
import { entry, Place } from "./place.ts";

const RUNS = LONG ? 5000 : 300;

const segment = fc.oneof(
  fc.constantFrom(
    "..",
    ".",
    "%2e%2e",
    "%2E%2E",
    "%2F",
    "%5C",
    "%00",
    "%",
    "%zz",
    "%FF",
    "",
    "~",
    "v1",
    "namespaces",
    "entries",
    "batch",
    "watch",
  ),
  fc.constantFrom(
    "locks",
    "registry",
    "set",
    "get",
    "keys",
    "clear",
    "files",
    "__proto__",
    "constructor",
    "a..b",
    ".a",
    "YQ",
    "é",
    "🎈",
  ),
  fc.string({ unit: "binary", maxLength: 20 }).map((text) => text.replace(/[\0-\x20#?\ud800-\udfff]/gu, "x")),
);
const path = fc.array(segment, { maxLength: 7 }).map((segments) => `/${segments.join("/")}`);
const known = fc.tuple(
  fc.constantFrom(
    "/v1/namespaces/n/batch",
    "/registry/n/set",
    "/v1/namespaces/n/entries/YQ",
    "/v1/namespaces/n/locks/YQ",
  ),
  fc.constantFrom("", "?", "?after=%00", "?limit=-1", "?since=x&since=y", "?values=1&values=2", "?op=deleteTree"),
).map(([path, query]) => path + query);
const header = fc.tuple(
  fc.constantFrom(
    "if-match",
    "if-none-match",
    "authorization",
    "content-type",
    "content-encoding",
    "range",
    "last-event-id",
    "write-id",
    "expect",
    "origin",
  ),
  fc.oneof(
    fc.constantFrom("*", '"', 'W/"', "Bearer", "Bearer ", "Basic x", "application/json", "bytes=0-", "🎈"),
    fc.string({ maxLength: 30 }),
  ),
).map(([name, value]): [string, string] => [name, value.replace(/[^\x20-\x7e]/g, "x").trim()]);
const envelope = fc.record({
  type: fc.constantFrom("json", "pickle", "weakref", null, 7),
  data: fc.oneof(fc.json(), fc.string(), fc.constant(null)),
  encoding: fc.constantFrom("json", "base64", undefined),
});
// No write among them is whole: a value or an operation is always missing, or is no JSON.
const body = fc.oneof(
  fc.constantFrom(
    "",
    "{",
    "[",
    "null",
    "[[[",
    "\0",
    '"\\ud800',
    "NaN",
    "{}",
    "[]",
    '{"ops":7}',
    '{"ops":[{}]}',
    '{"ops":[{"op":"put","key":"k"}]}',
  ),
  fc.string({ unit: "binary", maxLength: 100 }).map((text) => `${text}{`),
  fc.record({ key: envelope }).map((value) => JSON.stringify(value)),
  fc.constant("[".repeat(100_000)),
);

Deno.test(`server, hostile: ${RUNS} requests that make no sense: no 500, no write`, async () => {
  await using place = new Place();
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(path, known),
      fc.constantFrom("GET", "HEAD", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "FOO"),
      fc.array(header, { maxLength: 4 }),
      body,
      async (path, method, headers, body) => {
        const writes = method === "GET" || method === "HEAD" ? undefined : body;
        // The one path where a text that is valid JSON is a value.
        const asked = writes !== undefined && path.startsWith("/v1/namespaces/n/entries/") ? `${writes}{` : writes;
        const all = { "content-type": "application/json", ...Object.fromEntries(headers) };
        const response = await place.ask(path, { method, headers: all, ...(asked !== undefined && { body: asked }) });
        await response.body?.cancel();
        assert(response.status < 500, `${method} ${path}: ${response.status}`);
      },
    ),
    { numRuns: RUNS },
  );
  assert.deepEqual(place.notes, []);
  assert.deepEqual((await place.expect(200, "/v1/namespaces")).namespaces, []);
});

/** A server on a port, with little patience. */
async function impatient<T>(
  run: (port: number, server: ArtifactServer) => Promise<T>,
  maxConnections?: number,
): Promise<T> {
  const store = new MemoryStore();
  await using server = new ArtifactServer({ store, limits: { timeout: 500, maxBody: 10_000 } });
  await using listener = await listen(server, { port: 0, maxConnections });
  const result = await run(listener.port, server);
  assert.deepEqual(await Array.fromAsync(store.list("")), [], "something was written");
  using connection = await Connection.to(listener.port);
  assert.equal((await connection.request("GET", "/ready")).status, 200);
  return result;
}

const PUT = `PUT ${entry("n", "k")} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n`;
const RAW: Record<string, string | Uint8Array> = {
  "no host": "GET /health HTTP/1.1\r\n\r\n",
  "two hosts": `${PUT}Host: evil\r\nContent-Length: 0\r\n\r\n`,
  "a host with a space": "GET /health HTTP/1.1\r\nHost: a b\r\n\r\n",
  "the host of a stranger": "GET /stats HTTP/1.1\r\nHost: evil.example\r\n\r\n",
  "the address of a stranger": "GET http://evil.example/stats HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
  "a path that climbs": "GET /v1/namespaces/../../../etc/passwd HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
  "no path": "GET HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
  "a star": "OPTIONS * HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
  "a tunnel": "CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
  "a trace": "TRACE / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
  "NUL in the path": "GET /\0 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
  "NUL in a header": "GET /nowhere HTTP/1.1\r\nHost: 127.0.0.1\r\nX: a\0b\r\n\r\n",
  "a header on two lines": "GET /nowhere HTTP/1.1\r\nHost: 127.0.0.1\r\nX: a\r\n b\r\n\r\n",
  "two lengths": `${PUT}Content-Length: 1\r\nContent-Length: 2\r\n\r\n12`,
  "a length and chunks": `${PUT}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n1\r\n0\r\n\r\n`,
  "a length that is none": `${PUT}Content-Length: x\r\n\r\n1`,
  "a negative length": `${PUT}Content-Length: -1\r\n\r\n1`,
  "a huge length": `${PUT}Content-Length: 99999999999999999999\r\n\r\n1`,
  "more than may be": `${PUT}Content-Length: 10001\r\n\r\n`,
  "a chunk that is none": `${PUT}Transfer-Encoding: chunked\r\n\r\nzz\r\n`,
  "a huge chunk": `${PUT}Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n`,
  "chunks in chunks": `${PUT}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n`,
  "headers without end": `GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n${"X: y\r\n".repeat(20_000)}`,
  "one long header": `GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ${"y".repeat(200_000)}\r\n\r\n`,
  "a long path": `GET /${"a".repeat(200_000)} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`,
  "TLS": new Uint8Array([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, ...Array(200).fill(0)]),
  "HTTP/2": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  "HTTP/0.9": "GET /\r\n",
  "noise": crypto.getRandomValues(new Uint8Array(1000)),
  "nothing but line ends": "\r\n".repeat(1000),
  "an upgrade": "GET /nowhere HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
};

Deno.test("server, hostile: what is no HTTP, or two things at once", () =>
  impatient(async (port) => {
    await Promise.all(
      Object.entries(RAW).map(async ([name, text]) => {
        using connection = await Connection.to(port);
        try {
          await connection.say(text);
          const answer = await connection.answer();
          const status = answer?.status ?? 0;
          assert(status === 0 || (status >= 400 && status < 500), `${name}: ${status} ${answer?.body}`);
        } catch (error) {
          // The server has hung up.
          if (!(error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe)) throw error;
        }
      }),
    );
  }));

Deno.test("server, hostile: who says nothing, or says it slowly, is hung up on; the others are served", () =>
  impatient(async (port) => {
    const begin = performance.now();
    const starts = [
      "",
      "GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n",
      `${PUT}Content-Length: 3\r\n\r\n[`,
      `${PUT}Transfer-Encoding: chunked\r\n\r\n5\r\n[`,
    ];
    const slow = starts.flatMap((start) => Array.from({ length: 25 }, () => start)).map(async (start, index) => {
      using connection = await Connection.to(port);
      await connection.say(start);
      // Every other one drips on, so that the line is never silent.
      let open = true;
      const drip = index % 2 === 0 && start.endsWith("\r\n") && start !== ""
        ? (async (): Promise<void> => {
          while (open) {
            await connection.say("X: y\r\n").catch(() => open = false);
            await new Promise((resolve) => setTimeout(resolve, 50));
          }
        })()
        : undefined;
      const answer = await connection.answer().catch(() => undefined);
      open = false;
      await drip;
      assert(answer === undefined || answer.status === 408 || answer.status === 400, `${answer?.status}`);
      return performance.now() - begin;
    });
    using good = await Connection.to(port);
    for (let n = 0; n < 50; n++) assert.equal((await good.request("GET", "/health")).status, 200);
    const times = await Promise.all(slow);
    assert(Math.max(...times) < 10_000, `the last was hung up on after ${Math.max(...times)} ms`);
  }));

Deno.test("server, hostile: bodies that are cut off change nothing", () =>
  impatient(async (port, server) => {
    const whole = `${PUT}Content-Length: 20\r\n\r\n${JSON.stringify("x".repeat(18))}`;
    for (let length = 1; length < whole.length; length += 3) {
      using connection = await Connection.to(port);
      await connection.say(whole.slice(0, length));
    }
    const chunks = `${PUT}Transfer-Encoding: chunked\r\n\r\n1\r\n1\r\n`;
    for (let n = 0; n < 10; n++) {
      using connection = await Connection.to(port);
      await connection.say(chunks);
    }
    // All that reached a route have been answered, to nobody.
    const requests = (): number => server.statistics.total_requests as number;
    for (let before = -1; before !== requests();) {
      before = requests();
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  }));

Deno.test("server, hostile: only so many connections", () =>
  impatient(async (port) => {
    const connections = await Promise.all(Array.from({ length: 20 }, () => Connection.to(port)));
    const answers = await Promise.all(connections.map(async (connection) => {
      try {
        return (await connection.request("GET", "/health")).status;
      } catch {
        return 0;
      }
    }));
    for (const connection of connections) connection.close();
    const served = answers.filter((status) => status === 200).length;
    assert(served >= 1 && served <= 10, `${served} were served at a time`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }, 10));
