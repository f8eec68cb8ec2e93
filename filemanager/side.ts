/**
 * The two sides of a transfer, and its options.
 *
 * @module
 */

import type { CopyOptions, StorageBackend } from "../backends/backend.ts";
import { inContext } from "../backends/errors.ts";

/** How far a transfer is. */
export interface TransferProgress {
  /** The file that was just finished. */
  readonly path: string;
  /** Files finished so far. */
  readonly files: number;
  /** Files in all. */
  readonly totalFiles: number;
  /** Bytes written so far; of values that never were bytes, none. */
  readonly bytes: number;
}

/** Options of a transfer to another backend. */
export interface TransferOptions extends CopyOptions {
  /**
   * Read every file back and compare it with the source before it counts as done.
   *
   * @default {true}
   */
  verify?: boolean | undefined;
  /**
   * Leave files that are at the destination with the same content already: a transfer that was interrupted goes on
   * where it was.
   *
   * @default {false}
   */
  resume?: boolean | undefined;
  /**
   * What becomes of symbolic links: `keep` makes links, `follow` copies what they lead to, `skip` leaves them out.
   *
   * @default {"keep"}
   */
  symlinks?: "keep" | "follow" | "skip" | undefined;
  /**
   * How many files at a time.
   *
   * @default {4}
   */
  concurrency?: number | undefined;
  /** Called after each file. */
  onProgress?: ((progress: TransferProgress) => void) | undefined;
}

/** A backend, and how it is called. */
export interface Side {
  /** The name it was asked for by. */
  readonly name: string;
  /** The backend. */
  readonly backend: StorageBackend;
}

/** Names the backend in an error: which of the two it was. */
export async function told<T>({ name }: Side, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw inContext(error, { backend: name });
  }
}
