/**
 * {@linkcode KvBatch}: writing many files to a store on Deno KV.
 *
 * A batch is planned as a whole against the tree as it is; then it is cut into as few atomic operations as the limits allow. What
 * fits one is all or nothing. Of a larger one everything is checked, and all large content written, before the first is published.
 *
 * @module
 */

import { baseName, parentPath } from "../../path.ts";
import { KvAtomic } from "./atomic.ts";
import type { KvDatabase } from "./database.ts";
import { type KvDrafts, KvWriter } from "./draft.ts";
import type { KvEditor } from "./editor.ts";
import { busyError, Patience } from "./engine.ts";
import { smallContent, smallSize } from "./entry.ts";
import { type BatchItem, KvPlan, type Unit } from "./plan.ts";
import { eachOf, lookAtNames } from "./names.ts";
import type { WriteOptions, WriteRequest, WriteResult } from "../store.ts";
import { existing } from "../walk.ts";

/** A directory of which more files than these are written has its stamp checked, not each of them; fewer where few checks can be made. */
const MANY = 20;

/** Writes many files. */
export class KvBatch {
  readonly #database: KvDatabase;
  readonly #editor: KvEditor;

  /** Creates it for a database. */
  constructor(database: KvDatabase, editor: KvEditor) {
    this.#database = database;
    this.#editor = editor;
  }

  /** Writes every file. */
  async write(
    writes: Iterable<WriteRequest> | AsyncIterable<WriteRequest>,
    options: WriteOptions | undefined,
  ): Promise<WriteResult[]> {
    const drafts = this.#database.drafts();
    try {
      const items = await this.#collect(writes, drafts, options);
      await drafts.flush();
      options?.signal?.throwIfAborted();
      return await this.#publish(items, drafts, options);
    } finally {
      await drafts.discard();
    }
  }

  async #collect(
    writes: Iterable<WriteRequest> | AsyncIterable<WriteRequest>,
    drafts: KvDrafts,
    options: WriteOptions | undefined,
  ): Promise<BatchItem[]> {
    const { engine } = this.#database;
    const items: BatchItem[] = [];
    await engine.open();
    for await (const { path, bytes } of writes) {
      options?.signal?.throwIfAborted();
      if (bytes.length <= smallSize(false)) {
        const content = smallContent(bytes, false, (copy) => engine.crc32(copy));
        items.push({ path, content, draft: undefined });
        continue;
      }
      await this.#editor.check(path, options);
      const writer = new KvWriter(engine, drafts, false);
      await writer.append(bytes, false);
      const content = await writer.end();
      items.push({ path, content, draft: writer.draft });
    }
    return items;
  }

  async #publish(
    items: readonly BatchItem[],
    drafts: KvDrafts,
    options: WriteOptions | undefined,
  ): Promise<WriteResult[]> {
    const results: WriteResult[] = [];
    let patience: Patience | undefined;
    while (results.length < items.length) {
      const plan = await this.#plan(items.slice(results.length), drafts, options);
      if (results.length === 0) options?.signal?.throwIfAborted();
      if (await this.#commit(plan, results, drafts)) break;
      plan.forgetSmall();
      if (!await (patience ??= new Patience()).wait()) throw busyError(items[results.length]!.path);
      for (const { draft } of items.slice(results.length)) if (draft) await drafts.verify(draft);
    }
    return results;
  }

  async #plan(items: readonly BatchItem[], drafts: KvDrafts, options: WriteOptions | undefined): Promise<KvPlan> {
    const plan = new KvPlan(this.#database, drafts);
    const names = new Map<string, Set<string>>();
    for (const { path } of items) {
      const parent = parentPath(path);
      const known = names.get(parent);
      if (known) known.add(baseName(path));
      else names.set(parent, new Set([baseName(path)]));
    }
    await eachOf(names, async ([parent, wanted]) => {
      const node = existing(await plan.locate(parent, true))?.node;
      if (node?.kind !== "directory") return;
      const { id } = node;
      const { engine, space, memory } = this.#database;
      if (wanted.size > Math.min(MANY, engine.maxChecks / 5) && options?.ifMatch === undefined) {
        const small = options?.ifAbsent ? undefined : memory.small(id);
        if (small !== undefined && wanted.isSubsetOf(small.names)) return plan.assumeSmall(id, small.stamp, wanted);
        const [stamp] = await engine.getMany([space.stamp(id)]);
        plan.stamps.set(id, stamp!.versionstamp);
      }
      const kept = [...wanted].filter((name) => name !== "" && space.keeps(id, name));
      for (const [name, entry] of await lookAtNames(this.#database, id, kept)) plan.note(id, name, entry, false);
    });
    for (const item of items) await plan.add(item, options);
    return plan;
  }

  /** Commits what was planned; answers whether all of it could be. */
  async #commit(plan: KvPlan, results: WriteResult[], drafts: KvDrafts): Promise<boolean> {
    const versions = new Map<string, string>();
    let units: Unit[] = [];
    let atomic = new KvAtomic(this.#database.engine.maxChecks);
    let checked = new Set<string>();
    let touched = new Set<string>();
    const commit = async (): Promise<boolean> => {
      for (const id of touched) atomic.set(this.#database.space.stamp(id), new Uint8Array());
      const version = await this.#database.engine.commit(atomic.checks, atomic.mutations);
      if (version === undefined) return false;
      for (const unit of units) {
        for (const use of unit.made) versions.set(use, version);
        plan.forget(unit.made);
        if (unit.draft) drafts.published(unit.draft);
        results.push({ etag: version });
      }
      for (const id of touched) versions.set(id, version);
      for (const { after } of units) {
        for (const purge of after) await purge().catch(() => {/* it has its marker; the next sweep does it */});
      }
      units = [];
      atomic = new KvAtomic(this.#database.engine.maxChecks);
      checked = new Set();
      touched = new Set();
      return true;
    };
    for (const unit of plan.units) {
      // The stamps come last, so there must be room for them.
      const stamps = touched.size + unit.touched.length;
      if (units.length > 0 && !atomic.fits(unit.atomic, unit.uses.length, stamps) && !await commit()) return false;
      for (const use of unit.uses) {
        if (checked.has(use)) continue;
        checked.add(use);
        const { key, versionstamp } = plan.seen(use);
        atomic.check(key, versions.get(use) ?? versionstamp);
      }
      atomic.add(unit.atomic);
      for (const id of unit.touched) touched.add(id);
      units.push(unit);
    }
    if (units.length > 0 && !await commit()) return false;
    plan.remember(versions);
    return true;
  }
}
