/**
 * {@linkcode ArrayEditor}: changes parts of arrays, in their places.
 *
 * The etag of an array is that of its document, so whoever changes elements writes the document once more, unchanged, when all are
 * written. If the array was replaced meanwhile, the elements are written to the new one.
 *
 * @module
 */

import { isStorageError, StorageError } from "../errors.ts";
import { joinPath } from "../path.ts";
import { sizeOf } from "../formats/shape.ts";
import type { AbortOptions, Store } from "../stores/store.ts";
import { ChunkedArray } from "./chunked.ts";
import type { CoderOptions } from "./coder.ts";
import { formatDocument, newGeneration } from "./generation.ts";
import { guardedBy, Replaced } from "./guarded_store.ts";
import { type ArrayHead, type Head, isArrayHead, lookAtHead, readHead } from "./head.ts";
import type { JsonObject } from "./json.ts";
import { changed, exclusively, isUnfinished } from "./publish.ts";
import { finish } from "./replacement.ts";
import { type AxisRange, rangesOf, type Selection } from "./selection.ts";
import type { ZarrTree } from "./tree.ts";
import { layoutOf, type ZarrValue } from "./value.ts";
import { pipelineOf } from "./stored_array.ts";
import { filled } from "./fill_value.ts";
import type { ArrayMetadata } from "./metadata.ts";

/** How often a change is tried when others keep changing the array. */
const MAX_TRIES = 1000;

/** What a change answers. */
export interface ZarrEditResult {
  /** The etag of the array after it. */
  readonly etag: string | undefined;
  /** Length of each axis after it. */
  readonly shape: readonly number[];
}

/** Options of a change under a condition. */
export interface ZarrEditOptions extends AbortOptions {
  /**
   * Only change the array that has this etag; refuses with `precondition-failed` otherwise.
   *
   * @default {undefined}
   */
  ifMatch?: string | undefined;
}

/** Changes parts of arrays. */
export class ArrayEditor {
  readonly #store: Store;
  readonly #tree: ZarrTree;

  constructor(store: Store, tree: ZarrTree) {
    this.#store = store;
    this.#tree = tree;
  }

  /** The document of an array whose chunks are at their places. */
  async head(path: string, options?: AbortOptions): Promise<ArrayHead> {
    if (this.#store.write === undefined) throw new StorageError("unsupported", "its store cannot be written", { path });
    for (let tries = 1; tries <= MAX_TRIES; tries++) {
      const head = await readHead(this.#store, path, options);
      if (!isArrayHead(head)) throw await this.#tree.absence(path, options);
      if (!isUnfinished(head)) return head;
      await exclusively(this.#store, path, async () => {
        const again = await readHead(this.#store, path, options);
        if (isUnfinished(again)) await finish(this.#store, again);
      });
    }
    throw busy(path);
  }

  /** Writes a region. */
  async write(
    path: string,
    selection: Selection | undefined,
    value: unknown,
    options: ZarrEditOptions & CoderOptions,
  ): Promise<ZarrEditResult> {
    return await this.#change(path, options, ({ shape }) => rangesOf(selection, shape), value);
  }

  /** Makes an array longer by another one. */
  async append(path: string, value: ZarrValue, axis: number, options: ZarrEditOptions): Promise<ZarrEditResult> {
    const { shape, type } = (await this.head(path, options)).node;
    if (!Number.isInteger(axis) || axis < 0 || axis >= shape.length) {
      throw new StorageError("invalid-argument", `the array has axes 0 to ${shape.length - 1}, not ${axis}`, { path });
    }
    const more = value.shape[axis] ?? 0;
    layoutOf(value, type, shape.with(axis, more));
    let start = 0;
    // First the place, so that several who append get one each.
    await this.#reshape(path, options, (before) => {
      layoutOf(value, type, before.with(axis, more));
      start = before[axis]!;
      return before.with(axis, start + more);
    });
    const plan = ({ shape }: ArrayMetadata): AxisRange[] =>
      shape.map((length, each) => {
        const [from, count] = each === axis ? [start, more] : [0, length];
        return { start: from, length: count, step: 1, dropped: false };
      });
    return await this.#change(path, { signal: options.signal }, plan, value);
  }

  /** Makes an array longer or shorter; what is new is filled. */
  async resize(path: string, shape: readonly number[], options: ZarrEditOptions): Promise<ZarrEditResult> {
    sizeOf(shape);
    let before: ArrayMetadata | undefined;
    const result = await this.#reshape(path, options, (old, metadata) => {
      if (old.length !== shape.length) {
        throw new StorageError("invalid-argument", `the array has ${old.length} axes, not ${shape.length}`, { path });
      }
      before = metadata;
      return [...shape];
    });
    // What was cut off is filled, so that it does not come back when the array grows again.
    await this.#clear(path, before!, result, options);
    return result;
  }

  /** Fills what is outside of the array, unless others make it longer again. */
  async #clear(path: string, before: ArrayMetadata, { etag }: ZarrEditResult, { signal }: AbortOptions): Promise<void> {
    const resized = await this.head(path, { signal });
    if (resized.etag !== etag) return;
    const guarded = guardedBy(this.#store, resized);
    const array = new ChunkedArray(guarded.store, path, before, await pipelineOf(before));
    const element = { data: filled(before.fill, before.type, 1), offset: 0, stride: before.shape.map(() => 0) };
    try {
      for (const [axis, length] of resized.node.shape.entries()) {
        if (length >= before.shape[axis]!) continue;
        const ranges = before.shape.map((whole, each) => {
          const start = each === axis ? length : 0;
          return { start, length: whole - start, step: 1, dropped: false };
        });
        await array.write(ranges, element, { signal });
      }
    } catch (error) {
      if (!(error instanceof Replaced)) throw error;
    }
  }

  /** Changes the shape by compare-and-swap. */
  async #reshape(
    path: string,
    { ifMatch, signal }: ZarrEditOptions,
    change: (shape: readonly number[], metadata: ArrayMetadata) => readonly number[],
  ): Promise<ZarrEditResult> {
    for (let tries = 1; tries <= MAX_TRIES; tries++) {
      const head = await this.head(path, { signal });
      if (ifMatch !== undefined && head.etag !== ifMatch) throw changed(path);
      const shape = change(head.node.shape, head.node);
      const etag = await this.rewrite(head, { ...head.document, shape });
      if (etag !== undefined) return { etag, shape };
    }
    throw busy(path);
  }

  /** Changes elements, and the etag after that. */
  async #change(
    path: string,
    { ifMatch, signal, workers }: ZarrEditOptions & CoderOptions,
    plan: (metadata: ArrayMetadata) => readonly AxisRange[],
    value: unknown,
  ): Promise<ZarrEditResult> {
    if (ifMatch !== undefined) await this.#claim(path, ifMatch, signal);
    for (let tries = 1; tries <= MAX_TRIES; tries++) {
      const head = await this.head(path, { signal });
      const { node } = head;
      const ranges = plan(node);
      checkInside(ranges, node.shape, path);
      const lengths = ranges.map(({ length }) => length);
      const layout = layoutOf(value, node.type, lengths, ranges.map(({ dropped }) => !dropped));
      const guarded = guardedBy(this.#store, head);
      try {
        await new ChunkedArray(guarded.store, path, node, await pipelineOf(node)).write(ranges, layout, {
          signal,
          workers,
        });
      } catch (error) {
        if (error instanceof Replaced) continue;
        // What was read of another array than this need not make sense.
        if (isStorageError(error, "corrupt") && !await this.#isStill(head, { signal })) continue;
        throw await this.#partly(head, guarded.changes(), error);
      }
      const etag = await this.touch(path, head);
      if (etag !== undefined) return { etag, shape: node.shape };
    }
    throw busy(path);
  }

  /** Whether the array is the one whose document was read. */
  async #isStill(head: ArrayHead, options: AbortOptions): Promise<boolean> {
    const now = await lookAtHead(this.#store, head.path, options);
    return now !== undefined && isSame(head, now);
  }

  /** Lets only one of those who change the same content under a condition go on. */
  async #claim(path: string, ifMatch: string, signal: AbortSignal | undefined): Promise<void> {
    const head = await this.head(path, { signal });
    if (head.etag !== ifMatch || await this.rewrite(head, head.document) === undefined) throw changed(path);
  }

  /** Says what was written before the rest failed. */
  async #partly(head: ArrayHead, count: number, error: unknown): Promise<unknown> {
    if (count === 0) return error;
    await this.touch(head.path).catch(() => {/* what stopped the writing stops this, too: it is what is told */});
    if (!isStorageError(error)) return error;
    const detail = `${error.detail}; ${count} chunk${count === 1 ? " was" : "s were"} written before, and stay`;
    return new StorageError(error.code, detail, {
      path: error.path ?? head.path,
      cause: error,
      retryable: error.retryable,
    });
  }

  /**
   * Writes the document as it is, so that the array has another etag.
   *
   * @param path The array.
   * @param changed The document of the array that was changed; `undefined` for whichever is there.
   * @returns The etag; `undefined` if it is not the same array any more.
   */
  async touch(path: string, changed?: ArrayHead): Promise<string | undefined> {
    for (;;) {
      const head = await this.head(path);
      if (changed !== undefined && !isSame(changed, head)) return undefined;
      const etag = await this.rewrite(head, head.document);
      if (etag !== undefined) return etag;
    }
  }

  /** Writes the document of the same array; `undefined` if it has changed. */
  async rewrite(head: ArrayHead, document: JsonObject): Promise<string | undefined> {
    try {
      const bytes = formatDocument(document, head.generation ?? newGeneration());
      return (await this.#store.write!(joinPath(head.path, head.file), bytes, { ifMatch: head.etag })).etag;
    } catch (error) {
      if (isStorageError(error, "precondition-failed")) return undefined;
      throw error;
    }
  }
}

/** Whether two documents are those of one array. */
function isSame(a: Head, b: Head): boolean {
  return a.etag === b.etag || (a.generation !== undefined && a.generation === b.generation);
}

function checkInside(ranges: readonly AxisRange[], shape: readonly number[], path: string): void {
  if (ranges.every(({ start, length, step }, axis) => length === 0 || start + (length - 1) * step < shape[axis]!)) {
    return;
  }
  throw new StorageError("precondition-failed", "it was replaced by a smaller array meanwhile", { path });
}

function busy(path: string): StorageError {
  return new StorageError("busy", "others kept changing it: try again", { path, retryable: true });
}
