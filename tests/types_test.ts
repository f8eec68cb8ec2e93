// What must compile, and what must not: `deno check` is the test, and `@ts-expect-error` fails where an error is missing.

import {
  BackendRegistry,
  BackendView,
  DiskBackend,
  type Entry,
  type FileInfo,
  FileManager,
  type Format,
  MemoryBackend,
  type NdArray,
  ndarray,
  ReadOnlyBackend,
  registerBackend,
  registry,
  StorageBackend,
  StoreBackend,
  ZarrBackend,
} from "@polystore/polystore";
import { csv, json } from "@polystore/polystore/formats";
import { readOnly } from "@polystore/polystore/layers";
import { type Complete, layered, MemoryStore, type Store } from "@polystore/polystore/stores";
import assert from "node:assert/strict";

/** Compiles only if `A` and `B` are the same type. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

function same<A, B>(_proof: Same<A, B>): void {}

class Constants extends ReadOnlyBackend {
  static readonly backendType = "types_test_constants";
  override load(_path: string, _options?: { digits?: number; signal?: AbortSignal }): Promise<unknown> {
    return Promise.resolve(3);
  }
  override stat(path: string): Promise<FileInfo> {
    return Promise.resolve({ path, kind: "file", exists: true });
  }
  override async *entries(): AsyncGenerator<Entry> {}
}

const known = new FileManager({
  memory: new MemoryBackend(),
  disk: new DiskBackend(),
  constants: new Constants(),
});

Deno.test("types: a file manager of an object knows the names of its backends", () => {
  function _compiles(): void {
    known.load("a", "memory");
    // @ts-expect-error: no such backend
    known.load("a", "memroy");
    // @ts-expect-error: no such backend
    known.on("zarr");
    // @ts-expect-error: no such backend to copy to
    known.copy("a", "b", "memory", { to: "nowhere" });
    known.copy("a", "b", "memory", { to: "disk", verify: false });
  }
});

Deno.test("types: the options of a call are those of the backend it names", () => {
  function _compiles(): void {
    known.save(1, "a", "memory", { policy: "reference" });
    known.save(1, "a", "disk", { durability: "fast" });
    // @ts-expect-error: the disk has no policy
    known.save(1, "a", "disk", { policy: "reference" });
    // @ts-expect-error: memory has no durability
    known.save(1, "a", "memory", { durability: "fast" });
    // @ts-expect-error: durability is one of two words
    known.save(1, "a", "disk", { durability: "none" });
    known.load("a", "constants", { digits: 3 });
    // @ts-expect-error: only constants has digits
    known.load("a", "memory", { digits: 3 });
    known.on("disk").save(1, "a", { durability: "fast" });
    // @ts-expect-error: the disk has no policy
    known.on("disk").save(1, "a", { policy: "copy" });
  }
});

Deno.test("types: what a backend cannot do does not compile", () => {
  function _compiles(): void {
    // @ts-expect-error: constants cannot be saved to
    known.save(1, "a", "constants");
    // @ts-expect-error: nor deleted
    known.delete("a", "constants");
    // @ts-expect-error: nor copied to
    known.copy("a", "b", "memory", { to: "constants" });
    known.copy("a", "b", "constants", { to: "memory" });
    // @ts-expect-error: nor through a view
    known.on("constants").save(1, "a");
    known.on("constants").load("a");
  }
});

Deno.test("types: a file manager of a registry takes any name and any option", () => {
  function _compiles(): void {
    const fm = new FileManager(new BackendRegistry());
    fm.save(1, "a", "whatever", { chunks: [1, 2], durability: "fast" });
    fm.load("a", "whatever", { selection: [null] });
    const map = new FileManager(new Map([["memory", new MemoryBackend()]]));
    map.load("a", "memory");
  }
});

Deno.test("types: load tells the type it is told, or that of its format", () => {
  async function _compiles(): Promise<void> {
    const unknownValue = await known.load("a", "memory");
    same<typeof unknownValue, unknown>(true);
    const numbers = await known.load<number[]>("a", "memory");
    same<typeof numbers, number[]>(true);
    const format: Format<Date> = {
      name: "date",
      suffixes: [],
      encode: () => new Uint8Array(),
      decode: () => new Date(),
    };
    const date = await known.load("a", "disk", { format });
    same<typeof date, Date>(true);
    const view = await known.on("disk").load("a", { format });
    same<typeof view, Date>(true);
    await known.save([["a"]], "a.csv", "disk", { format: csv({ header: false }) });
    await known.save({}, "a", "disk", { format: json({ indent: 2 }) });
    await known.save({}, "a", "disk", { format: "json" });
  }
});

Deno.test("types: an array knows its dtype", () => {
  const floats = ndarray(new Float32Array(4), [2, 2]);
  same<typeof floats, NdArray<"float32">>(true);
  const flags = ndarray(new Uint8Array(4), [4], { dtype: "bool" });
  same<typeof flags, NdArray<"bool">>(true);
  function _compiles(): void {
    // @ts-expect-error: float32 data is not int8
    ndarray(new Float32Array(4), [4], { dtype: "int8" });
  }
});

Deno.test("types: only a concrete class with a name, constructible without arguments, registers", () => {
  abstract class Unfinished extends StorageBackend {
    static readonly backendType: string = "types_test_unfinished";
  }
  class NeedsArguments extends MemoryBackend {
    static override readonly backendType = "types_test_arguments";
    constructor(readonly url: string) {
      super();
    }
  }
  class Nameless extends StoreBackend {
    constructor() {
      super(new MemoryStore());
    }
  }
  function _compiles(): void {
    // @ts-expect-error: abstract
    registerBackend(Unfinished);
    // @ts-expect-error: needs an argument
    registerBackend(NeedsArguments);
    // @ts-expect-error: no backendType
    registerBackend(Nameless);
  }
  assert.equal(new BackendView("x", () => new Nameless()).name, "x");
});

Deno.test("types: a layer that forgets a member, or writes through readOnly, does not compile", () => {
  function _compiles(store: Store): void {
    // @ts-expect-error: may be missing on a store in general
    store.write("a", new Uint8Array());
    // @ts-expect-error: and is on this one
    layered(store, readOnly()).write("a", new Uint8Array());
    // @ts-expect-error: every member must be mentioned
    const _forgetful: Complete<Store> = { read: store.read, stat: store.stat };
    new MemoryStore().write("a", new Uint8Array());
  }
});

Deno.test("types: the options of the zarr backend are those of arrays", () => {
  function _compiles(): void {
    const fm = new FileManager({ zarr: new ZarrBackend(), memory: new MemoryBackend() });
    fm.save(ndarray(new Uint8Array(4), [2, 2]), "a", "zarr", { chunks: [1, 2], format: 2, compressor: "gzip" });
    fm.load("a", "zarr", { selection: [0, null] });
    new FileManager(registry).save(1, "a", "zarr", { chunks: [1, 2], format: 3, overwrite: false });
    // @ts-expect-error: overwrite is a boolean, of whichever backend
    new FileManager(registry).save(1, "a", "zarr", { overwrite: 1 });
    // @ts-expect-error: chunks are numbers
    fm.save(1, "a", "zarr", { chunks: ["1"] });
    // @ts-expect-error: memory has no chunks
    fm.save(1, "a", "memory", { chunks: [1] });
    // @ts-expect-error: memory loads no parts
    fm.load("a", "memory", { selection: [0] });
  }
});
