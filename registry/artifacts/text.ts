/**
 * {@linkcode decodeText}: short texts out of their bytes.
 *
 * @module
 */

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Up to here it pays to look at the bytes: a call of the decoder takes as long. */
const SHORT = 64;

/**
 * The text of bytes of UTF-8, every one of which counts.
 *
 * @param bytes The bytes.
 * @returns The text.
 * @throws {TypeError} If they are not UTF-8.
 */
export function decodeText(bytes: Uint8Array): string {
  if (bytes.length > SHORT) return decoder.decode(bytes);
  let text = "";
  for (const byte of bytes) {
    if (byte > 0x7f) return decoder.decode(bytes);
    text += String.fromCharCode(byte);
  }
  return text;
}
