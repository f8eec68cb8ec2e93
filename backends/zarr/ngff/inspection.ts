/**
 * {@linkcode ngffProblemsIn}: what is wrong with a plate or an image in a store.
 *
 * @module
 */

import { pooled } from "../../concurrency.ts";
import { isStorageError, StorageError } from "../../errors.ts";
import { joinPath } from "../../path.ts";
import type { AbortOptions, Store } from "../../stores/store.ts";
import type { ArrayMetadata, GroupMetadata, NodeMetadata, ZarrFormat } from "../metadata.ts";
import { readNode } from "../node.ts";
import { ngffOf } from "./document.ts";
import { type NgffImage, parseImage } from "./image_document.ts";
import { parsePlateDocument, type PlateDocument } from "./plate_document.ts";
import { type NgffKind, ngffProblems } from "./validate.ts";
import { parseWellDocument, type WellImage } from "./well_document.ts";
import { storePath } from "./place.ts";

/** How many wells are looked at at once. */
const CONCURRENCY = 8;

/** Options of {@linkcode ngffProblemsIn}. */
export interface NgffInspectOptions extends AbortOptions {
  /**
   * Also what the metadata should have, not only what it must.
   *
   * @default {false}
   */
  strict?: boolean | undefined;
}

/**
 * What is wrong with a plate, or with an image, as it lies in a store: with its metadata and that of all its wells and images, and
 * with the arrays they name. The pixels are not read.
 *
 * @param store The store.
 * @param path Path of the plate or the image.
 * @param options How to check.
 * @returns What is wrong, each with its path and its place; nothing if all is right.
 * @throws {StorageError} `not-found` if neither is there.
 *
 * @example
 * ```ts
 * import { ndarray } from "@polystore/polystore/formats";
 * import { MemoryStore } from "@polystore/polystore/stores";
 * import { ngffProblemsIn, writePlate } from "@polystore/polystore/zarr";
 * import assert from "node:assert/strict";
 *
 * const store = new MemoryStore();
 * const image = ndarray(new Uint8Array(12), [3, 4]);
 * await writePlate(store, "p.zarr", [image], ["p.zarr/B02.tif"], { axes: [], coordinates: [[]] }, { well: "B02" });
 * assert.deepEqual(await ngffProblemsIn(store, "p.zarr"), []);
 * await store.delete("p.zarr/B/02/0/zarr.json");
 * assert.deepEqual(await ngffProblemsIn(store, "p.zarr"), ['"p.zarr/B/02/0": the image, which its well declares, is missing']);
 * ```
 */
export async function ngffProblemsIn(
  store: Store,
  path: string,
  options: NgffInspectOptions = {},
): Promise<string[]> {
  const { strict = false, signal } = options;
  const place = storePath(path);
  const inspection = new Inspection(store, strict, signal);
  const node = await inspection.read(place);
  if (inspection.problems.length > 0) return inspection.problems;
  if (node?.kind !== "group") throw new StorageError("not-found", "there is no plate and no image", { path });
  inspection.format = node.format;
  if (ngffOf(node.attributes, "plate") !== undefined) await inspection.plate(place, node);
  else if (ngffOf(node.attributes, "multiscales") !== undefined) await inspection.image(place, node);
  else throw new StorageError("not-found", "there is no plate and no image", { path });
  return inspection.problems;
}

class Inspection {
  readonly problems: string[] = [];
  readonly #planes = new Map<string, string>();
  format: ZarrFormat = 3;

  constructor(readonly store: Store, readonly strict: boolean, readonly signal: AbortSignal | undefined) {}

  #add(path: string, problem: string): void {
    this.problems.push(`${JSON.stringify(path)}: ${problem}`);
  }

  async read(path: string): Promise<NodeMetadata | undefined> {
    return await this.#told(path, () => readNode(this.store, path, { signal: this.signal }));
  }

  /** Takes what cannot be understood for one more problem. */
  async #told<T>(path: string, work: () => T | Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (!isStorageError(error, "corrupt", "unsupported")) throw error;
      this.#add(error.path ?? path, error.detail);
      return undefined;
    }
  }

  async #group(path: string, what: string): Promise<GroupMetadata | undefined> {
    const before = this.problems.length;
    const node = await this.read(path);
    if (node?.kind === "group") {
      if (node.format !== this.format) {
        this.#add(path, `it is kept in Zarr ${node.format}, what is above it in ${this.format}`);
      }
      return node;
    }
    if (this.problems.length > before) return undefined;
    this.#add(path, node === undefined ? `${what} is missing` : "it is an array, not a group");
    return undefined;
  }

  #check(path: string, { attributes, format }: GroupMetadata, kind: NgffKind): void {
    for (const problem of ngffProblems(attributes, kind, { format, strict: this.strict })) this.#add(path, problem);
  }

  async plate(path: string, group: GroupMetadata): Promise<void> {
    this.#check(path, group, "plate");
    const plate = await this.#told(path, () => parsePlateDocument(group.attributes, path));
    if (plate === undefined) return;
    for (const row of new Set(plate.wells.map((well) => well.row))) {
      await this.#group(joinPath(path, row), "the group of the row");
    }
    await pooled(plate.wells, CONCURRENCY, (well) => this.#well(joinPath(path, well.path), plate), this.signal);
  }

  async #well(path: string, plate: PlateDocument): Promise<void> {
    const group = await this.#group(path, "the well, which its plate declares,");
    if (group === undefined) return;
    this.#check(path, group, "well");
    const well = await this.#told(path, () => parseWellDocument(group.attributes, path));
    for (const image of well?.images ?? []) {
      const place = joinPath(path, image.path);
      const { acquisition } = image;
      const ids = plate.acquisitions.map(({ id }) => id);
      if (acquisition === undefined ? ids.length > 1 : ids.length > 0 && !ids.includes(acquisition)) {
        this.#add(path, `image "${image.path}" is of acquisition ${acquisition}, the plate has [${ids}]`);
      }
      const imageGroup = await this.#group(place, "the image, which its well declares,");
      if (imageGroup === undefined) continue;
      const full = await this.image(place, imageGroup);
      if (full !== undefined) this.#record(path, image, full);
    }
  }

  /** @returns The array of the full level. */
  async image(path: string, group: GroupMetadata): Promise<ArrayMetadata | undefined> {
    this.#check(path, group, "image");
    const image = await this.#told(path, () => parseImage(group.attributes, path));
    let full: ArrayMetadata | undefined;
    let before: ArrayMetadata | undefined;
    for (const dataset of image?.datasets ?? []) {
      const place = joinPath(path, dataset.path);
      const noted = this.problems.length;
      const array = await this.read(place);
      if (array?.kind === "array") {
        this.#level(place, array, image!, before);
        before = array;
        full ??= array;
      } else if (this.problems.length === noted) this.#add(place, "there is no array");
    }
    return full;
  }

  #level(path: string, array: ArrayMetadata, { axes }: NgffImage, before: ArrayMetadata | undefined): void {
    const { format, shape, keys, dimensionNames, type } = array;
    const names = axes.map(({ name }) => name);
    if (format !== this.format) this.#add(path, `it is kept in Zarr ${format}, what is above it in ${this.format}`);
    if (shape.length !== names.length) this.#add(path, `it has ${shape.length} axes, and its image [${names}]`);
    if (format === 2 && keys.separator !== "/") this.#add(path, 'its dimension_separator must be "/"');
    if (format === 3 && dimensionNames !== undefined && String(dimensionNames) !== String(names)) {
      this.#add(path, `its axes are called [${dimensionNames}], and those of its image [${names}]`);
    }
    if (before === undefined) return;
    if (type.name !== before.type.name) {
      this.#add(path, `its elements are ${type.name}, those of the level before ${before.type.name}`);
    }
    if (shape.some((length, axis) => length > before.shape[axis]!)) {
      this.#add(path, `its shape [${shape}] is larger than [${before.shape}], that of the level before`);
    }
  }

  #record(well: string, { path, record }: WellImage, { shape }: ArrayMetadata): void {
    for (const [plane, index] of record?.planes ?? []) {
      const other = this.#planes.get(plane);
      const here = joinPath(well, path);
      if (other !== undefined) {
        this.#add(here, `its plane ${JSON.stringify(plane)} is one of ${JSON.stringify(other)}, too`);
      }
      this.#planes.set(plane, here);
      if (index.length !== shape.length - 2 || index.some((at, axis) => at >= shape[axis]!)) {
        this.#add(here, `its plane ${JSON.stringify(plane)} at [${index}] is not in its array of shape [${shape}]`);
      }
    }
  }
}
