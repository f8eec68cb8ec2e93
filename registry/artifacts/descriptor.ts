/**
 * {@linkcode AllowedModules}: how functions and classes travel. Not their code does, but the name of the module that exports them; and only
 * modules that the program itself has listed are ever loaded.
 *
 * @module
 */

import { ArtifactError } from "./artifact_error.ts";
import { checkNumbers, decodeValue, encodeValue } from "./wire.ts";

/** Where a function or a class is. */
export interface ArtifactDescriptor {
  /** The name of the module, as it stands on the lists of those who share it. */
  readonly specifier: string;
  /** The name under which the module exports it. */
  readonly export: string;
  /** What names the content of the module, if whoever registered it said so. */
  readonly integrity?: string | undefined;
}

/** Loads a module. */
export type ModuleLoader = () => Promise<object> | object;

/** A module on the list, with what names its content. */
export interface AllowedModule {
  /** Loads it. */
  readonly load: ModuleLoader;
  /**
   * A digest, or a version. An artifact that was registered from a module with another one is refused.
   *
   * @default {undefined} any
   */
  readonly integrity?: string | undefined;
}

/**
 * The modules that functions and classes may come from, by the names under which they travel:
 * `{ "losses": () => import("./losses.ts") }`.
 */
export type ModuleList = Readonly<Record<string, ModuleLoader | AllowedModule>>;

/** The reserved key. */
const ARTIFACT = "$artifact";

/** Modules that functions and classes may come from. */
export class AllowedModules {
  readonly #modules: ReadonlyMap<string, AllowedModule>;

  /**
   * @param modules The list; nothing is loaded yet.
   */
  constructor(modules: ModuleList = {}) {
    this.#modules = new Map(
      Object.entries(modules).map(([name, module]) => [name, typeof module === "function" ? { load: module } : module]),
    );
  }

  /**
   * The text of a value; a function becomes its descriptor.
   *
   * @throws {StorageError} `invalid-value` for what cannot be kept, and for a function that no module on the list exports.
   */
  encode(value: unknown): string | Promise<string> {
    if (typeof value === "function") return this.#describe(value);
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, ARTIFACT)) return encodeValue(value);
    // What only looks like a descriptor is written as tagged JSON writes what looks like a tag.
    const entries = Object.keys(value).map((key) => `[${JSON.stringify(key)},${encodeValue(Reflect.get(value, key))}]`);
    encodeValue(value);
    return `{"$tag":["Object",[${entries.join()}]]}`;
  }

  /**
   * The value of a text; a descriptor becomes what it describes.
   *
   * @throws {StorageError} `corrupt` for a text that is none, `invalid-value` for a number that no double holds, `permission-denied` for a module that is not on the list.
   */
  decode(text: string): unknown {
    const value = decodeValue(text);
    checkNumbers(text);
    if (!text.startsWith('{"$artifact"') || typeof value !== "object" || value === null) return value;
    const { specifier, export: name, integrity } = Object(Reflect.get(value, ARTIFACT));
    if (
      Object.keys(value).length !== 1 || typeof specifier !== "string" || typeof name !== "string" ||
      (integrity !== undefined && typeof integrity !== "string")
    ) throw new ArtifactError("corrupt", "what describes a function is damaged");
    return this.#resolve({ specifier, export: name, integrity });
  }

  async #describe(item: CallableFunction): Promise<string> {
    for (const [specifier, { load, integrity }] of this.#modules) {
      const exported = Object.entries(await load()).filter(([, value]) => value === item).map(([name]) => name);
      const name = exported.includes(item.name) ? item.name : exported[0];
      if (name === undefined) continue;
      const descriptor: ArtifactDescriptor = { specifier, export: name, ...(integrity !== undefined && { integrity }) };
      return JSON.stringify({ [ARTIFACT]: descriptor });
    }
    throw new ArtifactError(
      "invalid-value",
      `no module on the list exports ${JSON.stringify(item.name)}; code does not travel`,
      {
        suggestions: ["export it from a module", 'list the module: modules: { "losses": () => import("./losses.ts") }'],
        context: { name: item.name, modules: [...this.#modules.keys()] },
      },
    );
  }

  async #resolve(descriptor: ArtifactDescriptor): Promise<unknown> {
    const { specifier, export: name, integrity } = descriptor;
    const module = this.#modules.get(specifier);
    const shown = JSON.stringify(specifier);
    if (module === undefined) {
      throw new ArtifactError("permission-denied", `module ${shown} is not on the list of this program`, {
        suggestions: [`if you trust it, list it: modules: { ${shown}: () => import(…) }`],
        context: { ...descriptor },
      });
    }
    if (module.integrity !== undefined && integrity !== module.integrity) {
      throw new ArtifactError("corrupt", `module ${shown} is not the one that it was registered from`, {
        suggestions: ["use the same version of the module everywhere, and register again"],
        context: { ...descriptor, expected: module.integrity },
      });
    }
    const exports = await module.load();
    const found = Object.hasOwn(exports, name) ? Reflect.get(exports, name) : undefined;
    if (typeof found === "function") return found;
    throw new ArtifactError("not-found", `module ${shown} exports no function or class ${JSON.stringify(name)}`, {
      suggestions: ["use the same version of the module everywhere, and register again"],
      context: { ...descriptor },
    });
  }
}
