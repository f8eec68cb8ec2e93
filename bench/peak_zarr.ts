/**
 * A program of its own: writes an array from a generator of chunks, and prints the most memory that the process ever held, in
 * bytes. With no chunks to write it prints what Deno and the library take by themselves.
 *
 * Arguments: a directory, the compressor or "none", how many chunks of 4 MiB, how many workers.
 *
 * @module
 */

import { ndarray } from "../backends/formats/ndarray.ts";
import { DiskStore } from "../backends/stores/disk_store.ts";
import { StoredArray } from "../backends/zarr/stored_array.ts";
import { peakMemory } from "./peak_memory.ts";

const SIDE = 1024;

/** One chunk after the other, each in new memory. */
function* chunks(count: number): Generator<Float32Array<ArrayBuffer>> {
  for (let index = 0; index < count; index++) {
    const chunk = new Float32Array(SIDE * SIDE);
    for (let i = 0; i < chunk.length; i++) chunk[i] = Math.round(Math.sin(i / 500) * 1000) + (i * 31) % 17;
    yield chunk;
  }
}

if (import.meta.main) {
  const [root = "", compressor = "none", count = "0", workers = "0"] = Deno.args;
  await using array = await StoredArray.create(
    new DiskStore({ root, durability: "fast" }),
    "a",
    "float32",
    [Math.max(1, Number(count)), SIDE, SIDE],
    { chunks: [1, SIDE, SIDE], compressor: compressor === "none" ? null : compressor, workers: Number(workers) },
  );
  let index = 0;
  for (const chunk of chunks(Number(count))) {
    await array.set([index++], ndarray(chunk, [SIDE, SIDE]), { release: true });
  }
  Deno.stdout.writeSync(new TextEncoder().encode(`${peakMemory()}\n`));
}
