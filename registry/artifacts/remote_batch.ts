/**
 * {@linkcode RemoteBatch}: many operations in one request.
 *
 * @module
 */

import { isStorageError } from "../../backends/errors.ts";
import { ArtifactError } from "./artifact_error.ts";
import type { BatchOperation, BatchOptions, BatchResult } from "./artifact_storage.ts";
import { checkBatch, notDone } from "./batch.ts";
import type { Exchange } from "./exchange.ts";
import { memberOf, partsOf } from "./json_source.ts";
import { batchError, errorOf } from "./problem_error.ts";
import { checkKey, checkWriteId } from "./wire.ts";

/** About how long the text of one request may be: a server takes 4 MiB, and a character may be three bytes. */
const MAX_TEXT = 1024 * 1024;

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
    for (let [rest, first] = [sent, true]; rest.length > 0; first = false) {
      const part = atomic ? rest : beginOf(rest);
      const body = `{"atomic":${atomic},"ops":[${part.map(operationText).join()}]}`;
      const conditional = part.some((operation) => isConditional(operation));
      const headers = { "write-id": writeId };
      try {
        const left = await exchange.ask(
          { method: "POST", path, headers, body, conditional, accept: atomic ? [412] : [], signal },
          (response, again) => this.#read(response, part, exchange, again),
        );
        rest = [...left, ...rest.slice(part.length)];
      } catch (error) {
        if (first || !isStorageError(error)) throw error;
        // What was done before it is to be told.
        for (const operation of rest) this.#results.set(operation, { op: "error", error });
        break;
      }
    }
    return this.#operations.map((operation) => this.#results.get(operation)!);
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
  ): Promise<Operation[]> {
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

/** As many of the operations as go into one request. */
function beginOf(operations: readonly Operation[]): readonly Operation[] {
  let [count, room] = [0, MAX_TEXT];
  for (const operation of operations) {
    room -= operation.key.length + (operation.op === "put" ? operation.value.length : 0);
    if (room < 0 && count > 0) break;
    count++;
  }
  return operations.slice(0, count);
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
