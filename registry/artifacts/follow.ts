/**
 * {@linkcode follow}: events that go on after an interruption.
 *
 * @module
 */

import { isStorageError, type StorageError } from "../../backends/errors.ts";
import { pause } from "../../backends/stores/pause.ts";
import type { ArtifactEvent, ArtifactStorage, WatchArtifactsOptions } from "./artifact_storage.ts";

/** The wait before asking again, at first and at most, in milliseconds. */
const DELAY = 100;
const MAX_DELAY = 5000;

/** Options of {@linkcode follow}. */
export interface FollowOptions extends WatchArtifactsOptions {
  /**
   * Whether to go on after the last event; else everything begins with a `reset` again.
   *
   * @default {true}
   */
  resume?: boolean | undefined;
  /** Called when the events stop coming, before they are asked for again. */
  onInterrupted?: (() => void) | undefined;
  /**
   * Whether an error will not pass by waiting.
   *
   * @default {undefined} whatever does not say that it may
   */
  final?: ((error: StorageError) => boolean) | undefined;
}

/**
 * Yields what happens, and asks again from the last event on whenever the place cannot be reached for a while.
 *
 * @param storage What to watch.
 * @param options From where on.
 * @returns The events; each at least once.
 * @throws {StorageError} What will not pass by waiting.
 */
export async function* follow(
  storage: Pick<ArtifactStorage, "watch">,
  { since, signal, resume = true, onInterrupted, final = (error) => !error.retryable }: FollowOptions = {},
): AsyncGenerator<ArtifactEvent, void> {
  let failures = 0;
  while (true) {
    const asked = performance.now();
    try {
      for await (const event of storage.watch({ since, signal })) {
        if (resume) since = event.id;
        yield event;
      }
      return;
    } catch (error) {
      if (signal?.aborted || !isStorageError(error) || final(error)) throw error;
      onInterrupted?.();
      // Events alone are no sign of health: each try may begin with one, and fail.
      if (performance.now() - asked >= MAX_DELAY) failures = 0;
      await pause(Math.random() * Math.min(MAX_DELAY, DELAY * 2 ** failures++), signal);
    }
  }
}
