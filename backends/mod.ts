/**
 * The contracts of backends, the catalogue they register in, and {@linkcode StoreBackend}, which makes a backend of any store. For people
 * who write backends.
 *
 * @module
 */

export * from "./absence.ts";
export * from "./backend.ts";
export * from "./backend_store.ts";
export * from "./batch.ts";
export * from "./catalogue.ts";
export * from "./clone.ts";
export * from "./concurrency.ts";
export * from "./data_source.ts";
export * from "./matcher.ts";
export * from "./sampling.ts";
export * from "./store_backend.ts";
export * from "./streaming.ts";
