/**
 * Proves that the suite can fail: each of these stores is wrong in one way, and breaks exactly the promises it should. The
 * right store, opened in the same way, breaks none.
 */

import assert from "node:assert/strict";
import { checkStore, type Report, storePromises } from "../conformance/mod.ts";
import { wrongStores } from "./all.ts";
import { rightStore, type WrongStore } from "./wrong_store.ts";

const ids = storePromises.map(({ id }) => id);

/** What takes a long time even in memory is tried only on the stores that should break it. */
const LONG: ReadonlySet<string> = new Set([
  "write/random-operations",
  "write/path-long",
  "write/name-too-long",
  "write/aborted",
  "openWrite/large",
  "openRead/replaced",
  "read/aborted",
  "read/names-ascii",
]);

/** The promises that a store should break; `read/names-*` stands for all that begin so. */
function expected({ breaks }: WrongStore): string[] {
  const named = (id: string, name: string): boolean =>
    name.endsWith("*") ? id.startsWith(name.slice(0, -1)) : id === name;
  for (const name of breaks) assert(ids.some((id) => named(id, name)), `there is no promise "${name}"`);
  return ids.filter((id) => breaks.some((name) => named(id, name)));
}

async function check(store: WrongStore): Promise<Report> {
  const broken = new Set(expected(store));
  const only = ids.filter((id) => broken.has(id) || !LONG.has(id));
  return await checkStore(() => store.open(), { only, seed: 1, concurrency: 8, timeout: 60_000 });
}

Deno.test("wrong stores: the right store, of which each is made, breaks no promise", async () => {
  const report = await checkStore(rightStore, { seed: 1, concurrency: 8 });
  assert.deepEqual(report.broken, [], report.toString());
  assert.equal(report.kept.length, storePromises.length);
});

Deno.test("wrong stores: each breaks a promise, and has a name of its own", () => {
  for (const store of wrongStores) assert(expected(store).length > 0, store.what);
  assert.equal(new Set(wrongStores.map(({ what }) => what)).size, wrongStores.length);
});

Deno.test("wrong stores: every kind of promise is broken by one of them", () => {
  const methods = new Set(wrongStores.flatMap((store) => expected(store).map((id) => id.split("/")[0])));
  assert.deepEqual([...new Set(ids.map((id) => id.split("/")[0]))].filter((method) => !methods.has(method)), []);
});

Deno.test("wrong stores", async (t) => {
  // Some wait long for what never comes: several are tried at once.
  const reports = new Map(wrongStores.map((store) => [store, Promise.withResolvers<Report>()]));
  const waiting = reports.entries();
  const worker = async (): Promise<void> => {
    for (const [store, { resolve, reject }] of waiting) await check(store).then(resolve, reject);
  };
  const workers = Array.from({ length: 8 }, worker);
  for (const [store, { promise }] of reports) {
    await t.step({
      name: `a store that ${store.what} is caught`,
      async fn() {
        const report = await promise;
        assert.deepEqual(report.broken.map((verdict) => verdict.promise.id), expected(store), report.toString());
        assert(report.broken.every(({ error }) => error instanceof Error));
      },
      sanitizeOps: false,
      sanitizeResources: false,
    });
  }
  await Promise.all(workers);
});
