/** Servers within the test, asked without a network. */

import { MemoryStore, type Store } from "@polystore/polystore/stores";
import { ArtifactServer, type ArtifactServerOptions } from "@polystore/polystore/server";
import assert from "node:assert/strict";
import { keySegment } from "../../registry/artifacts/wire.ts";

/** What a request says. */
export interface Ask {
  /** Default: GET. */
  readonly method?: string;
  /** Headers. */
  readonly headers?: Readonly<Record<string, string>>;
  /** A value, sent as JSON. */
  readonly json?: unknown;
  /** A body as it is. */
  readonly body?: BodyInit;
  /** A token. */
  readonly token?: string;
}

/** A server over a store. */
export class Place implements AsyncDisposable {
  /** The server. */
  readonly server: ArtifactServer;
  /** Its store. */
  readonly store: Store;
  /** What it noted. */
  readonly notes: unknown[] = [];

  /** Makes one. */
  constructor({ store = new MemoryStore(), ...options }: Partial<ArtifactServerOptions> = {}) {
    this.store = store;
    this.server = new ArtifactServer({ store, log: (note) => this.notes.push(note), ...options });
  }

  /** Asks it. */
  async ask(path: string, { method = "GET", headers = {}, json, body, token }: Ask = {}): Promise<Response> {
    const all = new Headers(headers);
    if (json !== undefined && !all.has("content-type")) all.set("content-type", "application/json");
    if (token !== undefined) all.set("authorization", `Bearer ${token}`);
    const content = json === undefined ? body : JSON.stringify(json);
    const init = { method, headers: all, ...(content !== undefined && { body: content }) };
    return await this.server.fetch(new Request(`http://localhost${path}`, init));
  }

  /** Asks it, and checks the status; answers what the body says, if it says something. */
  // deno-lint-ignore no-explicit-any -- what comes is looked at by the test
  async expect(status: number, path: string, ask?: Ask): Promise<any> {
    const response = await this.ask(path, ask);
    const text = await response.text();
    assert.equal(response.status, status, `${ask?.method ?? "GET"} ${path}: ${response.status} ${text}`);
    return text === "" ? undefined : JSON.parse(text);
  }

  /** Closes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close();
  }
}

/** The path of an entry. */
export function entry(namespace: string, key: string): string {
  return `/v1/namespaces/${namespace}/entries/${keySegment(key)}`;
}

/** An envelope of the original. */
export function envelope(value: unknown): { type: string; data: string; encoding: string } {
  return { type: "json", data: JSON.stringify(value), encoding: "json" };
}
