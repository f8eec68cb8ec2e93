/**
 * {@linkcode FormatRegistry}: which format a path is in.
 *
 * @module
 */

import { StorageError } from "../errors.ts";
import { baseName } from "../path.ts";
import { bytes } from "./bytes.ts";
import type { Format } from "./format.ts";
import { json } from "./json.ts";
import { text } from "./text.ts";

/** A format that is loaded when it is first needed. */
export interface LazyFormat {
  /** Name of the format. */
  readonly name: string;
  /** The suffixes it is chosen by, in lower case with the dot. */
  readonly suffixes: readonly string[];
  /** Loads it. A load that fails is tried again by the next use. */
  load(): Promise<Format>;
}

/** Options of {@linkcode FormatRegistry.register}. */
export interface RegisterFormatOptions {
  /**
   * Whether the format may take names and suffixes from another.
   *
   * @default {false}
   */
  replace?: boolean;
}

/**
 * Formats by name and by suffix. Every backend that keeps values as bytes has one; there is no shared one.
 *
 * @example
 * ```ts
 * import { builtinFormats, csv } from "@polystore/polystore/formats";
 * import assert from "node:assert/strict";
 *
 * const formats = builtinFormats();
 * assert.equal((await formats.forPath("plate/A1.NPY"))?.name, "npy");
 * assert.equal(formats.forPath("plate/A1.tif"), undefined);
 *
 * const lists = csv({ header: false });
 * assert.equal(formats.with(lists).forPath("a.csv"), lists);
 * ```
 */
export class FormatRegistry {
  #bySuffix: Map<string, Format | LazyFormat> = new Map();
  #byName: Map<string, Format | LazyFormat> = new Map();
  #loaded: WeakMap<LazyFormat, Format | Promise<Format>> = new WeakMap();

  /**
   * Adds a format.
   *
   * @param format The format, or how to load it.
   * @param options Whether it may replace others.
   * @throws {StorageError} `already-exists` if its name or a suffix is taken; `invalid-argument` if a suffix is not a dot and
   * more, or holds a `/`. Nothing is registered then.
   *
   * @example
   * ```ts
   * import { FormatRegistry, json, text } from "@polystore/polystore/formats";
   * import assert from "node:assert/strict";
   *
   * const formats = new FormatRegistry();
   * formats.register(json());
   * assert.throws(() => formats.register({ ...text(), suffixes: [".json"] }), { code: "already-exists" });
   * formats.register(json({ tagged: true }), { replace: true });
   * ```
   */
  register(format: Format | LazyFormat, options: RegisterFormatOptions = {}): void {
    const { replace = false } = options;
    const suffixes = format.suffixes.map((suffix) => suffix.toLowerCase());
    for (const suffix of suffixes) {
      if (!/^\.[^/]+$/.test(suffix)) {
        throw new StorageError("invalid-argument", `suffix must be a dot and more: received ${JSON.stringify(suffix)}`);
      }
      const owner = this.#bySuffix.get(suffix);
      if (owner !== undefined && !replace) throw taken(`suffix ${suffix}`, owner);
    }
    const owner = this.#byName.get(format.name);
    if (owner !== undefined && !replace) throw taken(`name ${format.name}`, owner);
    this.#byName.set(format.name, format);
    for (const suffix of suffixes) this.#bySuffix.set(suffix, format);
  }

  /**
   * The format of a path: that of the longest known suffix of its last name, in upper or lower case. A dot file such as
   * `.json` has no suffix.
   *
   * @param path The path.
   * @returns The format, a promise of it while it is not loaded, or `undefined` if no suffix is known.
   *
   * @example
   * ```ts
   * import { builtinFormats } from "@polystore/polystore/formats";
   * import assert from "node:assert/strict";
   *
   * const formats = builtinFormats();
   * assert.equal((await formats.forPath("notes.md"))?.name, "text");
   * assert.equal(formats.forPath(".json"), undefined);
   * ```
   */
  forPath(path: string): Format | Promise<Format> | undefined {
    const suffix = this.suffixOf(path);
    return suffix === undefined ? undefined : this.#resolve(this.#bySuffix.get(suffix)!);
  }

  /**
   * The longest known suffix of a path, in lower case.
   *
   * @param path The path.
   * @returns The suffix, or `undefined` if none is known.
   *
   * @example
   * ```ts
   * import { builtinFormats } from "@polystore/polystore/formats";
   * import assert from "node:assert/strict";
   *
   * assert.equal(builtinFormats().suffixOf("a.b/c.d.JSON"), ".json");
   * assert.equal(builtinFormats().suffixOf("a.json/c"), undefined);
   * ```
   */
  suffixOf(path: string): string | undefined {
    const name = baseName(path).toLowerCase();
    // From the first dot, so that the longest comes first; a dot at the start begins the name.
    for (let dot = name.indexOf(".", 1); dot !== -1; dot = name.indexOf(".", dot + 1)) {
      const suffix = name.slice(dot);
      if (this.#bySuffix.has(suffix)) return suffix;
    }
    return undefined;
  }

  /**
   * The format of this name, or of this suffix.
   *
   * @param key A name (`npy`) or a suffix with its dot (`.npy`).
   * @returns The format, a promise of it while it is not loaded, or `undefined` if it is not known.
   *
   * @example
   * ```ts
   * import { builtinFormats } from "@polystore/polystore/formats";
   * import assert from "node:assert/strict";
   *
   * const formats = builtinFormats();
   * assert.equal((await formats.get("bytes"))?.name, "bytes");
   * assert.equal(await formats.get(".csv"), await formats.get("csv"));
   * ```
   */
  get(key: string): Format | Promise<Format> | undefined {
    const format = this.#byName.get(key) ?? this.#bySuffix.get(key.toLowerCase());
    return format === undefined ? undefined : this.#resolve(format);
  }

  /** All known suffixes, in lower case, sorted. */
  get suffixes(): string[] {
    return [...this.#bySuffix.keys()].sort();
  }

  /**
   * A copy in which these formats come first: they take their names and suffixes from whichever had them.
   *
   * @param formats The formats to add, the last one first.
   * @returns A new registry; this one stays as it is.
   *
   * @example
   * ```ts
   * import { builtinFormats, json } from "@polystore/polystore/formats";
   * import assert from "node:assert/strict";
   *
   * const tagged = json({ tagged: true });
   * assert.equal(builtinFormats().with(tagged).get("json"), tagged);
   * ```
   */
  with(...formats: (Format | LazyFormat)[]): FormatRegistry {
    const copy = new FormatRegistry();
    copy.#byName = new Map(this.#byName);
    copy.#bySuffix = new Map(this.#bySuffix);
    copy.#loaded = this.#loaded;
    for (const format of formats) copy.register(format, { replace: true });
    return copy;
  }

  #resolve(format: Format | LazyFormat): Format | Promise<Format> {
    if (!("load" in format)) return format;
    const known = this.#loaded.get(format);
    if (known !== undefined) return known;
    const loading = this.#load(format);
    this.#loaded.set(format, loading);
    return loading;
  }

  async #load(lazy: LazyFormat): Promise<Format> {
    try {
      const format = await lazy.load();
      this.#loaded.set(lazy, format);
      return format;
    } catch (error) {
      this.#loaded.delete(lazy);
      throw error;
    }
  }
}

function taken(what: string, owner: Format | LazyFormat): StorageError {
  return new StorageError(
    "already-exists",
    `${what} belongs to the format ${owner.name} already; pass { replace: true }`,
  );
}

/**
 * A new registry with the formats of this package: `json`, `text` (`.txt`, `.md`), `csv`, `npy`, `npz`, and `bytes`, which is chosen by name
 * only. `csv`, `npy` and `npz` are loaded when they are first needed.
 *
 * @returns The registry.
 *
 * @example
 * ```ts
 * import { builtinFormats } from "@polystore/polystore/formats";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(builtinFormats().suffixes, [".csv", ".json", ".md", ".npy", ".npz", ".txt"]);
 * ```
 */
export function builtinFormats(): FormatRegistry {
  const formats = new FormatRegistry();
  formats.register(json());
  formats.register(text());
  formats.register(bytes());
  formats.register({ name: "csv", suffixes: [".csv"], load: async () => (await import("./csv.ts")).csv() });
  formats.register({ name: "npy", suffixes: [".npy"], load: async () => (await import("./npy.ts")).npy() });
  formats.register({ name: "npz", suffixes: [".npz"], load: async () => (await import("./npz.ts")).npz() });
  return formats;
}
