/** Registers, updates and locks over a shared SQLite file: one of several processes. */

import { ArtifactRegistry, isStorageError, StoredArtifacts } from "@polystore/polystore/artifacts";
import { SqliteStore } from "@polystore/polystore/stores";

const [path, name, rounds] = Deno.args as [string, string, string];
const store = new SqliteStore({ path });
const registry = new ArtifactRegistry<number | string>({ storage: new StoredArtifacts(store, "race") });
const won: string[] = [];
for (let n = 0; n < Number(rounds); n++) {
  try {
    await registry.register(`k${n}`, name);
    won.push(`k${n}`);
  } catch (error) {
    if (!isStorageError(error, "already-exists")) throw error;
  }
  await registry.update("counter", (count) => Number(count) + 1);
  await registry.withLock("turn", async () => {
    // Not safe by itself: only the lock keeps the two apart.
    const count = Number(await registry.get("guarded"));
    await registry.replace("guarded", count + 1);
  });
}
await registry.close();
await store.close();
// deno-lint-ignore no-console -- what the test reads
console.log(JSON.stringify(won));
