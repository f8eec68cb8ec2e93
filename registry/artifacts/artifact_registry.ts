/**
 * {@linkcode ArtifactRegistry}: artifacts by name, in this process or on a server.
 *
 * @module
 */

import { KeyedLock } from "../../backends/keyed_lock.ts";
import { inContext, isStorageError } from "../../backends/errors.ts";
import { ArtifactError, missing } from "./artifact_error.ts";
import { ArtifactLock, type LockHeld, type LockOptions } from "./artifact_lock.ts";
import type { AbortOptions, ArtifactEvent, ArtifactStorage, ListedArtifact } from "./artifact_storage.ts";
import { type BatchReport, reportOf } from "./batch_report.ts";
import { auditAll, type Items, pairsOf, registerMany } from "./batch_registration.ts";
import { CachedArtifacts } from "./cached_artifacts.ts";
import { follow, type FollowOptions } from "./follow.ts";
import { ItemRules } from "./item_rules.ts";
import { LocalArtifacts } from "./local_artifacts.ts";
import { openFar } from "./open_storage.ts";
import { Registrar } from "./registrar.ts";
import { type Entry, readRegistration, type Register } from "./register.ts";
import type { ArtifactRegistryOptions, IdentifierOptions, RegisterBatchOptions } from "./registry_options.ts";
import { checkKey } from "./wire.ts";

/** How long a lock lasts if nothing is said, in milliseconds. */
const LOCK_TTL = 30_000;

/**
 * Artifacts by name: in the memory of this process by default, by reference; with a `namespace`, on a registry server, for every process that
 * names the same. The calls are the same, so going from one to the other changes nothing where they are made.
 *
 * What is registered by a decorator or by {@linkcode ArtifactRegistry.entry} is registered at once where it is local, and on its way where it is not:
 * every call waits for what is on its way, and {@linkcode ArtifactRegistry.settled} only waits. If it fails, the first of them throws; if there is
 * none, the failure is an unhandled rejection, which ends the program.
 *
 * Errors are `ArtifactError`s with a code, suggestions and a context; an aborted call rejects with the reason of its signal, and what your own
 * functions throw (a schema, a change, work under a lock) passes as it is.
 *
 * @typeParam T What is got.
 * @typeParam I What is registered: the same, unless a schema makes something else of it.
 *
 * @example
 * ```ts
 * import { ArtifactRegistry } from "@polystore/polystore/artifacts";
 * import assert from "node:assert/strict";
 *
 * const settings = new ArtifactRegistry<{ lr: number }>();
 * const sgd = { lr: 0.1 };
 * await settings.register("sgd", sgd);
 * assert.equal(await settings.get("sgd"), sgd);
 * await assert.rejects(settings.register("sgd", { lr: 1 }), { code: "already-exists" });
 * await settings.update("sgd", ({ lr }) => ({ lr: lr / 10 }));
 * assert.deepEqual(await Array.fromAsync(settings.identifiers()), ["sgd"]);
 * assert.equal(await settings.size(), 1);
 * ```
 */
export class ArtifactRegistry<T, I = T> implements AsyncDisposable {
  /**
   * Registers an item: `register("key", item)`, `register(item)` under its own name, or `@registry.register` before a class.
   *
   * It rejects with `already-exists` (unless `onDuplicate` says otherwise), with `invalid-value` for what the registry does not take, and with
   * `invalid-argument` for a key that cannot be one. Of several that register the same key at the same time, one wins, also across processes.
   */
  readonly register: Register<I, T>;
  readonly #storage: ArtifactStorage<T>;
  readonly #quick: { find(key: string): { readonly value: T } | undefined } | undefined;
  readonly #rules: ItemRules<I, T>;
  readonly #registrar: Registrar<I, T>;
  readonly #locks = new KeyedLock();
  readonly #far: boolean;

  /**
   * Creates a registry; nothing is asked of a server yet.
   *
   * @param options Where the artifacts are kept, and what they must be.
   * @param local What keeps them if they are local.
   * @throws {StorageError} `invalid-argument` for a bad namespace, option or variable of the environment.
   */
  constructor(options: ArtifactRegistryOptions<I, T> = {}, local: LocalArtifacts<T> = new LocalArtifacts()) {
    this.#rules = new ItemRules((item) => this.refusal(item), options.schema, options.keyOf);
    const far = openFar(options, this.#rules);
    this.#far = far !== undefined;
    this.#storage = far ?? local;
    this.#quick = far === undefined ? local : far instanceof CachedArtifacts ? far : undefined;
    this.#registrar = new Registrar(
      this.#storage,
      far === undefined ? local : undefined,
      this.#rules,
      options.onDuplicate ?? "error",
    );
    this.register = ((...values: unknown[]) => {
      const { key, item, options, decorates } = readRegistration<I>(values);
      if (decorates) return this.#registrar.enter(undefined, item);
      return this.#run("register", key, () => this.#registrar.register(key ?? this.#rules.keyOf(item), item, options));
    }) as Register<I, T>;
  }

  /** Why something is not of the kind that this registry keeps; `undefined` if it is. */
  protected refusal(_item: unknown): string | undefined {
    return undefined;
  }

  async #run<R>(operation: string, key: string | undefined, work: () => Promise<R>): Promise<R> {
    if (!this.#registrar.idle) await this.settled();
    try {
      return await work();
    } catch (error) {
      throw inContext(error, { operation, path: typeof key === "string" ? key : undefined });
    }
  }

  /**
   * Makes the decorator of a class, or the wrapper of a function, which registers it under a key and gives it back:
   * `const mse = losses.entry("mse")((a, b) => …)`.
   *
   * @param key The key.
   * @returns The decorator or wrapper.
   */
  entry(key?: string): Entry<I> {
    return (item) => {
      this.#registrar.enter(key, item);
      return item;
    };
  }

  /**
   * Waits for all that is being registered by decorators and wrappers. Not at the top of the module that it is about, if artifacts are not
   * local: its exports are only there when it has run.
   *
   * @throws {StorageError} The failure, or an `AggregateError` of several.
   */
  async settled(): Promise<void> {
    await this.#registrar.settled();
  }

  /**
   * What is registered under a key.
   *
   * @throws {StorageError} `not-found`, suggesting a key that looks alike; `invalid-value` if what is there is not of this kind, or not what the
   * schema wants.
   */
  get(key: string, options?: AbortOptions): Promise<T> {
    // Nothing to wait for: a promise that is there already takes a tenth of the time of an asynchronous function.
    if (this.#registrar.idle && options === undefined) {
      const held = this.#quick?.find(key);
      if (held !== undefined) return Promise.resolve(held.value);
    }
    return this.#run("get", key, async () => (await this.#storage.get(key, options)).value);
  }

  /** Whether something is registered under a key; a key that cannot be one is not. */
  has(key: string, options?: AbortOptions): Promise<boolean> {
    return this.#run("find", key, () => this.#storage.has(key, options));
  }

  /** Yields the keys, in the order of their UTF-8 bytes. */
  async *identifiers(options?: IdentifierOptions): AsyncGenerator<string, void> {
    for await (const { key } of this.#list(options, false)) yield key;
  }

  /** Yields the keys and what is registered under them. */
  async *entries(options?: IdentifierOptions): AsyncGenerator<[key: string, item: T], void> {
    for await (const { key, value } of this.#list(options, true)) yield [key, value as T];
  }

  async *#list(options: IdentifierOptions | undefined, values: boolean): AsyncGenerator<ListedArtifact<T>, void> {
    await this.settled();
    try {
      yield* this.#storage.list({ ...options, values });
    } catch (error) {
      throw inContext(error, { operation: "list" });
    }
  }

  /** How many there are. */
  size(options?: AbortOptions): Promise<number> {
    return this.#run("count", undefined, () => this.#storage.count(options));
  }

  /**
   * Removes what is registered under a key; or an item, wherever it is registered.
   *
   * @param item A key, or an item that is not a text. Of artifacts that are not local, only a function or a class: another one comes back as
   * a new object.
   * @throws {StorageError} `not-found`; `invalid-argument` for an item that cannot be known again.
   */
  async unregister(item: string | (I & object), options?: AbortOptions): Promise<void> {
    await this.#run("unregister", typeof item === "string" ? item : undefined, async () => {
      let found = false;
      if (typeof item === "string") found = await this.#storage.delete(item, options);
      else {
        if (this.#far && typeof item !== "function") throw comesBackAsAnother();
        for await (const [key, value] of this.entries(options)) {
          if ((value as unknown) === item) found = await this.#storage.delete(key, options) || found;
        }
      }
      if (!found) throw await this.#missing(typeof item === "string" ? item : nameOf(item), options);
    });
  }

  /** The error for a key under which nothing is registered, with the one that was meant. */
  async #missing(key: string, options: AbortOptions | undefined): Promise<unknown> {
    const error = await this.#storage.get(key, options).then(() => undefined, (error: unknown) => error);
    return isStorageError(error, "not-found") ? error : missing(key, []);
  }

  /**
   * Puts another item in the place of one.
   *
   * @returns What `get` would answer.
   * @throws {StorageError} `not-found` if there is none.
   */
  replace(key: string, item: I, options?: AbortOptions): Promise<T> {
    return this.#run("replace", key, async () => {
      const { kept, got } = await this.#registrar.accept(key, item);
      try {
        await this.#storage.put(key, kept, { ifMatch: "*", signal: options?.signal });
        return got;
      } catch (error) {
        throw isStorageError(error, "precondition-failed") ? await this.#missing(key, options) : error;
      }
    });
  }

  /**
   * Changes an item. If someone else changes it meanwhile, the change is made again from what is there then: no change is lost.
   *
   * @param key The key.
   * @param change Makes the new item of the old one, which it must not change; it may be called several times.
   * @returns What `get` would answer.
   * @throws {StorageError} `not-found`.
   */
  update(key: string, change: (item: T) => I | Promise<I>, options?: AbortOptions): Promise<T> {
    return this.#run("update", key, async () => {
      while (true) {
        const { value, etag } = await this.#storage.get(key, options);
        const { kept, got } = await this.#registrar.accept(key, await change(value));
        try {
          await this.#storage.put(key, kept, { ifMatch: etag, signal: options?.signal });
          return got;
        } catch (error) {
          if (!isStorageError(error, "precondition-failed")) throw error;
        }
      }
    });
  }

  /**
   * Removes all.
   *
   * @returns How many there were.
   */
  clear(options?: AbortOptions): Promise<number> {
    return this.#run("clear", undefined, () => this.#storage.clear(options));
  }

  /**
   * Registers many items, in one round trip for each ten thousand.
   *
   * @param items Items by key.
   * @param options What to do about duplicates, and whether it is all or nothing.
   * @returns What became of each; it does not throw for an item that is not well.
   */
  registerBatch(items: Items<I>, options: RegisterBatchOptions = {}): Promise<BatchReport> {
    const { onDuplicate = this.#registrar.onDuplicate } = options;
    return this.#run(
      "register",
      undefined,
      () =>
        registerMany(
          this.#storage,
          pairsOf(items),
          async (key, item) => (await this.#registrar.accept(key, item)).kept,
          {
            ...options,
            onDuplicate,
          },
        ),
    );
  }

  /**
   * Registers what a module exports, if it is of the kind that this registry keeps; not `default`, and not what begins with `_`.
   *
   * @param module The module: `import * as losses from "./losses.ts"`.
   * @param options What stands before each name, and what `registerBatch` takes.
   * @returns What became of each.
   */
  registerModule(module: object, options: RegisterBatchOptions & { prefix?: string } = {}): Promise<BatchReport> {
    const { prefix = "", ...rest } = options;
    const items = Object.entries(module)
      .filter(([name, item]) => name !== "default" && !name.startsWith("_") && this.#rules.takes(item))
      .map(([name, item]): [string, I] => [prefix + name, item]);
    return this.registerBatch(items, rest);
  }

  /**
   * Checks an item as `register` would, and registers nothing.
   *
   * @returns What the schema makes of it.
   * @throws {StorageError} `invalid-value`.
   */
  async validate(item: I): Promise<T> {
    try {
      return await this.#rules.check(item);
    } catch (error) {
      throw inContext(error, { operation: "validate" });
    }
  }

  /**
   * Checks many items as `registerBatch` would, and registers nothing.
   *
   * @returns What would become of each, if its key is free.
   */
  async validateBatch(items: Items<I>): Promise<BatchReport> {
    const outcome = pairsOf(items).map(async ([key, item]) => {
      const failure = await this.#registrar.accept(key, item).then(() => undefined, (error: unknown) => error);
      return [key, failure] as const;
    });
    return reportOf(await Promise.all(outcome));
  }

  /**
   * Looks at all that is registered: whether it can be got, and is what the registry wants.
   *
   * @returns What is well, and what is not.
   */
  audit(options?: AbortOptions): Promise<BatchReport> {
    return this.#run("audit", undefined, () => auditAll(this.#storage, options?.signal));
  }

  /**
   * Works while nobody else does under a lock of the same key, in any process that shares the registry. The key need not be registered, and
   * nothing else is kept from changing it: all who work on it must use the lock. Asking for a lock that is held already waits for ever.
   *
   * @param key The key.
   * @param work Is told when the lock is lost; then this rejects too.
   * @param options How long the lock outlives this process.
   * @returns What the work answers.
   * @throws {StorageError} `precondition-failed` if the lock was lost meanwhile.
   */
  withLock<R>(key: string, work: (held: LockHeld) => R | Promise<R>, options: LockOptions = {}): Promise<R> {
    const { ttl = LOCK_TTL, signal } = options;
    return this.#run("lock", key, async () => {
      checkKey(key);
      signal?.throwIfAborted();
      const lock = new ArtifactLock(this.#storage, key, ttl);
      return await this.#locks.run(key, () => lock.hold(work, signal), signal);
    });
  }

  /**
   * Yields what happens, whoever does it, and goes on after interruptions. The first event is a `reset`.
   *
   * @param options From which event on, and when to end.
   * @returns The events; each at least once.
   */
  watch(options?: Pick<FollowOptions, "since" | "signal">): AsyncGenerator<ArtifactEvent, void> {
    return follow(this.#storage, options);
  }

  /** Waits for what is being registered, and ends what is under way elsewhere. What is registered stays. */
  async close(): Promise<void> {
    try {
      await this.settled();
    } finally {
      await this.#storage.close();
    }
  }

  /** The same as {@linkcode ArtifactRegistry.close}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

function nameOf(item: object): string {
  return String(Reflect.get(item, "name") ?? "");
}

function comesBackAsAnother(): ArtifactError {
  return new ArtifactError(
    "invalid-argument",
    "what is got from elsewhere is a new object each time, so it cannot be found by itself",
    {
      suggestions: ["give the key"],
    },
  );
}
