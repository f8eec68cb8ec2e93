/** Pages and tokens at the door. */

import { ArtifactServer, createToken, listen, Tokens } from "@polystore/polystore/server";
import { MemoryStore } from "@polystore/polystore/stores";
import assert from "node:assert/strict";
import { serverAddress } from "../../registry/artifacts/server_address.ts";
import { Connection } from "./connection.ts";
import { entry, Place } from "./place.ts";

Deno.test('server: "*" lets pages of any origin in, and tells the browser so', async () => {
  const { token, record } = createToken();
  await using server = new ArtifactServer({
    store: new MemoryStore(),
    tokens: new Tokens([record]),
    allowedOrigins: ["*", "https://lab.example"],
  });
  await using listener = await listen(server, { port: 0 });
  using line = await Connection.to(listener.port);
  const origin = "https://any.example";
  const path = entry("n", "k");
  const asked = { origin, "access-control-request-method": "PUT", "access-control-request-headers": "authorization" };
  const page = { origin, "sec-fetch-site": "cross-site", authorization: `Bearer ${token}` };
  const put = { ...page, "content-type": "application/json" };
  for (
    const [status, answer] of [
      [204, await line.request("OPTIONS", path, asked)],
      [201, await line.request("PUT", path, put, "1")],
      [200, await line.request("GET", path, page)],
      [404, await line.request("GET", entry("n", "other"), page)],
      [401, await line.request("GET", path, { origin })],
      [404, await line.request("GET", "/nowhere", page)],
      [401, await line.request("GET", "/nowhere", { origin })],
    ] as const
  ) {
    assert.deepEqual([answer.status, answer.headers.get("access-control-allow-origin")], [status, "*"]);
  }
  const embedded = { "sec-fetch-site": "cross-site", authorization: `Bearer ${token}` };
  const seen = await line.request("GET", path, embedded);
  assert.deepEqual([seen.status, seen.headers.get("cross-origin-resource-policy")], [200, "cross-origin"]);
});

Deno.test("server: pages that are let in may change files, too; others may not", async () => {
  const lab = "https://lab.example";
  for (const [allowedOrigins, status] of [[[], 403], [[lab], 201], [["*"], 201]] as const) {
    await using place = new Place({ allowedOrigins, files: { lab: new MemoryStore() } });
    const headers = { origin: lab, "sec-fetch-site": "cross-site" };
    const put = await place.ask("/v1/files/lab?path=a", { method: "PUT", body: "alpha", headers });
    await put.body?.cancel();
    const same = allowedOrigins[0] === "*" ? "cross-origin" : "same-origin";
    assert.deepEqual([put.status, put.headers.get("cross-origin-resource-policy")], [status, same]);
  }
});

Deno.test("server: what a page of a stranger embeds is refused, though it names no origin", async () => {
  const lab = "https://lab.example";
  for (const allowedOrigins of [[], [lab]]) {
    await using place = new Place({ allowedOrigins });
    await place.expect(201, entry("n", "k"), { method: "PUT", json: 1 });
    for (const path of [entry("n", "k"), "/registry/n/get/k", "/v1/namespaces/n/watch", "/health"]) {
      for (const site of ["cross-site", "same-site"]) {
        const { code } = await place.expect(403, path, { headers: { "sec-fetch-site": site } });
        assert.equal(code, "permission-denied");
      }
    }
    for (const site of ["same-origin", "none"]) {
      await place.expect(200, entry("n", "k"), { headers: { "sec-fetch-site": site } });
    }
    const headers = { "sec-fetch-site": "cross-site", origin: lab };
    await place.expect(allowedOrigins.length > 0 ? 200 : 403, entry("n", "k"), { headers });
  }
});

Deno.test("tokens: what cannot be sent is refused where it is given, and everything else gets in", async () => {
  const bad = [
    "correct!horse!battery!staple",
    "x".repeat(513),
    `a b${"x".repeat(16)}`,
    "=".repeat(20),
    "x".repeat(20) + "=x",
  ];
  for (const token of [...bad, "é".repeat(20), `${"x".repeat(20)}\n`]) {
    assert.throws(() => Tokens.of(token), { code: "invalid-argument" }, token);
    assert.throws(() => serverAddress({ host: "localhost", port: 1, timeout: 1, token }), { code: "invalid-argument" });
  }
  for (const token of ["x".repeat(512), "correct-horse._~+/staple==", createToken().token]) {
    await using place = new Place({ tokens: Tokens.of(token) });
    assert.equal(serverAddress({ host: "localhost", port: 1, timeout: 1, token }).token, token);
    await place.expect(200, "/stats", { token });
    await place.expect(401, "/stats", { token: `${token}=` });
  }
});

Deno.test("server: an origin that no browser sends is refused, with the one that was meant", () => {
  for (
    const [origin, meant] of [
      ["https://lab.example/", '"https://lab.example"'],
      ["https://LAB.example:443", '"https://lab.example"'],
      ["lab.example", "is no origin"],
      ["", "is no origin"],
      ["null", "is no origin"],
    ]
  ) {
    assert.throws(
      () => new ArtifactServer({ store: new MemoryStore(), allowedOrigins: [origin!] }),
      (error: Error & { code: string }) => error.code === "invalid-argument" && error.message.includes(meant!),
      origin,
    );
  }
});
