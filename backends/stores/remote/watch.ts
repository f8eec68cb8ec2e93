/**
 * {@linkcode newsFrom}: the news of a path, as a server sends them.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 *
 * @module
 */

import { cutShort } from "../http/error.ts";
import type { RemoteConnection } from "./connection.ts";
import { problemError } from "./error.ts";
import { HEARTBEAT, type Problem, statFromJson, type StatJson } from "./wire.ts";
import type { AbortOptions, Stat } from "../store.ts";

/** Watches, until the caller stops or the connection breaks. */
export async function* newsFrom(
  connection: RemoteConnection,
  path: string,
  { signal }: AbortOptions,
): AsyncGenerator<Stat | undefined> {
  const headers = { accept: "text/event-stream" };
  using answer = await connection.request({ query: { watch: path }, headers, path, signal });
  const reader = answer.response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    while (true) {
      answer.allow(HEARTBEAT + connection.timeout);
      const { done, value } = await reader.read();
      answer.allow(Infinity);
      if (done) throw cutShort(path);
      const messages = (rest + value).split("\n\n");
      rest = messages.pop()!;
      for (const message of messages) {
        const { event, data } = fieldsOf(message);
        if (event === "problem") throw problemError(JSON.parse(data!) as Problem, path);
        if (event !== "stat") continue; // a heartbeat
        const stat: StatJson | null = JSON.parse(data!);
        yield stat === null ? undefined : statFromJson(stat);
      }
    }
  } catch (error) {
    throw connection.bodyFailure(error, { path, signal: answer.signal });
  } finally {
    await reader.cancel().catch(() => {/* it has failed already */});
  }
}

function fieldsOf(message: string): { event?: string; data?: string } {
  return Object.fromEntries(
    message.split("\n").map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon), line.slice(colon + 1).trimStart()];
    }),
  );
}
