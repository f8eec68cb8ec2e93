import { files } from "@polystore/polystore/files";
import { HttpBackend } from "@polystore/polystore/http";
import { HttpStore, type HttpStoreOptions, MemoryStore } from "@polystore/polystore/stores";
import { type OpenedStore, testStore } from "@polystore/polystore/testing";
import assert from "node:assert/strict";
import { type Kind, serve, serveFiles } from "./servers.ts";

function open(kind: Kind, options: Partial<HttpStoreOptions>, pageSize?: number): OpenedStore {
  const server = serveFiles(kind, pageSize);
  return {
    store: new HttpStore({ url: server.url, ...options }),
    put: async (path, bytes) => void await server.files.write(path, bytes),
    dispose: async () => await server[Symbol.asyncDispose](),
  };
}

await testStore("http, static", () => open("static", { listing: "none" }));
await testStore("http, static, revalidating", () => open("static", { listing: "none", revalidate: 1 << 26 }));
await testStore("http, nginx", () => open("nginx", {}));
await testStore("http, s3", () => open("s3", {}));
await testStore("http, s3, small pages", () => open("s3", { listing: "s3" }, 7));

/** A server of this package. */
function openFiles(): OpenedStore {
  const memory = new MemoryStore();
  const server = serve(files({ it: memory }));
  return {
    store: new HttpStore({ url: `${new URL(server.url).origin}/v1/files/it?path=` }),
    put: async (path, bytes) => void await memory.write(path, bytes),
    dispose: async () => await server[Symbol.asyncDispose](),
  };
}

await testStore("http, files()", openFiles);

Deno.test("http, files(): empty directories, and values", async () => {
  const memory = new MemoryStore();
  await using server = serve(files({ it: memory }));
  await memory.makeDirectory("a/empty");
  await memory.write("a/b c.json", new TextEncoder().encode('{"n":1}'));
  const http = new HttpBackend({ url: `${new URL(server.url).origin}/v1/files/it?path=`, listing: "files" });
  assert.equal(await http.isDir("a/empty"), true);
  assert.deepEqual(await http.listDir("a"), ["b c.json", "empty"]);
  assert.deepEqual(await http.load("a/b c.json"), { n: 1 });
  await assert.rejects(http.load("a"), { code: "is-a-directory" });
  await assert.rejects(http.load("../a"), { code: "invalid-path" });
});
