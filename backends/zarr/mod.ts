/**
 * Zarr: the backend, and OME-Zarr plates and images on any store.
 *
 * @module
 */

export * from "../zarr.ts";
export * from "./ngff/mod.ts";
