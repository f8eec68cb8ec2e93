/**
 * A remote store against the bytes alone: a bare `Deno.serve` and `fetch` that carry the same content.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { MemoryStore, RemoteStore } from "../backends/stores/mod.ts";
import { files } from "../registry/files.ts";
import { randomBytes, sizeText } from "./random.ts";
import { rival, type Row, type RunOptions, type Task } from "./row.ts";

/** Of the time of the bytes alone. */
const READ_GOAL = 1.3;

const KIB = 1024;
const MIB = 1024 * KIB;

/** The tasks of this file. */
export function remoteTasks(): Task[] {
  return [
    { name: "remote read and write", run: contents },
    { name: "remote listing", run: listing },
  ];
}

function listen(handler: (request: Request) => Response | Promise<Response>): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, handler);
}

async function contents({ quick }: RunOptions): Promise<Row[]> {
  const memory = new MemoryStore();
  let echoed = new Uint8Array() as Uint8Array<ArrayBuffer>;
  const echo = listen(async (request) => {
    if (request.method !== "PUT") return new Response(echoed, request.url.endsWith("?headers") ? HEADERS : {});
    await request.bytes();
    return new Response(null, { status: 204 });
  });
  const server = listen(files({ it: memory }));
  const store = new RemoteStore({ url: `http://127.0.0.1:${server.addr.port}/v1/files/it`, timeout: 60_000 });
  const address = `http://127.0.0.1:${echo.addr.port}/`;
  const rows: Row[] = [];
  for (const size of [KIB, MIB, 16 * MIB]) {
    const content = randomBytes(size);
    echoed = content;
    await memory.write("a.bin", content);
    assert(Buffer.compare((await store.read("a.bin"))!, content) === 0);
    const options = { budget: quick ? 3000 : 8000, sample: size === KIB ? 20 : 40, maxCount: 200, minRounds: 9 };
    rows.push(
      ...await rival(`remote read, ${sizeText(size)}`, {
        name: "ours",
        work: (count) => repeat(count, () => store.read("a.bin")),
      }, [{
        name: "fetch of Deno.serve",
        work: (count) => repeat(count, async () => await (await fetch(address)).bytes()),
        goal: READ_GOAL,
      }, {
        name: "the same, with a signal and two headers each way",
        work: (count) => repeat(count, async () => await (await fetch(`${address}?headers`, asked())).bytes()),
      }], options),
      ...await rival(`remote write, ${sizeText(size)}`, {
        name: "ours",
        work: (count) => repeat(count, () => store.write("b.bin", content)),
      }, [{
        name: "fetch to Deno.serve",
        work: (count) => repeat(count, async () => void await (await fetch(address, PUT(content))).body?.cancel()),
      }], options),
    );
  }
  await store.close();
  await Promise.all([server.shutdown(), echo.shutdown()]);
  return rows;
}

const HEADERS = { headers: { "content-type": "application/octet-stream", "cache-control": "no-store" } };

function asked(): RequestInit {
  return { ...HEADERS, signal: new AbortController().signal };
}

function PUT(body: Uint8Array<ArrayBuffer>): RequestInit {
  return { method: "PUT", body };
}

async function listing({ quick }: RunOptions): Promise<Row[]> {
  const memory = new MemoryStore();
  const count = quick ? 10_000 : 50_000;
  for (let i = 0; i < count; i++) await memory.write(`plate/${i}.bin`, new Uint8Array(1));
  const server = listen(files({ it: memory }));
  const store = new RemoteStore({ url: `http://127.0.0.1:${server.addr.port}/v1/files/it`, timeout: 60_000 });
  const rows = await rival(`remote listing of ${count}`, {
    name: "ours",
    work: (times) => repeat(times, async () => void await Array.fromAsync(store.list("plate"))),
  }, [{
    name: "without the wire",
    work: (times) => repeat(times, async () => void await Array.fromAsync(memory.list("plate"))),
  }], { budget: quick ? 2000 : 8000, maxCount: 4, minRounds: 5 });
  await store.close();
  await server.shutdown();
  return rows;
}

async function repeat(count: number, work: () => unknown): Promise<void> {
  for (; count > 0; count--) await work();
}
