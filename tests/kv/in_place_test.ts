/** What is written without looking, or over what is there: two stores on one database must never be at odds. */

import assert from "node:assert/strict";
import { KvStore } from "../../backends/stores/kv_store.ts";
import { assertClean } from "./inspect.ts";

const ONE_PART = 65_536;

/** Runs with two stores on one database that know nothing of each other. */
async function withTwo(run: (a: KvStore, b: KvStore, kv: Deno.Kv) => Promise<void>): Promise<void> {
  const kv = await Deno.openKv(":memory:");
  try {
    await run(new KvStore({ kv }), new KvStore({ kv }), kv);
    await assertClean(kv);
  } finally {
    kv.close();
  }
}

function filled(size: number, byte: number): Uint8Array {
  return new Uint8Array(size).fill(byte);
}

Deno.test("kv: a part that is overwritten is never read with the entry of another content", () =>
  withTwo(async (a, b) => {
    await a.write("dir/file", filled(ONE_PART, 0));
    let writing = true;
    const write = async (): Promise<void> => {
      for (let round = 1; round <= 150; round++) {
        // Two sizes, so that a mixture is not even of the right length.
        await a.write("dir/file", filled(ONE_PART - round % 2, round));
      }
      writing = false;
    };
    const read = async (): Promise<number> => {
      let reads = 0;
      for (; writing; reads++) {
        const stream = reads % 2 === 0 ? await b.openRead("dir/file") : undefined;
        const content = stream ? await new Response(stream).bytes() : (await b.read("dir/file"))!;
        const [first] = content;
        assert.equal(content.length, first === 0 ? ONE_PART : ONE_PART - first! % 2);
        assert(content.every((byte) => byte === first));
      }
      return reads;
    };
    const [, reads] = await Promise.all([write(), read()]);
    assert(reads > 0);
  }));

Deno.test("kv: a part goes on serving its file when that was moved, and goes with it", () =>
  withTwo(async (a, b) => {
    await a.write("x", filled(ONE_PART, 1));
    await a.write("x", filled(ONE_PART, 2));
    await b.move("x", "y");
    assert.deepEqual(await a.read("y"), filled(ONE_PART, 2));
    await a.write("x", filled(ONE_PART, 3));
    await a.write("y", filled(ONE_PART, 4));
    assert.deepEqual(await b.read("x"), filled(ONE_PART, 3));
    await b.writeExpiring("y", filled(ONE_PART, 5), { expireIn: 100_000 });
    await b.delete("y");
    await b.delete("x");
  }));

function batch(count: number, byte: number): { path: string; bytes: Uint8Array }[] {
  return Array.from({ length: count }, (_, i) => ({ path: `dir/f${i}`, bytes: filled(10, byte) }));
}

Deno.test("kv: a batch over names that were seen last time sees what another store has done to them", () =>
  withTwo(async (a, b, kv) => {
    const others: ((store: KvStore) => Promise<unknown>)[] = [
      (store) => store.write("dir/f3", filled(200_000, 9)),
      (store) => store.write("dir/f4", filled(ONE_PART, 9)),
      (store) => store.delete("dir/f5"),
      (store) => store.deleteTree("dir"),
      (store) => store.write("dir/f6", filled(20, 9)),
      (store) => store.move("dir", "moved"),
      (store) => store.writeExpiring("dir/f7", filled(20, 9), { expireIn: 100_000 }),
    ];
    for (const [round, other] of others.entries()) {
      await a.writeMany(batch(60, 1));
      await a.writeMany(batch(60, round));
      await other(b);
      await a.writeMany(batch(60, 100 + round));
      for (const { path, bytes } of batch(60, 100 + round)) assert.deepEqual(await b.read(path), bytes);
      assert.equal((await b.stat("dir/f7"))!.expires, undefined);
      await assertClean(kv);
    }
    await a.delete("dir/f1");
    await b.createSymlink("dir/f2", "dir/f1");
    await a.writeMany(batch(60, 77));
    assert.equal(await b.readSymlink("dir/f1"), "dir/f2");
    assert.deepEqual(await b.read("dir/f2"), filled(10, 77));
    await b.delete("dir/f9");
    await b.makeDirectory("dir/f9");
    await assert.rejects(a.writeMany(batch(60, 78)), { code: "is-a-directory" });
  }));

Deno.test("kv: a batch does not undo a creation that was promised to be the first", () =>
  withTwo(async (a, b) => {
    for (let round = 0; round < 30; round++) {
      await a.writeMany(batch(60, 1));
      await b.delete("dir/f0");
      const created = await Promise.allSettled([
        a.writeMany(batch(60, 2)),
        b.write("dir/f0", filled(10, 3), { ifAbsent: true }),
      ]);
      assert.equal(created[0].status, "fulfilled");
      // Either it came first and was replaced by the batch, or it came second and was refused.
      assert.deepEqual(await b.read("dir/f0"), filled(10, 2));
    }
  }));

Deno.test("kv: a database that was copied key by key, so that entries are older than their parts, can be read", async () => {
  using from = await Deno.openKv(":memory:");
  using to = await Deno.openKv(":memory:");
  const [source, copy] = [new KvStore({ kv: from }), new KvStore({ kv: to })];
  const sizes = [0, 10, 65_520, ONE_PART, ONE_PART + 1, 300_000];
  for (const size of sizes) await source.write(`dir/${size}`, filled(size, 7));
  await source.createSymlink("dir", "linked");
  for await (const { key, value } of from.list({ prefix: [] })) await to.set(key, value);
  for (const round of [1, 2]) {
    for (const size of sizes) {
      assert.deepEqual(await copy.read(`dir/${size}`), filled(size, 7), `${size}, ${round}`);
      assert.deepEqual(await copy.read(`linked/${size}`, { range: { suffix: 9 } }), filled(Math.min(9, size), 7));
      const stream = await copy.openRead(`dir/${size}`);
      assert.deepEqual(await new Response(stream).bytes(), filled(size, 7));
    }
  }
  await copy.write(`dir/${ONE_PART}`, filled(ONE_PART, 8));
  assert.deepEqual(await copy.read(`dir/${ONE_PART}`), filled(ONE_PART, 8));
  await assertClean(to);
});
