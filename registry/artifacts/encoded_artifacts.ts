/**
 * {@linkcode EncodedArtifacts}: values, where JSON text is kept.
 *
 * @module
 */

import { inContext } from "../../backends/errors.ts";
import type {
  AbortOptions,
  AgainOptions,
  Artifact,
  ArtifactEvent,
  ArtifactStorage,
  BatchOperation,
  BatchOptions,
  BatchResult,
  Lease,
  LeaseRequest,
  ListArtifactsOptions,
  ListedArtifact,
  PutOptions,
  PutResult,
  RemoveOptions,
  WatchArtifactsOptions,
} from "./artifact_storage.ts";
import { artifactError } from "./artifact_error.ts";
import { checkBatch, notDone } from "./batch.ts";

/**
 * How values become JSON text, and come back.
 *
 * @typeParam I What is put.
 * @typeParam T What is got.
 */
export interface ArtifactCodec<I, T> {
  /** The text of a value. */
  encode(value: I): string | Promise<string>;
  /** The value of a text. */
  decode(text: string, key: string): T | Promise<T>;
}

/**
 * Values, in a storage that keeps JSON text.
 *
 * @typeParam I What is put.
 * @typeParam T What is got.
 */
export class EncodedArtifacts<I, T> implements ArtifactStorage<T> {
  readonly #inner: ArtifactStorage<string>;
  readonly #codec: ArtifactCodec<I, T>;

  /**
   * @param inner Where the texts are; it is closed with this.
   * @param codec How values become texts.
   */
  constructor(inner: ArtifactStorage<string>, codec: ArtifactCodec<I, T>) {
    this.#inner = inner;
    this.#codec = codec;
  }

  async #encode(value: T, key: string): Promise<string> {
    try {
      return await this.#codec.encode(value as unknown as I);
    } catch (error) {
      throw artifactError(inContext(error, { path: key }));
    }
  }

  async #decode(text: string, key: string): Promise<T> {
    try {
      return await this.#codec.decode(text, key);
    } catch (error) {
      throw artifactError(inContext(error, { path: key }));
    }
  }

  /** See `ArtifactStorage.get`. */
  async get(key: string, options?: AbortOptions): Promise<Artifact<T>> {
    const { value, etag } = await told(this.#inner.get(key, options));
    return { value: await this.#decode(value, key), etag };
  }

  /** See `ArtifactStorage.has`. */
  async has(key: string, options?: AbortOptions): Promise<boolean> {
    return await told(this.#inner.has(key, options));
  }

  /** See `ArtifactStorage.put`. */
  async put(key: string, value: T, options?: PutOptions): Promise<PutResult> {
    return await told(this.#inner.put(key, await this.#encode(value, key), options));
  }

  /** See `ArtifactStorage.delete`. */
  async delete(key: string, options?: RemoveOptions): Promise<boolean> {
    return await told(this.#inner.delete(key, options));
  }

  /** See `ArtifactStorage.list`. */
  async *list(options?: ListArtifactsOptions): AsyncGenerator<ListedArtifact<T>, void> {
    for await (const { key, value, etag } of toldEach(this.#inner.list(options))) {
      if (value === undefined || etag === undefined) yield { key };
      else yield { key, value: await this.#decode(value, key), etag };
    }
  }

  /** See `ArtifactStorage.count`. */
  async count(options?: AbortOptions): Promise<number> {
    return await told(this.#inner.count(options));
  }

  /** See `ArtifactStorage.batch`. */
  async batch(operations: readonly BatchOperation<T>[], options?: BatchOptions): Promise<BatchResult<T>[]> {
    checkBatch(operations, options?.atomic ?? false);
    const failures = new Map<BatchOperation<T>, Error>();
    const texts = new Map<BatchOperation<T>, BatchOperation<string>>();
    for (const operation of operations) {
      try {
        texts.set(
          operation,
          operation.op === "put"
            ? { ...operation, value: await this.#encode(operation.value, operation.key) }
            : operation,
        );
      } catch (error) {
        failures.set(operation, error as Error);
      }
    }
    if (options?.atomic && failures.size > 0) {
      for (const operation of texts.keys()) {
        if (operation.op === "get") continue;
        texts.delete(operation);
        failures.set(operation, notDone(operation.key));
      }
    }
    const results = texts.size === 0 ? [] : await told(this.#inner.batch([...texts.values()], options));
    const sent = new Map([...texts.keys()].map((operation, index) => [operation, results[index]!]));
    return await Promise.all(operations.map((operation) => {
      const error = failures.get(operation);
      return error ? { op: "error" as const, error } : this.#result(sent.get(operation)!, operation.key);
    }));
  }

  async #result(result: BatchResult<string>, key: string): Promise<BatchResult<T>> {
    if (result.op === "error") return { op: "error", error: artifactError(result.error) as Error };
    if (result.op !== "get") return result;
    try {
      return { ...result, value: await this.#decode(result.value, key) };
    } catch (error) {
      return { op: "error", error: error as Error };
    }
  }

  /** See `ArtifactStorage.clear`. */
  async clear(options?: AgainOptions): Promise<number> {
    return await told(this.#inner.clear(options));
  }

  /** See `ArtifactStorage.watch`. */
  watch(options?: WatchArtifactsOptions): AsyncIterable<ArtifactEvent> {
    return toldEach(this.#inner.watch(options));
  }

  /** See `ArtifactStorage.acquire`. */
  async acquire(key: string, request: LeaseRequest): Promise<Lease> {
    return await told(this.#inner.acquire(key, request));
  }

  /** See `ArtifactStorage.release`. */
  async release(key: string, token: number, options?: AbortOptions): Promise<void> {
    await told(this.#inner.release(key, token, options));
  }

  /** See `ArtifactStorage.close`. */
  async close(): Promise<void> {
    await this.#inner.close();
  }
}

/** What a storage answers; what it fails with, as a registry tells it. */
async function told<R>(answer: Promise<R>): Promise<R> {
  try {
    return await answer;
  } catch (error) {
    throw artifactError(error);
  }
}

async function* toldEach<R>(answers: AsyncIterable<R>): AsyncGenerator<R, void> {
  try {
    yield* answers;
  } catch (error) {
    throw artifactError(error);
  }
}
