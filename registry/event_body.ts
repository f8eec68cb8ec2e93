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
  /** What is asked for, and not sent yet: nothing, as long as nothing is known of it. */
  let asked: { outcome?: IteratorResult<string> | "failed" } | undefined;
  let wake: (() => void) | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let ended = false;
  const end = (): void => {
    clearTimeout(timer);
    if (!ended) options.onEnd();
    ended = true;
    wake?.();
  };
  const leave = async (): Promise<void> => {
    end();
    await iterator.return?.();
  };
  // One reaction an event: with one a heartbeat, a silent watcher would take more and more memory.
  const ask = (): NonNullable<typeof asked> => {
    const asking: NonNullable<typeof asked> = {};
    iterator.next().then((next) => asking.outcome = next, () => asking.outcome = "failed").then(() => wake?.());
    return asking;
  };
  return new ReadableStream<Uint8Array>({
    start(controller): void {
      controller.enqueue(HELLO);
    },
    async pull(controller): Promise<void> {
      asked ??= ask();
      if (asked.outcome === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve;
          timer = setTimeout(resolve, options.heartbeat);
        });
        clearTimeout(timer);
        wake = undefined;
      }
      if (ended) return;
      const { outcome } = asked;
      if (options.mayHear?.() === false) {
        controller.close();
        return await leave();
      }
      if (outcome === undefined) return controller.enqueue(HEARTBEAT);
      asked = undefined;
      if (outcome !== "failed" && !outcome.done) return controller.enqueue(encoder.encode(outcome.value));
      // After a failure the client asks again from the last event that it saw.
      end();
      controller.close();
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
