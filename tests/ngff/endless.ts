/** Writes to a plate on disk until it is killed: new wells, more of wells that are there, and wells anew. */

import { DiskStore } from "../../backends/stores/disk_store.ts";
import { planesOf, write } from "./plates.ts";

const store = new DiskStore({ root: Deno.args[0]! });
for (let round = 0;; round++) {
  const well = `${"ABC"[round % 3]}${1 + round % 5}`;
  const multiscale = { minimumSize: 3 };
  const onExisting = round % 7 === 3 ? "replace" : "merge";
  await write(store, planesOf(well, { sites: [1, 2], channels: [`w${round % 4}`], seed: round % 2 }), {
    well,
    multiscale,
    onExisting,
  });
}
