/**
 * All promises of the store seam.
 *
 * @module
 */

import { aborting } from "./aborting.ts";
import { batches } from "./batches.ts";
import { closing } from "./closing.ts";
import { concurrency } from "./concurrency.ts";
import { conditions } from "./conditions.ts";
import { copying } from "./copying.ts";
import { deleting } from "./deleting.ts";
import { directories } from "./directories.ts";
import { linked } from "./linked.ts";
import { links } from "./links.ts";
import { listing } from "./listing.ts";
import { moving } from "./moving.ts";
import { names } from "./names.ts";
import { openRead } from "./open_read.ts";
import { openWrite } from "./open_write.ts";
import { paging } from "./paging.ts";
import { parts } from "./parts.ts";
import type { StorePromise } from "./promise.ts";
import { randomOperations } from "./random_operations.ts";
import { reading } from "./reading.ts";
import { timing } from "./timing.ts";
import { writing } from "./writing.ts";

/**
 * All promises of the store seam, as data: what {@linkcode testStore} tests, and the text of a table of stores and
 * what they promise.
 *
 * @example
 * ```ts
 * import { storePromises } from "@polystore/polystore/testing";
 * import assert from "node:assert/strict";
 *
 * const missing = storePromises.find(({ id }) => id === "delete/missing");
 * assert.equal(missing?.promise, "succeeds when nothing is there");
 * ```
 */
export const storePromises: readonly StorePromise[] = [
  ...reading,
  ...names,
  ...listing,
  ...paging,
  ...writing,
  ...conditions,
  ...deleting,
  ...directories,
  ...links,
  ...linked,
  ...copying,
  ...moving,
  ...batches,
  ...parts,
  ...timing,
  ...openRead,
  ...openWrite,
  ...aborting,
  ...concurrency,
  ...closing,
  ...randomOperations,
];
