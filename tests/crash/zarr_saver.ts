/**
 * The child of the kill test on arrays: waits for a line, then saves, moves and deletes arrays until it is killed. After each change
 * that has resolved it says what holds now.
 *
 * Arguments: place, directory, seed, the number to begin with.
 */

import { ZarrBackend } from "../../backends/zarr.ts";
import { randomFrom } from "../disk/setup.ts";
import { arrayOf, openStore, type Place } from "./zarr_store.ts";

const [place = "disk", directory = "", seed = "0", first = "0"] = Deno.args;
const random = randomFrom(Number(seed));
const zarr = new ZarrBackend({ store: openStore(place as Place, directory) });
const encoder = new TextEncoder();
let sequence = Number(first);

function acknowledge(...words: readonly (string | number)[]): void {
  Deno.stdout.writeSync(encoder.encode(`${words.join(" ")}\n`));
}

async function save(path: string): Promise<number> {
  const number = ++sequence;
  const { value, options } = arrayOf(number);
  await zarr.save(value, path, options);
  return number;
}

async function change(): Promise<void> {
  const path = `g/${Math.floor(random() * 3)}`;
  const kind = random();
  if (kind < 0.75) acknowledge("at", path, await save(path));
  else if (kind < 0.85) {
    const number = await save(`new/${sequence}`);
    acknowledge("going", path);
    await zarr.move(`new/${number - 1}`, path, { overwrite: true });
    acknowledge("at", path, number);
  } else {
    acknowledge("going", path);
    await zarr.delete(path, { force: true });
    acknowledge("gone", path, sequence);
  }
}

for (const path of ["g/0", "g/1", "g/2"]) acknowledge("at", path, await save(path));
acknowledge("ready");
await Deno.stdin.read(new Uint8Array(10));
for (;;) await change();
