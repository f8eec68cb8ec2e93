/**
 * {@linkcode KvView}: the tree of a store on Deno KV as one operation sees it.
 *
 * @module
 */

import { StorageError } from "../errors.ts";
import type { KvEngine } from "./kv_engine.ts";
import { decodeEntry, isOver, type KvDirectory, type KvFile, type KvNode } from "./kv_entry.ts";
import { type KvSpace, ROOT_ID } from "./kv_keys.ts";
import { type DeadEnd, existing, type Place, walk, walkAsync } from "./walk.ts";

/** Where a path leads. */
export type KvPlace = Place<KvDirectory, KvNode>;

/** As many paths of directories are remembered. */
const MAX_REMEMBERED = 10_000;

/** The root directory. */
export const ROOT: KvDirectory = { kind: "directory", id: ROOT_ID };

/** What was seen of a name in a directory. */
export interface Seen {
  /** Its key. */
  readonly key: Deno.KvKey;
  /** The versionstamp of its entry; `null` if there is none. */
  readonly versionstamp: string | null;
  /** What it stands for, also if its time has come. */
  readonly node: KvNode | undefined;
}

/**
 * The ids of directories by their paths, as they were when they were last seen. They only tell what to look at: whether they
 * still hold is seen in the entries of the directories, which every operation looks at.
 */
export class KvDirectories {
  readonly #ids = new Map<string, string>();

  /** The id that a path had. */
  get(path: string): string | undefined {
    return path === "" ? ROOT_ID : this.#ids.get(path);
  }

  /** Remembers the directories on a way. */
  remember({ trail, names }: Pick<KvPlace, "trail" | "names">): void {
    if (this.#ids.size > MAX_REMEMBERED) this.#ids.clear();
    let path = "";
    for (const [i, name] of names.entries()) {
      path = i === 0 ? name : `${path}/${name}`;
      this.#ids.set(path, trail[i + 1]!.id);
    }
  }
}

/** What one try of an operation has seen. Nothing is looked at twice. */
export class KvView {
  /** The keys. */
  protected readonly space: KvSpace;
  /** The database. */
  protected readonly engine: KvEngine;
  readonly #directories: KvDirectories;
  readonly #seen = new Map<string, Seen>();

  /** Creates a view that has seen nothing yet. */
  constructor(engine: KvEngine, space: KvSpace, directories: KvDirectories) {
    this.engine = engine;
    this.space = space;
    this.#directories = directories;
  }

  /** Looks where a path leads: at everything on the way that is remembered at once, then step by step. */
  async locate(path: string, follow: boolean): Promise<KvPlace | DeadEnd> {
    const names = path === "" ? [] : path.split("/");
    await this.#expect(names);
    let steps = 0;
    const end = await walkAsync(walk<KvDirectory, KvNode>(ROOT, path, follow), (directory, name) => {
      const known = this.known(directory.id, name);
      if (known === undefined) steps++;
      return this.look(directory, name, known);
    });
    if (steps > 0 && typeof end !== "string") this.#directories.remember(end);
    return end;
  }

  /** The file at the end of a path, through links. */
  async file(path: string): Promise<KvFile | undefined> {
    const node = await this.node(path);
    return node?.kind === "file" ? node : undefined;
  }

  /** What is at the end of a path, through links. */
  async node(path: string): Promise<KvNode | undefined> {
    return existing(await this.locate(path, true))?.node;
  }

  /** What a name stands for, looked at now if it was not before. */
  protected async look(
    { id, fresh }: KvDirectory,
    name: string,
    known: Seen | undefined,
  ): Promise<KvNode | undefined> {
    if (known === undefined && fresh !== true && this.space.keeps(id, name)) {
      const key = this.space.entry(id, name);
      const [entry] = await this.engine.getMany([key]);
      known = this.note(id, name, entry!);
    }
    return known === undefined || isOver(known.node) ? undefined : known.node;
  }

  /** What was seen of a name. */
  known(id: string, name: string): Seen | undefined {
    return this.#seen.get(`${id}/${name}`);
  }

  /** Takes down what was seen. */
  note(id: string, name: string, { key, value, versionstamp }: Deno.KvEntryMaybe<unknown>): Seen {
    const node = versionstamp === null ? undefined : decode(value, versionstamp, name);
    const seen = { key, versionstamp, node };
    this.#seen.set(`${id}/${name}`, seen);
    return seen;
  }

  /** Looks at once at all that a path most likely leads through. */
  async #expect(names: readonly string[]): Promise<void> {
    const asked: { readonly id: string; readonly name: string }[] = [];
    let path = "";
    for (const name of names) {
      const id = this.#directories.get(path);
      if (id === undefined || !this.space.keeps(id, name)) break;
      if (!this.#seen.has(`${id}/${name}`)) asked.push({ id, name });
      path = path === "" ? name : `${path}/${name}`;
    }
    if (asked.length === 0) return;
    const entries = await this.engine.getMany(asked.map(({ id, name }) => this.space.entry(id, name)));
    for (const [i, { id, name }] of asked.entries()) this.note(id, name, entries[i]!);
  }
}

function decode(value: unknown, versionstamp: string, name: string): KvNode {
  try {
    return decodeEntry(value, versionstamp);
  } catch (error) {
    throw error instanceof StorageError ? error.at(name) : error;
  }
}
