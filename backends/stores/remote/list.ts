/**
 * {@linkcode entriesFrom}: a listing that a server sends, a line for each entry.
 *
 * @module
 */

import { cutShort, wrongAnswer } from "../http/error.ts";
import type { RemoteConnection } from "./connection.ts";
import { problemError } from "./error.ts";
import { entryFromJson, type EntryJson, LINES, type Problem } from "./wire.ts";
import type { Entry, ListOptions } from "../store.ts";

/** A line: an entry, the end with the number of entries before, or what went wrong. */
type Line = EntryJson | { readonly end: number } | { readonly problem: Problem };

/** Lists, in one request however long the listing is. */
export async function* entriesFrom(
  connection: RemoteConnection,
  prefix: string,
  { shallow, after, limit, details, signal }: ListOptions,
): AsyncGenerator<Entry> {
  const query = {
    list: prefix,
    shallow: shallow ? 1 : undefined,
    details: details ? 1 : undefined,
    after,
    limit: limit === Infinity ? undefined : limit,
  };
  const path = prefix;
  using answer = await connection.request({ query, headers: { accept: LINES }, path, signal });
  const { body } = answer.response;
  if (body === null) throw wrongAnswer(path, "it sends no listing");
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let count = 0;
  try {
    while (true) {
      answer.allow(connection.timeout);
      const { done, value } = await reader.read();
      answer.allow(Infinity);
      if (done) throw cutShort(path);
      const lines = (rest + value).split("\n");
      rest = lines.pop()!;
      for (const text of lines) {
        signal?.throwIfAborted();
        const line: Line = JSON.parse(text);
        if ("problem" in line) throw problemError(line.problem, path);
        if ("end" in line) {
          if (line.end !== count) throw wrongAnswer(path, `it lists ${count} entries and counts ${line.end}`);
          return;
        }
        count++;
        yield entryFromJson(line);
      }
    }
  } catch (error) {
    throw connection.bodyFailure(error, { path, signal: answer.signal });
  } finally {
    await reader.cancel().catch(() => {/* it has failed already */});
  }
}
