import { covers, createToken, listen, parseScope, type TokenRecord, Tokens } from "@polystore/polystore/server";
import { ArtifactServer } from "@polystore/polystore/server";
import { MemoryStore } from "@polystore/polystore/stores";
import assert from "node:assert/strict";
import { entry, Place } from "./place.ts";

function tokensFor(...scopes: string[]): { tokens: Tokens; token: string; record: TokenRecord } {
  const { token, record } = createToken({ id: "t", scopes });
  return { tokens: new Tokens([record]), token, record };
}

Deno.test("tokens: only hashes are kept, and each token is another", () => {
  const { token, record } = createToken();
  assert.match(token, /^polystore_[\w-]{43}$/);
  assert.notEqual(createToken().token, token);
  assert(!JSON.stringify(record).includes(token.slice(10)));
  const file = JSON.stringify({ tokens: [record] });
  assert.deepEqual(Tokens.parse(file).scopesOf(token), [{ prefix: "*", access: "admin" }]);
  for (const other of ["", token.slice(1), `${token}=`, token.toUpperCase(), record.hash]) {
    assert.equal(Tokens.parse(file).scopesOf(other), undefined, other);
  }
});

Deno.test("tokens: one that has ended is unknown", async () => {
  const { token, record } = createToken({ expires: new Date(Date.now() - 1) });
  assert.equal(new Tokens([record]).scopesOf(token), undefined);
  const later = createToken({ expires: new Date(Date.now() + 60_000) });
  await using place = new Place({ tokens: new Tokens([record, later.record]) });
  const { code, detail } = await place.expect(401, "/stats", { token });
  assert.deepEqual([code, detail], ["permission-denied", "the token is unknown or has ended"]);
  await place.expect(200, "/stats", { token: later.token });
});

Deno.test("tokens: what is no record is refused, and the file is not quoted", () => {
  const { record } = createToken({ id: "x" });
  const wrong: unknown[] = [
    null,
    {},
    { ...record, id: "" },
    { ...record, hash: "abc" },
    { ...record, hash: record.hash.toUpperCase() },
    { ...record, scopes: "all" },
    { ...record, scopes: ["everything"] },
    { ...record, expires: "soon" },
  ];
  for (const each of wrong) assert.throws(() => new Tokens([each as TokenRecord]), { code: "invalid-argument" });
  for (const text of ["", "secret", "[]", '{"tokens":{}}', "null"]) {
    assert.throws(() => Tokens.parse(text), (error: Error) => !error.message.includes("secret"));
  }
  assert.throws(() => Tokens.of("short"), { code: "invalid-argument" });
  assert.throws(() => createToken({ scopes: ["a"] }), { code: "invalid-argument" });
  assert.throws(() => createToken({ expires: new Date(NaN) }), { code: "invalid-argument" });
});

Deno.test("scopes: a prefix is whole labels, files are apart", () => {
  const cases: [scope: string, place: string, access: "read" | "write" | "admin", covered: boolean][] = [
    ["team:read", "team", "read", true],
    ["team:read", "team.a.b", "read", true],
    ["team:read", "teams", "read", false],
    ["team:read", "team", "write", false],
    ["team:write", "team", "read", true],
    ["team:write", "team", "admin", false],
    ["*:admin", "anything", "admin", true],
    ["*:read", "files:images", "read", true],
    ["files:images:read", "files:images", "read", true],
    ["files:images:read", "files:images2", "read", false],
    ["files:*:write", "files:x", "write", true],
    ["files:*:write", "files", "write", false],
    ["files:read", "files:x", "read", false],
    ["files:read", "files.x", "read", true],
  ];
  for (const [scope, place, access, covered] of cases) {
    assert.equal(covers([parseScope(scope)], place, access), covered, `${scope} on ${place}`);
  }
  for (
    const text of [
      "",
      ":",
      "a",
      "a:",
      ":read",
      "a:all",
      "a..b:read",
      "a.:read",
      "*.a:read",
      "a/b:read",
      "files::read",
      "a:READ",
      "a:toString",
    ]
  ) {
    assert.throws(() => parseScope(text), { code: "invalid-argument" }, text);
  }
});

Deno.test("server: without a token 401, with one that does not reach so far 403, and only health is open", async () => {
  const { tokens, token } = tokensFor("team:write", "lab:read");
  await using place = new Place({ tokens });
  await place.expect(200, "/health");
  await place.expect(200, "/ready");
  const put = { method: "PUT", json: 1 };
  const del = { method: "DELETE" };
  const batch = { method: "POST", json: { ops: [{ op: "put", key: "k", value: 1 }] } };
  const reading = { method: "POST", json: { ops: [{ op: "get", key: "k" }] } };
  const set = { method: "POST", json: { key: { type: "json", data: '"k"' }, value: { type: "json", data: "1" } } };
  const lock = { method: "POST", json: { owner: "me", ttl: 1000 } };
  const all: [path: string, ask: object, inTeam: number, inLab: number][] = [
    ["/v1/namespaces/NS/entries/YQ", put, 201, 403],
    ["/v1/namespaces/NS/entries/YQ", {}, 200, 404],
    ["/v1/namespaces/NS/entries", {}, 200, 200],
    ["/v1/namespaces/NS", {}, 200, 404],
    ["/v1/namespaces/NS/batch", batch, 200, 403],
    ["/v1/namespaces/NS/batch", reading, 200, 200],
    ["/v1/namespaces/NS/locks/YQ", lock, 200, 403],
    ["/v1/namespaces/NS/locks/YQ?token=1", del, 204, 403],
    ["/registry/NS/set", set, 200, 403],
    ["/registry/NS/get/k", {}, 200, 404],
    ["/registry/NS/keys", {}, 200, 200],
    ["/registry/NS/length", {}, 200, 200],
    ["/registry/NS/delete/k", del, 200, 403],
    ["/registry/NS/clear", del, 403, 403],
    ["/v1/namespaces/NS", del, 403, 403],
    ["/v1/namespaces/NS/entries/YQ", del, 204, 403],
  ];
  for (const [path, ask, inTeam, inLab] of all) {
    const name = `${(ask as { method?: string }).method ?? "GET"} ${path}`;
    for (const [namespace, status] of [["team.a", inTeam], ["lab", inLab], ["other", 403]] as const) {
      const response = await place.ask(path.replace("NS", namespace), { ...ask, token });
      assert.equal(response.status, status, `${name} in ${namespace}: ${await response.text()}`);
      const open = await place.ask(path.replace("NS", namespace), ask);
      assert.deepEqual([open.status, open.headers.get("www-authenticate")], [401, "Bearer"], name);
      await open.body?.cancel();
    }
  }
  // A stranger is told nothing else, not even what is wrong with a request.
  const wrong = [
    "/v1/namespaces/a..b",
    "/v1/namespaces?limit=x",
    "/v1/namespaces/n/entries/!",
    "/registry/n/contains/%",
  ];
  const others = ["/v1/namespaces/n/watch", "/registry/n/values", "/registry/n/items"];
  for (const path of ["/stats", "/metrics", "/v1/namespaces", "/nowhere", "/v1/files/x", ...wrong, ...others]) {
    await place.expect(401, path);
    await place.expect(401, path, { token: "wrong" });
  }
});

Deno.test("server: namespaces that may not be read are not told of", async () => {
  const admin = createToken({ id: "admin" });
  const team = createToken({ id: "team", scopes: ["team:read"] });
  await using place = new Place({ tokens: new Tokens([admin.record, team.record]) });
  for (const name of ["lab", "team.a", "team.b"]) {
    await place.expect(201, entry(name, "k"), { method: "PUT", json: 1, token: admin.token });
  }
  const names = async (token: string): Promise<string[]> =>
    (await place.expect(200, "/v1/namespaces", { token })).namespaces.map(({ name }: { name: string }) => name);
  assert.deepEqual(await names(admin.token), ["lab", "team.a", "team.b"]);
  assert.deepEqual(await names(team.token), ["team.a", "team.b"]);
  assert.deepEqual((await place.expect(200, "/stats", { token: team.token })).namespace_sizes, {
    "team.a": 1,
    "team.b": 1,
  });
});

Deno.test("server: tokens can be changed while it runs", async () => {
  const [first, second] = [tokensFor("*:admin"), tokensFor("*:admin")];
  await using place = new Place({ tokens: first.tokens });
  await place.expect(200, "/stats", { token: first.token });
  place.server.tokens = second.tokens;
  await place.expect(401, "/stats", { token: first.token });
  await place.expect(200, "/stats", { token: second.token });
});

Deno.test("server: names of hosts must be known, addresses and localhost are", async () => {
  await using place = new Place({ allowedHosts: ["Registry.example", "other.example:99"] });
  const status = async (host: string): Promise<number> => (await place.ask("/health", { headers: { host } })).status;
  for (
    const host of [
      "localhost",
      "localhost:8001",
      "127.0.0.1:1",
      "10.0.0.7",
      "[::1]:8001",
      "[fe80::1]",
      "registry.example",
      "REGISTRY.example:8001",
      "other.example:99",
    ]
  ) {
    assert.equal(await status(host), 200, host);
  }
  for (
    const host of [
      "evil.example",
      "localhost.evil.example",
      "127.0.0.1.evil.example",
      "other.example",
      "a b",
      "",
      "registry.example.",
      "1.2.3.4.5",
      "[::1",
      "@localhost",
    ]
  ) {
    assert.equal(await status(host), 421, host);
  }
  const { detail } = await place.expect(421, "/health", { headers: { host: "evil.example" } });
  assert.match(detail, /--allow-host/);
  await using open = new Place({ allowedHosts: ["*"] });
  assert.equal((await open.ask("/health", { headers: { host: "any.example" } })).status, 200);
});

Deno.test("server: pages of strangers can neither read nor write; those of a known origin can", async () => {
  await using place = new Place({ allowedOrigins: ["https://lab.example"] });
  const path = entry("n", "k");
  const evil = { origin: "https://evil.example" };
  await place.expect(403, path, { headers: evil });
  await place.expect(403, path, { method: "PUT", json: 1, headers: evil });
  await place.expect(403, path, { method: "OPTIONS", headers: { ...evil, "access-control-request-method": "PUT" } });
  await place.expect(403, path, { headers: { origin: "null" } });
  const lab = { origin: "https://lab.example" };
  const preflight = await place.ask(path, {
    method: "OPTIONS",
    headers: { ...lab, "access-control-request-method": "PUT" },
  });
  assert.equal(preflight.status, 204);
  assert.equal(preflight.headers.get("access-control-allow-origin"), "https://lab.example");
  const missing = await place.ask(path, { headers: lab });
  assert.deepEqual([missing.status, missing.headers.get("access-control-allow-origin")], [404, "https://lab.example"]);
  await missing.body?.cancel();
  await place.expect(201, path, { method: "PUT", json: 1, headers: lab });
  // A form needs no leave to send text: so text is not taken.
  await using plain = new Place();
  const set = JSON.stringify({ key: { type: "json", data: '"k"' }, value: { type: "json", data: "1" } });
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]) {
    await plain.expect(415, "/registry/n/set", { method: "POST", body: set, headers: { "content-type": type } });
  }
  assert.deepEqual(await plain.expect(200, "/v1/namespaces"), { namespaces: [] });
});

Deno.test("listen: off loopback only with tokens", async () => {
  await using server = new ArtifactServer({ store: new MemoryStore() });
  for (
    const hostname of ["0.0.0.0", "::", "192.168.0.1", "registry.example", "127.0.0.1.evil.example", "localhost.evil"]
  ) {
    await assert.rejects(listen(server, { hostname, port: 0 }), { code: "permission-denied" }, hostname);
  }
  server.tokens = new Tokens();
  await assert.rejects(listen(server, { hostname: "0.0.0.0", port: 0 }), { code: "permission-denied" });
});

Deno.test("server: limits must be numbers above 0", () => {
  const store = new MemoryStore();
  const endless = [{ timeout: Infinity }, { timeout: 2 ** 31 }, { heartbeat: Infinity }];
  for (const limits of [{ maxBody: 0 }, { timeout: -1 }, { maxDepth: NaN }, ...endless]) {
    assert.throws(() => new ArtifactServer({ store, limits }), { code: "invalid-argument" });
  }
});

Deno.test("server: limits of bodies", async () => {
  await using place = new Place({ limits: { maxBody: 100, maxDepth: 5, timeout: 200 } });
  const path = entry("n", "k");
  const headers = { "content-type": "application/json" };
  await place.expect(413, path, { method: "PUT", json: "x".repeat(99) });
  await place.expect(413, path, { method: "PUT", headers: { ...headers, "content-length": "1000000" }, body: "1" });
  let pulled = 0;
  const endless = new ReadableStream({
    pull: (controller) => {
      pulled++;
      controller.enqueue(new Uint8Array(10).fill(0x20));
    },
  });
  await place.expect(413, path, { method: "PUT", headers, body: endless });
  assert(pulled < 50, `${pulled} parts were read`);
  await place.expect(400, path, { method: "PUT", headers, body: "[[[[[[1]]]]]]" });
  await place.expect(400, path, { method: "PUT", headers, body: "[".repeat(100) });
  const silent = new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array([0x31])) });
  assert.equal(
    (await place.expect(408, path, { method: "PUT", headers, body: silent })).detail,
    "the body came too slowly",
  );
  const cut = new ReadableStream({ pull: (controller) => controller.error(new Error("reset")) });
  await place.expect(400, path, { method: "PUT", headers, body: cut });
  await place.expect(415, path, { method: "PUT", headers: { ...headers, "content-encoding": "gzip" }, body: "1" });
  await place.expect(404, path);
  await place.expect(201, path, { method: "PUT", json: [[[["]]]]]]"]]]] });
});

Deno.test("server: what takes too long is told so, and stopped", async () => {
  await using place = new Place({ limits: { timeout: 50 } });
  let stopped = false;
  const read = (_: string, options?: { signal?: AbortSignal }): Promise<undefined> =>
    new Promise((_, reject) =>
      options!.signal!.addEventListener("abort", () => {
        stopped = true;
        reject(options!.signal!.reason);
      })
    );
  Object.assign(place.store, { read });
  assert.equal((await place.expect(503, entry("n", "k"))).code, "unavailable");
  assert(stopped);
});
