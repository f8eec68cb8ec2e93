/**
 * {@linkcode ImageGrowth}: planes for an image that is there.
 *
 * @module
 */

import { StorageError } from "../../errors.ts";
import { joinPath } from "../../path.ts";
import type { AbortOptions, Store } from "../../stores/store.ts";
import { isObject, type Json, type JsonObject } from "../json.ts";
import type { ZarrFormat } from "../metadata.ts";
import { attributesFile, readNode, updateDocument } from "../node.ts";
import type { Batch, BatchImage } from "./batch.ts";
import type { AxisValue } from "./batch_layout.ts";
import { OWN_KEY, ownOf, readGroup } from "./document.ts";
import { checkMethod, type DownsamplingMethod } from "./downsample.ts";
import { type NgffImage, parseImage } from "./image_document.ts";
import { writeLevels } from "./image_writer.ts";
import { LevelArray } from "./level_array.ts";
import type { PyramidLevel } from "./pyramid_plan.ts";
import { type ImageRecord, isValues, type WellImage } from "./well_document.ts";

/** What the array of an image says of its axes: it only ever gets longer, so that an index keeps its meaning. */
export function axesAttributes(axes: ReadonlyMap<string, readonly AxisValue[]>): JsonObject {
  return { [OWN_KEY]: { axes: [...axes].map(([name, values]) => ({ name, values })) } };
}

/** Planes that are to be added to an image, which stays what it is: its type, its axes, the size of its planes. */
export class ImageGrowth {
  /** The image. */
  readonly image: WellImage;
  readonly #store: Store;
  readonly #path: string;
  readonly #document: NgffImage;
  readonly #batch: Batch;
  readonly #members: BatchImage;

  private constructor(
    store: Store,
    path: string,
    image: WellImage,
    document: NgffImage,
    batch: Batch,
    members: BatchImage,
  ) {
    this.#store = store;
    this.#path = path;
    this.image = image;
    this.#document = document;
    this.#batch = batch;
    this.#members = members;
  }

  /**
   * Checks that planes fit to an image.
   *
   * @throws {StorageError} `invalid-argument`, `invalid-value`, `corrupt` if the image is missing.
   */
  static async plan(
    store: Store,
    path: string,
    image: WellImage,
    batch: Batch,
    members: BatchImage,
    options?: AbortOptions,
  ): Promise<ImageGrowth> {
    const group = await readGroup(store, path, options);
    if (group === undefined) throw missing(path, "it");
    const document = parseImage(group.attributes, path);
    const array = await readNode(store, joinPath(path, document.datasets[0]!.path), options);
    if (array?.kind !== "array") throw missing(path, `its array "${document.datasets[0]!.path}"`);
    const names = document.axes.map(({ name }) => name);
    const asked = batch.imageAxes.map(({ name }) => name);
    if (String(names) !== String(asked)) {
      throw differs("invalid-argument", path, `has the axes [${names}], and the layout has [${asked}]`);
    }
    const shape = array.shape.slice(-2);
    if (array.type.name !== members.dtype || String(shape) !== String(members.planeShape)) {
      const planes = `${members.dtype} [${members.planeShape}]`;
      throw differs("invalid-value", path, `has planes of ${array.type.name} [${shape}], and these are ${planes}`);
    }
    const growth = new ImageGrowth(store, path, image, document, batch, members);
    growth.#steps();
    checkMethod(members.dtype, growth.#method());
    return growth;
  }

  /**
   * Writes the planes. They are in the arrays then; that they are in the image, the well is still to say.
   *
   * @returns What is known of the planes that were added.
   */
  async write(format: ZarrFormat, options: AbortOptions): Promise<ImageRecord> {
    const full = joinPath(this.#path, this.#document.datasets[0]!.path);
    const axes = await this.#reserve(full, format, options);
    const values = [...axes.values()];
    const planes = this.#members.planes.map(({ path, index, data }) => ({
      path,
      data,
      index: index.map((at, axis) => values[axis]!.indexOf(this.#batch.axes[axis]!.values[at]!)),
    }));
    const leading = values.map((_, axis) => Math.max(...planes.map(({ index }) => index[axis]! + 1)));
    const array = await LevelArray.open(this.#store, full, leading, options);
    await array.writePlanes(planes, options);
    const levels = this.#levels(array.extent);
    const paths = this.#document.datasets.map(({ path }) => path);
    const touched = planes.map(({ index }) => index);
    const arrays = await writeLevels(
      this.#store,
      this.#path,
      { levels, paths, method: this.#method() },
      touched,
      options,
    );
    for (const each of arrays) await each.publish(options);
    return {
      coordinate: this.#members.coordinate,
      axes,
      planes: new Map(planes.map(({ path, index }) => [path, index])),
    };
  }

  /** Gives every value a place on its axis that all writers agree on. */
  async #reserve(
    array: string,
    format: ZarrFormat,
    options: AbortOptions,
  ): Promise<ReadonlyMap<string, readonly AxisValue[]>> {
    let axes = new Map<string, readonly AxisValue[]>();
    await updateDocument(this.#store, attributesFile(array, format), (document) => {
      if (document === undefined) throw missing(this.#path, "its array");
      const attributes = (format === 2 ? document : document.attributes ?? {}) as JsonObject;
      const before = axesOf(attributes) ?? this.image.record!.axes;
      axes = new Map(this.#batch.axes.map(({ name, values }) => {
        return [name, [...new Set([...before.get(name) ?? [], ...values])]];
      }));
      if ([...axes].every(([name, values]) => values.length === before.get(name)?.length)) return undefined;
      const after = { ...attributes, ...axesAttributes(axes) };
      return format === 2 ? after : { ...document, attributes: after };
    }, options);
    return axes;
  }

  /** How much is halved from level to level, going by the scales. */
  #steps(): number[][] {
    const { datasets, type } = this.#document;
    const steps = datasets.map(({ scale }, level) => {
      return scale.map((size, axis) => level === 0 ? 1 : Math.round(size / datasets[level - 1]!.scale[axis]!));
    });
    const known = steps.length === 1 || type === "mean" || type === "nearest";
    if (known && steps.flat().every((step) => step === 1 || step === 2)) return steps;
    throw new StorageError("unsupported", 'its pyramid was made in another way: write the well with "replace"', {
      path: this.#path,
    });
  }

  #method(): DownsamplingMethod {
    return this.#document.type === "mean" ? "mean" : "nearest";
  }

  #levels(shape: readonly number[]): PyramidLevel[] {
    const levels: PyramidLevel[] = [];
    for (const step of this.#steps()) {
      const before = levels.at(-1) ?? { shape, factor: shape.map(() => 1) };
      levels.push({
        step,
        shape: before.shape.map((length, axis) => Math.ceil(length / step[axis]!)),
        factor: before.factor.map((product, axis) => product * step[axis]!),
      });
    }
    return levels;
  }
}

function axesOf(attributes: JsonObject): ReadonlyMap<string, readonly AxisValue[]> | undefined {
  const { axes } = ownOf(attributes);
  if (!Array.isArray(axes)) return undefined;
  return new Map(axes.flatMap((item: Json): [string, readonly AxisValue[]][] => {
    return isObject(item) && typeof item.name === "string" && isValues(item.values) ? [[item.name, item.values]] : [];
  }));
}

function missing(path: string, what: string): StorageError {
  return new StorageError("corrupt", `the well declares this image, but ${what} is missing: write it with "replace"`, {
    path,
  });
}

function differs(code: "invalid-argument" | "invalid-value", path: string, how: string): StorageError {
  return new StorageError(code, `the image ${how}: save them as they are there, or write the well with "replace"`, {
    path,
  });
}
