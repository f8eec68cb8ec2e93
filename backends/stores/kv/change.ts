/**
 * {@linkcode KvChange}: one try to change the tree of a store on Deno KV.
 *
 * @module
 */

import { StorageError } from "../../errors.ts";
import { KvAtomic } from "./atomic.ts";
import type { KvEngine } from "./engine.ts";
import { encodeEntry, isOver, isSmall, type KvDirectory, type KvNode } from "./entry.ts";
import type { KvGarbage } from "./garbage.ts";
import { type KvSpace, newId } from "./keys.ts";
import { type KvMemory, type KvPlace, KvView, type Seen } from "./tree.ts";

/** More directories than these on a way could not all be checked by the operation that changes something there. */
const MAX_DEPTH = 90;

const EMPTY = new Uint8Array();

/**
 * A try to change the tree: what it looks at, it checks when it commits, so that nothing can have changed in between; in particular,
 * nothing is ever written into a directory that was deleted or moved away.
 */
export class KvChange extends KvView {
  /** Everything that is changed, and checked. */
  atomic: KvAtomic = new KvAtomic();
  readonly #garbage: KvGarbage;
  readonly #checked = new Set<Seen>();
  readonly #touched = new Set<string>();
  #after: (() => Promise<void>)[] = [];

  readonly #guess: boolean;
  readonly #made: { readonly id: string; readonly name: string; readonly node: KvNode | undefined }[] = [];

  /**
   * Creates a change of nothing.
   *
   * @param guess Whether it builds on what was seen before, and takes for missing what was never seen, instead of looking.
   */
  constructor(engine: KvEngine, space: KvSpace, memory: KvMemory, garbage: KvGarbage, guess: boolean) {
    super(engine, space, memory);
    this.#guess = guess;
    this.#garbage = garbage;
  }

  /** Looks ahead, unless it guesses. */
  protected override async expect(names: readonly string[]): Promise<void> {
    if (!this.#guess) await super.expect(names);
  }

  /** What a name stands for; it is checked. */
  protected override async look(
    directory: KvDirectory,
    name: string,
    known: Seen | undefined,
  ): Promise<KvNode | undefined> {
    const { id } = directory;
    if (this.#guess && known === undefined) {
      known = this.memory.get(id, name) ??
        { key: this.space.entry(id, name), versionstamp: null, node: undefined };
      this.assume(id, name, known);
    }
    const node = await super.look(directory, name, known);
    const seen = this.known(directory.id, name);
    if (seen !== undefined) this.check(seen);
    return node;
  }

  /** Everything that is checked. */
  get checked(): readonly Seen[] {
    return [...this.#checked];
  }

  /** Demands that something is still as it was seen. */
  check(seen: Seen): void {
    if (this.#checked.has(seen)) return;
    this.#checked.add(seen);
    this.atomic.check(seen.key, seen.versionstamp);
  }

  /** Forgets what was planned, not what was seen. */
  restart(): void {
    this.atomic = new KvAtomic();
    this.#checked.clear();
    this.#touched.clear();
    this.#made.length = 0;
    this.#after = [];
  }

  /** Where a change begins or ends: the directory and the name in it. */
  static spot({ trail, names, rest }: KvPlace): { readonly directory: KvDirectory; readonly name: string } {
    // Without a rest the path has led to a directory of the trail itself.
    if (rest.length === 0) return { directory: trail[trail.length - 2]!, name: names[names.length - 1]! };
    return { directory: trail[trail.length - 1]!, name: rest[0]! };
  }

  /** Makes the directories that are missing on the way to a place; answers the last. */
  parents({ trail, rest }: Pick<KvPlace, "trail" | "rest">, path: string): KvDirectory {
    checkPlace(this.space, { trail, rest }, path);
    let directory = trail[trail.length - 1]!;
    for (const name of rest.slice(0, -1)) directory = this.makeDirectory(directory, name, path);
    return directory;
  }

  /** Makes a directory. */
  makeDirectory(directory: KvDirectory, name: string, path: string): KvDirectory {
    const made: KvDirectory = { kind: "directory", id: newId(), fresh: true };
    this.set(directory, name, made, path);
    return made;
  }

  /** Puts a node where a path leads, with the directories that are missing on the way. */
  put(place: KvPlace, node: KvNode, path: string): void {
    const directory = this.parents(place, path);
    this.set(directory, place.rest[place.rest.length - 1]!, node, path);
  }

  /** Sets what a name stands for; what it stood for is cleaned up. */
  set(directory: KvDirectory, name: string, node: KvNode, path: string): void {
    this.space.check(directory.id, name, path);
    const before = this.known(directory.id, name)?.node;
    const expires = node.kind === "file" ? node.expires : undefined;
    this.atomic.set(this.space.entry(directory.id, name), encodeEntry(node), expires);
    this.#made.push({ id: directory.id, name, node });
    const generation = generationOf(before);
    // The same parts, with other bytes in them.
    if (generation !== undefined && generation === generationOf(node)) return;
    if (before === undefined || isOver(before) || !isSmall(before) || !isSmall(node)) this.touch(directory.id);
    this.retire(before);
  }

  /** Takes a name out of its directory, and cleans up what it stood for. */
  remove(directory: KvDirectory, name: string): void {
    this.detach(directory, name);
    this.retire(this.known(directory.id, name)?.node);
  }

  /** Takes a name out of its directory. */
  detach(directory: KvDirectory, name: string): void {
    this.atomic.delete(this.space.entry(directory.id, name));
    this.#made.push({ id: directory.id, name, node: undefined });
  }

  /** Changes the stamp of a directory. */
  touch(id: string): void {
    if (this.#touched.has(id)) return;
    this.#touched.add(id);
    this.atomic.set(this.space.stamp(id), EMPTY);
  }

  /** Has something cleaned up. */
  retire(node: KvNode | undefined): void {
    if (node !== undefined && !isSmall(node)) this.#after.push(this.#garbage.retire(this.atomic, node));
  }

  /**
   * Takes an empty directory out of its directory.
   *
   * @returns Whether it is empty.
   */
  async removeEmpty(directory: KvDirectory, name: string, { id }: KvDirectory): Promise<boolean> {
    const [stamp] = await this.engine.getMany([this.space.stamp(id)]);
    let left = 0;
    for await (const page of this.engine.pages({ prefix: this.space.entries(id) }, 32)) {
      for (const entry of page) {
        if (!isOver(this.note(id, String(entry.key.at(-1)), entry).node)) return false;
        left++;
      }
    }
    this.atomic.check(stamp!.key, stamp!.versionstamp);
    this.detach(directory, name);
    if (left > 0) this.retire({ kind: "directory", id });
    else this.atomic.delete(stamp!.key);
    return true;
  }

  /**
   * Makes the change, and cleans up what it has left over.
   *
   * @returns The versionstamp of what was set; `undefined` if something had changed meanwhile.
   */
  async commit(): Promise<string | undefined> {
    if (!this.atomic.fits()) {
      throw new StorageError(
        "name-too-long",
        "so many names, as long as these, are more than Deno KV can change at once",
      );
    }
    const version = await this.engine.commit(this.atomic.checks, this.atomic.mutations);
    if (version === undefined) return undefined;
    for (const id of this.#touched) this.memory.forgetSmall(id);
    for (const { id, name, node } of this.#made) {
      const written = node?.kind === "file"
        ? { ...node, version }
        : node?.kind === "directory"
        ? ofDirectory(node)
        : node;
      const versionstamp = node === undefined ? null : version;
      this.memory.set(id, name, { key: this.space.entry(id, name), versionstamp, node: written });
    }
    try {
      for (const purge of this.#after) await purge();
    } catch { /* the change is made; what is left over has a marker, and the next sweep does it */ }
    return version;
  }
}

function generationOf(node: KvNode | undefined): string | undefined {
  return node?.kind === "file" ? node.parts?.generation : undefined;
}

/** A directory that is written. */
function ofDirectory({ id }: KvDirectory): KvDirectory {
  return { kind: "directory", id };
}

/**
 * Whether anything can be put at a place.
 *
 * @throws {StorageError} `name-too-long`.
 */
export function checkPlace(space: KvSpace, { trail, rest }: Pick<KvPlace, "trail" | "rest">, path: string): void {
  for (const name of rest) space.check(trail.at(-1)!.id, name, path);
  if (trail.length + rest.length <= MAX_DEPTH) return;
  const detail = `it has more than the ${MAX_DEPTH} names that Deno KV can check at once`;
  throw new StorageError("name-too-long", detail, { path });
}
