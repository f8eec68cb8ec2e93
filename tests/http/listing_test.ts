import {
  type Entry,
  type HttpDocument,
  type HttpListing,
  HttpStore,
  type HttpStoreOptions,
  type ListOptions,
} from "@polystore/polystore/stores";
import assert from "node:assert/strict";
import { serve, serveFiles, type TestServer } from "./servers.ts";

/** Always the same document. */
function answering(text: string, type = "application/json"): TestServer {
  return serve(() => new Response(text, { headers: { "content-type": type } }));
}

async function listed(
  { url }: TestServer,
  options: ListOptions = { shallow: true },
  more: Partial<HttpStoreOptions> = {},
): Promise<string[]> {
  const entries = await Array.fromAsync(new HttpStore({ url, ...more }).list!("", options));
  return entries.map(({ path, kind }) => kind === "directory" ? `${path}/` : path);
}

function bucket(inside: string): string {
  return `<?xml version="1.0"?><ListBucketResult><IsTruncated>false</IsTruncated>${inside}</ListBucketResult>`;
}

function contents(...keys: string[]): string {
  return keys.map((key) => `<Contents><Key>${key}</Key><Size>1</Size></Contents>`).join("");
}

Deno.test("http: `none` has no list; `auto` finds out how the server lists, once", async () => {
  await using server = serveFiles("s3");
  await server.files.write("dir/a", new Uint8Array(1));
  assert.equal(new HttpStore({ url: server.url, listing: "none" }).list, undefined);
  const store = new HttpStore({ url: server.url });
  const paths = async (): Promise<string[]> => await Array.fromAsync(store.list!(""), ({ path }) => path);
  assert.deepEqual(await paths(), ["dir/a"]);
  assert.equal(server.log.length, 3, "as nginx, as S3, and the listing");
  assert.deepEqual(await paths(), ["dir/a"]);
  assert.equal(server.log.length, 4);
  assert.deepEqual(await store.stat("dir"), { kind: "directory" });
  assert.equal(await store.stat("di"), undefined);
});

Deno.test("http: a server that lists in no known way says so, whatever it answers", async () => {
  const answers: readonly [status: number, text: string, type: string][] = [
    [200, "<html>", "text/html"],
    [200, "{}", "application/json"],
    [200, "[1]", "application/json"],
    [200, "[{]", "application/json"],
    [200, '["name"]', "application/json"],
    [200, "<ListAllMyBucketsResult/>", "application/xml"],
    [403, "no", "text/plain"],
    [401, "no", "text/plain"],
    [404, "no", "text/plain"],
    [405, "no", "text/plain"],
  ];
  for (const [status, text, type] of answers) {
    await using server = serve(() => new Response(text, { status, headers: { "content-type": type } }));
    const store = new HttpStore({ url: server.url });
    const list = async (): Promise<Entry[]> => await Array.fromAsync(store.list!("dir"));
    await assert.rejects(list(), { code: "unsupported", path: "dir" }, text);
    await assert.rejects(list(), { code: "unsupported" });
    assert.equal(server.log.length, 2, "what was found out is kept");
  }
});

Deno.test("http: what cannot be found out now is found out later", async () => {
  await using files = serveFiles("nginx");
  await files.files.write("a", new Uint8Array(1));
  let down = true;
  const store = new HttpStore({
    url: files.url,
    fetch: (url, init) => down ? Promise.resolve(new Response(null, { status: 503 })) : fetch(url, init),
  });
  await assert.rejects(Array.fromAsync(store.list!("")), { code: "unavailable", retryable: true });
  down = false;
  assert.equal((await Array.fromAsync(store.list!(""))).length, 1);
});

Deno.test("http, nginx: leaves out what is no name, or comes twice, and what is no file", async () => {
  const names = ["ok", "", ".", "..", "../up", "/etc/passwd", "a/b", "nul\0", 5, null, "ok", "\ud800", "b\\c"];
  const rows = [
    ...names.map((name) => ({ name, type: "file", size: 1, mtime: "Sat, 21 Nov 2026 19:40:54 GMT" })),
    { name: "ok", type: "directory" },
    { name: "pipe", type: "other" },
    { name: "__proto__", type: "file", size: -1, mtime: {} },
    { name: "dir", type: "directory", size: 7 },
  ];
  await using server = answering(JSON.stringify(rows));
  assert.deepEqual(await listed(server), ["__proto__", "b\\c", "dir/", "ok"]);
  const [odd, , directory, ok] = await Array.fromAsync(new HttpStore({ url: server.url }).list!("", { shallow: true }));
  assert.deepEqual(odd, { path: "__proto__", kind: "file", size: undefined, modified: undefined });
  assert.deepEqual(directory, { path: "dir", kind: "directory" });
  assert.deepEqual(ok, { path: "ok", kind: "file", size: 1, modified: new Date("2026-11-21T19:40:54Z") });
});

Deno.test("http, nginx: directories without end are listed as far as one looks", async () => {
  await using server = answering('[{"name":"d","type":"directory"}]');
  let depth = 0;
  for await (const { path } of new HttpStore({ url: server.url }).list!("", { limit: 50 })) {
    assert.equal(path.length, 2 * ++depth - 1);
  }
  assert.equal(depth, 50);
});

Deno.test("http, nginx: asks for each directory once, and only for those it needs", async () => {
  await using server = serveFiles("nginx");
  for (const path of ["a/x", "b/x", "b/c/y", "d/z"]) await server.files.write(path, new Uint8Array(1));
  const store = new HttpStore({ url: server.url, listing: "nginx" });
  const all = await Array.fromAsync(store.list!(""), ({ path }) => path);
  assert.deepEqual(all, ["a", "a/x", "b", "b/c", "b/c/y", "b/x", "d", "d/z"]);
  assert.deepEqual(server.log, ["GET ", "GET a/", "GET b/", "GET b/c/", "GET d/"]);
  server.log.length = 0;
  for await (const _ of store.list!("b", { shallow: true })) break;
  assert.deepEqual(server.log, ["GET b/"]);
});

Deno.test("http, S3: leaves out keys that are no paths, or were not asked for", async () => {
  const keys = ["a", "a//b", "/abs", "../up", "b/", "b/./c", "c&amp;d", "&#x65;", "<![CDATA[f<g]]>"];
  await using server = answering(bucket(contents(...keys)), "application/xml");
  assert.deepEqual(await listed(server, {}), ["a", "c&d", "e", "f<g"]);
  const store = new HttpStore({ url: server.url });
  assert.deepEqual(await Array.fromAsync(store.list!("other")), []);
  const prefixes = ["b/", "b//", "/", "../", "c d/"].map((key) =>
    `<CommonPrefixes><Prefix>${key}</Prefix></CommonPrefixes>`
  );
  await using shallow = answering(bucket(contents("b", "z") + prefixes.join("")), "application/xml");
  assert.deepEqual(await listed(shallow), ["b", "c d/", "z"]);
});

Deno.test("http, S3: escaped keys are unescaped if the server says so", async () => {
  const escaped = contents("a%2Bb+c", "d%20e", "f%ff", "g%C3%A9");
  await using server = answering(bucket(`<EncodingType>url</EncodingType>${escaped}`), "application/xml");
  assert.deepEqual(await listed(server, {}), ["a+b c", "d e", "gé"]);
  await using plain = answering(bucket(contents("a%2Bb+c")), "application/xml");
  assert.deepEqual(await listed(plain, {}), ["a%2Bb+c"]);
});

const BAD: readonly [what: string, text: string][] = [
  ["what is no XML", "<ListBucketResult><Contents>"],
  ["another document", "<Error><Code>AccessDenied</Code></Error>"],
  ["an empty document", ""],
  ["keys out of order", bucket(contents("b", "a"))],
  ["a key twice", bucket(contents("a", "a"))],
  ["a page that goes on without a token", "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"],
  ["an unknown entity", bucket(contents("&nope;"))],
  [
    "entities that grow",
    `<!DOCTYPE ListBucketResult [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>${bucket(contents("&b;"))}`,
  ],
  [
    "entities from elsewhere",
    `<!DOCTYPE ListBucketResult [<!ENTITY x SYSTEM "file:///etc/passwd">]>${bucket(contents("&x;"))}`,
  ],
  ["a document type", `<!DOCTYPE ListBucketResult SYSTEM "http://127.0.0.1:1/x.dtd">${bucket("")}`],
  ["elements within elements", bucket("<a>".repeat(10_000) + "</a>".repeat(10_000))],
  [
    "a token that does not go on",
    "<ListBucketResult><IsTruncated>true</IsTruncated>" +
    "<NextContinuationToken>x</NextContinuationToken></ListBucketResult>",
  ],
];

for (const [what, text] of BAD) {
  Deno.test(`http, S3: refuses ${what}`, async () => {
    await using server = answering(text, "application/xml");
    await assert.rejects(listed(server, {}, { listing: "s3" }), { code: "corrupt" });
    assert(server.log.length <= 2);
  });
}

Deno.test("http: a listing longer than 64 MiB is refused before it is all there", async () => {
  const stopped = Promise.withResolvers<void>();
  const space = new Uint8Array(1024 * 1024).fill(32);
  await using server = serve(() =>
    new Response(
      new ReadableStream({ pull: (controller) => controller.enqueue(space.slice()), cancel: () => stopped.resolve() }),
      { headers: { "content-type": "application/json" } },
    )
  );
  await assert.rejects(listed(server, {}, { listing: "nginx" }), { code: "corrupt", message: /64 MiB/ });
  await stopped.promise;
});

Deno.test("http: a listing that is cut short is no listing", async () => {
  await using server = serve(() =>
    new Response('[{"name":"a","type":"file"}', { headers: { "content-type": "application/json" } })
  );
  await assert.rejects(listed(server, {}, { listing: "nginx" }), { code: "unsupported" });
});

Deno.test("http: lists in a way of one's own", async () => {
  await using server = answering("a\nb/c\n", "text/plain");
  const lines: HttpListing = {
    name: "lines",
    recognises: ({ type }: HttpDocument) => type === "text/plain",
    async *list(site, prefix, { signal }) {
      const document = await site.document(site.directoryUrlOf(prefix), { path: prefix, signal });
      for (const path of document!.text.trim().split("\n")) yield { path, kind: "file" };
    },
  };
  assert.deepEqual(await listed(server, {}, { listing: lines }), ["a", "b/c"]);
});
