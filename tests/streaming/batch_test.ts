import assert from "node:assert/strict";
import fc from "fast-check";
import { isStorageError, ndarray } from "../../mod.ts";
import { decodeFrame, encodeFrame } from "../../backends/streaming/mod.ts";
import { anyValue, assertCame, batchIn, bytesOf, joined } from "./values.ts";

/** A batch of one item that says what it likes. */
function forged(item: unknown, ...buffers: Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer> {
  return joined(encodeFrame("batch", { sequence: 1, first: 1, items: [item] }, buffers));
}

const bytes = (length: number): Uint8Array<ArrayBuffer> => new Uint8Array(length);
const utf8 = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

Deno.test("batch: any value comes as it was, also many at once, with what is said about them", () => {
  const items = fc.array(fc.tuple(anyValue(), anyValue()), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(items, anyValue(), (items, metadata) => {
      const paths = items.map((_, index) => `plate/${index}`);
      const said = new Map(items.map(([, about], index) => [paths[index]!, about]));
      const options = { metadata, metadataOf: (path: string) => said.get(path) };
      const batch = batchIn(bytesOf(items.map(([value]) => value), paths, options));
      assert.deepEqual(batch.items.map(({ path }) => path), paths);
      for (const [index, { value, metadata }] of batch.items.entries()) {
        assertCame(value, items[index]![0]);
        assert.deepStrictEqual(metadata, items[index]![1]);
      }
      assert.deepStrictEqual(batch.metadata, metadata);
    }),
    { numRuns: 300 },
  );
});

Deno.test("batch: bytes are never base64, however deep they lie", () => {
  const value = { a: [new Map([["b", new Set([new Float32Array(1000).fill(1 / 3)])]])] };
  const frame = bytesOf([value], ["a"]);
  assert(frame.length < 4000 + 300);
  assert.deepStrictEqual(batchIn(frame).items[0]!.value, value);
});

Deno.test("batch: an array in columns keeps its order, a slice is packed, a view brings nothing else of its buffer", () => {
  const columns = ndarray(new Int16Array([1, 2, 3, 4, 5, 6]), [2, 3], { order: "F" });
  assert.deepStrictEqual(batchIn(bytesOf([columns], ["a"])).items[0]!.value, columns);
  const slice = { ...ndarray(new Int16Array(100), [10, 10]), shape: [2, 2] };
  const part = new Uint8Array(1_000_000).subarray(5, 8);
  assert(bytesOf([slice, part], ["a", "b"]).length < 500);
});

Deno.test("batch: what would not come back is refused, with the path", () => {
  class Own {}
  const cyclic: unknown[] = [];
  cyclic.push(cyclic);
  for (const value of [() => 1, new Own(), cyclic, Symbol("a"), { a: [new WeakMap()] }]) {
    assert.throws(() => bytesOf([value], ["a/b"]), { code: "invalid-value", path: "a/b" });
  }
  assert.throws(() => bytesOf([ndarray(new Uint8Array([2]), [1], { dtype: "bool" })], ["a"]), {
    code: "invalid-value",
  });
  assert.throws(() => bytesOf([1], [""]), { code: "invalid-path" });
  assert.throws(() => bytesOf([1], ["../a"]), { code: "invalid-path" });
  assert.throws(() => bytesOf([1, 2], ["a", "./a"]), { code: "invalid-argument" });
});

Deno.test("batch: shared memory comes as a copy", () => {
  const shared = new Uint8Array(new SharedArrayBuffer(3)).fill(7);
  const [a, b] = batchIn(bytesOf([shared, { shared }], ["a", "b"])).items;
  assert.deepEqual([...a!.value as Uint8Array], [7, 7, 7]);
  assert((a!.value as Uint8Array).buffer instanceof ArrayBuffer);
  assert.deepEqual([...(b!.value as { shared: Uint8Array }).shared], [7, 7, 7]);
});

Deno.test("batch: hostile items are refused, with the reason", () => {
  const array = { path: "a", kind: "ndarray", dtype: "uint16", shape: [2, 2], order: "C" };
  const cases: Record<string, [frame: Uint8Array<ArrayBuffer>, reason: RegExp]> = {
    "too few bytes": [forged(array, bytes(7)), /has 8 bytes: received 7/],
    "too many bytes": [forged(array, bytes(10)), /has 8 bytes: received 10/],
    "wrong dtype": [forged({ ...array, dtype: "uint128" }, bytes(8)), /dtype is none of/],
    "dtype of the prototype": [forged({ ...array, dtype: "toString" }, bytes(8)), /dtype is none of/],
    "wrong order": [forged({ ...array, order: "Z" }, bytes(8)), /order is none of/],
    "negative shape": [forged({ ...array, shape: [-2, -2] }, bytes(8)), /no count/],
    "shape overflow": [forged({ ...array, shape: [2 ** 40, 2 ** 40] }, bytes(8)), /too many elements/],
    "65 axes": [forged({ ...array, shape: Array(65).fill(1) }, bytes(2)), /65 axes/],
    "no shape": [forged({ ...array, shape: undefined }, bytes(8)), /shape is no list/],
    "bools": [forged({ ...array, dtype: "bool" }, bytes(4).fill(2)), /neither 0 nor 1/],
    "unknown field": [forged({ ...array, more: 1 }, bytes(8)), /unknown field "more"/],
    "unknown kind": [forged({ path: "a", kind: "function" }), /unknown kind/],
    "no path": [forged({ kind: "text" }, bytes(0)), /path is no string/],
    "path out": [forged({ path: "../../etc/passwd", kind: "text" }, bytes(0)), /not normal/],
    "absolute path": [forged({ path: "/etc/passwd", kind: "text" }, bytes(0)), /not normal/],
    "root": [forged({ path: "", kind: "text" }, bytes(0)), /not normal/],
    "NUL": [forged({ path: "a\0", kind: "text" }, bytes(0)), /not normal/],
    "lone surrogate": [forged({ path: "a\ud800", kind: "text" }, bytes(0)), /not normal/],
    "no item": [forged(7), /no object/],
    "missing buffer": [forged({ path: "a", kind: "text" }), /buffers are missing/],
    "left over": [forged({ path: "a", kind: "text" }, bytes(0), bytes(1)), /belong to no item/],
    "text": [forged({ path: "a", kind: "text" }, bytes(1).fill(255)), /not UTF-8/],
    "view": [forged({ path: "a", kind: "view", view: "Proxy" }, bytes(1)), /view is none of/],
    "view length": [forged({ path: "a", kind: "view", view: "Float64Array" }, bytes(9)), /9 bytes for a Float64Array/],
    "json": [forged({ path: "a", kind: "json", nested: 0 }, utf8("{]")), /not JSON/],
    "tag": [forged({ path: "a", kind: "json", nested: 0 }, utf8('{"$tag":["Function","x"]}')), /malformed tag/],
    "base64": [forged({ path: "a", kind: "json", nested: 0 }, utf8('{"$tag":["Uint8Array","AA=="]}')), /malformed tag/],
    "nested": [forged({ path: "a", kind: "json", nested: 0 }, utf8('{"$tag":["Uint8Array",0]}')), /not there/],
    "nested -1": [forged({ path: "a", kind: "json", nested: 0 }, utf8('{"$tag":["Uint8Array",-1]}')), /not there/],
    "nested twice": [
      forged(
        { path: "a", kind: "json", nested: 1 },
        utf8('[{"$tag":["Uint8Array",0]},{"$tag":["Uint8Array",0]}]'),
        bytes(1),
      ),
      /not there/,
    ],
    "nested unused": [forged({ path: "a", kind: "json", nested: 1 }, utf8("1"), bytes(1)), /no value refers/],
    "nested many": [forged({ path: "a", kind: "json", nested: 1e15 }, utf8("1")), /buffers are missing/],
    "deep metadata": [
      forged({ path: "a", kind: "text", metadata: JSON.parse("[".repeat(9000) + "]".repeat(9000)) }, bytes(0)),
      /nested deeper/,
    ],
  };
  for (const [name, [frame, reason]] of Object.entries(cases)) {
    assert.throws(() => batchIn(frame), (error) => {
      assert(isStorageError(error, "corrupt"), `${name}: ${error}`);
      assert.match(error.message, reason, name);
      return true;
    });
  }
});

Deno.test("batch: __proto__ as a field of an item or of the header is refused", () => {
  const item = JSON.parse('{"path":"a","kind":"text","__proto__":{"kind":"json"}}');
  assert.throws(() => batchIn(forged(item, bytes(0))), { code: "corrupt", message: /unknown field "__proto__"/ });
  const header = JSON.parse('{"sequence":1,"first":1,"items":[],"__proto__":{}}');
  assert.throws(() => batchIn(joined(encodeFrame("batch", header))), { code: "corrupt", message: /unknown field/ });
});

Deno.test("batch: numbers of batches are checked", () => {
  for (const [sequence, first] of [[0, 1], [1, 0], [1.5, 1], ["1", 1], [1, 2], [2 ** 60, 1]]) {
    const frame = joined(encodeFrame("batch", { sequence, first, items: [] }));
    assert.throws(() => batchIn(frame), { code: "corrupt" });
  }
});

Deno.test("batch: changed anywhere, it is a batch or corrupt, and nothing else happens", () => {
  const changes = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(anyValue(), anyValue(), changes, (value, metadata, changes) => {
      const bytes = bytesOf([value], ["a"], { metadata });
      for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
      try {
        batchIn(bytes);
      } catch (error) {
        assert(isStorageError(error, "corrupt", "unsupported"), String((error as Error).stack));
      }
    }),
    { numRuns: 2000 },
  );
});

Deno.test("batch: with transfer, whole arrays are given away; views on a part, shared and repeated ones stay", () => {
  const whole = new Uint8Array([1, 2]);
  const array = ndarray(new Float32Array([1, 2]));
  const part = new Uint8Array([1, 2, 3]).subarray(1);
  const twice = new Uint8Array([9]);
  const shared = new Uint8Array(new SharedArrayBuffer(1));
  const data = [whole, array, part, twice, twice, shared];
  const frame = bytesOf(data, ["a", "b", "c", "d", "e", "f"], { transfer: true });
  assert.deepEqual([whole.length, array.data.length, part.length, twice.length, shared.length], [0, 0, 2, 1, 1]);
  const values = batchIn(frame).items.map(({ value }) => value);
  assert.deepEqual(values[0], new Uint8Array([1, 2]));
  assert.deepEqual((values[1] as { data: unknown }).data, new Float32Array([1, 2]));
  assert.deepEqual(values.slice(2, 5), [new Uint8Array([2, 3]), new Uint8Array([9]), new Uint8Array([9])]);
});

Deno.test("batch: the header of a frame tells what is in it, as documented", () => {
  const image = ndarray(new Uint16Array(4), [2, 2]);
  const { kind, header } = decodeFrame(bytesOf([image, "x"], ["i", "t"], { metadata: { plate: 7 } }));
  assert.equal(kind, "batch");
  assert.deepEqual(header, {
    sequence: 1,
    first: 1,
    metadata: { plate: 7 },
    items: [
      { path: "i", kind: "ndarray", dtype: "uint16", shape: [2, 2], order: "C" },
      { path: "t", kind: "text" },
    ],
  });
});
