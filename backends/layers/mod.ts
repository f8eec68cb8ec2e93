/**
 * Layers: stores in front of a store. Put them on with `layered(store, …)`, the innermost first. The order that makes sense, and why,
 * stands at each of them:
 *
 * `faulty` · `timeout` · `limit` · `retry` · `prefixed` · `encrypted` · `compressed` · `overlay` · `cached` · `readOnly` · `observed`
 *
 * @module
 */

export * from "./cached.ts";
export * from "./compressed.ts";
export * from "./counters.ts";
export * from "./encrypted.ts";
export * from "./faulty.ts";
export * from "./limit.ts";
export * from "./observed.ts";
export * from "./overlay.ts";
export * from "./prefixed.ts";
export * from "./read_only.ts";
export * from "./retry.ts";
export * from "./timeout.ts";
export type { CompressionMethod } from "./zlib.ts";
export type { NamedKey, SecretKey } from "./key_ring.ts";
export type { UpperStore } from "./whiteouts.ts";
export type { Span, Tracer } from "./tracer.ts";
export { type Complete, type Layer, layered } from "../stores/layer.ts";
