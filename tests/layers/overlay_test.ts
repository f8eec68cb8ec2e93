import { overlay } from "@polystore/polystore/layers";
import { DiskStore, layered, MemoryStore, type Store } from "@polystore/polystore/stores";
import { testStore } from "@polystore/polystore/testing";
import assert from "node:assert/strict";
import { bytesOf, leastStore, methodsOf } from "./place.ts";

// Everything in the upper store, then everything that the suite puts there in the lower one.
await testStore("overlay", () => layered(new MemoryStore(), overlay(new MemoryStore())), { numRuns: 20 });
await testStore("overlay on what is there", () => {
  const lower = new MemoryStore();
  return {
    store: layered(lower, overlay(new MemoryStore())),
    put: async (path, bytes) => void await lower.write(path, bytes),
  };
}, { numRuns: 5 });
await testStore("overlay, on disk both", async () => {
  const roots = await Promise.all([0, 1].map(() => Deno.makeTempDir({ prefix: "polystore-" })));
  const [lower, upper] = roots as [string, string];
  const open = (): Store => {
    return layered(
      new DiskStore({ root: lower, durability: "fast" }),
      overlay(new DiskStore({ root: upper, durability: "fast" })),
    );
  };
  return {
    store: open(),
    put: async (path, bytes) => void await new DiskStore({ root: lower, durability: "fast" }).write(path, bytes),
    reopen: () => Promise.resolve(open()),
    dispose: async () => void await Promise.all(roots.map((root) => Deno.remove(root, { recursive: true }))),
  };
}, { numRuns: 5 });

async function setUp(): Promise<{ lower: MemoryStore; upper: MemoryStore; store: Store }> {
  const [lower, upper] = [new MemoryStore(), new MemoryStore()];
  for (const path of ["a", "dir/b", "dir/sub/c", "z"]) await lower.write(path, bytesOf(`lower ${path}`));
  return { lower, upper, store: layered(lower, overlay(upper)) };
}

async function pathsOf(store: Store, prefix = ""): Promise<string[]> {
  return await Array.fromAsync(store.list!(prefix), ({ path }) => path);
}

Deno.test("overlay() offers what the upper store can change and both can read", () => {
  const some = methodsOf(layered(leastStore(), overlay({ ...leastStore(), ...writing(new MemoryStore()) })));
  assert.deepEqual(some, ["delete", "read", "stat", "write"]);
  const all = methodsOf(layered(new MemoryStore(), overlay(new MemoryStore())));
  for (const method of ["copy", "move", "createSymlink", "readSymlink", "readMany"]) {
    assert(!all.includes(method), method);
  }
  for (const method of ["list", "openWrite", "watch", "writeExpiring", "writeMany"]) {
    assert(all.includes(method), method);
  }
});

function writing(store: MemoryStore): Pick<MemoryStore, "list" | "write" | "delete"> {
  return {
    list: (prefix, options) => store.list(prefix, options),
    write: (path, bytes, options) => store.write(path, bytes, options),
    delete: (path, options) => store.delete(path, options),
  };
}

Deno.test("overlay() never changes the store below", async () => {
  const { lower, store } = await setUp();
  const before = await Array.fromAsync(lower.list(""));
  await store.write!("a", bytesOf("upper"));
  await store.write!("dir/new", bytesOf("upper"));
  await store.delete!("z");
  await store.deleteTree!("dir");
  await store.makeDirectory!("dir");
  assert.deepEqual(await Array.fromAsync(lower.list("")), before);
  assert.deepEqual(await lower.read("a"), bytesOf("lower a"));
  assert.deepEqual(await pathsOf(store), ["a", "dir"]);
});

Deno.test("overlay() keeps deleted what was deleted, also when it is opened again", async () => {
  const { lower, upper, store } = await setUp();
  await store.delete!("dir/b");
  await store.write!("dir/b", bytesOf("again"));
  await store.delete!("dir/b");
  await store.delete!("z");
  for (const each of [store, layered(lower, overlay(upper))]) {
    assert.deepEqual(await pathsOf(each), ["a", "dir", "dir/sub", "dir/sub/c"]);
    assert.equal(await each.read("dir/b"), undefined);
    assert.equal(await each.stat("z"), undefined);
    assert.equal(await each.openRead!("z"), undefined);
  }
});

Deno.test("overlay() does not show the old content of a directory that was made anew", async () => {
  const { store } = await setUp();
  await store.deleteTree!("dir");
  await store.write!("dir/sub/new", bytesOf("x"));
  assert.deepEqual(await pathsOf(store, "dir"), ["dir/sub", "dir/sub/new"]);
  assert.equal(await store.read("dir/sub/c"), undefined);
});

Deno.test("overlay() lets a file follow a directory, and a directory a file, of the store below", async () => {
  const { store } = await setUp();
  await assert.rejects(store.write!("dir", bytesOf("x")), { code: "is-a-directory" });
  await assert.rejects(store.write!("a/below", bytesOf("x")), { code: "not-a-directory" });
  await assert.rejects(store.makeDirectory!("a"), { code: "already-exists" });
  await store.deleteTree!("dir");
  await store.write!("dir", bytesOf("a file"));
  await store.delete!("a");
  await store.write!("a/below", bytesOf("deep"));
  assert.deepEqual(await pathsOf(store), ["a", "a/below", "dir", "z"]);
  assert.equal(await store.read("dir/b"), undefined);
});

Deno.test("overlay() compares and swaps over both stores", async () => {
  const { lower, store } = await setUp();
  await assert.rejects(store.write!("a", bytesOf("x"), { ifAbsent: true }), { code: "already-exists" });
  const { etag } = (await store.stat("a"))!;
  const upper = await store.write!("a", bytesOf("1"), { ifMatch: etag });
  await assert.rejects(store.write!("a", bytesOf("2"), { ifMatch: etag }), { code: "precondition-failed" });
  await assert.rejects(store.delete!("a", { ifMatch: etag }), { code: "precondition-failed" });
  await store.delete!("a", { ifMatch: upper.etag });
  await assert.rejects(store.write!("a", bytesOf("3"), { ifMatch: etag }), { code: "precondition-failed" });
  await store.write!("a", bytesOf("4"), { ifAbsent: true });
  // Two that began with the content below: one wins.
  const below = (await store.stat("z"))!.etag;
  const races = await Promise.allSettled([1, 2, 3].map((n) => store.write!("z", bytesOf(`${n}`), { ifMatch: below })));
  assert.equal(races.filter(({ status }) => status === "fulfilled").length, 1);
  assert.deepEqual(await lower.read("z"), bytesOf("lower z"));
});

Deno.test("overlay() keeps its notes to itself", async () => {
  const { upper, store } = await setUp();
  await store.delete!("a");
  assert.equal((await Array.fromAsync(upper.list(".polystore-overlay"))).length, 1);
  assert(!(await pathsOf(store)).some((path) => path.startsWith(".polystore")));
  assert.equal(await store.stat(".polystore-overlay"), undefined);
  await assert.rejects(store.write!(".polystore-overlay/x", bytesOf("x")), { code: "invalid-path" });
  await store.deleteTree!("");
  assert.deepEqual(await pathsOf(store), []);
  assert.equal((await store.stat(""))?.kind, "directory");
  assert.equal(await store.read("a"), undefined);
});

Deno.test("overlay() does not bring back what was below when a time is over", async () => {
  const { store } = await setUp();
  await store.writeExpiring!("a", bytesOf("soon gone"), { expireIn: 30 });
  assert.deepEqual(await store.read("a"), bytesOf("soon gone"));
  await new Promise((resolve) => setTimeout(resolve, 60));
  assert.equal(await store.read("a"), undefined);
});

Deno.test("overlay() watches both stores, and what goes", async () => {
  const { store } = await setUp();
  const news = store.watch!("a")[Symbol.asyncIterator]();
  const first = (await news.next()).value;
  assert.match(first!.etag!, /^l:/);
  await store.write!("a", bytesOf("x"));
  assert.match((await news.next()).value!.etag!, /^u:/);
  await store.delete!("a");
  assert.equal((await news.next()).value, undefined);
  await news.return?.();
  const other = store.watch!("z")[Symbol.asyncIterator]();
  await other.next();
  await store.delete!("z");
  assert.equal((await other.next()).value, undefined);
  await other.return?.();
});
