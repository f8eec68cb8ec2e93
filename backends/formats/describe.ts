/**
 * Words for messages.
 *
 * @module
 */

/**
 * What a value is, in a word or two: `null`, `an array`, `a Date`, `a number`.
 *
 * @param value Anything.
 * @returns The words.
 */
export function describeType(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return "an array";
  const name = typeof value === "object" ? className(value) : typeof value;
  return `${/^(?:[aeio]|un)/i.test(name) ? "an" : "a"} ${name}`;
}

function className(value: object): string {
  // A hostile or null prototype has no constructor to ask.
  const prototype = Object.getPrototypeOf(value);
  const constructor = prototype && Object.getOwnPropertyDescriptor(prototype, "constructor")?.value;
  return typeof constructor === "function" && constructor.name ? constructor.name : "object";
}
