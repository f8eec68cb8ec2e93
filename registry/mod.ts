/**
 * Registries: backends by name, constructed on first use.
 *
 * @module
 */

export { type BackendClass, registerBackend, type RegisterOptions } from "../backends/catalogue.ts";
export * from "./backend_registry.ts";
export * from "./nearest.ts";
export * from "./shared.ts";
