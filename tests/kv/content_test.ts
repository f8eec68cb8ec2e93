import assert from "node:assert/strict";
import { KvStore } from "../../backends/stores/kv_store.ts";
import { refuses } from "../disk/setup.ts";
import { assertClean, inspect } from "./inspect.ts";

/** Runs with a store in a database that can be looked at. */
async function withStore(run: (store: KvStore, kv: Deno.Kv) => Promise<void>): Promise<void> {
  const kv = await Deno.openKv(":memory:");
  const store = new KvStore({ kv });
  try {
    await run(store, kv);
  } finally {
    await store.close();
    kv.close();
  }
}

function bytes(size: number, seed = 1): Uint8Array {
  const content = new Uint8Array(size);
  let x = seed;
  for (let i = 0; i < size; i++) content[i] = x = (x * 75 + 74) % 65537;
  return content;
}

async function keysOf(kv: Deno.Kv, kind: string): Promise<Deno.KvKey[]> {
  return await Array.fromAsync(kv.list({ prefix: ["polystore", kind] }), ({ key }) => key);
}

Deno.test("kv: content of every size about the limits is kept, in parts where it does not fit its entry", () =>
  withStore(async (store, kv) => {
    for (const size of [0, 1, 65_519, 65_520, 65_521, 65_536, 65_537, 131_072, 786_432, 786_433, 851_968, 1_572_865]) {
      await store.write("dir/file", bytes(size));
      const read = await store.read("dir/file");
      assert(read !== undefined && Bytes.compare(read, bytes(size)), `${size} bytes`);
      const parts = await keysOf(kv, "part");
      assert.equal(parts.length, size <= 65_520 ? 0 : Math.ceil(size / 65_536), `${size} bytes`);
      await assertClean(kv);
    }
    for (const size of [65_512, 65_513, 200_000]) {
      await store.writeExpiring("dir/file", bytes(size), { expireIn: 100_000 });
      assert(Bytes.compare((await store.read("dir/file"))!, bytes(size)));
      assert.equal((await keysOf(kv, "part")).length, size <= 65_512 ? 0 : Math.ceil(size / 65_536));
      await assertClean(kv);
    }
    await store.deleteTree("");
    assert.deepEqual(await inspect(kv), { paths: [], markers: 0, orphans: [] });
  }));

/** Compares quickly. */
const Bytes = {
  compare(a: Uint8Array, b: Uint8Array): boolean {
    return a.length === b.length && a.every((byte, i) => byte === b[i]);
  },
};

Deno.test("kv: whatever is replaced, moved or deleted leaves nothing behind", () =>
  withStore(async (store, kv) => {
    const paths = ["a/1", "a/b/2", "a/b/c/3", "x/4"];
    await store.writeMany(paths.map((path, i) => ({ path, bytes: bytes(70_000 * (i + 1), i) })));
    await store.writeMany(paths.map((path, i) => ({ path, bytes: bytes(80_000 - 25_000 * i, i) })));
    await store.move("a/b", "moved/here");
    await store.write("moved/here/2", bytes(10));
    await store.move("x/4", "moved/here/2");
    await store.copy("a/1", "moved/copy");
    await assertClean(kv);
    await store.deleteTree("moved");
    await store.delete("a/1");
    await store.delete("a");
    await store.delete("x");
    assert.deepEqual(await inspect(kv), { paths: [], markers: 0, orphans: [] });
  }));

Deno.test("kv: moving and deleting a tree is one atomic operation, whatever its size", () =>
  withStore(async (store, kv) => {
    await store.writeMany(Array.from({ length: 3000 }, (_, i) => ({ path: `big/${i % 30}/${i}`, bytes: bytes(5, i) })));
    const before = (await keysOf(kv, "entry")).length;
    await store.move("big", "other/place");
    assert.equal((await keysOf(kv, "entry")).length, before + 1);
    assert.deepEqual(await store.read("other/place/7/37"), bytes(5, 37));
    await store.deleteTree("other");
    assert.deepEqual(await inspect(kv), { paths: [], markers: 0, orphans: [] });
  }));

Deno.test("kv: damage is told as corrupt, by whole reads, ranges and streams", () =>
  withStore(async (store, kv) => {
    const content = bytes(300_000);
    const damage: Record<string, (key: Deno.KvKey, value: Uint8Array) => Promise<unknown>> = {
      "another byte": (key, value) => kv.set(key, value.map((byte, i) => i === 1000 ? byte ^ 1 : byte)),
      "a shorter part": (key, value) => kv.set(key, value.subarray(1)),
      "no part": (key) => kv.delete(key),
      "something else": (key) => kv.set(key, "text"),
    };
    for (const [what, change] of Object.entries(damage)) {
      await store.write("file", content);
      const key = (await keysOf(kv, "part"))[1]!;
      await change(key, (await kv.get<Uint8Array>(key)).value!);
      await refuses(() => store.read("file"), "corrupt", "damaged");
      await refuses(() => store.read("file", { range: { offset: 70_000, length: 10 } }), "corrupt");
      await refuses(() => store.readMany(["file"]), "corrupt");
      await refuses(
        async () => await new Response(await store.openRead("file") as ReadableStream<never>).bytes(),
        "corrupt",
      );
      await refuses(() => store.copy("file", "copy"), "corrupt");
      assert.deepEqual(await store.read("file", { range: { offset: 5, length: 10 } }), content.slice(5, 15), what);
    }
    await store.write("small", bytes(100));
    const key = (await keysOf(kv, "entry")).find((key) => key.at(-1) === "small")!;
    const value = (await kv.get<Uint8Array>(key)).value!;
    await kv.set(key, value.map((byte, i) => i === 50 ? byte ^ 1 : byte));
    await refuses(() => store.read("small"), "corrupt", "checksum");
    await refuses(() => store.readMany(["small"]), "corrupt");
    await kv.set(key, new Uint8Array([9, 9]));
    await refuses(() => store.read("small"), "corrupt", "entry");
  }));

Deno.test("kv: a name is kept up to the longest key, and refused before anything is written", () =>
  withStore(async (store, kv) => {
    await store.makeDirectory("dir");
    const id = (await keysOf(kv, "entry"))[0]!;
    assert.equal(id.at(-1), "dir");
    // 11 + 7 bytes for the texts, 18 for the id of the directory, 2 about the name.
    const longest = 2048 - 11 - 7 - 18 - 2;
    for (const character of ["n", "é", "😀"]) {
      const size = new TextEncoder().encode(character).length;
      const path = `dir/${character.repeat(longest / size)}${"n".repeat(longest % size)}`;
      await store.write(path, bytes(10));
      assert.deepEqual(await store.read(path), bytes(10));
      const over = `${path}n`;
      const before = await inspect(kv);
      for (const size of [10, 2_000_000]) {
        await refuses(() => store.write(over, bytes(size)), "name-too-long", "Deno KV");
      }
      await refuses(
        () => store.writeMany([{ path: "ok", bytes: bytes(1) }, { path: over, bytes: bytes(1) }]),
        "name-too-long",
      );
      await refuses(() => store.makeDirectory(`${over}/x`), "name-too-long");
      await refuses(() => store.openWrite(over), "name-too-long");
      await refuses(() => store.move(path, over), "name-too-long");
      assert.deepEqual(await inspect(kv), before);
      assert.equal(await store.stat(over), undefined);
      assert.deepEqual(await store.readMany([over, path]), [undefined, bytes(10)]);
      await store.delete(over);
    }
  }));

Deno.test("kv: what a dead writer left is swept by age, and what a live one writes is not", () =>
  withStore(async (store, kv) => {
    const dead = new KvStore({ kv });
    const writer = (await dead.openWrite("file")).getWriter();
    await writer.write(bytes(2_000_000));
    assert.equal((await inspect(kv)).markers, 1);
    assert.equal(await dead.sweep({ olderThan: 0 }), 0, "its own drafts are alive");
    assert.equal(await store.sweep(), 0, "not an hour old");
    assert.equal(await store.sweep({ olderThan: 0 }), 1);
    assert.deepEqual(await inspect(kv), { paths: [], markers: 0, orphans: [] });
    await refuses(
      async () => {
        await writer.write(bytes(2_000_000));
        await writer.close();
      },
      "busy",
      "swept",
    );
    assert.deepEqual(await inspect(kv), { paths: [], markers: 0, orphans: [] });
    await dead.close();
  }));

Deno.test("kv: a stream keeps what it reads from its own process, and is told when another took it", () =>
  withStore(async (store, kv) => {
    const other = new KvStore({ kv });
    const content = bytes(3_000_000);
    for (
      const replace of [
        () => store.write("file", bytes(9)),
        () => store.deleteTree("file"),
        () => store.move("new", "file"),
      ]
    ) {
      await store.write("file", content);
      await store.write("new", bytes(9));
      const reader = (await store.openRead("file"))!.getReader();
      const parts = [(await reader.read()).value!];
      await replace();
      for (let next = await reader.read(); !next.done; next = await reader.read()) parts.push(next.value);
      assert(Bytes.compare(await new Blob(parts as Uint8Array<ArrayBuffer>[]).bytes(), content));
    }
    await store.write("file", content);
    const reader = (await store.openRead("file"))!.getReader();
    await reader.read();
    await other.write("file", bytes(9));
    await refuses(
      async () => {
        while (!(await reader.read()).done);
      },
      "busy",
      "another process",
    );
    await other.close();
  }));

Deno.test("kv: batches in one directory lose nothing to each other", () =>
  withStore(async (store, kv) => {
    const other = new KvStore({ kv });
    await Promise.all([store, other, store, other].map((one, k) =>
      one.writeMany(
        Array.from({ length: 300 }, (_, i) => ({ path: `dir/${k % 2}-${i}`, bytes: bytes(i % 5 ? 10 : 70_000, i) })),
      )
    ));
    await assertClean(kv);
    for (let i = 0; i < 300; i += 17) {
      assert(Bytes.compare((await store.read(`dir/1-${i}`))!, bytes(i % 5 ? 10 : 70_000, i)));
    }
    await other.close();
  }));

Deno.test("kv: the engine is told when content expires, and parts stay longer than their entry", () =>
  withStore(async (store, kv) => {
    const given: Record<string, number> = {};
    const atomic = kv.atomic.bind(kv);
    Object.defineProperty(kv, "atomic", {
      value: () => {
        const operation = atomic();
        const mutate = operation.mutate.bind(operation);
        operation.mutate = (...mutations) => {
          for (const mutation of mutations) {
            if (mutation.type === "set" && mutation.expireIn) given[String(mutation.key[1])] = mutation.expireIn;
          }
          return mutate(...mutations);
        };
        return operation;
      },
    });
    await store.writeExpiring("file", bytes(200_000), { expireIn: 50_000 });
    assert(given.entry! <= 50_000 && given.entry! > 40_000, `${given.entry}`);
    assert(given.part! > 3_600_000, `${given.part}`);
  }));
