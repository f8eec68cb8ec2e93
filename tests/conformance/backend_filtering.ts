/** What `listFiles` promises about `pattern` and `extensions`. */

import assert from "node:assert/strict";
import type { ListFilesOptions } from "../../backends/data_source.ts";
import { type BackendPromise, backendPromise, type BackendTrial } from "./backend_promise.ts";

const FILES = [
  "plate/A01_w1.TIF",
  "plate/A01_w2.tif",
  "plate/A01_w1.roi.zip",
  "plate/.hidden.tif",
  "plate/tif",
  "plate/x.tif.bak",
  "plate/raw/A02_w1.tif",
  "plate/raw/deep/A03_w1.Tiff",
  "plate/raw/deep/notes.zip",
  "plates/B01_w1.tif",
];

/** Asserts which files of `plate` are listed, told by their paths below it. */
async function assertFound(trial: BackendTrial, expected: readonly string[], options: ListFilesOptions): Promise<void> {
  const found = await trial.source.listFiles("plate", options);
  assert.deepEqual(found, expected.map((path) => `plate/${path}`), JSON.stringify(options));
}

/** The promise that each choice finds its files. */
function finds(
  word: string,
  what: string,
  cases: readonly (readonly [options: ListFilesOptions, expected: readonly string[]])[],
): BackendPromise {
  return backendPromise(`listFiles/${word}`, what, ["put", "list"], async (trial) => {
    await trial.putNamed(FILES);
    for (const [options, expected] of cases) await assertFound(trial, expected, options);
  });
}

const W1 = ["A01_w1.TIF", "A01_w1.roi.zip"];
const BELOW = ["raw/A02_w1.tif", "raw/deep/A03_w1.Tiff"];
const TIFS = [".hidden.tif", "A01_w1.TIF", "A01_w2.tif"];

/** What `listFiles` promises about `pattern` and `extensions`. */
export const backendFiltering: readonly BackendPromise[] = [
  finds("pattern-name", "holds a pattern without a slash against the name", [
    [{ pattern: "*_w1*" }, W1],
    [{ pattern: "*_w1*", recursive: true }, [...W1, ...BELOW]],
    [{ pattern: "A0?_w2.tif" }, ["A01_w2.tif"]],
    [{ pattern: "A01_w[2-9]*" }, ["A01_w2.tif"]],
    [{ pattern: "tif" }, ["tif"]],
    [{ pattern: "A01_w1" }, []],
    [{ pattern: "raw" }, []],
    [{ pattern: "*.tif" }, [".hidden.tif", "A01_w2.tif"]],
    [{ pattern: "*.TIF" }, ["A01_w1.TIF"]],
    [{ pattern: "!(*.*)" }, ["tif"]],
    [{ pattern: "*", extensions: undefined }, [".hidden.tif", ...W1, "A01_w2.tif", "tif", "x.tif.bak"]],
  ]),
  finds("pattern-braces", "knows braces in a pattern", [
    [{ pattern: "*.{TIF,roi.zip}" }, W1],
    [{ pattern: "A0{1,2}_w{1,2}.tif", recursive: true }, ["A01_w2.tif", "raw/A02_w1.tif"]],
    [{ pattern: "{raw,none}/*.tif" }, ["raw/A02_w1.tif"]],
  ]),
  finds("pattern-path", "holds a pattern with a slash against the path below the directory", [
    [{ pattern: "raw/*.tif" }, ["raw/A02_w1.tif"]],
    [{ pattern: "raw/*" }, ["raw/A02_w1.tif"]],
    [{ pattern: "*/deep/*" }, ["raw/deep/A03_w1.Tiff", "raw/deep/notes.zip"]],
    [{ pattern: "plate/*" }, []],
    [{ pattern: "raw/*", recursive: false }, []],
  ]),
  finds("pattern-stars", "knows ** in a pattern, which any number of directories are", [
    [{ pattern: "**/*_w1*" }, [...W1, ...BELOW]],
    [{ pattern: "raw/**" }, [...BELOW, "raw/deep/notes.zip"]],
    [{ pattern: "raw/**/*.zip" }, ["raw/deep/notes.zip"]],
    [{ pattern: "**/.h*" }, [".hidden.tif"]],
  ]),
  finds("extensions", "compares extensions with or without the dot and in any case", [
    [{ extensions: [".tif"] }, TIFS],
    [{ extensions: ["tif"] }, TIFS],
    [{ extensions: ["TIF"] }, TIFS],
    [{ extensions: new Set([".TiF", "none"]) }, TIFS],
    [{ extensions: ["tiff", ".tif"], recursive: true }, [...TIFS, ...BELOW]],
    [{ extensions: ["if"] }, []],
  ]),
  finds("extensions-compound", "takes compound extensions as a whole", [
    [{ extensions: [".roi.zip"] }, ["A01_w1.roi.zip"]],
    [{ extensions: ["ROI.ZIP"], recursive: true }, ["A01_w1.roi.zip"]],
    [{ extensions: ["zip"], recursive: true }, ["A01_w1.roi.zip", "raw/deep/notes.zip"]],
    [{ extensions: [".tif.bak"] }, ["x.tif.bak"]],
  ]),
  finds("extensions-none", "finds nothing with no extension at all", [
    [{ extensions: [] }, []],
    [{ extensions: new Set<string>(), recursive: true }, []],
    [{ extensions: [], pattern: "*" }, []],
  ]),
  finds("both", "finds what goes with the pattern and has one of the extensions", [
    [{ pattern: "*_w1*", extensions: ["tif"] }, ["A01_w1.TIF"]],
    [{ pattern: "**/*_w1*", extensions: ["tif"] }, ["A01_w1.TIF", "raw/A02_w1.tif"]],
  ]),
  backendPromise("listFiles/names-as-patterns", "holds names that look like patterns against a pattern", [
    "put",
    "list",
  ], async ({ source, putNamed, refusesName }) => {
    const names = ["[ab]", "{a,b}", "a*", "!(x)", "a\\b", "(a|b)"].filter((name) => refusesName(name) === undefined);
    await putNamed(names.map((name) => `dir/${name}`));
    const find = async (pattern: string) => (await source.listFiles("dir", { pattern })).map((path) => path.slice(4));
    for (const name of names) {
      assert.deepEqual(await find(name.replace(/[[\]{}()*!|\\]/g, "\\$&")), [name], `the name ${name}, escaped`);
    }
    assert.deepEqual((await find("*")).length, names.length);
  }),
];
