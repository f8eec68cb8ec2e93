/**
 * Writing the arrays and the metadata of an image.
 *
 * @module
 */

import type { DataType } from "../../formats/ndarray.ts";
import { joinPath } from "../../path.ts";
import type { AbortOptions, Store } from "../../stores/store.ts";
import type { ZarrLayoutOptions } from "../array_plan.ts";
import type { JsonObject } from "../json.ts";
import type { ZarrFormat } from "../metadata.ts";
import { StoredArray } from "../stored_array.ts";
import { ngffOf, updateGroup, withNgff } from "./document.ts";
import { withoutDraft } from "./draft.ts";
import { formatMultiscales, type MultiscalesPlan } from "./image_document.ts";
import { LevelArray } from "./level_array.ts";
import { checkNgff } from "./validate.ts";

/** How the arrays of an image are kept. */
export type ImageArrayOptions = Pick<ZarrLayoutOptions, "compressor" | "filters" | "fillValue" | "endian" | "order">;

/** An image that is to be written. */
export interface ImagePlan extends MultiscalesPlan {
  /** The format of Zarr. */
  readonly format: ZarrFormat;
  /** What the elements are. */
  readonly dtype: DataType;
  /** Length of a chunk along each axis of the full level; `undefined` for about 1 MiB. */
  readonly chunks: readonly number[] | undefined;
  /** Length of a shard along each axis; of the full level only. */
  readonly shards: readonly number[] | undefined;
  /** How the arrays are kept. */
  readonly array: ImageArrayOptions;
  /** How the image is to be shown. */
  readonly omero: JsonObject | undefined;
}

/** The path of a level of an image. */
export function levelPath(image: string, level: number): string {
  return joinPath(image, String(level));
}

/** The metadata of an image that is to be written, checked. What else stands there, other images of it too, stays. */
export function imageAttributes(before: JsonObject, plan: ImagePlan, path: string): JsonObject {
  const omero = plan.omero === undefined ? {} : { omero: plan.omero };
  const [first = {}, ...others] = multiscalesOf(before);
  // What holds for all levels is in the scale of each.
  const { coordinateTransformations: _, ...kept } = first;
  const multiscales = [{ ...kept, ...formatMultiscales(plan) }, ...others];
  const attributes = withNgff(before, plan.format, { multiscales, ...omero });
  checkNgff(attributes, "image", plan.format, path);
  return attributes;
}

function multiscalesOf(attributes: JsonObject): readonly JsonObject[] {
  const list = ngffOf(attributes, "multiscales");
  return Array.isArray(list) ? list : [];
}

/**
 * Makes the arrays of an image, with nothing in them.
 *
 * @param attributes Those of the full level.
 */
export async function createLevels(
  store: Store,
  path: string,
  plan: ImagePlan,
  attributes: JsonObject,
  { signal }: AbortOptions,
): Promise<void> {
  for (const level of plan.levels.keys()) {
    await createLevel(store, path, plan, level, attributes, { signal });
  }
}

/** Makes the array of one level, with nothing in it. */
export async function createLevel(
  store: Store,
  path: string,
  plan: ImagePlan,
  level: number,
  attributes: JsonObject,
  { signal }: AbortOptions,
): Promise<void> {
  const shape = plan.levels[level]!.shape;
  await StoredArray.create(store, joinPath(path, plan.paths[level]!), plan.dtype, shape, {
    ...plan.array,
    format: plan.format,
    chunks: plan.chunks?.map((length, axis) => Math.min(length, Math.max(1, shape[axis]!))),
    shards: level === 0 ? plan.shards : undefined,
    dimensionNames: plan.axes.map(({ name }) => name),
    attributes: level === 0 ? attributes : {},
    signal,
  });
}

/**
 * Makes all levels of the full one, one after the other.
 *
 * @param plan The levels; their arrays are there.
 * @param touched The indices of the planes that have changed; `undefined` for all.
 * @returns The arrays, which are still to be published where they have grown.
 */
export async function writeLevels(
  store: Store,
  path: string,
  { levels, paths, method }: Pick<MultiscalesPlan, "levels" | "paths" | "method">,
  touched: readonly (readonly number[])[] | undefined,
  { signal }: AbortOptions = {},
): Promise<LevelArray[]> {
  const arrays: LevelArray[] = [];
  for (const [level, { shape, step, factor }] of levels.entries()) {
    const array = await LevelArray.open(store, joinPath(path, paths[level]!), shape.slice(0, -2), { signal });
    const before = arrays.at(-1);
    const here = touched?.map((index) => index.map((at, axis) => Math.floor(at / factor[axis]!)));
    if (before !== undefined) await array.writeHalf(before, step, method, here, { signal });
    arrays.push(array);
  }
  return arrays;
}

/** Says of a group that it is an image: from then on it is one. In a well it stays a draft until the well names it. */
export async function publishImage(
  store: Store,
  path: string,
  plan: ImagePlan,
  { isDraft = false, signal }: AbortOptions & { readonly isDraft?: boolean } = {},
): Promise<void> {
  await updateGroup(store, path, plan.format, (before = {}) => {
    return imageAttributes(isDraft ? before : withoutDraft(before), plan, path);
  }, { signal });
}
