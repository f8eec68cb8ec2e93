/**
 * Random content: nothing here can be compressed, shared or guessed.
 *
 * @module
 */

/** So many random bytes. */
export function randomBytes(size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  for (let offset = 0; offset < size; offset += 65_536) {
    crypto.getRandomValues(bytes.subarray(offset, Math.min(size, offset + 65_536)));
  }
  return bytes;
}

/** Buffers of random bytes, each different. */
export function randomBuffers(count: number, size: number): Uint8Array<ArrayBuffer>[] {
  return Array.from({ length: count }, () => randomBytes(size));
}

const UNITS = ["B", "KiB", "MiB", "GiB"];

/** A number of bytes, as text. */
export function sizeText(size: number): string {
  let unit = 0;
  for (; size >= 1024 && unit < UNITS.length - 1; unit++) size /= 1024;
  return `${size} ${UNITS[unit]}`;
}
