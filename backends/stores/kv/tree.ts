/**
 * {@linkcode KvView}: the tree of a store on Deno KV as one operation sees it.
 *
 * @module
 */

import { StorageError } from "../../errors.ts";
import type { KvEngine } from "./engine.ts";
import { decodeEntry, isOver, type KvDirectory, type KvFile, type KvNode } from "./entry.ts";
import { type KvSpace, ROOT_ID } from "./keys.ts";
import { type DeadEnd, existing, type Place, walk, walkAsync } from "../walk.ts";

/** Where a path leads. */
export type KvPlace = Place<KvDirectory, KvNode>;

/** As many entries are remembered. */
const MAX_REMEMBERED = 10_000;

/** After a wrong guess, so many are not made. */
const PENANCE = 8;

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

/** Names of a directory that were small files without a time limit. */
export interface SmallNames {
  /** The stamp of the directory then: as long as it is this one, each is such a file still, or gone. */
  readonly stamp: string | null;
  /** The names. */
  readonly names: ReadonlySet<string>;
}

/**
 * What this process has seen last. It only tells what to look at and what to expect: whether it still holds is seen in the
 * entries themselves, or checked by the operation that builds on it.
 */
export class KvMemory {
  readonly #seen = new Map<string, Seen>();
  readonly #small = new Map<string, SmallNames>();
  #smallNames = 0;
  #surprises = 0;

  /** What was seen last of a name in a directory. */
  get(id: string, name: string): Seen | undefined {
    return this.#seen.get(`${id}/${name}`);
  }

  /** Remembers what was seen; content is not kept. */
  set(id: string, name: string, seen: Seen): void {
    if (this.#seen.size >= MAX_REMEMBERED) this.#seen.clear();
    const { node } = seen;
    const bare = node?.kind === "file" && node.bytes ? { ...node, bytes: undefined, value: undefined } : node;
    this.#seen.set(`${id}/${name}`, bare === node ? seen : { ...seen, node: bare });
  }

  /** Forgets what was seen. */
  delete(id: string, name: string): void {
    this.#seen.delete(`${id}/${name}`);
  }

  /** The file that was seen last at a path. */
  file(path: string): KvFile | undefined {
    const slash = path.lastIndexOf("/");
    const id = this.#directory(slash < 0 ? "" : path.slice(0, slash));
    const node = id === undefined ? undefined : this.get(id, path.slice(slash + 1))?.node;
    return node?.kind === "file" ? node : undefined;
  }

  /** Remembers which names of a directory are small files that do not expire, while its stamp was this. */
  setSmall(id: string, { stamp, names }: SmallNames): void {
    this.forgetSmall(id);
    if (this.#smallNames + names.size > MAX_REMEMBERED) {
      this.#small.clear();
      this.#smallNames = 0;
    }
    this.#small.set(id, { stamp, names });
    this.#smallNames += names.size;
  }

  /** Names of a directory that are small files, or nothing, as long as its stamp is this; `undefined` if that was not seen. */
  small(id: string): SmallNames | undefined {
    return this.#small.get(id);
  }

  /** Forgets which names of a directory are small files. */
  forgetSmall(id: string): void {
    this.#smallNames -= this.#small.get(id)?.names.size ?? 0;
    this.#small.delete(id);
  }

  /** Whether it is worth to write to a path without looking: all directories on the way are known, and guesses go well. */
  expects(path: string): boolean {
    if (this.#surprises > 0) {
      this.#surprises--;
      return false;
    }
    const slash = path.lastIndexOf("/");
    return path !== "" && this.#directory(slash < 0 ? "" : path.slice(0, slash)) !== undefined;
  }

  /** Notes that a guess was wrong: the next few are not worth it. */
  surprise(): void {
    this.#surprises = PENANCE;
  }

  #directory(path: string): string | undefined {
    let id = ROOT_ID;
    for (const name of path === "" ? [] : path.split("/")) {
      const node = this.get(id, name)?.node;
      if (node?.kind !== "directory") return undefined;
      id = node.id;
    }
    return id;
  }
}

/** What one try of an operation has seen. Nothing is looked at twice. */
export class KvView {
  /** The keys. */
  protected readonly space: KvSpace;
  /** The database. */
  protected readonly engine: KvEngine;
  /** What this process has seen before. */
  protected readonly memory: KvMemory;
  /** What was looked at besides. */
  also: Deno.KvEntryMaybe<unknown> | undefined;
  readonly #seen = new Map<string, Seen>();

  /** Creates a view that has seen nothing yet. */
  constructor(engine: KvEngine, space: KvSpace, memory: KvMemory) {
    this.engine = engine;
    this.space = space;
    this.memory = memory;
  }

  /** Looks where a path leads: at everything on the way that is remembered at once, then step by step. */
  async locate(path: string, follow: boolean, also?: Deno.KvKey): Promise<KvPlace | DeadEnd> {
    await this.expect(path === "" ? [] : path.split("/"), also);
    return await walkAsync(
      walk<KvDirectory, KvNode>(ROOT, path, follow),
      (directory, name) => this.look(directory, name, this.known(directory.id, name)),
    );
  }

  /** The file at the end of a path, through links; another key is looked at with it. */
  async file(path: string, also?: Deno.KvKey): Promise<KvFile | undefined> {
    const node = existing(await this.locate(path, true, also))?.node;
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
  note(id: string, name: string, { key, value, versionstamp }: Deno.KvEntryMaybe<unknown>, remember = true): Seen {
    const node = versionstamp === null ? undefined : decode(value, versionstamp, name);
    const seen = { key, versionstamp, node };
    this.#seen.set(`${id}/${name}`, seen);
    if (remember) this.memory.set(id, name, seen);
    return seen;
  }

  /** Takes something for seen. */
  protected assume(id: string, name: string, seen: Seen): void {
    this.#seen.set(`${id}/${name}`, seen);
  }

  /** Looks at once at all that a path most likely leads through. */
  protected async expect(names: readonly string[], also?: Deno.KvKey): Promise<void> {
    const asked: { readonly id: string; readonly name: string }[] = [];
    let id = ROOT_ID;
    for (const name of names) {
      if (!this.space.keeps(id, name)) break;
      if (this.known(id, name) === undefined) asked.push({ id, name });
      const node = this.memory.get(id, name)?.node;
      if (node?.kind !== "directory") break;
      id = node.id;
    }
    if (asked.length === 0) return;
    const keys = asked.map(({ id, name }) => this.space.entry(id, name));
    const entries = await this.engine.getMany(also ? [...keys, also] : keys);
    for (const [i, { id, name }] of asked.entries()) this.note(id, name, entries[i]!);
    if (also) this.also = entries.at(-1);
  }
}

function decode(value: unknown, versionstamp: string, name: string): KvNode {
  try {
    return decodeEntry(value, versionstamp);
  } catch (error) {
    throw error instanceof StorageError ? error.at(name) : error;
  }
}
