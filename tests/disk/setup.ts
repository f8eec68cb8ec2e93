/** What the tests of the disk share: temporary directories, snapshots, children, chance. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { type ErrorCode, isStorageError } from "../../mod.ts";

/** The repository, as a path. */
export const REPOSITORY = new URL("../..", import.meta.url).pathname;

/** Whether the long form was asked for. */
export const LONG = Deno.env.get("POLYSTORE_LONG") === "1";

/** A name that is reserved for temporary files. */
export const HIDDEN = ".polystore-0123456789abcdef.tmp";

/** A temporary directory of its own, with a root in it and room outside. */
export interface Box {
  /** The directory, free of links. */
  readonly outer: string;
  /** A directory in it, that exists. */
  readonly root: string;
}

/** Runs with a box, and removes it. */
export async function withBox(run: (box: Box) => Promise<void>): Promise<void> {
  const outer = await Deno.realPath(await Deno.makeTempDir({ prefix: "polystore-test-" }));
  try {
    const root = `${outer}/root`;
    await Deno.mkdir(root);
    await run({ outer, root });
  } finally {
    await Deno.remove(outer, { recursive: true });
  }
}

/** Prints one line: a seed, a reason for skipping. */
export function say(text: string): void {
  // deno-lint-ignore no-console -- whoever reads a failure needs the seed
  console.log(text);
}

/** Everything below a directory, hidden files too: kind, mode, and the content or the text of a link. */
export function snapshot(directory: string): Map<string, string> {
  const found = new Map<string, string>();
  function visit(path: string, below: string): void {
    for (const { name } of Deno.readDirSync(path)) {
      const place = `${path}/${name}`;
      const info = Deno.lstatSync(place);
      const mode = ((info.mode ?? 0) & 0o7777).toString(8);
      const key = below + name;
      if (info.isSymlink) found.set(key, `link ${Deno.readLinkSync(place)}`);
      else if (info.isDirectory) {
        found.set(`${key}/`, `directory ${mode}`);
        visit(place, `${key}/`);
      } else if (info.isFile) found.set(key, `file ${mode} ${digest(Deno.readFileSync(place))}`);
      else found.set(key, "special");
    }
  }
  visit(directory, "");
  return new Map([...found].sort(([a], [b]) => a < b ? -1 : 1));
}

function digest(content: Uint8Array): string {
  return `${content.length} bytes, ${createHash("sha1").update(content).digest("hex")}`;
}

/** The names below a directory, hidden files too. */
export function namesBelow(directory: string): string[] {
  return [...snapshot(directory).keys()];
}

/** The temporary files below a directory, of whatever kind. */
export function leftovers(directory: string): string[] {
  return namesBelow(directory).filter((name) => /(?:^|\/)\.polystore-[0-9a-f]{16}\.tmp\/?$/.test(name));
}

/** The call must reject with a StorageError of a code, whose message has each of the words. */
export async function refuses(
  call: () => Promise<unknown>,
  codes: ErrorCode | readonly ErrorCode[],
  ...words: readonly (string | RegExp)[]
): Promise<void> {
  let outcome: unknown;
  try {
    outcome = await call();
  } catch (error) {
    const expected = typeof codes === "string" ? [codes] : codes;
    assert(isStorageError(error), `it threw ${error}, which is no StorageError (expected ${expected})`);
    assert(expected.includes(error.code), `expected ${expected}, but it is ${error.code}: ${error.message}`);
    for (const word of words) assert.match(error.message, word instanceof RegExp ? word : new RegExp(escaped(word)));
    return;
  }
  assert.fail(`it resolved to ${Deno.inspect(outcome)} instead of rejecting with ${codes}`);
}

/** The same, and nothing below the directory may have changed. */
export async function refusesUnchanged(
  directory: string,
  call: () => Promise<unknown>,
  codes: ErrorCode | readonly ErrorCode[],
  ...words: readonly (string | RegExp)[]
): Promise<void> {
  const before = snapshot(directory);
  await refuses(call, codes, ...words);
  assert.deepEqual(snapshot(directory), before);
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/** Bytes of a text. */
export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** What a child has said and how it ended. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end. */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: Pick<Deno.CommandOptions, "cwd" | "env"> = {},
): Promise<Outcome> {
  const output = await new Deno.Command(command, { args: [...args], stdin: "null", ...options }).output();
  const text = new TextDecoder();
  return { code: output.code, stdout: text.decode(output.stdout), stderr: text.decode(output.stderr) };
}

/** Whether a command can be run here with these arguments, and ends well. */
export function canRun(command: string, ...args: readonly string[]): boolean {
  try {
    return new Deno.Command(command, { args: [...args], stdin: "null" }).outputSync().success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** The arguments with which Deno runs a program beside a test, without asking and without a network. */
export function denoArgs(program: string, permissions: readonly string[], args: readonly string[] = []): string[] {
  return ["run", "--quiet", "--no-prompt", "--cached-only", ...permissions, program, ...args];
}

/** Chance that can be repeated: numbers from 0 up to 1. */
export type Random = () => number;

/** A sequence of chance; the seed is that of POLYSTORE_SEED, or printed to be repeated. */
export function seeded(title: string): { seed: number; random: Random } {
  const wanted = Deno.env.get("POLYSTORE_SEED");
  const seed = wanted === undefined ? crypto.getRandomValues(new Uint32Array(1))[0]! : Number(wanted) >>> 0;
  say(`${title}: POLYSTORE_SEED=${seed}`);
  return { seed, random: randomFrom(seed) };
}

/** The sequence of a seed (mulberry32). */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
