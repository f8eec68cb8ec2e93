/**
 * {@linkcode Replacement}: how an array takes the place of another one in one step.
 *
 * The new chunks are built in a hidden directory. One write of the document, if nobody was faster, then says: the array is this
 * one, and its chunks are there. From then on readers see the new array, and not before. The chunks are moved to their
 * places, what is left of the old array is taken away, and the document becomes an ordinary one. Whoever finds it half done
 * finishes it: every step may be done again, by several at once, and changes nothing once the document has become ordinary. Until
 * then the document is not one that other implementations can read: they refuse it, rather than mix two arrays.
 *
 * @module
 */

import { pooled } from "../concurrency.ts";
import { isStorageError } from "../errors.ts";
import { ignoring } from "./ignoring.ts";
import { joinPath, relativePath } from "../path.ts";
import { deleteTree } from "../store_checks.ts";
import type { ReadOptions, Stat, Store } from "../stores/store.ts";
import type { Head } from "./head.ts";
import { formatDocument, newGeneration } from "./generation.ts";
import { formatJson, isObject, type JsonObject } from "./json.ts";
import { malformed, type ZarrFormat } from "./metadata.ts";
import { V2_ARRAY_FILE, V2_ATTRIBUTES_FILE } from "./metadata_v2.ts";
import { V3_FILE } from "./metadata_v3.ts";
import { METADATA_FILES } from "./node.ts";
import { isStage, joinRelative } from "./hidden.ts";

/** The field of the document that says it. */
export const REPLACEMENT_FIELD = "polystore_replacement";

/** How many chunks are moved at once. */
const CONCURRENCY = 8;

/** An array whose chunks are not at their places yet. */
export interface Replacement {
  /** The hidden directory. */
  readonly stage: string;
  /** Where in it the chunks are, by the same keys. */
  readonly chunks: string;
  /** The keys of all chunks there are. */
  readonly keys: ReadonlySet<string>;
  /** The format. */
  readonly format: ZarrFormat;
  /** The document, as it will be. */
  readonly document: JsonObject;
  /** The attributes, which v2 keeps in a file of their own. */
  readonly attributes: JsonObject;
}

/** Reads what says that an array is replaced. */
export function parseReplacement(path: string, field: JsonObject): Replacement {
  const { stage, chunks, keys, format, document, attributes } = field;
  if (
    typeof stage !== "string" || typeof chunks !== "string" || !Array.isArray(keys) || !isObject(document) ||
    !isObject(attributes) || (format !== 2 && format !== 3)
  ) {
    throw malformed(`${REPLACEMENT_FIELD} is incomplete`);
  }
  return {
    stage: joinRelative(path, stage),
    chunks: joinRelative(path, chunks),
    keys: new Set(keys as string[]),
    format,
    document,
    attributes,
  };
}

/** Writes that an array is replaced. */
export function formatReplacement(path: string, replacement: Replacement): JsonObject {
  const { stage, chunks, keys, format, document, attributes } = replacement;
  return {
    "zarr_format": format,
    "node_type": "array",
    [REPLACEMENT_FIELD]: {
      stage: relativePath(path, stage),
      chunks: relativePath(path, chunks),
      keys: [...keys],
      format,
      document,
      attributes,
    },
  };
}

/** A store that finds the chunks of an array which are not at their places yet. */
export function overlaid(store: Store, path: string, { chunks, keys }: Replacement): Store {
  const prefix = `${path}/`;
  return {
    async read(place: string, options?: ReadOptions): Promise<Uint8Array | undefined> {
      const key = path === "" ? place : place.slice(prefix.length);
      if (!keys.has(key)) return undefined;
      // It may have been moved by now.
      return await store.read(joinPath(chunks, key), options) ?? await store.read(place, options);
    },
    stat: (place, options): Promise<Stat | undefined> => store.stat(place, options),
  };
}

/**
 * Brings everything to its place.
 *
 * @param store The store.
 * @param head The document that says that the array is replaced.
 * @returns The etag of the array; `undefined` if somebody else was faster.
 */
export async function finish(
  store: Store,
  head: Head & { readonly replacement: Replacement },
): Promise<string | undefined> {
  const { path, replacement } = head;
  const { chunks, keys, format, document, attributes } = replacement;
  const finishing = new Finishing(store, head);
  await finishing.clear(keys);
  await pooled(keys, CONCURRENCY, (key) => finishing.bring(joinPath(chunks, key), joinPath(path, key)));
  const file = format === 3 ? V3_FILE : V2_ARRAY_FILE;
  if (file === V3_FILE && head.file === V3_FILE) await finishing.remove(joinPath(path, V2_ARRAY_FILE));
  const hasAttributes = format === 2 && Object.keys(attributes).length > 0;
  const attributesFile = joinPath(path, V2_ATTRIBUTES_FILE);
  if (hasAttributes) await finishing.put(attributesFile, formatJson(attributes));
  else await finishing.remove(attributesFile);
  const etag = await finishing.conclude(file, formatDocument(document, head.generation ?? newGeneration()));
  await deleteTree(store, replacement.stage);
  return etag;
}

/** Steps that change nothing once the document is another one. */
class Finishing {
  readonly #store: Store;
  readonly #head: Head;

  constructor(store: Store, head: Head) {
    this.#store = store;
    this.#head = head;
  }

  /** Deletes what is left of the old array: chunks that the new one has not, and directories that held them. */
  async clear(keys: ReadonlySet<string>): Promise<void> {
    const { path } = this.#head;
    const directories: string[] = [];
    const stale: string[] = [];
    for await (const entry of this.#store.list!(path)) {
      const key = path === "" ? entry.path : entry.path.slice(path.length + 1);
      const name = key.split("/")[0]!;
      if (isStage(name) || METADATA_FILES.has(key)) continue;
      if (entry.kind === "directory") directories.push(entry.path);
      else if (!keys.has(key)) stale.push(entry.path);
    }
    await pooled(stale, CONCURRENCY, (place) => this.remove(place));
    // Where a chunk is to be, an empty directory may not stay.
    for (const place of directories.reverse()) {
      await this.#store.delete!(place).catch(ignoring("not-empty", "not-found"));
    }
  }

  /** Brings a chunk to its place. What was moved is not there to be moved again. */
  async bring(from: string, to: string): Promise<void> {
    if (this.#store.move !== undefined) {
      try {
        return await this.#store.move(from, to);
      } catch (error) {
        if (isStorageError(error, "not-found")) return;
        if (!isStorageError(error, "unsupported")) throw error;
      }
    }
    const bytes = await this.#store.read(from);
    if (bytes !== undefined) await this.put(to, bytes);
  }

  /** Makes the document an ordinary one, in whichever file it belongs. Answers its etag, unless somebody else was faster. */
  async conclude(file: string, bytes: Uint8Array): Promise<string | undefined> {
    const { path, etag } = this.#head;
    const [before, after] = [joinPath(path, this.#head.file), joinPath(path, file)];
    try {
      if (before === after) return (await this.#store.write!(after, bytes, { ifMatch: etag })).etag;
      // Of two documents that of v3 counts: what was left of one of v2 may be there, but no other one of v3.
      const written = file === V3_FILE
        ? (await this.#store.write!(after, bytes, { ifAbsent: true })).etag
        : await this.put(after, bytes);
      await this.#store.delete!(before, { ifMatch: etag });
      return written;
    } catch (error) {
      if (isStorageError(error, "precondition-failed", "already-exists")) return undefined;
      throw error;
    }
  }

  /** Writes a file, while the document is the same. Answers its etag. */
  async put(place: string, bytes: Uint8Array): Promise<string | undefined> {
    return await this.#change(place, async (etag) => {
      return (await this.#store.write!(place, bytes, etag === undefined ? { ifAbsent: true } : { ifMatch: etag })).etag;
    });
  }

  /** Deletes a file, while the document is the same. */
  async remove(place: string): Promise<void> {
    await this.#change(place, async (etag) => {
      if (etag !== undefined) await this.#store.delete!(place, { ifMatch: etag });
    });
  }

  /** Changes a file that nobody has changed since the document was looked at. Who still changes the old array is outdone. */
  async #change<T>(place: string, work: (etag: string | undefined) => Promise<T>): Promise<T | undefined> {
    for (;;) {
      const etag = await this.#etag(place);
      if (!await this.#pending()) return undefined;
      try {
        return await work(etag);
      } catch (error) {
        if (!isStorageError(error, "precondition-failed", "already-exists")) throw error;
      }
    }
  }

  async #etag(place: string): Promise<string | undefined> {
    return (await this.#store.stat(place))?.etag;
  }

  async #pending(): Promise<boolean> {
    return (await this.#store.stat(joinPath(this.#head.path, this.#head.file)))?.etag === this.#head.etag;
  }
}
