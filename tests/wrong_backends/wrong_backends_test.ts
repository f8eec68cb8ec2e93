/**
 * Proves that the suite of backends can fail: each of these is wrong in one way, and breaks exactly the promises it should.
 */

import assert from "node:assert/strict";
import { MemoryBackend } from "../../backends/memory.ts";
import { backendPromises, checkBackend } from "../conformance/mod.ts";
import { places } from "./places.ts";
import { values } from "./values.ts";
import { Formatted } from "./wrong_backend.ts";

const ids = backendPromises.map(({ id }) => id);
// The random operations find most of these too, in their time.
const only = ids.filter((id) => id !== "save/random-operations");

for (const open of [() => new MemoryBackend(), () => new Formatted()]) {
  Deno.test(`wrong backends: ${open().constructor.name}, of which they are made, breaks no promise`, async () => {
    const report = await checkBackend(open, { only, concurrency: 8 });
    assert.deepEqual(report.broken, [], report.toString());
    assert(report.kept.length > 150);
  });
}

for (const { what, breaks, open } of [...values, ...places]) {
  Deno.test(`wrong backends: a backend that ${what} is caught`, async () => {
    const report = await checkBackend(open, { only, concurrency: 8 });
    assert.deepEqual(report.broken.map(({ promise }) => promise.id), breaks, report.toString());
    assert(breaks.length > 0);
  });
}
