/**
 * {@linkcode buildPyramid}: levels for an image that has only the full one.
 *
 * @module
 */

import { inContext, StorageError } from "../../errors.ts";
import { baseName, joinPath } from "../../path.ts";
import { deleteTree } from "../../store_checks.ts";
import type { AbortOptions, Store } from "../../stores/store.ts";
import { StoredArray } from "../stored_array.ts";
import { axisTypeOf } from "./axis.ts";
import { checkMethod } from "./downsample.ts";
import { readImage } from "./image.ts";
import type { NgffImage } from "./image_document.ts";
import { createLevel, type ImageArrayOptions, type ImagePlan, publishImage, writeLevels } from "./image_writer.ts";
import { planPyramid, type PyramidOptions } from "./pyramid_plan.ts";
import { storePath } from "./place.ts";

/** Options of {@linkcode buildPyramid}. */
export interface BuildPyramidOptions extends PyramidOptions, ImageArrayOptions, AbortOptions {}

/**
 * Makes the levels of an image that has only the full one, which stays as it is. A level is made chunk by chunk of the one
 * before, in memory for a few chunks; the image names it when all are written.
 *
 * @param store The store.
 * @param path Path of the image.
 * @param options How the levels are made and kept.
 * @returns What the metadata says now.
 * @throws {StorageError} `already-exists` if it has more levels, `not-found`, `corrupt`, `invalid-argument`.
 *
 * @example
 * ```ts
 * import { MemoryStore } from "@polystore/polystore/stores";
 * import { ndarray } from "@polystore/polystore/formats";
 * import { buildPyramid, writeImage } from "@polystore/polystore/zarr";
 * import assert from "node:assert/strict";
 *
 * const store = new MemoryStore();
 * await writeImage(store, "labels", ndarray(new BigInt64Array(32 * 32), [32, 32]), { axes: ["y", "x"] });
 * const { datasets } = await buildPyramid(store, "labels", { method: "nearest", levels: 3 });
 * assert.deepEqual(datasets.map(({ path }) => path), ["0", "1", "2"]);
 * ```
 */
export async function buildPyramid(
  store: Store,
  path: string,
  options: BuildPyramidOptions = {},
): Promise<NgffImage> {
  const place = storePath(path);
  const { signal, method = "mean", compressor, filters, fillValue, endian, order } = options;
  try {
    const image = await readImage(store, place, { signal });
    if (image.datasets.length > 1) {
      throw new StorageError("already-exists", `it has ${image.datasets.length} levels already`);
    }
    const { path: full, scale, translation } = image.datasets[0]!;
    const source = await StoredArray.open(store, joinPath(place, full), { signal });
    const axes = image.axes.map((axis) => ({ ...axis, type: axis.type ?? axisTypeOf(axis.name) }));
    const levels = planPyramid(source.shape, axes, options);
    checkMethod(source.dtype, method);
    const plan: ImagePlan = {
      format: source.format,
      name: image.name ?? baseName(place),
      axes,
      scale,
      translation: translation.some((shift) => shift !== 0) ? translation : undefined,
      levels,
      paths: levels.map((_, level) => level === 0 ? full : String(level)),
      method,
      dtype: source.dtype as ImagePlan["dtype"],
      chunks: source.chunks,
      shards: undefined,
      omero: image.omero,
      array: { compressor, filters, fillValue, endian, order },
    };
    const made: string[] = [];
    try {
      for (const level of [...levels.keys()].slice(1)) {
        await createLevel(store, place, plan, level, {}, { signal });
        made.push(joinPath(place, plan.paths[level]!));
      }
      await writeLevels(store, place, plan, undefined, { signal });
      await publishImage(store, place, plan, { signal });
    } catch (error) {
      for (const level of made) await deleteTree(store, level);
      throw error;
    }
    return await readImage(store, place, { signal });
  } catch (error) {
    throw inContext(error, { operation: "build pyramid", path });
  }
}
