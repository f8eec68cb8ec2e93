import assert from "node:assert/strict";
import { DiskBackend } from "../../mod.ts";
import { LONG, seeded, withBox } from "../disk/setup.ts";
import { readBlock } from "./block.ts";
import { Child } from "./child.ts";

const LOADS = LONG ? 20_000 : 2000;
const PATHS = ["one.bin", "two.bin"];

async function readStream(disk: DiskBackend, path: string): Promise<Uint8Array> {
  return await new Response(await disk.openRead(path) as ReadableStream<Uint8Array<ArrayBuffer>>).bytes();
}

Deno.test(`never torn: ${LOADS} loads of files that another process keeps replacing are whole`, () =>
  withBox(async ({ root }) => {
    const { random } = seeded("never torn");
    const disk = new DiskBackend({ root });
    const child = new Child("writer.ts", [root, Math.floor(random() * 2 ** 32), ...PATHS]);
    const seen = new Set<number>();
    try {
      assert.equal(await child.line(), "ready");
      for (let i = 0; i < LOADS; i += 2) {
        const streamed = i % 10 === 0;
        const contents = await Promise.all(
          PATHS.map((path) => streamed ? readStream(disk, path) : disk.load(path) as Promise<Uint8Array>),
        );
        for (const [at, content] of contents.entries()) seen.add(readBlock(content, `load ${i} of ${PATHS[at]}`));
      }
      await child.tell("stop");
      await child.ended();
    } finally {
      await child.kill();
    }
    assert(seen.size > 1, "the file never changed: the test does not test");
  }));
