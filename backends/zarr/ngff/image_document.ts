/**
 * {@linkcode NgffImage}: what the metadata of an image says.
 *
 * @module
 */

import { isObject, type Json, type JsonObject } from "../json.ts";
import { formatAxis, type NgffAxis, parseAxis } from "./axis.ts";
import { ngffOf, unreadable } from "./document.ts";
import type { DownsamplingMethod } from "./downsample.ts";
import type { PyramidLevel } from "./pyramid_plan.ts";

/** A level of an image. */
export interface NgffDataset {
  /** Its path, from the image. */
  readonly path: string;
  /** The distance between neighbours along each axis. */
  readonly scale: readonly number[];
  /** Where the middle of the first element lies along each axis. */
  readonly translation: readonly number[];
}

/** What the metadata of an image says. */
export interface NgffImage {
  /** Its name. */
  readonly name: string | undefined;
  /** Its axes, in the order of the arrays. */
  readonly axes: readonly NgffAxis[];
  /** Its levels, the full one first. */
  readonly datasets: readonly NgffDataset[];
  /** How its levels were made. */
  readonly type: string | undefined;
  /** How it is to be shown. */
  readonly omero: JsonObject | undefined;
}

/** How an image is written. */
export interface MultiscalesPlan {
  /** Its name. */
  readonly name: string;
  /** Its axes. */
  readonly axes: readonly NgffAxis[];
  /** The scale of the full level. */
  readonly scale: readonly number[];
  /** Where the first element of the full level lies; `undefined` if nobody has said. */
  readonly translation?: readonly number[] | undefined;
  /** The path of each level, from the image. */
  readonly paths: readonly string[];
  /** Its levels. */
  readonly levels: readonly PyramidLevel[];
  /** How they are made. */
  readonly method: DownsamplingMethod;
}

/** An entry of the `multiscales` of an image. */
export function formatMultiscales(plan: MultiscalesPlan): JsonObject {
  const { name, axes, scale, translation, levels, paths, method } = plan;
  const datasets = levels.map(({ factor }, level): JsonObject => {
    const transformations: JsonObject[] = [{ type: "scale", scale: scale.map((size, axis) => size * factor[axis]!) }];
    // The mean of n elements lies in the middle of them, half of n - 1 beyond the first.
    const shifted = method === "mean" && level > 0;
    if (shifted || translation !== undefined) {
      const shift = scale.map((size, axis) =>
        (translation?.[axis] ?? 0) + (shifted ? size * (factor[axis]! - 1) / 2 : 0)
      );
      transformations.push({ type: "translation", translation: shift });
    }
    return { path: paths[level]!, coordinateTransformations: transformations };
  });
  const made: JsonObject = levels.length === 1 ? {} : {
    type: method,
    metadata: {
      description: method === "mean"
        ? "each level is the mean of blocks of the level before, 2 along every axis that is halved"
        : "each level is every second element of the level before along every axis that is halved",
      method: "@polystore/polystore downsample",
    },
  };
  return { name, axes: axes.map(formatAxis), datasets, ...made };
}

/**
 * Reads what the metadata of an image says.
 *
 * @throws {StorageError} `corrupt`.
 */
export function parseImage(attributes: JsonObject, path: string): NgffImage {
  const list = ngffOf(attributes, "multiscales");
  const image = Array.isArray(list) ? list[0] : undefined;
  if (!isObject(image)) throw unreadable(path, "image", "it has no multiscales");
  if (!Array.isArray(image.axes)) throw unreadable(path, "image", "it has no axes");
  const axes = image.axes.map((item: Json, index) => {
    const axis = parseAxis(item);
    if (axis === undefined) throw unreadable(path, "image", `axis ${index} has no name`);
    return axis;
  });
  if (!Array.isArray(image.datasets) || image.datasets.length === 0) {
    throw unreadable(path, "image", "it has no datasets");
  }
  const whole = transformation(image.coordinateTransformations, axes.length);
  const datasets = image.datasets.map((item: Json, index): NgffDataset => {
    if (!isObject(item) || typeof item.path !== "string" || item.path === "") {
      throw unreadable(path, "image", `dataset ${index} has no path`);
    }
    const own = transformation(item.coordinateTransformations, axes.length);
    return {
      path: item.path,
      scale: own.scale.map((size, axis) => size * whole.scale[axis]!),
      translation: own.translation.map((shift, axis) => shift * whole.scale[axis]! + whole.translation[axis]!),
    };
  });
  const omero = ngffOf(attributes, "omero");
  return {
    name: typeof image.name === "string" ? image.name : undefined,
    axes,
    datasets,
    type: typeof image.type === "string" ? image.type : undefined,
    omero: isObject(omero) ? omero : undefined,
  };
}

function transformation(value: Json | undefined, rank: number): { scale: number[]; translation: number[] } {
  let scale = new Array<number>(rank).fill(1);
  let translation = new Array<number>(rank).fill(0);
  for (const item of Array.isArray(value) ? value as Json[] : []) {
    if (!isObject(item)) continue;
    const numbers = item[String(item.type)];
    if (!Array.isArray(numbers) || numbers.length !== rank || !numbers.every(Number.isFinite)) continue;
    if (item.type === "scale") scale = [...numbers] as number[];
    else if (item.type === "translation") translation = [...numbers] as number[];
  }
  return { scale, translation };
}
