/**
 * {@linkcode elementsIn}: elements in memory that threads share.
 *
 * @module
 */

import { dataTypes } from "../formats/ndarray.ts";
import type { Elements, ZarrDataType } from "./data_type.ts";

/** The elements in memory that threads share. */
export function elementsIn(room: SharedArrayBuffer, type: ZarrDataType): Elements {
  // Typed arrays are the same over both kinds of memory, and are used in the same way.
  return new dataTypes[type.numbers!].array(room as unknown as ArrayBuffer);
}
