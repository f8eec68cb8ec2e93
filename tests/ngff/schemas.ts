/** The official JSON schemas of NGFF, where they are on this machine. */

import { Ajv2020 } from "ajv/dist/2020.js";
import type { JsonObject } from "../../backends/zarr/json.ts";

const DATA = new URL("../../../shared/data/ngff", import.meta.url).pathname;

/** The versions. */
export const VERSIONS = ["0.4", "0.5"] as const;

/** A version of NGFF. */
export type Version = (typeof VERSIONS)[number];

/** A case of an official suite: a document and whether it is valid. */
export interface Case {
  /** What it is called. */
  readonly name: string;
  /** The suite: the name of the schema. */
  readonly suite: string;
  /** The attributes. */
  readonly data: JsonObject;
  /** Whether it is valid. */
  readonly valid: boolean;
}

/** The schemas of a version. */
export class Schemas {
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true });

  private constructor(readonly version: Version, readonly schemas: ReadonlyMap<string, { readonly $id: string }>) {
    for (const schema of schemas.values()) this.#ajv.addSchema(schema);
  }

  /** Reads them; `undefined` if they are not here. */
  static async read(version: Version): Promise<Schemas | undefined> {
    const files = await Array.fromAsync(Deno.readDir(`${DATA}/${version}/schemas`)).catch(() => undefined);
    if (files === undefined) return undefined;
    const schemas = new Map<string, { readonly $id: string }>();
    for (const { name } of files) {
      const text = await Deno.readTextFile(`${DATA}/${version}/schemas/${name}`);
      schemas.set(name.replace(/\.schema$/, ""), JSON.parse(text));
    }
    return new Schemas(version, schemas);
  }

  /** What a schema has against a document. */
  problems(schema: string, attributes: unknown): string[] {
    if (this.#ajv.validate(this.schemas.get(schema)!.$id, attributes)) return [];
    return (this.#ajv.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
  }

  /** The cases of the official suites, and the examples, which are all valid. */
  async cases(): Promise<Case[]> {
    const cases: Case[] = [];
    const root = `${DATA}/${this.version}`;
    for await (const { name } of Deno.readDir(`${root}/tests`)) {
      if (!name.endsWith("_suite.json")) continue;
      const { tests, schema } = JSON.parse(await Deno.readTextFile(`${root}/tests/${name}`));
      const suite = schema.id.replace(/^schemas\/|\.schema$/g, "");
      for (const { formerly, data, valid } of tests) cases.push({ name: formerly, suite, data, valid });
    }
    for await (const { name: folder } of Deno.readDir(`${root}/examples`)) {
      const config = JSON.parse(await Deno.readTextFile(`${root}/examples/${folder}/.config.json`));
      const suite = config.schema.replace(/^schemas\/|\.schema$/g, "");
      for await (const { name } of Deno.readDir(`${root}/examples/${folder}`)) {
        if (name === ".config.json") continue;
        const text = await Deno.readTextFile(`${root}/examples/${folder}/${name}`);
        const document = JSON.parse(text.replace(/^\s*\/\/.*$/gm, ""));
        const data = this.version === "0.5" ? document.attributes : document;
        cases.push({ name: `examples/${folder}/${name}`, suite, data, valid: true });
      }
    }
    return cases;
  }
}

/** The schemas of a version; where they are not, a skipped step says so. */
export async function schemasOf(t: Deno.TestContext, version: Version): Promise<Schemas | undefined> {
  const schemas = await Schemas.read(version);
  if (schemas === undefined) {
    await t.step({ name: "../shared/data/ngff is not here: schemas skipped", ignore: true, fn: () => {} });
  }
  return schemas;
}
