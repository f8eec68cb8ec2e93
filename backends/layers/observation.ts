/**
 * {@linkcode Observation}: one operation, as it is told to a span and to counters.
 *
 * @module
 */

import { isStorageError } from "../errors.ts";
import type { Store } from "../stores/store.ts";
import type { StoreCounters } from "./counters.ts";
import type { Steps } from "./steps.ts";
import type { Span } from "./tracer.ts";

const READING: ReadonlySet<keyof Store> = new Set(["read", "readMany", "openRead"]);

const STATUS_ERROR = 2;

/** One operation. */
export class Observation implements Steps {
  readonly #counters: StoreCounters;
  readonly #reading: boolean;
  readonly #span: Span | undefined;
  #bytes = 0;

  /** It begins. */
  constructor(counters: StoreCounters, method: keyof Store, span: Span | undefined, path: string | undefined) {
    this.#counters = counters;
    this.#reading = READING.has(method);
    this.#span = span;
    counters.called(method);
    if (path !== undefined) span?.setAttribute("store.path", path);
  }

  step<T>(step: () => Promise<T>): Promise<T> {
    return step();
  }

  /** Content went through. */
  moved(bytes: number): void {
    this.#bytes += bytes;
    if (this.#reading) this.#counters.bytesRead += bytes;
    else this.#counters.bytesWritten += bytes;
  }

  /** It ends. */
  end(error?: unknown): void {
    if (error !== undefined) this.#failed(error);
    if (this.#span === undefined) return;
    if (this.#bytes > 0) this.#span.setAttribute("store.bytes", this.#bytes);
    this.#span.end();
  }

  #failed(error: unknown): void {
    const code = isStorageError(error) ? error.code : "other";
    this.#counters.failed(code);
    if (this.#span === undefined) return;
    this.#span.setAttribute("error.type", code === "other" && error instanceof Error ? error.name : code);
    this.#span.recordException(error instanceof Error ? error : String(error));
    this.#span.setStatus({ code: STATUS_ERROR, message: error instanceof Error ? error.message : String(error) });
  }
}
