/**
 * {@linkcode follow}: events that go on after an interruption.
 *
 * @module
 */

import { isStorageError } from "../../backends/errors.ts";
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
  { since, signal, resume = true, onInterrupted }: FollowOptions = {},
): AsyncGenerator<ArtifactEvent, void> {
  let failures = 0;
  while (true) {
    try {
      for await (const event of storage.watch({ since, signal })) {
        failures = 0;
        if (resume) since = event.id;
        yield event;
      }
      return;
    } catch (error) {
      if (!isStorageError(error) || !error.retryable) throw error;
      onInterrupted?.();
      await pause(Math.random() * Math.min(MAX_DELAY, DELAY * 2 ** failures++), signal);
    }
  }
}
