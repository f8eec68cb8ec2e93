import {
  BackendRegistry,
  FileManager,
  isStorageError,
  MemoryBackend,
  MemoryStore,
  type NdArray,
  ndarray,
  StoreBackend,
  ZarrBackend,
} from "@polystore/polystore";
import { observed, StoreCounters } from "@polystore/polystore/layers";
import { layered, type Store } from "@polystore/polystore/stores";
import { type OpenedBackend, testBackend } from "@polystore/polystore/testing";
import {
  fromMapping,
  METADATA_FILENAME,
  type SourcePixelRef,
  toMapping,
  VirtualWorkspaceBackend,
} from "@polystore/polystore/workspace";
import assert from "node:assert/strict";

function metadataOf(mapping: Record<string, SourcePixelRef>): unknown {
  const entries = Object.entries(mapping).map(([path, ref]) => [path, toMapping(ref)] as const);
  return { subdirectories: { images: { workspace_mapping: Object.fromEntries(entries) } } };
}

function open(): OpenedBackend {
  const memory = new MemoryBackend();
  const backend = new VirtualWorkspaceBackend({ backend: "memory" });
  const registry = { get: () => memory, has: () => true };
  backend.bindRegistry(registry);
  const mapping: Record<string, SourcePixelRef> = {};
  const write = (): Promise<unknown> => memory.save(metadataOf(mapping), METADATA_FILENAME);
  const written = write();
  return {
    backend,
    ownFormats: true,
    put: async (value, path) => {
      await written;
      const address = `sources/${Object.keys(mapping).length}`;
      await memory.save(value, address);
      // The same path again, spelled as the workspace does.
      mapping[path] = { backend: "memory", backendAddress: address };
      await write();
    },
  };
}

await testBackend("virtual workspace", open);

interface Setup {
  readonly fm: FileManager<{
    memory: MemoryBackend;
    disk: StoreBackend<Store>;
    zarr: ZarrBackend;
    workspace: VirtualWorkspaceBackend;
  }>;
  readonly counters: StoreCounters;
  map(mapping: Record<string, SourcePixelRef>): Promise<void>;
}

function setUp(): Setup {
  const counters = new StoreCounters();
  const disk = new StoreBackend<Store>(layered(new MemoryStore(), observed({ counters })));
  const zarr = new ZarrBackend({ store: new MemoryStore() });
  const workspace = new VirtualWorkspaceBackend({ plateRoot: "plates/P1" });
  const fm = new FileManager({ memory: new MemoryBackend(), disk, zarr, workspace });
  return {
    fm,
    counters,
    map: async (mapping) => void await fm.save(metadataOf(mapping), `plates/P1/${METADATA_FILENAME}`, "disk"),
  };
}

const stack = ndarray(new Uint16Array(24).map((_, i) => i), [2, 3, 4]);

Deno.test("workspace: files of several backends are shown in one tree", async () => {
  const { fm, map } = setUp();
  await fm.save({ wells: 96 }, "anywhere/meta.json", "disk");
  await fm.save(stack, "stack", "zarr");
  await fm.save("note", "n", "memory");
  await map({
    "meta.json": { backend: "disk", backendAddress: "anywhere/meta.json" },
    "A01/t0.npy": { backend: "zarr", backendAddress: "stack", sourceAxisIndices: [0] },
    "A01/t1.npy": { backend: "ZARR", backendAddress: "stack", sourceAxisIndices: [1] },
    "A01/t1/row 2": { backend: "zarr", backendAddress: "stack", sourceAxisIndices: [1, 2] },
    "A02/note.txt": { backend: "memory", backendAddress: "n" },
  });
  assert.deepEqual(await fm.listFiles("", "workspace", { recursive: true }), [
    "A01/t0.npy",
    "A01/t1.npy",
    "A01/t1/row 2",
    "A02/note.txt",
    "meta.json",
  ]);
  assert.deepEqual(await fm.load("meta.json", "workspace"), { wells: 96 });
  assert.deepEqual(await fm.load("A02/note.txt", "workspace"), "note");
  const plane = await fm.load<NdArray>("A01/t1.npy", "workspace");
  assert.deepEqual(plane, ndarray(new Uint16Array(12).map((_, i) => i + 12), [3, 4]));
  assert.equal(plane.data.buffer.byteLength, 24, "no more than the plane is kept");
  assert.deepEqual(await fm.load("A01/t1/row 2", "workspace"), ndarray(new Uint16Array([20, 21, 22, 23]), [4]));
  assert.equal(await fm.isDir("A01", "workspace"), true);
  assert.equal(await fm.exists("A03", "workspace"), false);
  await assert.rejects(fm.load("A01", "workspace"), { code: "is-a-directory" });
  await assert.rejects(fm.load("A03/x", "workspace"), { code: "not-found" });
  await assert.rejects(fm.load("../disk", "workspace"), { code: "invalid-path" });
});

Deno.test("workspace: a batch loads each source once, and the planes share nothing", async () => {
  const { fm, map, counters } = setUp();
  await fm.save(stack, "stack.npy", "disk");
  const refs = [0, 1, 0].map((index): SourcePixelRef => ({
    backend: "disk",
    backendAddress: "stack.npy",
    sourceAxisIndices: [index],
  }));
  await map({
    "a.npy": refs[0]!,
    "b.npy": refs[1]!,
    "c.npy": refs[2]!,
    "all.npy": { ...refs[0]!, sourceAxisIndices: [] },
  });
  await fm.exists("a.npy", "workspace");
  counters.calls.read = 0;
  const planes = await fm.loadBatch(["a.npy", "b.npy", "c.npy"], "workspace") as NdArray<"uint16">[];
  assert.equal(counters.calls.read, 1);
  assert.deepEqual(planes.map(({ data }) => data[0]), [0, 12, 0]);
  planes[0]!.data.fill(9);
  assert.equal(planes[2]!.data[0], 0);
  const all = await fm.loadBatch(["all.npy", "all.npy", "a.npy"], "workspace") as NdArray<"uint16">[];
  all[0]!.data.fill(9);
  assert.deepEqual(all[1], stack);
});

Deno.test("workspace: what the metadata say is noticed when they change", async () => {
  const { fm, map, counters } = setUp();
  await fm.save("one", "1.txt", "disk");
  await fm.save("two", "2.txt", "disk");
  await map({ "a.txt": { backend: "disk", backendAddress: "1.txt" } });
  assert.equal(await fm.load("a.txt", "workspace"), "one");
  const reads = counters.calls.read!;
  assert.equal(await fm.load("a.txt", "workspace"), "one");
  assert.equal(counters.calls.read, reads + 1, "the metadata are not read again");
  await map({ "a.txt": { backend: "disk", backendAddress: "2.txt" } });
  assert.equal(await fm.load("a.txt", "workspace"), "two");
});

Deno.test("workspace: samples are taken where the image is, or of the plane", async () => {
  const { fm, map } = setUp();
  await fm.save(stack, "stack.npy", "disk");
  await map({
    "all.npy": { backend: "disk", backendAddress: "stack.npy" },
    "one.npy": { backend: "disk", backendAddress: "stack.npy", sourceAxisIndices: [1] },
  });
  const request = { originYx: [1, 1], shapeYx: [1, 2] } as const;
  assert.deepEqual([...(await fm.sample("all.npy", "workspace", request)).data.data], [5, 6, 17, 18]);
  assert.deepEqual([...(await fm.sample("one.npy", "workspace", request)).data.data], [17, 18]);
});

Deno.test("workspace: what cannot be resolved is told by code", async () => {
  const { fm, map } = setUp();
  await fm.save(stack, "stack.npy", "disk");
  await fm.save("text", "a.txt", "disk");
  await assert.rejects(fm.load("a", "workspace"), (error) => isStorageError(error, "unavailable"));
  await map({
    "outside": { backend: "disk", backendAddress: "stack.npy", sourceAxisIndices: [2] },
    "deep": { backend: "disk", backendAddress: "stack.npy", sourceAxisIndices: [0, 0, 0, 0] },
    "text": { backend: "disk", backendAddress: "a.txt", sourceAxisIndices: [0] },
    "nobody": { backend: "nobody", backendAddress: "x" },
    "itself": { backend: "workspace", backendAddress: "itself" },
    "missing": { backend: "disk", backendAddress: "nothing.txt" },
  });
  const codes = {
    outside: "invalid-argument",
    deep: "invalid-argument",
    text: "invalid-argument",
    nobody: "unknown-backend",
    itself: "invalid-argument",
    missing: "not-found",
  };
  for (const [path, code] of Object.entries(codes)) await assert.rejects(fm.load(path, "workspace"), { code }, path);
  assert.equal(await fm.exists("missing", "workspace"), true, "the source is not looked at");
  const alone = new VirtualWorkspaceBackend();
  await assert.rejects(
    alone.load("a"),
    (error) => isStorageError(error, "unknown-backend") && /FileManager/.test(error.message),
  );
  assert(new BackendRegistry().has("virtual_workspace"));
});

Deno.test("workspace: metadata that are none are corrupt, and say where", async () => {
  const ref = toMapping({ backend: "disk", backendAddress: "a" });
  const mapped = (mapping: unknown): unknown => ({ subdirectories: { images: { workspace_mapping: mapping } } });
  const wrong: [unknown, RegExp][] = [
    [[], /no object/],
    [{}, /no workspace_mapping/],
    [{ subdirectories: [] }, /subdirectories is no object/],
    [{ subdirectories: { a: null } }, /subdirectories.a is no object/],
    [mapped("x"), /workspace_mapping is no object/],
    [mapped({ a: "path/of/old" }), /missing backend, backend_address, source_axis_indices/],
    [mapped({ a: { ...ref, more: 1 } }), /unknown more/],
    [mapped({ a: { ...ref, backend: " " } }), /not empty/],
    [mapped({ a: { ...ref, source_axis_indices: [-1] } }), /non-negative/],
    [mapped({ a: { ...ref, source_axis_indices: [true] } }), /non-negative/],
    [mapped({ "../a": ref }), /"\.\.\/a": .*root/],
    [mapped({ a: ref, "a/b": ref }), /file/],
    [mapped({ a: ref, "./a": ref }), /exists already/],
    [mapped({ "": ref }), /directory/],
  ];
  for (const [metadata, message] of wrong) {
    const { fm } = setUp();
    await fm.save(metadata, `plates/P1/${METADATA_FILENAME}`, "disk");
    await assert.rejects(
      fm.load("a", "workspace"),
      (error) => isStorageError(error, "corrupt") && message.test(error.message),
    );
  }
});

Deno.test("workspace: references come back from a document as they were", () => {
  const ref: SourcePixelRef = { backend: "disk", backendAddress: "a b/ü.npy", sourceAxisIndices: [0, 3] };
  assert.deepEqual(fromMapping(JSON.parse(JSON.stringify(toMapping(ref)))), ref);
  assert.equal(fromMapping(toMapping({ ...ref, backend: " Disk " })).backend, "disk");
});

Deno.test("workspace: an abort is what the caller sees", async () => {
  const { fm, map } = setUp();
  await map({ "a.txt": { backend: "disk", backendAddress: "1.txt" } });
  const reason = new Error("enough");
  await assert.rejects(
    fm.load("a.txt", "workspace", { signal: AbortSignal.abort(reason) }),
    (error) => error === reason,
  );
});
