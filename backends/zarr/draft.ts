/**
 * {@linkcode Draft}: an array that is being built where nobody sees it.
 *
 * @module
 */

import { pooled } from "../concurrency.ts";
import { StorageError } from "../errors.ts";
import { joinPath, parentPath } from "../path.ts";
import { deleteTree } from "../store_checks.ts";
import type { AbortOptions, Store } from "../stores/store.ts";
import { ChunkedArray } from "./chunked.ts";
import type { CoderOptions } from "./coder.ts";
import { formatDocument, newGeneration } from "./generation.ts";
import { type Head, isCurrent, readAttributesV2 } from "./head.ts";
import { isStage, stageName } from "./hidden.ts";
import { formatJson, type JsonObject } from "./json.ts";
import type { ArrayMetadata, ZarrFormat } from "./metadata.ts";
import { V2_ARRAY_FILE, V2_ATTRIBUTES_FILE } from "./metadata_v2.ts";
import { V3_FILE } from "./metadata_v3.ts";
import { METADATA_FILES } from "./node.ts";
import { pipelineOf } from "./stored_array.ts";
import { recording } from "./recording.ts";
import type { Replacement } from "./replacement.ts";
import { rangesOf } from "./selection.ts";
import { layoutOf, type ZarrValue } from "./value.ts";

/** How many chunks are copied at once. */
const CONCURRENCY = 8;

/** What is kept of an array besides its chunks. */
type Kept = Pick<ArrayMetadata, "format" | "document" | "attributes">;

/** An array that is being built. */
export class Draft implements Replacement {
  readonly stage: string;
  /** Which array it is. */
  readonly generation: string = newGeneration();
  readonly chunks: string;
  readonly keys: Set<string> = new Set();
  readonly format: ZarrFormat;
  readonly document: JsonObject;
  readonly attributes: JsonObject;

  private constructor(directory: string, { format, document, attributes }: Kept) {
    this.stage = joinPath(directory, stageName(this.generation));
    this.chunks = joinPath(this.stage, "array");
    this.format = format;
    this.document = document;
    this.attributes = attributes;
  }

  /**
   * Builds an array of a value.
   *
   * @param store The store.
   * @param path Where the array will be; it is built beside.
   * @param value The value.
   * @param metadata How it is kept.
   */
  static async of(
    store: Store,
    path: string,
    value: ZarrValue,
    metadata: ArrayMetadata,
    options: CoderOptions,
  ): Promise<Draft> {
    const ranges = rangesOf(undefined, metadata.shape);
    const layout = layoutOf(value, metadata.type, metadata.shape);
    const pipeline = await pipelineOf(metadata);
    return await Draft.#build(store, path, metadata, options, async (draft) => {
      const { store: recorder, written } = recording(store);
      await new ChunkedArray(recorder, draft.chunks, metadata, pipeline).write(ranges, layout, options);
      for (const place of written) draft.keys.add(place.slice(draft.chunks.length + 1));
    });
  }

  /** Builds an array of nothing but fill values. */
  static async empty(store: Store, path: string, metadata: ArrayMetadata, options: AbortOptions): Promise<Draft> {
    await pipelineOf(metadata); // refuses what cannot be encoded
    return await Draft.#build(store, path, metadata, options, () => Promise.resolve());
  }

  /** Builds a copy of an array, chunk by chunk as they are; `undefined` if the array changed meanwhile. */
  static async copyOf(
    store: Store,
    path: string,
    source: Store,
    head: Head,
    options: AbortOptions,
  ): Promise<Draft | undefined> {
    const metadata = await keptOf(source, head, options);
    const draft = await Draft.#build(store, path, metadata, options, async (draft) => {
      const keys = head.replacement?.keys ?? await chunkKeys(source, head.path, options);
      await pooled(keys, CONCURRENCY, async (key) => {
        const places = [head.replacement?.chunks ?? head.path, head.path].map((place) => joinPath(place, key));
        const bytes = await source.read(places[0]!, options) ?? await source.read(places[1]!, options);
        if (bytes === undefined) return;
        await store.write!(joinPath(draft.chunks, key), bytes, options);
        draft.keys.add(key);
      }, options.signal);
    });
    if (await isCurrent(source, head, options)) return draft;
    await draft.discard(store);
    return undefined;
  }

  static async #build(
    store: Store,
    path: string,
    metadata: Kept,
    { signal }: AbortOptions,
    fill: (draft: Draft) => Promise<void>,
  ): Promise<Draft> {
    if (store.write === undefined || store.delete === undefined || store.list === undefined) {
      throw new StorageError("unsupported", "its store cannot write, list and delete", { path });
    }
    const draft = new Draft(await above(store, path, { signal }), metadata);
    try {
      await fill(draft);
      return draft;
    } catch (error) {
      await draft.discard(store);
      throw error;
    }
  }

  /** Writes the document: what is built is a whole array then. Answers the etag. */
  async complete(store: Store): Promise<string> {
    if (this.format === 2 && Object.keys(this.attributes).length > 0) {
      await store.write!(joinPath(this.chunks, V2_ATTRIBUTES_FILE), formatJson(this.attributes));
    }
    const file = this.format === 3 ? V3_FILE : V2_ARRAY_FILE;
    return (await store.write!(joinPath(this.chunks, file), formatDocument(this.document, this.generation))).etag;
  }

  /** Takes away what was built. */
  async discard(store: Store): Promise<void> {
    await deleteTree(store, this.stage);
  }
}

/** What is kept of an array, be it one that cannot be understood. */
async function keptOf(
  store: Store,
  { path, file, document, node, replacement, trouble }: Head,
  options: AbortOptions,
): Promise<Kept> {
  if (replacement !== undefined) return replacement;
  // It is no document at all.
  if (trouble?.code === "corrupt" && Object.keys(document).length === 0) throw trouble;
  const format = file === V3_FILE ? 3 : 2;
  const attributes = node?.attributes ?? (format === 3 ? {} : await readAttributesV2(store, path, options));
  return { format, document, attributes };
}

/** The nearest directory above a path that is there. */
async function above(store: Store, path: string, options: AbortOptions): Promise<string> {
  let directory = path;
  do {
    directory = parentPath(directory);
    if ((await store.stat(directory, options))?.kind === "directory") break;
  } while (directory !== "" && directory !== "/");
  return directory;
}

/** The keys of the chunks of an array. */
export async function chunkKeys(store: Store, path: string, options?: AbortOptions): Promise<string[]> {
  const keys: string[] = [];
  for await (const entry of store.list!(path, options)) {
    const key = path === "" ? entry.path : entry.path.slice(path.length + 1);
    if (entry.kind === "file" && !METADATA_FILES.has(key) && !isStage(key.split("/")[0]!)) keys.push(key);
  }
  return keys;
}
