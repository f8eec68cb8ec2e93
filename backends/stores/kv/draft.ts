/**
 * {@linkcode KvWriter}: content on its way into a store on Deno KV. Small content waits for its entry; large content is cut into
 * parts, which are written under a name of their own, where nobody looks before an entry leads there.
 *
 * @module
 */

import { StorageError } from "../../errors.ts";
import { KvAtomic } from "./atomic.ts";
import type { KvEngine } from "./engine.ts";
import { type KvContent, type KvNode, MAX_SUMS, PART_SIZE, smallSize } from "./entry.ts";
import { encodeMarker, type KvGarbage } from "./garbage.ts";
import { type KvSpace, newId } from "./keys.ts";

/** As many bytes of parts are written at once: twelve whole ones. */
const FILL = 12 * PART_SIZE;

/** A writer shows that it is alive when it has not for so long, in milliseconds. */
const SHOW_AFTER = 300_000;

/** Parts outlive their entry by so much, in milliseconds: clocks differ. */
const GRACE = 3_600_000;

/** Large content that is not published yet. */
interface Draft {
  readonly generation: string;
  /** The versionstamp of its marker; `undefined` while there is none. */
  version: string | undefined;
  /** When the marker was set. */
  shown: number;
}

interface Part {
  readonly draft: Draft;
  readonly index: number;
  readonly bytes: Uint8Array;
}

/** What the drafts of one operation share: parts of several files fill one atomic operation. */
export class KvDrafts {
  readonly #engine: KvEngine;
  readonly #space: KvSpace;
  readonly #garbage: KvGarbage;
  readonly #expires: number | undefined;
  readonly #open = new Set<Draft>();
  readonly #inFlight = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;
  #pending: Part[] = [];
  #pendingBytes = 0;

  /** Creates them; nothing is written yet. */
  constructor(engine: KvEngine, space: KvSpace, garbage: KvGarbage, expires?: number) {
    this.#engine = engine;
    this.#space = space;
    this.#garbage = garbage;
    this.#expires = expires;
  }

  /** Begins with content. */
  begin(): Draft {
    const draft = { generation: newId(), version: undefined, shown: 0 };
    this.#garbage.pin(draft.generation);
    this.#open.add(draft);
    return draft;
  }

  /** Adds a part; its bytes must not change until they are flushed. */
  async add(draft: Draft, index: number, bytes: Uint8Array): Promise<void> {
    if (this.#pendingBytes + bytes.length > FILL) await this.#write(false);
    this.#pending.push({ draft, index, bytes });
    this.#pendingBytes += bytes.length;
  }

  /** Writes all parts that are pending, and waits until they are there. */
  async flush(): Promise<void> {
    if (this.#pending.length > 0) await this.#write(true);
    await this.#settle(0);
  }

  async #write(all: boolean): Promise<void> {
    const parts = this.#pending;
    this.#pending = [];
    this.#pendingBytes = 0;
    const drafts = new Set(parts.map(({ draft }) => draft));
    const silent = [...drafts].filter(({ version, shown }) =>
      version === undefined || performance.now() - shown > SHOW_AFTER
    );
    // A marker that is set anew fails the checks of everything under way.
    if (silent.length > 0) await this.#settle(0);
    const atomic = new KvAtomic();
    for (const draft of drafts) {
      const key = this.#space.garbage(draft.generation);
      if (draft.version !== undefined) atomic.check(key, draft.version);
      if (silent.includes(draft)) atomic.set(key, encodeMarker("draft"));
    }
    for (const part of parts) this.#set(atomic, part);
    const commit = this.#commit(atomic, silent);
    if (silent.length > 0) return await commit;
    const watched = commit.catch((error) => void (this.#failure ??= { error })).finally(() =>
      this.#inFlight.delete(watched)
    );
    this.#inFlight.add(watched);
    await this.#settle(all ? 0 : this.#engine.inFlight - 1);
  }

  async #commit(atomic: KvAtomic, shown: readonly Draft[]): Promise<void> {
    const version = await this.#engine.commit(atomic.checks, atomic.mutations);
    if (version === undefined) throw abandoned();
    for (const draft of shown) {
      draft.version = version;
      draft.shown = performance.now();
    }
  }

  async #settle(left: number): Promise<void> {
    while (this.#inFlight.size > left) await Promise.race(this.#inFlight);
    if (this.#failure) throw this.#failure.error;
  }

  #set(atomic: KvAtomic, { draft, index, bytes }: Part, generation: string = draft.generation): void {
    const expires = this.#expires === undefined ? undefined : this.#expires + GRACE;
    atomic.set(this.#space.part(generation, index), bytes, expires);
  }

  /** Waits for what is under way; what is still pending is written by the operation that publishes. */
  async settle(): Promise<void> {
    await this.#settle(0);
  }

  /**
   * The content as it is published: a single part that is not written yet takes the place of the single part of the content before,
   * as that costs half of making a new one and deleting the old. A reader of the old entry sees that the part is younger.
   */
  placed(content: KvContent, draft: Draft, before: KvNode | undefined): KvContent {
    const parts = before?.kind === "file" ? before.parts : undefined;
    if (parts?.count !== 1 || content.parts?.count !== 1 || draft.version !== undefined) return content;
    return { ...content, parts: { ...content.parts, generation: parts.generation } };
  }

  /** Adds to an atomic operation what publishes a draft, under a generation that may be another's. */
  publish(atomic: KvAtomic, draft: Draft, generation: string = draft.generation): void {
    if (draft.version !== undefined) {
      const key = this.#space.garbage(draft.generation);
      atomic.check(key, draft.version);
      atomic.delete(key);
    }
    for (const part of this.#pending) if (part.draft === draft) this.#set(atomic, part, generation);
  }

  /** Notes that a draft was published. */
  published(draft: Draft): void {
    if (this.#open.delete(draft)) this.#garbage.unpin(draft.generation);
    if (this.#pending.length > 0) this.#pending = this.#pending.filter((part) => part.draft !== draft);
  }

  /**
   * Makes sure that a draft is still there, after something failed that asked for it.
   *
   * @throws {StorageError} `busy` if another process took it for abandoned.
   */
  async verify(draft: Draft): Promise<void> {
    if (draft.version === undefined) return;
    const [found] = await this.#engine.getMany([this.#space.garbage(draft.generation)]);
    if (found!.versionstamp !== draft.version) throw abandoned();
  }

  /** Deletes what was written of drafts that were not published. */
  async discard(): Promise<void> {
    while (this.#inFlight.size > 0) await Promise.race(this.#inFlight);
    this.#pending = [];
    for (const draft of this.#open) {
      this.#open.delete(draft);
      this.#garbage.unpin(draft.generation);
      if (draft.version === undefined) continue;
      try {
        // Whoever published without being told has deleted the marker; then nothing may be deleted here.
        if (await this.#garbage.claim(draft.generation, draft.version)) {
          await this.#garbage.purgeContent(draft.generation, 0);
        }
      } catch { /* it has its marker; the next sweep does it */ }
    }
  }
}

function abandoned(): StorageError {
  const detail = "another process has swept what was written so far, because it was left alone for too long";
  return new StorageError("busy", detail, { retryable: true });
}

/** Content that is made of chunks. */
export class KvWriter {
  readonly #engine: KvEngine;
  readonly #drafts: KvDrafts;
  readonly #limit: number;
  readonly #sums: number[] = [];
  #draft: Draft | undefined;
  #buffer: Uint8Array | undefined;
  #filled = 0;
  #size = 0;
  #crc = 0;

  /** Creates a writer. */
  constructor(engine: KvEngine, drafts: KvDrafts, expires: boolean) {
    this.#engine = engine;
    this.#drafts = drafts;
    this.#limit = smallSize(expires);
  }

  /** The draft, if the content is large. */
  get draft(): Draft | undefined {
    return this.#draft;
  }

  /**
   * Adds a chunk.
   *
   * @param chunk The bytes.
   * @param kept Whether they stay as they are until the content is published; if not, they are copied.
   * @param signal Stops it between two parts.
   */
  async append(chunk: Uint8Array, kept: boolean, signal?: AbortSignal): Promise<void> {
    let rest = chunk;
    while (rest.length > 0) {
      signal?.throwIfAborted();
      if (this.#filled === PART_SIZE) await this.#turn();
      if (kept && this.#filled === 0 && rest.length > PART_SIZE) {
        await this.#add(rest.subarray(0, PART_SIZE));
        rest = rest.subarray(PART_SIZE);
        continue;
      }
      this.#buffer ??= new Uint8Array(PART_SIZE);
      const some = rest.subarray(0, PART_SIZE - this.#filled);
      this.#buffer.set(some, this.#filled);
      this.#filled += some.length;
      rest = rest.subarray(some.length);
    }
  }

  /** The content: its bytes if it is small, else where its parts are. */
  async end(): Promise<KvContent> {
    const last = this.#buffer?.subarray(0, this.#filled) ?? new Uint8Array();
    if (this.#draft === undefined && last.length <= this.#limit) {
      return { size: last.length, crc: this.#engine.crc32(last), bytes: last };
    }
    if (last.length > 0) await this.#add(last);
    const count = this.#sums.length;
    const sums = count <= MAX_SUMS ? Uint32Array.from(this.#sums) : undefined;
    return { size: this.#size, crc: this.#crc, parts: { generation: this.#draft!.generation, count, sums } };
  }

  async #turn(): Promise<void> {
    const bytes = this.#buffer!;
    this.#buffer = undefined;
    this.#filled = 0;
    await this.#add(bytes);
  }

  async #add(bytes: Uint8Array): Promise<void> {
    this.#draft ??= this.#drafts.begin();
    this.#sums.push(this.#engine.crc32(bytes));
    this.#crc = this.#engine.crc32(bytes, this.#crc);
    this.#size += bytes.length;
    await this.#drafts.add(this.#draft, this.#sums.length - 1, bytes);
  }
}

export type { Draft as KvDraft };
