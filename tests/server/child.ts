/** Servers in processes of their own. */

import assert from "node:assert/strict";
import { REPOSITORY } from "../disk/setup.ts";

const VARIABLES = ["HOST", "PORT", "TIMEOUT", "TOKEN"].map((name) => `REGISTRY_SERVER_${name}`);

/** Options of {@linkcode ServerChild.start}. */
export interface StartOptions {
  /** Permissions beside those of the network and the environment. */
  readonly permissions?: readonly string[];
  /** What is in the environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A server that `deno task serve` would start. */
export class ServerChild implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #log: Promise<void>;
  readonly #notes: Record<string, unknown>[] = [];
  readonly #listening = Promise.withResolvers<number>();
  #port = 0;

  private constructor(args: readonly string[], { permissions = [], env = {} }: StartOptions) {
    this.#process = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        "--no-prompt",
        "--allow-net=127.0.0.1",
        `--allow-env=${VARIABLES.join()}`,
        ...permissions,
        `${REPOSITORY}registry/artifacts/serve.ts`,
        "--port",
        "0",
        ...args,
      ],
      env,
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    this.#log = this.#read();
  }

  /** Starts one, and waits until it listens. */
  static async start(args: readonly string[], options: StartOptions = {}): Promise<ServerChild> {
    const child = new ServerChild(args, options);
    child.#port = await child.#listening.promise;
    return child;
  }

  /** Where it listens. */
  get port(): number {
    return this.#port;
  }

  /** Its process. */
  get pid(): number {
    return this.#process.pid;
  }

  /** Its address. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** What it has written into its log; complete when it has ended. */
  get notes(): readonly Record<string, unknown>[] {
    return this.#notes;
  }

  async #read(): Promise<void> {
    let pending = "";
    for await (const text of this.#process.stderr.pipeThrough(new TextDecoderStream())) {
      const lines = (pending + text).split("\n");
      pending = lines.pop()!;
      for (const line of lines) this.#note(line);
    }
    this.#listening.reject(new Error(`the server ended before it listened: ${pending} ${JSON.stringify(this.#notes)}`));
  }

  #note(line: string): void {
    const note = line.startsWith("{") ? JSON.parse(line) : { message: line };
    this.#notes.push(note);
    if (note.message === "listening") this.#listening.resolve(note.port);
  }

  /** Sends a signal. */
  signal(signal: Deno.Signal): void {
    this.#process.kill(signal);
  }

  /** Kills it at once. */
  async kill(): Promise<void> {
    this.#kill("SIGKILL");
    await this.ended();
  }

  /** Asks it to end, and waits. */
  async stop(): Promise<void> {
    this.#kill("SIGTERM");
    const { code } = await this.ended();
    assert.equal(code, 0, JSON.stringify(this.#notes));
  }

  #kill(signal: Deno.Signal): void {
    try {
      this.#process.kill(signal);
    } catch (error) {
      if (!(error instanceof TypeError) && !(error instanceof Deno.errors.NotFound)) throw error; // it has ended
    }
  }

  /** Waits for its end. */
  async ended(): Promise<Deno.CommandStatus> {
    const status = await this.#process.status;
    await this.#log;
    return status;
  }

  /** Kills it, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}
