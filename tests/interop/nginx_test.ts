/**
 * With nginx itself: everything that is promised, of files that it serves.
 *
 * @module
 */

import { HttpBackend } from "@polystore/polystore/http";
import { parentPath } from "@polystore/polystore/stores";
import { HttpStore } from "@polystore/polystore/stores";
import { type OpenedStore, testStore } from "@polystore/polystore/testing";
import assert from "node:assert/strict";
import { say } from "../disk/setup.ts";
import { hasNginx, startNginx } from "./nginx.ts";

async function put(root: string, path: string, bytes: Uint8Array): Promise<void> {
  await Deno.mkdir(`${root}/${parentPath(path)}`, { recursive: true });
  await Deno.writeFile(`${root}/${path}`, bytes);
}

if (await hasNginx()) {
  const open = async (): Promise<OpenedStore> => {
    const nginx = await startNginx();
    return {
      store: new HttpStore({ url: nginx.url }),
      put: (path, bytes) => put(nginx.root, path, bytes),
      dispose: async () => await nginx[Symbol.asyncDispose](),
    };
  };
  await testStore("http, a real nginx", open, {
    refusesName: (name) => name.startsWith(".") ? "nginx lists no hidden files" : undefined,
  });

  Deno.test("http, a real nginx: etags, listings, and what it refuses", async () => {
    await using nginx = await startNginx();
    const http = new HttpBackend({ url: nginx.url, revalidate: 1_000_000 });
    await put(nginx.root, "plate/a.json", new TextEncoder().encode("[1]"));
    await put(nginx.root, "plate/b/c.txt", new TextEncoder().encode("text"));
    await put(nginx.root, "site/index.html", new TextEncoder().encode("<p>"));
    assert.deepEqual(await http.listFiles("plate", { recursive: true }), ["plate/a.json", "plate/b/c.txt"]);
    assert.deepEqual(await http.load("plate/a.json"), [1]);
    assert.deepEqual(await http.load("plate/a.json"), [1]);
    const { etag } = await http.stat("plate/a.json");
    assert.match(etag!, /^"/);
    await put(nginx.root, "plate/a.json", new TextEncoder().encode("[2, 3]"));
    assert.deepEqual(await http.load("plate/a.json"), [2, 3]);
    assert.notEqual((await http.stat("plate/a.json")).etag, etag);
    await assert.rejects(http.load("locked.txt"), { code: "permission-denied" });
    await assert.rejects(http.load("plate"), { code: "is-a-directory" });
    await assert.rejects(http.listDir("site"), { code: "unsupported", message: /index file/ });
    assert.equal(await http.isDir("site"), true);
  });
} else {
  say("nginx is not installed (apt-get install nginx-light): its tests are skipped");
  Deno.test({ name: "http, a real nginx (skipped: nginx is not installed)", ignore: true, fn: () => {} });
}
