import { HttpStore, isStorageError } from "@polystore/polystore/stores";
import assert from "node:assert/strict";
import { head, lie, serve, serveFiles } from "./servers.ts";

const TEN = new TextEncoder().encode("0123456789");
const RANGES = [
  [{ offset: 3, length: 4 }, "3456"],
  [{ offset: 8, length: 10 }, "89"],
  [{ offset: 10 }, ""],
  [{ offset: 11, length: 2 }, ""],
  [{ suffix: 3 }, "789"],
  [{ suffix: 20 }, "0123456789"],
] as const;

function textOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes && new TextDecoder().decode(bytes);
}

async function drained(stream: ReadableStream<Uint8Array> | undefined): Promise<string | undefined> {
  return stream && await new Response(stream).text();
}

Deno.test("http: asks for the range alone, once", async () => {
  await using server = serveFiles();
  await server.files.write("ten", TEN);
  const store = new HttpStore({ url: server.url });
  for (const [range, expected] of RANGES) assert.equal(textOf(await store.read("ten", { range })), expected);
  assert.deepEqual(server.log, [
    "GET ten bytes=3-6",
    "GET ten bytes=8-17",
    "GET ten bytes=10-",
    "GET ten bytes=11-12",
    "GET ten bytes=-3",
    "GET ten bytes=-20",
  ]);
  await assert.rejects(store.read("ten", { range: { offset: -1 } }), { code: "invalid-argument" });
  await assert.rejects(store.read("ten", { range: { suffix: 0.5 } }), { code: "invalid-argument" });
});

for (const announced of [true, false]) {
  const how = announced ? "and tells the length" : "and tells no length";
  Deno.test(`http: cuts the range out where the server takes no notice of it ${how}`, async () => {
    await using server = serve(() => {
      const body = announced ? TEN : new ReadableStream({
        start(controller) {
          for (const byte of TEN) controller.enqueue(new Uint8Array([byte]));
          controller.close();
        },
      });
      return new Response(body);
    });
    const store = new HttpStore({ url: server.url, listing: "none" });
    for (const [range, expected] of [...RANGES, [{ offset: 0, length: 1 }, "0"], [{ offset: 9 }, "9"]] as const) {
      const what = JSON.stringify(range);
      assert.equal(textOf(await store.read("ten", { range })), expected, what);
      assert.equal(await drained(await store.openRead("ten", { range })), expected, `stream of ${what}`);
      const into = new Uint8Array(12).fill(7);
      const bytes = await store.read("ten", { range, into });
      assert.equal(textOf(bytes), expected, `${what} into room`);
    }
  });
}

Deno.test("http: stops at the end of the range of content without end", async () => {
  let stopped = Promise.withResolvers<void>();
  await using server = serve(() =>
    new Response(
      new ReadableStream({
        pull: (controller) => controller.enqueue(new Uint8Array(64 * 1024).fill(1)),
        cancel: () => stopped.resolve(),
      }),
    )
  );
  const store = new HttpStore({ url: server.url });
  assert.equal((await store.read("endless", { range: { offset: 300_000, length: 200_000 } }))?.length, 200_000);
  await stopped.promise;
  stopped = Promise.withResolvers();
  const stream = await store.openRead("endless", { range: { offset: 0, length: 5 } });
  assert.equal((await new Response(stream).bytes()).length, 5);
  await stopped.promise;
});

Deno.test("http: puts the bytes where it is told room", async () => {
  await using server = serveFiles();
  for (const size of [10, 300_000]) {
    const content = new Uint8Array(size).map((_, index) => index % 251);
    await server.files.write("file", content);
    const store = new HttpStore({ url: server.url });
    const into = new Uint8Array(size + 3);
    const bytes = await store.read("file", { into });
    assert.equal(bytes!.buffer, into.buffer);
    assert.deepEqual(bytes, content);
  }
});

Deno.test("http: a server that knows ranges and no suffixes is asked for the end by its number", async () => {
  await using server = lie((request) => {
    if (request.startsWith("HEAD")) return [head(200, { "content-length": 10, etag: '"a"' })];
    if (/bytes=-/.test(request)) return [head(416, { "content-length": 0 })];
    assert.match(request, /if-match: "a"/);
    const part = { "content-range": "bytes 7-9/10", "content-length": 3, etag: '"a"' };
    return [head(206, part), "789"];
  });
  const store = new HttpStore({ url: server.url });
  assert.equal(textOf(await store.read("ten", { range: { suffix: 3 } })), "789");
  assert.deepEqual(server.log, ["GET ten bytes=-3", "HEAD ten", "GET ten bytes=7-9"]);
});

Deno.test("http: a content that changes between two requests for its end is refused", async () => {
  await using server = lie((request) => {
    if (request.startsWith("HEAD")) return [head(200, { "content-length": 10, etag: '"a"' })];
    if (/bytes=-/.test(request)) return [head(416, { "content-length": 0 })];
    return [head(206, { "content-range": "bytes 7-9/10", "content-length": 3, etag: '"b"' }), "xyz"];
  });
  const store = new HttpStore({ url: server.url });
  await assert.rejects(store.read("ten", { range: { suffix: 3 } }), { code: "unavailable", retryable: true });
});

Deno.test("http: so is one that has no etag and changes its size, or goes", async () => {
  for (const answer of [["bytes 7-9/11", 206], ["bytes */4", 416], ["", 404]] as const) {
    await using server = lie((request) => {
      if (request.startsWith("HEAD")) return [head(200, { "content-length": 10 })];
      if (/bytes=-/.test(request)) return [head(416, { "content-length": 0 })];
      return [head(answer[1], { "content-range": answer[0], "content-length": 3 }), "xyz"];
    });
    const store = new HttpStore({ url: server.url });
    await assert.rejects(store.read("ten", { range: { suffix: 3 } }), { code: "unavailable", retryable: true });
  }
});

Deno.test("http: what is past the end is empty only if the server is right about it", async () => {
  let size: number | undefined;
  let told: string | undefined;
  await using server = lie((request) =>
    request.startsWith("HEAD")
      ? [head(200, size === undefined ? {} : { "content-length": size })]
      : [head(416, { "content-length": 0, ...(told !== undefined && { "content-range": told }) })]
  );
  const store = new HttpStore({ url: server.url });
  const range = { offset: 5, length: 3 };
  for (
    const [theSize, tells, expected] of [
      [undefined, "bytes */5", ""],
      [undefined, "bytes */0", ""],
      [5, undefined, ""],
      [3, "nonsense", ""],
      [undefined, "bytes */6", "corrupt"],
      [8, undefined, "corrupt"],
      [undefined, undefined, "corrupt"],
    ] as const
  ) {
    [size, told] = [theSize, tells];
    if (expected === "") assert.equal(textOf(await store.read("a", { range })), "", told);
    else await assert.rejects(store.read("a", { range }), { code: expected, path: "a" }, told);
  }
});

/** An answer to a question for the bytes 2 to 5, and what becomes of it. */
const ANSWERS: readonly [what: string, headers: Record<string, string | number>, body: string, code: string][] = [
  ["another part", { "content-range": "bytes 0-3/10", "content-length": 4 }, "0123", "corrupt"],
  ["a shorter part", { "content-range": "bytes 2-4/10", "content-length": 3 }, "234", "corrupt"],
  ["a longer part", { "content-range": "bytes 2-6/10", "content-length": 5 }, "23456", "corrupt"],
  ["a shorter part of who knows how much", { "content-range": "bytes 2-4/*", "content-length": 3 }, "234", "corrupt"],
  ["a part behind the end", { "content-range": "bytes 2-5/4", "content-length": 4 }, "2345", "corrupt"],
  ["a part that goes backwards", { "content-range": "bytes 5-2/10", "content-length": 4 }, "2345", "corrupt"],
  ["a part of another unit", { "content-range": "items 2-5/10", "content-length": 4 }, "2345", "corrupt"],
  ["a part that is not told", { "content-length": 4 }, "2345", "corrupt"],
  [
    "a number beyond all",
    { "content-range": "bytes 2-99999999999999999999/10", "content-length": 4 },
    "2345",
    "corrupt",
  ],
  ["two parts", { "content-type": "multipart/byteranges; boundary=x", "content-length": 4 }, "--x-", "corrupt"],
  ["more bytes than the part", { "content-range": "bytes 2-5/10", "content-length": 6 }, "234567", "corrupt"],
  ["fewer bytes than the part", { "content-range": "bytes 2-5/10", "content-length": 3 }, "234", "corrupt"],
  ["fewer bytes than announced", { "content-range": "bytes 2-5/10", "content-length": 4 }, "23", "unavailable"],
  [
    "fewer bytes in chunks",
    {
      "content-range": "bytes 2-5/10",
      "transfer-encoding": "chunked",
    },
    "2\r\n23\r\n0\r\n\r\n",
    "unavailable",
  ],
  [
    "more bytes in chunks",
    {
      "content-range": "bytes 2-5/10",
      "transfer-encoding": "chunked",
    },
    "6\r\n234567\r\n0\r\n\r\n",
    "corrupt",
  ],
  [
    "packed bytes",
    {
      "content-range": "bytes 2-5/10",
      "content-length": 4,
      "content-encoding": "gzip",
    },
    "2345",
    "corrupt",
  ],
];

for (const [what, headers, body, code] of ANSWERS) {
  Deno.test(`http: refuses ${what} where bytes 2-5 were asked for`, async () => {
    await using server = lie(() => [head(206, headers), body]);
    const store = new HttpStore({ url: server.url });
    const range = { offset: 2, length: 4 };
    const isRight = (error: unknown): boolean => isStorageError(error) && error.code === code && error.path === "a";
    await assert.rejects(store.read("a", { range }), isRight);
    await assert.rejects(store.read("a", { range, into: new Uint8Array(10) }), isRight);
    await assert.rejects((async () => await drained(await store.openRead("a", { range })))(), isRight);
  });
}

Deno.test("http: takes a part of who knows how much, if it is the part", async () => {
  await using server = lie(() => [head(206, { "content-range": "bytes 2-5/*", "content-length": 4 }), "2345"]);
  const store = new HttpStore({ url: server.url });
  assert.equal(textOf(await store.read("a", { range: { offset: 2, length: 4 } })), "2345");
  await assert.rejects(store.read("a", { range: { offset: 2 } }), { code: "corrupt" });
  await assert.rejects(store.read("a", { range: { suffix: 4 } }), { code: "corrupt" });
});
