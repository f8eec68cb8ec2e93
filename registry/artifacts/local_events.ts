/**
 * {@linkcode LocalEvents}: the events of artifacts in memory.
 *
 * @module
 */

import type { ArtifactEvent, WatchArtifactsOptions } from "./artifact_storage.ts";
import { Inbox } from "./inbox.ts";

/** How many events are kept for who goes on after an interruption. */
const KEPT = 1000;

/** The last events, and who listens. */
export class LocalEvents {
  readonly #kept: ArtifactEvent[] = [];
  readonly #inboxes = new Set<Inbox<ArtifactEvent>>();
  #last = 0;

  /** Tells what happened. */
  tell(event: Omit<ArtifactEvent, "id">): void {
    const told = { ...event, id: String(++this.#last) };
    this.#kept.push(told);
    if (this.#kept.length > 2 * KEPT) this.#kept.splice(0, KEPT);
    for (const inbox of this.#inboxes) inbox.push(told);
  }

  /** See `ArtifactStorage.watch`. */
  async *watch({ since, signal }: WatchArtifactsOptions = {}): AsyncGenerator<ArtifactEvent, void> {
    signal?.throwIfAborted();
    const inbox = new Inbox<ArtifactEvent>();
    const stop = (): void => inbox.fail(signal!.reason);
    signal?.addEventListener("abort", stop, { once: true });
    this.#inboxes.add(inbox);
    try {
      yield* this.#begin(since);
      while (true) yield* await inbox.take() ?? [this.#reset()];
    } finally {
      this.#inboxes.delete(inbox);
      signal?.removeEventListener("abort", stop);
    }
  }

  /** What is told at once: what came after `since`, if that is still known. */
  #begin(since: string | undefined): ArtifactEvent[] {
    const from = since === undefined || !/^\d{1,15}$/.test(since) ? NaN : Number(since);
    const first = Number(this.#kept[0]?.id ?? this.#last + 1);
    if (!(from >= first - 1 && from <= this.#last)) return [this.#reset()];
    return this.#kept.slice(from - first + 1);
  }

  #reset(): ArtifactEvent {
    return { id: String(this.#last), kind: "reset" };
  }
}
