import { csv, type CsvOptions, type CsvTable, type Format } from "../../backends/formats/mod.ts";
import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeText, encodedText, refuses, roundTrip, survivesDamage } from "./bytes_of.ts";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type Value = string | number | boolean | null;
// Type tests: these lines compile only if the tables have these types.
true satisfies Equal<CsvTable<Record<never, never>>, { [column: string]: string }[]>;
true satisfies Equal<CsvTable<{ header: false }>, string[][]>;
true satisfies Equal<CsvTable<{ readonly header: false; readonly typed: true }>, Value[][]>;
true satisfies Equal<CsvTable<{ typed: true }>, { [column: string]: Value }[]>;
csv({ header: false, delimiter: ";" }) satisfies Format<string[][]>;
// @ts-expect-error: not an option
assert.throws(() => csv({ header: false, ragged: "maybe" }), { code: "invalid-argument" });

const nasty = fc.constantFrom(
  "",
  " ",
  " a ",
  '"',
  '""',
  ",",
  ";",
  "\t",
  "\n",
  "\r",
  "\r\n",
  "a\nb",
  '"a"',
  "\ufeff",
  "\ufeffa",
  "007",
  "1",
  "1.0",
  "-0",
  "0",
  "1e400",
  "12345678901234567890",
  "NaN",
  "Infinity",
  "-Infinity",
  "true",
  "false",
  "null",
  "undefined",
  "😀",
  "\0",
  '"\0',
  "#",
  "'",
  "\u2028",
  "\u0085",
); // deno-fmt-ignore-line
const textCell = fc.oneof(nasty, fc.string({ unit: "grapheme" }), fc.string());
const typedCell = fc.oneof(
  textCell,
  fc.double(),
  fc.integer(),
  fc.boolean(),
  fc.constantFrom(null, -0, NaN, Infinity, -Infinity, 1e21, 5e-324),
);
const name = fc.oneof(nasty, fc.string(), fc.constantFrom("__proto__", "constructor", "toString", "2", "10", "1", "b"));
const dialect = fc.record({
  delimiter: fc.constantFrom(",", ";", "\t", "|", " ", "\0", "#", "'"),
  lineEnding: fc.constantFrom<"\n" | "\r\n">("\n", "\r\n"),
});

function rectangle<T>(cell: fc.Arbitrary<T>): fc.Arbitrary<T[][]> {
  return fc.integer({ min: 1, max: 4 }).chain((width) =>
    fc.array(fc.array(cell, { minLength: width, maxLength: width }), { maxLength: 6 })
  );
}

function records<T>(cell: fc.Arbitrary<T>): fc.Arbitrary<Record<string, T>[]> {
  return fc.uniqueArray(name, { minLength: 1, maxLength: 4 }).chain((names) =>
    fc.array(fc.tuple(...names.map(() => cell)), { maxLength: 6 })
      .map((rows) => rows.map((row) => Object.fromEntries(row.map((item, c) => [names[c]!, item]))))
  );
}

async function keeps<T>(cell: fc.Arbitrary<T>, typed: boolean): Promise<void> {
  await fc.assert(
    fc.asyncProperty(rectangle(cell), dialect, async (table, options) => {
      const format = csv({ ...options, header: false, typed }) as Format<unknown>;
      assert.deepEqual(await roundTrip(format, table), table);
    }),
    { numRuns: 300 },
  );
  await fc.assert(
    fc.asyncProperty(records(cell), dialect, async (table, options) => {
      const format = csv({ ...options, typed }) as Format<unknown>;
      const back = await roundTrip(format, table) as Record<string, T>[];
      assert.deepEqual(back, table);
      assert.deepEqual(back.map((row) => Object.keys(row)), table.map((row) => Object.keys(row)));
    }),
    { numRuns: 300 },
  );
  const rows = fc.array(fc.array(cell, { minLength: 1, maxLength: 4 }), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(rows, dialect, async (table, options) => {
      const format = csv({ ...options, header: false, ragged: "keep", typed }) as Format<unknown>;
      assert.deepEqual(await roundTrip(format, table), table);
    }),
    { numRuns: 300 },
  );
}

Deno.test("csv() keeps every table of strings", () => keeps(textCell, false));
Deno.test("csv({ typed: true }) keeps every table of values", () => keeps(typedCell, true));

Deno.test("csv() keeps more rows than it writes at once", async () => {
  const table = Array.from({ length: 10_000 }, (_, i) => ({ id: `${i}`, name: `row, "${i}"` }));
  assert.deepEqual(await roundTrip(csv(), table), table);
});

Deno.test("csv() writes as few quotes as it can", async () => {
  assert.equal(await encodedText(csv(), [{ a: "1", b: 'x"y' }, { a: " ", b: "" }]), 'a,b\n1,"x""y"\n ,\n');
  assert.equal(await encodedText(csv({ header: false }), [[""], ["a"]]), '""\na\n');
  assert.equal(
    await encodedText(csv({ header: false, lineEnding: "\r\n", delimiter: ";" }), [["a;b", "c,d"]]),
    '"a;b";c,d\r\n',
  );
  assert.equal(
    await encodedText(csv({ header: false, typed: true }), [["", null, "1", 1, -0, "true", true]]),
    '"",,"1",1,-0,"true",true\n',
  );
  assert.equal(await encodedText(csv(), []), "");
  assert.deepEqual(await decodeText(csv(), ""), []);
});

Deno.test("csv() reads foreign files", async () => {
  const expected = [{ a: "1", b: "x" }, { a: "", b: " y " }];
  for (
    const source of [
      "a,b\n1,x\n, y ",
      "a,b\r\n1,x\r\n, y \r\n",
      '\ufeff"a",b\r\n1,"x"\r\n, y \r\n\r\n',
      "a,b\r1,x\r, y \r",
      "a,b\n\n1,x\n, y \n\n\n",
    ]
  ) {
    assert.deepEqual(await decodeText(csv(), source), expected);
  }
  assert.deepEqual(await decodeText(csv(), "a,b\n"), []);
  assert.deepEqual(await decodeText(csv({ typed: true }), "a,b\n1,x\n\n"), [{ a: 1, b: "x" }]);
  assert.deepEqual(Object.keys((await decodeText(csv(), "b,1\nx,y\n"))[0]!), ["1", "b"]);
});

Deno.test("csv({ typed: true }) reads a bare cell as a number only if it is one exactly", async () => {
  const format = csv({ header: false, typed: true });
  const cells: [string, Value][] = [
    ["1", 1],
    ["1.0", 1],
    ["1.50e1", 15],
    ["-0", -0],
    ["-0.0", -0],
    ["1e3", 1000],
    ["1E+3", 1000],
    ["0.1", 0.1],
    ["1e-7", 1e-7],
    ["1e21", 1e21],
    ["100000000000000000000", 1e20],
    ["9007199254740993", "9007199254740993"],
    ["12345678901234567890", "12345678901234567890"],
    ["1e400", "1e400"],
    ["1e-400", "1e-400"],
    ["007", "007"],
    ["+1", "+1"],
    [".5", ".5"],
    ["5.", "5."],
    ["0x10", "0x10"],
    ["1_000", "1_000"],
    ["0.1000000000000000055511151231257827", "0.1000000000000000055511151231257827"],
    ["", null],
    ["true", true],
    ["TRUE", "TRUE"],
    ["NaN", NaN],
    ["nan", "nan"],
    ["-Infinity", -Infinity],
    ["-", "-"],
    ["1 ", "1 "],
  ]; // deno-fmt-ignore-line
  for (const [bare, value] of cells) {
    assert.deepEqual(await decodeText(format, `${bare},"${bare}"\n`), [[value, bare]]);
  }
});

Deno.test("csv() refuses what is no table, with a word on the option", async () => {
  await refuses(csv(), [["a"]], /at \[0\]: a list.*header: false/);
  await refuses(csv({ header: false }), [{ a: "b" }], /at \[0\]: an Object.*header: true/);
  await refuses(csv(), { a: "b" }, /an Object/);
  await refuses(csv(), "text", /a string/);
  await refuses(csv(), [{ a: "1" }, null], /at \[1\]: null/);
  await refuses(csv(), [{ n: 1 }], /at \[0\]\.n: a number.*typed: true/);
  await refuses(csv(), [{ n: null }], /at \[0\]\.n: null.*typed: true/);
  await refuses(csv({ header: false }), [["a"], [true]], /at \[1\]\[0\]: a boolean.*typed: true/);
  await refuses(csv({ typed: true }), [{ n: 1n }], /a bigint is no cell/);
  await refuses(csv({ typed: true }), [{ n: undefined }], /undefined is no cell/);
  await refuses(csv({ typed: true }), [{ n: new Date() }], /a Date is no cell/);
  await refuses(csv(), [{ a: "1" }, { b: "1" }], /at \[1\]: the columns are "b", where those of the first row are "a"/);
  await refuses(csv(), [{ a: "1", b: "2" }, { b: "1", a: "2" }], /at \[1\]/);
  await refuses(csv(), [{ a: "1" }, {}], /at \[1\]: a row without cells/);
  await refuses(csv(), [{}], /a row without cells/);
  await refuses(csv({ header: false, ragged: "keep" }), [[]], /a row without cells/);
  await refuses(csv({ header: false }), [["a"], ["a", "b"]], /at \[1\]: 2 cells.*ragged: "keep"/);
  await refuses(csv(), [{ a: "\ud800" }], /at \[0\]\.a: a lone surrogate/);
  await refuses(csv(), [{ "\ud800": "a" }], /a lone surrogate/);
  await refuses(csv(), [
    new (class Row {
      a = "b";
    })(),
  ], /a Row/); // deno-fmt-ignore-line
  await refuses(csv(), [{ a: "b", [Symbol.iterator]: 1 }], /symbol/);
  await refuses(csv({ header: false }), [["a", , "b"]], /at \[0\]\[1\]: undefined/); // deno-lint-ignore-line no-sparse-arrays
});

Deno.test("csv() refuses options that cannot work", () => {
  for (const delimiter of ["", ",,", '"', "\n", "\r", "1", "a", ".", "-", "+", "é", "\ufeff", "\ud800"]) {
    assert.throws(() => csv({ delimiter }), { code: "invalid-argument" }, JSON.stringify(delimiter));
  }
  assert.throws(() => csv({ ragged: "keep" }), { code: "invalid-argument" });
  assert.throws(() => csv({ lineEnding: "\r" as "\n" }), { code: "invalid-argument" });
});

Deno.test("csv() reads broken files as corrupt", async () => {
  const broken: [string, CsvOptions][] = [
    ["a,b\n1\n", {}],
    ["a,b\n1,2,3\n", {}],
    ["a,a\n1,2\n", {}],
    ['a\n"1\n', {}],
    ['a\n1"2"\n', {}],
    ['a\n"1"2\n', {}],
    ["a,b\n1\n", { header: false }],
    ["a,b\n\n1\n", { typed: true }],
  ];
  for (const [source, options] of broken) {
    await assert.rejects(decodeText(csv(options) as Format<unknown>, source), { code: "corrupt" }, source);
  }
  await assert.rejects(async () => await csv().decode(new Uint8Array([0x61, 0xff])), { code: "corrupt" });
  const files = ['a,b\n1,"x,y"\n"",\n', "\ufeffa;b\r\n1;2\r\n"].map((text) => new TextEncoder().encode(text));
  for (
    const options of [{}, { typed: true }, { header: false }, { header: false, ragged: "keep" }] satisfies CsvOptions[]
  ) {
    await survivesDamage(csv(options) as Format<unknown>, files, 300);
  }
});

Deno.test("csv() reads hostile files in time that grows with their length", async () => {
  const digits = `1.${"0".repeat(1e6)}1`;
  assert.deepEqual(await decodeText(csv({ header: false, typed: true }), digits), [[digits]]);
  const wide = Array.from({ length: 200_000 }, (_, i) => `c${i}`).join();
  assert.deepEqual(await decodeText(csv(), wide), []);
});
