import {
  BackendRegistry,
  builtinFormats,
  FileManager,
  MemoryBackend,
  ndarray,
  StoreBackend,
  unknownBackend,
} from "@polystore/polystore";
import { HttpBackend } from "@polystore/polystore/http";
import { cached, retry, StoreCounters, timeout } from "@polystore/polystore/layers";
import { HttpStore, layered } from "@polystore/polystore/stores";
import { type OpenedBackend, testBackend } from "@polystore/polystore/testing";
import assert from "node:assert/strict";
import { type Kind, serveFiles } from "./servers.ts";

function open(kind: Kind): OpenedBackend {
  const server = serveFiles(kind);
  return {
    backend: new HttpBackend({ url: server.url, listing: kind === "static" ? "none" : "auto" }),
    put: async (value, path) => void await server.files.write(path, value as Uint8Array),
    dispose: async () => await server[Symbol.asyncDispose](),
  };
}

await testBackend("http, static", () => open("static"));
await testBackend("http, nginx", () => open("nginx"));
await testBackend("http, s3", () => open("s3"));

Deno.test("http: loads every format", async () => {
  await using server = serveFiles();
  const files = new StoreBackend(server.files);
  const http = new HttpBackend({ url: server.url });
  const values: Record<string, unknown> = {
    "a/b.json": { a: [1, null, "x"] },
    "a/text.txt": "text",
    "a/table.csv": [{ a: "1", b: "x" }],
    "a/array.npy": ndarray(new Float32Array([1, 2, 3, 4]), [2, 2]),
    "a/arrays.npz": { x: ndarray(new Uint8Array([1, 2]), [2]) },
    "a/raw": new Uint8Array([1, 2, 3]),
  };
  assert(builtinFormats() !== undefined);
  for (const [path, value] of Object.entries(values)) {
    await files.save(value, path);
    assert.deepEqual(await http.load(path), await files.load(path), path);
  }
  assert.deepEqual(await http.loadBatch(Object.keys(values)), await files.loadBatch(Object.keys(values)));
});

Deno.test("http: is copied from, and refuses to be written to", async () => {
  await using server = serveFiles("nginx");
  await server.files.write("plate/a.json", new TextEncoder().encode("{}"));
  await server.files.write("plate/b/c.txt", new TextEncoder().encode("text"));
  const fm = new FileManager({ http: new HttpBackend({ url: server.url }), memory: new MemoryBackend() });
  await fm.copy("plate", "here", "http", { to: "memory" });
  assert.deepEqual(await fm.load("here/a.json", "memory"), {});
  assert.equal(await fm.load("here/b/c.txt", "memory"), "text");
  await assert.rejects(fm.copy("here", "there", "memory", { to: "http" }), { code: "unsupported" });
  await assert.rejects(fm.delete("plate/a.json", "http"), { code: "unsupported" });
});

Deno.test("http: stands behind layers", async () => {
  await using server = serveFiles();
  await server.files.write("a.json", new TextEncoder().encode("[1]"));
  const counters = new StoreCounters();
  const store = layered(
    new HttpStore({ url: server.url }),
    timeout(10_000),
    retry(),
    cached({ maxAge: 0, counters }),
  );
  const backend = new StoreBackend(store);
  assert.deepEqual(await backend.load("a.json"), [1]);
  server.log.length = 0;
  assert.deepEqual(await backend.load("a.json"), [1]);
  assert.deepEqual(server.log, ["HEAD a.json"], "what has not changed comes from the cache");
  await server.files.write("a.json", new TextEncoder().encode("[2]"));
  assert.deepEqual(await backend.load("a.json"), [2]);
});

Deno.test("http: a registry is given it, and says how when it is asked for it", async () => {
  assert.match(unknownBackend("http", []).message, /new HttpBackend\(\{ url \}\).*@polystore\/polystore\/http/);
  await using server = serveFiles();
  await using registry = new BackendRegistry();
  registry.register("HTTP", () => new HttpBackend({ url: server.url }));
  assert(registry.get("http") instanceof HttpBackend);
  assert.equal(HttpBackend.backendType, "http");
});

Deno.test("http: is made again elsewhere from plain data, without its headers", () => {
  const options = {
    url: "https://example.org/a?",
    listing: "s3",
    revalidate: 10,
    trustWeakEtags: true,
    absent: [404, 403],
  } as const;
  const params = new HttpBackend({ ...options, headers: { authorization: "secret" } }).connectionParams();
  assert(!JSON.stringify(params).includes("secret"));
  const again = HttpBackend.fromConnectionParams(JSON.parse(JSON.stringify(params)));
  assert.deepEqual(again.connectionParams(), params);
  assert.equal(again.store.site.urlOf("b"), "https://example.org/a/b");
  const plain = HttpBackend.fromConnectionParams(new HttpBackend({ url: "http://h" }).connectionParams());
  assert.equal(plain.store.site.urlOf("b"), "http://h/b");
  for (const more of [{ fetch }, { listing: plain.store.site as never }, { url: "http://h/?sig=1" }]) {
    const http = new HttpBackend({ url: "http://h", ...more });
    assert.throws(() => http.connectionParams(), { code: "unsupported" });
  }
});
