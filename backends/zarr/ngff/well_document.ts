/**
 * {@linkcode WellDocument}: what the metadata of a well says, and where its planes are.
 *
 * @module
 */

import { isObject, type Json, type JsonObject } from "../json.ts";
import type { ZarrFormat } from "../metadata.ts";
import type { AxisValue } from "./batch_layout.ts";
import { ngffOf, OWN_KEY, ownOf, unreadable, withNgff } from "./document.ts";

/** What is known of an image beyond NGFF: which planes it holds. */
export interface ImageRecord {
  /** The value of the axis that makes images, by its name. */
  readonly coordinate: ReadonlyMap<string, AxisValue>;
  /** What the places on each axis of the arrays before `y` and `x` are called. */
  readonly axes: ReadonlyMap<string, readonly AxisValue[]>;
  /** The index of each plane on these axes, by the path of the plane from the plate. */
  readonly planes: ReadonlyMap<string, readonly number[]>;
}

/** An image of a well. */
export interface WellImage {
  /** Its path, from the well. */
  readonly path: string;
  /** The acquisition it belongs to. */
  readonly acquisition: number | undefined;
  /** What is known of it; `undefined` if others have written it. */
  readonly record: ImageRecord | undefined;
}

/** What the metadata of a well says. */
export interface WellDocument {
  /** How often this library has changed it. */
  readonly revision: number;
  /** The number of the next image: none is used twice, so that what is left of an old one is never taken for another. */
  readonly next: number;
  /** The images, in order. */
  readonly images: readonly WellImage[];
  /** The paths of images that were replaced, and are to be deleted. */
  readonly removed: readonly string[];
}

/** A well with nothing in it. */
export const EMPTY_WELL: WellDocument = { revision: 0, next: 0, images: [], removed: [] };

const NAME = /^[A-Za-z0-9]+$/;

/**
 * Reads what the metadata of a well says.
 *
 * @param attributes The attributes of its group.
 * @param path Its path.
 * @returns What it says; `undefined` if it is not called a well.
 * @throws {StorageError} `corrupt`.
 */
export function parseWellDocument(attributes: JsonObject, path: string): WellDocument | undefined {
  const own = ownOf(attributes);
  const well = ngffOf(attributes, "well");
  if (well === undefined) return own.revision === undefined ? undefined : withoutImages(own);
  if (!isObject(well) || !Array.isArray(well.images)) throw unreadable(path, "well", "it has no list of images");
  const records = isObject(own.images) ? own.images : {};
  const images = well.images.map((item: Json, index): WellImage => {
    if (!isObject(item) || typeof item.path !== "string" || !NAME.test(item.path)) {
      throw unreadable(path, "well", `image ${index} has no path that is a name`);
    }
    const record = Object.hasOwn(records, item.path) ? records[item.path] : undefined;
    return {
      path: item.path,
      acquisition: typeof item.acquisition === "number" ? item.acquisition : undefined,
      record: record === undefined ? undefined : parseRecord(record, path, item.path),
    };
  });
  const used = images.map((image) => /^\d{1,9}$/.test(image.path) ? Number(image.path) + 1 : 0);
  return {
    revision: integer(own.revision),
    next: Math.max(integer(own.next), 0, ...used),
    images,
    removed: namesOf(own.removed),
  };
}

/** A well whose images were all removed: it is none any more, and keeps its count. */
function withoutImages({ revision, next, removed }: JsonObject): WellDocument {
  return { revision: integer(revision), next: integer(next), images: [], removed: namesOf(removed) };
}

function namesOf(value: Json | undefined): string[] {
  return (Array.isArray(value) ? value as Json[] : [])
    .filter((name): name is string => typeof name === "string" && NAME.test(name));
}

/** Attributes that say what a well holds. */
export function formatWellDocument(attributes: JsonObject, format: ZarrFormat, document: WellDocument): JsonObject {
  const { revision, next, images, removed } = document;
  const before = ngffOf(attributes, "well");
  const well = {
    ...(isObject(before) ? before : {}),
    images: images.map(({ path, acquisition }) => ({ path, ...(acquisition !== undefined && { acquisition }) })),
  };
  const records = images.flatMap(({ path, record }): [string, Json][] => {
    return record === undefined ? [] : [[path, formatRecord(record)]];
  });
  const own = { revision, next, images: Object.fromEntries(records), ...(removed.length > 0 && { removed }) };
  const said = images.length === 0 ? undefined : withoutVersion(well);
  return { ...withNgff(attributes, format, { well: said }), [OWN_KEY]: own };
}

/** Version 0.5 says which it is in one place only; 0.4 gets it back. */
function withoutVersion({ version: _, ...content }: JsonObject): JsonObject {
  return content;
}

function integer(value: Json | undefined): number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : 0;
}

function formatRecord({ coordinate, axes, planes }: ImageRecord): JsonObject {
  return {
    coordinate: Object.fromEntries(coordinate),
    axes: [...axes].map(([name, values]) => ({ name, values })),
    planes: Object.fromEntries(planes),
  };
}

function parseRecord(value: Json, path: string, image: string): ImageRecord {
  if (!isObject(value) || !isObject(value.planes) || !Array.isArray(value.axes)) {
    throw unreadable(path, "well", `what is known of the planes of image "${image}" is not whole`);
  }
  const axes = value.axes.map((item: Json): [string, AxisValue[]] => {
    if (isObject(item) && typeof item.name === "string" && isValues(item.values)) return [item.name, [...item.values]];
    throw unreadable(path, "well", `an axis of image "${image}" has no values`);
  });
  const planes = Object.entries(value.planes).map(([plane, index]): [string, number[]] => {
    if (
      Array.isArray(index) && index.length === axes.length &&
      index.every((at, axis) => Number.isInteger(at) && at >= 0 && at < axes[axis]![1].length)
    ) return [plane, [...index] as number[]];
    throw unreadable(path, "well", `the plane "${plane}" of image "${image}" has no place on its axes`);
  });
  const coordinate = Object.entries(isObject(value.coordinate) ? value.coordinate : {});
  return {
    coordinate: new Map(coordinate.filter((entry): entry is [string, AxisValue] => isValues([entry[1]]))),
    axes: new Map(axes),
    planes: new Map(planes),
  };
}

/** Whether something is a list of what places on an axis can be called. */
export function isValues(values: unknown): values is AxisValue[] {
  return Array.isArray(values) && values.every((value) => typeof value === "string" || typeof value === "number");
}

/** Whether two coordinates are the same. */
export function sameCoordinate(a: ReadonlyMap<string, AxisValue>, b: ReadonlyMap<string, AxisValue>): boolean {
  return a.size === b.size && [...a].every(([name, value]) => b.get(name) === value);
}
