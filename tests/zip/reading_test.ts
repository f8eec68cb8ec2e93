import { FileManager } from "@polystore/polystore";
import { faulty, observed, StoreCounters } from "@polystore/polystore/layers";
import { isStorageError, layered, MemoryStore, type Store } from "@polystore/polystore/stores";
import { ZipBackend, ZipStore } from "@polystore/polystore/zip";
import assert from "node:assert/strict";
import { bytesOf, type File, forge, join, zipOf } from "./archives.ts";

const MIB = 1024 * 1024;

/** Bytes that do not deflate well, the same each time. */
function noise(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed;
  for (let i = 0; i < length; i++) bytes[i] = (state = (state * 1_103_515_245 + 12_345) & 0x7fff_ffff) >>> 20;
  return bytes;
}

interface Counted {
  readonly zip: ZipStore;
  readonly memory: MemoryStore;
  readonly counters: StoreCounters;
}

async function counted(archive: Uint8Array, options: { maxAge?: number } = {}): Promise<Counted> {
  const memory = new MemoryStore();
  await memory.write("a.zip", archive);
  const counters = new StoreCounters();
  const store = layered(memory, observed({ counters }));
  return { zip: new ZipStore({ store, path: "a.zip", ...options }), memory, counters };
}

Deno.test("zip: reading an entry reads the directory and that entry, never the whole archive", async () => {
  const files = Array.from({ length: 50 }, (_, i): File => [`${i}.bin`, noise(MIB, i + 1)]);
  const { zip, counters } = await counted(await zipOf(files, { level: 0 }));
  assert.equal((await Array.fromAsync(zip.list(""))).length, 50);
  assert(counters.bytesRead < 66_000, `${counters.bytesRead} bytes for the directory`);
  counters.bytesRead = 0;
  assert.deepEqual(await zip.read("7.bin"), noise(MIB, 8));
  assert(counters.bytesRead < MIB + 200, `${counters.bytesRead} bytes for an entry`);
  counters.bytesRead = 0;
  assert.deepEqual(await zip.read("7.bin", { range: { offset: 1000, length: 10 } }), noise(MIB, 8).slice(1000, 1010));
  assert.equal(counters.bytesRead, 10, "of a stored entry whose header was read, the range alone");
});

Deno.test("zip: of a deflated entry no more is read than the range needs", async () => {
  const content = noise(16 * MIB);
  const { zip, counters } = await counted(await zipOf([["a", content], ["b", "b"]]));
  await zip.read("b");
  counters.bytesRead = 0;
  const range = { offset: MIB, length: 1000 };
  assert.deepEqual(await zip.read("a", { range }), content.slice(MIB, MIB + 1000));
  assert(counters.bytesRead < 4 * MIB, `${counters.bytesRead} bytes`);
  counters.bytesRead = 0;
  const reader = (await zip.openRead("a"))!.getReader();
  await reader.read();
  await reader.cancel();
  assert(counters.bytesRead < 4 * MIB, `${counters.bytesRead} bytes`);
});

Deno.test("zip: many who begin at once read the directory once", async () => {
  const { zip, counters } = await counted(await zipOf([["a", "alpha"], ["b", "beta"]]));
  await Promise.all(Array.from({ length: 20 }, (_, i) => zip.stat(i % 2 === 0 ? "a" : "b")));
  assert.equal(counters.calls.read, 1);
});

Deno.test("zip: with maxAge the archive is looked at once", async () => {
  const { zip, counters } = await counted(await zipOf([["a", noise(1000)]], { level: 0 }), { maxAge: Infinity });
  await zip.read("a");
  const before = counters.calls.stat;
  for (let i = 0; i < 10; i++) {
    await zip.read("a", { range: { offset: i, length: 1 } });
    await zip.stat("a");
  }
  assert.equal(counters.calls.stat, before);
});

Deno.test("zip: another archive in its place is noticed by every operation", async () => {
  const memory = new MemoryStore();
  const old = await zipOf([["a", "old"], ["only old", "x"]]);
  const young = await zipOf([["first", noise(1000)], ["a", "younger"]]);
  for (
    const [call, expected] of [
      [(zip: ZipStore) => zip.read("a"), bytesOf("younger")],
      [(zip: ZipStore) => zip.read("a", { range: { suffix: 2 } }), bytesOf("er")],
      [async (zip: ZipStore) => (await zip.stat("a"))?.size, 7],
      [(zip: ZipStore) => zip.stat("only old"), undefined],
      [async (zip: ZipStore) => await new Response(await zip.openRead("a")).text(), "younger"],
      [(zip: ZipStore) => Array.fromAsync(zip.list(""), ({ path }) => path), ["a", "first"]],
    ] as const
  ) {
    await memory.write("a.zip", old);
    const zip = new ZipStore({ store: memory, path: "a.zip" });
    assert.deepEqual(await zip.read("a"), bytesOf("old"));
    await memory.write("a.zip", young);
    assert.deepEqual(await call(zip), expected);
  }
});

Deno.test("zip: an archive that is replaced while an entry is read is read again, and nothing is mixed", async () => {
  const memory = new MemoryStore();
  const contents = [noise(3 * MIB, 1), noise(3 * MIB, 2)];
  const archives = await Promise.all(contents.map((content) => zipOf([["a", content]], { level: 0 })));
  await memory.write("a.zip", archives[0]!);
  let replace = 0;
  const store: Store = {
    stat: (path, options) => memory.stat(path, options),
    async read(path, options) {
      // Just before a read of the content, another archive of the same size takes the place.
      if (replace > 0 && options?.range && "offset" in options.range && options.range.offset < 4 * MIB) {
        replace--;
        await memory.write(path, archives[replace % 2 === 0 ? 1 : 0]!);
      }
      return await memory.read(path, options);
    },
  };
  const zip = new ZipStore({ store, path: "a.zip" });
  await zip.read("a", { range: { offset: 0, length: 1 } });
  const range = { offset: MIB, length: MIB };
  for (const times of [1, 2, 3]) {
    replace = times;
    const bytes = await zip.read("a", { range });
    assert(contents.some((content) => String(content.slice(MIB, 2 * MIB)) === String(bytes)));
    assert.deepEqual(bytes, contents[1]!.slice(MIB, 2 * MIB), "what is there in the end");
  }
  replace = 1000;
  await assert.rejects(zip.read("a", { range }), (error) => isStorageError(error, "busy") && error.retryable);
  replace = 0;
  const stream = await zip.openRead("a");
  const reader = stream!.getReader();
  assert((await reader.read()).value!.length > 0);
  await memory.write("a.zip", archives[0]!);
  await assert.rejects(async () => {
    while (!(await reader.read()).done);
  }, { code: "unavailable" });
});

Deno.test("zip: who gives up leaves the others alone, and nothing is left open", async () => {
  const memory = new MemoryStore();
  await memory.write("a.zip", await zipOf([["a", "alpha"]]));
  const slow = layered(memory, faulty([{ method: "read", call: 1, delay: 30 }]));
  const zip = new ZipStore({ store: slow, path: "a.zip" });
  const controller = new AbortController();
  const reason = new Error("enough");
  const impatient = zip.read("a", { signal: controller.signal });
  const patient = zip.read("a");
  setTimeout(() => controller.abort(reason), 5);
  await assert.rejects(impatient, (error) => error === reason);
  assert.deepEqual(await patient, bytesOf("alpha"));
});

Deno.test("zip: an abort while the directory is read is what the caller sees", async () => {
  const memory = new MemoryStore();
  await memory.write("a.zip", await zipOf([["a", "alpha"]]));
  const hanging = layered(memory, faulty([{ method: "read", call: 1, delay: 10_000 }]));
  const zip = new ZipStore({ store: hanging, path: "a.zip" });
  const controller = new AbortController();
  const reason = new Error("enough");
  setTimeout(() => controller.abort(reason), 5);
  await assert.rejects(zip.stat("a", { signal: controller.signal }), (error) => error === reason);
  assert.equal((await zip.stat("a"))?.size, 5);
});

Deno.test("zip: an abort in the middle of a stream ends it", async () => {
  const bytes = await zipOf([["a", noise(8 * MIB)]]);
  const controller = new AbortController();
  const reason = new Error("enough");
  const reader = (await new ZipStore({ bytes }).openRead("a", { signal: controller.signal }))!.getReader();
  await reader.read();
  controller.abort(reason);
  await assert.rejects(async () => {
    while (!(await reader.read()).done);
  }, (error) => error === reason);
});

Deno.test("zip: an error of the store under a stream is what the reader sees, and a failure is not kept", async () => {
  const memory = new MemoryStore();
  await memory.write("a.zip", await zipOf([["a", noise(8 * MIB)]]));
  const failing = layered(memory, faulty([{ method: "read", call: 2 }]));
  const zip = new ZipStore({ store: { read: failing.read, stat: failing.stat }, path: "a.zip" });
  assert.equal((await zip.stat("a"))?.size, 8 * MIB);
  await assert.rejects(zip.read("a"), { code: "io" });
  assert.deepEqual(await zip.read("a"), noise(8 * MIB));
});

Deno.test("zip: 70 000 entries, more than a directory without zip64 can count", async () => {
  const count = 70_000;
  const name = (i: number): string => `d${i % 7}/${String(i).padStart(5, "0")}`;
  const bytes = forge(Array.from({ length: count }, (_, i) => ({ name: name(i), content: name(i) })));
  const zip = new ZipStore({ bytes });
  assert.equal((await Array.fromAsync(zip.list(""))).length, count + 7);
  assert.equal((await zip.stat(name(count - 1)))?.kind, "file");
  assert.deepEqual(await zip.read(name(66_000)), bytesOf(name(66_000)));
});

Deno.test("zip: offsets and prefixes of more than 4 GiB, of which nothing is read", async () => {
  const hole = 5 * 2 ** 30;
  const tail = await zipOf([["a.txt", "far away"], ["b.bin", noise(100_000)]], { offset: hole, zip64: true });
  let most = 0;
  const store: Store = {
    stat: () => Promise.resolve({ kind: "file", size: hole + tail.length, etag: "1" }),
    read(_, options) {
      const { offset, length } = options!.range as { offset: number; length: number };
      most = Math.max(most, length);
      const bytes = new Uint8Array(Math.max(0, Math.min(length, hole + tail.length - offset)));
      const from = Math.max(offset, hole);
      if (from < offset + length) bytes.set(tail.subarray(from - hole, offset + length - hole), from - offset);
      return Promise.resolve(bytes);
    },
  };
  const zip = new ZipStore({ store, path: "large.zip" });
  assert.deepEqual(await zip.read("a.txt"), bytesOf("far away"));
  assert.deepEqual(await zip.read("b.bin", { range: { suffix: 7 } }), noise(100_000).slice(-7));
  assert(most < 300_000, `${most} bytes in one read`);
});

Deno.test("zip: comments, bytes in front, and names in UTF-8 and in code page 437", async () => {
  const prefix = bytesOf("#!/bin/sh\nexec self-extract\n");
  const cp437 = new Uint8Array([0x81, 0x2e, 0x74, 0x78, 0x74]); // ü.txt
  const none = { flags: 0 };
  const bytes = forge([
    { name: cp437, content: "old", central: none, local: none },
    { name: "日本/ü.txt", content: "new" },
  ], { prefix, comment: "a comment" });
  const zip = new ZipStore({ bytes });
  assert.deepEqual(await Array.fromAsync(zip.list(""), ({ path }) => path), ["ü.txt", "日本", "日本/ü.txt"]);
  assert.deepEqual(await zip.read("ü.txt"), bytesOf("old"));
  assert.deepEqual(await zip.read("日本/ü.txt"), bytesOf("new"));
  const made = join([prefix, await zipOf([["a", "alpha", { comment: "c" }]])]);
  assert.deepEqual(await new ZipStore({ bytes: made }).read("a"), bytesOf("alpha"));
});

Deno.test("zip: the etag of an entry changes with its content, and only then", async () => {
  const etagOf = async (files: File[]): Promise<string | undefined> =>
    (await new ZipStore({ bytes: await zipOf(files, { level: 0 }) }).stat("a"))?.etag;
  const etag = await etagOf([["a", "alpha"], ["b", "beta"]]);
  assert.equal(await etagOf([["a", "alpha"], ["b", "other"]]), etag);
  assert.notEqual(await etagOf([["a", "alphb"], ["b", "beta"]]), etag);
});

Deno.test("zip: directories have entries or are there because something is in them", async () => {
  const bytes = await zipOf([["empty/", "", { directory: true }], ["a/b/c", "x"]]);
  const zip = new ZipBackend({ bytes });
  assert.deepEqual(await zip.listDir(""), ["a", "empty"]);
  assert.deepEqual(await zip.listDir("empty"), []);
  assert.equal((await zip.stat("a/b")).kind, "directory");
  await assert.rejects(zip.load("a/b"), { code: "is-a-directory" });
  await assert.rejects(zip.load("a/b/c/d"), { code: "not-a-directory" });
});

Deno.test("zip: a file manager copies out of an archive into other backends, byte for byte", async () => {
  const { MemoryBackend } = await import("@polystore/polystore/memory");
  const bytes = await zipOf([["plate/a.json", '{ "a": 1 }'], ["plate/b/c.bin", noise(100_000)]]);
  const fm = new FileManager({ zip: new ZipBackend({ bytes }), memory: new MemoryBackend() });
  await fm.copy("plate", "copy", "zip", { to: "memory" });
  assert.deepEqual(await fm.load("copy/a.json", "memory"), { a: 1 });
  assert.deepEqual(await fm.load("copy/b/c.bin", "memory"), noise(100_000));
  await assert.rejects(fm.save({}, "x.json", "zip"), { code: "unsupported" });
  await assert.rejects(fm.delete("plate/a.json", "zip"), { code: "unsupported" });
});

Deno.test("zip: an entry that is an archive is read through it", async () => {
  const inner = await zipOf([["deep.txt", "deep"]]);
  const outer = new ZipStore({ bytes: await zipOf([["inner.zip", inner, { level: 0 }]]) });
  assert.deepEqual(await new ZipStore({ store: outer, path: "inner.zip" }).read("deep.txt"), bytesOf("deep"));
});
