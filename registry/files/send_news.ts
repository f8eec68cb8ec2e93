/**
 * {@linkcode sendNews}: what happens at a path, as server-sent events.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 *
 * @module
 */

import { HEARTBEAT, statToJson } from "../../backends/stores/remote/wire.ts";
import type { Stat } from "../../backends/stores/store.ts";
import { problemOf } from "./file_problem.ts";
import type { FileRequest } from "./served_backend.ts";

/**
 * Sends an event `stat` at once and after every change, with `null` where nothing is; an event `problem` if there will be none any more; and
 * a comment now and then, so that both ends see whether the other one is there.
 */
export function sendNews(file: FileRequest): Response {
  const path = file.query.path("watch");
  const watch = file.served.need("watch", path);
  const ending = new AbortController();
  const end = (): void => ending.abort(new DOMException("the server ends", "AbortError"));
  const outer = file.backend.signal;
  if (outer?.aborted) end();
  outer?.addEventListener("abort", end, { once: true });
  let heartbeat: ReturnType<typeof setInterval> | undefined;

  async function tell(controller: ReadableStreamDefaultController<string>): Promise<void> {
    heartbeat = setInterval(() => controller.enqueue(": still here\n\n"), HEARTBEAT);
    try {
      for await (const stat of watch(path, { signal: ending.signal })) controller.enqueue(eventOf(stat));
    } catch (error) {
      if (!ending.signal.aborted) controller.enqueue(`event: problem\ndata: ${JSON.stringify(problemOf(error))}\n\n`);
    } finally {
      stop();
    }
    try {
      controller.close();
    } catch { /* it was cancelled */ }
  }
  function stop(): void {
    clearInterval(heartbeat);
    outer?.removeEventListener("abort", end);
  }

  const body = new ReadableStream<string>({
    start(controller): void {
      tell(controller);
    },
    cancel(): void {
      stop();
      end();
    },
  });
  return file.answer(body.pipeThrough(new TextEncoderStream()), {
    "content-type": "text/event-stream",
    "cache-control": "no-store, no-transform",
  });
}

function eventOf(stat: Stat | undefined): string {
  return `event: stat\ndata: ${JSON.stringify(stat === undefined ? null : statToJson(stat))}\n\n`;
}
