/**
 * Listings: pages for people and other programs, lines for the client of this package.
 *
 * @module
 */

import { ENTRY_KIND, entryToJson, LINES } from "../../backends/stores/remote/wire.ts";
import type { Entry, ListOptions } from "../../backends/stores/store.ts";
import type { FileRequest } from "./served_backend.ts";

/** How many lines are sent together, and how long the first of them waits, in milliseconds. */
const LINES_TOGETHER = 512;
const LONGEST_WAIT = 50;

/** How many entries a page has if nobody says how many. */
const PAGE = 1000;

/** Sends the listing of a directory. */
export async function sendList(file: FileRequest): Promise<Response> {
  const { query } = file;
  const prefix = query.path("list");
  const options = { shallow: query.flag("shallow"), details: query.flag("details") };
  if (!(file.header("accept")?.includes(LINES) ?? false)) return await sendPage(file, prefix, options);
  const limit = query.count("limit");
  const after = query.after();
  const entries = file.served.need("list", prefix)(prefix, { ...options, after, limit });
  const body = ReadableStream.from(linesOf(file, entries)).pipeThrough(new TextEncoderStream());
  return file.answer(body, { "content-type": LINES, "cache-control": "no-store, no-transform" });
}

/** The last line tells how many there were: what ends otherwise was cut. */
async function* linesOf(file: FileRequest, entries: AsyncIterable<Entry>): AsyncGenerator<string> {
  let lines: string[] = [];
  let since = performance.now();
  let count = 0;
  try {
    for await (const entry of entries) {
      lines.push(JSON.stringify(entryToJson(entry)));
      count++;
      if (lines.length < LINES_TOGETHER && performance.now() - since < LONGEST_WAIT) continue;
      yield `${lines.join("\n")}\n`;
      lines = [];
      since = performance.now();
    }
    lines.push(JSON.stringify({ end: count }));
  } catch (error) {
    lines.push(JSON.stringify({ problem: file.problem(error) }));
  }
  yield `${lines.join("\n")}\n`;
}

/** Sends a page of a listing; `next` is there if more follow, and is what `after` takes. */
export async function sendPage(
  file: FileRequest,
  prefix: string,
  options: Pick<ListOptions, "shallow" | "details">,
): Promise<Response> {
  const { query, backend: { limits } } = file;
  const list = file.served.need("list", prefix);
  const limit = Math.min(limits.page, query.count("limit") ?? PAGE);
  const after = query.after();
  const found = await Array.fromAsync(list(prefix, { ...options, after, limit: limit + 1 }));
  const entries = found.slice(0, limit).map(entryToJson);
  const next = found.length > limit ? entries.at(-1)?.path : undefined;
  return file.json({ entries, ...(next !== undefined && { next }) }, { [ENTRY_KIND]: "directory" });
}
