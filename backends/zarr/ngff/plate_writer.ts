/**
 * {@linkcode writePlate}: the planes of one well.
 *
 * @module
 */

import { inContext, StorageError } from "../../errors.ts";
import { joinPath } from "../../path.ts";
import type { AbortOptions, Store } from "../../stores/store.ts";
import type { JsonObject } from "../json.ts";
import { lockOf } from "../../keyed_lock.ts";
import type { ZarrFormat } from "../metadata.ts";
import { makeGroup } from "../node.ts";
import { planBatch } from "./batch.ts";
import type { ZarrBatchLayout } from "./batch_layout.ts";
import { readGroup, updateGroup } from "./document.ts";
import type { ImageArrayOptions } from "./image_writer.ts";
import { planePaths } from "./plane_path.ts";
import { parsePlateDocument, type PlateAcquisition, spelling } from "./plate_document.ts";
import {
  checkElsewhere,
  dropConsolidated,
  plateAttributes,
  plateName,
  recordOf,
  recordOfWell,
} from "./plate_update.ts";
import type { PyramidOptions } from "./pyramid_plan.ts";
import { isOf, type OnExisting } from "./well_change.ts";
import { cleanWell, wellKey } from "./well_care.ts";
import { parseWell } from "./well_name.ts";
import { checkChoice } from "./choice.ts";
import { WellWriter } from "./well_writer.ts";
import { checkAbove, storePath } from "./place.ts";

/** How often a well is tried that others keep changing. */
const MAX_TRIES = 20;

/** The names of a row and a column. */
export interface WellNames {
  /** The row: `A`, `AA`; or any other letters and digits. */
  readonly row: string;
  /** The column: `1`, `01`; or any other letters and digits. */
  readonly column: string;
}

/** Options of {@linkcode writePlate}. */
export interface WritePlateOptions extends ImageArrayOptions, AbortOptions {
  /** The well: `"A01"`, `"AA7"`, or the names of its row and column. A well that is there as `A/1` is found as `A01`, too. */
  well: string | WellNames;
  /**
   * What to do about images of this acquisition that the well has: `merge` adds planes to them, `replace` puts the new ones in
   * their place, `error` refuses with `already-exists`.
   *
   * @default {"merge"}
   */
  onExisting?: OnExisting | undefined;
  /**
   * The format of Zarr: 3 goes with NGFF 0.5, 2 with 0.4. A plate stays what it is.
   *
   * @default {that of the plate, or 3}
   */
  format?: ZarrFormat | undefined;
  /**
   * Which planes lie in one chunk: `file` has one for each plane, which is loaded alone; `well` one for each image with all its
   * planes.
   *
   * @default {"file"}
   */
  strategy?: "file" | "well" | undefined;
  /**
   * Length of a chunk along each axis, with `y` and `x`.
   *
   * @default {as the strategy says}
   */
  chunks?: readonly number[] | undefined;
  /**
   * Length of a shard along each axis, for many chunks in one file; format 3 only.
   *
   * @default {undefined} each chunk is a file
   */
  shards?: readonly number[] | undefined;
  /**
   * Levels of half the size and half of that, for images that are new.
   *
   * @default {undefined} the full one alone
   */
  multiscale?: PyramidOptions | undefined;
  /**
   * The acquisition the planes belong to.
   *
   * @default {{ id: 0 }}
   */
  acquisition?: PlateAcquisition | undefined;
  /**
   * The name of the plate.
   *
   * @default {what it is called, or the name of its group without `.zarr`}
   */
  name?: string | undefined;
  /**
   * How the images are to be shown: the `omero` of NGFF, for images that are new.
   *
   * @default {undefined}
   */
  omero?: JsonObject | undefined;
}

/** What {@linkcode writePlate} answers. */
export interface WrittenWell {
  /** Path of the well, from the plate. */
  readonly well: string;
  /** Paths of its images, from the well. */
  readonly images: readonly string[];
}

/**
 * Writes planes to a well of an OME-Zarr plate, which comes into being with its first well: NGFF 0.5 on Zarr 3, 0.4 on Zarr 2.
 * The planes are checked before anything is changed. Those of a new image are all there before the well names it, and the well
 * before the plate names it; several who write to one plate or one well at the same time lose nothing.
 *
 * @param store The store.
 * @param root Path of the plate.
 * @param data The planes: arrays of two axes, those of an image of one type and shape.
 * @param paths What each is to be found under: paths in the store, below the plate. They are kept relative to the plate.
 * @param layout How the planes lie in the images of the well.
 * @param options The well, and how it is kept.
 * @returns The well and its images.
 * @throws {StorageError} `invalid-argument`, `invalid-value`, saying what to do; `already-exists`; nothing has changed then.
 * `busy` if others kept changing the well.
 * @see {@link https://ngff.openmicroscopy.org/0.5/#hcs-layout NGFF plates}
 *
 * @example
 * ```ts
 * import { ndarray } from "@polystore/polystore/formats";
 * import { MemoryStore } from "@polystore/polystore/stores";
 * import { Plate, writePlate } from "@polystore/polystore/zarr";
 * import assert from "node:assert/strict";
 *
 * const store = new MemoryStore();
 * const [dapi, gfp] = [ndarray(new Uint16Array(12).fill(1), [3, 4]), ndarray(new Uint16Array(12).fill(2), [3, 4])];
 * await writePlate(store, "p.zarr", [dapi, gfp], ["p.zarr/A01_w1.tif", "p.zarr/A01_w2.tif"], {
 *   axes: [{ name: "channel", values: ["DAPI", "GFP"] }],
 *   coordinates: [[0], [1]],
 * }, { well: "A01" });
 * const plate = await Plate.open(store, "p.zarr");
 * assert.deepEqual(await plate.load(["p.zarr/A01_w2.tif"]), [gfp]);
 * ```
 */
export async function writePlate(
  store: Store,
  root: string,
  data: readonly unknown[],
  paths: readonly string[],
  layout: ZarrBatchLayout,
  options: WritePlateOptions,
): Promise<WrittenWell> {
  try {
    options.signal?.throwIfAborted();
    const place = storePath(root);
    checkOptions(options);
    const { row, column } = namesOf(options.well);
    // One at a time for each well: in other processes, compare-and-swap has to do.
    return await lockOf(store).run(
      wellKey(place, row, column),
      () => write(store, place, data, paths, layout, { row, column }, options),
    );
  } catch (error) {
    throw inContext(error, { operation: "write plate", path: root });
  }
}

function checkOptions({ onExisting, strategy, format }: WritePlateOptions): void {
  checkChoice("onExisting", onExisting, ["merge", "replace", "error"]);
  checkChoice("strategy", strategy, ["file", "well"]);
  checkChoice("format", format, [2, 3]);
}

function namesOf(well: string | WellNames): WellNames {
  if (typeof well === "object" && well !== null) return well;
  parseWell(String(well));
  const [, row, column] = /^([A-Za-z]+)\/?(\d+)$/.exec(well)!;
  return { row: row!.toUpperCase(), column: column! };
}

async function write(
  store: Store,
  root: string,
  data: readonly unknown[],
  paths: readonly string[],
  layout: ZarrBatchLayout,
  names: WellNames,
  options: WritePlateOptions,
): Promise<WrittenWell> {
  const { signal, acquisition = { id: 0 }, onExisting = "merge", strategy = "file" } = options;
  const { chunks, shards, multiscale, omero } = options;
  const { compressor, filters, fillValue, endian, order } = options;
  for (let tries = 1; tries <= MAX_TRIES; tries++) {
    const group = await readGroup(store, root, { signal });
    if (group === undefined) await checkAbove(store, root, { signal });
    const format = group?.format ?? options.format ?? 3;
    if (options.format !== undefined && options.format !== format) {
      throw new StorageError(
        "invalid-argument",
        `the plate is kept in Zarr ${format}, and stays so: leave the format out`,
      );
    }
    const plate = group && parsePlateDocument(group.attributes, root);
    const { row, column } = spelling(plate, names.row, names.column);
    const well = `${row}/${column}`;
    const relative = planePaths(root, paths, well);
    const batch = planBatch(data, relative, layout);
    const told = { row, column, acquisition, name: options.name, unnamed: plateName(root) };
    // What cannot be said of the plate is found out now, and not when all is written.
    plateAttributes(group?.attributes ?? {}, format, {
      ...told,
      record: recordOf(relative, 0, { [acquisition.id]: 1 }),
    }, root);
    await checkElsewhere(store, root, plate, well, relative, { signal });
    const writer = new WellWriter(store, joinPath(root, well), batch, {
      format,
      onExisting,
      acquisition: acquisition.id,
      strategy,
      chunks,
      shards,
      multiscale,
      omero,
      array: { compressor, filters, fillValue, endian, order },
    });
    await dropConsolidated(store, root, { signal });
    const document = await writer.write({ signal });
    if (document === undefined) continue;
    await makeGroup(store, joinPath(root, row), format, {}, { signal });
    const record = recordOfWell(document);
    await updateGroup(store, root, format, (attributes = {}) => {
      return plateAttributes(attributes, format, { ...told, record }, root);
    }, { signal });
    await cleanWell(store, joinPath(root, well), format, document, { signal });
    const images = document.images.filter((image) => isOf(image, acquisition.id)).map(({ path }) => path);
    return { well, images };
  }
  throw new StorageError("busy", "others kept changing the well: try again", { path: root, retryable: true });
}
