/** Backends that keep values where they should not, or lose them. */

import type { BackendDeleteOptions, CopyOptions } from "../../backends/backend.ts";
import type { FileInfo, ListFilesOptions, LoadOptions, SaveOptions, SaveResult } from "../../backends/data_source.ts";
import { isStorageError, StorageError } from "../../backends/errors.ts";
import { MemoryBackend } from "../../backends/memory.ts";
import { isInside, joinPath, normalizePath } from "../../backends/path.ts";
import type { AbortOptions, ReadOptions, WriteOptions } from "../../backends/stores/store.ts";
import { Formatted, type WrongBackend, wrongBackend } from "./wrong_backend.ts";

/** Reads any spelling of a path as a path, whatever it is. */
function folded(path: string): string {
  const names: string[] = [];
  for (const name of String(path).replaceAll("\0", "").toWellFormed().split("/")) {
    if (name === "..") names.pop();
    else if (name !== "." && name !== "") names.push(name);
  }
  return names.join("/");
}

/** Backends that keep values where they should not, or lose them. */
export const places: readonly WrongBackend[] = [
  wrongBackend("saves a batch in another order", [
    "save/values",
    "save/names-spaces",
    "save/names-dots",
    "save/names-quotes",
    "save/names-backslashes",
    "save/names-percent-signs",
    "save/names-url-characters",
    "save/names-globs",
    "save/names-sql",
    "save/names-shell",
    "save/names-line-breaks",
    "save/names-control-characters",
    "save/names-emoji",
    "save/names-scripts",
    "save/names-unicode-edges",
    "save/names-objects",
    "save/names-numbers",
    "save/names-devices",
    "save/names-temporary-files",
    "save/names-long-255-bytes",
    "save/names-apart-normal-forms",
    "save/names-apart-case",
    "save/names-apart-escapes",
    "save/names-apart-ends",
    "save/names-ascii",
    "saveBatch/order",
    "saveBatch/overwrite",
  ], () =>
    new class extends MemoryBackend {
      override saveBatch(
        data: readonly unknown[],
        paths: readonly string[],
        options?: SaveOptions,
      ): Promise<SaveResult[]> {
        return super.saveBatch(data.toReversed(), paths, options);
      }
    }()),
  wrongBackend("saves a batch before it has checked it", [
    "load/above-root",
    "load/no-path",
    "saveBatch/lengths",
    "saveBatch/duplicates",
    "saveBatch/bad-any",
    "saveBatch/bad-path",
    "saveBatch/exists",
    "saveBatch/bad-place",
    "saveBatch/contradiction",
    "save/expires-batch",
  ], () =>
    new class extends MemoryBackend {
      override async saveBatch(
        data: readonly unknown[],
        paths: readonly string[],
        options?: SaveOptions,
      ): Promise<SaveResult[]> {
        const results: SaveResult[] = [];
        for (const [i, path] of paths.entries()) results.push(await this.save(data[i], path, options));
        return results;
      }
    }()),
  wrongBackend(
    "goes up above the root, and stays there",
    ["load/above-root", "load/no-path", "load/not-a-string"],
    () =>
      new class extends MemoryBackend {
        override save(data: unknown, path: string, options?: SaveOptions): Promise<SaveResult> {
          return super.save(data, folded(path), options);
        }
        override load(path: string, options?: LoadOptions): Promise<unknown> {
          return super.load(folded(path), options);
        }
      }(),
  ),
  wrongBackend("saves over what is there with overwrite: false", [
    "save/no-overwrite",
    "createSymlink/through",
    "save/race",
  ], () =>
    new class extends MemoryBackend {
      override save(data: unknown, path: string, options?: SaveOptions): Promise<SaveResult> {
        return super.save(data, path, { ...options, overwrite: true });
      }
    }()),
  wrongBackend(
    "looks first whether a file is there, and saves later",
    ["save/race"],
    () =>
      new class extends MemoryBackend {
        override async save(data: unknown, path: string, options?: SaveOptions): Promise<SaveResult> {
          if (options?.overwrite === false && await this.exists(path)) {
            throw new StorageError("already-exists", "it exists", { operation: "save", path });
          }
          return await super.save(data, path, { ...options, overwrite: true });
        }
      }(),
  ),
  wrongBackend(
    "deletes a directory with all it holds, unasked",
    ["delete/not-empty", "delete/if-match", "delete/root"],
    () =>
      new class extends MemoryBackend {
        override delete(path: string, options?: BackendDeleteOptions): Promise<void> {
          return super.delete(path, { ...options, recursive: true });
        }
      }(),
  ),
  wrongBackend(
    "succeeds in deleting what is not there",
    ["delete/missing", "deleteAll/missing"],
    () =>
      new class extends MemoryBackend {
        override delete(path: string, options?: BackendDeleteOptions): Promise<void> {
          return super.delete(path, { ...options, force: true });
        }
      }(),
  ),
  wrongBackend("says not-found of a directory", [
    "load/directory",
    "loadBatch/directory",
    "createSymlink/directory",
    "loadBatch/one-missing",
  ], () =>
    new class extends MemoryBackend {
      override async load(path: string, options?: LoadOptions): Promise<unknown> {
        try {
          return await super.load(path, options);
        } catch (error) {
          if (!isStorageError(error, "is-a-directory")) throw error;
          throw new StorageError("not-found", "not found", { operation: "load", path });
        }
      }
    }()),
  wrongBackend("says what is wrong without saying of what", [
    "load/missing",
    "load/below-file",
    "loadBatch/missing",
    "loadBatch/below-file",
    "load/directory",
    "loadBatch/directory",
    "load/above-root",
    "load/no-path",
    "load/not-a-string",
    "createSymlink/directory",
    "createSymlink/missing",
    "createSymlink/circle",
    "loadBatch/one-missing",
    "save/expires",
  ], () =>
    new class extends MemoryBackend {
      override async load(path: string, options?: LoadOptions): Promise<unknown> {
        try {
          return await super.load(path, options);
        } catch (error) {
          if (!isStorageError(error)) throw error;
          throw new StorageError(error.code, error.detail);
        }
      }
    }()),
  wrongBackend(
    "throws when it is asked for a path that cannot be",
    ["exists/never-throws", "exists/above-root"],
    () =>
      new class extends MemoryBackend {
        override exists(path: string, options?: AbortOptions): Promise<boolean> {
          normalizePath(path);
          return super.exists(path, options);
        }
      }(),
  ),
  wrongBackend("lists files as people sort them", [
    "listFiles/files",
    "listFiles/pattern-name",
    "listFiles/pattern-braces",
    "listFiles/pattern-stars",
  ], () =>
    new class extends MemoryBackend {
      override async listFiles(directory: string, options?: ListFilesOptions): Promise<string[]> {
        const paths = await super.listFiles(directory, options);
        return paths.sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
      }
    }()),
  wrongBackend("holds a pattern against the whole path", [
    "listFiles/pattern-name",
    "listFiles/pattern-braces",
    "listFiles/pattern-path",
    "listFiles/pattern-stars",
    "listFiles/both",
    "listFiles/names-as-patterns",
    "listFiles/spelling",
  ], () =>
    new class extends MemoryBackend {
      override listFiles(directory: string, options: ListFilesOptions = {}): Promise<string[]> {
        const pattern = options.pattern === undefined ? undefined : joinPath(normalizePath(directory), options.pattern);
        return super.listFiles(directory, { ...options, pattern });
      }
    }()),
  wrongBackend(
    "copies a directory into itself",
    ["load/above-root", "load/no-path", "copy/itself"],
    () =>
      new class extends MemoryBackend {
        override async copy(from: string, to: string, options?: CopyOptions): Promise<void> {
          const [source, target] = [from, to].map(folded) as [string, string];
          if (source === target || !isInside(target, source) || !await this.isDir(source)) {
            return await super.copy(from, to, options);
          }
          for (const path of await this.listFiles(source, { recursive: true })) {
            await this.save(await this.load(path), joinPath(target, path.slice(source.length + 1)));
          }
        }
      }(),
  ),
  wrongBackend("replaces what a move meets", ["move/exists", "move/onto-link"], () =>
    new class extends MemoryBackend {
      override move(from: string, to: string, options?: CopyOptions): Promise<void> {
        return super.move(from, to, { ...options, overwrite: true });
      }
    }()),
  wrongBackend(
    "keeps for ever what should expire",
    ["save/expires", "save/expires-never"],
    () =>
      new class extends MemoryBackend {
        override async stat(path: string, options?: AbortOptions): Promise<FileInfo> {
          const info = await super.stat(path, options);
          return this.#expires.has(path) ? { ...info, expires: new Date(Date.now() + 60_000) } : info;
        }
        override save(data: unknown, path: string, options?: SaveOptions): Promise<SaveResult> {
          const { expireIn, ...others } = (options ?? {}) as Record<string, unknown>;
          if (expireIn !== undefined) this.#expires.add(path);
          return super.save(data, path, others);
        }
        readonly #expires = new Set<string>();
      }(),
  ),
  wrongBackend(
    "takes an abort for an error of its own",
    ["load/aborted-before"],
    () =>
      new class extends MemoryBackend {
        override async load(path: string, options?: LoadOptions): Promise<unknown> {
          try {
            return await super.load(path, options);
          } catch (error) {
            throw isStorageError(error) ? error : new StorageError("io", "it was stopped", { operation: "load", path });
          }
        }
      }(),
  ),
  wrongBackend("streams from the beginning whatever the range", ["openRead/range"], () =>
    new class extends Formatted {
      override openRead(path: string, options?: ReadOptions): Promise<ReadableStream<Uint8Array>> {
        return super.openRead(path, { ...options, range: undefined });
      }
    }()),
  wrongBackend(
    "publishes a stream that is aborted",
    ["openWrite/abort", "openWrite/aborted"],
    () =>
      new class extends Formatted {
        override async openWrite(path: string, options?: WriteOptions): Promise<WritableStream<Uint8Array>> {
          const writer = (await super.openWrite(path, options)).getWriter();
          writer.closed.catch(() => undefined);
          return new WritableStream({
            write: (chunk) => writer.write(chunk),
            close: () => writer.close(),
            abort: () => writer.close(),
          });
        }
      }(),
  ),
];
