/**
 * Formats: how values become bytes, and back, exactly.
 *
 * A format is chosen by the suffix of the path, or passed with a call to choose its options:
 *
 * | format | suffixes | values |
 * |---|---|---|
 * | {@linkcode json} | `.json` | what JSON keeps; with `tagged` also dates, maps, sets, bigints, typed arrays |
 * | {@linkcode text} | `.txt`, `.md` | strings |
 * | {@linkcode csv} | `.csv` | lists of objects or of lists |
 * | {@linkcode npy} | `.npy` | an {@linkcode NdArray} |
 * | {@linkcode npz} | `.npz` | a record of NdArrays |
 * | {@linkcode bytes} | | a `Uint8Array` |
 *
 * @example
 * ```ts
 * import { ndarray, npy } from "@polystore/polystore/formats";
 * import assert from "node:assert/strict";
 *
 * const format = npy();
 * const array = ndarray(new Int16Array([1, 2, 3, 4]), [2, 2]);
 * const parts = await format.encode(array) as Uint8Array[];
 * const bytes = new Uint8Array(parts.flatMap((part) => [...part]));
 * assert.deepEqual(await format.decode(bytes), array);
 * ```
 *
 * @module
 */

export * from "./format.ts";
export * from "./format_registry.ts";
export * from "./choose_format.ts";
export * from "./json.ts";
export { type KeepBytes, tag } from "./tagged.ts";
export { type KeptBytes, untag } from "./untag.ts";
export * from "./text.ts";
export * from "./bytes.ts";
export * from "./csv.ts";
export * from "./npy.ts";
export * from "./npz.ts";
export * from "./ndarray.ts";
export { isContiguous, packed } from "./packed.ts";
