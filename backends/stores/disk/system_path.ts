/**
 * The paths of the system: `/` between names, `..` and links as the system takes them.
 *
 * @module
 */

import { joinPath } from "../../path.ts";

const WINDOWS = Deno.build.os === "windows";

/** The directory that holds a path of the system. */
export function directoryOf(path: string): string {
  return split(path)[0];
}

/** Matches a `.` that is a name, a doubled `/`, and a `/` at the end of more than the root. */
const UNTIDY = /(?:^|\/)\.(?:\/|$)|\/\/|.\/$/;

/** A path of the system in the form that is used here: `/` between names, none at the end, no `.`; `..` stays. */
export function tidy(path: string): string {
  const plain = slashes(path);
  if (!UNTIDY.test(plain)) return plain;
  const names = plain.split("/").filter((name) => name !== "" && name !== ".");
  return (plain.startsWith("/") ? "/" : "") + names.join("/");
}

/** The directory and the name of a path. */
export function split(path: string): [parent: string, name: string] {
  const slash = path.lastIndexOf("/");
  if (slash < 0) return [".", path];
  return [slash === 0 ? "/" : path.slice(0, slash), path.slice(slash + 1)];
}

/** Whether a path begins at the root of the system, or at a drive. */
export function isAbsolute(path: string): boolean {
  return path.startsWith("/") || (WINDOWS && /^[a-z]:/i.test(path));
}

/** The drive of an absolute path of Windows; elsewhere there is one for all. */
export function driveOf(path: string): string {
  return WINDOWS ? path.slice(0, path.indexOf("/")).toLowerCase() : "";
}

/** A path with `/` between its names. */
export function slashes(path: string): string {
  return WINDOWS ? path.replaceAll("\\", "/") : path;
}

/** Resolves `.` and `..` in a path, lexically; `..` at the front of a relative path stays. */
export function fold(path: string): string {
  const names: string[] = [];
  for (const name of path.split("/")) {
    if (name === "" || name === ".") continue;
    if (name === ".." && names.length > 0 && names[names.length - 1] !== "..") names.pop();
    else if (name !== ".." || !isAbsolute(path)) names.push(name);
  }
  return (path.startsWith("/") ? "/" : "") + names.join("/");
}

/** Where the link at a path leads, one step; `directory` is the one it is in. */
export function endOfLink(link: string, directory: string): string {
  const text = Deno.readLinkSync(link);
  return isAbsolute(text) ? text : followed(slashes(Deno.realPathSync(directory)), slashes(text));
}

/**
 * Where the text of a link in a directory leads. What Deno would resolve in its own way, `.` and the `..` at the front, is
 * resolved here: it takes `link/.` for the link under some permissions.
 *
 * @param directory The directory, free of links.
 */
function followed(directory: string, text: string): string {
  const names = text.split("/").filter((name) => name !== "" && name !== ".");
  const up = names.findIndex((name) => name !== "..");
  const above = up < 0 ? names : names.slice(0, up);
  return joinPath(fold(joinPath(directory, ...above)) || ".", ...names.slice(above.length));
}

/** Where the text of a link in a directory leads: as the caller writes paths, unless the directory is reached through links. */
export function systemTarget(directory: string, text: string): string {
  const real = slashes(Deno.realPathSync(directory));
  const written = fold(isAbsolute(directory) ? directory : joinPath(slashes(Deno.cwd()), directory));
  return fold(joinPath(real === written ? directory : real, text));
}
