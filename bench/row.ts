/**
 * {@linkcode Row}: a line of the table, and the tasks that make them.
 *
 * @module
 */

import { compare, type Comparison, type Contender, measure, type MeasureOptions } from "./measure.ts";

/** A line of the table. */
export interface Row {
  /** What was done. */
  readonly work: string;
  /** Ours, with its unit. */
  readonly ours: string;
  /** Who it is compared with. */
  readonly peer: string;
  /** Theirs, with its unit. */
  readonly theirs: string;
  /** How they compare. */
  readonly ratio: string;
  /** What is to be reached; `""` where a row only informs. */
  readonly goal: string;
  /** How far the rounds lie apart: from the 10th to the 90th percentile. */
  readonly spread: string;
  /** Whether it is reached; `undefined` where a row only informs. */
  readonly reached: boolean | undefined;
}

/** What the command line asks for. */
export interface RunOptions {
  /** Less of everything. */
  readonly quick: boolean;
  /** The directory for files. */
  readonly directory: string;
}

/** Something that makes rows. It is chosen by name. */
export interface Task {
  /** Its name. */
  readonly name: string;
  /** Makes the rows. */
  run(options: RunOptions): Promise<Row[]>;
}

/** A contender of whom nobody asks more than to be shown, unless it has a goal. */
export interface Rival extends Contender {
  /** The ratio that ours may have to it. */
  readonly goal?: number;
}

/** Measures ours and its rivals together; a row for each rival. */
export async function rival(
  work: string,
  ours: Contender,
  rivals: readonly Rival[],
  options: MeasureOptions,
): Promise<Row[]> {
  const [mine, ...others] = await measure([ours, ...rivals], options);
  return rivals.map((rival, index) => comparedRow(work, compare(mine!, others[index]!), rival));
}

function comparedRow(work: string, comparison: Comparison, { name, goal }: Rival): Row {
  const { ours, theirs, ratio, low, high } = comparison;
  return {
    work,
    ours: duration(ours),
    peer: name,
    theirs: duration(theirs),
    ratio: times(ratio),
    goal: goal === undefined ? "" : `≤ ${times(goal)}`,
    spread: `${low.toFixed(2)}–${high.toFixed(2)}`,
    reached: goal === undefined ? undefined : Number(ratio.toFixed(2)) <= goal,
  };
}

/** A ratio, as text. */
export function times(ratio: number): string {
  return `${ratio.toFixed(2)}×`;
}

/** A duration in nanoseconds, in the unit that suits it. */
export function duration(nanoseconds: number): string {
  if (nanoseconds < 1e3) return `${nanoseconds.toPrecision(3)} ns`;
  if (nanoseconds < 1e6) return `${(nanoseconds / 1e3).toPrecision(3)} µs`;
  return `${(nanoseconds / 1e6).toPrecision(3)} ms`;
}
