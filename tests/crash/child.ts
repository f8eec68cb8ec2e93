/** Long-running children that talk in lines. */

import assert from "node:assert/strict";
import { denoArgs, LONG, REPOSITORY } from "../disk/setup.ts";

/** No child may live longer than this, in milliseconds: a test that hangs tells nothing. */
const LONGEST = LONG ? 600_000 : 45_000;

/** A child process: what it says line by line, and its end. */
export class Child {
  readonly #process: Deno.ChildProcess;
  readonly #reader: ReadableStreamDefaultReader<string>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #watchdog: ReturnType<typeof setTimeout>;
  #pending = "";

  /** Starts a program beside this file. */
  constructor(program: string, args: readonly (string | number)[]) {
    this.#process = new Deno.Command(Deno.execPath(), {
      args: denoArgs(`${REPOSITORY}tests/crash/${program}`, ["-A"], args.map(String)),
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#reader = this.#process.stdout.pipeThrough(new TextDecoderStream()).getReader();
    this.#writer = this.#process.stdin.getWriter();
    this.#watchdog = setTimeout(() => this.#process.kill("SIGKILL"), LONGEST);
  }

  /** The next line; `undefined` at the end. What is cut off by a kill is no line. */
  async line(): Promise<string | undefined> {
    for (;;) {
      const end = this.#pending.indexOf("\n");
      if (end >= 0) {
        const line = this.#pending.slice(0, end);
        this.#pending = this.#pending.slice(end + 1);
        return line;
      }
      const { done, value } = await this.#reader.read();
      if (done) return undefined;
      this.#pending += value;
    }
  }

  /** All lines up to the end. */
  async lines(): Promise<string[]> {
    const lines: string[] = [];
    for (let line = await this.line(); line !== undefined; line = await this.line()) lines.push(line);
    return lines;
  }

  /** Says a line to it. */
  async tell(line: string): Promise<void> {
    await this.#writer.write(new TextEncoder().encode(`${line}\n`));
  }

  /** Kills it at once, if it still runs, and waits for its end. */
  async kill(): Promise<void> {
    try {
      this.#process.kill("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError) && !(error instanceof Deno.errors.NotFound)) throw error; // it has ended
    }
    await this.#end();
  }

  /** Waits for its end, which must be a good one. */
  async ended(): Promise<void> {
    await this.#writer.close();
    const { code, signal } = await this.#process.status;
    await this.#end();
    assert.equal(code, 0, `the child ended with ${code} ${signal ?? ""}`);
  }

  async #end(): Promise<void> {
    await this.#process.status;
    clearTimeout(this.#watchdog);
    await this.#reader.cancel();
    await this.#writer.abort().catch(() => {/* its other end is gone */});
  }
}
