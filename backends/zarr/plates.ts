/**
 * {@linkcode ZarrPlates}: the planes of plates, by their paths.
 *
 * @module
 */

import type { SaveResult } from "../data_source.ts";
import { isStorageError, StorageError } from "../errors.ts";
import type { NdArray } from "../formats/ndarray.ts";
import { parentPath } from "../path.ts";
import type { AbortOptions, Store } from "../stores/store.ts";
import type { Consolidated } from "./consolidated.ts";
import type { PlaneInfo } from "./ngff/plane_list.ts";
import { Plate } from "./ngff/plate.ts";
import { removePlanes } from "./ngff/plate_remover.ts";
import { writePlate } from "./ngff/plate_writer.ts";
import type { ZarrBatchOptions } from "./options.ts";

/** As many plates are kept in mind. */
const KEPT = 100;

/** Deeper than so many directories, no plate is looked for: each level takes some looks. */
const MAX_DEPTH = 100;

/** The plates of a store. What is at a path itself comes first: only then it is asked whether a plate has a plane of that name. */
export class ZarrPlates {
  readonly #store: Store;
  readonly #consolidated: Consolidated;
  readonly #plates = new Map<string, Plate>();

  constructor(store: Store, consolidated: Consolidated) {
    this.#store = store;
    this.#consolidated = consolidated;
  }

  /** Writes a batch with a layout: the planes of one well. */
  async save(
    data: readonly unknown[],
    paths: readonly string[],
    options: ZarrBatchOptions,
  ): Promise<SaveResult[]> {
    const { layout, plate, well, format, overwrite, ifMatch, expireIn, ...rest } = options;
    if (layout === undefined || well === undefined) {
      throw new StorageError(
        "invalid-argument",
        "the planes of a plate need both: a layout, and the well they belong to",
      );
    }
    if (format !== undefined && format !== 2 && format !== 3) {
      throw new StorageError("invalid-argument", "a plate is kept in format 2 or 3 of Zarr");
    }
    if (ifMatch !== undefined || expireIn !== undefined) {
      throw new StorageError("unsupported", "planes of a plate have no etag, and no time limit of their own");
    }
    if (paths.length === 0) return [];
    const root = plate ?? plateOf(paths[0]!);
    const onExisting = rest.onExisting ?? (overwrite === false ? "error" : undefined);
    await this.#changing(root, options, async () => {
      await writePlate(this.#store, root, data, paths, layout, { ...rest, well, format, onExisting });
    });
    return paths.map(() => ({}));
  }

  /** The plane at a path, if there is one. */
  async find(path: string, options?: AbortOptions): Promise<PlaneInfo | undefined> {
    return await this.#ask(path, (plate) => plate.find(path, options), options);
  }

  /** The pixels of the plane at a path; `undefined` if there is none. */
  async load(path: string, options?: AbortOptions): Promise<NdArray | undefined> {
    return await this.#ask(path, async (plate) => {
      if (await plate.find(path, options) === undefined) return undefined;
      const [plane] = await plate.load([path], options);
      return plane;
    }, options);
  }

  /** Removes the plane at a path; answers whether there was one. */
  async remove(path: string, options?: AbortOptions): Promise<boolean> {
    return await this.#ask(path, async (plate) => {
      if (await plate.find(path, options) === undefined) return false;
      await this.#changing(plate.path, options, () => removePlanes(this.#store, plate.path, [path], options));
      return true;
    }, options) ?? false;
  }

  /** The planes of the plate at a path, or above it: those below the path. */
  async planes(path: string, well: string | undefined, options?: AbortOptions): Promise<PlaneInfo[] | undefined> {
    return await this.#ask(path, (plate) => plate.planes({ ...options, well }), options);
  }

  /** Changes a plate, whose consolidated metadata is dropped meanwhile, and made again. */
  async #changing(root: string, { signal }: AbortOptions = {}, change: () => Promise<void>): Promise<void> {
    const isConsolidated = await this.#consolidated.read(root, { signal }) !== undefined;
    try {
      await change();
    } finally {
      if (isConsolidated) await this.#consolidated.write(root);
      await this.#consolidated.refresh(root);
    }
  }

  /** Asks the plate at a path or above it; one that is kept in mind may be gone by now. */
  async #ask<T>(path: string, work: (plate: Plate) => Promise<T>, options?: AbortOptions): Promise<T | undefined> {
    const known = this.#known(path);
    if (known !== undefined) {
      try {
        return await work(known);
      } catch (error) {
        if (!isStorageError(error, "not-found")) throw error;
        this.#plates.delete(known.path);
      }
    }
    const plate = await this.#above(path, options);
    if (plate === undefined) return undefined;
    if (this.#plates.size >= KEPT) this.#plates.clear();
    this.#plates.set(plate.path, plate);
    return await work(plate);
  }

  async #above(path: string, options?: AbortOptions): Promise<Plate | undefined> {
    if (path.split("/").length > MAX_DEPTH) return undefined;
    try {
      return await Plate.above(this.#store, path, options);
    } catch (error) {
      // With the paths of the system, it ends where the grant does; and a path that cannot be is in no plate.
      if (isStorageError(error, "permission-denied", "invalid-path", "name-too-long")) return undefined;
      throw error;
    }
  }

  #known(path: string): Plate | undefined {
    for (let place = path;; place = parentPath(place)) {
      const plate = this.#plates.get(place);
      if (plate !== undefined || place === "" || place === "/") return plate;
    }
  }
}

/** The plate that a path belongs to, if none is named: the nearest directory called `….zarr`, or the one it is in. */
function plateOf(path: string): string {
  for (let place = parentPath(path); place !== "" && place !== "/"; place = parentPath(place)) {
    if (/\.zarr$/i.test(place)) return place;
  }
  return parentPath(path);
}
