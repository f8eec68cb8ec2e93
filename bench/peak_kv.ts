/**
 * A program of its own: loads a file from Deno KV in a fresh process and prints the most memory that the process ever held, in
 * bytes.
 *
 * @module
 */

import { KvBackend } from "../backends/kv.ts";
import { peakMemory } from "./peak_memory.ts";

const [database, path, size] = Deno.args;
await using backend = new KvBackend({ path: database });
const bytes = await backend.load(path!) as Uint8Array;
if (bytes.length !== Number(size)) throw new Error(`Cannot measure: ${bytes.length} bytes loaded`);
Deno.stdout.writeSync(new TextEncoder().encode(`${peakMemory()}\n`));
