/**
 * {@linkcode StoredArray}: an array in a store, to read and write its elements.
 *
 * @module
 */

import { isStorageError, StorageError } from "../errors.ts";
import { isNdArray } from "../formats/ndarray.ts";
import { joinPath } from "../path.ts";
import type { AbortOptions, Store } from "../stores/store.ts";
import { planArray, type ZarrLayoutOptions } from "./array_plan.ts";
import { ChunkedArray } from "./chunked.ts";
import type { CoderOptions } from "./coder.ts";
import { CODECS } from "./codecs/mod.ts";
import { ShardingCodec } from "./codecs/sharding.ts";
import type { ZarrDataTypeName } from "./data_type.ts";
import { type FillValue, formatFill } from "./fill_value.ts";
import type { Json, JsonObject } from "./json.ts";
import type { ArrayMetadata, ZarrFormat } from "./metadata.ts";
import { V2_ARRAY_FILE, V2_ATTRIBUTES_FILE } from "./metadata_v2.ts";
import { V3_FILE } from "./metadata_v3.ts";
import { makeGroups, readNode, writeDocument } from "./node.ts";
import { Pipeline } from "./pipeline.ts";
import { rangesOf, type Selection } from "./selection.ts";
import { layoutOf, valueOf, type ZarrValue } from "./value.ts";
import { ZarrWorkers } from "./workers.ts";

/** Options of work on the elements of an array. */
export interface ZarrArrayOptions extends AbortOptions {
  /**
   * Threads that encode and decode chunks: some of your own, or how many the array is to start for itself, which end with it.
   *
   * @default {undefined} those that the array was opened with, if any; else the thread of the caller
   */
  workers?: ZarrWorkers | number | undefined;
}

/** Options of {@linkcode StoredArray.set}. */
export interface ZarrSetOptions extends ZarrArrayOptions {
  /**
   * Gives the memory of the value back as soon as it is written, all of its buffer: nothing is left in it. Whoever writes chunk by
   * chunk holds a few of them at most; the garbage collector would let them pile up.
   *
   * @default {false}
   */
  release?: boolean | undefined;
}

/**
 * An array in a store, of any shape and size: parts of it are read and written, chunk by chunk.
 *
 * It knows of the array what was there when it was opened; what others change since then, `refresh` reads again.
 */
export class StoredArray implements AsyncDisposable {
  /** The store. */
  readonly store: Store;
  /** Path of the array. */
  readonly path: string;
  #chunks: ChunkedArray;
  readonly #workers: ZarrArrayOptions["workers"];
  readonly #own = new Map<number, ZarrWorkers>();

  /**
   * Takes what was read of an array.
   *
   * @internal
   */
  protected constructor(chunks: ChunkedArray, workers?: ZarrArrayOptions["workers"]) {
    this.#workers = workers;
    this.store = chunks.store;
    this.path = chunks.path;
    this.#chunks = chunks;
  }

  /**
   * Opens an array.
   *
   * @param store The store.
   * @param path Path of the array.
   * @throws {StorageError} `not-found`, `is-a-directory` if it is a group, `corrupt`, `unsupported`.
   */
  static async open(store: Store, path: string, options?: ZarrArrayOptions): Promise<StoredArray> {
    return new StoredArray(await open(store, path, options), options?.workers);
  }

  /**
   * Makes an array of nothing but fill values.
   *
   * @param store The store.
   * @param path Path of the array; groups above it come into being.
   * @param dtype What its elements are.
   * @param shape Length of each axis.
   * @param options How it is kept.
   * @throws {StorageError} `already-exists`, `not-a-directory`, `invalid-argument`.
   */
  static async create(
    store: Store,
    path: string,
    dtype: ZarrDataTypeName,
    shape: readonly number[],
    options: ZarrLayoutOptions & ZarrArrayOptions = {},
  ): Promise<StoredArray> {
    const { signal } = options;
    const metadata = planArray(dtype, shape, options);
    const chunks = new ChunkedArray(store, path, metadata, await pipelineOf(metadata));
    if (await readNode(store, path, { signal }) !== undefined) {
      throw new StorageError("already-exists", "it exists already", { path });
    }
    await makeGroups(store, path, metadata.format, { signal });
    await publish(store, path, metadata, { signal });
    return new StoredArray(chunks, options.workers);
  }

  /** The format it is kept in. */
  get format(): ZarrFormat {
    return this.#metadata.format;
  }

  /** Length of each axis. */
  get shape(): number[] {
    return [...this.#metadata.shape];
  }

  /** What its elements are. */
  get dtype(): ZarrDataTypeName {
    return this.#metadata.type.name;
  }

  /** Length of a chunk along each axis. */
  get chunks(): number[] {
    const { serial } = this.#chunks.pipeline;
    return [...serial instanceof ShardingCodec ? serial.inner.chunk.shape : this.#metadata.chunkShape];
  }

  /** Length of a shard along each axis; `undefined` if each chunk is a file. */
  get shards(): number[] | undefined {
    const { serial } = this.#chunks.pipeline;
    return serial instanceof ShardingCodec ? [...this.#metadata.chunkShape] : undefined;
  }

  /** The codecs, as the metadata names them. */
  get codecs(): readonly string[] {
    return this.#metadata.codecs.map(({ name }) => name);
  }

  /** What elements are that were never written, as it stands in the metadata. */
  get fillValue(): Json {
    return formatFill(this.#metadata.fill as FillValue, this.#metadata.type);
  }

  /** A name for each axis. */
  get dimensionNames(): (string | null)[] | undefined {
    const names = this.#metadata.dimensionNames;
    return names && [...names];
  }

  /** The attributes. */
  get attributes(): JsonObject {
    return this.#metadata.attributes;
  }

  get #metadata(): ArrayMetadata {
    return this.#chunks.metadata;
  }

  /** Reads again what is known of the array. */
  async refresh(options?: AbortOptions): Promise<void> {
    this.#chunks = await open(this.store, this.path, options);
  }

  /**
   * Reads a part of the array.
   *
   * @param selection What to read; `undefined` for everything.
   * @returns The elements, in C order; one index of an axis makes the axis go.
   * @throws {StorageError} `invalid-argument`, `corrupt`.
   */
  async get(selection?: Selection, options?: ZarrArrayOptions): Promise<ZarrValue> {
    options?.signal?.throwIfAborted();
    const ranges = rangesOf(selection, this.#metadata.shape);
    const elements = await this.#chunks.read(ranges, this.coding(options));
    const shape = ranges.filter(({ dropped }) => !dropped).map(({ length }) => length);
    return valueOf(elements, this.#metadata.type, shape);
  }

  /**
   * Writes a part of the array. Two who write to one chunk at the same time lose nothing, in other processes neither, if the store
   * tells them apart.
   *
   * @param selection What to write; `undefined` for everything.
   * @param value An array of that shape and of the array's type, or one element for all of it.
   * @throws {StorageError} `invalid-argument`, `invalid-value`, and what the store throws; chunks that were written before stay.
   */
  async set(selection: Selection | undefined, value: unknown, options?: ZarrSetOptions): Promise<void> {
    options?.signal?.throwIfAborted();
    const ranges = rangesOf(selection, this.#metadata.shape);
    const shape = ranges.map(({ length }) => length);
    await this.#chunks.write(
      ranges,
      layoutOf(value, this.#metadata.type, shape, ranges.map(({ dropped }) => !dropped)),
      this.coding(options),
    );
    if (options?.release) releaseValue(value);
  }

  /** Ends the threads that were started for it. It can be used again. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const workers of this.#own.values()) await workers.close();
    this.#own.clear();
  }

  /**
   * The options of work on chunks; the array's own threads among them.
   *
   * @internal
   */
  protected coding({ signal, workers = this.#workers }: ZarrArrayOptions = {}): CoderOptions {
    if (typeof workers !== "number" || workers === 0) return { signal, workers: workers || undefined };
    return { signal, workers: this.#own.getOrInsertComputed(workers, (count) => new ZarrWorkers(count)) };
  }
}

/** Writes the metadata of an array that is new: from then on it is there. */
export async function publish(
  store: Store,
  path: string,
  metadata: ArrayMetadata,
  { signal }: AbortOptions,
): Promise<void> {
  const { format, document, attributes } = metadata;
  if (format === 2 && Object.keys(attributes).length > 0) {
    await writeDocument(store, joinPath(path, V2_ATTRIBUTES_FILE), attributes, { signal });
  }
  await writeDocument(store, joinPath(path, format === 3 ? V3_FILE : V2_ARRAY_FILE), document, {
    ifAbsent: true,
    signal,
  });
}

/** The codecs of an array. */
export async function pipelineOf({ codecs, chunkShape, type, fill }: ArrayMetadata): Promise<Pipeline> {
  return await Pipeline.create(codecs, { shape: chunkShape, type, fill }, CODECS);
}

async function open(store: Store, path: string, options?: AbortOptions): Promise<ChunkedArray> {
  const metadata = await readNode(store, path, options);
  if (metadata === undefined) throw new StorageError("not-found", "not found", { path });
  if (metadata.kind === "group") throw new StorageError("is-a-directory", "it is a group, not an array", { path });
  try {
    return new ChunkedArray(store, path, metadata, await pipelineOf(metadata));
  } catch (error) {
    throw isStorageError(error) ? error.at(path) : error;
  }
}

/** Gives back the memory of a value. */
export function releaseValue(value: unknown): void {
  if (isNdArray(value) && value.data.buffer instanceof ArrayBuffer) value.data.buffer.transfer(0);
}
