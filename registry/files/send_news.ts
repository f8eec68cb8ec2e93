/**
 * {@linkcode sendNews}: what happens at a path, as server-sent events.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 *
 * @module
 */

import { HEARTBEAT, statToJson } from "../../backends/stores/remote/wire.ts";
import { eventBody, eventText } from "../event_body.ts";
import type { FileRequest } from "./served_backend.ts";

/**
 * Sends an event `stat` at once and after every change, with `null` where nothing is; an event `problem` if there will be none any more; and
 * a comment now and then, so that both ends see whether the other one is there. A client that does not read is told the last of what it
 * has missed.
 */
export function sendNews(file: FileRequest): Response {
  const path = file.query.path("watch");
  const watch = file.served.need("watch", path);
  const ending = new AbortController();
  const { signal } = ending;
  const end = (): void => ending.abort(new DOMException("the server ends", "AbortError"));
  const outer = file.backend.signal;
  if (outer?.aborted) end();
  outer?.addEventListener("abort", end, { once: true });

  async function* news(): AsyncGenerator<string> {
    try {
      for await (const stat of watch(path, { signal })) {
        yield eventText("stat", stat === undefined ? null : statToJson(stat));
      }
    } catch (error) {
      if (!signal.aborted) yield eventText("problem", file.problem(error));
    }
  }

  const body = eventBody(news(), {
    heartbeat: HEARTBEAT,
    onEnd(): void {
      outer?.removeEventListener("abort", end);
      end();
    },
  });
  return file.answer(body, { "content-type": "text/event-stream", "cache-control": "no-store, no-transform" });
}
