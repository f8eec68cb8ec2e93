/** Looks at the raw keys of a store on Deno KV: nothing may be there that is not part of its tree. */

import assert from "node:assert/strict";
import { decodeEntry } from "../../backends/stores/kv/entry.ts";
import { ROOT_ID } from "../../backends/stores/kv/keys.ts";

/** What is in a database. */
export interface Inspected {
  /** The paths of everything, directories with a `/` at the end. */
  readonly paths: readonly string[];
  /** How many markers of things to be cleaned up there are. */
  readonly markers: number;
  /** Keys that nothing leads to. */
  readonly orphans: readonly string[];
}

/** Walks the tree by its raw keys, and tells what it did not come by. */
export async function inspect(kv: Deno.Kv, prefix: Deno.KvKey = ["polystore"]): Promise<Inspected> {
  const entries = new Map<string, Map<string, unknown>>();
  const others = new Set<string>();
  let markers = 0;
  for await (const { key, value } of kv.list({ prefix }, { batchSize: 100 })) {
    const [kind, id, name] = key.slice(prefix.length).map(String);
    if (kind === "entry") {
      const directory = entries.get(id!) ?? new Map<string, unknown>();
      entries.set(id!, directory.set(name!, decodeEntry(value, "")));
    } else if (kind === "garbage") markers++;
    else others.add([kind, id, name].join(" "));
  }
  const paths: string[] = [];
  function visit(id: string, path: string): void {
    const children = entries.get(id);
    entries.delete(id);
    others.delete(`stamp ${id} `);
    for (const [name, value] of children ?? []) {
      const node = value as ReturnType<typeof decodeEntry>;
      paths.push(`${path}${name}${node.kind === "directory" ? "/" : ""}`);
      if (node.kind === "directory") visit(node.id, `${path}${name}/`);
      if (node.kind !== "file" || node.parts === undefined) continue;
      for (let i = 0; i < node.parts.count; i++) {
        assert(others.delete(`part ${node.parts.generation} ${i}`), `part ${i} of ${path}${name} is missing`);
      }
    }
  }
  visit(ROOT_ID, "");
  const orphans = [...others, ...[...entries.keys()].map((id) => `entries ${id}`)];
  return { paths, markers, orphans };
}

/** There must be nothing but the tree. */
export async function assertClean(kv: Deno.Kv, prefix?: Deno.KvKey): Promise<void> {
  const { markers, orphans } = await inspect(kv, prefix);
  assert.deepEqual({ markers, orphans }, { markers: 0, orphans: [] });
}
