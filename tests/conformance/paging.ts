/** What `list` promises about `after` and `limit`. */

import assert from "node:assert/strict";
import type { Entry, ListOptions } from "../../backends/stores/store.ts";
import { assertListed, collect, shown } from "./assertions.ts";
import { type StorePromise, storePromise, type StoreWith } from "./promise.ts";

const PATHS = ["a", "b-c/x", "b/c", "b/d/e", "b/d/f", "b/dd", "c", "d/\ufffd", "d/\u{1f600}", "e/f/g/h", "z"];

/** What `list` promises about `after` and `limit`. */
export const paging: readonly StorePromise[] = [
  storePromise("list/after", "yields with after only what comes later, be the path there or not", {
    needs: ["put"],
    async run({ store, putNamed }) {
      await putNamed(PATHS);
      const all = await collect(store.list(""));
      const others = ["", "b", "b-c", "b-d", "b/", "b/d/ee", "b0", "d/\uffff", "zz", "\u{10ffff}"];
      for (const after of [...all.map((entry) => entry.path), ...others]) {
        const expected = all.filter(({ path }) => compareBytes(path, after) > 0).map(shown);
        await assertListed(store, "", expected, { after });
      }
    },
  }),
  storePromise("list/after-prefix", "yields with after only what comes later below the prefix", {
    needs: ["put"],
    async run({ store, putNamed }) {
      await putNamed(PATHS);
      await assertListed(store, "b", ["b/c", "b/d/", "b/d/e", "b/d/f", "b/dd"], { after: "a" });
      await assertListed(store, "b", ["b/d/f", "b/dd"], { after: "b/d/e" });
      await assertListed(store, "b", ["b/d/", "b/dd"], { after: "b/c", shallow: true });
      await assertListed(store, "b", ["b/dd"], { after: "b/d/f" });
      await assertListed(store, "b", [], { after: "c" });
    },
  }),
  storePromise("list/limit", "yields with limit at most so many", {
    needs: ["put"],
    async run({ store, putNamed }) {
      await putNamed(PATHS);
      const all = (await collect(store.list(""))).map(shown);
      for (const limit of [0, 1, 2, all.length - 1, all.length, all.length + 1, Infinity]) {
        const some = (await collect(store.list("", { limit }))).map(shown);
        assert.deepEqual(some, all.slice(0, limit), `limit ${limit}`);
      }
    },
  }),
  storePromise("list/undefined-options", "takes an option that is undefined for one that is not there", {
    needs: ["put"],
    async run({ store, putNamed }) {
      await putNamed(["a", "b/c"]);
      const options = { after: undefined, limit: undefined, shallow: undefined, details: undefined, signal: undefined };
      await assertListed(store, "", ["a", "b/", "b/c"], options);
    },
  }),
  storePromise("list/pages", "yields the same in pages of any size as at once", {
    needs: ["put"],
    async run({ store, putNamed }) {
      await putNamed(PATHS);
      for (const prefix of ["", "b"]) {
        for (const shallow of [false, true]) {
          const whole = (await collect(store.list(prefix, { shallow }))).map(shown);
          for (let limit = 1; limit <= whole.length + 1; limit++) {
            const paged = (await pages(store, prefix, { shallow, limit })).map(shown);
            assert.deepEqual(paged, whole, `${JSON.stringify(prefix)} in pages of ${limit}, shallow: ${shallow}`);
          }
        }
      }
    },
  }),
];

/** Everything, page by page. */
async function pages(store: StoreWith<"list">, prefix: string, options: ListOptions): Promise<Entry[]> {
  const all: Entry[] = [];
  for (;;) {
    const page = await collect(store.list(prefix, { ...options, after: all.at(-1)?.path }));
    if (page.length === 0) return all;
    assert(page.length <= (options.limit ?? Infinity), `a page of ${page.length}`);
    const last = all.at(-1)?.path ?? "";
    assert(compareBytes(page[0]!.path, last) > 0, `a page after ${last} begins with ${page[0]!.path}`);
    all.push(...page);
  }
}

/** The order of paths, from its definition. */
function compareBytes(a: string, b: string): number {
  const x = new TextEncoder().encode(a);
  const y = new TextEncoder().encode(b);
  for (let i = 0; i < Math.min(x.length, y.length); i++) {
    if (x[i] !== y[i]) return x[i]! - y[i]!;
  }
  return x.length - y.length;
}
