// Saves every file of a folder into each backend, loads it back, and compares: as bytes, byte for byte, and decoded by its
// format where there is one, value for value.
//
//   deno run --allow-read --allow-write examples/roundtrip.ts [folder]
//
// The folder is the repository by default (without .git). Nothing is written but a temporary folder, which is removed.

// deno-lint-ignore-file no-console

import {
  DiskBackend,
  FileManager,
  isStorageError,
  KvBackend,
  MemoryBackend,
  SqliteBackend,
} from "@polystore/polystore";
import assert from "node:assert/strict";

const BATCH = 64;
const PLACES = ["memory", "disk", "sqlite", "kv"] as const;
const repository = new URL("..", import.meta.url).pathname;
const [folder = repository] = Deno.args;
const odd = new Set<string>();

const scratch = await Deno.makeTempDir({ prefix: "polystore-roundtrip-" });
try {
  const fm = new FileManager({
    source: new DiskBackend({ root: folder }),
    memory: new MemoryBackend(),
    disk: new DiskBackend({ root: `${scratch}/disk` }),
    sqlite: new SqliteBackend({ path: `${scratch}/files.db` }),
    kv: new KvBackend({ path: `${scratch}/files.kv` }),
  });
  const found = await fm.listFiles("", "source", { recursive: true });
  const files = folder === repository ? found.filter((path) => !path.startsWith(".git/")) : found;
  assert(files.length > 0, `Cannot find any file in "${folder}"`);
  const rows: string[][] = [];
  for (const backend of PLACES) {
    const start = performance.now();
    let bytes = 0;
    let decoded = 0;
    for (let i = 0; i < files.length; i += BATCH) {
      const paths = files.slice(i, i + BATCH);
      const contents = await fm.loadBatch<Uint8Array>(paths, "source", { format: "bytes" });
      bytes += contents.reduce((sum, content) => sum + content.length, 0);
      await roundTrip(fm, backend, paths.map((path) => `bytes/${path}`), contents, "bytes");
      const values = await loadDecoded(fm, paths);
      decoded += values.size;
      await roundTrip(fm, backend, [...values.keys()].map((path) => `values/${path}`), [...values.values()]);
    }
    const seconds = (performance.now() - start) / 1000;
    rows.push([backend, String(files.length), String(decoded), String(bytes), `${seconds.toFixed(2)} s`]);
  }
  print([["backend", "files", "decoded", "bytes", "time"], ...rows]);
} finally {
  await Deno.remove(scratch, { recursive: true });
}

type Manager = FileManager<{
  source: DiskBackend;
  memory: MemoryBackend;
  disk: DiskBackend;
  sqlite: SqliteBackend;
  kv: KvBackend;
}>;

/** Loads the files whose suffix has a format. A file that is not what its suffix says is compared as bytes only. */
async function loadDecoded(fm: Manager, paths: readonly string[]): Promise<Map<string, unknown>> {
  const values = new Map<string, unknown>();
  for (const path of paths) {
    try {
      const value = await fm.load(path, "source");
      if (!(value instanceof Uint8Array)) values.set(path, value);
    } catch (error) {
      if (!isStorageError(error, "corrupt", "unsupported")) throw error;
      if (!odd.has(path)) console.log(`${path}: compared as bytes only, because ${error.detail}`);
      odd.add(path);
    }
  }
  return values;
}

async function roundTrip(
  fm: Manager,
  backend: typeof PLACES[number],
  paths: readonly string[],
  values: readonly unknown[],
  format?: string,
): Promise<void> {
  await fm.saveBatch(values, paths, backend, { format });
  const loaded = await fm.loadBatch(paths, backend, { format });
  for (const [index, path] of paths.entries()) assert.deepEqual(loaded[index], values[index], path);
}

function print(rows: readonly string[][]): void {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  for (const row of rows) {
    console.log(
      row.map((cell, column) => column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)).join("  "),
    );
  }
}
