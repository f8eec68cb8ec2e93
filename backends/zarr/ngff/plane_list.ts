/**
 * {@linkcode PlaneInfo}: the planes of a well.
 *
 * @module
 */

import { StorageError } from "../../errors.ts";
import { baseName, joinPath } from "../../path.ts";
import type { AbortOptions, Store } from "../../stores/store.ts";
import { isObject, type Json, type JsonObject } from "../json.ts";
import type { ArrayMetadata } from "../metadata.ts";
import { readNode } from "../node.ts";
import { combinations } from "../selection.ts";
import type { AxisValue } from "./batch_layout.ts";
import { ngffOf, readGroup, unreadable } from "./document.ts";
import { type NgffImage, parseImage } from "./image_document.ts";
import { parseWellDocument, type WellImage } from "./well_document.ts";

/** A plane of a plate. */
export interface PlaneInfo {
  /** Its path in the store: what it was saved under, or where others have written it. */
  readonly path: string;
  /** The path of its well, from the plate. */
  readonly well: string;
  /** The path of its image in the store. */
  readonly image: string;
  /** Its index on each axis of the array before `y` and `x`. */
  readonly index: readonly number[];
  /** Its place on each axis by name, as its layout called it; an index where nobody has given it a name. */
  readonly coordinates: Readonly<Record<string, AxisValue>>;
  /** The acquisition it belongs to. */
  readonly acquisition: number | undefined;
  /** Whether this library has written it: under a path that was given to it. */
  readonly isOwn: boolean;
}

/**
 * The planes of a well: those that this library has written under their own paths, those of others under that of their image and
 * their indices.
 *
 * @param root The plate.
 * @param well The path of the well, from the plate.
 * @throws {StorageError} `corrupt` if the well, or an image that it declares, is missing or cannot be understood.
 */
export async function planesOfWell(
  store: Store,
  root: string,
  well: string,
  options?: AbortOptions,
): Promise<PlaneInfo[]> {
  const place = joinPath(root, well);
  const group = await readGroup(store, place, options);
  const document = group && parseWellDocument(group.attributes, place);
  // Some have no metadata of wells: their only image is called 0.
  const images: readonly WellImage[] = document?.images ?? [{ path: "0", acquisition: undefined, record: undefined }];
  const planes: PlaneInfo[] = [];
  const missing: string[] = [];
  for (const image of images) {
    const path = joinPath(place, image.path);
    const found = image.record === undefined
      ? await planesOfOthers(store, root, well, path, options)
      : planesOfRecord(root, well, path, image);
    if (found === undefined) missing.push(image.path);
    else {
      const common = { acquisition: image.acquisition, isOwn: image.record !== undefined };
      planes.push(...found.map((plane) => ({ ...plane, ...common })));
    }
  }
  if (document === undefined && missing.length > 0) {
    const what = group === undefined ? "is missing" : 'has neither metadata nor an image "0"';
    throw new StorageError("corrupt", `the plate declares the well "${well}", which ${what}`, { path: place });
  }
  if (missing.length > 0) throw missingImages(place, missing);
  return planes;
}

/** The error for images that a well declares and that are not there. */
export function missingImages(well: string, images: readonly string[]): StorageError {
  const names = images.map((name) => JSON.stringify(name)).join(", ");
  const [image, is] = images.length === 1 ? ["image", "is"] : ["images", "are"];
  return new StorageError("corrupt", `the well declares the ${image} ${names}, which ${is} missing`, { path: well });
}

type Found = Omit<PlaneInfo, "acquisition" | "isOwn">;

function planesOfRecord(root: string, well: string, image: string, { record }: WellImage): Found[] {
  const { coordinate, axes, planes } = record!;
  return [...planes].map(([path, index]) => ({
    path: joinPath(root, path),
    well,
    image,
    index,
    coordinates: Object.fromEntries([
      ...coordinate,
      ...[...axes].map(([name, values], axis): [string, AxisValue] => [name, values[index[axis]!]!]),
    ]),
  }));
}

async function planesOfOthers(
  store: Store,
  root: string,
  well: string,
  image: string,
  options?: AbortOptions,
): Promise<Found[] | undefined> {
  const group = await readGroup(store, image, options);
  if (group === undefined || ngffOf(group.attributes, "multiscales") === undefined) return undefined;
  const document = parseImage(group.attributes, image);
  const array = await readNode(store, levelOf(image, document), options);
  if (array?.kind !== "array") return undefined;
  const rank = array.shape.length - 2;
  if (rank < 0 || array.shape.length !== document.axes.length) {
    throw unreadable(image, "image", `it has ${document.axes.length} axes, and its array ${array.shape.length}`);
  }
  const names = document.axes.slice(0, rank).map(({ name }) => name);
  const named = namedPlanes(array);
  const indices = combinations(array.shape.slice(0, rank).map((length) => Array.from({ length }, (_, at) => at)));
  const planes = named ?? indices.map((index): [string, number[]] => {
    const name = index.map((at, axis) => `${names[axis]}${at}`).join("_");
    return [joinPath(image, rank === 0 ? document.datasets[0]!.path : name), index];
  });
  const values = named === undefined ? undefined : dimensionsOf(array.attributes);
  return planes.filter(([, index]) => index.every((at, axis) => at < array.shape[axis]!)).map(([path, index]) => ({
    path: named === undefined ? path : joinPath(root, path),
    well,
    image,
    index,
    coordinates: Object.fromEntries(index.map((at, axis) => [names[axis]!, values?.[names[axis]!]?.[at] ?? at])),
  }));
}

/** The path of the full level of an image. */
export function levelOf(image: string, { datasets }: NgffImage): string {
  const { path } = datasets[0]!;
  const names = path.split("/");
  if (names.every((name) => name !== "" && name !== "." && name !== "..")) return joinPath(image, path);
  throw unreadable(image, "image", `its dataset ${JSON.stringify(path)} is not in it`);
}

/** The planes of the Python library of the same name: by their base names, the index of each on the axes before `y` and `x`. */
function namedPlanes({ attributes, shape }: ArrayMetadata): [string, number[]][] | undefined {
  const map = attributes.polystore_filename_map ?? attributes.openhcs_filename_map;
  if (!isObject(map)) return undefined;
  return Object.entries(map).flatMap(([path, index]): [string, number[]][] => {
    if (!Array.isArray(index) || index.length !== shape.length - 2 || !index.every(Number.isInteger)) return [];
    return [[baseName(path), [...index] as number[]]];
  });
}

function dimensionsOf(attributes: JsonObject): Record<string, readonly AxisValue[]> {
  const dimensions = attributes.polystore_dimensions;
  if (!isObject(dimensions)) return {};
  return Object.fromEntries(
    Object.entries(dimensions).flatMap(([name, dimension]: [string, Json]): [string, AxisValue[]][] => {
      return isObject(dimension) && Array.isArray(dimension.values) ? [[name, dimension.values as AxisValue[]]] : [];
    }),
  );
}
