import { json, tag, untag } from "../../backends/formats/mod.ts";
import { isStorageError } from "../../backends/errors.ts";
import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeText, encodedText, refuses, roundTrip, survivesDamage } from "./bytes_of.ts";

const plain = json();
const tagged = json({ tagged: true });

const key = fc.oneof(
  fc.string(),
  fc.constantFrom(
    "__proto__",
    "constructor",
    "toString",
    "length",
    "",
    "0",
    "10",
    "\ud800",
    "$tag",
    "\u2028",
    "hasOwnProperty",
  ),
);
const anything = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom<unknown>(null, true, false, -0, 0, "", "\udc00", 5e-324, Number.MAX_VALUE, 1e21),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.string({ unit: "binary" }),
    fc.array(tie("value")),
    fc.array(fc.tuple(key, tie("value"))).map((entries) => Object.fromEntries(entries)),
  ),
})).value;

/** Deep equality does not see the order of keys. */
function keysOf(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  return Reflect.ownKeys(value).map((name) => [name, keysOf((value as Record<PropertyKey, unknown>)[name])]);
}

function same(actual: unknown, expected: unknown): void {
  assert.deepEqual(actual, expected);
  assert.deepEqual(keysOf(actual), keysOf(expected));
}

Deno.test("json() keeps every plain value exactly", async () => {
  await fc.assert(
    fc.asyncProperty(anything, fc.integer({ min: 0, max: 10 }), async (value, indent) => {
      same(await roundTrip(json({ indent }), value), value);
      same(await roundTrip(json({ indent, tagged: true }), value), value);
    }),
    { numRuns: 300 },
  );
});

Deno.test("json() writes compactly, or with indentation", async () => {
  assert.equal(await encodedText(plain, { a: [1, -0], "é": "\ud800" }), '{"a":[1,-0],"é":"\\ud800"}');
  assert.equal(await encodedText(json({ indent: 2 }), { a: [-0] }), '{\n  "a": [\n    -0\n  ]\n}');
  for (const indent of [-1, 11, 1.5, NaN]) assert.throws(() => json({ indent }), { code: "invalid-argument" });
});

Deno.test("json() accepts records without a prototype, and values met twice", async () => {
  const record = Object.assign(Object.create(null), { b: 1, a: 2 });
  assert.equal(await encodedText(plain, record), '{"b":1,"a":2}');
  const shared = [1];
  assert.deepEqual(await roundTrip(plain, [shared, shared]), [[1], [1]]);
});

class Point {
  x = 1;
}
const hole = [1, , 3]; // deno-lint-ignore-line no-sparse-arrays
const longHole: unknown[] = new Array(100).fill(1);
delete longHole[50];
const extra = Object.assign([1, 2], { index: 1 });
const longExtra = Object.assign(new Array(100).fill(1), { index: 1 });
const holeAndExtra = Object.assign([1, , 3], { index: 1 }); // deno-lint-ignore-line no-sparse-arrays
const cycle: { self?: unknown } = {};
cycle.self = { again: cycle };
const cyclicList: unknown[] = [];
cyclicList.push(cyclicList, cyclicList);

const refusals: [name: string, value: unknown, message: RegExp][] = [
  ["undefined at the top", undefined, /at the top: undefined .*tagged/],
  ["undefined in a record", { a: { b: undefined } }, /at a\.b: undefined .*tagged: true/],
  ["undefined in an array", [1, undefined], /at \[1\]: undefined .*tagged: true/],
  ["NaN", { a: [NaN] }, /at a\[0\]: NaN would come back as null.*tagged/],
  ["Infinity", -Infinity, /at the top: -Infinity/],
  [
    "a Date",
    { rows: [0, 0, 0, { when: new Date() }] },
    /at rows\[3\]\.when: a Date would come back as a string; pass format json\(\{ tagged: true \}\) on save and load/,
  ],
  ["a Map", { "not a name": new Map() }, /at \["not a name"\]: a Map .*tagged/],
  ["a Set", new Set(), /a Set/],
  ["a RegExp", /a/, /a RegExp/],
  ["a typed array", new Float32Array(2), /a Float32Array .*tagged/],
  ["an ArrayBuffer", new ArrayBuffer(2), /an ArrayBuffer .*tagged/],
  ["a bigint", 1n, /a bigint .*tagged/],
  ["an array hole", hole, /at \[1\]: an array hole/],
  ["a hole in a long array", longHole, /at \[50\]: an array hole/],
  ["a hole beside an extra property", holeAndExtra, /at \[1\]: an array hole/],
  ["an extra property", { a: extra }, /at a: the property "index" of an array would be lost/],
  ["an extra property of a long array", longExtra, /the property "index"/],
  ["a match", "abc".match(/b/), /the property "index"/],
  ["a subclass of Array", new (class List extends Array {})(), /subclass of Array \(List\)/],
  ["an instance", { a: new Point() }, /at a: a Point would come back as a plain object$/],
  ["a boxed number", Object(1), /a Number/],
  ["a boxed string", Object("a"), /a String/],
  ["a function", { f: () => 1 }, /at f: a function/],
  ["toJSON", { toJSON: () => 1 }, /at toJSON: a function/],
  ["a symbol", { s: Symbol() }, /at s: a symbol/],
  ["a symbol key", { [Symbol.iterator]: 1 }, /symbol key/],
  ["a symbol key of an array", Object.assign([1], { [Symbol.iterator]: 1 }), /symbol key/],
  ["a getter", {
    get a() {
      return 1;
    },
  }, /at a: a getter/], // deno-fmt-ignore-line
  ["a hidden property", Object.defineProperty({ a: 1 }, "b", { value: 1 }), /not enumerable/],
  ["a cycle", cycle, /at self\.again\.self.*a cycle/],
  ["a cyclic list", cyclicList, /a cycle/],
  ["raw JSON", [(JSON as unknown as { rawJSON(text: string): unknown }).rawJSON("1")], /at \[0\]/],
  ["a function at the top", () => 1, /at the top: a function/],
];

for (const [name, value, message] of refusals) {
  Deno.test(`json() refuses ${name}`, () => refuses(plain, value, message));
}

function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let i = 0; i < levels; i++) value = i % 2 === 0 ? [value] : { a: value };
  return value;
}

Deno.test("json() keeps sane nesting and refuses what could overflow the stack", async () => {
  const deep = nested(1900);
  for (const format of [plain, tagged, json({ indent: 1 })]) {
    assert.deepEqual(JSON.stringify(await roundTrip(format, deep)), JSON.stringify(deep));
    await refuses(format, nested(100_000), /deeper than 2000/);
  }
  assert.throws(() => tagged.decode(new TextEncoder().encode("[".repeat(1e5) + "]".repeat(1e5))), { code: "corrupt" });
  await decodeText(plain, "[".repeat(1e5) + "]".repeat(1e5));
});

Deno.test("json() keeps or refuses with its own error deep in somebody's stack", () => {
  const value = nested(1900);
  function dig(frames: number): void {
    if (frames > 0) return dig(frames - 1), undefined;
    for (const format of [plain, tagged]) {
      try {
        format.encode(value);
      } catch (error) {
        assert(isStorageError(error, "invalid-value"), String(error));
      }
    }
  }
  for (let frames = 0; frames <= 6000; frames += 500) {
    try {
      dig(frames);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      assert(frames > 500, "the digging itself has used up the stack");
      return;
    }
  }
});

Deno.test("json() reads foreign files strictly", async () => {
  assert.deepEqual(await decodeText(plain, '\ufeff{"a":1}'), { a: 1 });
  assert.deepEqual(await decodeText(plain, " -0 "), -0);
  for (
    const [source, position] of [
      ["", ""],
      ["[1,]", "position 3"],
      ['{"a" 1}', "position 5"],
      ["[1, x]", "position 4"],
      ["nul", ""],
      ["1 2", "position 2"],
      ["[NaN]", "position 1"],
    ]
  ) {
    await assert.rejects(async () => await decodeText(plain, source!), (error: Error & { code: string }) => {
      assert.equal(error.code, "corrupt");
      assert(error.message.includes(position!), error.message);
      return true;
    });
  }
  assert.throws(() => plain.decode(new Uint8Array([0x22, 0xff, 0x22])), { code: "corrupt" });
});

const special = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<unknown>(undefined, NaN, Infinity, -Infinity, -0, null, "x", /a[/]\n/giu, new Date(NaN)),
    fc.date({ noInvalidDate: true }),
    fc.bigInt(),
    fc.uint8Array(),
    fc.float32Array(),
    fc.float64Array({ noNaN: false }),
    fc.bigInt64Array(),
    fc.uint8ClampedArray(),
    fc.uint8Array().map((array) => array.slice().buffer),
    fc.uint8Array().map((array) => new DataView(array.slice().buffer)),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.array(fc.tuple(key, tie("value")), { maxLength: 4 }).map((entries) => Object.fromEntries(entries)),
    fc.array(fc.tuple(tie("value"), tie("value")), { maxLength: 4 }).map((entries) => new Map(entries)),
    fc.array(tie("value"), { maxLength: 4 }).map((items) => new Set(items.map((item) => item))),
  ),
})).value;

Deno.test("json({ tagged: true }) keeps more than JSON knows", async () => {
  await fc.assert(
    fc.asyncProperty(special, async (value) => {
      const back = await roundTrip(tagged, value);
      assert.deepEqual(back, value);
      assert.deepEqual(untag(JSON.parse(JSON.stringify(tag(value)))), value);
    }),
    { numRuns: 300 },
  );
});

Deno.test("tag() keeps bits, views, order and indexes", async () => {
  const buffer = new Float32Array([1, 2, 3, 4]);
  const part = await roundTrip(tagged, buffer.subarray(1, 3)) as Float32Array;
  assert.deepEqual(part, new Float32Array([2, 3]));
  assert.equal(part.buffer.byteLength, 8);
  const nan = new Uint32Array([0x7fc0_1234]);
  const bits = await roundTrip(tagged, new Float32Array(nan.buffer)) as Float32Array;
  assert.deepEqual(new Uint32Array(bits.buffer), nan);
  const sticky = /a/y;
  sticky.lastIndex = 3;
  assert.equal((await roundTrip(tagged, sticky) as RegExp).lastIndex, 3);
  assert.deepEqual([...await roundTrip(tagged, new Map([["b", 1], ["a", 2]])) as Map<string, number>], [["b", 1], [
    "a",
    2,
  ]]);
  assert.deepEqual(await roundTrip(tagged, new Float16Array([1.5])), new Float16Array([1.5]));
});

Deno.test("tag() keeps objects that look like tags", async () => {
  for (
    const value of [{ $tag: ["Date", null] }, { $tag: 1, a: 2 }, { a: { $tag: undefined } }, {
      $tag: { $tag: ["Object", []] },
    }, { $tag: ["Object", [["$tag", 1]]] }]
  ) {
    same(await roundTrip(tagged, value), value);
  }
  const inert = JSON.parse('{"__proto__":{"polluted":1},"a":1}');
  same(await roundTrip(tagged, inert), inert);
  assert.equal(({} as { polluted?: number }).polluted, undefined);
});

Deno.test("tag() refuses what it cannot keep", async () => {
  await refuses(tagged, { a: new Point() }, /at a: a Point cannot be kept/);
  await refuses(tagged, [() => 1], /at \[0\]: a function/);
  await refuses(tagged, new Map([[1, Symbol()]]), /a symbol/);
  await refuses(tagged, hole, /at \[1\]: an array hole/);
  await refuses(tagged, cycle, /a cycle/);
  await refuses(tagged, Object.assign(new Date(), { note: 1 }), /properties that were added to a Date/);
  await refuses(tagged, new (class extends Map {})(), /cannot be kept/);
  await refuses(tagged, Object.create(Map.prototype), /looks like/);
  await refuses(tagged, Object.create(Date.prototype), /cannot be kept/);
  await refuses(tagged, new Error("no"), /an Error cannot be kept/);
  await refuses(tagged, new Uint8Array(new SharedArrayBuffer(2)), /shared memory/);
  await refuses(tagged, new URL("http://a"), /URL cannot be kept/);
});

Deno.test("untag() takes no tag for granted", () => {
  const hostile: unknown[] = [
    { $tag: ["Function", "alert(1)"] },
    { $tag: ["__proto__", "AAAA"] },
    { $tag: ["constructor", "AAAA"] },
    { $tag: ["toString", ""] },
    { $tag: [] },
    { $tag: "Date" },
    { $tag: ["Date", "yesterday"] },
    { $tag: ["Date", "2020-02-30T00:00:00.000Z"] },
    { $tag: ["Date", 0] },
    { $tag: ["undefined"], more: 1 },
    { $tag: ["undefined", 1] },
    { $tag: ["number", "12"] },
    { $tag: ["bigint", "0x10"] },
    { $tag: ["bigint", "-0"] },
    { $tag: ["bigint", "9".repeat(1e7)] },
    { $tag: ["RegExp", "(", "", 0] },
    { $tag: ["RegExp", "a", "zz", 0] },
    { $tag: ["RegExp", "a", ""] },
    { $tag: ["Float32Array", "AAA="] },
    { $tag: ["Uint8Array", "?"] },
    { $tag: ["Uint8Array", 8] },
    { $tag: ["ArrayBuffer", 1e15] },
    { $tag: ["Map", [[1, 2], [1, 3]]] },
    { $tag: ["Map", [[1]]] },
    { $tag: ["Map", [1]] },
    { $tag: ["Set", [1, 1]] },
    { $tag: ["Object", [["a", 1], ["a", 2]]] },
    { $tag: ["Object", [[1, 1]]] },
    { $tag: null },
  ];
  for (const value of hostile) {
    assert.throws(() => untag([{ deep: value }]), { code: "corrupt" }, JSON.stringify(value).slice(0, 80));
  }
});

Deno.test("json() reads damaged files as corrupt", async () => {
  const values = [{ a: [1, -0, "é"], b: { c: null } }, { when: new Date(0), m: new Map([[1n, new Float32Array(3)]]) }];
  const files = values.map((value) => new TextEncoder().encode(JSON.stringify(tag(value))));
  await survivesDamage(plain, files);
  await survivesDamage(tagged, files, 1500);
});
