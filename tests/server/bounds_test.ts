import { MemoryStore } from "@polystore/polystore/stores";
import assert from "node:assert/strict";
import { entry, Place } from "./place.ts";

/** Counts the contents that are read. */
class Counting extends MemoryStore {
  reads = 0;

  override read(...args: Parameters<MemoryStore["read"]>): ReturnType<MemoryStore["read"]> {
    this.reads++;
    return super.read(...args);
  }

  override readMany(...args: Parameters<MemoryStore["readMany"]>): ReturnType<MemoryStore["readMany"]> {
    this.reads += args[0].length;
    return super.readMany(...args);
  }
}

Deno.test("server, list: when an answer is full, no more values are asked for", async () => {
  const store = new Counting();
  await using place = new Place({ store, limits: { maxBody: 30_000 } });
  for (let batch = 0; batch < 20; batch++) {
    const ops = Array.from({ length: 50 }, (_, n) => ({ op: "put", key: `${batch}/${n}`, value: "x".repeat(400) }));
    await place.expect(200, "/v1/namespaces/n/batch", { method: "POST", json: { ops } });
  }
  const asks: [status: number, path: string][] = [
    [200, "/v1/namespaces/n/entries?values=1&limit=1000"],
    [422, "/registry/n/values"],
    [422, "/registry/n/items"],
  ];
  for (const [status, path] of asks) {
    store.reads = 0;
    const answer = await place.expect(status, path);
    assert(store.reads > 0 && store.reads <= 200, `${path}: ${store.reads} reads`);
    if (status === 200) assert(answer.next !== undefined && answer.entries.length < 100);
  }
  const json = { ops: Array.from({ length: 1000 }, (_, n) => ({ op: "get", key: `${Math.floor(n / 50)}/${n % 50}` })) };
  store.reads = 0;
  const { results } = await place.expect(200, "/v1/namespaces/n/batch", { method: "POST", json });
  assert(store.reads > 0 && store.reads <= 200, `${store.reads} reads`);
  assert.equal(results.at(-1).status, 413);
  assert.equal((await place.ask(entry("n", "19/49"))).status, 200);
});
