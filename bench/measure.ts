/**
 * Measuring contenders side by side: one sample of each in turn, many times, so that what disturbs the machine disturbs
 * all of them alike.
 *
 * @module
 */

/** Does something `count` times. It loops itself, so that a synchronous contender pays for no `await`. */
export type Work = (count: number) => void | Promise<void>;

/** One way to do the work. */
export interface Contender {
  /** What it is called in the table. */
  readonly name: string;
  /** The work that is timed. */
  readonly work: Work;
  /** What must be there before a sample of so many; not timed. */
  readonly before?: Work;
}

/** Options of {@linkcode measure}. */
export interface MeasureOptions {
  /** How long all rounds together should take, in milliseconds. */
  readonly budget: number;
  /** How long the sample of the fastest contender should take, in milliseconds. */
  readonly sample?: number;
  /** The most repetitions in a sample. */
  readonly maxCount?: number;
  /** The fewest rounds, whatever they take. */
  readonly minRounds?: number;
  /** The most rounds. */
  readonly maxRounds?: number;
}

/** Nanoseconds per repetition: one number per round. */
export type Samples = readonly number[];

/** How two contenders compare. */
export interface Comparison {
  /** Median of ours, in nanoseconds. */
  readonly ours: number;
  /** Median of theirs, in nanoseconds. */
  readonly theirs: number;
  /** Ratio of the medians. */
  readonly ratio: number;
  /** The 10th percentile of the ratios of the pairs. */
  readonly low: number;
  /** The 90th percentile. */
  readonly high: number;
}

/**
 * Measures contenders, interleaved. The order turns around every round, after two rounds to warm up.
 *
 * @param contenders Who is measured.
 * @param options For how long.
 * @returns The samples of each, in the order of the contenders.
 */
export async function measure(contenders: readonly Contender[], options: MeasureOptions): Promise<Samples[]> {
  const { budget, minRounds = 7, maxRounds = 300 } = options;
  const count = await calibrate(contenders, options);
  for (const contender of contenders) await sampleOf(contender, count);
  const samples: number[][] = contenders.map(() => []);
  const start = performance.now();
  for (let round = 0; round < maxRounds; round++) {
    if (round >= minRounds && performance.now() - start > budget) break;
    const order = [...contenders.keys()];
    for (const index of round % 2 === 0 ? order : order.reverse()) {
      samples[index]!.push(await sampleOf(contenders[index]!, count));
    }
  }
  return samples;
}

/** How many repetitions the fastest contender does in the time of a sample. */
async function calibrate(contenders: readonly Contender[], options: MeasureOptions): Promise<number> {
  const { sample = 8, maxCount = 1_000_000 } = options;
  let count = 1;
  while (count < maxCount) {
    let fastest = Infinity;
    for (const contender of contenders) fastest = Math.min(fastest, await sampleOf(contender, count) * count / 1e6);
    if (fastest >= sample) break;
    count = Math.min(maxCount, Math.ceil(count * Math.min(8, 1.2 * sample / Math.max(fastest, 1e-3))));
  }
  return count;
}

async function sampleOf({ work, before }: Contender, count: number): Promise<number> {
  const preparing = before?.(count);
  if (preparing !== undefined) await preparing;
  const start = performance.now();
  const working = work(count);
  if (working !== undefined) await working;
  return (performance.now() - start) * 1e6 / count;
}

/** The value below which a part of the samples lies. */
export function percentile(samples: Samples, part: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (sorted.length - 1) * part;
  const below = sorted[Math.floor(at)]!;
  return below + (sorted[Math.ceil(at)]! - below) * (at - Math.floor(at));
}

/** The middle of the samples. */
export function median(samples: Samples): number {
  return percentile(samples, 0.5);
}

/** Compares two contenders that were measured together. */
export function compare(ours: Samples, theirs: Samples): Comparison {
  const pairs = ours.map((sample, round) => sample / theirs[round]!);
  return {
    ours: median(ours),
    theirs: median(theirs),
    ratio: median(ours) / median(theirs),
    low: percentile(pairs, 0.1),
    high: percentile(pairs, 0.9),
  };
}
