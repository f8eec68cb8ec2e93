/**
 * The seam of formats: value ⇄ bytes. A {@linkcode Format} knows no path, no store and does no I/O.
 *
 * @module
 */

/**
 * Encoded content: one run of bytes, or several to be written one after the other (so that a large array need not be copied behind
 * its header). The receiver does not change them and does not keep them.
 */
export type Encoded = Uint8Array | readonly Uint8Array[];

/**
 * A way to keep one kind of value as bytes, exactly: `decode(encode(value))` equals `value` in type, dtype, shape,
 * bytes and order of keys. A format that cannot keep a value refuses it.
 *
 * @typeParam T The values it keeps.
 *
 * @example A format of one's own
 * ```ts
 * import { FileManager, MemoryStore, StoreBackend, StorageError } from "@polystore/polystore";
 * import type { Format } from "@polystore/polystore/formats";
 * import assert from "node:assert/strict";
 *
 * const date: Format<Date> = {
 *   name: "date",
 *   suffixes: [".date"],
 *   encode(value) {
 *     if (!(value instanceof Date)) throw new StorageError("invalid-value", "date keeps a Date");
 *     return new TextEncoder().encode(value.toISOString());
 *   },
 *   decode: (bytes) => new Date(new TextDecoder().decode(bytes)),
 * };
 * const fm = new FileManager({ store: new StoreBackend(new MemoryStore()) });
 * await fm.save(new Date(0), "epoch.date", "store", { format: date });
 * assert.deepEqual(await fm.load("epoch.date", "store", { format: date }), new Date(0));
 * ```
 */
export interface Format<T = unknown> {
  /** Name, for messages and for choosing it by name: `json`. */
  readonly name: string;
  /** The suffixes it is chosen by, in lower case with the dot: `.json`, `.roi.zip`. */
  readonly suffixes: readonly string[];
  /**
   * Encodes a value.
   *
   * @throws {StorageError} `invalid-value` if the value would not come back exactly as it is.
   */
  encode(value: T): Encoded | Promise<Encoded>;
  /**
   * Decodes what `encode`, or another program, has written. The bytes are the decoder's own: the value may be a view on them.
   *
   * @throws {StorageError} `corrupt` if they are not in this format, `unsupported` if they are but hold something
   * that cannot be represented. Memory stays within a small multiple of the input and of what it says it holds.
   */
  decode(bytes: Uint8Array): T | Promise<T>;
}
