/**
 * {@linkcode ConnectedBackend}: what the streaming backends that send over a connection have in common.
 *
 * @module
 */

import type { SaveOptions, SaveResult } from "../data_source.ts";
import { inContext, StorageError } from "../errors.ts";
import { StreamingBackend, type StreamingOptions } from "../streaming.ts";
import { BatchDraft, type BatchOptions } from "./batch_draft.ts";
import type { Connect } from "./connection.ts";
import { StreamSender } from "./sender.ts";
import type { SenderOptions } from "./sender_options.ts";

/** Options of {@linkcode ConnectedBackend}. */
export interface ConnectedBackendOptions extends StreamingOptions, SenderOptions {
  /**
   * The suffixes that are sent, with or without the dot, compound ones such as `.roi.zip` too; the rest is skipped.
   *
   * @default {undefined} all
   */
  extensions?: Iterable<string> | undefined;
}

/** Options of {@linkcode ConnectedBackend.save}. `ifMatch` is refused: there is nothing to match. */
export interface StreamSaveOptions extends SaveOptions, BatchOptions {}

/**
 * Sends values over a connection; extend it for connections of another kind.
 *
 * A call resolves when the receiver has handled its batch. Who does not wait fills a queue of so many bytes and batches; when it is
 * full, calls wait for room. A value is copied when it enters the queue, or given away with `transfer`: until there was room for it,
 * the latest being when the call settles, it must not be changed.
 *
 * Batches arrive in the order of the calls, each once as long as the receiver lives, over as many connections as it takes. The first
 * is made by the first call.
 *
 * A call that is aborted rejects at once. What has not begun to be sent by then is not sent; what has may still be handled.
 */
export abstract class ConnectedBackend extends StreamingBackend {
  readonly #sender: StreamSender;
  readonly #extensions: ReadonlySet<string> | undefined;

  /**
   * Creates a backend; nothing is connected yet.
   *
   * @param connect Makes a connection, as often as one is needed.
   * @param options What is sent, how much is held, how long it tries.
   * @throws {StorageError} `invalid-argument` if an option is not what it should be.
   */
  constructor(connect: Connect, options: ConnectedBackendOptions = {}) {
    super(options);
    this.#sender = new StreamSender(connect, options);
    this.#extensions = options.extensions && new Set(Array.from(options.extensions, suffix));
  }

  /** The suffixes it sends; `undefined` for all. */
  override get supportedExtensions(): ReadonlySet<string> | undefined {
    return this.#extensions;
  }

  /** How many bytes are on their way: queued, or not yet acknowledged. */
  get queuedBytes(): number {
    return this.#sender.queue.bytes;
  }

  /** How many batches are on their way. */
  get queuedBatches(): number {
    return this.#sender.queue.batches.length;
  }

  /**
   * Sends one value.
   *
   * @throws {StorageError} What `saveBatch` throws.
   */
  override async save(data: unknown, path: string, options?: StreamSaveOptions): Promise<SaveResult> {
    try {
      return await super.save(data, path, options);
    } catch (error) {
      throw inContext(error, { operation: "save", path });
    }
  }

  /**
   * Sends values as one batch; what is not among the `extensions`, or empty, is skipped and told to `onSkipped`.
   *
   * @returns One result for each that was sent, when the receiver has handled them.
   * @throws {StorageError} `unavailable` if nobody answered: what became of the batch is not known if it was sent; `invalid-value`,
   * `invalid-path`, `invalid-argument`, `closed`; and what the receiver's handler throws, by its code (`io` if it has none).
   */
  override async saveBatch(
    data: readonly unknown[],
    paths: readonly string[],
    options?: StreamSaveOptions,
  ): Promise<SaveResult[]> {
    try {
      return await super.saveBatch(data, paths, options);
    } catch (error) {
      throw inContext(error, { operation: "save" });
    }
  }

  /** Puts a batch into the queue. */
  protected override async sendBatch(
    data: readonly unknown[],
    paths: readonly string[],
    options: StreamSaveOptions = {},
  ): Promise<SaveResult[]> {
    options.signal?.throwIfAborted();
    if (options.ifMatch !== undefined) {
      throw new StorageError("unsupported", "a stream keeps nothing that ifMatch could be held against");
    }
    await this.#sender.send(() => new BatchDraft(data, paths, options), options.signal);
    return paths.map(() => ({}));
  }

  /** Resolves when everything that was saved until now is acknowledged; rejects with the first failure of it. */
  async flush(): Promise<void> {
    try {
      await this.#sender.flush();
    } catch (error) {
      throw inContext(error, { operation: "flush" });
    }
  }

  /** Takes nothing more, waits until everything on its way is acknowledged or has failed (its own call tells), and closes. */
  override async close(): Promise<void> {
    await this.#sender.close();
  }

  /** Closes at once: what is on its way fails with `closed`; what was sent may still be handled. */
  async abort(): Promise<void> {
    await this.#sender.abort();
  }
}

function suffix(extension: string): string {
  return (extension.startsWith(".") ? extension : `.${extension}`).toLowerCase();
}
