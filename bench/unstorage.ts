/**
 * The same work with unstorage: its fs driver against ours without syncs, its memory driver against ours by reference.
 *
 * @module
 */

import assert from "node:assert/strict";
import { createStorage, type Storage } from "npm:unstorage@^1.17.6";
import fsDriver from "npm:unstorage@^1.17.6/drivers/fs";
import memoryDriver from "npm:unstorage@^1.17.6/drivers/memory";
import { DiskBackend, FileManager, MemoryBackend } from "../mod.ts";
import { diskBudget, filesOf, SIZES } from "./disk.ts";
import type { Contender, MeasureOptions } from "./measure.ts";
import { randomBuffers, sizeText } from "./random.ts";
import { rival, type Row, type RunOptions, type Task } from "./row.ts";

/** Faster, or equal: two contenders doing the same differ by so much from one run to the next. */
const GOAL = 1;

/** Both libraries behind the few calls that are compared. */
interface Library {
  save(path: string, bytes: Uint8Array): Promise<unknown>;
  load(path: string): Promise<unknown>;
  exists(path: string): Promise<boolean>;
  list(directory: string): Promise<string[]>;
  remove(path: string): Promise<void>;
  saveAll(paths: readonly string[], values: readonly Uint8Array[]): Promise<unknown>;
  loadAll(paths: readonly string[]): Promise<unknown[]>;
}

/** Makes both libraries, empty. */
type Place = (options: RunOptions) => [ours: Library, theirs: Library];

/** The tasks of this file. */
export function unstorageTasks(): Task[] {
  return [...SIZES.flatMap((size) => tasksOf("disk", onDisk, size)), ...tasksOf("memory", inMemory, 1024)];
}

function onDisk({ directory }: RunOptions): [Library, Library] {
  const [root, base] = [Deno.makeTempDirSync({ dir: directory }), Deno.makeTempDirSync({ dir: directory })];
  const fm = new FileManager({ it: new DiskBackend({ durability: "fast", root }) });
  return [polystore(fm), unstorage(createStorage({ driver: fsDriver({ base }) }))];
}

function inMemory(): [Library, Library] {
  const fm = new FileManager({ it: new MemoryBackend({ policy: "reference" }) });
  return [polystore(fm), unstorage(createStorage({ driver: memoryDriver() }))];
}

function polystore(fm: FileManager<{ it: DiskBackend | MemoryBackend }>): Library {
  return {
    save: (path, bytes) => fm.save(bytes, path, "it"),
    load: (path) => fm.load(path, "it"),
    exists: (path) => fm.exists(path, "it"),
    list: (directory) => fm.listFiles(directory, "it", { recursive: true }),
    remove: (path) => fm.delete(path, "it"),
    saveAll: (paths, values) => fm.saveBatch(values, paths, "it"),
    loadAll: (paths) => fm.loadBatch(paths, "it"),
  };
}

function unstorage(storage: Storage): Library {
  return {
    save: (path, bytes) => storage.setItemRaw(path, bytes),
    load: (path) => storage.getItemRaw(path),
    exists: (path) => storage.hasItem(path),
    list: (directory) => storage.getKeys(directory),
    remove: (path) => storage.removeItem(path),
    saveAll: (paths, values) => storage.setItems(paths.map((key, index) => ({ key, value: values[index] as never }))),
    loadAll: (paths) => storage.getItems([...paths]),
  };
}
