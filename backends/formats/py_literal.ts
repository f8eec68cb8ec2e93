/**
 * {@linkcode parseLiteral}: what `ast.literal_eval` reads, as far as NumPy writes it.
 *
 * @module
 */

/** A Python tuple; lists are arrays. */
export class PyTuple {
  /** What is in it. */
  readonly items: PyValue[];

  /**
   * Makes a tuple.
   *
   * @param items What is in it.
   */
  constructor(items: PyValue[]) {
    this.items = items;
  }
}

/** A Python literal: `None` is `null`, a dict a `Map` with string keys. */
export type PyValue = string | number | boolean | null | PyTuple | PyValue[] | Map<string, PyValue>;

const SPACE = /[ \t\r\n\f]*/y;
const INTEGER = /-?\d{1,20}L?(?![\w.])/y;
const STRING = /[uU]?(?:'([^'\\\r\n]*)'|"([^"\\\r\n]*)")/y;
const WORD = /(?:True|False|None)\b/y;
const WORDS: ReadonlyMap<string, boolean | null> = new Map<string, boolean | null>([
  ["True", true],
  ["False", false],
  ["None", null],
]);

/** A structured dtype may nest; nothing sane nests deeper. */
const MAX_DEPTH = 32;

/**
 * Reads a literal: strings without escapes, integers (with the `L` of Python 2), `True`, `False`, `None`, tuples, lists and dicts.
 *
 * @param source The text; white space around is allowed.
 * @returns The value.
 * @throws {SyntaxError} If it is anything else, or a dict has a key twice.
 */
export function parseLiteral(source: string): PyValue {
  return new Parser(source).parse();
}

class Parser {
  #source: string;
  #at = 0;

  constructor(source: string) {
    this.#source = source;
  }

  parse(): PyValue {
    const value = this.#value(0);
    this.#match(SPACE);
    if (this.#at < this.#source.length) throw this.#unexpected();
    return value;
  }

  #value(depth: number): PyValue {
    if (depth > MAX_DEPTH) throw new SyntaxError(`nested deeper than ${MAX_DEPTH} levels`);
    if (this.#take("(")) {
      const [items, comma] = this.#items(")", () => this.#value(depth + 1));
      return items.length === 1 && !comma ? items[0]! : new PyTuple(items);
    }
    if (this.#take("[")) return this.#items("]", () => this.#value(depth + 1))[0];
    if (this.#take("{")) return this.#dict(depth);
    const string = this.#match(STRING);
    if (string) return string[1] ?? string[2]!;
    const integer = this.#match(INTEGER);
    if (integer) return Number.parseInt(integer[0]);
    const word = this.#match(WORD);
    if (word) return WORDS.get(word[0])!;
    throw this.#unexpected();
  }

  #dict(depth: number): Map<string, PyValue> {
    const dict = new Map<string, PyValue>();
    this.#items("}", () => {
      const key = this.#value(depth + 1);
      if (typeof key !== "string" || dict.has(key)) throw new SyntaxError("a key that is no string, or is there twice");
      if (!this.#take(":")) throw this.#unexpected();
      dict.set(key, this.#value(depth + 1));
      return key;
    });
    return dict;
  }

  /** Items up to `end`, and whether a comma followed the last. */
  #items(end: string, item: () => PyValue): [items: PyValue[], comma: boolean] {
    const items: PyValue[] = [];
    let comma = false;
    while (!this.#take(end)) {
      if (items.length > 0 && !comma) throw this.#unexpected();
      items.push(item());
      comma = this.#take(",");
    }
    return [items, comma];
  }

  /** Moves over a character, after white space. */
  #take(character: string): boolean {
    this.#match(SPACE);
    if (this.#source[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#source);
    if (match) this.#at += match[0].length;
    return match;
  }

  #unexpected(): SyntaxError {
    const what = this.#source.slice(this.#at, this.#at + 20);
    return new SyntaxError(
      what === "" ? "it ends too early" : `unexpected ${JSON.stringify(what)} at position ${this.#at}`,
    );
  }
}
