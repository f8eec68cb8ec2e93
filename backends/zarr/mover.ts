/**
 * {@linkcode ZarrMover}: moves arrays, and everything else.
 *
 * @module
 */

import type { CopyOptions } from "../backend.ts";
import { isStorageError, StorageError } from "../errors.ts";
import { joinPath } from "../path.ts";
import type { StoreBackend } from "../store_backend.ts";
import type { AbortOptions, Store } from "../stores/store.ts";
import { makeHierarchy } from "./groups.ts";
import { lookAtHead, readHead } from "./head.ts";
import { checkShown } from "./hidden.ts";
import { formatJson } from "./json.ts";
import { V2_ATTRIBUTES_FILE } from "./metadata_v2.ts";
import { exclusively, isUnfinished, type Publisher } from "./publish.ts";
import { finish } from "./replacement.ts";
import { nodes } from "./consolidated.ts";
import type { Look } from "./tree.ts";

/** What is at one end of a move, links not followed. */
type End = Look["kind"] | "symlink" | undefined;

/** Moves arrays, and everything else. */
export class ZarrMover {
  readonly #publisher: Publisher;
  readonly #files: StoreBackend;

  constructor(publisher: Publisher, files: StoreBackend) {
    this.#publisher = publisher;
    this.#files = files;
  }

  async #end(path: string, options: AbortOptions): Promise<End> {
    const { store, tree } = this.#publisher;
    if (await store.readSymlink?.(path, options) !== undefined) return "symlink";
    return (await tree.look(path, options))?.kind;
  }

  /**
   * Moves what the store can move.
   *
   * @returns Whether it was moved; else it is to be copied and deleted, `replaces` if it is an array that replaces something.
   */
  async move(from: string, to: string, { overwrite = false, signal }: CopyOptions): Promise<boolean | "replaces"> {
    const { store, tree } = this.#publisher;
    checkShown(to);
    const [source, goal] = [await this.#end(from, { signal }), await this.#end(to, { signal })];
    if (source === undefined) throw await tree.absence(from, { signal });
    checkGoal(source, goal, to, overwrite);
    if (goal === undefined) await tree.checkParents(to, { signal });
    if (source === "array" && (goal === "array" || goal === "file")) return "replaces";
    if (store.move === undefined || goal === "array") return false;
    if (source === "file" || source === "symlink") {
      await this.#files.move(from, to, { overwrite, signal });
      return true;
    }
    if (goal === "symlink") await store.delete!(to, { signal });
    try {
      await exclusively(store, from, async () => {
        const head = source === "array" ? await lookAtHead(store, from, { signal }) : undefined;
        // Where its chunks are is told from where it is.
        if (isUnfinished(head)) await finish(store, head);
        await store.move!(from, to, { ifAbsent: true, signal });
      });
    } catch (error) {
      if (isStorageError(error, "unsupported")) return false;
      throw error;
    }
    const node = (await lookAtHead(store, to))?.node;
    if (node !== undefined) await makeHierarchy(this.#publisher, to, node.format);
    return true;
  }

  /** Gives the directories of a copy the attributes of the groups they are copies of. */
  async copyGroups(from: string, to: string, options: AbortOptions): Promise<void> {
    const { store } = this.#publisher;
    if (await this.#end(from, options) !== "directory") return;
    for await (const { path, node } of nodes(store, from, options)) {
      if (node?.kind !== "group") continue;
      await this.copyGroup(store, path, joinPath(to, path.slice(from.length + (from === "" ? 0 : 1))), options);
    }
  }

  /** Gives a directory the attributes of a group, unless it has some. */
  async copyGroup(source: Store, from: string, to: string, options: AbortOptions): Promise<void> {
    const { store } = this.#publisher;
    const group = await readHead(source, from, options);
    if (group?.node?.kind !== "group" || (await store.stat(to, options))?.kind !== "directory") return;
    const { file, node, document } = group;
    const there = await readHead(store, to, options);
    if (there?.node !== undefined && Object.keys(there.node.attributes).length > 0) return;
    if (node.format === 2 && Object.keys(node.attributes).length > 0) {
      await store.write!(joinPath(to, V2_ATTRIBUTES_FILE), formatJson(node.attributes), options);
    }
    await store.write!(joinPath(to, file), formatJson(document), options);
  }
}

function checkGoal(source: End, goal: End, to: string, overwrite: boolean): void {
  if (goal === undefined) return;
  if (goal === "directory" || !overwrite) {
    throw new StorageError("already-exists", "the destination exists already", { path: to });
  }
  if (source === "directory") {
    throw new StorageError("not-a-directory", "a directory cannot replace a file", { path: to });
  }
}
