/**
 * {@linkcode Metrics}: what a server has done since it started.
 *
 * @module
 */

/** What a request is about. */
export type RequestKind =
  | "get"
  | "put"
  | "delete"
  | "list"
  | "batch"
  | "clear"
  | "watch"
  | "lock"
  | "namespaces"
  | "files"
  | "status"
  | "other";

/** Upper ends of the classes of durations, in seconds. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Counts requests, bytes and durations. Nothing of a request itself is kept. */
export class Metrics {
  /** When counting began. */
  readonly startedAt: Date = new Date();
  readonly #requests = new Map<string, number>();
  readonly #kinds = new Map<RequestKind, number>();
  readonly #buckets = new Array<number>(BUCKETS.length + 1).fill(0);
  #seconds = 0;
  #total = 0;
  /** Requests that are being answered. */
  inFlight = 0;
  /** Watchers that are connected. */
  watchers = 0;
  /** Bytes of bodies that came in and were read. */
  bytesIn = 0;
  /** Bytes of bodies that went out: of those that are sent as a whole their length, of others what has passed. */
  bytesOut = 0;

  /** Counts a request that was answered. */
  add(kind: RequestKind, status: number, milliseconds: number): void {
    const name = `kind="${kind}",status="${status}"`;
    this.#requests.set(name, (this.#requests.get(name) ?? 0) + 1);
    this.#kinds.set(kind, (this.#kinds.get(kind) ?? 0) + 1);
    this.#total++;
    const seconds = milliseconds / 1000;
    this.#seconds += seconds;
    const found = BUCKETS.findIndex((end) => seconds <= end);
    this.#buckets[found === -1 ? BUCKETS.length : found]!++;
  }

  /** How many requests there were. */
  get total(): number {
    return this.#total;
  }

  /** How many requests there were of some kinds. */
  count(...kinds: readonly RequestKind[]): number {
    return kinds.reduce((sum, kind) => sum + (this.#kinds.get(kind) ?? 0), 0);
  }

  /** How many requests there were, by kind. */
  byKind(): Record<string, number> {
    return Object.fromEntries(this.#kinds);
  }

  /** For how long it has counted, in seconds. */
  get uptime(): number {
    return (Date.now() - this.startedAt.getTime()) / 1000;
  }

  /**
   * The numbers in the text format of Prometheus.
   *
   * @see {@link https://prometheus.io/docs/instrumenting/exposition_formats/ the format}
   */
  toPrometheus(): string {
    const lines: string[] = [];
    const family = (
      name: string,
      type: string,
      help: string,
      samples: readonly (readonly [string, number])[],
    ): void => {
      lines.push(`# HELP registry_${name} ${help}`, `# TYPE registry_${name} ${type}`);
      for (const [labels, value] of samples) lines.push(`registry_${name}${labels} ${value}`);
    };
    const requests = [...this.#requests].map(([labels, count]) => [`{${labels}}`, count] as const);
    family("requests_total", "counter", "Requests that were answered.", requests);
    let sum = 0;
    const ends = [...BUCKETS.map(String), "+Inf"];
    const buckets = ends.map((end, index) => [`_bucket{le="${end}"}`, sum += this.#buckets[index]!] as const);
    family("request_duration_seconds", "histogram", "Until the answer began.", [
      ...buckets,
      ["_sum", this.#seconds],
      ["_count", this.#total],
    ]);
    family("request_bytes_total", "counter", "Bytes of bodies that came in.", [["", this.bytesIn]]);
    family("response_bytes_total", "counter", "Bytes of bodies that went out.", [["", this.bytesOut]]);
    family("requests_in_flight", "gauge", "Requests that are being answered.", [["", this.inFlight]]);
    family("watchers", "gauge", "Watchers that are connected.", [["", this.watchers]]);
    family("start_time_seconds", "gauge", "When counting began.", [["", this.startedAt.getTime() / 1000]]);
    return `${lines.join("\n")}\n`;
  }
}
