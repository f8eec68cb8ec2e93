/**
 * What is wrong with the metadata of a plate or a well.
 *
 * @see {@link https://ngff.openmicroscopy.org/0.5/#plate-md NGFF plates}
 * @module
 */

import { isObject, type Json } from "../json.ts";
import type { Findings } from "./findings.ts";
import { type CheckedAs, checkVersion } from "./validate_image.ts";

const NAME = /^[A-Za-z0-9]+$/;
const WELL_PATH = /^[A-Za-z0-9]+\/[A-Za-z0-9]+$/;

/** Notes what is wrong with `plate`. */
export function checkPlate(findings: Findings, value: Json | undefined, as: CheckedAs): void {
  const plate = findings.object(value, "plate");
  if (plate === undefined) return;
  checkVersion(findings, plate.version, "plate.version", as);
  if (plate.name !== undefined || as.strict) findings.text(plate.name, "plate.name");
  if (plate.field_count !== undefined) findings.integer(plate.field_count, "plate.field_count", 1);
  const rows = namesOf(findings, plate.rows, "plate.rows");
  const columns = namesOf(findings, plate.columns, "plate.columns");
  if (plate.acquisitions !== undefined) checkAcquisitions(findings, plate.acquisitions, as);
  const paths: (string | undefined)[] = [];
  for (const [index, item] of findings.list(plate.wells, "plate.wells", 1).entries()) {
    const place = `plate.wells[${index}]`;
    const well = findings.object(item, place);
    if (well === undefined) continue;
    const path = findings.text(well.path, `${place}.path`, WELL_PATH);
    const row = findings.integer(well.rowIndex, `${place}.rowIndex`, 0);
    const column = findings.integer(well.columnIndex, `${place}.columnIndex`, 0);
    paths.push(path);
    if (path === undefined || row === undefined || column === undefined) continue;
    const expected = `${rows[row]}/${columns[column]}`;
    if (rows[row] === undefined) findings.add(`${place}.rowIndex`, `is ${row}, but there are ${rows.length} rows`);
    else if (columns[column] === undefined) {
      findings.add(`${place}.columnIndex`, `is ${column}, but there are ${columns.length} columns`);
    } else if (path !== expected) {
      findings.add(place, `its path is "${path}", but its row and column are those of "${expected}"`);
    }
  }
  findings.distinct(paths, "plate.wells", "wells");
}

/** Notes what is wrong with `well`. */
export function checkWell(findings: Findings, value: Json | undefined, as: CheckedAs): void {
  const well = findings.object(value, "well");
  if (well === undefined) return;
  checkVersion(findings, well.version, "well.version", as);
  const paths: (string | undefined)[] = [];
  for (const [index, item] of findings.list(well.images, "well.images", 1).entries()) {
    const place = `well.images[${index}]`;
    const image = findings.object(item, place);
    if (image === undefined) continue;
    paths.push(findings.text(image.path, `${place}.path`, NAME));
    if (image.acquisition !== undefined) findings.integer(image.acquisition, `${place}.acquisition`);
  }
  findings.distinct(paths, "well.images", "images");
}

function namesOf(findings: Findings, value: Json | undefined, place: string): (string | undefined)[] {
  const names = findings.list(value, place, 1).map((item, index) => {
    const named = findings.object(item, `${place}[${index}]`);
    return named && findings.text(named.name, `${place}[${index}].name`, NAME);
  });
  findings.distinct(names, place, place === "plate.rows" ? "rows" : "columns");
  return names;
}

function checkAcquisitions(findings: Findings, value: Json | undefined, { strict }: CheckedAs): void {
  const items = findings.list(value, "plate.acquisitions", 0);
  for (const [index, item] of items.entries()) {
    const place = `plate.acquisitions[${index}]`;
    const acquisition = findings.object(item, place);
    if (acquisition === undefined) continue;
    findings.integer(acquisition.id, `${place}.id`, 0);
    for (const key of ["name", "description"]) {
      const asked = strict && key === "name";
      if (acquisition[key] !== undefined || asked) findings.text(acquisition[key], `${place}.${key}`);
    }
    if (acquisition.maximumfieldcount !== undefined || strict) {
      findings.integer(acquisition.maximumfieldcount, `${place}.maximumfieldcount`, 1);
    }
    for (const key of ["starttime", "endtime"]) {
      if (acquisition[key] !== undefined) findings.integer(acquisition[key], `${place}.${key}`, 0);
    }
  }
  const ids = items.map((item) => isObject(item) ? String(item.id) : undefined);
  findings.distinct(ids, "plate.acquisitions", "acquisitions");
}
