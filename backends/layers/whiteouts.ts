/**
 * {@linkcode Whiteouts}: what of a lower store is gone.
 *
 * @module
 */

import { parentPath } from "../path.ts";
import type { AbortOptions, Store } from "../stores/store.ts";

/** The directory in the upper store where whiteouts are kept; nobody sees it through the layer. */
export const RESERVED = ".polystore-overlay";

/** A store that can hold what an overlay writes. */
export type UpperStore = Store & { readonly [M in "list" | "write" | "delete"]-?: NonNullable<Store[M]> };

/** Paths whose lower content, and all below it, is gone. They are read once, and kept in the upper store. */
export class Whiteouts {
  readonly #upper: UpperStore;
  readonly #listeners = new Set<() => void>();
  #paths: Promise<Set<string>> | undefined;

  constructor(upper: UpperStore) {
    this.#upper = upper;
  }

  /** Whether what the lower store has at a path is gone. */
  async hide(path: string): Promise<boolean> {
    return hidden(await this.paths(), path);
  }

  /** All of them. */
  async paths(): Promise<ReadonlySet<string>> {
    try {
      return await (this.#paths ??= this.#read());
    } catch (error) {
      this.#paths = undefined;
      throw error;
    }
  }

  /** From now on it is gone. */
  async add(path: string, options?: AbortOptions): Promise<void> {
    await this.paths();
    const text = new TextEncoder().encode(path);
    // One name for each path, however long it is.
    const name = new Uint8Array(await crypto.subtle.digest("SHA-256", text)).toHex();
    await this.#upper.write(`${RESERVED}/${name}`, text, options);
    (await this.#paths!).add(path);
    for (const tell of this.#listeners) tell();
  }

  /** Calls back whenever something goes. */
  subscribe(tell: () => void): () => void {
    this.#listeners.add(tell);
    return () => this.#listeners.delete(tell);
  }

  async #read(): Promise<Set<string>> {
    const paths = new Set<string>();
    for await (const { path, kind } of this.#upper.list(RESERVED)) {
      const text = kind === "file" ? await this.#upper.read(path) : undefined;
      if (text) paths.add(new TextDecoder("utf-8", { ignoreBOM: true }).decode(text));
    }
    return paths;
  }
}

/** Whether one of the paths is this one or above it. */
export function hidden(paths: ReadonlySet<string>, path: string): boolean {
  if (paths.size === 0) return false;
  for (let at = path;; at = parentPath(at)) {
    if (paths.has(at)) return true;
    if (at === "") return false;
  }
}
