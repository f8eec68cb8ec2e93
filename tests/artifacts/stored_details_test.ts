/** What is special about artifacts in a store: names, damage, the log, and what is left behind. */

import {
  type ArtifactEvent,
  ArtifactRegistry,
  StoredArtifacts,
  StoredNamespaces,
} from "@polystore/polystore/artifacts";
import { faulty } from "@polystore/polystore/layers";
import { comparePaths, layered, MemoryStore, StorageError, type Store } from "@polystore/polystore/stores";
import assert from "node:assert/strict";
import fc from "fast-check";
import { keyCode, keyPath, pathKey } from "../../registry/artifacts/key_name.ts";

const KEY = fc.oneof(
  fc.string({ unit: "binary", minLength: 1, maxLength: 20 }),
  fc.string({
    unit: fc.constantFrom("a", "A", "/", ".", "+", "-", "0", "~", "é", "\u{1F600}", "\uFFFD"),
    minLength: 1,
    maxLength: 420,
  }),
).filter((key) => new TextEncoder().encode(key).length <= 1024);

async function paths(store: Store): Promise<string[]> {
  const found: string[] = [];
  for await (const { path, kind } of store.list!("")) if (kind === "file") found.push(path);
  return found;
}

Deno.test("names of keys come back, sort like the keys, and are safe on any disk", () => {
  fc.assert(
    fc.property(KEY, KEY, (a, b) => {
      const [p, q] = [keyPath(a), keyPath(b)];
      assert.equal(pathKey(p), a);
      assert.equal(Math.sign(comparePaths(p, q)), Math.sign(comparePaths(a, b)));
      // A file and a directory never have the same name, and case does not tell names apart.
      assert(!p.startsWith(`${q}/`) && !q.startsWith(`${p}/`));
      if (a !== b) assert.notEqual(p.toLowerCase(), q.toLowerCase());
      for (const name of p.split("/")) {
        assert(name.length > 0 && name.length <= 255 && name !== "." && name !== "..");
        assert(!/[\0-\x20\\:*?"<>|\x7f-\uffff]|\.$/.test(name), name);
      }
      assert.equal(keyCode(a + b), keyCode(a) + keyCode(b));
    }),
    { numRuns: 3000 },
  );
  for (const stranger of ["", ".DS_Store", "A", "%20", "a/b", "!zz", "@1", "a+", "=41", "~80", "!61"]) {
    assert.equal(pathKey(stranger), undefined, stranger);
  }
});

Deno.test("what strangers put beside the artifacts is passed over, damage is told", async () => {
  const store = new MemoryStore();
  const artifacts = new StoredArtifacts(store, "a");
  await artifacts.put("k", "1");
  await store.write("a/entries/.DS_Store", new Uint8Array([1]));
  await store.write("Not A Namespace/x", new Uint8Array([1]));
  assert.deepEqual(await Array.fromAsync(artifacts.list({ values: true }), ({ key }) => key), ["k"]);
  assert.equal(await artifacts.count(), 1);
  assert.deepEqual(await Array.fromAsync(new StoredNamespaces(store).list()), ["a"]);
  const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
  for (const damage of [encode(""), encode("{}"), encode('{"etag":"x","write":"","value":1'), new Uint8Array([0xff])]) {
    await store.write("a/entries/k", damage);
    await assert.rejects(artifacts.get("k"), { code: "corrupt" });
  }
  await store.write("a/locks/k", encode("{"));
  await assert.rejects(artifacts.acquire("k", { owner: "o", ttl: 1 }), { code: "corrupt" });
  await artifacts.put("k", "2");
  assert.equal((await artifacts.get("k")).value, "2");
});

Deno.test("an entry is one JSON document", async () => {
  const store = new MemoryStore();
  await new StoredArtifacts(store, "Lab.x").put("Mean é", '{"a":[1]}', { writeId: "w-1" });
  const path = "@lab.x/entries/@mean!20~c3~a9";
  const document = JSON.parse(new TextDecoder().decode(await store.read(path)));
  assert.deepEqual({ ...document, etag: "" }, { etag: "", write: "w-1", value: { a: [1] } });
});

Deno.test("the log is swept, and who was away for too long begins anew", async () => {
  const store = new MemoryStore();
  const now = Date.now;
  try {
    let time = now();
    Date.now = () => time;
    const artifacts = new StoredArtifacts(store, "a");
    await artifacts.put("k", "1");
    const events = artifacts.watch();
    const { id } = (await events.next()).value!;
    await events.return(undefined);
    const logged = async (): Promise<number> => (await paths(store)).filter((path) => path.startsWith("a/log/")).length;
    assert.equal(await logged(), 1);
    time += 5 * 60_000;
    await artifacts.put("k", "2");
    assert.equal(await logged(), 2);
    const resumed = artifacts.watch({ since: id });
    const seen: ArtifactEvent[] = [];
    for await (const event of resumed) {
      if (seen.push(event) > 0 && event.etag === (await artifacts.get("k")).etag) break;
    }
    assert(!seen.some(({ kind }) => kind === "reset"));
    time += 8 * 60_000;
    await artifacts.put("k", "3");
    assert.equal(await logged(), 2);
    for await (const event of artifacts.watch({ since: id })) {
      assert.equal(event.kind, "reset");
      break;
    }
  } finally {
    Date.now = now;
  }
});

Deno.test("watching ends when the store fails, and can begin again", async () => {
  const memory = new MemoryStore();
  let down = false;
  const store: Store = {
    ...layered(memory, faulty([])),
    list: (prefix, options) => {
      if (down && prefix.endsWith("/log")) {
        throw new StorageError("unavailable", "the place is down", { retryable: true });
      }
      return memory.list(prefix, options);
    },
  };
  const artifacts = new StoredArtifacts(store, "a");
  const events = artifacts.watch();
  await events.next();
  down = true;
  await assert.rejects(events.next(), { code: "unavailable" });
  await assert.rejects(artifacts.watch().next(), { code: "unavailable" });
  down = false;
  for await (const { kind } of artifacts.watch()) {
    assert.equal(kind, "reset");
    break;
  }
  // A registry goes on by itself.
  const registry = new ArtifactRegistry<number>({ storage: new StoredArtifacts(store, "b") });
  const told = registry.watch();
  await told.next();
  down = true;
  const next = told.next();
  await new Promise((resolve) => setTimeout(resolve, 300));
  down = false;
  await registry.register("k", 1);
  const { value } = await next;
  assert.equal(value!.kind === "reset" || value!.key === "k", true);
  await told.return(undefined);
});

Deno.test("a listener that does not listen is told that it missed something", async () => {
  const artifacts = new StoredArtifacts(new MemoryStore(), "a");
  const events = artifacts.watch();
  await events.next();
  const first = events.next();
  await artifacts.put("first", "1");
  assert.equal((await first).value!.key, "first");
  for (let round = 0; round < 3; round++) {
    for (let part = 0; part < 3500; part++) await artifacts.put("k", "1");
  }
  let kind: string | undefined;
  while (kind !== "reset") kind = (await events.next()).value!.kind;
  await events.return(undefined);
});

Deno.test("a store without transactions takes back what an atomic batch had begun", async () => {
  const memory = new MemoryStore();
  const plain: Store = {
    read: (path, options) => memory.read(path, options),
    stat: (path, options) => memory.stat(path, options),
    list: (prefix, options) => memory.list(prefix, options),
    delete: (path, options) => memory.delete(path, options),
    async write(path, bytes, options) {
      // Someone takes the last key after it was looked at.
      if (path === "a/entries/a") await new StoredArtifacts(memory, "a").put("c", '"theirs"');
      return await memory.write(path, bytes, options);
    },
  };
  const artifacts = new StoredArtifacts(plain, "a");
  const results = await artifacts.batch(
    ["a", "b", "c"].map((key) => ({ op: "put", key, value: "1", ifAbsent: true })),
    { atomic: true },
  );
  assert(results.every(({ op }) => op === "error"));
  assert.deepEqual(await Array.fromAsync(artifacts.list()), [{ key: "c" }]);
});

Deno.test("a failed registration that nobody waits for ends the program, loudly", async () => {
  const script = `
    import { FunctionalRegistry } from "@polystore/polystore/artifacts";
    const losses = new FunctionalRegistry({ namespace: "a", remote: { port: 1, tries: 1 } });
    losses.entry("mse")(() => 1);
    await new Promise((resolve) => setTimeout(resolve, 2000));
    console.log("nothing happened");
  `;
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", script],
    cwd: new URL("../..", import.meta.url),
  }).output();
  assert.equal(success, false);
  assert.equal(new TextDecoder().decode(stdout), "");
  assert.match(new TextDecoder().decode(stderr), /Cannot register "mse"/);
});
