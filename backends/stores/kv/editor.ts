/**
 * {@linkcode KvEditor}: the operations that change the tree of a store on Deno KV, each with one atomic operation.
 *
 * @module
 */

import { relativePath } from "../../path.ts";
import { StorageError } from "../../errors.ts";
import { checkPlace, KvChange } from "./change.ts";
import type { KvDatabase } from "./database.ts";
import type { KvDraft, KvDrafts } from "./draft.ts";
import { busyError, Patience } from "./engine.ts";
import type { KvContent, KvDirectory, KvNode } from "./entry.ts";
import { newId, ROOT_ID } from "./keys.ts";

import { KvAtomic } from "./atomic.ts";
import {
  checkDirectory,
  checkEtag,
  checkLink,
  checkMove,
  checkSource,
  checkWrite,
  notEmpty,
  notTheRoot,
} from "../rules.ts";
import type { DeleteOptions, WriteOptions, WriteResult } from "../store.ts";
import { aim, directoryOf, existing, reachable } from "../walk.ts";

/** What is written, and how. */
export interface KvWrite {
  /** The content. */
  readonly content: KvContent;
  /** Of large content: the drafts, and which of them it is. */
  readonly drafts?: KvDrafts | undefined;
  /** The draft, if the content is large. */
  readonly draft?: KvDraft | undefined;
  /** When it is gone, in milliseconds since the epoch. */
  readonly expires?: number | undefined;
}

/** Changes the tree. */
export class KvEditor {
  readonly #database: KvDatabase;

  /** Creates it for a database. */
  constructor(database: KvDatabase) {
    this.#database = database;
  }

  /**
   * Refuses what a write would refuse now, before anything is written.
   *
   * @param quick Whether a look is saved where the caller has no conditions: what is there is then seen when it is published.
   */
  async check(path: string, options: WriteOptions | undefined, quick: boolean = false): Promise<void> {
    if (quick && options?.ifMatch === undefined && !options?.ifAbsent) {
      const rest = path === "" ? [] : path.split("/");
      return checkPlace(this.#database.space, { trail: [{ kind: "directory", id: newId() }], rest }, path);
    }
    const change = this.#database.attempt();
    const place = reachable(await change.locate(path, true), path);
    checkWrite(path, place.node, etagOf(place.node), options);
    checkPlace(this.#database.space, place, path);
    options?.signal?.throwIfAborted();
  }

  /** Publishes content. */
  async publish(path: string, write: KvWrite, options: WriteOptions | undefined): Promise<WriteResult> {
    const { content, drafts, draft, expires } = write;
    let tried = false;
    const version = await this.#database.change(
      path,
      async (change) => {
        if (tried && draft) await drafts!.verify(draft);
        tried = true;
        const plan = async (): Promise<void> => {
          const place = reachable(await change.locate(path, true), path);
          checkWrite(path, place.node, etagOf(place.node), options);
          const placed = draft ? drafts!.placed(content, draft, place.node) : content;
          if (draft) drafts!.publish(change.atomic, draft, placed.parts?.generation);
          change.put(place, { ...placed, kind: "file", modified: Date.now(), expires, version: "" }, path);
        };
        await plan();
        if (!draft || change.atomic.fits()) return true;
        // The last parts and very long names are too much for one operation.
        await drafts!.flush();
        change.restart();
        await plan();
        return true;
      },
      options?.signal,
      true,
    );
    if (draft) drafts!.published(draft);
    return { etag: version! };
  }

  /** Deletes a file, a link or an empty directory. */
  async delete(path: string, { ifMatch, signal }: DeleteOptions = {}): Promise<void> {
    await this.#database.change(path, async (change) => {
      const place = existing(await change.locate(path, false));
      if (ifMatch !== undefined) checkEtag(path, etagOf(place?.node), ifMatch);
      if (place?.node === undefined) return false;
      if (path === "" || place.names.length + place.rest.length === 0) throw notTheRoot();
      const { directory, name } = KvChange.spot(place);
      if (place.node.kind !== "directory") change.remove(directory, name);
      else if (!await change.removeEmpty(directory, name, place.node)) throw notEmpty(path);
      return true;
    }, signal);
  }

  /** Deletes whatever is there. */
  async deleteTree(path: string, signal?: AbortSignal): Promise<void> {
    let root = path === "";
    if (!root) {
      await this.#database.change(path, async (change) => {
        const place = existing(await change.locate(path, false));
        if (place?.node === undefined) return false;
        root = place.names.length + place.rest.length === 0;
        if (root) return false;
        const { directory, name } = KvChange.spot(place);
        change.remove(directory, name);
        return true;
      }, signal);
    }
    if (root) await this.#emptyRoot(signal);
  }

  async #emptyRoot(signal?: AbortSignal): Promise<void> {
    const { engine, garbage, space } = this.#database;
    const patience = new Patience();
    do {
      signal?.throwIfAborted();
      const [stamp] = await engine.getMany([space.stamp(ROOT_ID)]);
      const terms = new KvAtomic();
      terms.check(stamp!.key, stamp!.versionstamp);
      if (await garbage.empty(ROOT_ID, terms, new KvAtomic())) return;
    } while (await patience.wait(signal));
    throw busyError("");
  }

  /** Makes a directory. */
  async makeDirectory(path: string, signal?: AbortSignal): Promise<void> {
    await this.#database.change(path, async (change) => {
      const place = reachable(await change.locate(path, true), path);
      if (!checkDirectory(path, place.node)) return false;
      change.makeDirectory(change.parents(place, path), place.rest.at(-1)!, path);
      return true;
    }, signal);
  }

  /** Makes a link. */
  async link(target: string, path: string, signal?: AbortSignal): Promise<void> {
    await this.#database.change(path, async (change) => {
      const place = reachable(await change.locate(path, false), path);
      checkLink(path, place.node);
      change.put(place, { kind: "symlink", target: relativePath(directoryOf(place), target) }, path);
      return true;
    }, signal);
  }

  /** Moves a file, a link or a directory. */
  async move(from: string, to: string, { ifAbsent = false, signal }: WriteOptions = {}): Promise<void> {
    await this.#database.change(from, async (change) => {
      const source = existing(await change.locate(from, false));
      const node = checkSource<KvDirectory, KvNode>(from, to, source);
      const goal = reachable(await change.locate(to, false), to);
      // Nothing is looked at twice, so what is the same is one object; but the root is not looked at.
      checkMove({ from, to, node, goal, ifAbsent }, (a, b) => a === b);
      if (source!.names.length + source!.rest.length === 0) throw notTheRoot();
      const { directory, name } = KvChange.spot(source!);
      const moved: KvNode = node.kind === "symlink"
        ? { kind: "symlink", target: relativePath(directoryOf(goal), aim(source!, node.target)) }
        : node;
      change.detach(directory, name);
      change.touch(directory.id);
      change.put(goal, moved, to);
      if (change.atomic.fits()) return true;
      throw new StorageError("unsupported", "the paths are too long to be changed in one step", { path: from });
    }, signal);
  }
}

/** The etag of a file. */
export function etagOf(node: KvNode | undefined): string | undefined {
  return node?.kind === "file" ? node.version : undefined;
}
