/**
 * {@linkcode Inbox}: what is waiting to be told to one listener.
 *
 * @module
 */

/** How much waits for a listener that is slow, by weight; beyond, it is told that it missed something. */
const MAX_WAITING = 10_000;

/**
 * What is waiting to be told to one listener, in bounded memory.
 *
 * @typeParam T What is told.
 */
export class Inbox<T> {
  #waiting: T[] = [];
  #weight = 0;
  #overflowed = false;
  #failure: { readonly error: unknown } | undefined;
  #wake = Promise.withResolvers<void>();

  /**
   * Adds something.
   *
   * @param item What is told. One may be heavier than all that may wait.
   * @param weight How much it counts: how many changes it tells.
   */
  push(item: T, weight: number = 1): void {
    if (this.#failure) return;
    if (this.#weight >= MAX_WAITING) {
      this.#empty();
      this.#overflowed = true;
    }
    if (!this.#overflowed) {
      this.#waiting.push(item);
      this.#weight += weight;
    }
    this.#wake.resolve();
  }

  #empty(): T[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#weight = 0;
    return waiting;
  }

  /** Ends it: the listener gets the error, and nothing waits any more. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#empty();
    this.#wake.resolve();
  }

  /**
   * Waits until there is something, and takes all there is.
   *
   * @returns What was waiting; `undefined` if it was too much, and is gone.
   */
  async take(): Promise<T[] | undefined> {
    await this.#wake.promise;
    if (this.#failure) throw this.#failure.error;
    this.#wake = Promise.withResolvers();
    const waiting = this.#empty();
    const taken = this.#overflowed ? undefined : waiting;
    this.#overflowed = false;
    return taken;
  }
}
