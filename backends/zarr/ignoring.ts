/**
 * {@linkcode ignoring}: failures that make no difference.
 *
 * @module
 */

import { isStorageError } from "../errors.ts";

/** Makes nothing of errors with these codes, and throws all others. */
export function ignoring(...codes: Parameters<typeof isStorageError>[1][]): (error: unknown) => undefined {
  return (error) => {
    if (!isStorageError(error, ...codes)) throw error;
    return undefined;
  };
}
