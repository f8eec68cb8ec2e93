/**
 * The child of the experiments with Zarr.
 *
 * - `part`: writes one row of the array, element by element, each element in a write of its own: all rows lie in one chunk.
 * - `fill`: fills all of the array with one number after the other until it is told to stop.
 * - `until-killed`: the same, and says each number when it is written; parts too.
 *
 * Arguments: place, root, path, task, and for `part` the row, else the number to begin with.
 */

import { slice } from "../../backends/zarr/selection.ts";
import { StoredArray } from "../../backends/zarr/stored_array.ts";
import { openStore, type Place } from "./zarr_place.ts";

const [place = "", root = "", path = "", task = "", number = "0"] = Deno.args;
const encoder = new TextEncoder();
const store = openStore(place as Place, root);

function tell(line: string): void {
  Deno.stdout.writeSync(encoder.encode(`${line}\n`));
}

/** Lets others have their turn: some stores never leave the thread. */
async function pause(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
}

async function part(array: StoredArray, row: number): Promise<void> {
  const columns = array.shape[1]!;
  for (let column = 0; column < columns; column++) await array.set([row, column], row * columns + column + 1);
}

async function fill(array: StoredArray, first: number): Promise<void> {
  let stopped = false;
  const told = Deno.stdin.read(new Uint8Array(8)).finally(() => stopped = true);
  for (let value = first; !stopped; value++) {
    await array.set(undefined, value);
    await pause();
  }
  await told;
}

async function untilKilled(array: StoredArray, first: number): Promise<never> {
  await Deno.stdin.read(new Uint8Array(8));
  for (let value = first;; value++) {
    await array.set(undefined, value);
    tell(`whole ${value}`);
    await array.set([slice(1, 2), slice(3, null)], value);
    tell(`part ${value}`);
    await pause();
  }
}

const array = await StoredArray.open(store, path);
tell("ready");
if (task === "part") await part(array, Number(number));
else if (task === "fill") await fill(array, Number(number));
else await untilKilled(array, Number(number));
await store.close();
