/**
 * {@linkcode Deadline}: notices silence.
 *
 * @module
 */

/** Notices that nothing has happened for too long, as long as it watches. */
export class Deadline {
  readonly #milliseconds: number;
  readonly #expired: () => void;
  #last = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * Does not watch yet.
   *
   * @param milliseconds How long nothing may happen.
   * @param expired Called once when it was longer; it does not watch any more then.
   */
  constructor(milliseconds: number, expired: () => void) {
    this.#milliseconds = milliseconds;
    this.#expired = expired;
  }

  /** Begins to watch, if it does not. */
  watch(): void {
    if (this.#timer !== undefined) return;
    this.touch();
    this.#arm(this.#milliseconds);
  }

  /** Something has happened. */
  touch(): void {
    this.#last = performance.now();
  }

  /** Does not watch any more. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #arm(milliseconds: number): void {
    this.#timer = setTimeout(() => {
      const left = this.#last + this.#milliseconds - performance.now();
      if (left > 1) return this.#arm(left);
      this.#timer = undefined;
      this.#expired();
    }, Math.min(milliseconds, MAX_TIMER));
  }
}

/** The longest that a timer can wait. */
const MAX_TIMER = 2 ** 31 - 1;
