/**
 * Operations of many steps, a listing or a stream, where a layer does something around each step.
 *
 * @module
 */

/** What is done around the steps of one operation. */
export interface Steps {
  /** Does one step. */
  step<T>(step: () => Promise<T>): Promise<T>;
  /** Told of each chunk of a stream: its length. */
  moved?(bytes: number): void;
  /** Called once, after the last step: with what it failed with, if it failed. */
  end(error?: unknown): void;
}

/**
 * Yields what another iterable yields, each in a step.
 *
 * @typeParam T What is yielded.
 */
export async function* eachIn<T>(items: AsyncIterable<T>, steps: Steps): AsyncGenerator<T> {
  const iterator = items[Symbol.asyncIterator]();
  let done = false;
  let failure: unknown;
  try {
    while (true) {
      const result = await steps.step(() => iterator.next());
      if (result.done) {
        done = true;
        return;
      }
      yield result.value;
    }
  } catch (error) {
    failure = error;
    throw error;
  } finally {
    steps.end(failure);
    // Not waited for after a failure: an iterator that hangs would hang here too.
    if (failure !== undefined) iterator.return?.().catch(() => {/* the failure is what the caller sees */});
    else if (!done) await iterator.return?.();
  }
}

/** A stream to read from, whose every chunk is a step. */
export function readIn(stream: ReadableStream<Uint8Array>, steps: Steps): ReadableStream<Uint8Array> {
  const reader = stream.getReader();
  return new ReadableStream<Uint8Array>({
    async pull(controller): Promise<void> {
      try {
        const { done, value } = await steps.step(() => reader.read());
        if (!done) {
          steps.moved?.(value.length);
          return controller.enqueue(value);
        }
        steps.end();
        controller.close();
      } catch (error) {
        steps.end(error);
        reader.cancel(error).catch(() => {/* the failure is what the reader sees */});
        throw error;
      }
    },
    async cancel(reason): Promise<void> {
      steps.end();
      await reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
}

/** A stream to write to, whose every chunk, and whose closing, is a step. */
export function writeIn(stream: WritableStream<Uint8Array>, steps: Steps): WritableStream<Uint8Array> {
  const writer = stream.getWriter();
  let ended = false;
  function end(error?: unknown): void {
    if (ended) return;
    ended = true;
    steps.end(error);
  }
  async function run(step: () => Promise<void>): Promise<void> {
    try {
      await steps.step(step);
    } catch (error) {
      end(error);
      writer.abort(error).catch(() => {/* the failure is what the writer sees */});
      throw error;
    }
  }
  return new WritableStream<Uint8Array>({
    start(controller): void {
      writer.closed.catch((error) => {
        end(error);
        controller.error(error);
      });
    },
    async write(chunk): Promise<void> {
      await run(() => writer.write(chunk));
      steps.moved?.(chunk.length);
    },
    async close(): Promise<void> {
      await run(() => writer.close());
      end();
    },
    async abort(reason): Promise<void> {
      end(reason);
      await writer.abort(reason);
    },
  });
}

/**
 * A source of writes that tells when the store waits for it: then it is the caller who works.
 *
 * @typeParam T What is yielded.
 * @param source The source. A list is answered as it is: nobody waits for it.
 * @param pause Called before each wait.
 * @param resume Called after each wait.
 */
export function waitingFor<T>(
  source: Iterable<T> | AsyncIterable<T>,
  pause: () => void,
  resume: () => void | Promise<void>,
): Iterable<T> | AsyncIterable<T> {
  return Array.isArray(source) ? source as Iterable<T> : waited(source, pause, resume);
}

async function* waited<T>(
  source: Iterable<T> | AsyncIterable<T>,
  pause: () => void,
  resume: () => void | Promise<void>,
): AsyncGenerator<T> {
  const iterator = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  let done = false;
  try {
    while (true) {
      pause();
      let result: IteratorResult<T>;
      try {
        result = await iterator.next();
      } catch (error) {
        done = true;
        throw error;
      } finally {
        await resume();
      }
      if (result.done) {
        done = true;
        return;
      }
      yield result.value;
    }
  } finally {
    if (!done) await iterator.return?.();
  }
}
