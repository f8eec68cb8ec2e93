/**
 * {@linkcode respond}: which request is answered by what.
 *
 * @module
 */

import { isStorageError, StorageError } from "../../backends/errors.ts";
import { type ChangeResult, quoteEtag, SERVER_ID, statToJson, WRITE_ID } from "../../backends/stores/remote/wire.ts";
import { operations, sendMany } from "./file_operations.ts";
import { RefusedRequest } from "./file_problem.ts";
import { conditionsOf } from "./preconditions.ts";
import { sendContent } from "./send_content.ts";
import { sendList } from "./send_list.ts";
import { sendNews } from "./send_news.ts";
import type { FileRequest } from "./served_backend.ts";
import { takeContent } from "./take_content.ts";

const ALLOW = "GET, HEAD, PUT, DELETE, POST";

/** Answers a request. */
export async function respond(file: FileRequest): Promise<Response> {
  const { request, query } = file;
  switch (request.method) {
    case "GET":
    case "HEAD":
      return await read(file);
    case "PUT":
      return await change(file, takeContent);
    case "DELETE":
      if (query.has("write")) return await settle(file);
      return await change(file, remove);
    case "POST":
      return await operate(file);
    default:
      throw new RefusedRequest([405, "Method Not Allowed"], "unsupported", `the methods here are ${ALLOW}`, {
        allow: ALLOW,
      });
  }
}

async function read(file: FileRequest): Promise<Response> {
  const { query, served, backend } = file;
  if (query.has("path")) return await sendContent(file);
  if (query.has("stat")) {
    const stat = await served.store.stat(query.path("stat"));
    return file.json(stat === undefined ? null : statToJson(stat));
  }
  if (query.has("list")) return await sendList(file);
  if (query.has("readlink")) {
    const target = await served.store.readSymlink?.(query.path("readlink"));
    return file.json({ target: target === undefined ? null : shown(target) });
  }
  if (query.has("watch")) return sendNews(file);
  if (query.has("write")) {
    checkServer(file);
    return file.json(backend.changes.look(query.text("write")!, query.count("age") ?? 0));
  }
  return file.json({ name: backend.name, members: served.members });
}

async function operate(file: FileRequest): Promise<Response> {
  const name = file.query.text("op");
  if (name === "readMany") return await sendMany(file);
  const operation = name !== undefined && Object.hasOwn(operations, name) ? operations[name]! : undefined;
  if (operation !== undefined) return await change(file, operation);
  const known = [...Object.keys(operations), "readMany"].join(", ");
  throw new StorageError("invalid-argument", `op must be one of ${known}`);
}

/** Carries out a change, once. */
async function change(
  file: FileRequest,
  work: (file: FileRequest, signal: AbortSignal) => Promise<ChangeResult>,
): Promise<Response> {
  checkServer(file);
  checkSite(file);
  const created = await creates(file);
  const running = file.backend.changes.run(file.header(WRITE_ID), (signal) => work(file, signal));
  const result = await running.catch((error) => {
    // Of a condition, the status tells that it is one.
    const conditional = file.header("if-none-match") !== null && isStorageError(error, "already-exists");
    if (!conditional) throw error;
    const refused = new RefusedRequest([412, "Precondition Failed"], error.code, error.detail);
    throw error.path === undefined ? refused : refused.at(error.path);
  });
  if (file.request.method === "POST") return file.json(result);
  const headers: Record<string, string> = result.etag === undefined ? {} : { etag: quoteEtag(result.etag) };
  return file.answer(null, headers, created ? 201 : 204);
}

/** Whether what is written will be new; who names the change does not ask. */
async function creates({ request, query, served }: FileRequest): Promise<boolean> {
  if (request.method !== "PUT") return false;
  if (request.headers.has("if-none-match")) return true;
  return !request.headers.has(WRITE_ID) && await served.store.stat(query.path("path")) === undefined;
}

/** Where a link leads. That it leads out is told, and not where to. */
function shown(target: string): string {
  return /^(?:\/|\.\.(?:\/|$))/.test(target) ? ".." : target;
}

/** What `DELETE` of a path does. */
async function remove(file: FileRequest, signal: AbortSignal): Promise<ChangeResult> {
  const path = file.query.path("path");
  const { store } = file.served;
  const remove = file.served.need("delete", path);
  const { ifAbsent, ifMatch } = await conditionsOf(file.request, store, path, { signal });
  if (ifAbsent) throw new StorageError("invalid-argument", "nothing that is absent can be deleted", { path });
  await remove(path, { ifMatch, signal });
  return {};
}

/** Tells what became of a change, and stops it if it still can be. */
async function settle(file: FileRequest): Promise<Response> {
  checkServer(file);
  const { query, backend } = file;
  return file.json(await backend.changes.stop(query.text("write")!, query.count("age") ?? 0));
}

/** Refuses what is meant for another server process. */
function checkServer(file: FileRequest): void {
  const meant = file.header(SERVER_ID);
  if (meant === null || meant === file.backend.serverId) return;
  throw new RefusedRequest([421, "Misdirected Request"], "busy", "it is meant for another server process");
}

/** Refuses changes that a page of another site has its reader's browser ask for. */
function checkSite(file: FileRequest): void {
  const site = file.header("sec-fetch-site");
  if (file.backend.allowCrossSite || site === null || site === "same-origin" || site === "none") return;
  throw new RefusedRequest([403, "Forbidden"], "permission-denied", "pages of other sites may not change files here");
}
