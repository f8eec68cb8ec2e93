/**
 * {@linkcode Codec}: values ⇄ bytes, by the formats of a backend.
 *
 * @module
 */

import type { LoadOptions } from "./data_source.ts";
import { chooseFormat } from "./formats/choose_format.ts";
import type { Encoded } from "./formats/format.ts";
import type { FormatRegistry } from "./formats/format_registry.ts";

/** Encodes and decodes by the format that the options name, else by that of the longest known suffix of the path. */
export class Codec {
  /** The formats. */
  readonly formats: FormatRegistry;

  /** Creates a codec of some formats. */
  constructor(formats: FormatRegistry) {
    this.formats = formats;
  }

  /**
   * Encodes a value; at once where the format does.
   *
   * @throws {StorageError} `unknown-format`, `invalid-value`.
   */
  encode(data: unknown, path: string, options?: LoadOptions): Encoded | Promise<Encoded> {
    const chosen = chooseFormat(this.formats, path, options?.format, data);
    return chosen instanceof Promise ? chosen.then((format) => format.encode(data)) : chosen.encode(data);
  }

  /**
   * Decodes what was encoded; at once where the format does.
   *
   * @throws {StorageError} `unknown-format`, `corrupt`.
   */
  decode(bytes: Uint8Array, path: string, options?: LoadOptions): unknown {
    const chosen = chooseFormat(this.formats, path, options?.format);
    return chosen instanceof Promise ? chosen.then((format) => format.decode(bytes)) : chosen.decode(bytes);
  }
}
