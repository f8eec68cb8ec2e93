/**
 * {@linkcode partsOf}: parts of a JSON text as they are written. What is parsed and written again has lost what a double cannot hold.
 *
 * @module
 */

/** A part of a JSON text: a member of an object, or an item of a list. */
export interface JsonPart {
  /** The name of a member; `undefined` of an item. */
  readonly name: string | undefined;
  /** Its value, letter by letter. */
  readonly text: string;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * The parts of an object or a list, in order. A name that is there twice comes twice: the last one counts.
 *
 * @param text JSON text, which was parsed before: here nothing is checked.
 * @returns Its parts; none of what is neither an object nor a list.
 */
export function* partsOf(text: string): Generator<JsonPart, void> {
  let at = afterSpace(text, 0);
  const named = text[at] === "{";
  if (!named && text[at] !== "[") return;
  const close = named ? "}" : "]";
  for (at = afterSpace(text, at + 1); text[at] !== close; at = afterSpace(text, at)) {
    if (text[at] === ",") at = afterSpace(text, at + 1);
    let name: string | undefined;
    if (named) {
      const end = afterValue(text, at);
      name = JSON.parse(text.slice(at, end));
      at = afterSpace(text, afterSpace(text, end) + 1); // behind the colon
    }
    const end = afterValue(text, at);
    yield { name, text: text.slice(at, end) };
    at = end;
  }
}

/**
 * The value of a member.
 *
 * @param text JSON text, which was parsed before.
 * @param name The name.
 * @returns The value, letter by letter; `undefined` if there is none.
 */
export function memberOf(text: string, name: string): string | undefined {
  let found: string | undefined;
  for (const part of partsOf(text)) if (part.name === name) found = part.text;
  return found;
}

function afterSpace(text: string, at: number): number {
  for (let code = text.charCodeAt(at); code === 0x20 || (code >= 0x09 && code <= 0x0d);) code = text.charCodeAt(++at);
  return at;
}

/** The end of a value that begins at a place. */
function afterValue(text: string, begin: number): number {
  let depth = 0;
  for (let at = begin; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        at = lastOfString(text, at);
        if (depth === 0) return at + 1;
        break;
      case 0x5b: // [
      case 0x7b: // {
        depth++;
        break;
      case 0x5d:
      case 0x7d:
        // Without depth it is the end of what a number or a word is in.
        if (depth === 0) return at;
        if (--depth === 0) return at + 1;
        break;
      case 0x2c: // ,
      case 0x20:
      case 0x09:
      case 0x0a:
      case 0x0d:
        if (depth === 0) return at;
    }
  }
  return text.length;
}

function lastOfString(text: string, begin: number): number {
  let at = begin + 1;
  for (; text.charCodeAt(at) !== QUOTE; at++) if (text.charCodeAt(at) === BACKSLASH) at++;
  return at;
}
