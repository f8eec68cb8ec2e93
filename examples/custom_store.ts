// A store of one's own: the files of a plain JavaScript object, with layers in front of it. `testStore` holds it to its promises.
//
//   deno run examples/custom_store.ts

import { FileManager, layered, StoreBackend } from "@polystore/polystore";
import { prefixed, readOnly } from "@polystore/polystore/layers";
import { cut, flatEntries } from "@polystore/polystore/stores";
import type { AbortOptions, Entry, ListOptions, ReadOptions, Stat, Store } from "@polystore/polystore/stores";
import { checkStore } from "@polystore/polystore/testing";
import assert from "node:assert/strict";

/** A read-only store of what an object holds. Its directories are there while something is in them. */
class BundleStore implements Store {
  readonly #files: Map<string, Uint8Array>;

  constructor(files: Readonly<Record<string, string>>) {
    this.#files = new Map(Object.entries(files).map(([path, text]) => [path, new TextEncoder().encode(text)]));
  }

  add(path: string, content: Uint8Array): void {
    this.#files.set(path, content.slice());
  }

  // deno-lint-ignore require-await -- what is thrown must become a rejection
  async read(path: string, options?: ReadOptions): Promise<Uint8Array | undefined> {
    options?.signal?.throwIfAborted();
    const content = this.#files.get(path);
    return content && cut(content, options?.range).slice();
  }

  // deno-lint-ignore require-await
  async stat(path: string, options?: AbortOptions): Promise<Stat | undefined> {
    options?.signal?.throwIfAborted();
    const content = this.#files.get(path);
    if (content) return { kind: "file", size: content.length };
    const isDirectory = path === "" || [...this.#files.keys()].some((file) => file.startsWith(`${path}/`));
    return isDirectory ? { kind: "directory" } : undefined;
  }

  async *list(prefix: string, options?: ListOptions): AsyncGenerator<Entry> {
    yield* flatEntries(Array.from(this.#files, ([path, { length: size }]) => ({ path, size })), prefix, options);
  }
}

// What `testStore("bundle", open)` does in a test, each promise as a test of its own.
const verdicts = await checkStore(() => {
  const store = new BundleStore({});
  return { store, put: (path, bytes) => Promise.resolve(store.add(path, bytes)) };
});
assert.deepEqual(verdicts.filter(({ outcome }) => outcome === "broken"), []);
assert(verdicts.filter(({ outcome }) => outcome === "kept").length > 30);

const bundle = new BundleStore({ "app/ui.json": '{"dark":true}', "app/texts/en.txt": "Hello", "secret.txt": "no" });
const fm = new FileManager({ app: new StoreBackend(layered(bundle, prefixed("app"), readOnly())) });

assert.deepEqual(await fm.load("ui.json", "app"), { dark: true });
assert.deepEqual(await fm.listFiles("", "app", { recursive: true }), ["texts/en.txt", "ui.json"]);
await assert.rejects(fm.load("../secret.txt", "app"), { code: "invalid-path" });
await assert.rejects(fm.save("x", "new.txt", "app"), { code: "unsupported" });
