/**
 * The table, as Markdown.
 *
 * @module
 */

import type { Row } from "./row.ts";

const HEAD = ["work", "ours", "against", "theirs", "ratio", "spread", "goal", "verdict"] as const;

/** The rows as a table, its columns aligned. */
export function table(rows: readonly Row[]): string {
  const cells = rows.map((row) => [
    row.work,
    row.ours,
    row.peer,
    row.theirs,
    row.ratio,
    row.spread,
    row.goal,
    row.reached === undefined ? "" : row.reached ? "ok" : "**miss**",
  ]);
  const widths = HEAD.map((title, column) => Math.max(title.length, ...cells.map((line) => line[column]!.length)));
  const lines = [[...HEAD], widths.map((width) => "-".repeat(width)), ...cells];
  return lines.map((line) => `| ${line.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")} |`).join("\n");
}

/** How many goals there are, and how many are reached. */
export function summary(rows: readonly Row[]): string {
  const judged = rows.filter(({ reached }) => reached !== undefined);
  const missed = judged.filter(({ reached }) => !reached);
  const names = missed.map(({ work, peer, ratio }) => `${work} (${ratio || peer})`).join("; ");
  return `${judged.length - missed.length} of ${judged.length} goals reached${
    names === "" ? "." : `; missed: ${names}.`
  }`;
}

/** How the rows were made. */
export interface Making {
  /** What was typed. */
  readonly command: string;
  /** How long it took. */
  readonly seconds: number;
  /** The tasks that were not run. */
  readonly missing: readonly string[];
}

/** The whole report: the table, when and where it was made, and how to make it again. */
export function report(rows: readonly Row[], { command, seconds, missing }: Making): string {
  const { cpu, cores } = processor();
  const memory = (Deno.systemMemoryInfo().total / 2 ** 30).toFixed(0);
  return `# Benchmark results

Made by \`${command}\` in ${seconds.toFixed(0)} s on ${new Date().toISOString().slice(0, 10)}:
Deno ${Deno.version.deno} (V8 ${Deno.version.v8}), ${Deno.build.os} ${Deno.osRelease()} ${Deno.build.arch}, ${cores} cores (${cpu}), ${memory} GiB.

Ours and theirs are medians, measured in turn in one process; the ratio is that of the medians; the spread is the 10th to the
90th percentile of the ratios of neighbouring samples. Rows without a goal only inform.

\`raw\` is the hand-written program: temp file in the same directory, write, rename (and with \`full\` an fsync of the file and of the
directory); or open, fstat, read into one buffer. \`sync\` blocks the process meanwhile, \`async\` awaits every call, \`mixed\` awaits
the fsyncs and what is over 1 MiB and does the rest at once. The goal is against the fastest of them that does not keep a
server from serving: \`mixed\` with fsyncs or over 1 MiB, \`sync\` otherwise.

${table(rows)}

${summary(rows)}
${missing.length === 0 ? "" : `\nStopped before: ${missing.join("; ")}.\n`}`;
}

function processor(): { cpu: string; cores: number } {
  let cpu = Deno.build.arch as string;
  try {
    cpu = /model name\s*: (.*)/.exec(Deno.readTextFileSync("/proc/cpuinfo"))?.[1] ?? cpu;
  } catch {
    // Only Linux tells it so.
  }
  return { cpu, cores: navigator.hardwareConcurrency };
}
