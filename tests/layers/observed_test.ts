import { faulty, observed, type Span, StoreCounters, type Tracer } from "@polystore/polystore/layers";
import { layered, MemoryStore, type Store } from "@polystore/polystore/stores";
import { SpanStatusCode, trace, type Tracer as ApiTracer } from "@opentelemetry/api";
import assert from "node:assert/strict";
import { bytesOf, EVERY, leastStore, methodsOf, testLayers } from "./place.ts";

await testLayers("observed", () => [observed()]);

/** What was told of a span. */
interface Told {
  readonly name: string;
  readonly parent: string | undefined;
  readonly attributes: Record<string, unknown>;
  status?: number;
  exceptions: unknown[];
  ends: number;
}

/** A tracer that keeps what it is told. */
function tracing(): { tracer: Tracer; spans: Told[] } {
  const spans: Told[] = [];
  let active: string | undefined;
  const start = (name: string): Span => {
    const told: Told = { name, parent: active, attributes: {}, exceptions: [], ends: 0 };
    spans.push(told);
    return {
      setAttribute: (key, value) => void (told.attributes[key] = value),
      setStatus: ({ code }) => void (told.status = code),
      recordException: (exception) => void told.exceptions.push(exception),
      end: () => void told.ends++,
    };
  };
  return {
    spans,
    tracer: {
      startSpan: start,
      startActiveSpan(name, work) {
        const span = start(name);
        const before = active;
        active = name;
        try {
          return work(span) as ReturnType<typeof work>;
        } finally {
          active = before;
        }
      },
    },
  };
}

function setUp(): { memory: MemoryStore; store: Store; spans: Told[]; counters: StoreCounters } {
  const memory = new MemoryStore();
  const { tracer, spans } = tracing();
  const counters = new StoreCounters();
  return { memory, spans, counters, store: layered(memory, observed({ tracer, counters })) };
}

Deno.test("observed() offers what the store offers", () => {
  assert.deepEqual(methodsOf(layered(leastStore(), observed())), ["read", "stat"]);
  assert.deepEqual(methodsOf(layered(new MemoryStore(), observed())), EVERY);
});

Deno.test("observed() takes a tracer of @opentelemetry/api as it is", async () => {
  const api: ApiTracer = trace.getTracer("test");
  const tracer: Tracer = api;
  const store = layered(new MemoryStore(), observed({ tracer }));
  await store.write!("a", bytesOf("x"));
  assert.deepEqual(await store.read("a"), bytesOf("x"));
  assert.equal(await new Response(await store.openRead!("a")).text(), "x");
});

Deno.test("observed() makes one span of each operation, and ends it once", async () => {
  const { store, spans, counters } = setUp();
  await store.write!("a", bytesOf("four"));
  await store.read("a");
  await store.stat("a");
  await store.writeMany!([{ path: "b", bytes: bytesOf("12") }, { path: "c", bytes: bytesOf("345") }]);
  await store.readMany!(["b", "c", "d"]);
  for await (const _ of store.list!("")) if (_.path === "a") break;
  await new Response(await store.openRead!("c")).bytes();
  await new Blob(["streamed"]).stream().pipeTo(await store.openWrite!("d"));
  assert.deepEqual(spans.map(({ name, attributes, ends }) => [name, attributes["store.bytes"], ends]), [
    ["store.write", 4, 1],
    ["store.read", 4, 1],
    ["store.stat", undefined, 1],
    ["store.writeMany", 5, 1],
    ["store.readMany", 5, 1],
    ["store.list", undefined, 1],
    ["store.openRead", 3, 1],
    ["store.openWrite", 8, 1],
  ]);
  assert.deepEqual([counters.bytesRead, counters.bytesWritten], [12, 17]);
  assert.equal(spans[0]!.attributes["store.path"], "a");
});

Deno.test("observed() tells what failed, and why", async () => {
  const { store, spans, counters } = setUp();
  await store.write!("a", bytesOf("x"));
  await assert.rejects(store.write!("a/b", bytesOf("x")), { code: "not-a-directory" });
  const reason = new Error("enough");
  await assert.rejects(store.stat("a", { signal: AbortSignal.abort(reason) }), (error) => error === reason);
  assert.equal(spans[1]!.attributes["error.type"], "not-a-directory");
  assert.equal(spans[1]!.status, SpanStatusCode.ERROR);
  assert.equal(spans[1]!.exceptions.length, 1);
  assert.equal(spans[2]!.attributes["error.type"], "Error");
  assert.deepEqual(counters.errors, { "not-a-directory": 1, other: 1 });
  assert(spans.every(({ ends }) => ends === 1));
});

Deno.test("observed() ends the span of a stream that is cancelled, aborted, fails, or is not there", async () => {
  const memory = new MemoryStore();
  const { tracer, spans } = tracing();
  const broken = faulty([{ method: "openRead", call: 2, cut: 1, error: new Error("cut") }, {
    method: "list",
    call: 1,
  }]);
  const store = layered(memory, broken, observed({ tracer }));
  await memory.write("a", new Uint8Array(1_000_000));
  await (await store.openRead!("a"))!.cancel();
  await assert.rejects(async () => await new Response(await store.openRead!("a")).bytes(), /cut/);
  await store.openRead!("missing");
  await (await store.openWrite!("b")).abort();
  await assert.rejects(Array.fromAsync(store.list!("")), { code: "io" });
  await assert.rejects(async () => await store.openWrite!("a", { signal: AbortSignal.abort() }));
  assert.deepEqual(spans.map(({ name, ends }) => `${name} ${ends}`), [
    "store.openRead 1",
    "store.openRead 1",
    "store.openRead 1",
    "store.openWrite 1",
    "store.list 1",
    "store.openWrite 1",
  ]);
  assert.equal(spans[1]!.status, SpanStatusCode.ERROR);
  assert.equal(spans[0]!.status, undefined);
});

Deno.test("observed() makes what is done inside a child, and keeps paths to itself when it is told so", async () => {
  const { tracer, spans } = tracing();
  const store = layered(new MemoryStore(), observed({ tracer, paths: false }), observed({ tracer, paths: false }));
  await store.stat("secret");
  assert.deepEqual(spans.map(({ name, parent }) => [name, parent]), [["store.stat", undefined], [
    "store.stat",
    "store.stat",
  ]]);
  assert(!JSON.stringify(spans).includes("secret"));
});
