/**
 * {@linkcode eventBody}: events as a body of `text/event-stream`.
 *
 * @module
 * @see {@link https://html.spec.whatwg.org/multipage/server-sent-events.html the format}
 */

/** Options of {@linkcode eventBody}. */
export interface EventBodyOptions {
  /** How long nothing may be said, in milliseconds: then a comment is sent, so that nobody on the way takes the line for dead. */
  readonly heartbeat: number;
  /**
   * Whether the client may be told more: asked before every event and every comment. If not, the body ends.
   *
   * @default {undefined} it always may
   */
  readonly mayHear?: (() => boolean) | undefined;
  /** Called once, when the body is over, whoever ended it. */
  readonly onEnd: () => void;
}

const encoder = new TextEncoder();
const HELLO = encoder.encode(": watching\n\n");
const HEARTBEAT = encoder.encode(": still here\n\n");

/**
 * Events as they are sent. Nothing is read ahead of the client: one that does not read costs one event.
 *
 * @param events What happens, as {@linkcode eventText} writes it.
 * @param options How often to say that nothing happens.
 * @returns The body; cancelling it stops the watching.
 */
export function eventBody(events: AsyncIterable<string>, options: EventBodyOptions): ReadableStream<Uint8Array> {
  const iterator = events[Symbol.asyncIterator]();
  let pending: Promise<IteratorResult<string>> | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let ended = false;
  const end = (): void => {
    clearTimeout(timer);
    if (!ended) options.onEnd();
    ended = true;
  };
  const leave = async (): Promise<void> => {
    end();
    pending?.catch(() => {/* nobody waits for it any more */});
    await iterator.return?.();
  };
  return new ReadableStream<Uint8Array>({
    start(controller): void {
      controller.enqueue(HELLO);
    },
    async pull(controller): Promise<void> {
      pending ??= iterator.next();
      const silence = new Promise<undefined>((resolve) =>
        timer = setTimeout(() => resolve(undefined), options.heartbeat)
      );
      try {
        const next = await Promise.race([pending, silence]);
        if (ended) return;
        if (options.mayHear?.() === false) {
          controller.close();
          return await leave();
        }
        if (next === undefined) return controller.enqueue(HEARTBEAT);
        pending = undefined;
        if (!next.done) return controller.enqueue(encoder.encode(next.value));
        end();
        controller.close();
      } catch {
        // The client asks again from the last event that it saw, and is told then what is wrong.
        end();
        controller.close();
      } finally {
        clearTimeout(timer);
      }
    },
    cancel: leave,
  }, { highWaterMark: 1 });
}

/**
 * One event as text.
 *
 * @param name What kind of event it is.
 * @param data JSON says the rest.
 * @param id Where to go on after an interruption; it has no line break.
 * @returns The text.
 */
export function eventText(name: string, data: unknown, id?: string): string {
  return `${id === undefined ? "" : `id: ${id}\n`}event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
