/**
 * OME-Zarr images: writing one, reading what one says, and making a pyramid of one.
 *
 * @module
 */

import { inContext, StorageError } from "../../errors.ts";
import { isNdArray, type NdArray } from "../../formats/ndarray.ts";
import { baseName } from "../../path.ts";
import type { AbortOptions, Store } from "../../stores/store.ts";
import type { JsonObject } from "../json.ts";
import type { ZarrFormat } from "../metadata.ts";
import { readNode } from "../node.ts";
import { StoredArray } from "../stored_array.ts";
import { axisTypeOf, type NgffAxis } from "./axis.ts";
import { readGroup } from "./document.ts";
import { checkMethod } from "./downsample.ts";
import { deleteDraft, isStale, reserve } from "./draft.ts";
import { type NgffImage, parseImage } from "./image_document.ts";
import {
  createLevels,
  type ImageArrayOptions,
  imageAttributes,
  type ImagePlan,
  levelPath,
  publishImage,
  writeLevels,
} from "./image_writer.ts";
import { planPyramid, type PyramidOptions } from "./pyramid_plan.ts";
import { makeGroupsAbove, storePath } from "./place.ts";
import { checkChoice } from "./choice.ts";

/** An axis of an image that is written. */
export interface ImageAxis extends NgffAxis {
  /**
   * The distance between neighbours, in the unit.
   *
   * @default {1}
   */
  readonly scale?: number | undefined;
}

/** Options of {@linkcode writeImage}. */
export interface WriteImageOptions extends ImageArrayOptions, AbortOptions {
  /** The axes, or their names: time, then channels or anything else, then two or three of space. */
  axes: readonly (ImageAxis | string)[];
  /**
   * The format of Zarr: 3 goes with NGFF 0.5, 2 with 0.4.
   *
   * @default {3}
   */
  format?: ZarrFormat | undefined;
  /**
   * Length of a chunk along each axis.
   *
   * @default {chunks of about 1 MiB}
   */
  chunks?: readonly number[] | undefined;
  /**
   * Length of a shard of the full level along each axis.
   *
   * @default {undefined} each chunk is a file
   */
  shards?: readonly number[] | undefined;
  /**
   * Levels of half the size and half of that.
   *
   * @default {undefined} the full one alone
   */
  multiscale?: PyramidOptions | undefined;
  /**
   * The name of the image.
   *
   * @default {that of the group}
   */
  name?: string | undefined;
  /**
   * How the image is to be shown: the `omero` of NGFF.
   *
   * @default {undefined}
   */
  omero?: JsonObject | undefined;
}

/**
 * Writes an OME-Zarr image: a group with an array for each level. It is an image when all of it is written; if that fails,
 * nothing stays.
 *
 * @param store The store.
 * @param path Path of the group.
 * @param array The full level.
 * @param options The axes, and how it is kept.
 * @throws {StorageError} `already-exists`, `invalid-argument`, and what the store throws.
 * @see {@link https://ngff.openmicroscopy.org/0.5/#multiscale-md NGFF multiscales}
 *
 * @example
 * ```ts
 * import { MemoryStore } from "@polystore/polystore/stores";
 * import { ndarray } from "@polystore/polystore/formats";
 * import { readImage, writeImage } from "@polystore/polystore/zarr";
 * import assert from "node:assert/strict";
 *
 * const store = new MemoryStore();
 * const picture = ndarray(new Uint16Array(64 * 64), [64, 64]);
 * await writeImage(store, "cells.zarr", picture, {
 *   axes: [{ name: "y", scale: 0.5, unit: "micrometer" }, { name: "x", scale: 0.5, unit: "micrometer" }],
 *   multiscale: { minimumSize: 16 },
 * });
 * const { datasets } = await readImage(store, "cells.zarr");
 * assert.deepEqual(datasets.map(({ scale }) => scale), [[0.5, 0.5], [1, 1], [2, 2]]);
 * assert.deepEqual(datasets[1]?.translation, [0.25, 0.25]);
 * ```
 */
export async function writeImage(
  store: Store,
  path: string,
  array: NdArray,
  options: WriteImageOptions,
): Promise<void> {
  const place = storePath(path);
  const { format = 3, signal } = options;
  try {
    signal?.throwIfAborted();
    checkChoice("format", format, [2, 3]);
    if (!isNdArray(array)) throw new StorageError("invalid-value", "an image must be an array of numbers");
    const plan = planImage(place, array, options);
    imageAttributes({}, plan, place);
    const before = await readNode(store, place, { signal });
    if (before?.kind === "group" && isStale(before.attributes)) await deleteDraft(store, place, { signal });
    await makeGroupsAbove(store, place, format, { signal });
    if (!await reserve(store, place, format, { signal })) {
      throw new StorageError("already-exists", "it exists already, or somebody else is writing it");
    }
    try {
      await createLevels(store, place, plan, {}, { signal });
      await (await StoredArray.open(store, levelPath(place, 0), { signal })).set(undefined, array, { signal });
      await writeLevels(store, place, plan, undefined, { signal });
      await publishImage(store, place, plan, { signal });
    } catch (error) {
      await deleteDraft(store, place);
      throw error;
    }
  } catch (error) {
    throw inContext(error, { operation: "write image", path });
  }
}

function planImage(path: string, { dtype, shape }: NdArray, options: WriteImageOptions): ImagePlan {
  const { format = 3, chunks, shards, multiscale, name = baseName(path), omero } = options;
  const { compressor, filters, fillValue, endian, order } = options;
  const axes = options.axes.map((axis): ImageAxis => {
    const named = typeof axis === "string" ? { name: axis } : axis;
    return { ...named, type: named.type ?? axisTypeOf(named.name) };
  });
  if (axes.length !== shape.length) {
    throw new StorageError("invalid-argument", `the array has ${shape.length} axes, but ${axes.length} are named`);
  }
  const levels = planPyramid(shape, axes, multiscale);
  const { method = "mean" } = multiscale ?? {};
  if (levels.length > 1) checkMethod(dtype, method);
  return {
    format,
    name,
    axes,
    scale: axes.map(({ scale = 1 }) => scale),
    levels,
    paths: levels.map((_, level) => String(level)),
    method,
    dtype,
    chunks,
    shards,
    omero,
    array: { compressor, filters, fillValue, endian, order },
  };
}

/**
 * Reads what the metadata of an OME-Zarr image says: its axes, and the levels with their scales, each of which is an array below
 * the group.
 *
 * @param store The store.
 * @param path Path of the group.
 * @param options Signal.
 * @returns What it says, the same for NGFF 0.4 and 0.5.
 * @throws {StorageError} `not-found`, `corrupt`.
 *
 * @example
 * ```ts
 * import { MemoryStore } from "@polystore/polystore/stores";
 * import { readImage } from "@polystore/polystore/zarr";
 * import assert from "node:assert/strict";
 *
 * await assert.rejects(readImage(new MemoryStore(), "cells.zarr"), { code: "not-found" });
 * ```
 */
export async function readImage(store: Store, path: string, options?: AbortOptions): Promise<NgffImage> {
  const place = storePath(path);
  const group = await readGroup(store, place, options);
  if (group === undefined) throw new StorageError("not-found", "there is no image", { path });
  return parseImage(group.attributes, place);
}
