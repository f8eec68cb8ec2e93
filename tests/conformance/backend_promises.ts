/**
 * All promises of the backends.
 *
 * @module
 */

import { backendAborting } from "./backend_aborting.ts";
import { backendAbsence } from "./backend_absence.ts";
import { backendAsking } from "./backend_asking.ts";
import { backendBatches } from "./backend_batches.ts";
import { backendConcurrency } from "./backend_concurrency.ts";
import { backendCopying } from "./backend_copying.ts";
import { backendDeleting } from "./backend_deleting.ts";
import { backendFiltering } from "./backend_filtering.ts";
import { backendLinking } from "./backend_linking.ts";
import { backendListing } from "./backend_listing.ts";
import { backendMoving } from "./backend_moving.ts";
import type { BackendPromise } from "./backend_promise.ts";
import { backendRandom } from "./backend_random.ts";
import { backendRefusing } from "./backend_refusing.ts";
import { backendRoundTrips } from "./backend_round_trips.ts";
import { backendSaving } from "./backend_saving.ts";
import { backendSpelling } from "./backend_spelling.ts";
import { backendStreams } from "./backend_streams.ts";
import { backendTiming } from "./backend_timing.ts";

/**
 * All promises of the backends, as data: what {@linkcode testBackend} tests, and the text of a table of backends and
 * what they promise.
 *
 * @example
 * ```ts
 * import { backendPromises } from "@polystore/polystore/testing";
 * import assert from "node:assert/strict";
 *
 * const missing = backendPromises.find(({ id }) => id === "load/missing");
 * assert.equal(missing?.promise, "says not-found where nothing is");
 * ```
 */
export const backendPromises: readonly BackendPromise[] = [
  ...backendRoundTrips,
  ...backendSaving,
  ...backendRefusing,
  ...backendAbsence,
  ...backendAsking,
  ...backendListing,
  ...backendFiltering,
  ...backendSpelling,
  ...backendDeleting,
  ...backendLinking,
  ...backendCopying,
  ...backendMoving,
  ...backendBatches,
  ...backendStreams,
  ...backendTiming,
  ...backendAborting,
  ...backendConcurrency,
  ...backendRandom,
];
