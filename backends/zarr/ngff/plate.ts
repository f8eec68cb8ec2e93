/**
 * {@linkcode Plate}: reading an OME-Zarr plate.
 *
 * @module
 */

import { pooled } from "../../concurrency.ts";
import { inContext, isStorageError, StorageError } from "../../errors.ts";
import type { NdArray } from "../../formats/ndarray.ts";
import { isInside, parentPath, relativePath } from "../../path.ts";
import type { AbortOptions, Store } from "../../stores/store.ts";
import type { ZarrFormat } from "../metadata.ts";
import { attributesFile, readNode } from "../node.ts";
import { ngffOf, readGroup } from "./document.ts";
import { type PlaneInfo, planesOfWell } from "./plane_list.ts";
import { readPlanes } from "./plane_reader.ts";
import {
  candidates,
  parsePlateDocument,
  type PlateAcquisition,
  type PlateDocument,
  type PlateWell,
} from "./plate_document.ts";
import { storePath } from "./place.ts";

/** How many wells or arrays are read at once. */
const CONCURRENCY = 8;

/** The planes of a well, in order, by their paths. */
type WellPlanes = ReadonlyMap<string, readonly PlaneInfo[]>;

/** Options of {@linkcode Plate.planes}. */
export interface PlanesOptions extends AbortOptions {
  /**
   * Only the planes of this well: its path from the plate, as in `wells`.
   *
   * @default {undefined} all wells
   */
  well?: string | undefined;
}

/**
 * An OME-Zarr plate: NGFF 0.4 or 0.5, written by this library or by others. It keeps in mind what it has read; what this
 * library changes meanwhile it notices, what others change it sees after `refresh`.
 *
 * @example
 * ```ts
 * import { ndarray } from "@polystore/polystore/formats";
 * import { MemoryStore } from "@polystore/polystore/stores";
 * import { Plate, writePlate } from "@polystore/polystore/zarr";
 * import assert from "node:assert/strict";
 *
 * const store = new MemoryStore();
 * const image = ndarray(new Uint8Array(12).fill(7), [3, 4]);
 * await writePlate(store, "p.zarr", [image], ["p.zarr/B02.tif"], { axes: [], coordinates: [[]] }, { well: "B02" });
 *
 * const plate = await Plate.open(store, "p.zarr");
 * assert.deepEqual(plate.wells, ["B/02"]);
 * assert.deepEqual((await plate.planes()).map(({ path }) => path), ["p.zarr/B02.tif"]);
 * assert.deepEqual(await plate.load(["p.zarr/B02.tif"]), [image]);
 * await assert.rejects(plate.load(["p.zarr/B03.tif"]), { code: "not-found" });
 * ```
 */
export class Plate {
  /** The store. */
  readonly store: Store;
  /** Path of the plate. */
  readonly path: string;
  #format: ZarrFormat = 3;
  #document: PlateDocument = { name: undefined, rows: [], columns: [], wells: [], acquisitions: [] };
  #etag: string | undefined;
  readonly #planes = new Map<string, Promise<WellPlanes>>();

  private constructor(store: Store, path: string) {
    this.store = store;
    this.path = path;
  }

  /**
   * Opens a plate.
   *
   * @param store The store.
   * @param path Path of the plate.
   * @throws {StorageError} `not-found` if it is no plate, `corrupt`.
   */
  static async open(store: Store, path: string, options?: AbortOptions): Promise<Plate> {
    const plate = new Plate(store, storePath(path));
    await plate.refresh(options);
    return plate;
  }

  /** The plate that a path lies in: the nearest group above it, or the path itself, that is called one. */
  static async above(store: Store, path: string, options?: AbortOptions): Promise<Plate | undefined> {
    for (let place = storePath(path);; place = parentPath(place)) {
      const node = await readNode(store, place, options);
      if (node?.kind === "group" && ngffOf(node.attributes, "plate") !== undefined) {
        return await Plate.open(store, place, options);
      }
      if (place === "" || place === "/") return undefined;
    }
  }

  /** The format of Zarr it is kept in: 3 goes with NGFF 0.5, 2 with 0.4. */
  get format(): ZarrFormat {
    return this.#format;
  }

  /** Its name. */
  get name(): string | undefined {
    return this.#document.name;
  }

  /** The names of its rows. */
  get rows(): readonly string[] {
    return this.#document.rows;
  }

  /** The names of its columns. */
  get columns(): readonly string[] {
    return this.#document.columns;
  }

  /** The paths of its wells, from the plate: row and column. */
  get wells(): readonly string[] {
    return this.#document.wells.map(({ path }) => path);
  }

  /** Its acquisitions. */
  get acquisitions(): readonly PlateAcquisition[] {
    return this.#document.acquisitions;
  }

  /** Reads again what the plate says, and forgets what is known of its planes. */
  async refresh(options?: AbortOptions): Promise<void> {
    this.#planes.clear();
    await this.#read(options);
  }

  async #read(options?: AbortOptions): Promise<void> {
    // The etag first: what is read then is as new, or newer.
    const etags = await Promise.all(([2, 3] as const).map(async (format) => {
      return (await this.store.stat(attributesFile(this.path, format), options))?.etag;
    }));
    const group = await readGroup(this.store, this.path, options);
    const document = group && parsePlateDocument(group.attributes, this.path);
    if (document === undefined) throw new StorageError("not-found", "there is no plate", { path: this.path });
    const before = new Map(this.#document.wells.map(({ path, record }) => [path, record?.revision]));
    for (const { path, record } of document.wells) {
      if (record === undefined || record.revision !== before.get(path)) this.#planes.delete(path);
    }
    this.#format = group!.format;
    this.#document = document;
    this.#etag = etags[this.#format - 2];
  }

  /** Reads again what the plate says if it has changed. */
  async #sync(options?: AbortOptions): Promise<void> {
    const etag = (await this.store.stat(attributesFile(this.path, this.#format), options))?.etag;
    if (etag === undefined || etag !== this.#etag) await this.#read(options);
  }

  /**
   * The planes, in the order of the wells and of their images.
   *
   * @throws {StorageError} `corrupt` if a well, or an image that it declares, is missing or cannot be understood; `not-found` if there is
   * no such well.
   */
  async planes(options: PlanesOptions = {}): Promise<PlaneInfo[]> {
    const { well, signal } = options;
    try {
      await this.#sync({ signal });
      const wells = this.#document.wells.filter(({ path }) => well === undefined || path === well);
      if (well !== undefined && wells.length === 0) {
        throw new StorageError("not-found", `the plate has no well ${JSON.stringify(well)}`);
      }
      const planes = await pooled(wells, CONCURRENCY, (each) => this.#planesOf(each), signal);
      return planes.flatMap((some) => [...some.values()].flat());
    } catch (error) {
      throw inContext(error, { operation: "list", path: this.path });
    }
  }

  /** Several who ask at the same time share the answer, so that none can stop it. */
  async #planesOf({ path }: PlateWell): Promise<WellPlanes> {
    let planes = this.#planes.get(path);
    if (planes === undefined) {
      planes = planesOfWell(this.store, this.path, path).then((some) => Map.groupBy(some, (plane) => plane.path));
      this.#planes.set(path, planes);
      // What failed is tried again by the next who asks.
      planes.catch(() => this.#planes.get(path) === planes && this.#planes.delete(path));
    }
    return await planes;
  }

  /**
   * Where a plane is.
   *
   * @param path Its path in the store.
   * @returns What is known of it; `undefined` if there is none.
   * @throws {StorageError} `corrupt`, also if two wells claim it.
   */
  async find(path: string, options?: AbortOptions): Promise<PlaneInfo | undefined> {
    try {
      await this.#sync(options);
      return await this.#find(path, options);
    } catch (error) {
      throw inContext(error, { operation: "find", path });
    }
  }

  async #find(path: string, options?: AbortOptions): Promise<PlaneInfo | undefined> {
    const place = storePath(path);
    if (!isInside(place, this.path) || place === this.path) return undefined;
    const relative = this.path === "" ? place : relativePath(this.path, place);
    const { wells } = this.#document;
    const likely = candidates(wells, relative);
    const inside = likely.filter((well) => isInside(relative, well.path));
    // Where the path of the well says it, no other is asked; and all are, before it is said that there is no such plane.
    for (const some of [inside, likely, wells]) {
      const found = await pooled(some, CONCURRENCY, async (well) => {
        return (await this.#planesOf(well)).get(place) ?? [];
      }, options?.signal);
      const [plane, other] = found.flat();
      if (other !== undefined) {
        throw new StorageError("corrupt", `two planes are called so: one in ${plane!.image}, one in ${other.image}`, {
          path,
        });
      }
      if (plane !== undefined) return plane;
    }
    return undefined;
  }

  /**
   * Loads planes, in order. With a chunk for each plane, one chunk is read for each.
   *
   * @param paths Their paths in the store.
   * @returns Their pixels.
   * @throws {StorageError} `not-found`, `corrupt` if an image that is declared is missing.
   */
  async load(paths: readonly string[], options?: AbortOptions): Promise<NdArray[]> {
    try {
      await this.#sync(options);
      return await this.#load(paths, options);
    } catch (error) {
      if (!isStorageError(error, "not-found", "corrupt")) throw inContext(error, { operation: "load" });
    }
    try {
      // Somebody may have replaced the well meanwhile; or it is as it seems.
      await this.refresh(options);
      return await this.#load(paths, options);
    } catch (error) {
      throw inContext(error, { operation: "load" });
    }
  }

  async #load(paths: readonly string[], options?: AbortOptions): Promise<NdArray[]> {
    const planes: PlaneInfo[] = [];
    for (const path of paths) {
      const plane = await this.#find(path, options);
      if (plane === undefined) throw new StorageError("not-found", "the plate has no such plane", { path });
      planes.push(plane);
    }
    return await readPlanes(this.store, this.path, planes, options);
  }
}
