/**
 * A program of its own: loads a file in a fresh process and prints the most memory that the process ever held, in bytes. Without
 * a file it prints what Deno and the library take by themselves.
 *
 * @module
 */

import { DiskBackend, FileManager, type NdArray } from "../mod.ts";

/** The peak of the resident set, where the system tells it; what is resident now elsewhere. */
export function peakMemory(): number {
  if (Deno.build.os !== "linux") return Deno.memoryUsage().rss;
  const peak = /VmHWM:\s*(\d+) kB/.exec(Deno.readTextFileSync("/proc/self/status"))?.[1];
  return Number(peak) * 1024;
}

if (import.meta.main) {
  const [path, length] = Deno.args;
  const fm = new FileManager({ disk: new DiskBackend() });
  if (path !== undefined) {
    const array = await fm.load<NdArray>(path, "disk");
    if (array.data.length !== Number(length)) throw new Error(`Cannot measure: ${array.data.length} elements loaded`);
  }
  Deno.stdout.writeSync(new TextEncoder().encode(`${peakMemory()}\n`));
}
