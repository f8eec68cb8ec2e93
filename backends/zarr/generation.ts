/**
 * Generations: which documents are those of one array, and not of another one that has taken its place.
 *
 * The etag of a document changes with every change; a generation only when an array is replaced. It stands behind the document, in
 * blanks: no implementation of Zarr reads those, while many refuse a field that they do not know, and attributes belong to the user.
 * A document that others have written has none; then every change of it counts as another array.
 *
 * @module
 */

import { formatJson, type JsonObject } from "./json.ts";

/** As many blanks, one for each bit. */
const LENGTH = 64;

const SPACE = 0x20;
const TAB = 0x09;
const NEW_LINE = 0x0a;

/** A generation that is no other one: 16 hexadecimal digits. */
export function newGeneration(): string {
  return crypto.getRandomValues(new Uint8Array(LENGTH / 8)).toHex();
}

/** Writes a document, and of which generation it is. */
export function formatDocument(document: JsonObject, generation: string): Uint8Array {
  const json = formatJson(document);
  const bytes = new Uint8Array(json.length + 1 + LENGTH);
  bytes.set(json);
  bytes[json.length] = NEW_LINE;
  for (const [index, byte] of Uint8Array.fromHex(generation).entries()) {
    for (let bit = 0; bit < 8; bit++) bytes[json.length + 1 + index * 8 + bit] = (byte >> bit) & 1 ? TAB : SPACE;
  }
  return bytes;
}

/** Of which generation a document is; `undefined` if it does not say. */
export function generationOf(bytes: Uint8Array): string | undefined {
  const start = bytes.length - LENGTH;
  if (start < 1 || bytes[start - 1] !== NEW_LINE) return undefined;
  const generation = new Uint8Array(LENGTH / 8);
  for (let i = 0; i < LENGTH; i++) {
    const blank = bytes[start + i];
    if (blank === TAB) generation[i >> 3]! |= 1 << (i & 7);
    else if (blank !== SPACE) return undefined;
  }
  return generation.toHex();
}
