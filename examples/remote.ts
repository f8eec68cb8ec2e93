// A directory of this machine, served over HTTP and used from elsewhere as any other backend.
//
//   deno run --allow-read --allow-write --allow-net=127.0.0.1 examples/remote.ts

import { DiskBackend, FileManager, MemoryBackend } from "@polystore/polystore";
import { files } from "@polystore/polystore/files";
import { RemoteBackend } from "@polystore/polystore/remote";
import assert from "node:assert/strict";

// The server: whoever reaches it may do what it offers, so it listens here only. `archive` may be read, and no more.
const root = await Deno.makeTempDir();
const handler = files({ results: new DiskBackend({ root }), archive: new MemoryBackend() }, { readOnly: ["archive"] });
const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, handler);
const url = `http://127.0.0.1:${server.addr.port}/v1/files/results`;

// The client: values are encoded here, so only bytes go over the wire.
const remote = new RemoteBackend({ url });
const fm = new FileManager({ results: remote, memory: new MemoryBackend() });
await fm.save({ well: "A01", count: 1 }, "plate/A01.json", "results");
assert.equal(await Deno.readTextFile(`${root}/plate/A01.json`), '{"well":"A01","count":1}');

// No update is lost, whoever else writes.
await Promise.all(
  Array.from({ length: 5 }, () =>
    fm.update<{ well: string; count: number }>("plate/A01.json", "results", (old) => ({
      ...old!,
      count: old!.count + 1,
    }))),
);
assert.deepEqual(await fm.load("plate/A01.json", "results"), { well: "A01", count: 6 });

// Directories move between backends, compared when they have arrived.
await fm.copy("plate", "copy", "results", { to: "memory" });
assert.deepEqual(await fm.listFiles("copy", "memory"), ["copy/A01.json"]);

// Other programs need nothing but HTTP.
const part = await fetch(`${url}?path=plate%2FA01.json`, { headers: { range: "bytes=0-6" } });
assert.equal(await part.text(), '{"well"');
const listing = await (await fetch(`${url}?list=plate`)).json();
assert.equal(listing.entries[0].path, "plate/A01.json");

await remote.close();
await server.shutdown();
await Deno.remove(root, { recursive: true });
