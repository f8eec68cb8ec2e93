/**
 * {@linkcode changedWell}: what becomes of the metadata of a well.
 *
 * @module
 */

import { StorageError } from "../../errors.ts";
import type { AxisValue } from "./batch_layout.ts";
import { type ImageRecord, sameCoordinate, type WellDocument, type WellImage } from "./well_document.ts";

/**
 * What to do about images that are there: `merge` adds planes to them, `replace` puts the new ones in their place, `error`
 * refuses.
 */
export type OnExisting = "merge" | "replace" | "error";

/** An image that was written, or added to. */
export interface WrittenImage {
  /** Its path, from the well. */
  readonly path: string;
  /** Whether it is new. */
  readonly isNew: boolean;
  /** What is known of its new planes. */
  readonly record: ImageRecord;
}

/** Whether an image belongs to an acquisition; one that does not say belongs to the first. */
export function isOf(image: WellImage, acquisition: number): boolean {
  return (image.acquisition ?? 0) === acquisition;
}

/** The image of a well where planes of a coordinate are. */
export function imageAt(
  { images }: WellDocument,
  acquisition: number,
  { coordinate }: Pick<ImageRecord, "coordinate">,
): WellImage | undefined {
  return images.find((image) => {
    return isOf(image, acquisition) && image.record !== undefined &&
      sameCoordinate(image.record.coordinate, coordinate);
  });
}

/**
 * What a well says when images have been written.
 *
 * @param before What it says now.
 * @param written The images.
 * @param acquisition The acquisition they belong to.
 * @param onExisting What to do about images that are there.
 * @param path Path of the well, for errors.
 * @returns What it is to say; `undefined` if others have changed it so that the images must be written again.
 * @throws {StorageError} `already-exists`, `invalid-argument`.
 */
export function changedWell(
  before: WellDocument,
  written: readonly WrittenImage[],
  acquisition: number,
  onExisting: OnExisting,
  path: string,
): WellDocument | undefined {
  const old = before.images.filter((image) => isOf(image, acquisition));
  checkExisting(old, onExisting, path);
  const replaced = onExisting === "replace" ? old : [];
  const images = before.images.filter((image) => !replaced.includes(image));
  for (const { record } of written) checkPlaces(images, acquisition, record, path);
  for (const { path: name, isNew, record } of written) {
    if (isNew) {
      if (imageAt({ ...before, images }, acquisition, record) !== undefined) return undefined;
      images.push({ path: name, acquisition, record });
      continue;
    }
    const index = images.findIndex((image) => image.path === name);
    const there = images[index]?.record;
    if (there === undefined) return undefined;
    images[index] = { ...images[index]!, record: joined(there, record) };
  }
  const used = written.filter(({ isNew }) => isNew).map((image) => Number(image.path) + 1);
  return {
    revision: before.revision + 1,
    next: Math.max(before.next, ...used),
    images,
    removed: [...before.removed, ...replaced.map((image) => image.path)],
  };
}

/**
 * What a well says without some planes. An image without planes goes; in others the pixels stay, as arrays have no holes.
 *
 * @param paths The paths of the planes, from the plate.
 * @returns What it is to say; `undefined` if none of them is there.
 */
export function wellWithout(before: WellDocument, paths: ReadonlySet<string>): WellDocument | undefined {
  const removed: string[] = [];
  let found = false;
  const images = before.images.flatMap((image) => {
    if (image.record === undefined) return [image];
    const planes = new Map([...image.record.planes].filter(([path]) => !paths.has(path)));
    if (planes.size === image.record.planes.size) return [image];
    found = true;
    if (planes.size > 0) return [{ ...image, record: { ...image.record, planes } }];
    removed.push(image.path);
    return [];
  });
  if (!found) return undefined;
  return { ...before, revision: before.revision + 1, images, removed: [...before.removed, ...removed] };
}

/** Refuses a well that has images already, if that is asked for. */
export function checkExisting(images: readonly WellImage[], onExisting: OnExisting, path: string): void {
  if (onExisting !== "error" || images.length === 0) return;
  throw new StorageError(
    "already-exists",
    `the well has ${images.length} images already: "merge" adds to them, "replace" puts others in their place`,
    { path },
  );
}

function joined(a: ImageRecord, b: ImageRecord): ImageRecord {
  const axes = [...a.axes].map(([name, values]): [string, readonly AxisValue[]] => {
    const others = b.axes.get(name) ?? [];
    return [name, others.length > values.length ? others : values];
  });
  return { coordinate: a.coordinate, axes: new Map(axes), planes: new Map([...a.planes, ...b.planes]) };
}

/**
 * Refuses planes whose path is that of another plane, or whose place is that of another path: neither is lost by merging.
 *
 * @throws {StorageError} `already-exists`.
 */
export function checkPlaces(
  images: readonly WellImage[],
  acquisition: number,
  added: ImageRecord,
  path: string,
): void {
  for (const image of images) {
    const { record } = image;
    if (record === undefined) continue;
    const own = isOf(image, acquisition) && sameCoordinate(record.coordinate, added.coordinate);
    const taken = new Map(own ? [...record.planes].map(([name, index]) => [placeOf(record, index), name]) : []);
    for (const [name, index] of added.planes) {
      const there = record.planes.get(name);
      const place = placeOf(added, index);
      if (there !== undefined && (!own || placeOf(record, there) !== place)) {
        throw new StorageError("already-exists", `"${name}" is another plane of the well already: call it otherwise`, {
          path,
        });
      }
      const other = taken.get(place);
      if (other !== undefined && other !== name) {
        throw new StorageError(
          "already-exists",
          `the place of "${name}" is that of "${other}" already: save it under that path, or write the well with "replace"`,
          { path },
        );
      }
    }
  }
}

/** What the place of a plane is called. */
function placeOf({ axes }: ImageRecord, index: readonly number[]): string {
  const values = [...axes.values()];
  return JSON.stringify(index.map((at, axis) => values[axis]?.[at] ?? null));
}
