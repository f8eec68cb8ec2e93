/**
 * {@linkcode RemoteBatch}: many operations in one request.
 *
 * @module
 */

import { isStorageError, type StorageError } from "../../backends/errors.ts";
import { ArtifactError } from "./artifact_error.ts";
import type { BatchOperation, BatchOptions, BatchResult } from "./artifact_storage.ts";
import { checkBatch, notDone } from "./batch.ts";
import type { Exchange } from "./exchange.ts";
import { memberOf, partsOf } from "./json_source.ts";
import { batchError, errorOf } from "./problem_error.ts";
import { checkKey, checkWriteId } from "./wire.ts";

/** About how long the text of one request may be: a server takes 4 MiB, and a character may be three bytes. */
const MAX_TEXT = 1024 * 1024;

/** How often a server may refuse, before it takes anything: then it is not asked any more. */
const MAX_REFUSALS = 100;

type Operation = BatchOperation<string>;
type Result = BatchResult<string>;

/** One batch. */
export class RemoteBatch {
  readonly #operations: readonly Operation[];
  readonly #options: BatchOptions;
  readonly #results = new Map<Operation, Result>();

  /**
   * @param operations What is to be done.
   * @param options Whether it is all or nothing.
   * @throws {StorageError} See `ArtifactStorage.batch`.
   */
  constructor(operations: readonly Operation[], options: BatchOptions = {}) {
    checkBatch(operations, options.atomic ?? false);
    checkWriteId(options.writeId);
    this.#operations = operations;
    this.#options = options;
  }

  /**
   * Does it.
   *
   * @param exchange Talks to the server.
   * @param path Where batches are sent.
   * @returns The results, in order.
   */
  async run(exchange: Exchange, path: string): Promise<Result[]> {
    const { atomic = false, writeId = crypto.randomUUID(), signal } = this.#options;
    signal?.throwIfAborted();
    let sent = this.#operations.filter((operation) => this.#isSound(operation));
    if (atomic && sent.length < this.#operations.length) {
      for (const { key, op } of sent) {
        if (op !== "get") this.#results.set(this.#named(key), { op: "error", error: notDone(key) });
      }
      sent = sent.filter(({ op }) => op === "get");
    }
    const queue = atomic ? [sent] : requestsOf(sent);
    let answered = false;
    let refusals = 0;
    for (let part = queue.shift(); part !== undefined; part = queue.shift()) {
      if (part.length === 0) continue;
      const body = `{"atomic":${atomic},"ops":[${part.map(operationText).join()}]}`;
      const conditional = part.some((operation) => isConditional(operation));
      const headers = { "write-id": writeId };
      try {
        const call = { method: "POST", path, headers, body, conditional, accept: atomic ? [412] : [], signal };
        const ask = part;
        const left = await exchange.ask(call, (response, again) => this.#read(response, ask, exchange, again));
        if (left.length > 0) queue.unshift(left);
        answered = true;
      } catch (error) {
        if (!isStorageError(error)) throw error;
        const refused = isStorageError(error, "invalid-argument", "invalid-value");
        if (refused && !answered && ++refusals > MAX_REFUSALS) {
          // It is not for the sake of one of them.
          for (const rest of [part, ...queue.splice(0)]) this.#fail(rest, error);
        } else if (refused && part.length > 1 && !atomic) {
          // Nothing was done, for the sake of one of them.
          queue.unshift(part.slice(0, part.length >> 1), part.slice(part.length >> 1));
        } else if (refused || (isLarge(part) && queue.length > 0 && error.code === "unavailable")) {
          // Who sends too much may be hung up on before the refusal is read: the next request tells whether the server is there.
          this.#fail(part, error);
        } else if (!answered) throw error;
        else {
          // What was done before it is to be told.
          for (const rest of [part, ...queue.splice(0)]) this.#fail(rest, error);
        }
      }
    }
    return this.#operations.map((operation) => this.#results.get(operation)!);
  }

  #fail(operations: readonly Operation[], error: StorageError): void {
    if (operations.length === 1) error.within({ path: operations[0]!.key });
    for (const operation of operations) this.#results.set(operation, { op: "error", error });
  }

  #named(key: string): Operation {
    return this.#operations.find((operation) => operation.key === key)!;
  }

  #isSound(operation: Operation): boolean {
    try {
      checkKey(operation.key);
      return true;
    } catch (error) {
      this.#results.set(operation, { op: "error", error: error as ArtifactError });
      return false;
    }
  }

  /** Reads the results; answers the operations of which there was no room for one. */
  async #read(
    response: Response,
    sent: readonly Operation[],
    exchange: Exchange,
    again: boolean,
  ): Promise<readonly Operation[]> {
    const text = await response.text();
    let results: unknown;
    try {
      ({ results } = Object(JSON.parse(text)));
    } catch (cause) {
      throw exchange.nonsense(undefined, cause);
    }
    if (!Array.isArray(results) || results.length !== sent.length) {
      if (response.ok) throw exchange.nonsense(undefined);
      throw await errorOf(new Response(text, response), exchange.base, undefined);
    }
    // Values as they are written: what is parsed and written again has lost what a double cannot hold.
    const sources = sent.some(({ op }) => op === "get")
      ? Array.from(partsOf(memberOf(text, "results")!), (part) => part.text)
      : [];
    const hasNoRoom = ({ op }: Operation, index: number): boolean =>
      op === "get" && Object(results[index]).status === 413;
    // A server that has room for none is not asked again.
    const left = new Set(sent.every(hasNoRoom) ? [] : sent.filter(hasNoRoom));
    for (const [index, operation] of sent.entries()) {
      if (left.has(operation)) continue;
      const result = resultOf(operation, Object(results[index]), sources[index] ?? "");
      if (result === undefined) throw exchange.nonsense(operation.key);
      this.#results.set(operation, again ? afterDoubt(operation, result) : result);
    }
    return [...left];
  }
}

/** The operations, as many together as go into one request. */
function requestsOf(operations: readonly Operation[]): (readonly Operation[])[] {
  const requests: (readonly Operation[])[] = [];
  let [part, room]: [Operation[], number] = [[], 0];
  for (const operation of operations) {
    room -= lengthOf(operation);
    if (room < 0) {
      requests.push(part = []);
      room = MAX_TEXT - lengthOf(operation);
    }
    part.push(operation);
  }
  return requests;
}

function lengthOf(operation: Operation): number {
  return operation.key.length + (operation.op === "put" ? operation.value.length : 0);
}

/** Whether it is one that fills a request. */
function isLarge([operation, ...others]: readonly Operation[]): boolean {
  return operation !== undefined && others.length === 0 && lengthOf(operation) > MAX_TEXT;
}

/** The text of an operation; the value is JSON text already. */
function operationText(operation: Operation): string {
  if (operation.op !== "put") return JSON.stringify(operation);
  const { value, ...rest } = operation;
  return `${JSON.stringify(rest).slice(0, -1)},"value":${value}}`;
}

/** Whether it may be broken by itself. */
function isConditional(operation: Operation): boolean {
  if (operation.op === "get") return false;
  return operation.op === "delete" || operation.ifMatch !== undefined || operation.ifAbsent === true;
}

/** What a result says of an operation that an earlier try may have done already. */
function afterDoubt(operation: Operation, result: Result): Result {
  if (result.op === "delete") return { op: "delete", deleted: true };
  if (result.op !== "error" || !isStorageError(result.error, "already-exists", "precondition-failed")) return result;
  const detail = "the outcome is not known: an answer was lost, and the condition does not hold now; " +
    "look before you try again";
  return { op: "error", error: new ArtifactError("unavailable", detail, { path: operation.key, cause: result.error }) };
}

function resultOf({ op, key }: Operation, result: Record<string, unknown>, source: string): Result | undefined {
  const { status, etag, created, problem } = result;
  if (op === "delete" && (status === 204 || status === 404)) return { op, deleted: status === 204 };
  if (typeof status !== "number") return undefined;
  if (status >= 400) return { op: "error", error: batchError(problem, key) };
  if (typeof etag !== "string") return undefined;
  if (op === "get") {
    const value = memberOf(source, "value");
    return value === undefined ? undefined : { op, etag, value };
  }
  return op === "put" && typeof created === "boolean" ? { op, etag, created } : undefined;
}
