/**
 * {@linkcode ngffProblems}: what is wrong with the metadata of a plate, a well or an image.
 *
 * @module
 */

import { StorageError } from "../../errors.ts";
import { isObject, type JsonObject } from "../json.ts";
import type { ZarrFormat } from "../metadata.ts";
import { Findings } from "./findings.ts";
import { type CheckedAs, checkMultiscales, checkOmero } from "./validate_image.ts";
import { checkPlate, checkWell } from "./validate_plate.ts";

/** What the metadata of a group is about. */
export type NgffKind = "plate" | "well" | "image";

/** Options of {@linkcode ngffProblems}. */
export interface NgffCheckOptions {
  /**
   * The format of Zarr the group is kept in: 0.4 belongs to 2, 0.5 to 3.
   *
   * @default {3 if there is an `ome` among the attributes, else 2}
   */
  format?: ZarrFormat | undefined;
  /**
   * Also what the metadata should have, not only what it must: names, and how a pyramid was made.
   *
   * @default {false}
   */
  strict?: boolean | undefined;
}

/** The key of each kind. */
export const NGFF_KEYS: Readonly<Record<NgffKind, "plate" | "well" | "multiscales">> = {
  plate: "plate",
  well: "well",
  image: "multiscales",
};

/**
 * What is wrong with the metadata of a plate, a well or an image: all that the official JSON schemas ask for, and what they
 * cannot express (that paths are those of the row and column, axes in order, a scale for each axis, coarser levels last, no
 * mixed versions).
 *
 * @param attributes The attributes of the group.
 * @param kind What they should be about.
 * @param options How to check.
 * @returns What is wrong, each with its place; nothing if all is right.
 * @see {@link https://ngff.openmicroscopy.org/0.5/ NGFF 0.5}
 * @see {@link https://ngff.openmicroscopy.org/0.4/ NGFF 0.4}
 *
 * @example
 * ```ts
 * import { ngffProblems } from "@polystore/polystore/zarr";
 * import assert from "node:assert/strict";
 *
 * const plate = { rows: [{ name: "A" }], columns: [{ name: "1" }], wells: [{ path: "1/A", rowIndex: 0, columnIndex: 0 }] };
 * assert.deepEqual(ngffProblems({ ome: { version: "0.5", plate } }, "plate"), [
 *   'plate.wells[0]: its path is "1/A", but its row and column are those of "A/1"',
 * ]);
 * ```
 */
export function ngffProblems(attributes: JsonObject, kind: NgffKind, options: NgffCheckOptions = {}): string[] {
  const findings = new Findings();
  const { format = attributes.ome === undefined ? 2 : 3, strict = false } = options;
  const key = NGFF_KEYS[kind];
  const as: CheckedAs = { version: format === 3 ? "0.5" : "0.4", strict };
  let content: JsonObject = attributes;
  if (format === 3) {
    const ome = findings.object(attributes.ome, "ome");
    if (ome === undefined) return findings.problems;
    content = ome;
    if (ome.version !== "0.5") {
      findings.add("ome.version", `must be "0.5" in Zarr 3: it is ${JSON.stringify(ome.version) ?? "missing"}`);
    }
    if (attributes[key] !== undefined) findings.add(key, 'must stand in "ome" only: this is how NGFF 0.4 has it');
  } else if (isObject(attributes.ome) && attributes.ome[key] !== undefined) {
    findings.add("ome", "belongs to NGFF 0.5, which is for Zarr 3");
  }
  if (kind === "plate") checkPlate(findings, content.plate, as);
  else if (kind === "well") checkWell(findings, content.well, as);
  else {
    checkMultiscales(findings, content.multiscales, as);
    if (content.omero !== undefined) checkOmero(findings, content.omero, as);
  }
  return findings.problems;
}

/**
 * Refuses metadata that others could not read.
 *
 * @throws {StorageError} `invalid-argument`, saying what is wrong.
 */
export function checkNgff(attributes: JsonObject, kind: NgffKind, format: ZarrFormat, path: string): void {
  const problems = ngffProblems(attributes, kind, { format });
  if (problems.length === 0) return;
  throw new StorageError("invalid-argument", `it would not be an OME-Zarr ${kind}: ${problems.join("; ")}`, { path });
}
