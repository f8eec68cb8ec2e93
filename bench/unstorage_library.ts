/**
 * Both libraries behind the calls that are compared.
 *
 * @module
 */

import { createStorage, type Storage } from "npm:unstorage@^1.17.6";
import fsDriver from "npm:unstorage@^1.17.6/drivers/fs";
import memoryDriver from "npm:unstorage@^1.17.6/drivers/memory";
import { DiskBackend, FileManager, MemoryBackend } from "../mod.ts";
import type { Place } from "./place.ts";

/** The calls that are compared. */
export interface Library {
  /** What it is called in the table. */
  readonly name: string;
  /** Keeps bytes, replacing what is there. */
  save(path: string, bytes: Uint8Array): Promise<unknown>;
  /** Gives them back. */
  load(path: string): Promise<unknown>;
  /** Whether something is there. */
  exists(path: string): Promise<boolean>;
  /** The paths of all files below a directory. */
  list(directory: string): Promise<string[]>;
  /** Deletes a file. */
  remove(path: string): Promise<void>;
  /** Keeps many texts. */
  saveAll(paths: readonly string[], texts: readonly string[]): Promise<unknown>;
  /** Gives them back, in order. */
  loadAll(paths: readonly string[]): Promise<unknown[]>;
}

/** Both on disk, each in a directory of its own below this one; neither syncs. */
export function onDisk(directory: string): Library[] {
  const [root, base] = [Deno.makeTempDirSync({ dir: directory }), Deno.makeTempDirSync({ dir: directory })];
  return [
    polystore(new DiskBackend({ durability: "fast", root })),
    unstorage(createStorage({ driver: fsDriver({ base }) })),
  ];
}

/** Both in memory; neither copies. */
export function inMemory(): Library[] {
  return [
    polystore(new MemoryBackend({ policy: "reference" })),
    unstorage(createStorage({ driver: memoryDriver() })),
  ];
}

function polystore(backend: DiskBackend | MemoryBackend): Library {
  const fm = new FileManager({ it: backend });
  return {
    name: "ours",
    save: (path, bytes) => fm.save(bytes, path, "it"),
    load: (path) => fm.load(path, "it"),
    exists: (path) => fm.exists(path, "it"),
    list: (directory) => fm.listFiles(directory, "it", { recursive: true }),
    remove: (path) => fm.delete(path, "it"),
    saveAll: (paths, texts) => fm.saveBatch(texts, paths, "it"),
    loadAll: (paths) => fm.loadBatch(paths, "it"),
  };
}

function unstorage(storage: Storage): Library {
  return {
    name: "unstorage",
    save: (path, bytes) => storage.setItemRaw(path, bytes),
    load: (path) => storage.getItemRaw(path),
    exists: (path) => storage.hasItem(path),
    list: (directory) => storage.getKeys(directory),
    remove: (path) => storage.removeItem(path),
    saveAll: (paths, texts) => storage.setItems(paths.map((key, index) => ({ key, value: texts[index]! }))),
    loadAll: async (paths) => (await storage.getItems([...paths])).map(({ value }) => value),
  };
}

/** Its bytes, for the work that is the same at every place. It has no batches of bytes: each item goes by itself. */
export function placeOf(name: string, storage: Storage, goal: number): Place {
  return {
    name,
    goal,
    save: (path, bytes) => storage.setItemRaw(path, bytes),
    load: (path) => storage.getItemRaw(path),
    saveAll: (paths, buffers) => Promise.all(paths.map((path, index) => storage.setItemRaw(path, buffers[index]!))),
    loadAll: (paths) => Promise.all(paths.map((path) => storage.getItemRaw(path))),
    close: () => storage.dispose(),
  };
}
