/** Stores that keep other names than they were given. */

import type { Store } from "../../backends/stores/store.ts";
import { type Whole, type WrongStore, wrongStore } from "./wrong_store.ts";

/** A store that keeps another path for a path. */
function renaming(what: string, breaks: readonly string[], kept: (path: string) => string): WrongStore {
  return wrongStore(what, breaks, (right: Whole): Partial<Store> => ({
    read: (path, options) => right.read(kept(path), options),
    stat: (path, options) => right.stat(kept(path), options),
    write: (path, bytes, options) => right.write(kept(path), bytes, options),
    delete: (path, options) => right.delete(kept(path), options),
    list: (prefix, options) => right.list(kept(prefix), options),
  }));
}

const each = (change: (name: string) => string) => (path: string): string => path.split("/").map(change).join("/");

/** Stores that keep other names than they were given. */
export const names = [
  renaming("folds the case of names", [
    "read/names-backslashes",
    "read/names-percent-signs",
    "read/names-sql",
    "read/names-shell",
    "read/names-objects",
    "read/names-numbers",
    "read/names-devices",
    "read/names-temporary-files",
    "read/names-apart-normal-forms",
    "read/names-apart-case",
    "read/names-ascii",
    "list/byte-order",
    "list/prefix-wildcards",
    "createSymlink/names",
  ], (path) => path.toLowerCase()),
  renaming("composes the characters of names", ["read/names-apart-normal-forms"], (path) => path.normalize("NFC")),
  renaming(
    "trims names",
    ["read/names-spaces", "read/names-dots", "read/names-apart-ends"],
    each((name) => name.trim() || name),
  ),
  renaming(
    "drops the dots at the end of a name",
    ["read/names-dots", "read/names-apart-ends"],
    each((name) => name.replace(/\.+$/, "") || name),
  ),
  renaming(
    "decodes its paths",
    ["read/names-percent-signs", "read/names-apart-escapes"],
    (path) => path.replaceAll("%20", " ").replaceAll("%25", "%"),
  ),
  renaming("takes a backslash for a slash", [
    "read/names-backslashes",
    "read/names-apart-escapes",
    "read/names-ascii",
    "read/missing-names",
    "createSymlink/names",
  ], (path) => path.replaceAll("\\", "/").replace(/\/+$/, "")),
  renaming("ends a name at a line break", [
    "read/names-line-breaks",
    "read/names-apart-ends",
    "read/names-ascii",
    "createSymlink/names",
  ], each((name) => name.split("\n")[0] || name)),
  renaming("cuts long names", ["read/names-long-255-bytes"], each((name) => name.slice(0, 200))),
  wrongStore("finds what objects are born with", ["read/missing-names"], ({ stat }) => ({
    async stat(path, options) {
      return await stat(path, options) ?? (path in {} ? { kind: "file" } : undefined);
    },
  })),
  wrongStore("takes a file that ends in .tmp for its own", ["read/names-temporary-files"], ({ list }) => ({
    async *list(prefix, options) {
      for await (const entry of list(prefix, options)) if (!entry.path.endsWith(".tmp")) yield entry;
    },
  })),
];
