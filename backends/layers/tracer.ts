/**
 * What `observed` needs of a tracer: the part of `@opentelemetry/api` that it calls, so that nobody must install it.
 *
 * @module
 */

/** A span of `@opentelemetry/api`. */
export interface Span {
  /** Notes something about the operation. */
  setAttribute(key: string, value: string | number): unknown;
  /** Says how it ended; 2 is an error. */
  setStatus(status: { code: number; message?: string }): unknown;
  /** Notes what was thrown. */
  recordException(exception: Error | string): void;
  /** Ends it. */
  end(): void;
}

/**
 * A tracer of `@opentelemetry/api`.
 *
 * @see {@link https://open-telemetry.github.io/opentelemetry-js/interfaces/_opentelemetry_api._opentelemetry_api.Tracer.html}
 */
export interface Tracer {
  /** Starts a span, a child of the active one. */
  startSpan(name: string): Span;
  /** Starts a span and calls `work` while it is the active one. */
  startActiveSpan<F extends (span: Span) => unknown>(name: string, work: F): ReturnType<F>;
}
