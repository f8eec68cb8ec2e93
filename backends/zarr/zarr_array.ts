/**
 * {@linkcode ZarrArray}: the handle of an array in a backend.
 *
 * @module
 */

import type { AbortOptions } from "../stores/store.ts";
import { ChunkedArray } from "./chunked.ts";
import type { ZarrCore } from "./core.ts";
import type { JsonObject } from "./json.ts";
import { readArray } from "./reading.ts";
import type { Selection } from "./selection.ts";
import type { ZarrValue } from "./value.ts";
import { pipelineOf, releaseValue, StoredArray, type ZarrArrayOptions, type ZarrSetOptions } from "./stored_array.ts";

/** Options of {@linkcode ZarrArray.append}. */
export interface AppendOptions extends AbortOptions {
  /**
   * Along which axis.
   *
   * @default {0}
   */
  axis?: number | undefined;
}

/**
 * An array of a backend, of any shape and size: parts of it are read and written, chunk by chunk; it is made longer and shorter. Its
 * etag, and what tells of it, change with it.
 *
 * It knows of the array what was there when it was opened, or at its last change; what others change since then, `refresh` reads again.
 */
export class ZarrArray extends StoredArray {
  readonly #core: ZarrCore;

  /** Takes what was read of an array. */
  private constructor(core: ZarrCore, chunks: ChunkedArray, workers: ZarrArrayOptions["workers"]) {
    super(chunks, workers);
    this.#core = core;
  }

  /**
   * Opens the array of a backend.
   *
   * @internal
   */
  static async of(core: ZarrCore, path: string, options?: ZarrArrayOptions): Promise<ZarrArray> {
    const head = core.store.write === undefined
      ? await core.head(path, options)
      : await core.editor.head(path, options);
    const chunks = new ChunkedArray(core.store, path, head.node, await pipelineOf(head.node));
    return new ZarrArray(core, chunks, options?.workers);
  }

  /** Reads again what is known of the array. */
  override async refresh(options?: AbortOptions): Promise<void> {
    if (this.#core.store.write !== undefined) await this.#core.editor.head(this.path, options);
    await super.refresh(options);
  }

  /** Reads a part of the array, as it is at one moment. See {@linkcode StoredArray.get}. */
  override async get(selection?: Selection, options?: ZarrArrayOptions): Promise<ZarrValue> {
    return await readArray(this.#core.store, this.path, selection, this.coding(options));
  }

  /** Writes a part of the array. See {@linkcode StoredArray.set}. */
  override async set(selection: Selection | undefined, value: unknown, options?: ZarrSetOptions): Promise<void> {
    await this.#core.editor.write(this.path, selection, value, this.coding(options));
    if (options?.release) releaseValue(value);
  }

  /**
   * Makes the array longer by another one. Several who append at the same time get a place each.
   *
   * @param value The other one: as long along all other axes.
   * @returns The new shape.
   */
  async append(value: ZarrValue, { axis = 0, signal }: AppendOptions = {}): Promise<number[]> {
    const { shape } = await this.#core.changed(
      this.path,
      () => this.#core.editor.append(this.path, value, axis, { signal }),
    );
    await this.refresh({ signal });
    return [...shape];
  }

  /**
   * Makes the array longer or shorter. What is cut off is gone; what is new is filled.
   *
   * @param shape Length of each axis.
   * @throws {StorageError} `invalid-argument`.
   */
  async resize(shape: readonly number[], options: AbortOptions = {}): Promise<void> {
    await this.#core.changed(this.path, () => this.#core.editor.resize(this.path, shape, options));
    await this.refresh(options);
  }

  /**
   * Changes the attributes by compare-and-swap: nobody's change is lost.
   *
   * @param change What to make of them; it may be called again.
   */
  async updateAttributes(
    change: (attributes: JsonObject) => JsonObject,
    options?: AbortOptions,
  ): Promise<void> {
    await this.#core.changed(this.path, () => this.#core.attributes.update(this.path, change, options));
    await this.refresh(options);
  }
}
