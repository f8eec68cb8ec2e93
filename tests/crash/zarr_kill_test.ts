import assert from "node:assert/strict";
import { isStorageError } from "../../backends/errors.ts";
import { ZarrBackend } from "../../backends/zarr.ts";
import { LONG, type Random, seeded, withBox } from "../disk/setup.ts";
import { Child } from "./child.ts";
import { kills } from "./kills.ts";
import { arrayOf, openStore, type Place, PLACES } from "./zarr_store.ts";

const KILLS = LONG ? 150 : 12;

/** What was acknowledged last of each path: the number there, or the one after which it was deleted. */
type Acknowledged = Map<string, { readonly state: string; readonly number: number }>;

function note(line: string | undefined, acknowledged: Acknowledged): void {
  assert(line !== undefined, "the child ended before it was ready");
  const [state = "", path = "", number] = line.split(" ");
  assert(["at", "gone", "going"].includes(state), line);
  acknowledged.set(path, { state, number: Number(number ?? acknowledged.get(path)?.number ?? 0) });
}

async function killed(place: Place, root: string, random: Random, first: number, acknowledged: Acknowledged) {
  const child = new Child("zarr_saver.ts", [place, root, Math.floor(random() * 2 ** 32), first]);
  for (let line = await child.line(); line !== "ready"; line = await child.line()) note(line, acknowledged);
  const lines = child.lines();
  await child.tell("go");
  await new Promise((resolve) => setTimeout(resolve, 5 + random() * 150));
  await child.kill().finally(() => lines.catch(() => {/* the kill has told */}));
  for (const line of await lines) note(line, acknowledged);
}

/** The number of the array at a path; it must be whole. */
async function numberAt(zarr: ZarrBackend, path: string, when: string): Promise<number | undefined> {
  try {
    const value = await zarr.load(path) as { data: Float64Array };
    assert.deepEqual(value, arrayOf(value.data[0]!).value, `${when}: ${path} is a mixture`);
    return value.data[0];
  } catch (error) {
    if (isStorageError(error, "not-found")) return undefined;
    throw new Error(`${when}: ${path} cannot be read`, { cause: error });
  }
}

/** Checks what is left; answers how much was swept. */
async function verify(place: Place, root: string, acknowledged: Acknowledged, when: string): Promise<number> {
  await using zarr = new ZarrBackend({ store: openStore(place, root) });
  const numbers = new Map<string, number | undefined>();
  for (const [path, { state, number }] of acknowledged) {
    const found = await numberAt(zarr, path, when);
    numbers.set(path, found);
    if (found === undefined) assert(state !== "at", `${when}: ${path} was acknowledged as ${number}, and is gone`);
    else assert(found >= number || state === "going", `${when}: ${path} is ${found}, and was ${state} ${number}`);
    if (state === "gone") assert(found === undefined || found > number, `${when}: ${path} is back`);
  }
  const swept = await zarr.sweep("", { olderThan: -1 });
  for (const [path, number] of numbers) assert.equal(await numberAt(zarr, path, `${when}, swept`), number);
  const left = await Array.fromAsync(zarr.store.list!(""), ({ path }) => path);
  assert.deepEqual(
    left.filter((path) => path.includes(".polystore-zarr")),
    [],
    `${when}: the sweep has left something`,
  );
  return swept;
}

for (const place of PLACES) {
  Deno.test(`zarr in ${place}, kill -9: every acknowledged array is there, whole, ${KILLS} times`, () =>
    withBox(async ({ root }) => {
      const { random } = seeded(`zarr in ${place}, kill -9`);
      const acknowledged: Acknowledged = new Map();
      let swept = 0;
      const shown = (): boolean => swept > 0;
      for (const kill of kills(KILLS, shown)) {
        await killed(place, root, random, kill * 1_000_000, acknowledged);
        swept += await verify(place, root, acknowledged, `after kill ${kill}`);
      }
      assert(swept > 0, "no kill ever left anything half done: the test does not test");
    }));
}
