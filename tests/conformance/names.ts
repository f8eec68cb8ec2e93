/** Which names a store keeps: any Unicode name that is a name at all. */

import assert from "node:assert/strict";
import { isStorageError } from "../../backends/errors.ts";
import { assertText, bytesOf, collect, published, rejectsWith } from "./assertions.ts";
import { type StorePromise, storePromise, type StoreWith, type Trial } from "./promise.ts";

/** Kinds of names, each with names that trip one machinery or another. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  "spaces": ["a b", " leading", "trailing ", " ", "   ", "a\u00a0b"],
  "dots": ["...", "....", ".hidden", "end.", "a..b", "..a", "a..", ". ", ".. x"],
  "quotes": ["it's", '"', "a\"b'c`d", "\u201cq\u201d"],
  "backslashes": ["\\", "a\\b", "..\\up", "C:\\dir", "a\\", "\\0", "\\u0041"],
  "percent-signs": ["%", "100%", "%2F", "%00", "%25", "a%20b", "%zz"],
  "url-characters": ["#", "?", "a?b=1&c=2", "a#b", "http:", "a:b", "user@host", "a;v=1", "+", "a+b=c"],
  "globs": ["*", "**", "[ab]", "{a,b}", "!(x)", "a?c", "^$", "(a|b)"],
  "sql": ["a_b", "a%_", "'; DROP TABLE x; --", "NULL", '""', "x'00'"],
  "shell": ["-rf", "--", "~", "$HOME", "a;b", "a|b", "a>b", "&"],
  "line-breaks": ["a\nb", "\n", "a\r\nb", "a\rb", "a\u2028b", "\u0085"],
  "control-characters": ["a\tb", "\x01", "\x1b[31m", "\x7f", "a\bb"],
  "emoji": ["\u{1f600}", "\u{1f468}\u200d\u{1f469}\u200d\u{1f467}", "\u2764\ufe0f", "\u{1f1e8}\u{1f1ed}"],
  "scripts": [
    "\u00e9\u00e8",
    "\u4e2d\u6587",
    "\u05e9\u05dc\u05d5\u05dd",
    "\u0645\u0631\u062d\u0628\u0627",
    "\u202eabc",
  ],
  "unicode-edges": ["\ufffd", "\ufeff", "\uffff", "\ue000", "\u{10ffff}", "\u200b", "\u0301"],
  "objects": ["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf", "then"],
  "numbers": ["0", "-1", "1e3", "01", "10", "9", "NaN", "Infinity"],
  "devices": ["CON", "nul", "aux.txt", "COM1", "LPT1.log"],
  "temporary-files": ["x.tmp", ".x.tmp", "x~", "#x#", ".#x", "x.lock", ".lock", "x.part", "x.bak", ".DS_Store"],
  "long-255-bytes": ["n".repeat(255), "\u00e9".repeat(127), "\u{1f600}".repeat(63), `${"x".repeat(250)}.json`],
};

/** Names that look alike and are not the same. */
const TWINS: Readonly<Record<string, readonly string[]>> = {
  "normal-forms": ["\u00e9", "e\u0301", "\u212b", "\u00c5", "A\u030a"],
  "case": ["name", "Name", "NAME", "\u00df", "ss", "\u0131", "i"],
  "escapes": ["a b", "a%20b", "a+b", "a%2520b", "a_b", "a\\ b"],
  "ends": ["x", "x ", " x", "x.", ".x", "x\n", "x\t", "x\u200b"],
};

/** Every ASCII character that a name can hold. */
const ASCII = Array.from({ length: 127 }, (_, i) => String.fromCharCode(i + 1)).filter((c) => c !== "/");

/** Uses `names` as files, as directories and below one another, and looks for them in every way there is. */
async function keep(trial: Trial, names: readonly string[]): Promise<void> {
  const { store } = trial;
  const kept = names.filter((name) => trial.refusesName(name) === undefined);
  const paths = kept.flatMap((name) => [`files/${name}`, `dirs/${name}/file`, `both/${name}/${name}`]);
  await trial.putNamed(paths);
  for (const path of paths) {
    await assertText(store, path, path);
    assert.equal((await store.stat(path))?.kind, "file", JSON.stringify(path));
  }
  if (store.list !== undefined) await find(store as StoreWith<"list">, kept, paths);
  if (store.delete === undefined) return;
  for (const [i, path] of paths.entries()) {
    await store.delete(path);
    assert.equal(await store.stat(path), undefined, `${JSON.stringify(path)} was deleted`);
    const next = paths[i + 1];
    if (next !== undefined) await assertText(store, next, next);
  }
}

async function find(store: StoreWith<"list">, names: readonly string[], paths: readonly string[]): Promise<void> {
  const all = (await collect(store.list(""))).filter(({ kind }) => kind === "file").map(({ path }) => path);
  assert.deepEqual(new Set(all), new Set(paths), "the whole listing");
  for (const dir of ["files", "dirs"]) {
    const children = (await collect(store.list(dir, { shallow: true }))).map(({ path }) => path);
    assert.deepEqual(new Set(children), new Set(names.map((name) => `${dir}/${name}`)), `the children of ${dir}`);
  }
  for (const name of names) {
    const inside = (await collect(store.list(`dirs/${name}`))).map(({ path }) => path);
    assert.deepEqual(inside, [`dirs/${name}/file`], `below ${JSON.stringify(name)}`);
  }
}

/** Which names a store keeps. */
export const names: readonly StorePromise[] = [
  ...Object.entries(NAMES).map(([kind, some]) =>
    storePromise(`read/names-${kind}`, `finds files again by any name: ${kind.replaceAll("-", " ")}`, {
      needs: ["put"],
      run: (trial) => keep(trial, some),
    })
  ),
  ...Object.entries(TWINS).map(([kind, some]) =>
    storePromise(`read/names-apart-${kind}`, `tells names apart that look alike: ${kind.replaceAll("-", " ")}`, {
      needs: ["put"],
      run: (trial) => keep(trial, some),
    })
  ),
  storePromise("read/names-ascii", "finds files again by names of every ASCII character", {
    needs: ["put"],
    run: (trial) => keep(trial, ASCII.flatMap((c) => c === "." ? [`a${c}b`] : [c, `a${c}b`])),
  }),
  storePromise("read/missing-names", "finds nothing by a name that nobody wrote, and neither does stat", {
    async run({ store }) {
      for (const name of [...Object.values(NAMES), ...Object.values(TWINS)].flat()) {
        for (const path of [name, `dir/${name}`]) {
          assert.equal(await store.read(path), undefined, JSON.stringify(path));
          assert.equal(await store.stat(path), undefined, JSON.stringify(path));
        }
      }
    },
  }),
  storePromise("write/name-too-long", "keeps a long name exactly or refuses it and writes nothing", {
    needs: ["list"],
    async run({ store }) {
      await store.write("dir/file", bytesOf("x"));
      for (const name of ["n", "\u{1f600}"].flatMap((c) => [256, 1024, 5000, 70_000].map((n) => c.repeat(n)))) {
        for (const path of [name, `dir/${name}`, `new/${name}/file`]) {
          const before = await published(store);
          try {
            await store.write(path, bytesOf("long"));
          } catch (error) {
            await rejectsWith(Promise.reject(error), "name-too-long");
            assert.deepEqual(await published(store), before, `something was left of ${name.length} characters`);
            continue;
          }
          await assertText(store, path, "long");
        }
      }
    },
  }),
  storePromise("read/name-too-long", "answers undefined for a name that is too long to be there, and so does stat", {
    async run({ store }) {
      for (const path of ["n".repeat(256), `dir/${"n".repeat(5000)}`, "n/".repeat(5000) + "n"]) {
        assert.equal(await store.read(path), undefined, `read of ${path.length} characters`);
        assert.equal(await store.stat(path), undefined, `stat of ${path.length} characters`);
      }
    },
  }),
  storePromise("delete/name-too-long", "succeeds for a name that is too long to be there", {
    async run({ store }) {
      await store.delete("n".repeat(5000));
      await store.delete(`dir/${"n".repeat(256)}`);
    },
  }),
  storePromise("write/path-long", "keeps a long path of short names exactly or refuses it", {
    needs: ["list"],
    async run({ store }) {
      for (const depth of [200, 1000]) {
        const path = `${"directory/".repeat(depth)}file`;
        try {
          await store.write(path, bytesOf("deep"));
        } catch (error) {
          if (!isStorageError(error, "name-too-long")) throw error;
          continue;
        }
        await assertText(store, path, "deep");
        const files = (await collect(store.list(""))).filter(({ kind }) => kind === "file");
        assert(files.some((entry) => entry.path === path), `a path of ${path.length} characters is not listed`);
      }
    },
  }),
];
