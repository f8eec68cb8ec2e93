/**
 * {@linkcode KvPlan}: what becomes of the tree of a store on Deno KV when many files are written.
 *
 * @module
 */

import { baseName, parentPath } from "../../path.ts";
import { KvAtomic } from "./atomic.ts";
import { checkPlace } from "./change.ts";
import type { KvDatabase } from "./database.ts";
import type { KvDraft, KvDrafts } from "./draft.ts";
import { encodeEntry, isOver, isSmall, type KvContent, type KvDirectory, type KvFile, type KvNode } from "./entry.ts";
import { newId } from "./keys.ts";
import { type KvPlace, KvView, type Seen } from "./tree.ts";
import { checkWrite } from "../rules.ts";
import type { WriteOptions } from "../store.ts";
import { reachable } from "../walk.ts";

/** A file of a batch. */
export interface BatchItem {
  /** Where to. */
  readonly path: string;
  /** The content. */
  readonly content: KvContent;
  /** Its draft, if it is large. */
  readonly draft: KvDraft | undefined;
}

/** What writing one file takes. Units must be committed in their order; those of one operation share its checks. */
export interface Unit {
  /** What is changed; of the checks, only that of the draft. */
  readonly atomic: KvAtomic;
  /** What must be as it was seen, by name: see {@linkcode KvPlan.seen}. */
  readonly uses: readonly string[];
  /** What it sets, of that which others may use. */
  readonly made: string[];
  /** The directories whose stamps change. */
  readonly touched: string[];
  /** The draft it publishes. */
  readonly draft: KvDraft | undefined;
  /** What is to be done after it. */
  readonly after: (() => Promise<void>)[];
}

/** Stands for a small file of which nothing else is known. */
const SMALL: KvFile = { kind: "file", size: 0, crc: 0, modified: 0, expires: undefined, version: "" };

interface Parent {
  readonly directory: KvDirectory;
  readonly uses: readonly string[];
}

interface Spot {
  readonly directory: KvDirectory;
  readonly name: string;
  readonly node: KvNode | undefined;
  readonly uses: readonly string[];
}

/** The tree as a batch would leave it behind. */
export class KvPlan extends KvView {
  /** The files, in their order. */
  readonly units: Unit[] = [];
  /** The stamps of directories whose names were looked at afterwards, by their ids. */
  readonly stamps: Map<string, string | null> = new Map();
  readonly #database: KvDatabase;
  readonly #drafts: KvDrafts;
  readonly #assumed = new Set<string>();
  /** Whether what is written is small, by directory and name. */
  readonly #written = new Map<string, Map<string, boolean>>();
  readonly #overlay = new Map<string, KvNode>();
  readonly #parents = new Map<string, Parent>();
  #uses: string[] = [];

  /** Creates a plan of nothing. */
  constructor(database: KvDatabase, drafts: KvDrafts) {
    super(database.engine, database.space, database.memory);
    this.#database = database;
    this.#drafts = drafts;
  }

  /** What a use is about: its key, and the versionstamp that was seen. */
  seen(use: string): Pick<Seen, "key" | "versionstamp"> {
    const slash = use.indexOf("/");
    if (slash < 0) return { key: this.space.stamp(use), versionstamp: this.stamps.get(use) ?? null };
    const id = use.slice(0, slash);
    const name = use.slice(slash + 1);
    return { key: this.space.entry(id, name), versionstamp: this.known(id, name)?.versionstamp ?? null };
  }

  /** Takes names of a directory for small files, or for nothing, which makes no difference here as long as the stamp is the same. */
  assumeSmall(id: string, stamp: string | null, names: Iterable<string>): void {
    this.stamps.set(id, stamp);
    this.#assumed.add(id);
    for (const name of names) {
      this.assume(id, name, { key: this.space.entry(id, name), versionstamp: null, node: SMALL });
    }
  }

  /** Has the memory of this process note what is in the directories whose stamps were looked at, now that all is done. */
  remember(versions: ReadonlyMap<string, string>): void {
    for (const [id, stamp] of this.stamps) {
      const before = this.memory.small(id);
      const names = new Set(before?.stamp === stamp ? before.names : undefined);
      for (const [name, small] of this.#written.get(id) ?? []) {
        if (small) names.add(name);
        else names.delete(name);
      }
      this.memory.setSmall(id, { stamp: versions.get(id) ?? stamp, names });
    }
  }

  /** Has the memory of this process forget what may be otherwise by now. */
  forgetSmall(): void {
    for (const id of this.stamps.keys()) this.memory.forgetSmall(id);
  }

  /** Has the memory of this process forget what was changed. */
  forget(uses: readonly string[]): void {
    for (const use of uses) {
      const slash = use.indexOf("/");
      this.memory.delete(use.slice(0, slash), use.slice(slash + 1));
    }
  }

  /**
   * Plans one more file.
   *
   * @throws {StorageError} What `write` throws.
   */
  async add({ path, content, draft }: BatchItem, options: WriteOptions | undefined): Promise<void> {
    const unit = { atomic: new KvAtomic(), made: [], touched: [], draft, after: [] };
    const { directory: { id, fresh }, name, node, uses } = await this.#spot(path, unit);
    checkWrite(path, node, node?.kind === "file" ? node.version : undefined, options);
    this.space.check(id, name, path);
    if (draft) this.#drafts.publish(unit.atomic, draft);
    const file: KvFile = { ...content, kind: "file", modified: Date.now(), expires: undefined, version: "" };
    // The stamp of a directory tells of everything in it that must not have changed meanwhile.
    this.units.push({ ...unit, uses: [...uses, fresh || this.stamps.has(id) ? id : `${id}/${name}`] });
    this.#set(id, name, file, unit);
    if (this.stamps.has(id)) this.#written.getOrInsertComputed(id, () => new Map()).set(name, isSmall(file));
  }

  /** What a name stands for, when everything planned so far is done. */
  protected override async look(
    directory: KvDirectory,
    name: string,
    known: Seen | undefined,
  ): Promise<KvNode | undefined> {
    const use = `${directory.id}/${name}`;
    this.#uses.push(use);
    return this.#overlay.get(use) ?? await super.look(directory, name, known);
  }

  async #spot(path: string, unit: Omit<Unit, "uses">): Promise<Spot> {
    const parent = this.#parents.get(parentPath(path)) ?? await this.#parent(path, unit);
    if (parent !== undefined) {
      const { directory, uses } = parent;
      const name = baseName(path);
      const seen = this.known(directory.id, name);
      const planned = this.#overlay.get(`${directory.id}/${name}`);
      const node = planned ?? (seen !== undefined && !isOver(seen.node) ? seen.node : undefined);
      const looked = planned !== undefined || seen !== undefined || directory.fresh === true;
      if (looked && node?.kind !== "symlink") return { directory, name, node, uses };
    }
    this.#uses = [];
    const place = reachable(await this.locate(path, true), path);
    checkWrite(path, place.node?.kind === "directory" ? place.node : undefined, undefined);
    const uses = this.#uses;
    const directory = this.#make(place, place.rest.slice(0, -1), path, uses, unit);
    return { directory, name: place.rest.at(-1)!, node: place.node, uses };
  }

  /** The directory that holds a path; it is made if it is not there. `undefined` if it is none. */
  async #parent(path: string, unit: Omit<Unit, "uses">): Promise<Parent | undefined> {
    if (path === "") return undefined;
    const parent = parentPath(path);
    this.#uses = [];
    const place = reachable(await this.locate(parent, true), path);
    const uses = this.#uses;
    if (place.node !== undefined && place.node.kind !== "directory") return undefined;
    const directory = place.node ?? this.#make(place, place.rest, path, uses, unit);
    const found = { directory, uses };
    this.#parents.set(parent, found);
    return found;
  }

  #make(
    place: KvPlace,
    names: readonly string[],
    path: string,
    uses: string[],
    unit: Omit<Unit, "uses">,
  ): KvDirectory {
    checkPlace(this.space, place, path);
    let directory = place.trail.at(-1)!;
    for (const name of names) {
      const made: KvDirectory = { kind: "directory", id: newId(), fresh: true };
      this.#set(directory.id, name, made, unit);
      uses.push(`${directory.id}/${name}`);
      directory = made;
    }
    return directory;
  }

  #set(id: string, name: string, node: KvNode, { atomic, made, touched, after }: Omit<Unit, "uses">): void {
    const use = `${id}/${name}`;
    const before = this.#overlay.get(use) ?? this.known(id, name)?.node;
    atomic.set(this.space.entry(id, name), encodeEntry(node));
    const small = isSmall(node);
    if (before === undefined || isOver(before) || !isSmall(before) || !small || this.#assumed.has(id)) touched.push(id);
    if (before !== undefined && !isSmall(before)) after.push(this.#database.garbage.retire(atomic, before));
    this.#overlay.set(use, node);
    made.push(use);
  }
}
