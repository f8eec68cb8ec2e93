import { createToken, Tokens } from "@polystore/polystore/server";
import { MemoryStore } from "@polystore/polystore/stores";
import assert from "node:assert/strict";
import { encodeValue, keySegment } from "../../registry/artifacts/wire.ts";
import { entry, Place } from "./place.ts";

const A = entry("team.models", "a");

Deno.test("server: health tells nothing, ready looks at the store", async () => {
  await using place = new Place();
  assert.deepEqual(await place.expect(200, "/health"), { status: "healthy", service: "registry-server" });
  assert.deepEqual(await place.expect(200, "/ready"), { status: "ready" });
});

Deno.test("server: not ready while the store cannot be reached, or when shutting down", async () => {
  await using place = new Place();
  const list = place.store.list;
  Object.assign(place.store, {
    list: () => {
      throw new Error("secret: 10.0.0.7 refused");
    },
  });
  const { code, detail } = await place.expect(503, "/ready");
  assert.deepEqual([code, detail], ["unavailable", "not ready"]);
  Object.assign(place.store, { list });
  await place.expect(200, "/ready");
  await place.server.close();
  await place.expect(503, "/ready");
});

Deno.test("server: an entry is created, read, replaced and deleted, each with its etag", async () => {
  await using place = new Place();
  const put = await place.ask(A, { method: "PUT", json: { lr: 0.1 } });
  assert.equal(put.status, 201);
  const { etag, created } = await put.json();
  assert.deepEqual([put.headers.get("etag"), created], [`"${etag}"`, true]);
  const got = await place.ask(A);
  assert.equal(got.headers.get("etag"), `"${etag}"`);
  assert.equal(got.headers.get("content-type"), "application/json");
  assert.deepEqual(await got.json(), { lr: 0.1 });
  const second = await place.expect(200, A, { method: "PUT", json: { lr: 0.2 } });
  assert.equal(second.created, false);
  assert.notEqual(second.etag, etag);
  await place.expect(204, A, { method: "DELETE" });
  assert.equal((await place.expect(404, A, { method: "DELETE" })).code, "not-found");
  assert.equal((await place.expect(404, A)).code, "not-found");
});

Deno.test("server: conditions", async () => {
  await using place = new Place();
  const json = 1;
  const { etag } = await place.expect(201, A, { method: "PUT", json, headers: { "if-none-match": "*" } });
  const again = await place.expect(412, A, { method: "PUT", json, headers: { "if-none-match": "*" } });
  assert.equal(again.code, "already-exists");
  assert.equal((await place.ask(A, { headers: { "if-none-match": `"x", W/"${etag}"` } })).status, 304);
  assert.equal((await place.ask(A, { headers: { "if-none-match": '"x"' } })).status, 200);
  const stale = await place.ask(A, { method: "PUT", json, headers: { "if-match": '"x"' } });
  assert.deepEqual([stale.status, stale.headers.get("etag")], [412, `"${etag}"`]);
  assert.equal((await stale.json()).code, "precondition-failed");
  const next = await place.expect(200, A, { method: "PUT", json, headers: { "if-match": `"${etag}"` } });
  await place.expect(200, A, { method: "PUT", json, headers: { "if-match": "*" } });
  await place.expect(412, A, { method: "DELETE", headers: { "if-match": `"${next.etag}"` } });
  await place.expect(204, A, { method: "DELETE", headers: { "if-match": "*" } });
  await place.expect(412, A, { method: "DELETE", headers: { "if-match": "*" } });
  await place.expect(412, A, { method: "PUT", json, headers: { "if-match": "*" } });
  for (
    const headers of [
      { "if-match": "x" },
      { "if-match": 'W/"x"' },
      { "if-match": '"a", "b"' },
      { "if-none-match": '"x"' },
      { "if-match": '"x"', "if-none-match": "*" },
    ]
  ) await place.expect(400, A, { method: "PUT", json, headers });
  assert.equal((await place.expect(404, A)).code, "not-found");
});

Deno.test("server: a create that is sent twice, its answer lost, succeeds twice; another's does not", async () => {
  await using place = new Place();
  const ask = (id: string) => ({ method: "PUT", json: 1, headers: { "if-none-match": "*", "write-id": id } });
  const { etag } = await place.expect(201, A, ask("mine"));
  assert.equal((await place.expect(201, A, ask("mine"))).etag, etag);
  await place.expect(412, A, ask("theirs"));
  await place.expect(400, A, ask("no such name!"));
});

Deno.test("server: HEAD tells what GET would", async () => {
  await using place = new Place();
  await place.expect(201, A, { method: "PUT", json: [1, 2, 3] });
  const response = await place.ask(A, { method: "HEAD" });
  assert.deepEqual([response.status, response.headers.get("content-length")], [200, "7"]);
  assert.match(response.headers.get("etag")!, /^"[\w-]+"$/);
  assert.equal(await response.text(), "");
});

Deno.test("server: keys of every kind come back, and none is taken for a path", async () => {
  await using place = new Place();
  const keys = [
    "..",
    ".",
    "../../x",
    "a/b",
    "%2e%2e",
    "%2F",
    "%00",
    "\0",
    "x/contains/y",
    "\u{1F600}",
    " ",
    "a%41",
    "?#",
    "__proto__",
    "k".repeat(1024),
  ];
  for (const key of keys) await place.expect(201, entry("keys", key), { method: "PUT", json: { key } });
  for (const key of keys) assert.deepEqual(await place.expect(200, entry("keys", key)), { key });
  const { entries } = await place.expect(200, "/v1/namespaces/keys/entries");
  assert.deepEqual(new Set(entries.map(({ key }: { key: string }) => key)), new Set(keys));
  assert.deepEqual(await place.expect(200, "/v1/namespaces"), { namespaces: [{ name: "keys", entries: keys.length }] });
});

Deno.test("server: what cannot be a key or a namespace is refused, and nothing comes into being", async () => {
  await using place = new Place();
  const put = { method: "PUT", json: 1 };
  for (const segment of ["!", "YQ==", "YR", "gA", "%20", keySegment("k".repeat(1025)), "7aCA"]) {
    assert.equal(
      (await place.expect(400, `/v1/namespaces/n/entries/${segment}`, put)).code,
      "invalid-argument",
      segment,
    );
  }
  for (const namespace of [".a", "a.", "a..b", "a%2Fb", "a%20b", "%2e%2e%2fx", "a%00", "é", "a".repeat(254), "a:b"]) {
    const { code } = await place.expect(400, `/v1/namespaces/${namespace}/entries/YQ`, put);
    assert.equal(code, "invalid-argument", namespace);
  }
  await place.expect(404, "/v1/namespaces/%2e%2e/entries/YQ", put);
  for (const path of ["/v1/namespaces/never", "/v1/namespaces/never/entries/YQ"]) await place.expect(404, path);
  assert.deepEqual(await place.expect(200, "/v1/namespaces"), { namespaces: [] });
  assert.deepEqual(await Array.fromAsync(place.store.list!("")), []);
});

Deno.test("server: pages of entries and of namespaces", async () => {
  await using place = new Place();
  const keys = Array.from({ length: 25 }, (_, index) => `key ${String(index).padStart(2, "0")}`);
  for (const key of keys) await place.expect(201, entry("n", key), { method: "PUT", json: key });
  await place.expect(201, entry("n", "other"), { method: "PUT", json: 0 });
  const seen: string[] = [];
  let pages = 0;
  for (let after = "";; pages++) {
    const query = `prefix=key%20&limit=10&values=1${after && `&after=${after}`}`;
    const { entries, next } = await place.expect(200, `/v1/namespaces/n/entries?${query}`);
    for (const { key, value, etag } of entries) {
      assert.equal(value, key);
      assert.match(etag, /./);
      seen.push(key);
    }
    if (next === undefined) break;
    after = next;
  }
  assert.deepEqual([seen, pages], [keys, 2]);
  for (const limit of ["0", "1001", "-1", "x", "1e3", ""]) {
    await place.expect(400, `/v1/namespaces/n/entries?limit=${limit}`);
  }
  await place.expect(400, "/v1/namespaces/n/entries?after=!");
  for (const name of ["a", "b.c", "b.d"]) await place.expect(201, entry(name, "k"), { method: "PUT", json: 0 });
  const first = await place.expect(200, "/v1/namespaces?limit=2");
  assert.deepEqual(first, { namespaces: [{ name: "a", entries: 1 }, { name: "b.c", entries: 1 }], next: "b.c" });
  const rest = await place.expect(200, `/v1/namespaces?after=${first.next}`);
  assert.deepEqual(rest, { namespaces: [{ name: "b.d", entries: 1 }, { name: "n", entries: 26 }] });
  assert.deepEqual(await place.expect(200, "/v1/namespaces?prefix=b.&limit=1"), {
    namespaces: [{ name: "b.c", entries: 1 }],
    next: "b.c",
  });
  await place.expect(400, "/v1/namespaces?after=..");
});

Deno.test("server: a page of values ends where there is no room for more", async () => {
  await using place = new Place({ limits: { maxBody: 1000 } });
  for (let n = 0; n < 5; n++) await place.expect(201, entry("n", `${n}`), { method: "PUT", json: "x".repeat(400) });
  const { entries, next } = await place.expect(200, "/v1/namespaces/n/entries?values=1");
  assert.deepEqual([entries.length, next], [2, keySegment("1")]);
});

Deno.test("server: values come back exactly, tags too, and unknown tags are refused", async () => {
  await using place = new Place();
  const values = [new Map([[1n, new Date(0)]]), new Uint8Array([1, 2]), NaN, undefined, { $tag: "mine" }, {
    __proto__x: 1,
  }];
  for (const value of values) {
    const text = encodeValue(value);
    const headers = { "content-type": "application/json; charset=utf-8" };
    await place.ask(A, { method: "PUT", body: text, headers });
    assert.equal(await (await place.ask(A)).text(), text);
  }
  const headers = { "content-type": "application/json" };
  for (
    const body of [
      '{"$tag":["Function","x"]}',
      '{"\\u0024tag":["Function","x"]}',
      "{",
      "",
      "1 2",
      "NaN",
      '{"a":1,}',
      "\ufeff1",
    ]
  ) {
    assert.equal((await place.expect(400, A, { method: "PUT", body, headers })).code, "invalid-value", body);
  }
  await place.expect(400, A, { method: "PUT", body: new Uint8Array([0x22, 0xff, 0x22]), headers });
});

Deno.test("server: clear", async () => {
  await using place = new Place();
  await place.expect(201, A, { method: "PUT", json: 1 });
  assert.deepEqual(await place.expect(200, "/v1/namespaces/team.models"), { name: "team.models", entries: 1 });
  assert.deepEqual(await place.expect(200, "/v1/namespaces/team.models", { method: "DELETE" }), { count: 1 });
  assert.deepEqual(await place.expect(200, "/v1/namespaces/team.models", { method: "DELETE" }), { count: 0 });
  await place.expect(404, "/v1/namespaces/team.models");
});

Deno.test("server: stats and metrics count what was done", async () => {
  await using place = new Place();
  await place.expect(201, A, { method: "PUT", json: 1, headers: { "content-length": "1" } });
  await place.expect(200, A);
  await place.expect(404, entry("n", "x"));
  await place.expect(204, A, { method: "DELETE" });
  await place.expect(201, A, { method: "PUT", json: 1 });
  const stats = await place.expect(200, "/stats");
  assert.deepEqual(stats.namespace_sizes, { "team.models": 1 });
  assert.deepEqual(
    [
      stats.namespaces,
      stats.total_entries,
      stats.total_requests,
      stats.get_requests,
      stats.set_requests,
      stats.delete_requests,
    ],
    [1, 1, 5, 2, 2, 1],
  );
  assert.deepEqual(stats.requests, { put: 2, get: 2, delete: 1 });
  assert.equal(stats.created_at, stats.startedAt);
  assert(new Date(stats.startedAt).getTime() <= Date.now() && stats.uptimeSeconds >= 0);
  assert(stats.bytes.out > 0);
  const response = await place.ask("/metrics");
  const text = await response.text();
  assert.match(response.headers.get("content-type")!, /^text\/plain; version=0\.0\.4/);
  assert.match(text, /^registry_requests_total\{kind="put",status="201"\} 2$/m);
  assert.match(text, /^registry_request_duration_seconds_bucket\{le="\+Inf"\} 6$/m);
  assert.match(text, /^registry_request_duration_seconds_count 6$/m);
});

Deno.test("server: an unknown route, and an error of the store, say nothing secret", async () => {
  await using place = new Place();
  assert.equal((await place.expect(404, "/v2/secret")).code, "not-found");
  await place.expect(404, "/");
  Object.assign(place.store, { read: () => Promise.reject(new Error("/home/me/registry.db is damaged")) });
  const response = await place.ask(A);
  const text = await response.text();
  assert.equal(response.status, 500);
  assert(!text.includes("registry.db") && !text.includes("stack"), text);
  assert.equal(response.headers.get("content-type"), "application/problem+json");
  const { requestId } = JSON.parse(text);
  const [note] = place.notes as { level: string; requestId: string; error: string }[];
  assert.deepEqual([note!.level, note!.requestId], ["error", requestId]);
  assert.match(note!.error, /registry\.db is damaged/);
});

Deno.test("server: a method that is not offered is told which ones are", async () => {
  const { token, record } = createToken();
  for (const options of [{}, { tokens: new Tokens([record]), allowedOrigins: ["*"] }]) {
    await using place = new Place(options);
    for (
      const [method, path, allow] of [
        ["PATCH", A, "GET, HEAD, PUT, DELETE"],
        ["POST", A, "GET, HEAD, PUT, DELETE"],
        ["GET", "/v1/namespaces/n/batch", "POST"],
        ["DELETE", "/health", "GET, HEAD"],
        ["PUT", "/registry/n/get/a/b", "GET, HEAD"],
        ["PUT", "/v1/namespaces/n/locks/YQ", "POST, DELETE"],
      ]
    ) {
      const response = await place.ask(path!, { method: method!, token });
      assert.deepEqual([response.status, response.headers.get("allow")], [405, allow], `${method} ${path}`);
      assert.equal((await response.json()).code, "unsupported");
    }
  }
});

Deno.test("server: the numbers of bytes are those of what is read and sent, announced or not", async () => {
  await using place = new Place({ files: { lab: new MemoryStore() } });
  const bytes = async (): Promise<{ in: number; out: number }> => (await place.expect(200, "/stats")).bytes;
  const before = await bytes();
  const pieces = (...texts: string[]): ReadableStream =>
    ReadableStream.from(texts).pipeThrough(new TextEncoderStream());
  const json = { "content-type": "application/json" };
  await place.expect(201, A, { method: "PUT", headers: json, body: pieces("[1,", "2]") });
  await place.expect(201, "/v1/files/lab?path=a", { method: "PUT", body: pieces("alp", "ha") });
  const put = await bytes();
  assert.equal(put.in - before.in, 10);
  const listing = await place.ask("/v1/files/lab?list=", { headers: { accept: "application/x-ndjson" } });
  const content = await place.ask("/v1/files/lab?path=a");
  const metrics = await place.ask("/metrics");
  const texts = await Promise.all([listing, content, metrics].map((response) => response.text()));
  for (const query of ["path=a", "list=", "watch=a"]) {
    const head = await place.ask(`/v1/files/lab?${query}`, { method: "HEAD" });
    await head.body?.cancel();
  }
  const got = await bytes();
  const stats = JSON.stringify(await place.expect(200, "/stats")).length;
  const sent = texts.join("").length + stats;
  assert(Math.abs(got.out - put.out - sent) < 20, `${got.out - put.out} counted, about ${sent} sent`);
});

Deno.test("server: security headers are on every answer", async () => {
  await using place = new Place();
  await place.expect(201, A, { method: "PUT", json: 1 });
  for (const path of ["/health", A, "/nowhere", "/metrics", "/v1/namespaces/a..b"]) {
    const { headers, body } = await place.ask(path);
    assert.equal(headers.get("x-content-type-options"), "nosniff", path);
    assert.match(headers.get("content-security-policy")!, /default-src 'none'/, path);
    assert.match(headers.get("cache-control")!, /no-/, path);
    assert.equal(headers.get("access-control-allow-origin"), null, path);
    await body?.cancel();
  }
});
