/** Writes to a plate on disk as one of several processes: a well of its own, and a part of a well that all write to. */

import { DiskStore } from "../../backends/stores/disk_store.ts";
import { planesOf, write } from "./plates.ts";

const [root, number] = Deno.args;
const store = new DiskStore({ root: root! });
const own = `B${Number(number) + 1}`;
await write(store, planesOf(own, { sites: [1, 2] }), { well: own });
await write(store, planesOf("A1", { sites: [`own${number}`] }), { well: "A1" });
await write(store, planesOf("A1", { sites: ["shared"], channels: [`w${number}`] }), { well: "A1" });
