/**
 * {@linkcode StreamSender}: sends batches over connections that may break.
 *
 * @module
 */

import { isStorageError, StorageError } from "../errors.ts";
import { pause } from "../stores/pause.ts";
import type { BatchDraft } from "./batch_draft.ts";
import type { Connect } from "./connection.ts";
import { type QueuedBatch, SendQueue } from "./send_queue.ts";
import { SenderLink } from "./sender_link.ts";
import { type CheckedSenderOptions, checkSenderOptions, type SenderOptions } from "./sender_options.ts";

/**
 * Sends batches in order, each once as long as the receiver lives, over connections that are made when there is something to send
 * and replaced when they break.
 */
export class StreamSender {
  readonly #connect: Connect;
  readonly #options: CheckedSenderOptions;
  readonly #queue: SendQueue;
  readonly #session = crypto.randomUUID();
  readonly #end = new AbortController();
  #link: SenderLink | undefined;
  #running: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #failures = 0;
  #news = Promise.withResolvers<void>();

  /** Does nothing yet. */
  constructor(connect: Connect, options: SenderOptions = {}) {
    this.#connect = connect;
    this.#options = checkSenderOptions(options);
    const { maxQueuedBytes, maxQueuedBatches } = this.#options;
    this.#queue = new SendQueue({ bytes: maxQueuedBytes, batches: maxQueuedBatches }, () => this.#start());
  }

  /** What is on its way. */
  get queue(): Pick<SendQueue, "bytes" | "batches" | "waiting"> {
    return this.#queue;
  }

  /**
   * Sends a batch.
   *
   * @param make Takes the batch apart; not called if nothing can be sent any more.
   * @returns When the receiver has handled it.
   */
  async send(make: () => BatchDraft, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.#closing !== undefined) throw closed();
    await this.#queue.add(make(), signal);
  }

  /** When everything that was sent until now is acknowledged; rejects with the first failure of it. */
  async flush(): Promise<void> {
    await this.#queue.drained();
  }

  /** Waits until nothing is on its way, and closes; nothing is taken any more from now on. */
  async close(): Promise<void> {
    await (this.#closing ??= this.#close());
  }

  /** Closes at once: what is on its way fails with `closed`. */
  async abort(): Promise<void> {
    this.#end.abort(closed());
    this.#queue.fail(closed());
    this.#news.resolve();
    await this.#link?.close();
    await this.close();
  }

  async #close(): Promise<void> {
    // Whoever sent something is told how it went; closing goes on.
    await this.#queue.drained().catch(() => {});
    await this.#running;
    this.#link?.bye();
    this.#queue.release();
    await this.#drop();
  }

  /** Something is new: works until nothing is left to do. */
  #start(): void {
    this.#news.resolve();
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      if (this.#queue.batches.length > 0) this.#start();
    });
  }

  async #run(): Promise<void> {
    while (this.#queue.batches.length > 0) {
      try {
        if (this.#link?.failure !== undefined) await this.#drop();
        await this.#work(this.#link ??= await this.#open());
      } catch (error) {
        await this.#drop();
        await this.#recover(error);
      }
    }
  }

  async #open(): Promise<SenderLink> {
    const { connectTimeout, acknowledgeTimeout } = this.#options;
    const link = await SenderLink.open(
      this.#connect,
      { session: this.#session, first: this.#queue.first },
      {
        refused: (sequence, error) => this.#settle((batch) => batch.sequence === sequence, error),
        acknowledged: (sequence) => this.#settle((batch) => batch.sequence <= sequence),
        failed: () => this.#news.resolve(),
      },
      { connect: connectTimeout, acknowledge: acknowledgeTimeout },
      this.#end.signal,
    );
    for (const batch of [...this.#queue.batches]) {
      batch.sent = batch.sequence <= link.welcome.received;
      // What nobody waits for and did not arrive need not arrive.
      if (!batch.sent && batch.abandoned) this.#queue.settle(batch);
    }
    link.expect(this.#queue.batches.some(({ sent }) => sent));
    return link;
  }

  /** Sends and waits for answers until nothing is left, or the link fails. */
  async #work(link: SenderLink): Promise<void> {
    while (this.#queue.batches.length > 0) {
      if (link.failure !== undefined) throw link.failure;
      this.#news = Promise.withResolvers();
      const next = this.#queue.batches.find(({ sent }) => !sent);
      if (next !== undefined && !this.#isReady(next, link)) continue;
      if (next !== undefined && this.#mayBeSent(next, link)) {
        next.sent = true;
        await link.send(next.parts!);
      } else await this.#news.promise;
    }
  }

  /** Makes the frame of a batch, unless it cannot be sent at all. */
  #isReady(batch: QueuedBatch, { welcome }: SenderLink): boolean {
    try {
      batch.parts ??= batch.draft.frame(batch.sequence, this.#queue.first);
      batch.frameSize = batch.parts.reduce((sum, { length }) => sum + length, 0);
      if (batch.frameSize > welcome.frame) throw tooLarge(batch.frameSize, welcome.frame);
      return true;
    } catch (error) {
      this.#queue.settle(batch, error);
      return false;
    }
  }

  /** Whether the receiver has room for it. */
  #mayBeSent({ frameSize }: QueuedBatch, { welcome }: SenderLink): boolean {
    let count = 0;
    let bytes = frameSize;
    for (const batch of this.#queue.batches) {
      if (!batch.sent) break;
      count++;
      bytes += batch.frameSize;
    }
    return count === 0 || (count < welcome.batches && bytes <= welcome.bytes);
  }

  #settle(which: (batch: QueuedBatch) => boolean, error?: StorageError): void {
    for (const batch of this.#queue.batches.filter((batch) => batch.sent && which(batch))) {
      this.#failures = 0;
      this.#queue.settle(batch, error);
    }
    this.#link?.expect(this.#queue.batches[0]?.sent ?? false);
    this.#news.resolve();
  }

  /** After a failure: waits until it is time to try again, or gives up everything. */
  async #recover(error: unknown): Promise<void> {
    const { tries, delay, maxDelay, random } = this.#options;
    const hope = isStorageError(error) && error.retryable && !this.#end.signal.aborted;
    if (hope && ++this.#failures < tries) {
      const wait = random() * Math.min(maxDelay, delay * 2 ** (this.#failures - 1));
      // Who closes does not wait; the loop then finds nothing to do.
      return await pause(wait, this.#end.signal).catch(() => {});
    }
    const final = hope ? new StorageError("unavailable", gaveUp(error.detail, tries), { cause: error }) : error;
    this.#failures = 0;
    this.#queue.fail(final);
  }

  async #drop(): Promise<void> {
    const link = this.#link;
    this.#link = undefined;
    await link?.close();
  }
}

function closed(): StorageError {
  return new StorageError("closed", "the backend is closed");
}

function gaveUp(detail: string, tries: number): string {
  return `${detail} (gave up after ${tries} tries without an acknowledgement)`;
}

function tooLarge(size: number, most: number): StorageError {
  return new StorageError(
    "invalid-argument",
    `the batch has ${size} bytes, and the receiver takes ${most} at most; send fewer values at once, or raise its maxFrameBytes`,
  );
}
