/**
 * The options of the zarr backend.
 *
 * @module
 */

import type { ExpiringSaveOptions, LoadOptions } from "../data_source.ts";
import type { StoreBackendOptions } from "../store_backend.ts";
import type { Durability } from "../stores/disk_store.ts";
import type { Store } from "../stores/store.ts";
import type { Format } from "../formats/format.ts";
import type { ZarrLayoutOptions } from "./array_plan.ts";
import type { ZarrFormat } from "./metadata.ts";
import type { ZarrBatchLayout } from "./ngff/batch_layout.ts";
import type { WritePlateOptions } from "./ngff/plate_writer.ts";
import type { Selection } from "./selection.ts";
import type { ZarrWorkers } from "./workers.ts";

/** Options of `ZarrBackend`. */
export interface ZarrBackendOptions extends StoreBackendOptions {
  /**
   * Where the bytes are: any store.
   *
   * @default {new DiskStore({ root, durability })}
   */
  store?: Store | undefined;
  /**
   * Without a store: a directory of the disk to stay in, made on the first write.
   *
   * @default {undefined} none: paths are the system's own, absolute or relative to the working directory
   */
  root?: string | undefined;
  /**
   * Without a store: how safe a write is when it resolves.
   *
   * @default {"full"}
   */
  durability?: Durability | undefined;
}

/** Options of `ZarrBackend.load`. */
export interface ZarrLoadOptions extends LoadOptions {
  /**
   * The part of an array to load: only the chunks it touches are read.
   *
   * @default {undefined} all of it
   */
  selection?: Selection | undefined;
  /**
   * Threads that encode and decode the chunks of an array; they stay the caller's to close.
   *
   * @default {undefined} the thread of the caller
   */
  workers?: ZarrWorkers | undefined;
}

/** Options of `ZarrBackend.save`: how an array is kept, and under which conditions it is saved. */
export interface ZarrSaveOptions extends Omit<ExpiringSaveOptions, "format">, Omit<ZarrLayoutOptions, "format"> {
  /**
   * The format of Zarr, 2 or 3: then it is saved as an array under any suffix. Or a format for a file, its name or its suffix: then
   * it is saved as a file.
   *
   * @default {undefined} a file under a suffix that a format knows; else an array, in the format of Zarr of the group above, or 3
   */
  format?: ZarrFormat | Format | string | undefined;
  /**
   * Threads that encode and decode the chunks of an array; they stay the caller's to close.
   *
   * @default {undefined} the thread of the caller
   */
  workers?: ZarrWorkers | undefined;
}

/** Options of `ZarrBackend.saveBatch`. With a layout, the values are the planes of one well of a plate. */
export interface ZarrBatchOptions extends ZarrSaveOptions, Partial<Omit<WritePlateOptions, keyof ZarrSaveOptions>> {
  /**
   * How the planes lie in the images of a well.
   *
   * @default {undefined} each value is saved by itself
   */
  layout?: ZarrBatchLayout | undefined;
  /**
   * Path of the plate.
   *
   * @default {the nearest directory called `….zarr` above the first path, or the one it is in}
   */
  plate?: string | undefined;
}
