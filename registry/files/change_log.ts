/**
 * {@linkcode ChangeLog}: the changes that were asked for lately, by their names, so that none is carried out twice, and that one whose answer was
 * lost can be told about.
 *
 * @module
 */

import type { ChangeResult, Outcome } from "../../backends/stores/remote/wire.ts";
import { problemOf } from "./file_problem.ts";

/** How many changes are remembered. */
const REMEMBERED = 16_384;

/** How long one who asks is kept waiting, in milliseconds. */
const WAIT = 1000;

/** How long a question may be on its way, in milliseconds. */
const TRAVEL = 10_000;

/** A change. */
interface Change {
  /** When it was first heard of. */
  readonly since: number;
  readonly controller: AbortController;
  readonly result: Promise<ChangeResult>;
  outcome: Outcome;
}

/** The changes of one server process. */
export class ChangeLog {
  readonly #changes = new Map<string, Change>();
  /** Of what was heard of before, not everything is remembered. */
  #forgotten = -Infinity;

  /**
   * Carries out a change, unless it was heard of before: then it answers what that did.
   *
   * @param id Its name; without, nothing is remembered.
   * @param work Does it; the signal stops it.
   */
  run(id: string | null, work: (signal: AbortSignal) => Promise<ChangeResult>): Promise<ChangeResult> {
    const known = id === null ? undefined : this.#changes.get(id);
    if (known !== undefined) return known.result;
    const controller = new AbortController();
    const result = work(controller.signal);
    if (id === null) return result;
    const change: Change = { since: performance.now(), controller, result, outcome: { state: "pending" } };
    this.#remember(id, change);
    result.then(
      (result) => change.outcome = { state: "done", result },
      (error) => change.outcome = { state: "failed", problem: problemOf(error) },
    );
    return result;
  }

  /**
   * What became of a change.
   *
   * @param id Its name.
   * @param age How long ago it was sent, in milliseconds.
   */
  look(id: string, age: number): Outcome {
    const known = this.#changes.get(id);
    if (known !== undefined) return known.outcome;
    // It may be on its way; or have been here so long ago that it is forgotten.
    return { state: performance.now() - age - TRAVEL > this.#forgotten ? "pending" : "unknown" };
  }

  /** What became of a change, which is stopped if it still can be; one that was never heard of never will be carried out. */
  async stop(id: string, age: number): Promise<Outcome> {
    const known = this.#changes.get(id);
    if (known === undefined) {
      const { state } = this.look(id, age);
      if (state === "unknown") return { state };
      const reason = new DOMException("the change was called off", "AbortError");
      const result = Promise.reject(reason);
      result.catch(() => {/* told to who sends it, if anybody does */});
      const controller = new AbortController();
      this.#remember(id, { since: performance.now(), controller, result, outcome: { state: "cancelled" } });
      return { state: "cancelled" };
    }
    known.controller.abort(new DOMException("the change was called off", "AbortError"));
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => timer = setTimeout(resolve, WAIT));
    const settled = known.result.then(() => {}, () => {});
    await Promise.race([settled, late]).finally(() => clearTimeout(timer));
    return known.outcome;
  }

  #remember(id: string, change: Change): void {
    this.#changes.set(id, change);
    if (this.#changes.size <= REMEMBERED) return;
    for (const [oldest, { since, outcome }] of this.#changes) {
      if (outcome.state === "pending") continue;
      this.#changes.delete(oldest);
      this.#forgotten = Math.max(this.#forgotten, since);
      return;
    }
  }
}
