/**
 * {@linkcode Place}: somewhere that bytes are kept, and the same work for each of them.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { Contender, MeasureOptions } from "./measure.ts";
import { randomBuffers, sizeText } from "./random.ts";
import { rival, type Row, type RunOptions, type Task } from "./row.ts";

/** Somewhere that bytes are kept. What it does at once it need not promise. */
export interface Place {
  /** What it is called in the table. */
  readonly name: string;
  /** What ours may take of what it takes; nothing where it only informs. */
  readonly goal?: number | undefined;
  /** Keeps bytes, replacing what is there. */
  save(path: string, bytes: Uint8Array): void | Promise<unknown>;
  /** Gives them back. */
  load(path: string): unknown;
  /** Keeps many. */
  saveAll(paths: readonly string[], buffers: readonly Uint8Array[]): void | Promise<unknown>;
  /** Gives them back, in order. */
  loadAll(paths: readonly string[]): unknown;
  /** Lets go of what it opened. */
  close(): void | Promise<void>;
}

/** Ours first, then whom it is held against, each in a place of its own. */
export type OpenPlaces = (options: RunOptions) => Promise<Place[]>;

/** Some work at places. */
export interface Job {
  /** Name of the row. */
  readonly name: string;
  /** How large each file is. */
  readonly size: number;
  /** How many files: 1 for one at a time, in turn. */
  readonly batch: number;
  /** What is done. */
  readonly operation: "save" | "load";
  /** Whether each sample goes into a directory that is new. */
  readonly fresh?: boolean;
}

/** Files that are saved and loaded one at a time, in turn. */
const IN_TURN = 16;

/** Work at places as a task. */
export function placeTask(job: Job, open: OpenPlaces): Task {
  return {
    name: job.name,
    async run(options: RunOptions): Promise<Row[]> {
      const places = await open(options);
      try {
        const files = filesOf(job);
        for (const place of places) await check(place, files, job.batch > 1);
        const [ours, ...others] = places.map((place) => contenderOf(job, place, files));
        const rivals = others.map((contender, index) => {
          const { goal } = places[index + 1]!;
          return goal === undefined ? contender : { ...contender, goal };
        });
        return await rival(job.name, ours!, rivals, budgetOf(job, options));
      } finally {
        for (const place of places) await place.close();
      }
    },
  };
}

/** A name for a job. */
export function jobName(engine: string, { operation, size, batch, fresh }: Omit<Job, "name">): string {
  const many = batch > 1 ? ` batch of ${batch}` : "";
  return `${engine} ${operation}${many}${batch > 1 ? "," : ""} ${sizeText(size)}${fresh ? ", new directory" : ""}`;
}

interface Files {
  readonly paths: readonly string[];
  readonly buffers: readonly Uint8Array[];
}

function filesOf({ size, batch }: Job): Files {
  const distinct = randomBuffers(size > 1024 * 1024 ? 2 : IN_TURN, size);
  const length = batch > 1 ? batch : distinct.length;
  const names = Array.from({ length }, (_, index) => `dir/file${index}`);
  return { paths: names, buffers: names.map((_, index) => distinct[index % distinct.length]!) };
}

async function check(place: Place, { paths, buffers }: Files, batch: boolean): Promise<void> {
  if (batch) await place.saveAll(paths, buffers);
  else for (const [index, path] of paths.entries()) await place.save(path, buffers[index]!);
  const loaded = batch ? await place.loadAll(paths) as unknown[] : [];
  for (const [index, path] of paths.entries()) {
    const bytes = batch ? loaded[index] : await place.load(path);
    assert(bytes instanceof Uint8Array, `${place.name} gave back ${typeof bytes}`);
    assert.equal(Buffer.compare(bytes, buffers[index]!), 0, `${place.name}, ${path}`);
  }
}

function contenderOf({ operation, batch, fresh }: Job, place: Place, { paths, buffers }: Files): Contender {
  let next = 0;
  let round = 0;
  // Each time other bytes: SQLite does not write a page that would stay as it is.
  const turned = buffers.map((_, turn) => [...buffers.slice(turn), ...buffers.slice(0, turn)]).slice(0, IN_TURN);
  const many = (): unknown => {
    if (operation === "load") return place.loadAll(paths);
    const contents = turned[++round % turned.length]!;
    return place.saveAll(fresh ? paths.map((path) => `new${round}/${path}`) : paths, contents);
  };
  const one = (): unknown => {
    const index = next++ % paths.length;
    if (operation === "load") return place.load(paths[index]!);
    if (index === 0) round++;
    return place.save(paths[index]!, buffers[(index + round) % buffers.length]!);
  };
  const work = batch > 1 ? many : one;
  return {
    name: place.name,
    async work(count): Promise<void> {
      for (; count > 0; count--) {
        const working = work();
        if (working instanceof Promise) await working;
      }
    },
  };
}

function budgetOf({ size, batch }: Job, { quick }: RunOptions): MeasureOptions {
  const large = size * batch > 64 * 1024 * 1024;
  return { budget: quick ? 300 : large ? 10_000 : 2500, maxCount: 1000, minRounds: quick || large ? 3 : 9 };
}
