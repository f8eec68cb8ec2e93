/** The child of the permission tests on Deno KV: everything that a backend does, under whatever it was granted. Arguments: path. */

import { KvBackend } from "../../backends/kv.ts";
import { isStorageError } from "../../backends/errors.ts";

const [path] = Deno.args;

function tell(outcome: Record<string, unknown>): void {
  Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify(outcome)));
}

try {
  await using kv = new KvBackend({ path });
  const { etag } = await kv.save({ a: 1 }, "a/b.json");
  await kv.save({ a: 2 }, "a/b.json", { ifMatch: etag });
  await kv.save(new Uint8Array(1_000_000), "large.bin");
  await kv.saveBatch(["1", "2"], ["x.txt", "d/y.txt"]);
  await kv.loadBatch(["x.txt", "d/y.txt", "large.bin"]);
  await kv.listFiles("", { recursive: true });
  await kv.createSymlink("x.txt", "link");
  await kv.copy("a", "c");
  await kv.move("c", "m");
  await kv.deleteAll("m");
  await kv.sweep({ olderThan: 0 });
  await kv.deleteAll("");
  tell({ resolved: true });
} catch (error) {
  if (isStorageError(error)) tell({ code: error.code, message: error.message });
  else tell({ foreign: error instanceof Error ? error.stack : String(error) });
}
