/** Stores to put layers on, and the suite over both. */

import { DiskStore, type Layer, layered, MemoryStore, type Store } from "@polystore/polystore/stores";
import { type OpenedStore, storePromises, testStore, type TestStoreOptions } from "@polystore/polystore/testing";

/** Layers, made anew for each store they are put on. */
export type Stack = () => readonly Layer[];

/** Layers on a directory. `put` writes beside a layer that cannot write. */
export async function onDisk(layers: Stack, put?: Stack): Promise<OpenedStore> {
  const root = await Deno.makeTempDir({ prefix: "polystore-" });
  const open = (stack: Stack): Store => layered(new DiskStore({ root, durability: "fast" }), ...stack());
  return {
    store: open(layers),
    ...(put && { put: async (path, bytes) => void await open(put).write!(path, bytes) }),
    reopen: () => Promise.resolve(open(layers)),
    dispose: () => Deno.remove(root, { recursive: true }),
  };
}

/** Layers on memory. */
export function onMemory(layers: Stack, put?: Stack): OpenedStore {
  const memory = new MemoryStore();
  return {
    store: layered(memory, ...layers()),
    ...(put && { put: async (path, bytes) => void await layered(memory, ...put()).write!(path, bytes) }),
  };
}

/** All promises but those about names, which a layer that hands names on keeps as what is below it does. */
export const UNNAMED: readonly string[] = storePromises.map(({ id }) => id).filter((id) =>
  !/names|name-too-long|path-long/.test(id)
);

/** Options of {@linkcode testLayers}. */
export interface LayersOptions extends TestStoreOptions {
  /**
   * Whether the layers change names: else those are tried in memory alone, and not on a directory, whose own suite does.
   *
   * @default {false}
   */
  names?: boolean;
}

/** Runs the suite over layers on memory and on a directory. */
export async function testLayers(name: string, layers: Stack, options: LayersOptions = {}): Promise<void> {
  const { names = false, ...others } = options;
  await testStore(name, () => onMemory(layers), { numRuns: 40, ...others });
  await testStore(`${name} on disk`, () => onDisk(layers), {
    numRuns: 8,
    ...(names ? {} : { only: UNNAMED }),
    ...others,
  });
}

/** Runs the suite over layers on memory alone: for other options of a layer that was tried on a directory, with all names. */
export async function testVariant(name: string, layers: Stack, options: TestStoreOptions = {}): Promise<void> {
  await testStore(name, () => onMemory(layers), { numRuns: 40, only: UNNAMED, ...options });
}

/** The names of the methods that are there. */
export function methodsOf(store: Store): string[] {
  return Object.entries(store).filter(([, method]) => method !== undefined).map(([name]) => name).sort();
}

/** A layer that does nothing. */
export const nothing: Layer = (inner) => ({
  read: inner.read,
  stat: inner.stat,
  list: inner.list,
  write: inner.write,
  delete: inner.delete,
  makeDirectory: inner.makeDirectory,
  createSymlink: inner.createSymlink,
  readSymlink: inner.readSymlink,
  writeExpiring: inner.writeExpiring,
  watch: inner.watch,
  copy: inner.copy,
  move: inner.move,
  deleteTree: inner.deleteTree,
  readMany: inner.readMany,
  writeMany: inner.writeMany,
  writeParts: inner.writeParts,
  openRead: inner.openRead,
  openWrite: inner.openWrite,
  close: inner.close,
});

/** Every method of the seam. */
export const EVERY: readonly string[] = methodsOf(layered(new MemoryStore(), nothing));

/** A store that can only read. */
export function leastStore(content: Readonly<Record<string, Uint8Array>> = {}): Store {
  return {
    read: (path) => Promise.resolve(content[path]?.slice()),
    stat: (path) => Promise.resolve(path === "" ? { kind: "directory" } : content[path] && { kind: "file" }),
  };
}

/** Text as bytes. */
export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Waits. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
