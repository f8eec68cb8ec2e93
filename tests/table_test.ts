/** The table of the README against what the suite would try; that it is kept is tested beside each backend. */

import assert from "node:assert/strict";
import { testBackend } from "./conformance/mod.ts";
import { table, tableOfReadme } from "./table.ts";

/** The cells of a table, however it is laid out. */
function cellsOf(text: string): string[][] {
  const lines = text.split("\n").filter((line) => line.startsWith("|") && !/^[|\s-]+$/.test(line));
  return lines.map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
}

Deno.test("the table of the README says how many promises apply to each backend: deno run -A tests/table.ts", async () => {
  const now = await table((open) => testBackend("", open, { test: () => undefined }));
  const cells = cellsOf(await tableOfReadme());
  assert(cells.length > 20, `${cells.length} rows`);
  assert.deepEqual(cells, cellsOf(now));
});
