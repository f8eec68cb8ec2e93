/** The example of a service at the edge, over HTTP. */

import assert from "node:assert/strict";
import { KvBackend } from "../backends/kv.ts";
import service, { edge } from "../examples/edge.ts";

/** Serves the example on a database in memory while `use` runs. */
async function serving(use: (base: string) => Promise<void>): Promise<void> {
  await using kv = new KvBackend({ path: ":memory:" });
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, edge(kv));
  await use(`http://127.0.0.1:${server.addr.port}`);
}

/** Sends a request; answers the status, the ETag and the text. */
async function send(url: string, init?: RequestInit): Promise<{ status: number; etag: string | null; text: string }> {
  const response = await fetch(url, init);
  return { status: response.status, etag: response.headers.get("ETag"), text: await response.text() };
}

function put(url: string, value: unknown, headers?: HeadersInit): ReturnType<typeof send> {
  return send(url, { method: "PUT", body: JSON.stringify(value), ...(headers && { headers }) });
}

Deno.test("edge: keeps documents, and gives them back", () =>
  serving(async (base) => {
    const text = "x".repeat(100_000);
    for (const value of [{ title: "hello", tags: ["a"], n: 1.5 }, [null], "ü 🙂", text]) {
      const saved = await put(`${base}/notes/a%20b/1.json`, value);
      assert.equal(saved.status, 204);
      const loaded = await send(`${base}/notes/a%20b/1.json`);
      assert.deepEqual(JSON.parse(loaded.text), value);
      assert.equal(loaded.etag, saved.etag);
      const again = await send(`${base}/notes/a%20b/1.json`, { headers: { "If-None-Match": saved.etag! } });
      assert.equal(again.status, 304);
    }
    await put(`${base}/notes/10.json`, 1);
    await put(`${base}/notes/9.json`, 1);
    const listed = await send(`${base}/notes/`);
    assert.deepEqual(JSON.parse(listed.text), ["notes/9.json", "notes/10.json", "notes/a b/1.json"]);
    assert.equal((await send(`${base}/notes/9.json`, { method: "DELETE" })).status, 204);
    assert.equal((await send(`${base}/notes/9.json`)).status, 404);
  }));

Deno.test("edge: keeps to conditions", () =>
  serving(async (base) => {
    const url = `${base}/a.json`;
    const first = await put(url, 1, { "If-None-Match": "*" });
    assert.equal(first.status, 204);
    assert.equal((await put(url, 2, { "If-None-Match": "*" })).status, 412);
    const second = await put(url, 3, { "If-Match": first.etag! });
    assert.equal(second.status, 204);
    assert.equal((await put(url, 4, { "If-Match": first.etag! })).status, 412);
    assert.equal((await send(url)).text, "3");
  }));

Deno.test("edge: counts, however many do at once", () =>
  serving(async (base) => {
    const counting = Array.from({ length: 20 }, () => send(`${base}/count.json`, { method: "POST" }));
    const told = (await Promise.all(counting)).map(({ text }) => Number(text)).sort((a, b) => a - b);
    assert.deepEqual(told, Array.from({ length: 20 }, (_, index) => index + 1));
  }));

Deno.test("edge: keeps for a while", () =>
  serving(async (base) => {
    assert.equal((await put(`${base}/soon.json?seconds=0.3`, 1)).status, 204);
    assert.equal((await put(`${base}/never.json?seconds=x`, 1)).status, 400);
    await new Promise((resolve) => setTimeout(resolve, 310));
    assert.equal((await send(`${base}/soon.json`)).status, 404);
  }));

Deno.test("edge: says what is wrong", () =>
  serving(async (base) => {
    assert.equal((await send(`${base}/nothing.json`)).status, 404);
    assert.equal((await send(`${base}/a.json`, { method: "PUT", body: "{" })).status, 400);
    assert.equal((await put(`${base}/a.unknown`, {})).status, 415);
    assert.equal((await put(`${base}/${"n".repeat(3000)}.json`, {})).status, 414);
    assert.equal((await send(`${base}/a%00.json`)).status, 400);
    assert.equal((await send(`${base}/%zz`)).status, 400);
    assert.equal((await send(`${base}/a.json`, { method: "PATCH" })).status, 405);
  }));

Deno.test("edge: is what Deno Deploy calls", () => {
  assert.equal(typeof service.fetch, "function");
});
