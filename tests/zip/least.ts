/** The child of the permission tests on zip: everything that a backend does. Arguments: the path of the archive; none for bytes. */

import { isStorageError } from "../../backends/errors.ts";
import { ZipBackend } from "../../backends/zip.ts";
import { forge } from "./archives.ts";

const [path] = Deno.args;

function tell(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(text));
}

try {
  const content = { name: "a.json", content: '{ "a": 1 }', deflate: true };
  const bytes = forge([content, { name: "d/b.bin", content: new Uint8Array(3_000_000), deflate: true }]);
  const zip = new ZipBackend(path === undefined ? { bytes } : { path });
  await zip.load("a.json");
  await zip.listFiles("", { recursive: true });
  await zip.stat("d");
  await zip.exists("nothing");
  for await (const _ of await zip.openRead("d/b.bin"));
  await zip.close();
  tell("resolved");
} catch (error) {
  tell(isStorageError(error) ? `${error.code} ${error.message}` : `foreign ${error}`);
}
