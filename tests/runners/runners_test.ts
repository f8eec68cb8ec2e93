/** The kit under other frameworks than `Deno.test`, in a real Node.js. */

import assert from "node:assert/strict";
import { bundle, lacking, npx } from "./node.ts";

const directory = await Deno.makeTempDir({ prefix: "polystore-" });
addEventListener("unload", () => Deno.removeSync(directory, { recursive: true }));
const bundled = await bundle(new URL("suites.ts", import.meta.url), `${directory}/kit.mjs`);
const noBundle = bundled.success ? undefined : `deno bundle fails: ${bundled.text.trim().split("\n").at(-1)}`;
const noNode = noBundle ?? await lacking([]);
const noVitest = noNode ?? await lacking(["vitest@4"]);

/** A test that is skipped, with the reason in its name, where npm cannot be reached. */
function test(name: string, without: string | undefined, fn: () => Promise<void>): void {
  if (without === undefined) Deno.test(`runners: ${name}`, fn);
  else Deno.test({ name: `runners: ${name} (skipped: ${without})`, fn, ignore: true });
}

async function entry(name: string, text: string): Promise<string> {
  await Deno.writeTextFile(`${directory}/${name}`, text);
  return name;
}

const forNode = (suite: string): Promise<string> =>
  entry(
    `${suite}.mjs`,
    `import { describe, test } from "node:test";
     import { nodeRunner, ${suite} } from "./kit.mjs";
     await ${suite}(nodeRunner({ describe, test }));`,
  );

/** A number of the summary of node:test. */
function count(text: string, what: string): number {
  return Number(new RegExp(`^# ${what} (\\d+)$`, "m").exec(text)?.[1]);
}

test("stores, layers and backends pass under node:test, in Node.js", noNode, async () => {
  const args = ["node", "--test", "--test-reporter=tap", await forNode("suites")];
  const { success, text } = await npx(directory, [], args);
  assert(success, text.match(/^ *not ok[\s\S]{0,2000}/m)?.[0] ?? text.slice(-2000));
  assert.equal(count(text, "fail"), 0);
  assert.equal(count(text, "suites"), 4);
  assert(count(text, "pass") > 700, `${count(text, "pass")} tests have passed`);
  assert.match(text, /promises do not apply # SKIP without reopen/);
});

test("a broken promise fails under node:test", noNode, async () => {
  const args = ["node", "--test", "--test-reporter=tap", await forNode("wrongSuite")];
  const { success, text } = await npx(directory, [], args);
  assert(!success);
  assert.deepEqual([count(text, "pass"), count(text, "fail")], [1, 1]);
  assert.match(text, /Broken promise "write\/if-absent": write\(\) creates with ifAbsent only what is not there/);
});

test("a store is checked without a framework, in Node.js", noNode, async () => {
  const program = `import("./kit.mjs").then(async ({ report }) => console.log(await report()))`;
  const { success, text } = await npx(directory, [], ["node", "--eval", program]);
  assert(success, text);
  assert.match(text, /1 promise kept, 1 broken\n\n✗ write\/if-absent: write\(\) creates with ifAbsent/);
});

test("a store passes under vitest", noVitest, async () => {
  await entry(
    "kit.test.mjs",
    `import { describe, test } from "vitest";
     import { oneSuite, vitestRunner } from "./kit.mjs";
     await oneSuite(vitestRunner({ describe, test }));`,
  );
  const args = ["vitest", "run", "--reporter=json", "--outputFile=vitest.json"];
  const { success, text } = await npx(directory, ["vitest@4"], args);
  assert(success, text.slice(-2000));
  const result = JSON.parse(await Deno.readTextFile(`${directory}/vitest.json`));
  assert.equal(result.numFailedTests, 0);
  assert(result.numPassedTests > 200, `${result.numPassedTests} tests have passed`);
  assert.equal(result.numPendingTests, 1);
});
