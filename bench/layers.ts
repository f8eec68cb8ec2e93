/**
 * Layers: what they add to a call, and to the work that they are there for.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import {
  cached,
  compressed,
  type CompressionMethod,
  encrypted,
  faulty,
  type Layer,
  limit,
  observed,
  prefixed,
  readOnly,
  retry,
  timeout,
} from "../backends/layers/mod.ts";
import { layered, MemoryStore, type Store } from "../backends/stores/mod.ts";
import { type Contender, measure, median, percentile } from "./measure.ts";
import { randomBytes, sizeText } from "./random.ts";
import { duration, rival, type Row, type RunOptions, type Task } from "./row.ts";

/** Nanoseconds that a layer with nothing to do may add to a call. */
const ADDED_GOAL = 2000;
/** Hits per second to be exceeded. */
const HITS_GOAL = 500_000;
/** Of the time of the library alone. */
const ZLIB_GOAL = 1.15;
const CRYPTO_GOAL = 1.25;

const MIB = 1024 * 1024;

/** The tasks of this file. */
export function layerTasks(): Task[] {
  return [
    { name: "layers that do nothing", run: doingNothing },
    { name: "layers cached hits", run: hits },
    { name: "layers compressed", run: compressing },
    { name: "layers encrypted", run: encrypting },
  ];
}

async function doingNothing({ quick }: RunOptions): Promise<Row[]> {
  const content = randomBytes(1024);
  const answer = Promise.resolve(content);
  const store: Store = { read: () => answer, stat: () => Promise.resolve({ kind: "file" }) };
  const layers: Record<string, Layer> = {
    readOnly: readOnly(),
    prefixed: prefixed("lab/7"),
    limit: limit(8),
    retry: retry(),
    observed: observed(),
    faulty: faulty([]),
    timeout: timeout(60_000),
  };
  const contender = (name: string, store: Store): Contender => ({
    name,
    async work(count): Promise<void> {
      for (; count > 0; count--) await store.read("plate/well.bin");
    },
  });
  const contenders = Object.entries(layers).map(([name, layer]) => contender(name, layer(store)));
  const [base, ...samples] = await measure([contender("bare", store), ...contenders], { budget: quick ? 1000 : 8000 });
  return contenders.map(({ name }, index): Row => {
    const added = samples[index]!.map((sample, round) => sample - base![round]!);
    return {
      work: `${name} with nothing to do, added to a call`,
      ours: duration(Math.max(0, median(added))),
      peer: "",
      theirs: "",
      ratio: "",
      goal: `< ${duration(ADDED_GOAL)}`,
      spread: `${percentile(added, 0.1).toFixed(0)}–${percentile(added, 0.9).toFixed(0)} ns`,
      reached: median(added) < ADDED_GOAL,
    };
  });
}

async function hits({ quick }: RunOptions): Promise<Row[]> {
  const memory = new MemoryStore();
  const store = layered(memory, cached());
  const paths = Array.from({ length: 1000 }, (_, index) => `plate/well${index % 10}/${index}.bin`);
  for (const path of paths) await memory.write(path, randomBytes(1024));
  const read: Contender = {
    name: "cached hits",
    async work(count): Promise<void> {
      for (; count > 0; count--) await store.read(paths[count % paths.length]!);
    },
  };
  const [samples] = await measure([read], { budget: quick ? 500 : 4000 });
  const rates = samples!.map((nanoseconds) => 1e9 / nanoseconds);
  const text = (rate: number): string => `${(rate / 1e6).toPrecision(3)} M/s`;
  return [{
    work: "cached hits, 1 KiB",
    ours: text(median(rates)),
    peer: "",
    theirs: "",
    ratio: "",
    goal: `> ${text(HITS_GOAL)}`,
    spread: `${text(percentile(rates, 0.1))}–${text(percentile(rates, 0.9))}`,
    reached: median(rates) > HITS_GOAL,
  }];
}

/** A store that takes everything and keeps only the last: what is measured is what stands in front of it. */
function keepingLast(): Store {
  let last: readonly Uint8Array[] = [];
  let whole: Uint8Array | undefined;
  return {
    read: () => Promise.resolve(whole ??= Buffer.concat(last)),
    stat: () => Promise.resolve({ kind: "file" }),
    write: (_, bytes) => {
      [last, whole] = [[bytes], undefined];
      return Promise.resolve({ etag: "" });
    },
    writeParts: (_, parts) => {
      [last, whole] = [parts, undefined];
      return Promise.resolve({ etag: "" });
    },
  };
}

/** Measurements as text: numbers that vary a little, with names around them. */
function measurements(size: number): Uint8Array<ArrayBuffer> {
  const random = new DataView(randomBytes(64 * 1024).buffer);
  const lines: string[] = [];
  let length = 0;
  for (let i = 0; length < size; i++) {
    const value = random.getUint16((2 * i) % 65_536) / 7;
    length +=
      lines[lines.push(`{"well":"${"ABCDEFGH"[i % 8]}${i % 12}","time":${i},"value":${value.toFixed(4)}}\n`) - 1]!
        .length;
  }
  return new TextEncoder().encode(lines.join("")).slice(0, size);
}

async function compressing({ quick }: RunOptions): Promise<Row[]> {
  const rows: Row[] = [];
  for (const method of ["zstd", "gzip"] as const) {
    for (const size of quick ? [MIB, 4 * MIB] : [MIB, 16 * MIB]) {
      rows.push(...await compressingOne(method, size, quick));
    }
  }
  return rows;
}

async function compressingOne(method: CompressionMethod, size: number, quick: boolean): Promise<Row[]> {
  const content = measurements(size);
  const store = layered(keepingLast(), compressed({ method }));
  const [pack, unpack] = method === "zstd" ? [zstdCompressSync, zstdDecompressSync] : [gzipSync, gunzipSync];
  const packed = pack(content);
  await store.write!("a.json", content);
  assert(Buffer.compare((await store.read("a.json"))!, content) === 0);
  const options = { budget: quick ? 1500 : 6000, maxCount: 8, minRounds: 5 };
  const write = await rival(
    `compressed write, ${method}, ${sizeText(size)}`,
    {
      name: "ours",
      work: (count) => repeat(count, () => store.write!("a.json", content)),
    },
    [{ name: "node:zlib alone", work: (count) => repeat(count, () => pack(content)), goal: ZLIB_GOAL }],
    options,
  );
  const read = await rival(
    `compressed read, ${method}, ${sizeText(size)}`,
    {
      name: "ours",
      work: (count) => repeat(count, () => store.read("a.json")),
    },
    [{ name: "node:zlib alone", work: (count) => repeat(count, () => unpack(packed)), goal: ZLIB_GOAL }],
    options,
  );
  return [...write, ...read];
}

async function encrypting({ quick }: RunOptions): Promise<Row[]> {
  const rows: Row[] = [];
  const secret = randomBytes(32);
  const key = await crypto.subtle.importKey("raw", secret, "AES-GCM", false, ["encrypt", "decrypt"]);
  for (const size of [1024, MIB, 16 * MIB]) {
    const content = randomBytes(size);
    const store = layered(keepingLast(), encrypted([{ id: "one", key: secret }]));
    const parameters = { name: "AES-GCM", iv: randomBytes(12) };
    const sealed = await crypto.subtle.encrypt(parameters, key, content);
    await store.write!("a", content);
    assert(Buffer.compare((await store.read("a"))!, content) === 0);
    const options = { budget: quick ? 1500 : 6000, minRounds: 5 };
    const goal = size < MIB ? {} : { goal: CRYPTO_GOAL };
    rows.push(
      ...await rival(`encrypted write, ${sizeText(size)}`, {
        name: "ours",
        work: (count) => repeat(count, () => store.write!("a", content)),
      }, [{
        name: "WebCrypto alone",
        work: (count) => repeat(count, () => crypto.subtle.encrypt(parameters, key, content)),
        ...goal,
      }], options),
      ...await rival(`encrypted read, ${sizeText(size)}`, {
        name: "ours",
        work: (count) => repeat(count, () => store.read("a")),
      }, [{
        name: "WebCrypto alone",
        work: (count) => repeat(count, () => crypto.subtle.decrypt(parameters, key, sealed)),
        ...goal,
      }], options),
    );
  }
  return rows;
}

async function repeat(count: number, work: () => unknown): Promise<void> {
  for (; count > 0; count--) await work();
}
