/**
 * {@linkcode KvGarbage}: what nobody needs any more in a store on Deno KV, and cleaning it up.
 *
 * Whatever is not part of the tree has a marker, made in the same atomic operation that took it out, or before it came into
 * being. So a process can die at any moment, and what it leaves behind is found by its marker.
 *
 * @module
 */

import { KvAtomic } from "./atomic.ts";
import type { KvEngine } from "./engine.ts";
import { decodeEntry, type KvNode } from "./entry.ts";
import { encodedSize, type KvSpace } from "./keys.ts";

/** How long a marker is left alone by processes other than its own, in milliseconds. */
export const ABANDONED_AFTER = 3_600_000;

/** As many changes may be in an operation when the parts of what it takes out are deleted by it; others get a marker. */
const MAX_DIRECT = 700;

/** How many entries of a directory that was taken out are looked at at once: few, because each may be 64 KiB long; more if they are small. */
const FEW = 64;
const MANY = 300;
const SMALL = 16_384;

/** As many bytes of keys can be marked at once. */
const MAX_MARKER_KEYS = 80_000;

/** As many keys are deleted at once. */
const MAX_DELETES = 900;

/** What a marker marks. */
export interface Marker {
  /** Content that is being written, content that was replaced, or a directory that was deleted. */
  readonly kind: "draft" | "content" | "directory";
  /** When it was marked, or was last seen being written, in milliseconds since the epoch. */
  readonly time: number;
  /** How many parts the content has; 0 if that is not known. */
  readonly count: number;
}

const KINDS = ["draft", "content", "directory"] as const;

/** Writes a marker down. */
export function encodeMarker(kind: Marker["kind"], count: number = 0): Uint8Array {
  const view = new DataView(new ArrayBuffer(16));
  view.setUint8(0, KINDS.indexOf(kind));
  view.setUint32(4, count, true);
  view.setFloat64(8, Date.now(), true);
  return new Uint8Array(view.buffer);
}

/** Reads a marker; `undefined` if it is none. */
export function decodeMarker(value: unknown): Marker | undefined {
  if (!(value instanceof Uint8Array) || value.length !== 16) return undefined;
  const view = new DataView(value.buffer, value.byteOffset, 16);
  const kind = KINDS[view.getUint8(0)];
  return kind && { kind, count: view.getUint32(4, true), time: view.getFloat64(8, true) };
}

/** Cleans up. What is being read or written by this process is left until that is over. */
export class KvGarbage {
  readonly #engine: KvEngine;
  readonly #space: KvSpace;
  readonly #pins = new Map<string, number>();
  readonly #late = new Map<string, number>();
  readonly #work = new Set<Promise<unknown>>();

  /** Creates it for a database. */
  constructor(engine: KvEngine, space: KvSpace) {
    this.#engine = engine;
    this.#space = space;
  }

  /** Keeps content from being cleaned up by this process until it is let go. */
  pin(generation: string): void {
    this.#pins.set(generation, (this.#pins.get(generation) ?? 0) + 1);
  }

  /** Lets go of content; if it was taken out of the tree meanwhile, it goes. */
  unpin(generation: string): void {
    const pins = this.#pins.get(generation)! - 1;
    if (pins > 0) return void this.#pins.set(generation, pins);
    this.#pins.delete(generation);
    const count = this.#late.get(generation);
    if (count === undefined) return;
    this.#late.delete(generation);
    this.background(this.purgeContent(generation, count));
  }

  /** Lets something go on while nobody waits for it; its failure is no one's: what it leaves has a marker. */
  background(work: Promise<unknown>): void {
    const watched = work.catch(() => {/* the next sweep does it */}).finally(() => this.#work.delete(watched));
    this.#work.add(watched);
  }

  /** Waits for everything that goes on. */
  async settled(): Promise<void> {
    while (this.#work.size > 0) await Promise.all(this.#work);
  }

  /**
   * Adds to an atomic operation what becomes of something that it takes out of the tree.
   *
   * @param atomic The operation.
   * @param node What is taken out.
   * @returns What is to be done when it was committed.
   */
  retire(atomic: KvAtomic, node: KvNode | undefined): () => Promise<void> {
    if (node?.kind === "directory") {
      const { id } = node;
      atomic.set(this.#space.garbage(id), encodeMarker("directory"));
      return () => this.purgeDirectory(id);
    }
    if (node?.kind !== "file" || node.parts === undefined) return async () => {};
    const { generation, count } = node.parts;
    if (atomic.mutations.length + count <= MAX_DIRECT && !this.#pins.has(generation)) {
      const direct = new KvAtomic();
      for (let i = 0; i < count; i++) direct.delete(this.#space.part(generation, i));
      if (atomic.fits(direct)) {
        atomic.add(direct);
        return async () => {};
      }
    }
    atomic.set(this.#space.garbage(generation), encodeMarker("content", count));
    return () => this.purgeContent(generation, count);
  }

  /** Deletes the parts of content that has a marker, and the marker. */
  async purgeContent(generation: string, count: number): Promise<void> {
    if (this.#pins.has(generation)) return void this.#late.set(generation, count);
    const end = count > 0 ? count : await this.#countParts(generation);
    for (let i = 0; i < end; i += MAX_DELETES) {
      const atomic = new KvAtomic();
      for (let k = i; k < Math.min(end, i + MAX_DELETES); k++) atomic.delete(this.#space.part(generation, k));
      await this.#engine.commit([], atomic.mutations);
    }
    await this.#engine.commit([], [{ type: "delete", key: this.#space.garbage(generation) }]);
  }

  async #countParts(generation: string): Promise<number> {
    const { entries } = await this.#engine.page({ prefix: this.#space.parts(generation) }, 1, undefined, true);
    const index = entries[0]?.key.at(-1);
    return typeof index === "number" ? index + 1 : 0;
  }

  /** Deletes all that was in a directory that has a marker, and the marker. To do it twice at once does no harm. */
  async purgeDirectory(id: string): Promise<void> {
    const last = new KvAtomic();
    last.delete(this.#space.stamp(id));
    last.delete(this.#space.garbage(id));
    await this.empty(id, new KvAtomic(), last);
  }

  /**
   * Deletes everything in a directory, page by page.
   *
   * @param id The directory.
   * @param terms What each page checks.
   * @param last What is done with the last page.
   * @returns Whether all is gone; `false` if a check failed.
   */
  async empty(id: string, terms: KvAtomic, last: KvAtomic): Promise<boolean> {
    const most = Math.min(MANY, Math.floor(MAX_MARKER_KEYS / encodedSize(this.#space.garbage(id))));
    let limit = Math.min(FEW, most);
    while (true) {
      const { entries, cursor } = await this.#engine.page({ prefix: this.#space.entries(id) }, limit);
      const atomic = new KvAtomic();
      atomic.add(terms);
      if (cursor === undefined) atomic.add(last);
      for (const { key } of entries) atomic.delete(key);
      const after = entries.map(({ value, versionstamp }) => this.retire(atomic, nodeOf(value, versionstamp)));
      if (atomic.mutations.length > 0) {
        if (await this.#engine.commit(atomic.checks, atomic.mutations) === undefined) return false;
        for (const purge of after) await purge();
      }
      if (cursor === undefined) return true;
      const size = entries.reduce((sum, { value }) => sum + (value instanceof Uint8Array ? value.length : 0), 0);
      limit = size < SMALL * FEW ? most : Math.min(FEW, most);
    }
  }

  /**
   * Cleans up what has been left alone for a while.
   *
   * @param olderThan How long, in milliseconds.
   * @param signal Stops it between two pieces.
   * @returns How many pieces there were.
   */
  async sweep(olderThan: number, signal?: AbortSignal): Promise<number> {
    let swept = 0;
    for await (const page of this.#engine.pages({ prefix: this.#space.allGarbage() }, 500)) {
      for (const { key, value, versionstamp } of page) {
        signal?.throwIfAborted();
        const id = String(key.at(-1));
        const marker = decodeMarker(value);
        if (marker === undefined || Date.now() - marker.time < olderThan || this.#pins.has(id)) continue;
        if (marker.kind === "directory") await this.purgeDirectory(id);
        else if (marker.kind === "content" || await this.claim(id, versionstamp)) {
          await this.purgeContent(id, marker.count);
        } else continue;
        swept++;
      }
    }
    return swept;
  }

  /** Takes a draft from its writer, if that has not published it or shown itself since; answers whether it could. */
  async claim(generation: string, versionstamp: string): Promise<boolean> {
    const key = this.#space.garbage(generation);
    const value = encodeMarker("content");
    return await this.#engine.commit([{ key, versionstamp }], [{ type: "set", key, value }]) !== undefined;
  }
}

/** The parts of damaged entries cannot be found; the entry can still be deleted. */
function nodeOf(value: unknown, versionstamp: string): KvNode | undefined {
  try {
    return decodeEntry(value, versionstamp);
  } catch {
    return undefined;
  }
}
