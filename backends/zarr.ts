/**
 * The zarr backend: n-dimensional arrays in chunks, which every implementation of Zarr reads, on any store.
 *
 * Permissions: those of the store; of the default one `--allow-read` and `--allow-write` for the `root` or the directories used.
 *
 * @module
 */

import { registerBackend } from "./catalogue.ts";
import type { ConnectionParams, PicklableBackend } from "./data_source.ts";
import { inContext, StorageError } from "./errors.ts";
import type { AbortOptions } from "./stores/store.ts";
import type { AttributesChange } from "./zarr/attributes.ts";
import type { ZarrDataTypeName } from "./zarr/data_type.ts";
import type { ZarrEditOptions, ZarrEditResult } from "./zarr/editor.ts";
import type { JsonObject } from "./zarr/json.ts";
import type { PlaneInfo } from "./zarr/ngff/plane_list.ts";
import type { PlanesOptions } from "./zarr/ngff/plate.ts";
import type { ZarrSaveOptions } from "./zarr/options.ts";
import type { ZarrSweepOptions } from "./zarr/remover.ts";
import type { Selection } from "./zarr/selection.ts";
import { ZarrStorage } from "./zarr/storage.ts";
import type { ZarrValue } from "./zarr/value.ts";
import type { ZarrArrayOptions } from "./zarr/stored_array.ts";
import type { AppendOptions, ZarrArray } from "./zarr/zarr_array.ts";

export type { Compressor, ZarrLayoutOptions } from "./zarr/array_plan.ts";
export type { AttributesChange } from "./zarr/attributes.ts";
export type { TimeDataType, ZarrDataTypeName } from "./zarr/data_type.ts";
export type { ZarrEditOptions, ZarrEditResult } from "./zarr/editor.ts";
export type { ZarrArrayInfo, ZarrFileInfo } from "./zarr/info.ts";
export type { Json, JsonObject } from "./zarr/json.ts";
export type { CodecSpec, ZarrFormat } from "./zarr/metadata.ts";
export type { ZarrBackendOptions, ZarrBatchOptions, ZarrLoadOptions, ZarrSaveOptions } from "./zarr/options.ts";
export type { ZarrSweepOptions } from "./zarr/remover.ts";
export { type Selection, type Slice, slice } from "./zarr/selection.ts";
export { ZarrStorage } from "./zarr/storage.ts";
export type { BytesArray, Shaped, StringArray, TimeArray, ZarrValue } from "./zarr/value.ts";
export { ZarrWorkers } from "./zarr/workers.ts";
export type { StoredArray, ZarrArrayOptions, ZarrSetOptions } from "./zarr/stored_array.ts";
export type { AppendOptions, ZarrArray } from "./zarr/zarr_array.ts";
export {
  asZarrita,
  fromZarrita,
  type ZarritaKey,
  type ZarritaRange,
  type ZarritaReadable,
  type ZarritaStore,
} from "./zarr/zarrita_store.ts";

/**
 * Arrays in a store, each in chunks; and beside them files, each encoded by the format of its suffix.
 *
 * An array is a file here: what it is made of is never shown. A group is a directory. A value is saved as an array unless a format
 * knows the suffix of its path.
 *
 * Saving replaces an array in one step: whoever loads meanwhile, and the next process after a crash, sees the old one or the new one.
 * The etag of an array is that of its metadata document, and changes with every change made through this backend, also of a single
 * chunk. An array and a file replace each other in two
 * steps, between which nothing is at the path.
 *
 * @example
 * ```ts
 * import { ZarrBackend, slice } from "@polystore/polystore/zarr";
 * import { MemoryStore, ndarray } from "@polystore/polystore";
 * import assert from "node:assert/strict";
 *
 * const zarr = new ZarrBackend({ store: new MemoryStore() });
 * const image = ndarray(Float32Array.from({ length: 12 }, (_, i) => i), [3, 4]);
 * await zarr.save(image, "plate.zarr/A/1/0", { chunks: [2, 2], attributes: { stain: "DAPI" } });
 * await zarr.save([{ well: "A1" }], "plate.zarr/wells.json");
 *
 * assert.deepEqual(await zarr.load("plate.zarr/A/1/0"), image);
 * const row = await zarr.load("plate.zarr/A/1/0", { selection: [1, slice(2)] });
 * assert.deepEqual(row, ndarray(new Float32Array([4, 5]), [2]));
 * assert.deepEqual(await zarr.listFiles("plate.zarr", { recursive: true }), [
 *   "plate.zarr/A/1/0",
 *   "plate.zarr/wells.json",
 * ]);
 * assert.deepEqual((await zarr.stat("plate.zarr/A/1/0")).array?.chunks, [2, 2]);
 * ```
 */
export class ZarrBackend extends ZarrStorage implements PicklableBackend {
  /** The name it is registered under. */
  static readonly backendType: string = "zarr";
  static {
    registerBackend(this);
  }

  /**
   * Writes a part of an array: only the chunks that it touches.
   *
   * Two who write to one chunk at the same time lose nothing, in other processes neither.
   *
   * @param path The array.
   * @param selection Which part; `undefined` for everything.
   * @param value An array of that shape and type, or one element for all of it.
   * @param options Condition, signal.
   * @returns The etag after it.
   * @throws {StorageError} `invalid-argument`, `invalid-value`, `precondition-failed`; when it fails half-way the message says how many
   * chunks were written before, which stay.
   *
   * @example
   * ```ts
   * import { ZarrBackend, slice } from "@polystore/polystore/zarr";
   * import { MemoryStore, ndarray } from "@polystore/polystore";
   * import assert from "node:assert/strict";
   *
   * const zarr = new ZarrBackend({ store: new MemoryStore() });
   * await zarr.save(ndarray(new Int32Array(6), [2, 3]), "a");
   * await zarr.write("a", [0, slice(1, 3)], ndarray(new Int32Array([7, 8]), [2]));
   * await zarr.write("a", [1], 9);
   * assert.deepEqual(await zarr.load("a"), ndarray(new Int32Array([0, 7, 8, 9, 9, 9]), [2, 3]));
   * ```
   */
  write(
    path: string,
    selection: Selection | undefined,
    value: unknown,
    options: ZarrEditOptions = {},
  ): Promise<ZarrEditResult> {
    return this.runAt("write", path, async (core, place) => {
      return await core.editor.write(await core.tree.follow(place, options), selection, value, options);
    }, options.signal);
  }

  /**
   * Makes an array longer by another one. Several who append at the same time get a place each; until it is written, the place holds
   * fill values.
   *
   * @param path The array.
   * @param value The other one: as long along all other axes.
   * @param options Axis, condition, signal.
   * @returns The etag and the shape after it.
   *
   * @example
   * ```ts
   * import { ZarrBackend } from "@polystore/polystore/zarr";
   * import { MemoryStore, ndarray } from "@polystore/polystore";
   * import assert from "node:assert/strict";
   *
   * const zarr = new ZarrBackend({ store: new MemoryStore() });
   * await zarr.save(ndarray(new Uint8Array([1, 2]), [1, 2]), "log");
   * const { shape } = await zarr.append("log", ndarray(new Uint8Array([3, 4]), [1, 2]));
   * assert.deepEqual(shape, [2, 2]);
   * ```
   */
  append(path: string, value: ZarrValue, options: AppendOptions & ZarrEditOptions = {}): Promise<ZarrEditResult> {
    return this.runAt("append to", path, async (core, place) => {
      const target = await core.tree.follow(place, options);
      return await core.changed(target, () => core.editor.append(target, value, options.axis ?? 0, options));
    }, options.signal);
  }

  /**
   * Makes an array longer or shorter. What is cut off is gone; what is new is filled.
   *
   * @param path The array.
   * @param shape Length of each axis.
   * @param options Condition, signal.
   * @returns The etag after it.
   */
  resize(path: string, shape: readonly number[], options: ZarrEditOptions = {}): Promise<ZarrEditResult> {
    return this.runAt("resize", path, async (core, place) => {
      const target = await core.tree.follow(place, options);
      return await core.changed(target, () => core.editor.resize(target, shape, options));
    }, options.signal);
  }

  /** The attributes of an array or a group; a directory that is no group has none. */
  attributes(path: string, options?: AbortOptions): Promise<JsonObject> {
    return this.runAt("read attributes of", path, (core, place) => core.attributes.read(place, options));
  }

  /**
   * Changes the attributes of an array or a group by compare-and-swap: nobody's change is lost. A directory that is no group becomes
   * one.
   *
   * @param path The array or group.
   * @param change Makes the new ones of the old ones; it may be called more than once.
   * @returns The new ones.
   *
   * @example
   * ```ts
   * import { ZarrBackend } from "@polystore/polystore/zarr";
   * import { MemoryStore, ndarray } from "@polystore/polystore";
   * import assert from "node:assert/strict";
   *
   * const zarr = new ZarrBackend({ store: new MemoryStore() });
   * await zarr.save(ndarray(new Uint8Array(2), [2]), "group/a");
   * await zarr.updateAttributes("group", (attributes) => ({ ...attributes, title: "first" }));
   * assert.deepEqual(await zarr.attributes("group"), { title: "first" });
   * ```
   */
  updateAttributes(path: string, change: AttributesChange, options?: AbortOptions): Promise<JsonObject> {
    return this.runAt("update attributes of", path, async (core, place) => {
      const target = await core.tree.follow(place, options);
      return await core.changed(target, () => core.attributes.update(target, change, options));
    }, options?.signal);
  }

  /**
   * Opens an array as a handle, to read and write it part by part. What it tells of the array is what was there when it was opened,
   * or at its last change; `refresh` reads it again.
   */
  openArray(path: string, options?: ZarrArrayOptions): Promise<ZarrArray> {
    return this.runAt("open", path, (core, place) => core.openArray(place, options), options?.signal);
  }

  /**
   * Makes an array of nothing but fill values, which takes no room, to be written part by part. See {@linkcode ZarrBackend.save} for
   * what is there already.
   *
   * @param path The array.
   * @param dtype What its elements are.
   * @param shape Length of each axis.
   * @param options How it is kept.
   * @returns A handle of it.
   *
   * @example
   * ```ts
   * import { slice, ZarrBackend } from "@polystore/polystore/zarr";
   * import { MemoryStore, ndarray } from "@polystore/polystore";
   * import assert from "node:assert/strict";
   *
   * const zarr = new ZarrBackend({ store: new MemoryStore() });
   * const array = await zarr.createArray("film", "uint8", [3, 2], { chunks: [1, 2], fillValue: 9 });
   * for (const frame of [0, 1]) await array.set([frame], frame);
   * assert.deepEqual(await array.get([slice(1, 3)]), ndarray(new Uint8Array([1, 1, 9, 9]), [2, 2]));
   * ```
   */
  createArray(
    path: string,
    dtype: ZarrDataTypeName,
    shape: readonly number[],
    options: ZarrSaveOptions = {},
  ): Promise<ZarrArray> {
    return this.runAt(
      "create",
      path,
      (core, place) => core.saver.createArray(place, dtype, shape, options),
      options.signal,
    );
  }

  /**
   * Writes the metadata of everything below a group into the group, so that others find it with one request. From then on it is
   * kept true by every change that is made through this backend.
   *
   * @param path The group; a directory that is none becomes one.
   */
  consolidate(path: string, options?: AbortOptions): Promise<void> {
    return this.runAt("consolidate", path, (core, place) => core.consolidated.write(place, options), options?.signal);
  }

  /**
   * What the consolidated metadata of a group tells: the documents of everything below it, by their paths from the group.
   *
   * @returns The documents; `undefined` if there is no such metadata.
   */
  consolidated(path: string, options?: AbortOptions): Promise<ReadonlyMap<string, JsonObject> | undefined> {
    return this.runAt("read metadata of", path, (core, place) => core.consolidated.read(place, options));
  }

  /**
   * The planes of a plate: what was saved by `saveBatch` with a layout, and the planes of plates that others have written, which are
   * called after their place.
   *
   * @param path The plate, or what is in it.
   * @param options Of which well.
   * @returns The planes, in the order of the wells and their images.
   * @throws {StorageError} `not-found` if there is no plate, `corrupt` if it declares what is missing.
   *
   * @example
   * ```ts
   * import { ZarrBackend } from "@polystore/polystore/zarr";
   * import { MemoryStore, ndarray } from "@polystore/polystore";
   * import assert from "node:assert/strict";
   *
   * const zarr = new ZarrBackend({ store: new MemoryStore() });
   * const [dapi, gfp] = [ndarray(new Uint16Array(12).fill(1), [3, 4]), ndarray(new Uint16Array(12).fill(2), [3, 4])];
   * const layout = { axes: [{ name: "channel", values: ["DAPI", "GFP"] }], coordinates: [[0], [1]] };
   * await zarr.saveBatch([dapi, gfp], ["p.zarr/A01_w1.tif", "p.zarr/A01_w2.tif"], { layout, well: "A01" });
   *
   * assert.deepEqual(await zarr.load("p.zarr/A01_w2.tif"), gfp);
   * const planes = await zarr.planes("p.zarr");
   * assert.deepEqual(planes.map(({ path, coordinates }) => [path, coordinates.channel]), [
   *   ["p.zarr/A01_w1.tif", "DAPI"],
   *   ["p.zarr/A01_w2.tif", "GFP"],
   * ]);
   * ```
   */
  planes(path: string = "", options: PlanesOptions = {}): Promise<PlaneInfo[]> {
    return this.runAt("list planes of", path, async (core, place) => {
      const planes = await core.plates.planes(place, options.well, options);
      if (planes === undefined) throw new StorageError("not-found", "there is no plate", { path });
      return planes;
    }, options.signal);
  }

  /**
   * Finishes what processes that died have left half done below a directory, and removes what they never published. It need not be
   * called: nothing of it is shown, and arrays can be read meanwhile.
   *
   * @param directory Where.
   * @param options Which. With an `olderThan` that is shorter than another process takes to build an array, that one's `save` fails.
   * @returns How much was finished or removed.
   */
  sweep(directory: string = "", options: ZarrSweepOptions = {}): Promise<number> {
    return this.runAt("sweep", directory, (core, place) => core.remover.sweep(place, options), options.signal);
  }

  /**
   * What it takes to make it again elsewhere.
   *
   * @throws {StorageError} `unsupported` for a given store.
   */
  connectionParams(): ConnectionParams {
    const { store, root, durability } = this.options;
    if (store === undefined) return { root, durability };
    const detail = "a store cannot be opened elsewhere: give a root";
    throw inContext(new StorageError("unsupported", detail), { operation: "describe" });
  }

  /** Makes a backend from what {@linkcode ZarrBackend.connectionParams} answered. */
  static fromConnectionParams(params: ConnectionParams): ZarrBackend {
    const { root, durability } = params;
    return new ZarrBackend({
      root: root === undefined ? undefined : String(root),
      durability: durability === "fast" ? "fast" : "full",
    });
  }
}
