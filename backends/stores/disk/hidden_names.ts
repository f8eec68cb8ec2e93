/**
 * The names that stores on disk keep for themselves: files in which content waits to be published, and locks.
 *
 * @module
 */

/** Names of the files in which content waits to be published. They are never listed and cannot be saved to. */
const TEMPORARY = /^\.polystore-[0-9a-f]{16}\.tmp$/;

/** The lock file of a directory, where directories themselves cannot be locked. */
export const LOCK_NAME = ".polystore.lock";

/** Whether a name is one of ours, and hidden. */
export function isHidden(name: string): boolean {
  return name.charCodeAt(0) === 0x2e && (TEMPORARY.test(name) || name === LOCK_NAME);
}

/** Makes names for temporary files that no other process makes. */
export class TemporaryNames {
  readonly #random = crypto.getRandomValues(new Uint32Array(1))[0]!.toString(16).padStart(8, "0");
  #count = crypto.getRandomValues(new Uint32Array(1))[0]!;

  /** The next name. */
  next(): string {
    this.#count = (this.#count + 1) >>> 0;
    return `.polystore-${this.#random}${this.#count.toString(16).padStart(8, "0")}.tmp`;
  }
}
