/**
 * {@linkcode bitshuffled} and {@linkcode bitunshuffled}: the first bits of all elements, then the second, …
 *
 * @module
 */

/**
 * The first bits of all elements, then the second, …: as the format 2 of blosc has it, where elements that are not a multiple of
 * eight stay as they are.
 *
 * @param bytes The elements.
 * @param size Bytes of an element.
 * @returns As many bytes.
 */
export function bitshuffled(bytes: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(bytes.length);
  const count = Math.floor(bytes.length / size);
  const whole = count % 8 === 0 ? count : 0;
  const row = whole / 8;
  for (let part = 0; part < size; part++) {
    for (let group = 0; group < row; group++) {
      const base = group * 8 * size + part;
      const low = bytes[base]! | bytes[base + size]! << 8 | bytes[base + 2 * size]! << 16 |
        bytes[base + 3 * size]! << 24;
      const high = bytes[base + 4 * size]! | bytes[base + 5 * size]! << 8 | bytes[base + 6 * size]! << 16 |
        bytes[base + 7 * size]! << 24;
      for (let bit = 0; bit < 8; bit++) {
        const first = (low >>> bit & 1) | (low >>> (bit + 8) & 1) << 1 | (low >>> (bit + 16) & 1) << 2 |
          (low >>> (bit + 24) & 1) << 3;
        const second = (high >>> bit & 1) | (high >>> (bit + 8) & 1) << 1 | (high >>> (bit + 16) & 1) << 2 |
          (high >>> (bit + 24) & 1) << 3;
        result[(part * 8 + bit) * row + group] = first | second << 4;
      }
    }
  }
  result.set(bytes.subarray(whole * size), whole * size);
  return result;
}

/** What `bitshuffled` was given. */
export function bitunshuffled(bytes: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(bytes.length);
  const count = Math.floor(bytes.length / size);
  const whole = count % 8 === 0 ? count : 0;
  const row = whole / 8;
  for (let part = 0; part < size; part++) {
    for (let group = 0; group < row; group++) {
      const base = group * 8 * size + part;
      for (let bit = 0; bit < 8; bit++) {
        const byte = bytes[(part * 8 + bit) * row + group]!;
        if (byte === 0) continue;
        for (let element = 0; element < 8; element++) result[base + element * size]! |= (byte >> element & 1) << bit;
      }
    }
  }
  result.set(bytes.subarray(whole * size), whole * size);
  return result;
}
