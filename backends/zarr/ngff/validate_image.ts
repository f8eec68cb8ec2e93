/**
 * What is wrong with the metadata of an image.
 *
 * @see {@link https://ngff.openmicroscopy.org/0.5/#multiscale-md NGFF multiscales}
 * @module
 */

import { isObject, type Json, type JsonObject } from "../json.ts";
import { axisRank } from "./axis.ts";
import type { Findings } from "./findings.ts";

/** How strict a check is. */
export interface CheckedAs {
  /** The version of NGFF. */
  readonly version: "0.4" | "0.5";
  /** Also what a document should have, not only what it must. */
  readonly strict: boolean;
}

/** Notes a version that is another: 0.4 says it in every part, and may leave it out. */
export function checkVersion(findings: Findings, value: Json | undefined, place: string, as: CheckedAs): void {
  if (as.version === "0.5" || value === "0.4" || (value === undefined && !as.strict)) return;
  findings.add(
    place,
    `${value === undefined ? "should" : "must"} be "0.4": it is ${JSON.stringify(value) ?? "missing"}`,
  );
}

/** Notes what is wrong with `multiscales`. */
export function checkMultiscales(findings: Findings, value: Json | undefined, as: CheckedAs): void {
  for (const [index, item] of findings.list(value, "multiscales", 1).entries()) {
    const place = `multiscales[${index}]`;
    const image = findings.object(item, place);
    if (image === undefined) continue;
    if (image.name !== undefined || as.strict) findings.text(image.name, `${place}.name`);
    for (const key of ["type", "metadata"]) {
      if (as.strict && image[key] === undefined) findings.add(`${place}.${key}`, "should be there");
    }
    checkVersion(findings, image.version, `${place}.version`, as);
    const rank = checkAxes(findings, image.axes, `${place}.axes`);
    checkDatasets(findings, image.datasets, `${place}.datasets`, rank);
    if (image.coordinateTransformations !== undefined) {
      transformationsOf(findings, image.coordinateTransformations, `${place}.coordinateTransformations`, rank);
    }
  }
}

/** @returns How many axes there are, if they are axes. */
function checkAxes(findings: Findings, value: Json | undefined, place: string): number | undefined {
  const items = findings.list(value, place, 2, 5);
  const types = items.map((item, index) => {
    const axis = findings.object(item, `${place}[${index}]`);
    if (axis === undefined) return undefined;
    findings.text(axis.name, `${place}[${index}].name`);
    for (const key of ["type", "unit"]) {
      if (axis[key] !== undefined && axis[key] !== null) findings.text(axis[key], `${place}[${index}].${key}`);
    }
    return typeof axis.type === "string" ? axis.type : undefined;
  });
  if (items.length === 0) return undefined;
  findings.distinct(items.map((item) => isObject(item) ? String(item.name) : undefined), place, "axes");
  const counts = [0, 1, 2].map((rank) => types.filter((type) => axisRank(type) === rank).length);
  const [times, others, spaces] = counts as [number, number, number];
  if (spaces < 2 || spaces > 3) findings.add(place, `must have 2 or 3 axes of space: it has ${spaces}`);
  if (times > 1) findings.add(place, `must have at most one axis of time: it has ${times}`);
  if (others > 1) {
    findings.add(place, `must have at most one axis of channels or of anything else: it has ${others}`);
  }
  if (types.some((type, index) => index > 0 && axisRank(type) < axisRank(types[index - 1]))) {
    findings.add(place, "must be in order: time, then channels or anything else, then space");
  }
  return items.length;
}

function checkDatasets(findings: Findings, value: Json | undefined, place: string, rank: number | undefined): void {
  const paths: (string | undefined)[] = [];
  let before: readonly number[] | undefined;
  for (const [index, item] of findings.list(value, place, 1).entries()) {
    const at = `${place}[${index}]`;
    const dataset = findings.object(item, at);
    if (dataset === undefined) continue;
    paths.push(findings.text(dataset.path, `${at}.path`));
    const where = `${at}.coordinateTransformations`;
    const scale = transformationsOf(findings, dataset.coordinateTransformations, where, rank);
    if (scale === undefined) continue;
    const finer = before?.findIndex((length, axis) => Math.abs(scale[axis]!) < Math.abs(length) * (1 - 1e-6)) ?? -1;
    if (finer >= 0) {
      findings.add(at, `must be as coarse as the dataset before it, or coarser: along axis ${finer} it is finer`);
    }
    before = scale;
  }
  findings.distinct(paths, place, "datasets");
}

/** @returns The scale, if there is one as long as there are axes. */
function transformationsOf(
  findings: Findings,
  value: Json | undefined,
  place: string,
  rank: number | undefined,
): number[] | undefined {
  let scale: number[] | undefined;
  const kinds: string[] = [];
  for (const [index, item] of findings.list(value, place, 1).entries()) {
    const at = `${place}[${index}]`;
    const transformation = findings.object(item, at);
    if (transformation === undefined) continue;
    const kind = findings.text(transformation.type, `${at}.type`, /^(?:scale|translation)$/);
    if (kind === undefined) continue;
    kinds.push(kind);
    const numbers = findings.list(transformation[kind], `${at}.${kind}`, 2)
      .map((number, axis) => findings.number(number, `${at}.${kind}[${axis}]`) ?? NaN);
    if (rank !== undefined && numbers.length !== 0 && numbers.length !== rank) {
      findings.add(`${at}.${kind}`, `must have a number for each of the ${rank} axes: it has ${numbers.length}`);
    } else if (kind === "scale" && numbers.length > 0 && !numbers.some(Number.isNaN)) scale = numbers;
  }
  const order = kinds.join();
  if (kinds.length > 0 && order !== "scale" && order !== "scale,translation") {
    findings.add(place, `must be one scale, and at most one translation after it: it has [${order}]`);
  }
  return scale;
}

/** Notes what is wrong with `omero`. */
export function checkOmero(findings: Findings, value: Json | undefined, { version }: CheckedAs): void {
  const omero = findings.object(value, "omero");
  if (omero === undefined) return;
  for (const [index, item] of findings.list(omero.channels, "omero.channels", 0).entries()) {
    const place = `omero.channels[${index}]`;
    const channel = findings.object(item, place);
    if (channel === undefined) continue;
    if (channel.color !== undefined || version === "0.4") findings.text(channel.color, `${place}.color`);
    for (const key of ["label", "family"]) {
      if (channel[key] !== undefined) findings.text(channel[key], `${place}.${key}`);
    }
    if (channel.active !== undefined && typeof channel.active !== "boolean") {
      findings.add(`${place}.active`, "must be true or false");
    }
    if (channel.window === undefined && version !== "0.4") continue;
    const window: JsonObject | undefined = findings.object(channel.window, `${place}.window`);
    if (window === undefined) continue;
    for (const key of ["start", "min", "end", "max"]) findings.number(window[key], `${place}.window.${key}`);
  }
}
