/**
 * A KV Connect server (protocol version 3) on loopback: the official engine, which `@deno/kv` brings along as an addon for Node,
 * behind HTTP. It says `port <number>` when it is ready, or `unavailable <why>`, and serves until it is killed.
 *
 * Arguments: the token.
 */

import { isNapiInterface } from "@deno/kv";
import { Buffer } from "node:buffer";
import { createRequire } from "node:module";

interface Engine {
  open(path: string, inMemory: boolean | undefined, debug: boolean): number;
  snapshotRead(db: number, request: Buffer, debug: boolean): Promise<Uint8Array<ArrayBuffer>>;
  atomicWrite(db: number, request: Buffer, debug: boolean): Promise<Uint8Array<ArrayBuffer>>;
  startWatch(db: number, request: Buffer, debug: boolean): Promise<number>;
  dequeueNextWatchMessage(db: number, watch: number, debug: boolean): Promise<Uint8Array | undefined>;
  endWatch(db: number, watch: number, debug: boolean): void;
}

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

function load(): Engine | undefined {
  try {
    const engine: unknown = createRequire(import.meta.resolve("@deno/kv"))("./_napi_index.cjs");
    if (isNapiInterface(engine)) return engine as unknown as Engine;
    say("unavailable the addon of @deno/kv lacks a function");
  } catch (error) {
    say(`unavailable the addon of @deno/kv cannot be loaded: ${error}`.replaceAll("\n", " "));
  }
  return undefined;
}

function text(status: number, message: string): Response {
  return new Response(message, { status, headers: { "content-type": "text/plain" } });
}

/** Answers who may read and write what, and where. */
function metadata(body: Buffer, token: string): Response {
  const { supportedVersions = [1] } = body.length > 0 ? JSON.parse(body.toString()) : {};
  if (!supportedVersions.includes(3)) return text(400, "unsupported version");
  return Response.json({
    version: 3,
    databaseId: ID,
    endpoints: [{ url: "/v2", consistency: "strong" }],
    token,
    expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
  });
}

/** Messages, each behind its length. */
async function watch(engine: Engine, db: number, body: Buffer): Promise<Response> {
  const id = await engine.startWatch(db, body, false);
  const messages = new ReadableStream({
    async pull(controller): Promise<void> {
      const message = await engine.dequeueNextWatchMessage(db, id, false);
      if (message === undefined) return controller.close();
      const framed = new Uint8Array(4 + message.length);
      new DataView(framed.buffer).setUint32(0, message.length, true);
      framed.set(message, 4);
      controller.enqueue(framed);
    },
    cancel: () => engine.endWatch(db, id, false),
  });
  return new Response(messages, { headers: PROTOBUF });
}

const ID = crypto.randomUUID();
const PROTOBUF = { "content-type": "application/x-protobuf" };
const [token = ""] = Deno.args;
const engine = load();
if (engine !== undefined) {
  const db = engine.open("", true, false);
  const onListen = ({ port }: Deno.NetAddr): void => say(`port ${port}`);
  Deno.serve({ port: 0, hostname: "127.0.0.1", onListen }, async (request) => {
    if (request.method !== "POST") return text(405, "method not allowed");
    if (request.headers.get("authorization") !== `Bearer ${token}`) return text(401, "unauthorized");
    const body = Buffer.from(await request.arrayBuffer());
    try {
      switch (new URL(request.url).pathname) {
        case "/":
          return metadata(body, token);
        case "/v2/snapshot_read":
          return new Response(await engine.snapshotRead(db, body, false), { headers: PROTOBUF });
        case "/v2/atomic_write":
          return new Response(await engine.atomicWrite(db, body, false), { headers: PROTOBUF });
        case "/v2/watch":
          return await watch(engine, db, body);
        default:
          return text(404, "not found");
      }
    } catch (error) {
      return text(400, String(error));
    }
  });
}
