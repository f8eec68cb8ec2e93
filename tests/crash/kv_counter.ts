/** The child of the counting test on Deno KV: adds one to a number, again and again. Arguments: the file, path, how often. */

import { KvBackend } from "../../backends/kv.ts";
import { FileManager } from "../../filemanager/mod.ts";

const [file = "", path = "", times = "0"] = Deno.args;
await using kv = new KvBackend({ path: file });
const manager = new FileManager({ kv }).on("kv");
for (let i = 0; i < Number(times); i++) {
  await manager.update<{ count: number }>(path, (old) => ({ count: (old?.count ?? 0) + 1 }));
}
