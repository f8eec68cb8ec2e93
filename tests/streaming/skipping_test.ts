import assert from "node:assert/strict";
import { BackendRegistry, FileManager, MemoryBackend, ndarray, type SaveResult, StreamingBackend } from "../../mod.ts";
import { StreamReceiver } from "../../backends/streaming/mod.ts";
import { WireBackend } from "./wire.ts";

Deno.test("streaming: what is not supported or empty is skipped, and told; the rest is sent", async () => {
  const came: string[] = [];
  const skipped: (readonly string[])[] = [];
  await using receiver = new StreamReceiver(({ items }) => void came.push(...items.map(({ path }) => path)));
  await using backend = new WireBackend(() => receiver, {
    extensions: [".tif", "ROI.zip"],
    onSkipped: (paths) => skipped.push(paths),
  });
  const image = ndarray(new Uint8Array(4), [2, 2]);
  const empty = ndarray(new Uint8Array(0), [0, 2]);
  const results = await backend.saveBatch(
    [image, image, image, image, empty, [], null, image],
    ["a.tif", "b.TIF", "c.roi.zip", "d.zip", "e.tif", "f.tif", "g.tif", ".tif"],
  );
  assert.deepEqual(results, [{}, {}, {}]);
  assert.deepEqual(came, ["a.tif", "b.TIF", "c.roi.zip"]);
  assert.deepEqual(skipped, [["d.zip", "e.tif", "f.tif", "g.tif", ".tif"]]);
  assert.deepEqual(await backend.save("x", "table.csv"), {});
  assert.deepEqual(skipped[1], ["table.csv"]);
  assert.deepEqual(came.length, 3);
  assert.deepEqual(backend.filterStreamable([image, 1], ["a.tif", "b.csv"]), {
    data: [image],
    paths: ["a.tif"],
    skipped: ["b.csv"],
  });
});

Deno.test("streaming: nothing left to send connects nobody", async () => {
  await using receiver = new StreamReceiver(() => {});
  await using backend = new WireBackend(() => receiver, { extensions: [".tif"] });
  assert.deepEqual(await backend.saveBatch([1, 2], ["a", "b"]), []);
  assert.equal(backend.wires.length, 0);
});

Deno.test("streaming: without extensions every suffix is sent", async () => {
  const came: string[] = [];
  await using receiver = new StreamReceiver(({ items }) => void came.push(...items.map(({ path }) => path)));
  await using backend = new WireBackend(() => receiver);
  assert.equal(backend.supportedExtensions, undefined);
  await backend.saveBatch([1, 2], ["a.csv", "b"]);
  assert.deepEqual(came, ["a.csv", "b"]);
});

Deno.test("streaming: through a file manager, beside other backends, with options of its own", async () => {
  const came: unknown[] = [];
  await using receiver = new StreamReceiver(({ items, metadata }) => {
    came.push(metadata, ...items.map(({ path, value }) => [path, value]));
  });
  await using viewer = new WireBackend(() => receiver, { extensions: [".npy"] });
  const fm = new FileManager({ memory: new MemoryBackend(), viewer });
  const image = ndarray(new Float32Array([1, 2, 3]));
  for (const name of ["memory", "viewer"] as const) await fm.save(image, "plate/a.npy", name);
  await fm.saveBatch([image], ["plate/b.npy"], "viewer", { metadata: { channel: 2 } });
  assert.deepEqual(came, [undefined, ["plate/a.npy", image], { channel: 2 }, ["plate/b.npy", image]]);
  await assert.rejects(fm.save(() => 1, "x.npy", "viewer"), {
    code: "invalid-value",
    message: /^Cannot save "x\.npy" in backend "viewer": /,
  });
});

Deno.test("streaming: in a registry, under a name of its own, made when it is first asked for, closed with it", async () => {
  const came: string[] = [];
  await using receiver = new StreamReceiver(({ items }) => void came.push(items[0]!.path));
  const made: WireBackend[] = [];
  {
    await using registry = new BackendRegistry();
    registry.register("viewer", () => {
      const backend = new WireBackend(() => receiver);
      made.push(backend);
      return backend;
    });
    assert.equal(made.length, 0);
    await new FileManager(registry).save("x", "a", "viewer", { metadata: 1 });
  }
  assert.deepEqual(came, ["a"]);
  await assert.rejects(made[0]!.save("y", "b"), { code: "closed" });
});

Deno.test("streaming: a backend of one's own", async () => {
  class Own extends StreamingBackend {
    readonly sent: string[] = [];
    override get supportedExtensions(): ReadonlySet<string> {
      return new Set([".png"]);
    }
    protected override sendBatch(_data: readonly unknown[], paths: readonly string[]): Promise<SaveResult[]> {
      this.sent.push(...paths);
      return Promise.resolve(paths.map(() => ({})));
    }
  }
  const own = new Own();
  await own.saveBatch([1, 2], ["a.png", "b.csv"]);
  assert.deepEqual(own.sent, ["a.png"]);
  assert.equal(own.requiresFilesystemValidation, false);
});
