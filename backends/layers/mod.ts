/**
 * Layers: stores in front of a store. Put them on with `layered(store, …)`, the innermost first.
 *
 * @module
 */

export * from "./prefixed.ts";
export * from "./read_only.ts";
export { type Complete, type Layer, layered } from "../stores/store.ts";
