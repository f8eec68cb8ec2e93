/**
 * {@linkcode WellWriter}: the images of one well.
 *
 * @module
 */

import { pooled } from "../../concurrency.ts";
import { isStorageError, StorageError } from "../../errors.ts";
import { joinPath } from "../../path.ts";
import type { AbortOptions, Store } from "../../stores/store.ts";
import { type Batch, type BatchImage, checkComplete } from "./batch.ts";
import { readGroup, updateGroup } from "./document.ts";
import { checkMethod } from "./downsample.ts";
import { deleteDraft, deleteImage, reserve, sweepDrafts } from "./draft.ts";
import { axesAttributes, ImageGrowth } from "./image_growth.ts";
import { createLevels, imageAttributes, type ImagePlan, publishImage, writeLevels } from "./image_writer.ts";
import { LevelArray } from "./level_array.ts";
import { planPyramid } from "./pyramid_plan.ts";
import type { WellPlan } from "./well_plan.ts";
import { checkNgff } from "./validate.ts";
import { changedWell, checkExisting, checkPlaces, imageAt, isOf, type WrittenImage } from "./well_change.ts";
import {
  EMPTY_WELL,
  formatWellDocument,
  type ImageRecord,
  parseWellDocument,
  type WellDocument,
} from "./well_document.ts";

/** How many images are written at once. */
const CONCURRENCY = 4;

/** What there is to do. */
interface Work {
  /** Images that are there, which get more planes. */
  readonly growths: ImageGrowth[];
  /** Images that are new. */
  readonly news: [BatchImage, ImagePlan][];
}

/** Writes the images of one well: all are there before the well names one. */
export class WellWriter {
  readonly #store: Store;
  readonly #path: string;
  readonly #batch: Batch;
  readonly #plan: WellPlan;
  /** The paths of the images that are ours until the well names them. */
  readonly #drafts: string[] = [];

  /** Nothing is touched yet. */
  constructor(store: Store, path: string, batch: Batch, plan: WellPlan) {
    this.#store = store;
    this.#path = path;
    this.#batch = batch;
    this.#plan = plan;
  }

  /**
   * Writes the images.
   *
   * @returns What the well says now; `undefined` if others have changed it so that all has to be done again.
   */
  async write(options: AbortOptions): Promise<WellDocument | undefined> {
    const before = await this.#read(options);
    try {
      const work = await this.#check(before, options);
      // Up to here nothing was changed.
      await this.#sweep(before, options);
      const after = await this.#publish(await this.#writeAll(before, work, options), options);
      if (after !== undefined) this.#drafts.length = 0;
      else await this.#clear(before);
      return after;
    } catch (error) {
      // What somebody has taken away meanwhile is not missing.
      if (!isStorageError(error, "not-found", "corrupt") || !await this.#clear(before)) throw error;
      return undefined;
    } finally {
      await this.#dropDrafts();
    }
  }

  /** Deletes the drafts; not those that the well names, though we were told that it could not be written. */
  async #dropDrafts(): Promise<void> {
    if (this.#drafts.length === 0) return;
    const { images } = await this.#read();
    for (const path of this.#drafts.splice(0)) {
      if (images.every((image) => joinPath(this.#path, image.path) !== path)) await deleteDraft(this.#store, path);
    }
  }

  /** Checks that all can be written. */
  async #check(before: WellDocument, options: AbortOptions): Promise<Work> {
    const { acquisition, onExisting } = this.#plan;
    const old = before.images.filter((image) => isOf(image, acquisition));
    checkExisting(old, onExisting, this.#path);
    const kept = onExisting === "replace" ? before.images.filter((image) => !old.includes(image)) : before.images;
    const work: Work = { growths: [], news: [] };
    for (const members of this.#batch.images) {
      const image = imageAt({ ...before, images: kept }, acquisition, members);
      if (image === undefined) work.news.push([members, this.#planImage(members)]);
      else {
        const path = joinPath(this.#path, image.path);
        work.growths.push(await ImageGrowth.plan(this.#store, path, image, this.#batch, members, options));
      }
      checkPlaces(kept, acquisition, this.#recordOf(members), this.#path);
    }
    return work;
  }

  async #writeAll({ next }: WellDocument, { news, growths }: Work, options: AbortOptions): Promise<WrittenImage[]> {
    const names: string[] = [];
    for (const _ of news) names.push(await this.#reserve(next, options));
    const written = await pooled(news, CONCURRENCY, ([members, plan], index) => {
      return this.#writeNew(names[index]!, members, plan, options);
    }, options.signal);
    for (const growth of growths) {
      const record = await growth.write(this.#plan.format, options);
      written.push({ path: growth.image.path, isNew: false, record });
    }
    return written;
  }

  async #read(options?: AbortOptions): Promise<WellDocument> {
    const group = await readGroup(this.#store, this.#path, options);
    if (group === undefined) return EMPTY_WELL;
    if (group.format !== this.#plan.format) {
      throw new StorageError("invalid-argument", `the well is kept in Zarr ${group.format}, not ${this.#plan.format}`, {
        path: this.#path,
      });
    }
    return parseWellDocument(group.attributes, this.#path) ?? EMPTY_WELL;
  }

  #recordOf({ coordinate, planes }: BatchImage): ImageRecord {
    const axes = new Map(this.#batch.axes.map(({ name, values }) => [name, values]));
    return { coordinate, axes, planes: new Map(planes.map(({ path, index }) => [path, index])) };
  }

  #planImage(members: BatchImage): ImagePlan {
    checkComplete(this.#batch, members);
    const { format, strategy, chunks, shards, multiscale, array, omero } = this.#plan;
    const { axes, imageAxes, scale } = this.#batch;
    const shape = [...axes.map(({ values }) => values.length), ...members.planeShape];
    const levels = planPyramid(shape, imageAxes, multiscale);
    const { method = "mean" } = multiscale ?? {};
    if (levels.length > 1) checkMethod(members.dtype, method);
    const name = this.#path.split("/").slice(-2).join("");
    const value = [...members.coordinate.values()].map((each) => ` ${each}`).join("");
    const plan: ImagePlan = {
      format,
      name: name + value,
      axes: imageAxes,
      scale,
      levels,
      paths: levels.map((_, level) => String(level)),
      method,
      dtype: members.dtype,
      chunks: chunks ?? (strategy === "well" ? shape : [...axes.map(() => 1), ...members.planeShape]),
      shards,
      array,
      omero,
    };
    imageAttributes({}, plan, this.#path);
    return plan;
  }

  /** Deletes what writers have left that did not get to the end. */
  async #sweep({ removed, images }: WellDocument, options: AbortOptions): Promise<void> {
    for (const name of removed) await deleteImage(this.#store, joinPath(this.#path, name), options);
    await sweepDrafts(this.#store, this.#path, new Set(images.map(({ path }) => path)), options);
  }

  /** Takes the first number that nobody has. */
  async #reserve(first: number, options: AbortOptions): Promise<string> {
    for (let number = first;; number++) {
      const path = joinPath(this.#path, String(number));
      if (!await reserve(this.#store, path, this.#plan.format, options)) continue;
      this.#drafts.push(path);
      return String(number);
    }
  }

  async #writeNew(name: string, members: BatchImage, plan: ImagePlan, options: AbortOptions): Promise<WrittenImage> {
    const path = joinPath(this.#path, name);
    const record = this.#recordOf(members);
    await createLevels(this.#store, path, plan, axesAttributes(record.axes), options);
    const full = await LevelArray.open(this.#store, joinPath(path, plan.paths[0]!), [], options);
    await full.writePlanes(members.planes, options);
    await writeLevels(this.#store, path, plan, undefined, options);
    await publishImage(this.#store, path, plan, { ...options, isDraft: true });
    return { path: name, isNew: true, record };
  }

  async #publish(written: readonly WrittenImage[], options: AbortOptions): Promise<WellDocument | undefined> {
    const { format, acquisition, onExisting } = this.#plan;
    let after: WellDocument | undefined;
    await updateGroup(this.#store, this.#path, format, (attributes = {}) => {
      const before = parseWellDocument(attributes, this.#path) ?? EMPTY_WELL;
      after = changedWell(before, written, acquisition, onExisting, this.#path);
      if (after === undefined) return undefined;
      const said = formatWellDocument(attributes, format, after);
      checkNgff(said, "well", format, this.#path);
      return said;
    }, options);
    return after;
  }

  /**
   * Deletes what may have been written to images that somebody has taken away meanwhile.
   *
   * @returns Whether there are such.
   */
  async #clear(before: WellDocument): Promise<boolean> {
    const { images } = await this.#read();
    const gone = before.images.filter((image) => images.every(({ path }) => path !== image.path));
    for (const { path } of gone) await deleteImage(this.#store, joinPath(this.#path, path));
    return gone.length > 0;
  }
}
