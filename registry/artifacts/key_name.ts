/**
 * How keys are written as paths of a store: {@linkcode keyPath}, and back.
 *
 * The order of the paths is the order of the keys, no two keys meet on a disk that takes capitals for small letters, and no name is longer
 * than disks can keep. Small letters, digits, `_`, `-` and the backtick stand for themselves, a capital is `@` and the small letter, and every other byte of UTF-8 is two digits
 * after a sign that sorts where the byte does. What is longer than {@linkcode PART} goes on in a directory.
 *
 * @module
 */

/** How much of a key is in one name. A name that is longer by the sign that ends it is a directory with the rest in it. */
const PART = 200;

/** Ends the name of a directory; no name of a key has it. */
const MORE = "+";

const PLAIN = /^[a-z0-9_`-]*$/;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** What stands for each byte: as texts they sort like the bytes, and none is the beginning of another. */
const CODES: readonly string[] = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  if (PLAIN.test(character)) return character;
  if (/[A-Z]/.test(character)) return `@${character.toLowerCase()}`;
  const sign = byte < 0x2d ? "!" : byte < 0x30 ? "." : byte < 0x41 ? "=" : byte < 0x5f ? "^" : "~";
  return sign + byte.toString(16).padStart(2, "0");
});

/**
 * A key, or the beginning of one, with its bytes written out; not cut yet.
 *
 * @param key A key, or what begins one.
 * @returns Its code.
 */
export function keyCode(key: string): string {
  if (PLAIN.test(key)) return key;
  let code = "";
  for (const byte of encoder.encode(key)) code += CODES[byte]!;
  return code;
}

/**
 * The path of a code.
 *
 * @param code What {@linkcode keyCode} made.
 * @returns The path, of one name or more.
 */
export function codePath(code: string): string {
  if (code.length <= PART) return code;
  const parts: string[] = [];
  for (let at = 0; at < code.length; at += PART) parts.push(code.slice(at, at + PART));
  return parts.join(`${MORE}/`);
}

/**
 * The path of a key.
 *
 * @param key A key.
 * @returns The path, of one name or more.
 */
export function keyPath(key: string): string {
  return codePath(keyCode(key));
}

/**
 * The key that a path stands for.
 *
 * @param path What {@linkcode keyPath} made, or what a stranger put beside it.
 * @returns The key; `undefined` if the path is not that of a key.
 */
export function pathKey(path: string): string | undefined {
  if (path === "") return undefined;
  if (PLAIN.test(path) && path.length <= PART) return path;
  const text = path.replaceAll(`${MORE}/`, "").replace(
    /@[a-z]|[!.=^~][0-9a-f]{2}/g,
    (code) =>
      code.startsWith("@") ? code.charAt(1).toUpperCase() : String.fromCharCode(Number.parseInt(code.slice(1), 16)),
  );
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  try {
    const key = decoder.decode(bytes);
    return keyPath(key) === path ? key : undefined;
  } catch {
    // Not UTF-8, which keyPath always makes.
    return undefined;
  }
}

/**
 * A path that comes right before those of all keys that begin with a code, for `after` of a listing.
 *
 * @param code What {@linkcode keyCode} made; not empty.
 * @returns The path; no key has it.
 */
export function beforeCode(code: string): string {
  const path = codePath(code);
  // A name never has a sign beyond ASCII, nor "/" other than after the sign that ends a directory.
  const last = path.charCodeAt(path.length - 1);
  return path.slice(0, -1) + String.fromCharCode(last === 0x30 ? 0x2e : last - 1) + "\u{10FFFF}";
}
