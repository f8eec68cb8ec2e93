/**
 * {@linkcode SendQueue}: batches on their way, as many as there is room for.
 *
 * @module
 */

import type { BatchDraft } from "./batch_draft.ts";
import { BufferPool } from "./buffer_pool.ts";

/** The most memory that is kept for what comes next. */
const POOLED = 32 * 1024 * 1024;

/** How much a {@linkcode SendQueue} holds. */
export interface QueueLimits {
  /** The most bytes, unless it is one batch. */
  readonly bytes: number;
  /** The most batches. */
  readonly batches: number;
}

/** A batch in a {@linkcode SendQueue}. */
export class QueuedBatch {
  /** What is to be sent. */
  readonly draft: BatchDraft;
  /** Its bytes. */
  readonly size: number;
  /** Whether it was acknowledged. */
  readonly outcome: PromiseWithResolvers<void> = Promise.withResolvers();
  /** Its number; 0 as long as it waits for room. */
  sequence = 0;
  /** Whether it was sent over the connection at hand, or came over an earlier one. */
  sent = false;
  /** Whether its sender does not care any more. */
  abandoned = false;
  /** Its frame, once it has been made. */
  parts: readonly Uint8Array<ArrayBuffer>[] | undefined;
  /** The bytes of the frame; 0 before. */
  frameSize = 0;
  /** Called when it is settled. */
  release: () => void = () => {};

  /** A batch that waits for room. */
  constructor(draft: BatchDraft) {
    this.draft = draft;
    this.size = draft.size;
  }
}

/**
 * Batches on their way, in order: those that wait to be sent and those that wait to be acknowledged. It holds so many bytes and so
 * many batches; what comes when it is full waits in line, and is the caller's until there is room.
 */
export class SendQueue {
  readonly #limits: QueueLimits;
  readonly #admitted: () => void;
  readonly #pool: BufferPool;
  readonly #batches: QueuedBatch[] = [];
  readonly #line: QueuedBatch[] = [];
  #bytes = 0;
  #sequence = 0;

  /**
   * @param limits How much it holds.
   * @param admitted Called when there is something new to send.
   */
  constructor(limits: QueueLimits, admitted: () => void) {
    this.#limits = limits;
    this.#admitted = admitted;
    this.#pool = new BufferPool(Math.min(limits.bytes, POOLED));
  }

  /** What is on its way, in order. */
  get batches(): readonly QueuedBatch[] {
    return this.#batches;
  }

  /** How many bytes are on their way. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How many wait for room. */
  get waiting(): number {
    return this.#line.length;
  }

  /** The number of the first batch that is not settled, or of the next. */
  get first(): number {
    return this.#batches[0]?.sequence ?? this.#sequence + 1;
  }

  /**
   * Puts a batch at the end.
   *
   * @returns When it is acknowledged.
   */
  add(draft: BatchDraft, signal?: AbortSignal): Promise<void> {
    const batch = new QueuedBatch(draft);
    if (signal !== undefined) {
      const abort = (): void => this.#abort(batch, signal.reason);
      signal.addEventListener("abort", abort, { once: true });
      batch.release = () => signal.removeEventListener("abort", abort);
    }
    this.#line.push(batch);
    this.#admit();
    return batch.outcome.promise;
  }

  /** Takes out a batch that is settled: acknowledged, or failed with an error. */
  settle(batch: QueuedBatch, error?: unknown): void {
    this.#batches.splice(this.#batches.indexOf(batch), 1);
    this.#bytes -= batch.size;
    // What failed may still be on its way into the socket.
    if (error === undefined && batch.parts !== undefined) this.#pool.give(batch.parts);
    end(batch, error);
    this.#admit();
  }

  /** Takes out everything. */
  fail(error: unknown): void {
    const all = [...this.#batches.splice(0), ...this.#line.splice(0)];
    this.#bytes = 0;
    for (const batch of all) end(batch, error);
  }

  /** When everything that is here now is settled; rejects if something of it failed, other than by being aborted. */
  async drained(): Promise<void> {
    const all = [...this.#batches, ...this.#line].filter(({ abandoned }) => !abandoned);
    const outcomes = await Promise.allSettled(all.map(({ outcome }) => outcome.promise));
    for (const [index, outcome] of outcomes.entries()) {
      if (outcome.status === "rejected" && !all[index]!.abandoned) throw outcome.reason;
    }
  }

  /** Gives back the memory that is kept for what comes next. */
  release(): void {
    this.#pool.clear();
  }

  #admit(): void {
    let some = false;
    while (this.#line.length > 0 && this.#hasRoom(this.#line[0]!)) {
      const batch = this.#line.shift()!;
      try {
        batch.draft.take(this.#pool);
      } catch (error) {
        end(batch, error);
        continue;
      }
      batch.sequence = ++this.#sequence;
      this.#batches.push(batch);
      this.#bytes += batch.size;
      some = true;
    }
    if (some) this.#admitted();
  }

  #hasRoom({ size }: QueuedBatch): boolean {
    if (this.#batches.length === 0) return true;
    return this.#batches.length < this.#limits.batches && this.#bytes + size <= this.#limits.bytes;
  }

  /** What has not begun to be sent is taken out; what has is not recalled, but nobody waits for it. */
  #abort(batch: QueuedBatch, reason: unknown): void {
    batch.abandoned = true;
    if (batch.sent) return end(batch, reason);
    if (batch.sequence > 0) return this.settle(batch, reason);
    this.#line.splice(this.#line.indexOf(batch), 1);
    end(batch, reason);
    // The next in line may be smaller.
    this.#admit();
  }
}

function end(batch: QueuedBatch, error: unknown): void {
  batch.release();
  batch.parts = undefined;
  if (error === undefined) batch.outcome.resolve();
  else batch.outcome.reject(error);
}
