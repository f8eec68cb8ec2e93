/** The child of the permission test: everything but links. */

import { isStorageError } from "../../backends/errors.ts";
import { TemporaryBackend } from "../../backends/temporary.ts";

function tell(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(text));
}

const temp = new TemporaryBackend();
try {
  const { etag } = await temp.save({ a: 1 }, "a/b.json");
  await temp.save({ a: 2 }, "a/b.json", { ifMatch: etag });
  await temp.saveBatch(["1", "2"], ["x.txt", "d/y.txt"]);
  await temp.listFiles("", { recursive: true });
  await temp.copy("a", "c");
  await temp.move("c", "m");
  await temp.deleteAll("m");
  tell("resolved");
} catch (error) {
  tell(isStorageError(error) ? `${error.code} ${error.message}` : `foreign ${error}`);
} finally {
  await temp.close();
}
