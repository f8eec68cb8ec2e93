/**
 * {@linkcode WellPlan}: how the images of a well are written.
 *
 * @module
 */

import type { JsonObject } from "../json.ts";
import type { ZarrFormat } from "../metadata.ts";
import type { ImageArrayOptions } from "./image_writer.ts";
import type { PyramidOptions } from "./pyramid_plan.ts";
import type { OnExisting } from "./well_change.ts";

/** How the images of a well are written. */
export interface WellPlan {
  /** The format of Zarr. */
  readonly format: ZarrFormat;
  /** What to do about images that are there. */
  readonly onExisting: OnExisting;
  /** The number of the acquisition. */
  readonly acquisition: number;
  /** Which planes lie in one chunk: each in its own, or all of an image. */
  readonly strategy: "file" | "well";
  /** Length of a chunk along each axis; `undefined` as the strategy says. */
  readonly chunks: readonly number[] | undefined;
  /** Length of a shard along each axis. */
  readonly shards: readonly number[] | undefined;
  /** How pyramids are made; `undefined` for none. */
  readonly multiscale: PyramidOptions | undefined;
  /** How the arrays are kept. */
  readonly array: ImageArrayOptions;
  /** How the images are to be shown. */
  readonly omero: JsonObject | undefined;
}
