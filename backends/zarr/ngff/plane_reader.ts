/**
 * Reading planes: what lies in one chunk is read together, and no chunk is read twice.
 *
 * @module
 */

import { pooled } from "../../concurrency.ts";
import { StorageError } from "../../errors.ts";
import { isNdArray, type NdArray } from "../../formats/ndarray.ts";
import { sizeOf, stridesOf } from "../../formats/shape.ts";
import { baseName, joinPath } from "../../path.ts";
import type { AbortOptions, Store } from "../../stores/store.ts";
import { copyBox, emptyElements, partsOf } from "../box.ts";
import { dataTypeOf, type ZarrDataType } from "../data_type.ts";
import { V2_ARRAY_FILE } from "../metadata_v2.ts";
import { V3_FILE } from "../metadata_v3.ts";
import { slice } from "../selection.ts";
import { valueOf } from "../value.ts";
import { StoredArray } from "../stored_array.ts";
import { readGroup } from "./document.ts";
import { parseImage } from "./image_document.ts";
import { levelOf, missingImages, type PlaneInfo } from "./plane_list.ts";

/** How many chunks are read at once. */
const CONCURRENCY = 8;

/** A plane that is asked for. */
interface AskedPlane {
  /** Its index on the axes before `y` and `x`. */
  readonly index: readonly number[];
  /** Takes its pixels. */
  readonly take: (plane: NdArray) => void;
}

/**
 * Reads planes.
 *
 * @param root The plate.
 * @param planes Where they are.
 * @returns Their pixels, in order.
 * @throws {StorageError} `not-found` if an array is not there, or was deleted meanwhile; `corrupt`.
 */
export async function readPlanes(
  store: Store,
  root: string,
  planes: readonly PlaneInfo[],
  options?: AbortOptions,
): Promise<NdArray[]> {
  const pixels = new Array<NdArray>(planes.length);
  const images = Map.groupBy(planes.keys(), (at) => planes[at]!.image);
  await pooled(images, CONCURRENCY, async ([image, places]) => {
    const group = await readGroup(store, image, options);
    const well = joinPath(root, planes[places[0]!]!.well);
    if (group === undefined) throw missingImages(well, [baseName(image)]);
    const asked = places.map((at) => ({
      index: planes[at]!.index,
      take: (plane: NdArray) => void (pixels[at] = plane),
    }));
    await readArray(store, levelOf(image, parseImage(group.attributes, image)), asked, options);
  }, options?.signal);
  return pixels;
}

async function readArray(
  store: Store,
  path: string,
  asked: readonly AskedPlane[],
  { signal }: AbortOptions = {},
): Promise<void> {
  const array = await StoredArray.open(store, path, { signal });
  const { chunks, shape } = array;
  const outside = asked.find(({ index }) => index.some((at, axis) => at >= shape[axis]!));
  if (outside !== undefined || shape.length < 2) {
    throw new StorageError(
      "corrupt",
      `the array of shape [${shape}] does not have the plane [${outside?.index ?? ""}]`,
      {
        path,
      },
    );
  }
  const groups = Map.groupBy(asked, ({ index }) => index.map((at, axis) => Math.floor(at / chunks[axis]!)).join());
  await pooled(groups.values(), CONCURRENCY, async (group) => {
    const first = group[0]!.index.map((_, axis) => Math.min(...group.map(({ index }) => index[axis]!)));
    const last = first.map((_, axis) => Math.max(...group.map(({ index }) => index[axis]!)));
    const box = await array.get(first.map((start, axis) => slice(start, last[axis]! + 1)), { signal });
    if (!isNdArray(box)) throw new StorageError("unsupported", `its elements are ${box.dtype}, not numbers`, { path });
    const type = dataTypeOf(box.dtype);
    for (const { index, take } of group) take(planeOf(box, type, index.map((at, axis) => at - first[axis]!)));
  }, signal);
  // A chunk that is not there is filled: only as long as the array is there does that mean anything.
  const file = joinPath(path, array.format === 3 ? V3_FILE : V2_ARRAY_FILE);
  if (await store.stat(file, { signal }) === undefined) {
    throw new StorageError("not-found", "it was deleted meanwhile", { path });
  }
}

/** One plane of a block; the block itself, if it is no more than that. */
function planeOf({ data, shape, stride }: NdArray, type: ZarrDataType, index: readonly number[]): NdArray {
  const planeShape = shape.slice(-2);
  if (sizeOf(shape) === sizeOf(planeShape)) return valueOf(data, type, planeShape) as NdArray;
  const offset = index.reduce((sum, at, axis) => sum + at * stride[axis]!, 0);
  const elements = emptyElements(type, sizeOf(planeShape));
  copyBox(
    { data, offset, stride: stride.slice(-2) },
    { data: elements, offset: 0, stride: stridesOf(planeShape) },
    planeShape,
    partsOf(type),
  );
  return valueOf(elements, type, planeShape) as NdArray;
}
