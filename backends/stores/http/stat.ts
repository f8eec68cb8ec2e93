/**
 * {@linkcode lookAt}: what a server tells about a file without sending it.
 *
 * @module
 */

import { etagOf, lengthOf } from "./content.ts";
import type { HttpQuestion } from "./error.ts";
import { sizeAround, sizeBehind } from "./range.ts";
import { discard, type HttpSite } from "./site.ts";
import { timeOf } from "./told.ts";
import type { Stat } from "../store.ts";

/** What says that a server knows no HEAD. */
const NO_HEAD = [405, 501];

/**
 * Looks at what is at a path: with HEAD, or by its first byte where there is no HEAD.
 *
 * @param site Where.
 * @param question The path, and a signal.
 * @param trustWeak Whether weak etags are believed.
 * @returns What is there; a directory where the server redirects to one.
 */
export async function lookAt(site: HttpSite, question: HttpQuestion, trustWeak: boolean): Promise<Stat | "nothing"> {
  const url = site.urlOf(question.path);
  let answer = await site.ask(url, { ...question, method: "HEAD", accept: [200, ...NO_HEAD] });
  if (answer instanceof Response && answer.status !== 200) {
    await discard(answer, question);
    answer = await site.ask(url, { ...question, headers: { range: "bytes=0-0" }, accept: [200, 206, 416] });
  }
  if (answer === "nothing") return answer;
  if (answer === "directory") return { kind: "directory" };
  await discard(answer, question);
  const { status, headers } = answer;
  const size = status === 206 ? sizeAround(headers) : status === 416 ? sizeBehind(headers) : lengthOf(headers);
  // Packed, both are those of what is sent.
  const packed = headers.has("content-encoding");
  return {
    kind: "file",
    size: packed ? undefined : size,
    modified: timeOf(headers.get("last-modified")),
    etag: packed ? undefined : etagOf(headers, trustWeak),
  };
}
