/** Bad input: the calls, what each is refused with, and what the message must say. */

import type { ErrorCode, FileManager } from "../../mod.ts";

/** A file manager whose types let every name through, as in plain JavaScript. */
export type Loose = FileManager;

/** One bad call. */
export interface BadInput {
  readonly name: string;
  readonly call: (fm: Loose, backend: string) => Promise<unknown>;
  readonly code: ErrorCode;
  /** What the message must say, so that one knows what to do. */
  readonly says: readonly RegExp[];
  /** Values under a suffix are memory's own: it takes what no format could. */
  readonly only?: "disk";
}

/** All of them; `file.json`, `dir.json/array.npy` and, on disk, a broken `corrupt.json` are there. */
export const BAD: readonly BadInput[] = [
  {
    name: "an unknown suffix",
    call: (fm, b) => fm.save({ a: 1 }, "new/x.unknown", b),
    code: "unknown-format",
    says: [/suffix/, /\.json/, /format/],
    only: "disk",
  },
  {
    name: "an unknown format",
    call: (fm, b) => fm.save({ a: 1 }, "new/x.json", b, { format: "jsn" }),
    code: "unknown-format",
    says: [/"jsn"/, /\.json/],
    only: "disk",
  },
  {
    name: "more values than paths",
    call: (fm, b) => fm.saveBatch([1, 2, 3], ["new/a.json", "new/b.json"], b),
    code: "invalid-argument",
    says: [/3 values/, /2 paths/],
  },
  {
    name: "more paths than values",
    call: (fm, b) => fm.saveBatch([], ["new/a.json"], b),
    code: "invalid-argument",
    says: [/0 values/, /1 path/],
  },
  {
    name: "a path twice in a batch",
    call: (fm, b) => fm.saveBatch([1, 2], ["new/a.json", "new//./a.json"], b),
    code: "invalid-argument",
    says: [/twice/, /new\/a\.json/],
  },
  {
    name: "a file as a parent",
    call: (fm, b) => fm.save({ a: 1 }, "file.json/below.json", b),
    code: "not-a-directory",
    says: [/file\.json\/below\.json/, /parent.*file/],
  },
  {
    name: "a file as a grandparent",
    call: (fm, b) => fm.save({ a: 1 }, "file.json/deep/below.json", b),
    code: "not-a-directory",
    says: [/parent.*file/],
  },
  {
    name: "a file as a parent, read",
    call: (fm, b) => fm.load("file.json/below.json", b),
    code: "not-a-directory",
    says: [/"file\.json" is a file/],
  },
  {
    name: "a file as a directory, listed",
    call: (fm, b) => fm.listFiles("file.json", b),
    code: "not-a-directory",
    says: [/it is a file/],
  },
  {
    name: "a file as a directory, made",
    call: (fm, b) => fm.ensureDirectory("file.json", b),
    code: "already-exists",
    says: [/file\.json/, /there already|exists/],
  },
  {
    name: "a directory as a file, saved",
    call: (fm, b) => fm.save({ a: 1 }, "dir.json", b),
    code: "is-a-directory",
    says: [/it is a directory, not a file/],
  },
  {
    name: "a directory as a file, loaded",
    call: (fm, b) => fm.load("dir.json", b),
    code: "is-a-directory",
    says: [/it is a directory, not a file/],
  },
  {
    name: "a directory as a file, updated",
    call: (fm, b) => fm.update("dir.json", b, () => 1),
    code: "is-a-directory",
    says: [/it is a directory, not a file/],
  },
  {
    name: "a path above the root",
    call: (fm, b) => fm.save({ a: 1 }, "new/../../x.json", b),
    code: "invalid-path",
    says: [/above the root/],
  },
  { name: "NUL", call: (fm, b) => fm.save({ a: 1 }, "new/\0.json", b), code: "invalid-path", says: [/NUL/] },
  {
    name: "a lone surrogate",
    call: (fm, b) => fm.save({ a: 1 }, "new/\ud800.json", b),
    code: "invalid-path",
    says: [/Unicode/],
  },
  {
    name: "a path that is no string",
    call: (fm, b) => fm.save({ a: 1 }, 42 as unknown as string, b),
    code: "invalid-path",
    says: [/string/, /number/],
  },
  {
    name: "a value JSON would change",
    call: (fm, b) => fm.save({ when: [new Date(0)] }, "new/x.json", b),
    code: "invalid-value",
    says: [/when\[0\]/, /Date/, /tagged/],
    only: "disk",
  },
  {
    name: "a value a text cannot be",
    call: (fm, b) => fm.save({ a: 1 }, "new/x.txt", b),
    code: "invalid-value",
    says: [/string/, /object/i],
    only: "disk",
  },
  {
    name: "a value an array file cannot be",
    call: (fm, b) => fm.save({ a: 1 }, "new/x.npy", b),
    code: "invalid-value",
    says: [/ndarray|NdArray/],
    only: "disk",
  },
  {
    name: "a bad value in a batch",
    call: (fm, b) => fm.saveBatch([{ fine: 1 }, { bad: () => 1 }], ["new/a.json", "other/b.json"], b),
    code: "invalid-value",
    says: [/b\.json/, /function/],
  },
  {
    name: "a bad path in a batch",
    call: (fm, b) => fm.saveBatch([1, 2], ["new/a.json", "../b.json"], b),
    code: "invalid-path",
    says: [/\.\.\/b\.json/],
  },
  {
    name: "a directory in a batch",
    call: (fm, b) => fm.saveBatch([1, 2], ["new/a.json", "dir.json"], b),
    code: "is-a-directory",
    says: [/dir\.json/],
  },
  {
    name: "a path in a batch that is the parent of another",
    call: (fm, b) => fm.saveBatch([1, 2, 3], ["first.json", "a.json", "a.json/b.json"], b),
    code: "not-a-directory",
    says: [/a\.json/],
  },
  {
    name: "what exists, not to be replaced",
    call: (fm, b) => fm.save({ a: 1 }, "file.json", b, { overwrite: false }),
    code: "already-exists",
    says: [/file\.json/, /exists/],
  },
  {
    name: "content that has changed",
    call: (fm, b) => fm.save({ a: 1 }, "file.json", b, { ifMatch: "another" }),
    code: "precondition-failed",
    says: [/changed/, /load it again/],
  },
  {
    name: "nothing to load",
    call: (fm, b) => fm.load("missing/x.json", b),
    code: "not-found",
    says: [/missing\/x\.json/, /not found/],
  },
  { name: "nothing to delete", call: (fm, b) => fm.delete("missing", b), code: "not-found", says: [/not found/] },
  { name: "nothing to move", call: (fm, b) => fm.move("missing", "new/x", b), code: "not-found", says: [/"missing"/] },
  { name: "nothing to copy", call: (fm, b) => fm.copy("missing", "new/x", b), code: "not-found", says: [/"missing"/] },
  {
    name: "a directory that is not empty",
    call: (fm, b) => fm.delete("dir.json", b),
    code: "not-empty",
    says: [/not empty/, /recursive: true/],
  },
  {
    name: "a move into itself",
    call: (fm, b) => fm.move("dir.json", "dir.json/new/x", b),
    code: "invalid-argument",
    says: [/itself/],
  },
  {
    name: "a copy into itself",
    call: (fm, b) => fm.copy("dir.json", "dir.json/new/x", b),
    code: "invalid-argument",
    says: [/itself/],
  },
  {
    name: "a move onto a directory",
    call: (fm, b) => fm.move("file.json", "dir.json", b, { overwrite: true }),
    code: "already-exists",
    says: [/exists/],
  },
  {
    name: "a directory moved onto a file",
    call: (fm, b) => fm.move("dir.json", "file.json", b, { overwrite: true }),
    code: "not-a-directory",
    says: [/directory cannot replace a file/],
  },
  {
    name: "a link to nothing",
    call: (fm, b) => fm.createSymlink("missing", "new/link", b),
    code: "not-found",
    says: [/not found/],
  },
  {
    name: "a link to itself",
    call: (fm, b) => fm.createSymlink("file.json", "./file.json", b),
    code: "invalid-argument",
    says: [/itself/],
  },
  {
    name: "a link where something is",
    call: (fm, b) => fm.createSymlink("dir.json", "file.json", b, { overwriteSymlinksOnly: true }),
    code: "already-exists",
    says: [/exists/],
  },
  {
    name: "a name that is too long",
    call: (fm, b) => fm.save({ a: 1 }, `${"x".repeat(300)}.json`, b),
    code: "name-too-long",
    says: [/longer/],
    only: "disk",
  },
  {
    name: "content that is not what its suffix says",
    call: (fm, b) => fm.load("corrupt.json", b),
    code: "corrupt",
    says: [/JSON/],
    only: "disk",
  },
];
