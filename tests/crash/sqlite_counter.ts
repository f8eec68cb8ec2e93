/** The child of the counting test on SQLite: adds one to a number, again and again. Arguments: file, path, how often, durability. */

import { SqliteBackend } from "../../backends/sqlite.ts";
import { FileManager } from "../../mod.ts";

const [file = "", path = "", times = "0", durability] = Deno.args;
await using backend = new SqliteBackend({ path: file, durability: durability === "normal" ? "normal" : "full" });
const fm = new FileManager({ sqlite: backend });
for (let i = 0; i < Number(times); i++) {
  await fm.update<{ count: number }>(path, "sqlite", (old) => ({ count: (old?.count ?? 0) + 1 }));
}
