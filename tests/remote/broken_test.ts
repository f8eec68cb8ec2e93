/** What becomes of calls whose connection, server or caller does not see them through. */

import assert from "node:assert/strict";
import { isStorageError } from "../../backends/errors.ts";
import { MemoryStore, RemoteStore } from "../../backends/stores/mod.ts";
import { files } from "../../registry/files.ts";
import { noise } from "../conformance/assertions.ts";
import { refuses, snapshot, withBox } from "../disk/setup.ts";
import { DiskStore } from "../../backends/stores/disk_store.ts";
import { Proxy } from "./proxy.ts";
import { PATIENCE, serve, serveHandler, type Site } from "./setup.ts";

function portOf(site: Site): number {
  return Number(new URL(site.url).port);
}

/** Runs with a store behind a server behind a proxy. */
async function withProxy(
  run: (given: { proxy: Proxy; memory: MemoryStore; store: RemoteStore; writes: string[] }) => Promise<void>,
): Promise<void> {
  const memory = new MemoryStore();
  const writes: string[] = [];
  const write = memory.write.bind(memory);
  memory.write = (path, bytes, options) => {
    writes.push(path);
    return write(path, bytes, options);
  };
  await using site = serve(memory);
  await using proxy = new Proxy(portOf(site));
  const store = new RemoteStore({ url: `http://127.0.0.1:${proxy.port}/v1/files/it`, timeout: 2000 });
  try {
    await run({ proxy, memory, store, writes });
  } finally {
    await store.close();
  }
}

/** Breaks the connections after each request, as many times as are told, then lets all pass. */
async function losing<T>(proxy: Proxy, times: number, call: () => Promise<T>): Promise<T> {
  proxy.fault = "lose";
  const before = proxy.requests;
  const pending = call();
  pending.catch(() => {/* awaited below */});
  while (proxy.requests < before + times) await new Promise((resolve) => setTimeout(resolve, 1));
  await new Promise((resolve) => setTimeout(resolve, 20));
  proxy.fault = "pass";
  return await pending;
}

Deno.test("a conditional write whose answer is lost is carried out once, and told as done", () =>
  withProxy(async ({ proxy, memory, store, writes }) => {
    await store.read("warm"); // the connection is there: what breaks it has the runtime send again
    for (let i = 0; i < 10; i++) {
      const { etag } = await losing(proxy, 1, () => store.write(`new${i}`, noise(100, i), { ifAbsent: true }));
      assert.equal((await memory.stat(`new${i}`))?.etag, etag);
      const next = await losing(proxy, 1, () => store.write(`new${i}`, noise(100, i + 1), { ifMatch: etag }));
      assert.equal((await memory.stat(`new${i}`))?.etag, next.etag);
      await losing(proxy, 1, () => store.delete(`new${i}`, { ifMatch: next.etag }));
      assert.equal(await memory.stat(`new${i}`), undefined);
    }
    assert.deepEqual(writes, Array.from({ length: 20 }, (_, i) => `new${i >> 1}`), "something was written twice");
  }));

Deno.test("a conflict is a conflict although its answer is lost", () =>
  withProxy(async ({ proxy, memory, store }) => {
    await memory.write("there", noise(10));
    await store.read("warm");
    for (let i = 0; i < 5; i++) {
      const create = () => losing(proxy, 1, () => store.write("there", noise(20), { ifAbsent: true }));
      await assert.rejects(create, { code: "already-exists" });
      const replace = () => losing(proxy, 1, () => store.write("there", noise(20), { ifMatch: "another" }));
      await assert.rejects(replace, { code: "precondition-failed" });
    }
    assert.deepEqual(await memory.read("there"), noise(10));
  }));

Deno.test("moves, links and batches whose answers are lost are carried out once", () =>
  withProxy(async ({ proxy, memory, store }) => {
    await memory.write("a", noise(10));
    await store.read("warm");
    await losing(proxy, 1, () => store.move("a", "b"));
    await losing(proxy, 1, () => store.createSymlink("b", "link"));
    assert.equal(await memory.readSymlink("link"), "b");
    const writes = [{ path: "m1", bytes: noise(10) }, { path: "m2", bytes: noise(20) }];
    const results = await losing(proxy, 1, () => store.writeMany(writes, { ifAbsent: true }));
    assert.equal((await memory.stat("m2"))?.etag, results[1]?.etag);
  }));

Deno.test("N writers x M increments through connections that keep breaking are N*M", () =>
  withProxy(async ({ proxy, memory, store }) => {
    await memory.write("count", new Uint8Array(4));
    let done = false;
    const breaking = (async () => {
      while (!done) {
        await new Promise((resolve) => setTimeout(resolve, 15));
        proxy.break();
      }
    })();
    async function increment(): Promise<void> {
      for (;;) {
        try {
          const stat = await store.stat("count");
          const bytes = await store.read("count");
          const view = new DataView(bytes!.buffer, bytes!.byteOffset);
          view.setUint32(0, view.getUint32(0) + 1);
          return void await store.write("count", bytes!, { ifMatch: stat!.etag! });
        } catch (error) {
          if (isStorageError(error, "precondition-failed")) continue;
          if (isStorageError(error, "unavailable") && error.retryable) continue;
          throw error;
        }
      }
    }
    await Promise.all(Array.from({ length: 4 }, async () => {
      for (let i = 0; i < 25; i++) await increment();
    }));
    done = true;
    await breaking;
    const bytes = (await memory.read("count"))!;
    assert.equal(new DataView(bytes.buffer).getUint32(0), 100);
  }));

Deno.test("content that is cut on the way is told as cut: whole, a range, a stream, a listing, a batch", () =>
  withProxy(async ({ proxy, memory, store }) => {
    for (const [path, size] of [["small", 5000], ["large", 6_000_000]] as const) await memory.write(path, noise(size));
    for (let i = 0; i < 2000; i++) await memory.write(`list/${i}`, noise(1));
    const calls: Record<string, () => Promise<unknown>> = {
      read: () => store.read("small"),
      large: () => store.read("large"),
      range: () => store.read("small", { range: { offset: 10 } }),
      stream: async () =>
        await new Response(await store.openRead("large") as ReadableStream<Uint8Array<ArrayBuffer>>).bytes(),
      list: () => Array.fromAsync(store.list("list")),
      readMany: () => store.readMany(["small", "large"]),
    };
    for (const [name, call] of Object.entries(calls)) {
      proxy.fault = { cut: 3000 };
      proxy.break();
      const error = await call().then(() => assert.fail(`${name} was told as whole`), (error) => error);
      assert(isStorageError(error, "unavailable") && error.retryable, `${name}: ${error}`);
      proxy.fault = "pass";
      proxy.break();
      await call().catch(() => call()); // the first may still meet the broken connection
    }
  }));

Deno.test("an upload that is cut on the way publishes nothing, and leaves nothing", () =>
  withBox(async ({ root }) => {
    const disk = new DiskStore({ root });
    await disk.write("old", noise(1000));
    const before = snapshot(root);
    await using site = serve(disk);
    await using proxy = new Proxy(portOf(site));
    const store = new RemoteStore({ url: `http://127.0.0.1:${proxy.port}/v1/files/it`, timeout: 2000 });
    const large = noise(40_000_000);
    const calls: Record<string, (path: string) => Promise<unknown>> = {
      small: (path) => store.write(path, large.subarray(0, 500_000)),
      large: (path) => store.write(path, large),
      conditional: (path) => store.write(path, large.subarray(0, 500_000), { ifMatch: "x" }),
      many: (path) => store.writeMany([{ path: "first", bytes: noise(10) }, { path, bytes: large }]),
      stream: async (path) => {
        const writer = (await store.openWrite(path)).getWriter();
        writer.closed.catch(() => {/* told by the write */});
        for (let i = 0; i < 40; i++) await writer.write(large.subarray(i * 500_000, (i + 1) * 500_000));
        await writer.close();
      },
    };
    await store.stat("");
    for (const [name, call] of Object.entries(calls)) {
      for (const path of ["old", "new"]) {
        proxy.fault = { upload: 200_000 };
        proxy.break();
        const pending = call(path).then(() => assert.fail(`${name} was told as done`), (error) => error);
        await new Promise((resolve) => setTimeout(resolve, 300));
        proxy.fault = "pass";
        proxy.break();
        const error = await pending;
        assert(isStorageError(error, "unavailable") && error.retryable, `${name}: ${error} ${error.cause}`);
        assert.deepEqual(snapshot(root), before, name);
      }
    }
    await store.close();
  }));

Deno.test("a server that is silent is told as unavailable, in time; one that works is waited for", async () => {
  const memory = new MemoryStore();
  await memory.write("a", noise(10));
  let late = 0;
  const { deleteTree } = memory;
  memory.deleteTree = async (path) => {
    await new Promise((resolve) => setTimeout(resolve, late));
    return await deleteTree.call(memory, path);
  };
  await using site = serve(memory);
  await using proxy = new Proxy(portOf(site));
  const store = new RemoteStore({ url: `http://127.0.0.1:${proxy.port}/v1/files/it`, timeout: 200 });
  proxy.fault = "hang";
  for (const call of [() => store.read("a"), () => store.stat("a"), () => Array.fromAsync(store.list(""))]) {
    const start = performance.now();
    await assert.rejects(call, { code: "unavailable", retryable: true });
    assert(performance.now() - start < 5000);
  }
  await assert.rejects(store.write("a", noise(20)), { code: "unavailable", retryable: true });
  await assert.rejects(store.write("a", noise(20), { ifMatch: "x" }), { code: "unavailable" });
  proxy.fault = "pass";
  proxy.break();
  late = 1000;
  await store.deleteTree("a");
  assert.equal(await memory.stat("a"), undefined);
  await store.close();
});

Deno.test("where no server is, every call says so, and may be made again", async () => {
  const site = serve(new MemoryStore());
  await site[Symbol.asyncDispose]();
  const store = new RemoteStore({ url: site.url, timeout: 1000 });
  for (
    const call of [
      () => store.read("a"),
      () => store.stat("a"),
      () => store.write("a", noise(1)),
      () => store.write("a", noise(1), { ifAbsent: true }),
      () => store.writeMany([{ path: "a", bytes: noise(1) }]),
      () => Array.fromAsync(store.list("")),
      () => Array.fromAsync(store.watch("")),
      () => store.readMany(["a"]),
      () => store.openRead("a"),
      () => store.openWrite("a"),
    ]
  ) {
    await assert.rejects(async () => await call(), { code: "unavailable", retryable: true });
  }
  await store.close();
  await refuses(() => store.read("a"), "closed");
});

Deno.test("another process over the same store is not asked about what it cannot know", async () => {
  const memory = new MemoryStore();
  const handlers = [files({ it: memory }), files({ it: memory })];
  let turn = 0;
  await using site = serveHandler((request) => handlers[turn++ % 2]!(request));
  const store = new RemoteStore({ url: site.url, timeout: PATIENCE });
  for (let i = 0; i < 10; i++) {
    const { etag } = await store.write(`a${i}`, noise(10), { ifAbsent: true });
    await store.write(`a${i}`, noise(20), { ifMatch: etag });
    await store.move(`a${i}`, `b${i}`);
  }
  assert.equal((await Array.fromAsync(store.list(""))).length, 10);
  await store.close();
});

Deno.test("a server that was replaced cannot tell: the outcome of a conditional write is not known, and said so", async () => {
  const memory = new MemoryStore();
  let handler = files({ it: memory });
  let lose = false;
  await using site = serveHandler(async (request) => {
    const response = await handler(request);
    if (!lose || request.method !== "PUT") return response;
    lose = false;
    handler = files({ it: memory });
    return new Response(null, { status: 502 });
  });
  const store = new RemoteStore({ url: site.url, timeout: PATIENCE });
  await store.stat("");
  lose = true;
  const error = await store.write("a", noise(10), { ifAbsent: true }).then(() => assert.fail(), (error) => error);
  assert(isStorageError(error, "unavailable") && !error.retryable, String(error));
  assert.match(error.message, /not known/);
  lose = true;
  await assert.rejects(store.write("a", noise(10)), { code: "unavailable", retryable: true });
  await store.close();
});

Deno.test("a server of something else says nothing about paths", async () => {
  for (const status of [404, 200, 204, 206, 301, 416, 401, 403, 500, 503]) {
    await using site = serveHandler(() => {
      const headers = { location: "/elsewhere", "retry-after": "2" };
      return new Response(status === 204 ? null : "<html>", { status, headers });
    });
    const store = new RemoteStore({ url: site.url, timeout: PATIENCE });
    for (
      const [name, call] of [
        ["stat", () => store.stat("a")],
        ["list", () => Array.fromAsync(store.list("a"))],
        ["members", () => store.members()],
        ["write", () => store.write("a", noise(1))],
        ["readMany", () => store.readMany(["a"])],
        ["read", () => store.read("a")],
        ["range", () => store.read("a", { range: { offset: 0, length: 2 } })],
        ["stream", () => store.openRead("a")],
        ["link", () => store.readSymlink("a")],
        ...(status >= 500 ? [] : [["delete", () => store.delete("a")], ["move", () => store.move("a", "b")]] as const),
      ] as const
    ) {
      const error = await (call as () => Promise<unknown>)().then(
        () => assert.fail(`${status} ${name}`),
        (error) => error,
      );
      assert(isStorageError(error), `${status} ${name}: ${error}`);
      if (status === 301) assert.match(error.message, /a redirect \(301\) to \/elsewhere: give that address/, name);
      if (status === 200) assert.match(error.message, /no PolyStore server/, name);
      if (status === 401) assert.equal(error.code, "permission-denied");
      if (status === 503 && name !== "write") assert.deepEqual([error.retryable, error.retryAfter], [true, 2000]);
    }
    await store.close();
  }
});
