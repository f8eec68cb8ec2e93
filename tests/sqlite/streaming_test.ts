/** Content much larger than what is held of it. */

import assert from "node:assert/strict";
import { denoArgs, LONG, REPOSITORY, runCommand, withBox } from "../disk/setup.ts";

const MIB = 1024 * 1024;
const SIZE = LONG ? 2048 * MIB : 64 * MIB;

Deno.test(`sqlite: ${SIZE / MIB} MiB are streamed in and out in bounded memory`, () =>
  withBox(async ({ root }) => {
    const program = `${REPOSITORY}tests/sqlite/streamer.ts`;
    const args = denoArgs(program, ["-A"], [`${root}/a.db`, String(SIZE)]);
    const { code, stdout, stderr } = await runCommand(Deno.execPath(), args);
    assert.equal(code, 0, stderr);
    const { grown, size } = JSON.parse(stdout) as { grown: number; size: number };
    assert.equal(size, SIZE);
    assert(grown < 160 * MIB, `the process has grown by ${Math.round(grown / MIB)} MiB`);
  }));
