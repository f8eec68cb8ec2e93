/**
 * Which files a listing is about: by glob and by suffix.
 *
 * @module
 */

import { baseName, isInside } from "./path.ts";

/**
 * Makes the test for a listing.
 *
 * @param directory The directory listed, as in the paths.
 * @param pattern A glob: without a `/` held against the name, else against the path below the directory.
 * @param extensions Suffixes, with or without the dot, in any case.
 * @returns The test of a path.
 *
 * @example
 * ```ts
 * import { matcher } from "@polystore/polystore/backend";
 * import assert from "node:assert/strict";
 *
 * const matches = await matcher("plate", "*_w1*", ["tif", ".ROI.zip"]);
 * assert(matches("plate/A01_w1.TIF"));
 * assert(matches("plate/A01_w1.roi.zip"));
 * assert(!matches("plate/A01_w2.tif"));
 * ```
 */
export async function matcher(
  directory: string,
  pattern?: string,
  extensions?: Iterable<string>,
): Promise<(path: string) => boolean> {
  const suffixes = extensions && [...extensions].map((extension) => {
    const suffix = extension.toLowerCase();
    return suffix.startsWith(".") ? suffix : `.${suffix}`;
  });
  const glob = pattern === undefined ? undefined : await compile(pattern);
  const whole = pattern?.includes("/") ?? false;
  return (path) => {
    const name = baseName(path);
    const lower = name.toLowerCase();
    if (suffixes && !suffixes.some((suffix) => name.length > suffix.length && lower.endsWith(suffix))) return false;
    return glob === undefined || glob(whole ? below(path, directory) : name);
  };
}

function below(path: string, directory: string): string {
  if (directory === "" || !isInside(path, directory)) return path;
  return path.slice(directory.endsWith("/") ? directory.length : directory.length + 1);
}

/** Loaded when a pattern is first used. Dot files match like all others, and `\` only escapes. */
async function compile(pattern: string): Promise<(name: string) => boolean> {
  const { default: picomatch } = await import("picomatch");
  return picomatch(pattern, { dot: true, windows: false });
}
