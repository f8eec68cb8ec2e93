import { type HttpFetch, HttpStore, isStorageError } from "@polystore/polystore/stores";
import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { head, type Lie, lie, serve } from "./servers.ts";

/** What is refused, and how it says so. */
interface Refusal {
  readonly code: string;
  readonly retryable: boolean;
  readonly words: RegExp;
}

const CUT: Refusal = { code: "unavailable", retryable: true, words: /was cut/ };
const CORRUPT: Refusal = { code: "corrupt", retryable: false, words: /./ };
const BYTES = new Uint8Array(300_000).fill(5);
const PACKED = gzipSync("text ".repeat(1000));

const LIES: readonly [what: string, lie: Lie, refusal: Refusal][] = [
  ["content that is cut short", [head(200, { "content-length": 100 }), "abc"], CUT],
  ["large content that is cut short", [head(200, { "content-length": 400_000 }), BYTES], CUT],
  ["nothing where content was announced", [head(200, { "content-length": 1_000_000_000_000_000 })], CUT],
  ["chunks that are cut short", [head(200, { "transfer-encoding": "chunked" }), "3\r\nabc\r\n"], CUT],
  [
    "chunks that contradict the length",
    [head(200, { "transfer-encoding": "chunked", "content-length": 5 }), "3\r\nabc\r\n0\r\n\r\n"],
    CUT,
  ],
  ["content whose end nobody knows", [head(200), "abc"], {
    code: "unavailable",
    retryable: false,
    words: /Content-Length/,
  }],
  [
    "packed content",
    [head(200, { "content-encoding": "gzip", "content-length": PACKED.length }), PACKED],
    { ...CORRUPT, words: /Content-Encoding: gzip/ },
  ],
  ["a part", [head(206, { "content-range": "bytes 0-2/3", "content-length": 3 }), "abc"], CORRUPT],
  ["a condition nobody made", [head(304)], { code: "io", retryable: false, words: /304/ }],
  ["a failed condition nobody made", [head(412, { "content-length": 0 })], {
    code: "io",
    retryable: false,
    words: /412/,
  }],
  ["no answer", [], { code: "unavailable", retryable: true, words: /127\.0\.0\.1:\d+ cannot be reached/ }],
  ["what is no HTTP", ["garbage\r\n\r\n"], { code: "unavailable", retryable: true, words: /invalid HTTP version/ }],
  ["two lengths", ["HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabc"], {
    code: "unavailable",
    retryable: true,
    words: /content-length/,
  }],
];

for (const [what, said, { code, retryable, words }] of LIES) {
  Deno.test(`http: refuses ${what}`, async () => {
    await using server = lie(() => said);
    const store = new HttpStore({ url: server.url, revalidate: 1_000_000 });
    const isRight = (error: unknown): boolean => {
      assert(isStorageError(error), String(error));
      assert.deepEqual([error.code, error.retryable, error.path], [code, retryable, "a"]);
      assert.match(error.message, words);
      return true;
    };
    await assert.rejects(store.read("a"), isRight);
    await assert.rejects(store.read("a", { into: new Uint8Array(500_000) }), isRight);
    await assert.rejects((async () => await new Response(await store.openRead("a")).bytes())(), isRight);
    assert.equal(server.log.length, 3, "nothing that failed is asked for again, or believed");
  });
}

Deno.test("http: the size of packed content is not told, nor its etag", async () => {
  await using server = lie(() => [head(200, { "content-encoding": "gzip", "content-length": 9, etag: '"a"' })]);
  const stat = await new HttpStore({ url: server.url }).stat("a");
  assert.deepEqual([stat?.kind, stat?.size, stat?.etag], ["file", undefined, undefined]);
});

Deno.test("http: refuses more bytes than were announced, from whatever fetches", async () => {
  for (const size of [10, 300_000]) {
    for (const streamed of [true, false]) {
      const fake: HttpFetch = () => {
        const bytes = new Uint8Array(size + 1);
        const body = streamed
          ? new ReadableStream({
            type: "bytes",
            start(controller) {
              controller.enqueue(bytes);
              controller.close();
            },
          })
          : bytes;
        return Promise.resolve(new Response(body, { headers: { "content-length": String(size) } }));
      };
      const store = new HttpStore({ url: "http://127.0.0.1/", fetch: fake });
      await assert.rejects(store.read("a"), { code: "corrupt" });
      await assert.rejects(store.read("a", { into: new Uint8Array(size + 5) }), { code: "corrupt" });
      await assert.rejects(new Response(await store.openRead("a")).bytes(), { code: "corrupt" });
    }
  }
});

Deno.test("http: asks for the bytes as they are, and says what it wants in every request", async () => {
  await using server = serve(() => new Response("abc", { headers: { "content-length": "3" } }));
  const headers = { "accept-encoding": "gzip", range: "bytes=0-0", "x-key": "1" };
  const store = new HttpStore({ url: server.url, headers });
  await store.read("a", { range: { offset: 1 } });
  const [{ headers: seen }] = server.requests as [Request];
  assert.deepEqual(
    [seen.get("accept-encoding"), seen.get("range"), seen.get("x-key")],
    ["identity", "bytes=1-", "1"],
  );
});

Deno.test("http: a stream that is cut goes on where it was, with the same content", async () => {
  const content = new Uint8Array(1_000_000).map((_, index) => index % 251);
  await using server = lie((request, count) => {
    const from = Number(/bytes=(\d+)-/.exec(request)?.[1] ?? 0);
    if (count > 1) assert.match(request, /if-match: "a"/);
    const headers = { etag: '"a"', "content-length": content.length - from };
    const range = { ...headers, "content-range": `bytes ${from}-${content.length - 1}/${content.length}` };
    // Each time some more, the fourth time all.
    return [
      head(from === 0 ? 200 : 206, from === 0 ? headers : range),
      content.subarray(from, count === 4 ? undefined : from + 250_000),
    ];
  });
  const store = new HttpStore({ url: server.url });
  assert.deepEqual(await new Response(await store.openRead("a")).bytes(), content);
  assert.equal(server.log.length, 4);
  assert(server.log.slice(1).every((line) => /^GET a bytes=\d+-$/.test(line)), server.log.join());
});

Deno.test("http: a stream of a range goes on with the rest of the range", async () => {
  const content = new TextEncoder().encode("0123456789");
  await using server = lie((request) => {
    const [, first, last] = /bytes=(\d+)-(\d+)/.exec(request)!.map(Number) as [number, number, number];
    const range = `bytes ${first}-${last}/10`;
    const headers = { etag: '"a"', "content-length": last + 1 - first, "content-range": range };
    return [head(206, headers), content.subarray(first, Math.min(last + 1, first + 2))];
  });
  const store = new HttpStore({ url: server.url });
  const stream = await store.openRead("a", { range: { offset: 2, length: 5 } });
  assert.equal(await new Response(stream).text(), "23456");
  assert.deepEqual(server.log, ["GET a bytes=2-6", "GET a bytes=4-6", "GET a bytes=6-6"]);
});

/** What comes after a cut, and what it is refused with; `undefined` if it is the same content. */
const AFTERWARDS: readonly [what: string, afterwards: Lie, refusal: string | undefined][] = [
  ["the rest of the same content", [
    head(206, { etag: '"a"', "content-length": 6, "content-range": "bytes 4-9/10" }),
    "456789",
  ], undefined],
  ["the rest of the same content, of who knows what size", [
    head(206, { etag: '"a"', "content-length": 6, "content-range": "bytes 4-9/10" }),
    "456789",
  ], undefined],
  ["all of the same content", [head(200, { etag: '"a"', "content-length": 10 }), "0123456789"], undefined],
  ["the rest of another content", [
    head(206, { etag: '"b"', "content-length": 6, "content-range": "bytes 4-9/10" }),
    "uvwxyz",
  ], "has changed"],
  ["all of another content", [head(200, { etag: '"b"', "content-length": 10 }), "qrstuvwxyz"], "has changed"],
  ["content of who knows which version", [
    head(206, { "content-length": 6, "content-range": "bytes 4-9/10" }),
    "456789",
  ], "has changed"],
  ["a content that has grown", [
    head(206, { etag: '"a"', "content-length": 7, "content-range": "bytes 4-10/11" }),
    "456789x",
  ], "has changed"],
  ["a failed condition", [head(412, { "content-length": 0 })], "has changed"],
  ["nothing there", [head(404, { "content-length": 0 })], "has changed"],
  ["an end before", [head(416, { "content-length": 0, "content-range": "bytes */3" })], "has changed"],
  ["no credentials any more", [head(401, { "content-length": 0 })], "credentials"],
];

for (const [what, afterwards, refusal] of AFTERWARDS) {
  Deno.test(`http: a stream that is cut, and then: ${what}`, async () => {
    await using server = lie((_, count) =>
      count > 1
        ? afterwards
        : what.endsWith("size")
        ? [head(200, { etag: '"a"', "transfer-encoding": "chunked" }), "4\r\n0123\r\n"]
        : [head(200, { etag: '"a"', "content-length": 10 }), "0123"]
    );
    const store = new HttpStore({ url: server.url });
    const text = new Response(await store.openRead("a")).text();
    if (refusal === undefined) assert.equal(await text, "0123456789");
    else await assert.rejects(text, (error) => isStorageError(error) && error.message.includes(refusal));
    assert.equal(server.log.length, 2);
  });
}

Deno.test("http: a stream that is cut again and again is given up, and one without an etag at once", async () => {
  for (const [etag, requests] of [['"a"', 4], ['W/"a"', 1]] as const) {
    await using server = lie((request) => {
      const from = Number(/bytes=(\d+)-/.exec(request)?.[1] ?? 0);
      const status = from === 0 ? 200 : 206;
      return [head(status, { etag, "content-length": 10 - from, "content-range": `bytes ${from}-9/10` }), "x"];
    });
    const store = new HttpStore({ url: server.url });
    const text = new Response(await store.openRead("a")).text();
    await assert.rejects(text, { code: "unavailable", retryable: true });
    assert.equal(server.log.length, requests);
  }
});
