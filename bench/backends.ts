/**
 * Backends over other things: entries of zip archives, and values that are kept.
 *
 * @module
 */

import { type FileEntry, Uint8ArrayReader, Uint8ArrayWriter, ZipReader, ZipWriter } from "@zip.js/zip.js";
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { CachedBackend } from "../backends/cached.ts";
import { MemoryStore } from "../backends/stores/mod.ts";
import { ZipStore } from "../backends/zip.ts";
import { StoreBackend } from "../mod.ts";
import { type Contender, measure, median, percentile } from "./measure.ts";
import { randomBytes, sizeText } from "./random.ts";
import { rival, type Row, type RunOptions, type Task } from "./row.ts";

/** Of the time of the library alone, which compares no checksum. */
const ZIP_GOAL = 1.1;
/** Of the time that inflating alone takes. */
const INFLATE_GOAL = 1.25;
/** Hits per second to be exceeded. */
const HITS_GOAL = 500_000;

const MIB = 1024 * 1024;

/** The tasks of this file. */
export function backendTasks(): Task[] {
  return [
    { name: "zip entries", run: entries },
    { name: "zip directory", run: directory },
    { name: "CachedBackend hits", run: hits },
  ];
}

/** Bytes that deflate to a half. */
function content(size: number): Uint8Array {
  return randomBytes(size).map((byte) => byte & 15);
}

async function archiveOf(files: Iterable<readonly [string, Uint8Array]>, level: number): Promise<Uint8Array> {
  const writer = new ZipWriter(new Uint8ArrayWriter(), { useWebWorkers: false, level });
  for (const [name, bytes] of files) await writer.add(name, new Uint8ArrayReader(bytes));
  return await writer.close();
}

async function repeat(count: number, work: () => unknown): Promise<void> {
  for (; count > 0; count--) await work();
}

async function entries({ quick }: RunOptions): Promise<Row[]> {
  const rows: Row[] = [];
  for (const size of [4096, MIB, 16 * MIB]) {
    const bytes = content(size);
    const deflated = deflateRawSync(bytes);
    for (const level of [0, 6]) {
      const archive = await archiveOf([["a", bytes], ["b", bytes]], level);
      const zip = new ZipStore({ bytes: archive });
      const reader = new ZipReader(new Uint8ArrayReader(archive), { useWebWorkers: false });
      const entry = (await reader.getEntries()).find(({ filename }) => filename === "b") as FileEntry;
      const library = (): Promise<Uint8Array> => entry.getData(new Uint8ArrayWriter());
      assert(Buffer.compare((await zip.read("b"))!, bytes) === 0);
      assert(Buffer.compare(await library(), bytes) === 0);
      const raw: Contender = level === 0
        ? { name: "a copy alone", work: (count) => repeat(count, () => bytes.slice()) }
        : { name: "inflating alone", work: (count) => repeat(count, () => inflateRawSync(deflated)) };
      rows.push(
        ...await rival(
          `zip read, ${level === 0 ? "stored" : "deflated"}, ${sizeText(size)}`,
          { name: "ours", work: (count) => repeat(count, () => zip.read("b")) },
          [
            { name: "zip.js alone", work: (count) => repeat(count, library), goal: ZIP_GOAL },
            level === 0 || size < MIB ? raw : { ...raw, goal: INFLATE_GOAL },
          ],
          { budget: quick ? 1500 : 6000, minRounds: 5 },
        ),
      );
    }
  }
  return rows;
}

async function directory({ quick }: RunOptions): Promise<Row[]> {
  const count = quick ? 1000 : 10_000;
  const empty = new Uint8Array();
  const files = Array.from({ length: count }, (_, i) => [`d${i % 100}/${i}`, empty] as const);
  const archive = await archiveOf(files, 0);
  return await rival(
    `zip directory of ${count} entries`,
    { name: "ours", work: (count) => repeat(count, () => new ZipStore({ bytes: archive }).stat("d7/7")) },
    [{
      name: "zip.js alone",
      work: (count) => repeat(count, () => new ZipReader(new Uint8ArrayReader(archive)).getEntries()),
    }],
    { budget: quick ? 1500 : 6000, minRounds: 5 },
  );
}

async function hits({ quick }: RunOptions): Promise<Row[]> {
  const backend = new StoreBackend(new MemoryStore());
  const paths = Array.from({ length: 1000 }, (_, index) => `plate/well${index % 10}/${index}`);
  for (const [index, path] of paths.entries()) {
    await backend.save({ well: "A01", index, cells: [1, 2, 3] }, `${path}.json`);
    await backend.save(randomBytes(1024), `${path}.bin`);
    await backend.save(`well ${index}`, `${path}.txt`);
  }
  const kept = new CachedBackend(backend, { cacheSize: 5000 });
  const shared = new CachedBackend(backend, { cacheSize: 5000, share: true });
  const load = (name: string, cached: CachedBackend, suffix: string): Contender => {
    const these = paths.map((path) => path + suffix);
    return {
      name,
      async work(count): Promise<void> {
        for (; count > 0; count--) await cached.load(these[count % these.length]!);
      },
    };
  };
  const contenders = [
    load("CachedBackend hits, text", kept, ".txt"),
    load("CachedBackend hits, 1 KiB of bytes", kept, ".bin"),
    load("CachedBackend hits, a small object", kept, ".json"),
    load("CachedBackend hits, a small object, shared", shared, ".json"),
    load("no cache: a small object of memory, decoded", backend as unknown as CachedBackend, ".json"),
  ];
  const samples = await measure(contenders, { budget: quick ? 1000 : 6000 });
  return contenders.map(({ name }, index): Row => {
    const rates = samples[index]!.map((nanoseconds) => 1e9 / nanoseconds);
    // A KiB of bytes costs as much as making room for it.
    const ours = name.startsWith("Cached") && !name.includes("KiB");
    return {
      work: name,
      ours: perSecond(median(rates)),
      peer: "",
      theirs: "",
      ratio: "",
      goal: ours ? `> ${perSecond(HITS_GOAL)}` : "",
      spread: `${perSecond(percentile(rates, 0.1))}–${perSecond(percentile(rates, 0.9))}`,
      reached: ours ? median(rates) > HITS_GOAL : undefined,
    };
  });
}

function perSecond(rate: number): string {
  return `${(rate / 1e6).toPrecision(3)} M/s`;
}
