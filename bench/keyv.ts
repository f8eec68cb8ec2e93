/**
 * keyv with `@keyv/sqlite`, which needs a native addon that Deno does not build: it runs in Node.js, and measures nothing itself.
 *
 * @module
 */

import type { Place } from "./place.ts";

/** Where it is installed; kept for the next run, because building the addon takes minutes. */
const DIRECTORY = "polystore_bench_keyv";

/** keyv in a file; `undefined`, and a line that says why, where it cannot be installed. */
export async function keyvSqlite(path: string, goal: number): Promise<Place | undefined> {
  const directory = await installed();
  if (directory === undefined) return undefined;
  const child = new Deno.Command("node", {
    args: [new URL("keyv_child.mjs", import.meta.url).pathname, path],
    cwd: directory,
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const answers = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const commands = child.stdin.getWriter();
  let known: readonly string[] = [];
  let kept: readonly Uint8Array[] = [];
  async function command(what: object): Promise<void> {
    await commands.write(new TextEncoder().encode(`${JSON.stringify(what)}\n`));
    if ((await answers.read()).done) throw new Error("Cannot measure keyv: its process ended");
  }
  return {
    name: "keyv, @keyv/sqlite",
    goal,
    save: () => Promise.reject(new Error("Cannot save one by one: only batches are measured")),
    load: () => Promise.reject(new Error("Cannot load one by one: only batches are measured")),
    async saveAll(paths, buffers): Promise<void> {
      if (known[0] !== paths[0]) {
        await command({ paths, buffers: buffers.map((bytes) => bytes.toBase64()) });
        known = paths;
        kept = buffers;
      }
      await command({ save: true });
    },
    /** The child compares, so that no bytes need to travel. */
    async loadAll(): Promise<unknown> {
      await command({ load: true });
      return kept;
    },
    async close(): Promise<void> {
      await commands.close();
      await child.status;
      await answers.cancel();
    },
  };
}

async function installed(): Promise<string | undefined> {
  const temporary = Deno.env.get("TMPDIR") ?? "/tmp";
  const directory = `${temporary}/${DIRECTORY}`;
  try {
    await Deno.stat(`${directory}/node_modules/@keyv/sqlite/package.json`);
    return directory;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  await Deno.mkdir(directory, { recursive: true });
  const { success } = await new Deno.Command("npm", {
    args: ["install", "--no-fund", "--no-audit", "keyv@5", "@keyv/sqlite@4"],
    cwd: directory,
    stdout: "null",
    stderr: "null",
  }).output();
  if (success) return directory;
  Deno.stderr.writeSync(new TextEncoder().encode("keyv is left out: npm could not install and build @keyv/sqlite\n"));
  return undefined;
}
