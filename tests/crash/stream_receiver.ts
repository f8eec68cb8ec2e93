// Receives batches over a WebSocket, and keeps a line of each in a file: a receiver who keeps things for longer than he lives.

import { receiveWebSocket, StreamReceiver } from "../../backends/streaming/mod.ts";

const [port, directory] = Deno.args;
const kept = Deno.openSync(`${directory}/kept`, { create: true, read: true, append: true });
const seen = Deno.openSync(`${directory}/seen`, { create: true, append: true });
const lines = Deno.readTextFileSync(`${directory}/kept`).split("\n");
let last = Number(lines.at(-2)?.split(" ")[0] ?? 0);

function write(file: Deno.FsFile, line: string): void {
  file.writeSync(new TextEncoder().encode(`${line}\n`));
}

const receiver = new StreamReceiver(async ({ sequence, items }) => {
  write(seen, String(sequence));
  await new Promise((resolve) => setTimeout(resolve, 1));
  if (sequence <= last) return;
  // Its thread stands still: it answers nothing, not even that it closes.
  if (items[0]!.path === "hang") Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  const sums = items.map(({ path, value }) => `${path}=${(value as Uint8Array).reduce((sum, byte) => sum + byte, 0)}`);
  write(kept, `${sequence} ${sums.join(" ")}`);
  last = sequence;
});

const server = Deno.serve(
  { hostname: "127.0.0.1", port: Number(port), onListen() {} },
  (request) => receiveWebSocket(request, receiver),
);
Deno.stdout.writeSync(new TextEncoder().encode(`${server.addr.port}\n`));
