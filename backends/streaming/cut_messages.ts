/**
 * {@linkcode cutMessages}: bytes in messages of a good size.
 *
 * @module
 */

/** The largest message: Deno refuses 64 MiB. A buffer that comes in one is not copied by the receiver. */
const LARGEST = 16 * 1024 * 1024;
/** What is smaller goes together with others. */
const SMALL = 64 * 1024;
/** What Deno writes in one step. */
const STEP = 1024;

/**
 * Cuts a frame into messages: large parts into several, which are views on them; small ones are put together. The first of several
 * is one that arrives at once: see `hear` in `frame.ts`.
 *
 * @param parts The parts of the frame.
 */
export function* cutMessages(parts: readonly Uint8Array<ArrayBuffer>[]): Generator<Uint8Array<ArrayBuffer>> {
  const total = parts.reduce((sum, { length }) => sum + length, 0);
  const [head, ...buffers] = parts;
  if (total <= STEP || head === undefined) return yield joined(parts, total);
  yield head.subarray(0, STEP);
  let small: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  for (const part of [head.subarray(STEP), ...buffers]) {
    if (length > 0 && length + part.length > SMALL) {
      yield joined(small, length);
      [small, length] = [[], 0];
    }
    if (part.length <= SMALL) {
      small.push(part);
      length += part.length;
    } else for (let at = 0; at < part.length; at += LARGEST) yield part.subarray(at, at + LARGEST);
  }
  if (length > 0) yield joined(small, length);
}

function joined(parts: readonly Uint8Array<ArrayBuffer>[], length: number): Uint8Array<ArrayBuffer> {
  if (parts.length === 1) return parts[0]!;
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
