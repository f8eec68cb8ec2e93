/** The child of the streaming test: writes and reads a large file as streams, and says how much it has grown. Arguments: file, size. */

import { SqliteBackend } from "../../backends/sqlite.ts";

const [path = "", text = ""] = Deno.args;
const size = Number(text);
await using backend = new SqliteBackend({ path });
await backend.save("text", "note.txt");
const before = Deno.memoryUsage().rss;
let highest = before;
const chunk = new Uint8Array(1024 * 1024);

const writer = (await backend.openWrite("large.bin")).getWriter();
for (let at = 0; at < size; at += chunk.length) {
  new DataView(chunk.buffer).setFloat64(8, at);
  await writer.write(chunk);
  highest = Math.max(highest, Deno.memoryUsage().rss);
}
await writer.close();

let read = 0;
for await (const bytes of await backend.openRead("large.bin")) {
  if (read % chunk.length === 0 && new DataView(bytes.buffer, bytes.byteOffset).getFloat64(8) !== read) {
    throw new Error(`the content at ${read} is not what was written`);
  }
  read += bytes.length;
  highest = Math.max(highest, Deno.memoryUsage().rss);
}
const part = await backend.openRead("large.bin", { range: { offset: size - chunk.length + 8, length: 8 } });
const last = await new Response(part as ReadableStream<Uint8Array<ArrayBuffer>>).arrayBuffer();
if (new DataView(last).getFloat64(0) !== size - chunk.length) throw new Error("the last range is not what was written");
Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify({ grown: highest - before, size: read })));
