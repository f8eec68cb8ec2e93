/**
 * {@linkcode StreamingBackend}: the contract of backends that only send, to a viewer or another process.
 *
 * @module
 */

import { checkBatch } from "./batch.ts";
import { BackendBase, type DataSink, type SaveOptions, type SaveResult } from "./data_source.ts";
import { isNdArray, sizeOf } from "./formats/ndarray.ts";

/** What {@linkcode StreamingBackend.filterStreamable} answers. */
export interface Streamable {
  /** The values that can be sent. */
  readonly data: unknown[];
  /** Their paths. */
  readonly paths: string[];
  /** The paths of the others. */
  readonly skipped: string[];
}

/**
 * A backend that sends values and keeps none. It names the suffixes it can send, and skips the rest of a batch: a viewer of
 * images is not bothered with tables.
 *
 * @example
 * ```ts
 * import { type SaveResult, StreamingBackend } from "@polystore/polystore/backend";
 * import assert from "node:assert/strict";
 *
 * class Printer extends StreamingBackend {
 *   readonly sent: string[] = [];
 *   override get supportedExtensions(): ReadonlySet<string> {
 *     return new Set([".tif", ".roi.zip"]);
 *   }
 *   protected override sendBatch(_data: readonly unknown[], paths: readonly string[]): Promise<SaveResult[]> {
 *     this.sent.push(...paths);
 *     return Promise.resolve(paths.map(() => ({})));
 *   }
 * }
 *
 * const printer = new Printer();
 * await printer.saveBatch([1, 2, 3], ["a.TIF", "b.csv", "c.roi.zip"]);
 * assert.deepEqual(printer.sent, ["a.TIF", "c.roi.zip"]);
 * ```
 */
export abstract class StreamingBackend extends BackendBase implements DataSink {
  /** The suffixes it can send, in lower case with the dot; compound ones too. */
  abstract override get supportedExtensions(): ReadonlySet<string>;

  /** Sends values; it gets only what it can send, and at least one. */
  protected abstract sendBatch(
    data: readonly unknown[],
    paths: readonly string[],
    options?: SaveOptions,
  ): Promise<SaveResult[]>;

  /** Whether paths are checked against the file system before use: no, they only name what is sent. */
  override get requiresFilesystemValidation(): boolean {
    return false;
  }

  /** Sends one value; one that cannot be sent is skipped. */
  async save(data: unknown, path: string, options?: SaveOptions): Promise<SaveResult> {
    return (await this.saveBatch([data], [path], options))[0] ?? {};
  }

  /**
   * Sends those of many values that can be sent.
   *
   * @returns One result for each that was sent.
   * @throws {StorageError} `invalid-argument` if the lengths differ.
   */
  async saveBatch(data: readonly unknown[], paths: readonly string[], options?: SaveOptions): Promise<SaveResult[]> {
    checkBatch(data, paths);
    const kept = this.filterStreamable(data, paths);
    return kept.data.length === 0 ? [] : await this.sendBatch(kept.data, kept.paths, options);
  }

  /** Whether a value can be sent: its suffix is supported, and it is not empty. */
  acceptsPayload(data: unknown, path: string): boolean {
    if (!this.supportsPath(path)) return false;
    if (isNdArray(data)) return sizeOf(data.shape) > 0;
    if (ArrayBuffer.isView(data)) return data.byteLength > 0;
    return data !== null && data !== undefined && !(Array.isArray(data) && data.length === 0);
  }

  /** Parts a batch into what can be sent and what is skipped. */
  filterStreamable(data: readonly unknown[], paths: readonly string[]): Streamable {
    checkBatch(data, paths);
    const kept: Streamable = { data: [], paths: [], skipped: [] };
    for (const [index, path] of paths.entries()) {
      if (!this.acceptsPayload(data[index], path)) kept.skipped.push(path);
      else {
        kept.data.push(data[index]);
        kept.paths.push(path);
      }
    }
    return kept;
  }
}
