/**
 * {@linkcode Inbox}: what is waiting to be told to one listener.
 *
 * @module
 */

/** How much waits for a listener that is slow; beyond, it is told that it missed something. */
const MAX_WAITING = 10_000;

/**
 * What is waiting to be told to one listener, in bounded memory.
 *
 * @typeParam T What is told.
 */
export class Inbox<T> {
  #waiting: T[] = [];
  #overflowed = false;
  #failure: { readonly error: unknown } | undefined;
  #wake = Promise.withResolvers<void>();

  /** Adds something. */
  push(item: T): void {
    if (this.#waiting.length >= MAX_WAITING) {
      this.#waiting = [];
      this.#overflowed = true;
    }
    if (!this.#overflowed) this.#waiting.push(item);
    this.#wake.resolve();
  }

  /** Ends it: the listener gets the error. */
  fail(error: unknown): void {
    this.#failure ??= { error };
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
    const taken = this.#overflowed ? undefined : this.#waiting;
    this.#waiting = [];
    this.#overflowed = false;
    return taken;
  }
}
