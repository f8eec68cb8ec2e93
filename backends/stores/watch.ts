/**
 * {@linkcode watching}: the news of a path, made of a look at it and a call whenever it may have changed.
 *
 * @module
 */

import type { EntryKind, Stat } from "./store.ts";

/** What is compared to see whether there are news. */
export type Seen = { readonly kind: EntryKind } & Pick<Stat, "etag" | "expires">;

/**
 * What it takes to watch a path.
 *
 * @typeParam S What is told.
 */
export interface Watched<S extends Seen = Stat> {
  /** What `stat` tells now. */
  look(): S | undefined | Promise<S | undefined>;
  /**
   * Calls back whenever that may have changed; too often does no harm. Called before the first look.
   *
   * @param wake To be called.
   * @param fail To be called if there will be no more calls, with the reason.
   * @returns Stops it.
   */
  subscribe(wake: () => void, fail: (error: unknown) => void): () => void | Promise<void>;
}

/** No timer lasts longer: 2^31 - 1 ms. */
const MAX_DELAY = 2 ** 31 - 1;

/**
 * Yields what is at a path at once, and after every change.
 *
 * @typeParam S What is told.
 * @param watched How to look, and how to hear of changes.
 * @param signal Ends it with its reason.
 * @returns The news.
 *
 * @example
 * ```ts
 * import { watching } from "@polystore/polystore/stores";
 * import assert from "node:assert/strict";
 *
 * let etag = "1";
 * let wake = (): void => {};
 * const news = watching({ look: () => ({ kind: "file", etag }), subscribe: (call) => (wake = call, () => {}) });
 * assert.equal((await news.next()).value?.etag, "1");
 * etag = "2";
 * wake();
 * assert.equal((await news.next()).value?.etag, "2");
 * await news.return(undefined);
 * ```
 */
export async function* watching<S extends Seen>(
  { look, subscribe }: Watched<S>,
  signal?: AbortSignal,
): AsyncGenerator<S | undefined, undefined> {
  signal?.throwIfAborted();
  let news = Promise.withResolvers<void>();
  let failure: { readonly error: unknown } | undefined;
  const wake = (): void => news.resolve();
  const fail = (error: unknown): void => {
    failure ??= { error };
    wake();
  };
  const stop = (): void => fail(signal!.reason);
  signal?.addEventListener("abort", stop, { once: true });
  const unsubscribe = subscribe(wake, fail);
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    let last = await look();
    signal?.throwIfAborted();
    yield last;
    while (true) {
      if (last?.expires !== undefined) {
        timer = setTimeout(wake, Math.min(MAX_DELAY, Math.max(0, last.expires.getTime() - Date.now())));
      }
      await news.promise;
      clearTimeout(timer);
      if (failure !== undefined) throw failure.error;
      news = Promise.withResolvers<void>();
      const next = await look();
      if (next?.kind === last?.kind && next?.etag === last?.etag) {
        last = next;
        continue;
      }
      last = next;
      yield next;
    }
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
    await unsubscribe();
  }
}
