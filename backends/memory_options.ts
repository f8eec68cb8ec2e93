/**
 * What can be asked of the memory backend.
 *
 * @module
 */

import type { ExpiringSaveOptions, LoadOptions } from "./data_source.ts";
import type { FormatRegistry } from "./formats/format_registry.ts";

/**
 * What becomes of a value.
 *
 * - `copy`: it is copied when it is saved and when it is loaded, so that nobody can change what is stored. A value that a copy
 *   would change is refused.
 * - `reference`: the very object is kept and given out.
 */
export type MemoryPolicy = "copy" | "reference";

/** Options of {@linkcode MemoryBackend}. */
export interface MemoryBackendOptions {
  /**
   * What becomes of values.
   *
   * @default {"copy"}
   */
  policy?: MemoryPolicy | undefined;
  /**
   * The formats for the content as bytes: `openRead`, `openWrite`, and copying to other backends.
   *
   * @default {builtinFormats()}
   */
  formats?: FormatRegistry | undefined;
}

/** Options of {@linkcode MemoryBackend.load}. */
export interface MemoryLoadOptions extends LoadOptions {
  /**
   * What becomes of this value.
   *
   * @default {undefined} as the backend was made
   */
  policy?: MemoryPolicy | undefined;
}

/** Options of {@linkcode MemoryBackend.save}. */
export interface MemorySaveOptions extends ExpiringSaveOptions {
  /**
   * What becomes of this value.
   *
   * @default {undefined} as the backend was made
   */
  policy?: MemoryPolicy | undefined;
}
