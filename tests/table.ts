/**
 * Prints what each backend offers, as the suite finds it, and puts the table into the README:
 * `deno run -A tests/table.ts`. Deno KV needs `--unstable-kv`, which `deno.json` of this package sets.
 *
 * @module
 */

import { DiskBackend, KvBackend, MemoryBackend, SqliteBackend, type StorageBackend, ZarrBackend } from "../mod.ts";
import { backendPromises, checkBackend, type Report } from "./conformance/mod.ts";

const README = new URL("../README.md", import.meta.url);
const BEGIN = "<!-- table:begin -->\n";
const END = "<!-- table:end -->";

interface Column {
  readonly name: string;
  open(): Promise<{ backend: StorageBackend; reopen?: () => Promise<StorageBackend>; dispose?: () => Promise<void> }>;
}

const columns: readonly Column[] = [
  { name: "memory", open: () => Promise.resolve({ backend: new MemoryBackend() }) },
  { name: "disk", open: () => inDirectory((root) => new DiskBackend({ root, durability: "fast" })) },
  {
    name: "sqlite",
    open: () => inDirectory((root) => new SqliteBackend({ path: `${root}/a.db`, durability: "normal" })),
  },
  { name: "kv", open: () => inDirectory((root) => new KvBackend({ path: `${root}/a.kv` })) },
  { name: "zarr", open: () => inDirectory((root) => new ZarrBackend({ root, durability: "fast" })) },
];

/** A backend that is in a directory of its own. */
async function inDirectory(make: (root: string) => StorageBackend): ReturnType<Column["open"]> {
  const root = await Deno.makeTempDir({ prefix: "polystore-" });
  return {
    backend: make(root),
    reopen: () => Promise.resolve(make(root)),
    dispose: () => Deno.remove(root, { recursive: true }),
  };
}

/** Finds out what becomes of the promises of a backend. */
type Check = (open: Column["open"]) => Promise<Report>;

/** One row a method: how many of its promises each backend keeps, of those that apply to it. */
export async function table(check: Check = (open) => checkBackend(open, { numRuns: 20 })): Promise<string> {
  const methods = [...new Set(backendPromises.map(({ method }) => method))];
  const rows = new Map(methods.map((method) => [method, [`\`${method}\``]]));
  for (const { open } of columns) {
    const report = await check(open);
    for (const [method, row] of rows) {
      const tried = [...report].filter(({ promise, outcome }) =>
        promise.method === method && outcome !== "not-applicable"
      );
      const kept = tried.filter(({ outcome }) => outcome !== "broken").length;
      row.push(tried.length === 0 ? "–" : kept === tried.length ? `✓ ${kept}` : `**${kept} of ${tried.length}**`);
    }
  }
  const head = ["method", ...columns.map(({ name }) => `\`${name}\``)];
  const lines = [head, head.map(() => "---"), ...rows.values()].map((cells) => `| ${cells.join(" | ")} |`);
  return lines.join("\n") + "\n";
}

/** The table that the README has. */
export async function tableOfReadme(): Promise<string> {
  const readme = await Deno.readTextFile(README);
  return readme.slice(readme.indexOf(BEGIN) + BEGIN.length, readme.indexOf(END));
}

if (import.meta.main) {
  const readme = await Deno.readTextFile(README);
  const start = readme.indexOf(BEGIN) + BEGIN.length;
  const text = `${readme.slice(0, start)}\n${await table()}\n${readme.slice(readme.indexOf(END))}`;
  await Deno.writeTextFile(README, text);
}
