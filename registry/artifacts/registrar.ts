/**
 * {@linkcode Registrar}: how artifacts come into a registry.
 *
 * @module
 */

import { inContext, isStorageError } from "../../backends/errors.ts";
import type { ArtifactStorage } from "./artifact_storage.ts";
import type { ItemRules } from "./item_rules.ts";
import type { LocalArtifacts } from "./local_artifacts.ts";
import type { OnDuplicate, RegisterArtifactOptions } from "./registry_options.ts";
import { checkKey } from "./wire.ts";

/** How artifacts come into a registry: checked, and either at once or on their way. */
export class Registrar<I, T> {
  readonly #storage: ArtifactStorage<T>;
  readonly #local: LocalArtifacts<T> | undefined;
  readonly #rules: ItemRules<I, T>;
  readonly #pending = new Set<Promise<void>>();
  /** What happens when a key is taken, if nothing else is said. */
  readonly onDuplicate: OnDuplicate;

  /**
   * @param storage Where artifacts are kept.
   * @param local The same, if it is local.
   * @param rules What is taken.
   * @param onDuplicate What happens when a key is taken.
   */
  constructor(
    storage: ArtifactStorage<T>,
    local: LocalArtifacts<T> | undefined,
    rules: ItemRules<I, T>,
    onDuplicate: OnDuplicate,
  ) {
    this.#storage = storage;
    this.#local = local;
    this.#rules = rules;
    this.onDuplicate = onDuplicate;
  }

  /** Whether nothing is on its way. */
  get idle(): boolean {
    return this.#pending.size === 0;
  }

  /**
   * Checks an item.
   *
   * @returns What `get` would answer, and what is kept: locally the same; else the item, and the schema is asked again when it is got.
   */
  async accept(key: string, item: I): Promise<{ readonly kept: T; readonly got: T }> {
    checkKey(key);
    const got = await this.#rules.check(item, key);
    return { kept: this.#local ? got : item as unknown as T, got };
  }

  /** Registers an item, and answers with what `get` would. */
  async register(key: string, item: I, options: RegisterArtifactOptions): Promise<T> {
    const { kept, got } = await this.accept(key, item);
    const { onDuplicate = this.onDuplicate, signal } = options;
    try {
      await this.#storage.put(key, kept, { ifAbsent: onDuplicate !== "replace", signal });
      return got;
    } catch (error) {
      if (onDuplicate !== "keep" || !isStorageError(error, "already-exists")) throw error;
      return (await this.#storage.get(key, { signal })).value;
    }
  }

  /** Registers an item at once where artifacts are local; else it is on its way. */
  enter(given: string | undefined, item: I): void {
    let key = given;
    try {
      key ??= this.#rules.keyOf(item);
      const checked = this.#local && this.#rules.check(item, key);
      if (this.#local === undefined || checked instanceof Promise) this.#send(key, item);
      else if (this.onDuplicate !== "keep" || this.#local.find(key) === undefined) {
        this.#local.set(key, checked as T, { ifAbsent: this.onDuplicate !== "replace" });
      }
    } catch (error) {
      throw inContext(error, { operation: "register", path: key });
    }
  }

  #send(key: string, item: I): void {
    const sent = this.register(key, item, {}).then(() => void this.#pending.delete(sent), (error) => {
      // Nobody catches it here: who waits for it gets it, and if nobody does, it ends the program.
      throw inContext(error, { operation: "register", path: key });
    });
    this.#pending.add(sent);
  }

  /** Waits for all that is on its way. */
  async settled(): Promise<void> {
    const failures: unknown[] = [];
    while (!this.idle) {
      const pending = [...this.#pending];
      for (const result of await Promise.allSettled(pending)) {
        if (result.status === "rejected") failures.push(result.reason);
      }
      for (const each of pending) this.#pending.delete(each);
    }
    if (failures.length > 1) throw new AggregateError(failures, `Cannot register ${failures.length} artifacts`);
    if (failures.length === 1) throw failures[0];
  }
}
