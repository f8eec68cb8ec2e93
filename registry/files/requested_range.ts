/**
 * {@linkcode requestedRange}: which part of a content a request asks for.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#name-range-requests
 *
 * @module
 */

import type { Extent } from "../../backends/stores/range.ts";

/**
 * What a header `Range` asks for.
 *
 * @param header The header.
 * @param size The size of the content.
 * @returns Where it starts and ends; `unsatisfiable` if nothing of the content is in it; `undefined` if the header is to be
 * ignored, as one of many ranges, of another unit or with a mistake in it may be: all is sent then.
 */
export function requestedRange(header: string | null, size: number): Extent | "unsatisfiable" | undefined {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/i.exec(header?.trim() ?? "") ?? [];
  if (first === undefined || last === undefined || first + last === "") return undefined;
  if (first === "") {
    const start = Math.max(0, size - Number(last));
    return start < size ? { start, end: size } : "unsatisfiable";
  }
  if (last !== "" && Number(last) < Number(first)) return undefined;
  if (Number(first) >= size) return "unsatisfiable";
  return { start: Number(first), end: last === "" ? size : Math.min(size, Number(last) + 1) };
}
