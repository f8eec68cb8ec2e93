/** The official test cases: our own checks, and the schemas, give the recorded verdicts. */

import assert from "node:assert/strict";
import { type NgffKind, ngffProblems } from "../../backends/zarr/ngff/validate.ts";
import { Schemas, VERSIONS } from "./schemas.ts";

/** What schemas cannot see, by the words of the official test runner: "JSON Schema cannot express this invalid case". */
const BEYOND_SCHEMAS = /well_path_has_column_before_row/;

/**
 * Cases of 0.4 that the schemas find valid, as recorded, and that break what the specification says in words: wells with the
 * column before the row, and a scale without a number for each axis.
 */
const SLOPPY: readonly (readonly [title: RegExp, problem: RegExp])[] = [
  [
    /^(strict_)?plate plate\/((minimal|strict)_(no_)?acquisitions|non_alphanumeric_row)$/,
    /its path is "A\/A?1", but its row and column are those of "A?1\/A"/,
  ],
  [/^image valid\/mismatch_axes_units.json$/, /must have a number for each of the 3 axes: it has 2/],
];

/** What our checks are about; labels are not among it. */
const OURS = /^(?:strict_)?(plate|well|image)$/;

for (const version of VERSIONS) {
  Deno.test(`NGFF ${version}: the official test cases`, async (t) => {
    const schemas = await Schemas.read(version);
    await t.step({
      name: schemas === undefined ? "../shared/data/ngff is not here: skipped" : "verdicts",
      ignore: schemas === undefined,
      fn: async () => {
        const cases = await schemas!.cases();
        assert(cases.length >= 86, `${cases.length} cases`);
        let checked = 0;
        for (const { name, suite, data, valid } of cases) {
          const official = schemas!.problems(suite, data);
          const expected = valid || BEYOND_SCHEMAS.test(name);
          assert.equal(official.length === 0, expected, `schema, ${suite} ${name}: ${official}`);
          const kind = OURS.exec(suite)?.[1] as NgffKind | undefined;
          if (kind === undefined) continue;
          checked++;
          const format = version === "0.4" ? 2 : 3;
          const problems = ngffProblems(data, kind, { format, strict: suite.startsWith("strict_") });
          const sloppy = version === "0.4" && valid
            ? SLOPPY.find(([pattern]) => pattern.test(`${suite} ${name}`))
            : undefined;
          if (sloppy !== undefined) {
            assert.equal(problems.length, 1);
            assert.match(problems[0]!, sloppy[1]);
          } else assert.equal(problems.length === 0, valid, `ours, ${suite} ${name}: ${problems}`);
        }
        assert(checked >= 80, `${checked} cases`);
      },
    });
  });
}
