/**
 * {@linkcode FileQuery}: the parameters of a request, decoded once, and checked.
 *
 * @module
 */

import { StorageError } from "../../backends/errors.ts";
import { normalizePath } from "../../backends/path.ts";

/** The parameters of a request. */
export class FileQuery {
  readonly #values = new Map<string, string>();
  readonly #maxPath: number;

  /**
   * @param search The query, with its `?`.
   * @param maxPath The longest path, in bytes of UTF-8.
   * @throws {StorageError} `invalid-argument` if a parameter is there twice, or is no UTF-8: what is replaced silently could name
   * another file.
   */
  constructor(search: string, maxPath: number) {
    this.#maxPath = maxPath;
    for (const pair of search.slice(1).split("&")) {
      if (pair === "") continue;
      const equals = pair.indexOf("=");
      const name = decoded(equals < 0 ? pair : pair.slice(0, equals));
      if (this.#values.has(name)) throw invalid(`the parameter ${JSON.stringify(name)} is there twice`);
      this.#values.set(name, equals < 0 ? "" : decoded(pair.slice(equals + 1)));
    }
  }

  /** Whether a parameter is there. */
  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** A parameter as it is. */
  text(name: string): string | undefined {
    return this.#values.get(name);
  }

  /** A parameter that a listing begins after: a path, or what may stand between two. */
  after(): string | undefined {
    const value = this.#values.get("after");
    if (value !== undefined) checkedPath(value, this.#maxPath);
    return value;
  }

  /** A parameter that is there, or is `1`, or is not there or `0`. */
  flag(name: string): boolean {
    const value = this.#values.get(name);
    if (value === undefined || value === "0" || value === "false") return false;
    if (value === "" || value === "1" || value === "true") return true;
    throw invalid(`${name} must be 1 or 0`);
  }

  /** A parameter that is a number that counts. */
  count(name: string): number | undefined {
    const value = this.#values.get(name);
    if (value === undefined) return undefined;
    if (/^\d{1,15}$/.test(value)) return Number(value);
    throw invalid(`${name} must be a non-negative integer`);
  }

  /** A parameter that is a path, in its normal form. */
  path(name: string): string {
    const value = this.#values.get(name);
    if (value === undefined) throw invalid(`the parameter ${name} is missing`);
    return checkedPath(value, this.#maxPath);
  }
}

/**
 * The normal form of a path that came over the wire.
 *
 * @throws {StorageError} `invalid-path`, `name-too-long`, `invalid-argument`.
 */
export function checkedPath(path: unknown, maxPath: number): string {
  if (typeof path !== "string") throw invalid("a path must be a string");
  // A character has at least one byte of UTF-8 for each of its units, and at most three.
  if (path.length > maxPath || (path.length * 3 > maxPath && new TextEncoder().encode(path).length > maxPath)) {
    throw new StorageError("name-too-long", `the path is longer than ${maxPath} bytes`);
  }
  return normalizePath(path);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    throw invalid("the query must be percent-encoded UTF-8");
  }
}

function invalid(detail: string): StorageError {
  return new StorageError("invalid-argument", detail);
}
