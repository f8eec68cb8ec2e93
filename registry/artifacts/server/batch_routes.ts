/**
 * The route of batches: many operations in one request.
 *
 * @module
 */

import type { Hono } from "hono";
import { StorageError } from "../../../backends/errors.ts";
import type { ArtifactStorage, BatchOperation, BatchResult } from "../artifact_storage.ts";
import { memberOf, partsOf } from "../json_source.ts";
import { checkKey, MAX_BATCH } from "../wire.ts";
import { checkDepth, parseJson, readText } from "./body.ts";
import { checkValue } from "./entry_routes.ts";
import { problemOf, RequestError } from "./problem.ts";
import { json } from "./answer.ts";
import { type Call, type CallEnv, isAgain, namespaceOf, permit, type Service } from "./service.ts";

/** An operation that cannot be done. */
interface Unsound {
  readonly op: "unsound";
  readonly error: unknown;
}

/** An operation as it was sent. */
type Sent = BatchOperation<string> | Unsound;

/** An operation that changes something. */
type Change = Exclude<BatchOperation<string>, { op: "get" }>;

/** Adds the route. */
export function batchRoutes(app: Hono<CallEnv>, service: Service): void {
  app.post("/v1/namespaces/:namespace/batch", (call) => batch(call, service));
}

async function batch(call: Call, service: Service): Promise<Response> {
  const namespace = namespaceOf(call, "batch", "read");
  const { atomic, operations } = parseBatch(await readText(call, service, DEEPER), service.limits.maxDepth);
  const changes = operations.filter(({ op }) => op === "put" || op === "delete") as Change[];
  if (changes.length > 0) permit(call, namespace, "write");
  const artifacts = service.namespaces.open(namespace);
  const signal = call.env.signal;
  const answers = new Map<Sent, Answer>();
  for (const operation of operations) if (operation.op === "unsound") answers.set(operation, failure(operation.error));
  // What is only read is read first, and not all at once: together it may be more than there is room for.
  const gets = await readAll(artifacts, operations, service.limits.maxBody, signal);
  for (const [operation, answer] of gets) answers.set(operation, answer);
  const failed = [...answers.values()].some(({ status }) => status >= 400);
  if (atomic && failed) { for (const change of changes) answers.set(change, UNDONE); }
  else if (changes.length > 0) {
    const writeId = call.req.header("write-id");
    const results = await artifacts.batch(changes, { atomic, writeId, again: isAgain(call), signal });
    for (const [index, result] of results.entries()) answers.set(changes[index]!, answerOf(result));
  }
  const list = operations.map((operation) => answers.get(operation)!);
  const results = `"results":[${list.map(({ text }) => text).join()}]`;
  const refused = atomic ? list.find(({ status }) => status >= 400) : undefined;
  if (refused === undefined) return json(call.env, `{${results}}`);
  const { problem } = problemOf(
    new RequestError(412, "precondition-failed", "one operation failed, so nothing was changed"),
  );
  const headers = { "content-type": "application/problem+json" };
  return json(call.env, `${JSON.stringify(problem).slice(0, -1)},${results}}`, 412, headers);
}

/** What became of an operation, as it is told. */
interface Answer {
  readonly status: number;
  readonly text: string;
}

function answer(status: number, more: Readonly<Record<string, unknown>>): Answer {
  return { status, text: JSON.stringify({ status, ...more }) };
}

function failure(error: unknown): Answer {
  const { problem } = problemOf(error);
  return answer(problem.status, { problem });
}

const UNDONE = failure(
  new RequestError(412, "precondition-failed", "another operation failed, so nothing was changed"),
);

function answerOf(result: BatchResult<string>): Answer {
  switch (result.op) {
    case "put":
      return answer(result.created ? 201 : 200, { etag: result.etag, created: result.created });
    case "delete":
      if (result.deleted) return answer(204, {});
      return failure(new StorageError("not-found", "nothing is registered under this key"));
    case "get":
      return { status: 200, text: `{"status":200,"etag":${JSON.stringify(result.etag)},"value":${result.value}}` };
    case "error":
      return failure(result.error);
  }
}

async function readAll(
  artifacts: ArtifactStorage<string>,
  operations: readonly Sent[],
  maxBytes: number,
  signal: AbortSignal,
): Promise<Map<BatchOperation<string>, Answer>> {
  const answers = new Map<BatchOperation<string>, Answer>();
  let room = maxBytes;
  for (const operation of operations) {
    if (operation.op !== "get") continue;
    const [result] = room < 0 ? [TOO_MUCH] : await artifacts.batch([operation], { signal });
    const read = answerOf(result!);
    room -= read.text.length;
    answers.set(operation, read);
  }
  return answers;
}

const TOO_MUCH: BatchResult<string> = {
  op: "error",
  error: new RequestError(413, "invalid-argument", "the answer would be too large: ask for this one again"),
};

/** How much deeper than a value a batch may be: so that one that is too deep is told by itself. */
const DEEPER = 1000;

function parseBatch(text: string, maxDepth: number): { atomic: boolean; operations: Sent[] } {
  const { atomic = false, ops } = Object(parseJson(text)) as { atomic?: unknown; ops?: unknown };
  if (typeof atomic !== "boolean") throw wrong("atomic must be true or false");
  if (!Array.isArray(ops)) throw wrong("ops must be a list of operations");
  if (ops.length > MAX_BATCH) throw wrong(`a batch has at most ${MAX_BATCH} operations: these are ${ops.length}`);
  const sources = Array.from(partsOf(memberOf(text, "ops")!), (part) => part.text);
  return { atomic, operations: ops.map((op, index) => parseOperation(op, index, sources[index]!, maxDepth)) };
}

/** An operation; its value is kept as it was sent, as that of a single change is. */
function parseOperation(value: unknown, index: number, source: string, maxDepth: number): Sent {
  const { op, key, ifAbsent, ifMatch } = Object(value) as Record<string, unknown>;
  const place = `operation ${index}`;
  if (typeof key !== "string") throw wrong(`${place} needs a key`);
  if (ifMatch !== undefined && typeof ifMatch !== "string") throw wrong(`${place}: ifMatch must be an etag`);
  if (op === "get") return sound({ op, key });
  if (op === "delete") return sound({ op, key, ifMatch });
  if (op !== "put") throw wrong(`${place}: op must be "put", "delete" or "get"`);
  if (ifAbsent !== undefined && typeof ifAbsent !== "boolean") throw wrong(`${place}: ifAbsent must be true or false`);
  const json = memberOf(source, "value");
  if (json === undefined) throw wrong(`${place} needs a value`);
  return sound({ op, key, value: json, ifAbsent, ifMatch }, () => {
    checkDepth(json, maxDepth);
    checkValue(json);
  });
}

/** The operation, if nothing is wrong with its key and its value: what is, is its own fault, and not that of the others. */
function sound(operation: BatchOperation<string>, check?: () => void): Sent {
  try {
    checkKey(operation.key);
    check?.();
    return operation;
  } catch (error) {
    return { op: "unsound", error };
  }
}

function wrong(detail: string): RequestError {
  return new RequestError(400, "invalid-argument", detail);
}
