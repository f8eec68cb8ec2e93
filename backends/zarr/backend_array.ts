/**
 * {@linkcode BackendArray}: the handle of an array in a backend.
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
import {
  type AppendOptions,
  pipelineOf,
  releaseValue,
  ZarrArray,
  type ZarrArrayOptions,
  type ZarrSetOptions,
} from "./zarr_array.ts";

/** An array whose changes go through the backend: its etag and what tells of it change with it. */
export class BackendArray extends ZarrArray {
  readonly #core: ZarrCore;

  /** Takes what was read of an array. */
  private constructor(core: ZarrCore, chunks: ChunkedArray, workers: ZarrArrayOptions["workers"]) {
    super(chunks, workers);
    this.#core = core;
  }

  /** Opens the array of a backend. */
  static async of(core: ZarrCore, path: string, options?: ZarrArrayOptions): Promise<BackendArray> {
    const head = core.store.write === undefined
      ? await core.head(path, options)
      : await core.editor.head(path, options);
    const chunks = new ChunkedArray(core.store, path, head.node, await pipelineOf(head.node));
    return new BackendArray(core, chunks, options?.workers);
  }

  override async refresh(options?: AbortOptions): Promise<void> {
    if (this.#core.store.write !== undefined) await this.#core.editor.head(this.path, options);
    await super.refresh(options);
  }

  override async get(selection?: Selection, options?: ZarrArrayOptions): Promise<ZarrValue> {
    return await readArray(this.#core.store, this.path, selection, this.coding(options));
  }

  override async set(selection: Selection | undefined, value: unknown, options?: ZarrSetOptions): Promise<void> {
    await this.#core.editor.write(this.path, selection, value, this.coding(options));
    if (options?.release) releaseValue(value);
  }

  override async append(value: ZarrValue, { axis = 0, signal }: AppendOptions = {}): Promise<number[]> {
    const { shape } = await this.#core.changed(
      this.path,
      () => this.#core.editor.append(this.path, value, axis, { signal }),
    );
    await this.refresh({ signal });
    return [...shape];
  }

  override async resize(shape: readonly number[], options: AbortOptions = {}): Promise<void> {
    await this.#core.changed(this.path, () => this.#core.editor.resize(this.path, shape, options));
    await this.refresh(options);
  }

  override async updateAttributes(
    change: (attributes: JsonObject) => JsonObject,
    options?: AbortOptions,
  ): Promise<void> {
    await this.#core.changed(this.path, () => this.#core.attributes.update(this.path, change, options));
    await this.refresh(options);
  }
}
