/**
 * {@linkcode Flights}: work that several wait for and that is done once.
 *
 * @module
 */

interface Flight {
  readonly result: Promise<unknown>;
  readonly controller: AbortController;
  waiting: number;
  landed: boolean;
}

/** Work under way, by key. Who gives up leaves the others alone; when nobody waits any more, the work is aborted. */
export class Flights {
  readonly #flights = new Map<string, Flight>();

  /**
   * Joins the work under way, or begins it.
   *
   * @param key What it is about. One key is always the same work.
   * @param work Does it.
   * @param signal Ends the waiting of this caller.
   * @returns What the work answers: the same to everyone.
   */
  async join<T>(key: string, work: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    let flight = this.#flights.get(key);
    if (flight === undefined) {
      const controller = new AbortController();
      const started: Flight = { result: work(controller.signal), controller, waiting: 0, landed: false };
      flight = started;
      this.#flights.set(key, started);
      const land = (): void => {
        started.landed = true;
        if (this.#flights.get(key) === started) this.#flights.delete(key);
      };
      started.result.then(land, land);
    }
    const joined = flight;
    joined.waiting++;
    const { promise: left, reject } = Promise.withResolvers<never>();
    const leave = (): void => reject(signal!.reason);
    signal?.addEventListener("abort", leave, { once: true });
    try {
      return await (signal ? Promise.race([joined.result as Promise<T>, left]) : joined.result as Promise<T>);
    } finally {
      signal?.removeEventListener("abort", leave);
      if (--joined.waiting === 0 && !joined.landed) {
        if (this.#flights.get(key) === joined) this.#flights.delete(key);
        joined.controller.abort();
        // The last to leave waits until nothing goes on any more.
        await joined.result.catch(() => {/* aborted */});
      }
    }
  }

  /** Nobody joins the work of this key any more; who waits for it still gets it. */
  forget(key: string): void {
    this.#flights.delete(key);
  }
}
