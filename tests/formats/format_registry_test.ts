import { builtinFormats, bytes, csv, type Format, FormatRegistry, json, text } from "../../backends/formats/mod.ts";
import assert from "node:assert/strict";

const roi: Format<string> = { ...text(), name: "roi", suffixes: [".roi.ZIP"] };

Deno.test("forPath() takes the longest known suffix of the last name, in any case", async () => {
  const formats = builtinFormats();
  formats.register(roi);
  formats.register({ ...bytes(), name: "zip", suffixes: [".zip"] });
  const names: [path: string, name: string | undefined][] = [
    ["a.json", "json"],
    ["dir.npy/a.b.JSON", "json"],
    ["x.ROI.zip", "roi"],
    ["x.y.roi.zip", "roi"],
    ["x.zip", "zip"],
    ["a.md", "text"],
    ["a.txt", "text"],
    ["a.csv", "csv"],
    ["a.npy", "npy"],
    ["a.npz", "npz"],
    [".json", undefined],
    ["dir/.json", undefined],
    [".hidden.json", "json"],
    ["json", undefined],
    ["a.json/b", undefined],
    ["a.tif", undefined],
    ["", undefined],
    ["a.", undefined],
    ["a.json.", undefined],
    ["a.json.bak", undefined],
    ["a.bytes", undefined],
  ]; // deno-fmt-ignore-line
  for (const [path, name] of names) assert.equal((await formats.forPath(path))?.name, name, path);
  assert.equal(formats.suffixOf("A.B.ROI.ZIP"), ".roi.zip");
});

Deno.test("builtinFormats() loads csv, npy and npz when they are first needed, and once", async () => {
  const formats = builtinFormats();
  assert(!(formats.forPath("a.json") instanceof Promise));
  const first = formats.forPath("a.npy");
  assert(first instanceof Promise);
  assert.equal(formats.get("npy"), first);
  const npy = await first;
  assert.equal(formats.forPath("b.npy"), npy);
  assert.equal(formats.get(".NPY"), npy);
  assert.equal((await formats.get("bytes"))?.name, "bytes");
  assert.equal(formats.get("tif"), undefined);
  assert.notEqual(builtinFormats().get("json"), formats.get("json"));
});

Deno.test("a load that fails is tried again", async () => {
  let loads = 0;
  const formats = new FormatRegistry();
  const load = () => ++loads === 1 ? Promise.reject(new Error("offline")) : Promise.resolve(roi);
  formats.register({ name: "roi", suffixes: [".roi.zip"], load });
  await assert.rejects(async () => await formats.forPath("a.roi.zip"), /offline/);
  assert.equal(await formats.forPath("a.roi.zip"), roi);
  assert.equal(formats.forPath("a.roi.zip"), roi);
  assert.equal(loads, 2);
});

Deno.test("register() refuses names and suffixes that are taken, and replaces on request", () => {
  const formats = new FormatRegistry();
  formats.register(json());
  assert.throws(() => formats.register({ ...text(), suffixes: [".txt", ".JSON"] }), {
    code: "already-exists",
    message: /json/,
  });
  assert.equal(formats.get("text"), undefined);
  assert.equal(formats.forPath("a.txt"), undefined);
  assert.throws(() => formats.register({ ...text(), name: "json" }), { code: "already-exists" });
  for (const suffix of ["txt", "", ".", ".a/b"]) {
    assert.throws(() => formats.register({ ...text(), suffixes: [suffix] }), { code: "invalid-argument" }, suffix);
  }
  const tagged = json({ tagged: true });
  formats.register(tagged, { replace: true });
  assert.equal(formats.forPath("a.json"), tagged);
  assert.deepEqual(formats.suffixes, [".json"]);
});

Deno.test("with() is a copy in which the new formats come first", async () => {
  const formats = builtinFormats();
  const lists = csv({ header: false });
  const changed = formats.with(lists, roi);
  assert.equal(changed.forPath("a.csv"), lists);
  assert.equal(changed.get("csv"), lists);
  assert.equal(changed.forPath("a.roi.zip"), roi);
  assert.equal(formats.forPath("a.roi.zip"), undefined);
  assert.notEqual(await formats.forPath("a.csv"), lists);
  assert.deepEqual(formats.suffixes, [".csv", ".json", ".md", ".npy", ".npz", ".txt"]);
});
