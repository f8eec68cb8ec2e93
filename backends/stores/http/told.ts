/**
 * What servers tell about files, taken only if it can be true.
 *
 * @module
 */

/**
 * Whether a name that a server tells can be a name here. What cannot be asked for is left out of listings.
 *
 * @param name What it tells.
 */
export function isName(name: unknown): name is string {
  return typeof name === "string" && name !== "" && name !== "." && name !== ".." &&
    !/[/\0]/.test(name) && name.isWellFormed();
}

/** A size that a server tells, if it can be one. */
export function sizeOf(value: unknown): number | undefined {
  const size = typeof value === "string" && /^\d{1,16}$/.test(value) ? Number(value) : value;
  return typeof size === "number" && Number.isSafeInteger(size) && size >= 0 ? size : undefined;
}

/** A time that a server tells, if it can be one. */
export function timeOf(value: unknown): Date | undefined {
  const time = typeof value === "string" ? new Date(value) : undefined;
  return time === undefined || Number.isNaN(time.getTime()) ? undefined : time;
}
