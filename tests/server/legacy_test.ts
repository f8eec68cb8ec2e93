/** The paths of the original, driven by `curl` as its page writes them. */

import assert from "node:assert/strict";
import { say, withBox } from "../disk/setup.ts";
import { ServerChild } from "./child.ts";
import { entry, envelope, Place } from "./place.ts";

/** Runs curl; answers the status and the body. */
async function curl(...args: string[]): Promise<{ status: number; body: string }> {
  const { stdout, stderr, success } = await new Deno.Command("curl", {
    args: ["-sS", "--max-time", "20", "-w", "\n%{http_code}", ...args],
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  const text = new TextDecoder().decode(stdout);
  const end = text.lastIndexOf("\n");
  return { status: Number(text.slice(end + 1)), body: text.slice(0, end) };
}

async function hasCurl(): Promise<boolean> {
  try {
    return (await new Deno.Command("curl", { args: ["--version"], stdout: "null", stderr: "null" }).output()).success;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    say("skipped: the original's paths by curl, because there is no curl");
    return false;
  }
}

Deno.test({
  name: "legacy: every path of the original answers curl, and what is set is there after a restart",
  ignore: !await hasCurl(),
  fn: () =>
    withBox(async ({ root }) => {
      const database = `${root}/registry.db`;
      const start = (): Promise<ServerChild> =>
        ServerChild.start(["--database", database], {
          permissions: [`--allow-read=${database}`, `--allow-write=${database}`],
        });
      {
        await using server = await start();
        const base = `${server.url}/registry/my.namespace`;
        assert.deepEqual(await curl(`${server.url}/health`), {
          status: 200,
          body: '{"status":"healthy","service":"registry-server"}',
        });
        // The request of the page, letter by letter.
        const set = await curl(
          "-X",
          "POST",
          `${base}/set`,
          "-H",
          "Content-Type: application/json",
          "-d",
          `{
  "key": {
    "type": "json",
    "data": "\\"my_key\\"",
    "encoding": "json"
  },
  "value": {
    "type": "json",
    "data": "{\\"result\\": 42}",
    "encoding": "json"
  }
}`,
        );
        assert.deepEqual(set, { status: 200, body: '{"status":"success"}' });
        // As the client of the original writes a key: an envelope, percent-encoded, in the path.
        const key = '{"type": "json", "data": "\\"my_key\\"", "encoding": "json"}';
        const quoted = encodeURIComponent(key);
        const value = { type: "json", data: '{"result": 42}', encoding: "json" };
        for (const path of [`get/${quoted}`, "get/my_key"]) {
          const { status, body } = await curl(`${base}/${path}`);
          assert.deepEqual([status, JSON.parse(body)], [200, { value }], path);
        }
        const json = async (path: string, ...args: string[]): Promise<unknown> =>
          JSON.parse((await curl(...args, `${base}/${path}`)).body);
        assert.deepEqual(await json(`contains/${quoted}`), { contains: true });
        assert.deepEqual(await json("contains/other"), { contains: false });
        assert.deepEqual(await json("keys"), { keys: [envelope("my_key")] });
        assert.deepEqual(await json("values"), { values: [value] });
        assert.deepEqual(await json("items"), { items: [[envelope("my_key"), value]] });
        assert.deepEqual(await json("length"), { length: 1 });
        const { status, body } = await curl(`${server.url}/stats`);
        const stats = JSON.parse(body);
        assert.deepEqual([status, stats.namespaces, stats.total_entries], [200, 1, 1]);
        assert(stats.total_requests >= 9 && typeof stats.created_at === "string");
        await server.stop();
      }
      await using server = await start();
      const base = `${server.url}/registry/my.namespace`;
      assert.equal((await curl(`${base}/get/my_key`)).status, 200);
      const missing = await curl(`${base}/get/other`);
      assert.deepEqual([missing.status, JSON.parse(missing.body).code], [404, "not-found"]);
      assert.deepEqual(await curl("-X", "DELETE", `${base}/delete/my_key`), {
        status: 200,
        body: '{"status":"deleted"}',
      });
      assert.equal((await curl("-X", "DELETE", `${base}/delete/my_key`)).status, 404);
      // The command of the page.
      const cleared = await curl("-X", "DELETE", `${server.url}/registry/my.namespace/clear`);
      assert.deepEqual(cleared, { status: 200, body: '{"status":"cleared","count":0}' });
      await server.stop();
    }),
});

Deno.test("legacy: the entries are those of v1", async () => {
  await using place = new Place();
  await place.expect(200, "/registry/n/set", {
    method: "POST",
    json: { key: envelope("a/../b%"), value: envelope([1, null]) },
  });
  assert.deepEqual(await place.expect(200, entry("n", "a/../b%")), [1, null]);
  await place.expect(201, entry("n", "from v1"), { method: "PUT", json: { $tag: ["bigint", "7"] } });
  const { value } = await place.expect(200, "/registry/n/get/from%20v1");
  assert.equal(value.data, '{"$tag":["bigint","7"]}');
});

Deno.test("legacy: a key that is no text is another key than its text", async () => {
  await using place = new Place();
  const keys = [5, "5", null, "null", true, ["a", 1], '["a",1]', { b: 1, a: [{ d: 1, c: 2 }] }, 1.5];
  for (const [index, key] of keys.entries()) {
    await place.expect(200, "/registry/n/set", {
      method: "POST",
      json: { key: envelope(key), value: envelope(index) },
    });
  }
  for (const [index, key] of keys.entries()) {
    const path = encodeURIComponent(JSON.stringify(envelope(key)));
    assert.equal((await place.expect(200, `/registry/n/get/${path}`)).value.data, String(index));
  }
  const other = { type: "json", data: '{ "a" : [{"c":2,"d":1}], "b" : 1.0 }' };
  const { value } = await place.expect(200, `/registry/n/get/${encodeURIComponent(JSON.stringify(other))}`);
  assert.equal(value.data, "7", "the same key, written in another way");
  const listed = (await place.expect(200, "/registry/n/keys")).keys.map(({ data }: { data: string }) =>
    JSON.parse(data)
  );
  const sorted = (values: unknown[]): string[] => values.map((value) => JSON.stringify(value)).sort();
  assert.deepEqual(
    sorted(listed),
    sorted(
      keys.map((key) => typeof key === "object" && key !== null && "a" in key ? { a: [{ c: 2, d: 1 }], b: 1 } : key),
    ),
  );
  await place.expect(201, entry("n", "json:not canonical"), { method: "PUT", json: 1 });
  const { keys: all } = await place.expect(200, "/registry/n/keys");
  assert(all.some(({ data }: { data: string }) => data === '"json:not canonical"'));
  await place.expect(400, "/registry/n/set", { method: "POST", json: { key: envelope("json:5"), value: envelope(1) } });
});

Deno.test("legacy: pickles are never opened, and mistakes of clients are 4xx", async () => {
  await using place = new Place();
  const key = envelope("k");
  const post = (json: unknown): { method: string; json: unknown } => ({ method: "POST", json });
  for (const type of ["pickle", "weakref", "yaml", "JSON"]) {
    const bad = { type, data: "gASVCQAAAAAAAA==", encoding: "base64" };
    assert.equal((await place.expect(415, "/registry/n/set", post({ key, value: bad }))).code, "unsupported", type);
    await place.expect(415, "/registry/n/set", post({ key: bad, value: key }));
    await place.expect(415, `/registry/n/get/${encodeURIComponent(JSON.stringify(bad))}`);
  }
  const mistakes: unknown[] = [
    null,
    [],
    {},
    { key },
    { value: key },
    { key, value: "text" },
    { key, value: { type: "json" } },
    { key, value: { type: "json", data: 5 } },
    { key, value: { type: "json", data: "{" } },
    { key, value: { type: "json", data: "1", encoding: "base64" } },
    { key, value: { type: "json", data: "[".repeat(500) + "]".repeat(500) } },
    { key: { type: "json", data: "[".repeat(500) + "]".repeat(500) }, value: key },
    { key: { type: "json", data: '""' }, value: key },
    { key: { type: "json", data: JSON.stringify("k".repeat(2000)) }, value: key },
    { key: { type: "json", data: '"\\ud800"' }, value: key },
  ];
  for (const json of mistakes) await place.expect(400, "/registry/n/set", post(json));
  for (const path of ["get/%7B", "get/%7B%22type%22%3A1%7D", "get/%FF", "contains/%7B%7D", "get/%E0%A4%A"]) {
    await place.expect(400, `/registry/n/${path}`);
  }
  for (const path of ["get/", "get", "registry", "n/set/x"]) {
    await place.expect(404, `/registry/${path}`);
  }
  await place.expect(400, "/registry/a..b/keys");
  assert.deepEqual(await place.expect(200, "/v1/namespaces"), { namespaces: [] });
});

Deno.test("legacy: what is too much for one answer is refused", async () => {
  await using place = new Place({ limits: { maxBody: 1000 } });
  for (let n = 0; n < 5; n++) await place.expect(201, entry("n", `${n}`), { method: "PUT", json: "x".repeat(400) });
  await place.expect(422, "/registry/n/items");
  await place.expect(422, "/registry/n/values");
  await place.expect(200, "/registry/n/keys");
});
