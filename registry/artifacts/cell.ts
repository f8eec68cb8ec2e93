/**
 * {@linkcode Cell}: how a value is held in memory.
 *
 * @module
 */

import type { Artifact } from "./artifact_storage.ts";

/**
 * A value that is held, and its etag.
 *
 * @typeParam T The value.
 */
export interface Cell<T> extends Artifact<T> {
  /** Whether the value is gone; a value may be `undefined`. */
  readonly gone: boolean;
  /** The name of the write that brought it. */
  readonly writeId: string | undefined;
}

/** Makes a cell. */
export type Hold<T> = (value: T, etag: string, writeId: string | undefined) => Cell<T>;

/** Holds a value for good. */
export function holdStrongly<T>(value: T, etag: string, writeId: string | undefined): Cell<T> {
  return { value, etag, writeId, gone: false };
}

/** Holds an object as long as somebody else does. */
export function holdWeakly<T extends object>(value: T, etag: string, writeId: string | undefined): Cell<T> {
  return new WeakCell(value, etag, writeId);
}

class WeakCell<T extends object> implements Cell<T> {
  readonly #reference: WeakRef<T>;
  readonly etag: string;
  readonly writeId: string | undefined;

  constructor(value: T, etag: string, writeId: string | undefined) {
    this.#reference = new WeakRef(value);
    this.etag = etag;
    this.writeId = writeId;
  }

  get gone(): boolean {
    return this.#reference.deref() === undefined;
  }

  get value(): T {
    return this.#reference.deref()!;
  }
}
