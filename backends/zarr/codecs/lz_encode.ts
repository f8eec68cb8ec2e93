/**
 * Compressing blocks to LZ4, with the thorough search of `lz4hc`, and to BloscLZ. The builds for WebAssembly that are to be had know
 * neither.
 *
 * @module
 */

/** The shortest run that is worth pointing back for. */
const SHORTEST = 4;
/** What LZ4 asks for: the last bytes are literal, and no run begins so close to the end. */
const [LITERAL_END, LAST_START] = [5, 12];
/** How far both formats can point back. */
const WINDOW = 65_535;
/** What it costs to point further than `near`. */
const FAR_COST = 2;
const HASH_BITS = 15;

/** A run that lies further back as well: what stands before it since the last one, and where. */
type Emit = (anchor: number, at: number, distance: number, length: number) => void;

/** Finds runs that repeat: candidates of the same first four bytes are linked, the latest first. */
class Finder {
  readonly #input: Uint8Array;
  readonly #depth: number;
  readonly #near: number;
  readonly #latest = new Int32Array(1 << HASH_BITS).fill(-1);
  readonly #before: Int32Array;
  /** Length of the run that was found last. */
  length = 0;
  /** How far back it lies. */
  distance = 0;

  /** Takes a block; `depth` is how many candidates are tried, and what lies further back than `near` costs two bytes more. */
  constructor(input: Uint8Array, depth: number, near: number) {
    this.#input = input;
    this.#depth = depth;
    this.#near = near;
    this.#before = new Int32Array(input.length);
  }

  /** What the run that was found last is worth: its length, less what pointing far costs. */
  get worth(): number {
    return this.length - (this.distance > this.#near ? FAR_COST : 0);
  }

  /** Takes note of a position, and finds the run that begins there and is worth most, more than `least`. */
  find(at: number, least: number): boolean {
    const input = this.#input;
    const end = input.length - LITERAL_END;
    let candidate = this.note(at);
    let most = least;
    for (let tries = this.#depth; candidate >= 0 && at - candidate <= WINDOW && tries > 0; tries--) {
      if (input[candidate + most] === input[at + most]) {
        let length = 0;
        while (at + length < end && input[candidate + length] === input[at + length]) length++;
        const worth = length - (at - candidate > this.#near ? FAR_COST : 0);
        if (worth > most) {
          most = worth;
          this.length = length;
          this.distance = at - candidate;
        }
      }
      candidate = this.#before[candidate]!;
    }
    return most > least;
  }

  /** Takes note of a position; answers the latest before it of the same hash, or -1. */
  note(at: number): number {
    const input = this.#input;
    const first = input[at]! | input[at + 1]! << 8 | input[at + 2]! << 16 | input[at + 3]! << 24;
    const hash = Math.imul(first, 0x9e3779b1) >>> (32 - HASH_BITS);
    const candidate = this.#latest[hash]!;
    this.#latest[hash] = at;
    this.#before[at] = candidate;
    return candidate;
  }
}

/** Tells of every run that is to point back; answers where the literal rest begins. */
function eachRun(input: Uint8Array, depth: number, near: number, emit: Emit): number {
  const finder = new Finder(input, depth, near);
  const last = input.length - LAST_START;
  let anchor = 0;
  // The first byte is literal: BloscLZ begins with such.
  if (last > 0) finder.note(0);
  for (let at = 1; at <= last;) {
    if (!finder.find(at, SHORTEST - 1)) {
      // Where nothing repeats for long, the quick search takes longer steps.
      at += depth === 1 ? 1 + (at - anchor >> 6) : 1;
      continue;
    }
    let { length, distance, worth } = finder;
    // A longer run may begin one byte later.
    while (depth > 1 && at < last && finder.find(at + 1, worth + 1)) {
      at++;
      ({ length, distance, worth } = finder);
    }
    emit(anchor, at, distance, length);
    const next = at + length;
    for (let inside = at + 1; depth > 1 && inside < next && inside <= last; inside++) finder.note(inside);
    at = anchor = next;
  }
  return anchor;
}

/**
 * Compresses to a block of LZ4.
 *
 * @param input The bytes.
 * @param depth How many candidates are tried at each position.
 * @returns The block.
 * @see {@link https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md The format}
 */
export function lz4hcCompress(input: Uint8Array, depth: number): Uint8Array {
  const out = new Uint8Array(input.length + Math.ceil(input.length / 255) + 16);
  let goal = 0;
  function extend(rest: number): void {
    for (; rest >= 255; rest -= 255) out[goal++] = 255;
    out[goal++] = rest;
  }
  function literals(from: number, to: number, token: number): void {
    const count = to - from;
    out[goal++] = Math.min(15, count) << 4 | token;
    if (count >= 15) extend(count - 15);
    out.set(input.subarray(from, to), goal);
    goal += count;
  }
  const rest = eachRun(input, depth, WINDOW, (anchor, at, distance, length) => {
    const more = length - SHORTEST;
    literals(anchor, at, Math.min(15, more));
    out[goal++] = distance & 255;
    out[goal++] = distance >> 8;
    if (more >= 15) extend(more - 15);
  });
  literals(rest, input.length, 0);
  return out.subarray(0, goal);
}

/** The longest literal of BloscLZ in one piece. */
const MAX_LITERAL = 32;
/** The longest distance, less one, that needs no bytes of its own. */
const NEAR = 8191;

/**
 * Compresses to a block of BloscLZ.
 *
 * @param input The bytes.
 * @param depth How many candidates are tried at each position.
 * @returns The block.
 * @see {@link https://github.com/Blosc/c-blosc/blob/main/blosc/blosclz.c c-blosc}
 */
export function blosclzCompress(input: Uint8Array, depth: number): Uint8Array {
  const out = new Uint8Array(input.length + Math.ceil(input.length / MAX_LITERAL) + 16);
  let goal = 0;
  function literals(from: number, to: number): void {
    for (let at = from; at < to; at += MAX_LITERAL) {
      const part = input.subarray(at, Math.min(to, at + MAX_LITERAL));
      out[goal++] = part.length - 1;
      out.set(part, goal);
      goal += part.length;
    }
  }
  const rest = eachRun(input, depth, NEAR, (anchor, at, distance, length) => {
    literals(anchor, at);
    const back = distance - 1;
    const high = Math.min(back, NEAR) >> 8;
    const size = length - 2;
    out[goal++] = Math.min(7, size) << 5 | high;
    if (size >= 7) {
      let more = size - 7;
      for (; more >= 255; more -= 255) out[goal++] = 255;
      out[goal++] = more;
    }
    out[goal++] = Math.min(back, NEAR) & 255;
    if (back < NEAR) return;
    out[goal++] = back - NEAR >> 8;
    out[goal++] = back - NEAR & 255;
  });
  literals(rest, input.length);
  return out.subarray(0, goal);
}
