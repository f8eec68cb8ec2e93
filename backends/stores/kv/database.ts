/**
 * {@linkcode KvDatabase}: what all operations of one store on Deno KV share.
 *
 * @module
 */

import { isStorageError } from "../../errors.ts";
import { KvChange } from "./change.ts";
import { KvDrafts } from "./draft.ts";
import { busyError, KvEngine, type KvEngineOptions, Patience } from "./engine.ts";
import { ABANDONED_AFTER, KvGarbage } from "./garbage.ts";
import { KvSpace } from "./keys.ts";
import { KvMemory, KvView } from "./tree.ts";

/** The database, its keys, and what this process knows about it. */
export class KvDatabase {
  /** The database itself. */
  readonly engine: KvEngine;
  /** Where things are in it. */
  readonly space: KvSpace;
  /** What nobody needs any more. */
  readonly garbage: KvGarbage;
  /** What this process has seen last. */
  readonly memory: KvMemory = new KvMemory();

  /** Creates it; nothing is opened yet. When it is, what dead processes have left is cleaned up beside the first operations. */
  constructor(options: KvEngineOptions, prefix: Deno.KvKey) {
    this.engine = new KvEngine(options, () => this.garbage.background(this.garbage.sweep(ABANDONED_AFTER)));
    this.space = new KvSpace(prefix);
    this.garbage = new KvGarbage(this.engine, this.space);
  }

  /** Looks at the tree anew. */
  view(): KvView {
    return new KvView(this.engine, this.space, this.memory);
  }

  /** A try to change the tree. */
  attempt(guess: boolean = false): KvChange {
    return new KvChange(this.engine, this.space, this.memory, this.garbage, guess);
  }

  /** The content of an operation that is on its way. */
  drafts(expires?: number): KvDrafts {
    return new KvDrafts(this.engine, this.space, this.garbage, expires);
  }

  /**
   * Changes the tree: plans and tries until nothing has changed in between.
   *
   * @param path What the change is about.
   * @param plan Plans it, from the beginning each time; answers whether there is anything to change.
   * @param signal Stops it before it is done.
   * @param guess Whether it is tried first without looking at the tree, which must then be as it was seen last.
   * @returns The versionstamp of what was set; `undefined` if there was nothing to change.
   * @throws {StorageError} `busy` if others kept changing the same thing.
   */
  async change(
    path: string,
    plan: (change: KvChange) => Promise<boolean>,
    signal?: AbortSignal,
    guess: boolean = false,
  ): Promise<string | undefined> {
    if (guess && this.memory.expects(path)) {
      const version = await this.#guess(plan, signal);
      if (version !== undefined) return version;
      this.memory.surprise();
    }
    let patience: Patience | undefined;
    do {
      const change = this.attempt();
      const wanted = await plan(change);
      signal?.throwIfAborted();
      if (!wanted) return undefined;
      const version = await change.commit();
      if (version !== undefined) return version;
    } while (await (patience ??= new Patience()).wait(signal));
    throw busyError(path);
  }

  async #guess(plan: (change: KvChange) => Promise<boolean>, signal?: AbortSignal): Promise<string | undefined> {
    const change = this.attempt(true);
    try {
      if (!await plan(change)) return undefined;
    } catch (error) {
      // What is refused for what was seen before may be allowed by now.
      if (isStorageError(error)) return undefined;
      throw error;
    }
    signal?.throwIfAborted();
    return await change.commit();
  }

  /** Waits for what goes on, and closes the database if it was opened here. */
  async close(): Promise<void> {
    await this.garbage.settled();
    await this.engine.close();
  }
}
