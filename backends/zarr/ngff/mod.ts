/**
 * OME-Zarr: images with their pyramids, and plates of wells of images. NGFF 0.5 on Zarr 3, 0.4 on Zarr 2.
 *
 * @see {@link https://ngff.openmicroscopy.org/ NGFF}
 * @module
 */

export type { NgffAxis } from "./axis.ts";
export type { AxisValue, PixelSize, ZarrBatchAxis, ZarrBatchLayout } from "./batch_layout.ts";
export { type NgffInspectOptions, ngffProblemsIn } from "./inspection.ts";
export { downsample, type DownsamplingMethod } from "./downsample.ts";
export { type ImageAxis, readImage, writeImage, type WriteImageOptions } from "./image.ts";
export type { NgffDataset, NgffImage } from "./image_document.ts";
export type { ImageArrayOptions } from "./image_writer.ts";
export type { PlaneInfo } from "./plane_list.ts";
export { type PlanesOptions, Plate } from "./plate.ts";
export type { PlateAcquisition } from "./plate_document.ts";
export { removePlanes } from "./plate_remover.ts";
export { type WellNames, writePlate, type WritePlateOptions, type WrittenWell } from "./plate_writer.ts";
export { buildPyramid, type BuildPyramidOptions } from "./pyramid.ts";
export type { PyramidOptions } from "./pyramid_plan.ts";
export { type NgffCheckOptions, type NgffKind, ngffProblems } from "./validate.ts";
export type { OnExisting } from "./well_change.ts";
export {
  columnIndex,
  formatWell,
  type FormatWellOptions,
  parseWell,
  rowIndex,
  rowName,
  type WellPosition,
} from "./well_name.ts";
