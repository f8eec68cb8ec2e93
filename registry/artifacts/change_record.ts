/**
 * Records of what changed in a namespace: their names, which sort by time, and their content.
 *
 * @module
 */

import { StorageError } from "../../backends/errors.ts";
import type { ArtifactEvent } from "./artifact_storage.ts";

/** One change. */
export type Change = Pick<ArtifactEvent, "kind" | "key" | "etag">;

/** What changed by one write. */
export interface ChangeRecord {
  /** Its name: the time in microseconds, and what tells processes apart. */
  readonly id: string;
  /** What changed. */
  readonly changes: readonly Change[];
}

/** Minutes make a directory, so that what is old is deleted at once. */
const BUCKET = 60_000;

const ID = /^(\d{16})-[0-9a-f]{8}$/;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Makes names of records, each greater than the one before. */
export class RecordIds {
  /** Tells the records of this process from those of others that were made in the same microsecond. */
  readonly #maker = crypto.randomUUID().slice(0, 8);
  #last = 0;

  /** A name for a record that is made now. */
  next(): string {
    this.#last = Math.max(this.#last + 1, Date.now() * 1000);
    return `${String(this.#last).padStart(16, "0")}-${this.#maker}`;
  }
}

/** When a record was made, in milliseconds since the epoch; `undefined` for what is not its name. */
export function recordTime(id: string): number | undefined {
  const microseconds = ID.exec(id)?.[1];
  return microseconds === undefined ? undefined : Number(microseconds) / 1000;
}

/** The name of the directory of records of a time. */
export function bucketOf(time: number): string {
  return String(Math.max(0, Math.floor(time / BUCKET))).padStart(10, "0");
}

/** The path of a record below the directory of the log. */
export function recordPath(id: string): string {
  return `${bucketOf(recordTime(id)!)}/${id}`;
}

/** The path that all records after a time come after. */
export function pathOfTime(time: number): string {
  return `${bucketOf(time)}/${String(Math.max(0, Math.floor(time * 1000))).padStart(16, "0")}`;
}

/** The content of a record. */
export function encodeChanges(changes: readonly Change[]): Uint8Array {
  return encoder.encode(JSON.stringify(changes));
}

/** The changes in a record. */
export function decodeChanges(bytes: Uint8Array, path: string): Change[] {
  try {
    const changes: unknown = JSON.parse(decoder.decode(bytes));
    if (Array.isArray(changes) && changes.every(isChange)) return changes;
  } catch {
    // Told below.
  }
  throw new StorageError("corrupt", "a stored record of changes is damaged; delete it", { path });
}

function isChange(value: unknown): value is Change {
  const { kind, key } = (value ?? {}) as Partial<Change>;
  return kind === "clear" || ((kind === "put" || kind === "delete") && typeof key === "string");
}

/** The events of a record. */
export function eventsOf({ id, changes }: ChangeRecord): ArtifactEvent[] {
  return changes.map((change, index) => ({ ...change, id: index === 0 ? id : `${id}.${index}` }));
}

/** The name of the record of an event. */
export function recordOf(eventId: string): string {
  return eventId.split(".", 1)[0]!;
}
