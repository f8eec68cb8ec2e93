/**
 * {@linkcode Allowance}: something that may be done only so often.
 *
 * @module
 */

/** Something that may be done only so often: so many times a second, and no more at once. */
export class Allowance {
  readonly #perSecond: number;
  #left: number;
  #filled = performance.now();

  /** @param perSecond How often. */
  constructor(perSecond: number) {
    this.#perSecond = perSecond;
    this.#left = perSecond;
  }

  /** Whether it may be done now. */
  get any(): boolean {
    const now = performance.now();
    this.#left = Math.min(this.#perSecond, this.#left + (now - this.#filled) / 1000 * this.#perSecond);
    this.#filled = now;
    return this.#left >= 1;
  }

  /** Counts that it was done. */
  take(): void {
    this.#left--;
  }
}
