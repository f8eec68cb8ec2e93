/**
 * {@linkcode checkChoice}: options that are one of a few.
 *
 * @module
 */

import { StorageError } from "../../errors.ts";

/**
 * Refuses an option that is none of its choices.
 *
 * @throws {StorageError} `invalid-argument`.
 */
export function checkChoice(name: string, value: unknown, choices: readonly unknown[]): void {
  if (value === undefined || choices.includes(value)) return;
  const names = choices.map((choice) => JSON.stringify(choice)).join(" or ");
  throw new StorageError("invalid-argument", `${name} must be ${names}: it is ${JSON.stringify(value)}`);
}
