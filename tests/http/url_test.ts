import { type HttpFetch, HttpStore } from "@polystore/polystore/stores";
import assert from "node:assert/strict";
import { serve, serveFiles } from "./servers.ts";

Deno.test("http: refuses a URL that is none, or not of the kind that is wanted", () => {
  for (
    const url of ["", "host/path", "/path", "ftp://host/", "file:///etc", "http://me:secret@host/", "http://me@host/"]
  ) {
    assert.throws(() => new HttpStore({ url }), (error: Error) => {
      assert.equal((error as { code?: string }).code, "invalid-argument");
      return !error.message.includes("secret");
    });
  }
  assert.throws(() => new HttpStore({ url: "http://host/#part" }), { code: "invalid-argument" });
});

Deno.test("http: the root is a directory, with or without a final slash, with or without a query", () => {
  const url = (base: string | URL, path: string): string => new HttpStore({ url: base }).site.urlOf(path);
  assert.equal(url("http://host", "a/b"), "http://host/a/b");
  assert.equal(url("http://host/data", "a"), "http://host/data/a");
  assert.equal(url("http://host/data/", "a"), "http://host/data/a");
  assert.equal(url(new URL("https://host:8443/x/../data"), "a"), "https://host:8443/data/a");
  assert.equal(url("http://host/data?sig=a%2Fb&v=1", "a"), "http://host/data/a?sig=a%2Fb&v=1");
  assert.equal(url("http://host/data?", ""), "http://host/data/");
  const { site } = new HttpStore({ url: "http://host/data?v=1" });
  assert.equal(site.urlOf("", new URLSearchParams({ list: "a b" })), "http://host/data/?v=1&list=a+b");
  assert.equal(site.directoryUrlOf("a"), "http://host/data/a/?v=1");
  assert.equal(site.directoryUrlOf(""), "http://host/data/?v=1");
});

Deno.test("http: no name leads out of the base, or means anything to a URL", async () => {
  const asked: string[] = [];
  const fake: HttpFetch = (url) => {
    asked.push(new URL(url).href);
    return Promise.resolve(new Response(null, { status: 404 }));
  };
  const store = new HttpStore({ url: "http://host/data/set", fetch: fake, listing: "none" });
  const names = [
    "%2e%2e",
    "%2E%2e",
    ".%2e",
    "%2e",
    "..%2f..",
    "a?b",
    "a#b",
    "a%41",
    "a\\..\\b",
    "\\",
    "a;b",
    "http:",
    "@",
    ":",
  ];
  for (const name of names) {
    for (const path of [name, `dir/${name}`, `${name}/file`]) {
      await store.read(path);
      const url = new URL(asked.at(-1)!);
      assert(url.pathname.startsWith("/data/set/"), url.href);
      assert.deepEqual([url.origin, url.search, url.hash], ["http://host", "", ""]);
      assert.equal(url.pathname.slice("/data/set/".length).split("/").map(decodeURIComponent).join("/"), path);
    }
  }
  const before = asked.length;
  for (const path of ["..", "../x", "a/../../x", "a\0b", "\ud800"]) {
    await assert.rejects(store.read(path), { code: "invalid-path" }, path);
    await assert.rejects(store.stat(path), { code: "invalid-path" }, path);
    await assert.rejects(store.openRead(path), { code: "invalid-path" }, path);
  }
  for (const path of ["n".repeat(70_000), "n/".repeat(40_000) + "n"]) assert.equal(await store.read(path), undefined);
  assert.equal(asked.length, before, "nothing was asked");
});

Deno.test("http: a path that only a `/` is missing of is a directory, wherever the server thinks it is", async () => {
  const places = ["/dir/", "dir/", "http://other.example/dir/", "https://127.0.0.1/dir/", "/d%69r/"];
  for (const location of places) {
    await using server = serve(() => new Response(null, { status: 301, headers: { location } }));
    const store = new HttpStore({ url: server.url });
    assert.deepEqual(await store.stat("dir"), { kind: "directory" });
    assert.equal(await store.read("dir"), undefined);
    assert.equal(await store.openRead("dir"), undefined);
    assert.equal(server.log.length, 3, "it is not followed");
  }
});

Deno.test("http: it is a directory too where a proxy speaks TLS for the server", async () => {
  const headers = { location: "http://inside.example:8080/dir/" };
  const fake: HttpFetch = () => Promise.resolve(new Response(null, { status: 301, headers }));
  const store = new HttpStore({ url: "https://outside.example", fetch: fake });
  assert.deepEqual(await store.stat("dir"), { kind: "directory" });
  assert.equal(await store.read("dir"), undefined);
});

Deno.test("http: follows redirects, and tells other origins nothing", async () => {
  await using other = serveFiles();
  await other.files.write("moved", new TextEncoder().encode("0123456789"));
  for (const status of [301, 302, 303, 307, 308]) {
    await using server = serve((_, path) =>
      new Response("elsewhere", { status, headers: { location: path === "a" ? "/b" : `${other.url}moved` } })
    );
    other.requests.length = 0;
    const headers = { authorization: "Bearer secret", cookie: "secret", "x-api-key": "secret" };
    const store = new HttpStore({ url: server.url, headers });
    const bytes = await store.read("a", { range: { offset: 2, length: 3 } });
    assert.equal(new TextDecoder().decode(bytes), "234");
    assert.equal((await store.stat("a"))?.size, 10);
    assert.deepEqual(server.requests.map(({ headers }) => headers.get("x-api-key")), Array(4).fill("secret"));
    for (const { headers } of other.requests) assert(![...headers.values()].some((value) => value.includes("secret")));
    assert.equal(other.requests.length, 2);
  }
});

Deno.test("http: refuses redirects in a circle, to nowhere, and out of a secure place", async () => {
  await using server = serve((_, path) => {
    const location = path === "circle" ? "/circle" : path === "nowhere" ? "http://" : "file:///etc/passwd";
    return new Response(null, { status: 302, headers: path === "nothing" ? {} : { location } });
  });
  const store = new HttpStore({ url: server.url });
  await assert.rejects(store.read("circle"), { code: "unavailable", message: /again and again/ });
  assert.equal(server.log.length, 11);
  await assert.rejects(store.read("nowhere"), { code: "corrupt" });
  await assert.rejects(store.read("file"), { code: "unavailable", message: /file:/ });
  await assert.rejects(store.read("nothing"), { code: "io", message: /302/ });
  const fake: HttpFetch = (url) => {
    assert(url.startsWith("https:"), "it went to an insecure place");
    return Promise.resolve(new Response(null, { status: 302, headers: { location: "http://host/b" } }));
  };
  const secure = new HttpStore({ url: "https://host", fetch: fake });
  await assert.rejects(secure.read("a"), { code: "unavailable", message: /from https: to http:/ });
});
