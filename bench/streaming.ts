/**
 * Streaming: ours against a bare WebSocket and a bare port, which send the bytes and wait for a short answer. The other end is a worker.
 *
 * @module
 */

import { ndarray } from "../mod.ts";
import { MessagePortBackend, WebSocketBackend } from "../backends/streaming/mod.ts";
import { randomBytes, sizeText } from "./random.ts";
import { rival, type Row, type RunOptions, type Task } from "./row.ts";

/** Of the time of a bare WebSocket. */
const SOCKET_GOAL = 1.3;
const MIB = 1024 * 1024;
const SIZES: readonly number[] = [1024, MIB, 16 * MIB];

/** The tasks of this file. */
export function streamingTasks(): Task[] {
  return [
    { name: "streaming websocket", run: (options) => withReceiver((worker, port) => sockets(worker, port, options)) },
    { name: "streaming message port", run: (options) => withReceiver((worker) => ports(worker, options)) },
  ];
}

async function withReceiver(run: (worker: Worker, port: number) => Promise<Row[]>): Promise<Row[]> {
  const worker = new Worker(new URL("streaming_receiver.ts", import.meta.url), { type: "module" });
  try {
    const port = await new Promise<number>((resolve) => worker.onmessage = ({ data }) => resolve(data));
    return await run(worker, port);
  } finally {
    worker.terminate();
  }
}

async function sockets(_worker: Worker, port: number, { quick }: RunOptions): Promise<Row[]> {
  const bare = new WebSocket(`ws://127.0.0.1:${port}/bare`);
  await new Promise((resolve) => bare.onopen = resolve);
  await using backend = new WebSocketBackend(`ws://127.0.0.1:${port}`);
  const rows: Row[] = [];
  for (const size of SIZES) {
    const bytes = randomBytes(size);
    const image = ndarray(bytes);
    rows.push(
      ...await rival(`stream over a WebSocket, ${sizeText(size)}`, {
        name: "ours",
        work: (count) => repeat(count, () => backend.save(image, "plate/A01.npy")),
      }, [{
        name: "bare WebSocket",
        work: (count) =>
          repeat(count, async () => {
            const answered = new Promise((resolve) => bare.onmessage = resolve);
            bare.send(bytes);
            await answered;
          }),
        ...(size === 16 * MIB ? { goal: SOCKET_GOAL } : {}),
      }], { budget: quick ? 1500 : 8000 }),
    );
  }
  bare.close();
  return rows;
}

async function ports(worker: Worker, { quick }: RunOptions): Promise<Row[]> {
  const [mine, theirs] = [new MessageChannel(), new MessageChannel()];
  worker.postMessage("ours", [mine.port2]);
  worker.postMessage("bare", [theirs.port2]);
  const bare = theirs.port1;
  await using backend = new MessagePortBackend(mine.port1);
  async function post(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const answered = new Promise((resolve) => bare.onmessage = resolve);
    bare.postMessage(bytes, [bytes.buffer]);
    await answered;
  }
  const rows: Row[] = [];
  for (const size of SIZES) {
    const bytes = randomBytes(size);
    const image = ndarray(bytes);
    rows.push(
      ...await rival(
        `stream over a port, ${sizeText(size)}, the caller keeps his`,
        {
          name: "ours",
          work: (count) => repeat(count, () => backend.save(image, "plate/A01.npy")),
        },
        [{ name: "bare port, a copy transferred", work: (count) => repeat(count, () => post(bytes.slice())) }],
        {
          budget: quick ? 1000 : 4000,
        },
      ),
    );
    let given: Uint8Array<ArrayBuffer>[] = [];
    const before = (count: number): void => {
      given = Array.from({ length: count }, () => new Uint8Array(size));
    };
    rows.push(
      ...await rival(
        `stream over a port, ${sizeText(size)}, given away`,
        {
          name: "ours",
          before,
          work: (count) =>
            repeat(count, () => backend.save(ndarray(given.pop()!), "plate/A01.npy", { transfer: true })),
        },
        [{ name: "bare port, transferred", before, work: (count) => repeat(count, () => post(given.pop()!)) }],
        {
          budget: quick ? 1000 : 4000,
          maxCount: 200,
        },
      ),
    );
  }
  bare.close();
  return rows;
}

async function repeat(count: number, work: () => unknown): Promise<void> {
  for (; count > 0; count--) await work();
}
