/**
 * {@linkcode Deadlines}: requests that may only take so long, with one timer for all of them.
 *
 * @module
 */

import { RequestError } from "./problem.ts";

/** How late a deadline may be noticed, in milliseconds. */
const PERIOD = 100;

/** Requests that may only take so long. */
export class Deadlines {
  readonly #ends = new Map<AbortController, number>();
  #closed = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * Adds a request.
   *
   * @param request What is aborted when it takes too long.
   * @param end When that is, by `performance.now()`.
   */
  add(request: AbortController, end: number): void {
    this.#ends.set(request, end);
    this.#timer ??= setTimeout(() => this.#look(), PERIOD);
  }

  /** Takes a request out that was answered. */
  delete(request: AbortController): void {
    this.#ends.delete(request);
    if (this.#closed) this.close();
  }

  #look(): void {
    this.#timer = undefined;
    const now = performance.now();
    for (const [request, end] of this.#ends) {
      if (end > now) continue;
      this.#ends.delete(request);
      request.abort(tooLate());
    }
    if (this.#ends.size > 0) this.#timer = setTimeout(() => this.#look(), PERIOD);
  }

  /** Ends the timer as soon as there is nothing to wait for. */
  close(): void {
    this.#closed = true;
    if (this.#ends.size > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

function tooLate(): RequestError {
  return new RequestError(503, "unavailable", "the answer took too long; try again", {
    headers: { "retry-after": "1" },
  });
}
