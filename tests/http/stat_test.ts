import { HttpStore } from "@polystore/polystore/stores";
import assert from "node:assert/strict";
import { fileAnswer, head, lie, serve, serveFiles } from "./servers.ts";

const CONTENT = new Uint8Array(1234);
const MODIFIED = "Sat, 21 Nov 2026 19:40:54 GMT";

Deno.test("http: stat tells size, time and etag, and transfers nothing", async () => {
  await using server = serve((request) => fileAnswer(request, CONTENT, { etag: '"a"', "last-modified": MODIFIED }));
  const store = new HttpStore({ url: server.url });
  assert.deepEqual(await store.stat("a"), { kind: "file", size: 1234, etag: '"a"', modified: new Date(MODIFIED) });
  assert.deepEqual(server.log, ["HEAD a"]);
  assert.deepEqual(await store.stat(""), { kind: "directory" });
  assert.equal(server.log.length, 1, "the root is not asked for");
});

for (const status of [405, 501]) {
  for (const ranges of [true, false]) {
    Deno.test(`http: stat asks for the first byte where HEAD gives ${status}, ranges: ${ranges}`, async () => {
      let content = CONTENT;
      await using server = serve((request, path) => {
        if (request.method === "HEAD") return new Response(null, { status });
        if (path === "none") return new Response(null, { status: 404 });
        const plain = ranges ? request : new Request(request.url);
        return fileAnswer(plain, content, { etag: '"a"', "last-modified": MODIFIED });
      });
      const store = new HttpStore({ url: server.url, listing: "none" });
      const expected = { kind: "file", size: 1234, etag: '"a"', modified: new Date(MODIFIED) };
      assert.deepEqual(await store.stat("a"), expected);
      assert.deepEqual(server.log, ["HEAD a", "GET a bytes=0-0"]);
      assert.equal(await store.stat("none"), undefined);
      content = new Uint8Array();
      assert.equal((await store.stat("a"))?.size, 0);
    });
  }
}

Deno.test("http: stat leaves out what the server does not tell, or tells wrongly", async () => {
  let headers: Record<string, string> = {};
  await using server = lie(() => [head(200, headers)]);
  const store = new HttpStore({ url: server.url });
  const nothing = { kind: "file", size: undefined, etag: undefined, modified: undefined };
  assert.deepEqual(await store.stat("a"), nothing);
  headers = { "last-modified": "yesterday", etag: "" };
  assert.deepEqual(await store.stat("a"), nothing);
});

Deno.test("http: weak etags are none, unless they are trusted", async () => {
  await using server = serve((request) => fileAnswer(request, CONTENT, { etag: 'W/"a"' }));
  assert.equal((await new HttpStore({ url: server.url }).stat("a"))?.etag, undefined);
  const trusting = new HttpStore({ url: server.url, trustWeakEtags: true, revalidate: 1_000_000 });
  assert.equal((await trusting.stat("a"))?.etag, 'W/"a"');
  await trusting.read("a");
  await trusting.read("a");
  assert.equal(server.requests.at(-1)?.headers.get("if-none-match"), 'W/"a"');
});

Deno.test("http: revalidate lets come again only what has changed", async () => {
  await using server = serveFiles();
  const text = async (path: string, options = {}): Promise<string> =>
    new TextDecoder().decode(await store.read(path, options));
  const store = new HttpStore({ url: server.url, revalidate: 100_000 });
  await server.files.write("a", new TextEncoder().encode("0123456789"));
  const statuses: number[] = [];
  const counting = new HttpStore({
    url: server.url,
    revalidate: 100_000,
    async fetch(url, init) {
      const response = await fetch(url, init);
      statuses.push(response.status);
      return response;
    },
  });
  const first = await counting.read("a");
  first!.fill(0);
  assert.equal(new TextDecoder().decode(await counting.read("a")), "0123456789", "what is kept is its own");
  (await counting.read("a"))!.fill(0);
  const into = new Uint8Array(20);
  assert.equal(new TextDecoder().decode(await counting.read("a", { into })), "0123456789");
  assert.equal(new TextDecoder().decode(await counting.read("a", { range: { suffix: 2 } })), "89");
  await server.files.write("a", new TextEncoder().encode("abcdefghij"));
  assert.equal(new TextDecoder().decode(await counting.read("a", { range: { suffix: 2 } })), "ij");
  assert.equal(new TextDecoder().decode(await counting.read("a")), "abcdefghij");
  await server.files.delete("a");
  assert.equal(await counting.read("a"), undefined);
  assert.deepEqual(statuses, [200, 304, 304, 304, 304, 206, 200, 404]);

  await server.files.write("large", new Uint8Array(20_000));
  await text("large");
  await text("large");
  assert.equal(server.requests.at(-1)?.headers.get("if-none-match"), null, "one content has at most an eighth");
  await server.files.write("b", new TextEncoder().encode("b"));
  await text("b");
  await store.close();
  await text("b");
  assert.equal(server.requests.at(-1)?.headers.get("if-none-match"), null, "closing forgets");
});

Deno.test("http: what is kept is bounded, and what was not used for longest goes first", async () => {
  await using server = serveFiles();
  const store = new HttpStore({ url: server.url, revalidate: 10_000 });
  for (let i = 0; i < 20; i++) {
    await server.files.write(`${i}`, new Uint8Array(1000).fill(i));
    await store.read(`${i}`);
  }
  const conditional = async (path: string): Promise<boolean> => {
    assert.deepEqual(await store.read(path), new Uint8Array(1000).fill(Number(path)));
    return server.requests.at(-1)!.headers.has("if-none-match");
  };
  assert.equal(await conditional("19"), true);
  assert.equal(await conditional("0"), false);
});

Deno.test("http: 304 for another etag is refused", async () => {
  let status = 200;
  await using server = serve(() => {
    const headers = { etag: status === 200 ? '"a"' : '"b"', ...(status === 200 && { "content-length": "3" }) };
    return new Response(status === 200 ? "abc" : null, { status, headers });
  });
  const store = new HttpStore({ url: server.url, revalidate: 10_000 });
  await store.read("a");
  status = 304;
  await assert.rejects(store.read("a"), { code: "corrupt" });
});
