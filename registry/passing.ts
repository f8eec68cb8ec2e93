/**
 * {@linkcode passing}: a body on its way in or out, looked at as it passes.
 *
 * @module
 */

/** What is looked at. Every field is optional. */
export interface PassingOptions {
  /** Told how many bytes pass. */
  readonly counted?: ((bytes: number) => void) | undefined;
  /** Whether more may pass: asked before each piece. If not, the body ends without it. */
  readonly mayPass?: (() => boolean) | undefined;
  /** How long the source may pause, in milliseconds, and what the body fails with then. */
  readonly pause?: { readonly longest: number; readonly error: () => Error } | undefined;
  /** Told why the source failed. */
  readonly failed?: ((error: unknown) => void) | undefined;
  /** Called once, when the body is over, whoever ended it. */
  readonly onEnd?: (() => void) | undefined;
}

/**
 * The same body, looked at as it passes. Nothing is read ahead.
 *
 * @param source The body.
 * @param options What is looked at.
 * @returns The body; cancelling it cancels the source.
 */
export function passing(
  source: ReadableStream<Uint8Array>,
  options: PassingOptions,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const { counted, mayPass, pause, failed, onEnd } = options;
  const reader = source.getReader() as ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;
  let over = false;
  const end = (): void => {
    if (!over) onEnd?.();
    over = true;
  };
  const next = pause === undefined ? () => reader.read() : () => within(reader.read(), pause.longest, pause.error);
  return new ReadableStream({
    async pull(controller): Promise<void> {
      try {
        const { done, value } = await next();
        if (!done && mayPass?.() !== false) {
          counted?.(value.length);
          return controller.enqueue(value);
        }
        end();
        controller.close();
        if (!done) await reader.cancel();
      } catch (error) {
        if (!over) failed?.(error);
        end();
        controller.error(error);
        await reader.cancel(error).catch(() => {/* it has failed already */});
      }
    },
    async cancel(reason): Promise<void> {
      end();
      await reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
}

/** What is waited for, if it comes in time. */
async function within<T>(coming: Promise<T>, longest: number, error: () => Error): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => timer = setTimeout(() => reject(error()), longest));
  try {
    return await Promise.race([coming, late]);
  } finally {
    clearTimeout(timer);
  }
}
