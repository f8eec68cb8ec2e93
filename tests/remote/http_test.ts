/** What a server of files answers to other clients than ours: fetch, curl, a browser, and people who mean harm. */

import assert from "node:assert/strict";
import { DiskBackend } from "../../backends/disk.ts";
import { MemoryBackend } from "../../backends/memory.ts";
import { DiskStore, MemoryStore } from "../../backends/stores/mod.ts";
import { files } from "../../registry/files.ts";
import { BackendRegistry } from "../../registry/mod.ts";
import { say, snapshot, withBox } from "../disk/setup.ts";
import { serve } from "./setup.ts";

const URL_OF_IT = "http://127.0.0.1/v1/files/it";
const TEXT = "0123456789";

/** A handler of a store with one file, `a.txt`. */
async function withText(): Promise<(query: string, init?: RequestInit) => Promise<Response>> {
  const store = new MemoryStore();
  await store.write("a.txt", new TextEncoder().encode(TEXT));
  await store.write("dir/b.txt", new TextEncoder().encode("b"));
  await store.write("empty", new Uint8Array());
  const handler = files({ it: store });
  return (query, init) => handler(new Request(URL_OF_IT + query, init));
}

async function codeOf(response: Response): Promise<string> {
  assert.equal(response.headers.get("content-type"), "application/problem+json");
  const problem = await response.json();
  assert.equal(problem.status, response.status);
  assert.equal(problem.code, response.headers.get("error-code"));
  assert(problem.type === "about:blank" && problem.title.length > 0 && problem.detail.length > 0);
  return problem.code;
}

Deno.test("files: ranges are those of RFC 9110", async () => {
  const ask = await withText();
  const cases: readonly [range: string, status: number, body?: string | undefined, contentRange?: string][] = [
    ["bytes=0-3", 206, "0123", "bytes 0-3/10"],
    ["bytes=8-", 206, "89", "bytes 8-9/10"],
    ["bytes=8-100", 206, "89", "bytes 8-9/10"],
    ["bytes=-3", 206, "789", "bytes 7-9/10"],
    ["bytes=-100", 206, TEXT, "bytes 0-9/10"],
    ["bytes=10-", 416, undefined, "bytes */10"],
    ["bytes=-0", 416, undefined, "bytes */10"],
    ["bytes=99999999999999999999-", 416, undefined, "bytes */10"],
    // Several ranges, and what is no range, may be ignored: then all is sent.
    ["bytes=0-1,3-4", 200, TEXT],
    ["bytes=5-2", 200, TEXT],
    ["bytes=a-b", 200, TEXT],
    ["bytes=-", 200, TEXT],
    ["bytes=1-2-3", 200, TEXT],
    ["lines=0-1", 200, TEXT],
    ["", 200, TEXT],
  ];
  for (const [range, status, body, contentRange] of cases) {
    const response = await ask("?path=a.txt", { headers: { range } });
    assert.equal(response.status, status, range);
    assert.equal(response.headers.get("content-range"), contentRange ?? null, range);
    if (body !== undefined) assert.equal(await response.text(), body, range);
  }
  assert.equal((await ask("?path=empty", { headers: { range: "bytes=0-0" } })).status, 416);
});

Deno.test("files: conditions are held to; a range only if If-Range names the content", async () => {
  const ask = await withText();
  const etag = (await ask("?path=a.txt")).headers.get("etag")!;
  const range = "bytes=0-0";
  const cases: readonly [init: Record<string, string>, status: number][] = [
    [{ "if-none-match": etag }, 304],
    [{ "if-none-match": `W/${etag}` }, 304],
    [{ "if-none-match": `"other", ${etag}` }, 304],
    [{ "if-none-match": "*" }, 304],
    [{ "if-none-match": '"other"' }, 200],
    [{ "if-match": etag }, 200],
    [{ "if-match": "*" }, 200],
    [{ "if-match": '"other"' }, 412],
    [{ "if-match": `W/${etag}` }, 412],
    [{ "if-match": "nonsense" }, 412],
    [{ range, "if-range": etag }, 206],
    [{ range, "if-range": '"other"' }, 200],
    [{ range, "if-range": `W/${etag}` }, 200],
    [{ range, "if-range": new Date().toUTCString() }, 200],
  ];
  for (const [headers, status] of cases) {
    assert.equal((await ask("?path=a.txt", { headers })).status, status, JSON.stringify(headers));
  }
  const put = (headers: Record<string, string>) => ask("?path=a.txt", { method: "PUT", body: TEXT, headers });
  const taken = await put({ "if-none-match": "*" });
  assert.equal(taken.status, 412);
  assert.equal(await codeOf(taken), "already-exists");
  assert.equal((await put({ "if-match": '"other"' })).status, 412);
  assert.equal((await put({ "if-match": '"other", "another"' })).status, 412);
  assert.equal((await put({ "if-match": `W/${etag}` })).status, 412);
  // A condition that is not understood is never left out.
  assert.equal((await put({ "if-none-match": etag })).status, 400);
  assert.equal((await put({ "if-unmodified-since": new Date().toUTCString() })).status, 400);
  assert.equal((await put({ "content-range": "bytes 0-9/10" })).status, 400);
  assert.equal((await put({ "content-encoding": "gzip" })).status, 415);
  assert.equal((await ask("?path=a.txt")).headers.get("etag"), etag, "something was written");
  assert.equal((await put({ "if-match": `"other", ${etag}` })).status, 204);
  assert.equal((await put({ "if-match": "*" })).status, 204);
  const absent = await ask("?path=none", { method: "PUT", body: "", headers: { "if-match": "*" } });
  assert.equal(await codeOf(absent), "precondition-failed");
  const created = await ask("?path=none", { method: "PUT", body: "", headers: { "if-none-match": "*" } });
  assert.equal(created.status, 201);
});

Deno.test("files: HEAD answers what GET does, without the content", async () => {
  const ask = await withText();
  const queries = ["?path=a.txt", "?path=dir", "?path=none", "?path=empty", "?stat=a.txt", "?list=", "", "?path=../x"];
  for (const query of queries) {
    for (const headers of [{}, { range: "bytes=2-3" }, { range: "bytes=100-" }, { "if-match": '"x"' }]) {
      // A range is one of GET alone.
      const get = await ask(query, "range" in headers ? {} : { headers });
      const head = await ask(query, { method: "HEAD", headers });
      assert.equal(head.status, get.status, query);
      assert.equal(await head.text(), "");
      const body = await get.bytes();
      for (const name of ["etag", "content-range", "last-modified", "content-type", "entry-kind", "error-code"]) {
        assert.equal(head.headers.get(name), get.headers.get(name), `${query} ${name}`);
      }
      const length = head.headers.get("content-length");
      if (length !== null) assert.equal(Number(length), body.length, query);
    }
  }
});

Deno.test("files: hostile paths name nothing outside, and most of them nothing at all", () =>
  withBox(async ({ outer, root }) => {
    await Deno.writeTextFile(`${outer}/secret.txt`, "secret");
    await Deno.writeTextFile(`${root}/inside.txt`, "inside");
    await Deno.symlink(`${outer}/secret.txt`, `${root}/leak.txt`);
    await Deno.symlink(outer, `${root}/leak`);
    const before = snapshot(outer);
    const handler = files({ it: new DiskBackend({ root }) });
    const hostile = [
      "../secret.txt",
      "%2e%2e/secret.txt",
      "%2e%2e%2fsecret.txt",
      "a/../../secret.txt",
      "..%00",
      "inside.txt%00",
      "%00",
      "..%5csecret.txt",
      "%252e%252e%252fsecret.txt",
      encodeURIComponent(`${outer}/secret.txt`),
      `file:%2f%2f${encodeURIComponent(outer)}%2fsecret.txt`,
      "leak.txt",
      "leak/secret.txt",
      "%ff%fe",
      "%c0%ae%c0%ae/secret.txt",
      "%",
      "%ED%A0%80",
      "a".repeat(5000),
    ];
    for (const path of hostile) {
      for (const parameter of ["path", "stat", "list", "readlink"]) {
        const response = await handler(new Request(`${URL_OF_IT}?${parameter}=${path}`));
        const text = await response.text();
        assert(!text.includes("secret\n") && text !== "secret", `${parameter}=${path}: ${text}`);
        assert(!text.includes(outer) || parameter === "readlink", `${parameter}=${path} tells of the server: ${text}`);
        assert(response.status < 500, `${parameter}=${path}: ${response.status}`);
        if (parameter === "path") assert(response.status >= 400, `${path}: ${response.status} ${text}`);
      }
    }
    for (const path of ["../x", "%2e%2e%2fx", "x%00", "leak/x", "leak.txt", "%ff", "a".repeat(5000)]) {
      const url = `${URL_OF_IT}?path=${path}`;
      const put = await handler(new Request(url, { method: "PUT", body: "harm" }));
      assert(put.status >= 400 && put.status < 500, `PUT ${path}: ${put.status}`);
      if (path === "leak.txt") continue; // deleting a link is no harm
      await handler(new Request(url, { method: "DELETE" }));
    }
    for (
      const [op, body] of [
        ["copy", { from: "inside.txt", to: "../x" }],
        ["copy", { from: "leak.txt", to: "x" }],
        ["move", { from: "inside.txt", to: "leak/x" }],
        ["createSymlink", { target: "../secret.txt", path: "x" }],
        ["makeDirectory", { path: "leak/x" }],
        ["deleteTree", { path: "leak/root" }],
        ["deleteTree", { path: ".." }],
        ["makeDirectory", { path: 7 }],
        ["makeDirectory", ["x"]],
        ["makeDirectory", null],
      ] as const
    ) {
      const headers = { "content-type": "application/json" };
      const init = { method: "POST", headers, body: JSON.stringify(body) };
      const response = await handler(new Request(`${URL_OF_IT}?op=${op}`, init));
      const text = await response.text();
      assert(
        response.status >= 400 && response.status < 500,
        `${op} ${JSON.stringify(body)}: ${response.status} ${text}`,
      );
      assert(!text.includes(outer), text);
    }
    assert.deepEqual(snapshot(outer), before);
  }));

Deno.test("files: two parameters of one name, a name of no backend and a method of no meaning are refused", async () => {
  const ask = await withText();
  assert.equal(await codeOf(await ask("?path=a.txt&path=dir/b.txt")), "invalid-argument");
  assert.equal(await codeOf(await ask("?list=&limit=-1")), "invalid-argument");
  assert.equal(await codeOf(await ask("?op=nonsense", { method: "POST" })), "invalid-argument");
  assert.equal(await codeOf(await ask("?op=constructor", { method: "POST" })), "invalid-argument");
  assert.equal(await codeOf(await ask("", { method: "PUT", body: "x" })), "invalid-argument");
  const patch = await ask("?path=a.txt", { method: "PATCH", body: "x" });
  assert.equal(patch.status, 405);
  assert.match(patch.headers.get("allow")!, /PUT/);
  const handler = files({ it: new MemoryStore() });
  for (
    const path of ["/v1/files/other", "/v1/files/constructor", "/v1/files/", "/v1/files", "/", "/v1/files/it/a.txt"]
  ) {
    const response = await handler(new Request(`http://127.0.0.1${path}`));
    assert.equal(response.status, 404, path);
    assert.equal(await codeOf(response), "unknown-backend");
  }
});

Deno.test("files: what a page of another site can have a browser send changes nothing", async () => {
  const ask = await withText();
  const body = JSON.stringify({ path: "" });
  const simple = await ask("?op=deleteTree", { method: "POST", body, headers: { "content-type": "text/plain" } });
  assert.equal(simple.status, 415);
  const headers = { "content-type": "application/json", "sec-fetch-site": "cross-site" };
  assert.equal((await ask("?op=deleteTree", { method: "POST", body, headers })).status, 403);
  assert.equal((await ask("?path=a.txt", { method: "DELETE", headers })).status, 403);
  const content = await ask("?path=a.txt");
  assert.equal(content.headers.get("x-content-type-options"), "nosniff");
  assert.match(content.headers.get("content-security-policy")!, /sandbox/);
  assert.equal(content.headers.get("access-control-allow-origin"), null);
});

Deno.test("files: a body beyond the limit is refused, announced or not, and nothing is written", async () => {
  const store = new MemoryStore();
  const handler = files({ it: store }, { maxBodySize: 1000, maxPageSize: 3 });
  await using site = serve(store, { maxBodySize: 1000 });
  const url = `${site.url}?path=big`;
  assert.equal((await handler(new Request(url, { method: "PUT", body: new Uint8Array(1000) }))).status, 201);
  const announced = await fetch(url, { method: "PUT", body: new Uint8Array(1001) });
  assert.equal(announced.status, 413);
  await announced.body?.cancel();
  const stream = ReadableStream.from((async function* () {
    for (let i = 0; i < 20; i++) yield await Promise.resolve(new Uint8Array(100));
  })());
  const unannounced = await fetch(url, { method: "PUT", body: stream }).catch((error) => error);
  if (unannounced instanceof Response) {
    assert.equal(unannounced.status, 413);
    await unannounced.body?.cancel();
  }
  assert.equal((await store.stat("big"))?.size, 1000);
  for (let i = 0; i < 5; i++) await store.write(`list/${i}`, new Uint8Array());
  const page = await (await handler(new Request(`${site.url}?list=list&limit=99`))).json();
  assert.equal(page.entries.length, 3);
  const rest = await (await handler(new Request(`${site.url}?list=list&after=${page.next}`))).json();
  assert.deepEqual([rest.entries.length, rest.next], [2, undefined]);
  assert.throws(() => files({}, { maxBodySize: 0 }), { code: "invalid-argument" });
});

Deno.test("files: what is read only offers nothing else, and refuses the rest", async () => {
  const store = new MemoryStore();
  await store.write("a", new Uint8Array([1]));
  for (const readOnly of [true, ["it"]]) {
    const handler = files({ it: store, other: store }, { readOnly });
    const offer = await (await handler(new Request(URL_OF_IT))).json();
    assert(offer.members.includes("list") && !offer.members.includes("write") && !offer.members.includes("deleteTree"));
    for (const init of [{ method: "PUT", body: "x" }, { method: "DELETE" }]) {
      assert.equal(await codeOf(await handler(new Request(`${URL_OF_IT}?path=a`, init))), "unsupported");
    }
    const headers = { "content-type": "application/json" };
    for (const op of ["makeDirectory", "copy", "move", "deleteTree", "createSymlink"]) {
      const body = JSON.stringify({ path: "x", target: "a", from: "a", to: "b" });
      const response = await handler(new Request(`${URL_OF_IT}?op=${op}`, { method: "POST", headers, body }));
      assert.equal(await codeOf(response), "unsupported", op);
    }
    assert.deepEqual(await Array.fromAsync(store.list(""), ({ path }) => path), ["a"]);
  }
});

Deno.test("files: a link that leads out is told as one, and not where to", () =>
  withBox(async ({ outer, root }) => {
    await Deno.writeTextFile(`${root}/a`, "alpha");
    for (
      const [target, name] of [["a", "in"], [`${root}/a`, "whole"], [`${outer}/secret`, "out"], ["../secret", "up"]]
    ) {
      await Deno.symlink(target!, `${root}/${name}`);
    }
    const handler = files({ it: new DiskStore({ root }) });
    for (const [name, target] of [["in", "a"], ["whole", "a"], ["out", ".."], ["up", ".."], ["a", null]]) {
      const response = await handler(new Request(`http://localhost/v1/files/it?readlink=${name}`));
      assert.deepEqual(await response.json(), { target }, name!);
    }
  }));

Deno.test("files: a registry is served by its names; a disk without a root is not", async () => {
  await using registry = new BackendRegistry();
  registry.register("results", () => new MemoryBackend());
  const handler = files(registry);
  const put = await handler(new Request("http://x/v1/files/results?path=a.json", { method: "PUT", body: "[1]" }));
  assert.equal(put.status, 201);
  assert.deepEqual(await registry.get("results").load("a.json"), [1]);
  for (const disk of [handler, files(new Map([["disk", new DiskStore()]])), files({ disk: new DiskBackend() })]) {
    const response = await disk(new Request("http://x/v1/files/disk?path=etc/passwd"));
    assert.equal(await codeOf(response), "permission-denied");
  }
  const wrong = await handler(new Request("http://x/v1/files/results?path=b.json", { method: "PUT", body: "[1" }));
  assert.equal(await codeOf(wrong), "corrupt");
});

Deno.test("files: an error of the engine is told without what it is about", async () => {
  const broken = new MemoryStore();
  broken.read = () => Promise.reject(new Error("cannot open /srv/secret/a.db"));
  await broken.write("a", new Uint8Array(1));
  const response = await files({ it: broken })(new Request(`${URL_OF_IT}?path=a`));
  assert.equal(response.status, 500);
  assert(!(await response.text()).includes("secret"));
});

Deno.test("files: a browser that opens a directory gets a listing as JSON", async () => {
  const ask = await withText();
  const accept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
  const response = await ask("?path=", { headers: { accept } });
  assert.match(response.headers.get("content-type")!, /^application\/json/);
  const { entries } = await response.json();
  assert.deepEqual(entries.map(({ path, kind }: { path: string; kind: string }) => [path, kind]), [
    ["a.txt", "file"],
    ["dir", "directory"],
    ["empty", "file"],
  ]);
});

Deno.test("files: curl uploads, downloads a part, and is told why it may not", async (t) => {
  const found = await new Deno.Command("curl", { args: ["--version"] }).output().then(() => true, () => false);
  if (!found) say("curl is not here: skipped");
  await t.step({
    name: "curl",
    ignore: !found,
    fn: async () => {
      const store = new MemoryStore();
      await using site = serve(store);
      async function curl(...args: string[]): Promise<string> {
        const { stdout } = await new Deno.Command("curl", { args: ["-sS", ...args] }).output();
        return new TextDecoder().decode(stdout);
      }
      const file = await Deno.makeTempFile({ prefix: "polystore-remote-" });
      try {
        const content = crypto.getRandomValues(new Uint8Array(60_000));
        await Deno.writeFile(file, content);
        const url = `${site.url}?path=a%20b%2Bc`;
        assert.equal(await curl("-T", file, "-w", "%{http_code}", url), "201");
        assert.equal(await curl("-T", file, "-w", "%{http_code}", url), "204");
        assert.deepEqual(await store.read("a b+c"), content);
        assert.match(await curl("-T", file, "-H", "If-None-Match: *", url), /already-exists/);
        await curl("-o", file, "-r", "10-19", url);
        assert.deepEqual(await Deno.readFile(file), content.slice(10, 20));
        assert.match(await curl("-I", url), /content-length: 60000/i);
        assert.match(await curl(`${site.url}?path=..%2F..%2Fetc%2Fpasswd`), /invalid-path/);
      } finally {
        await Deno.remove(file);
      }
    },
  });
});
