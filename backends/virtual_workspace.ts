/**
 * The virtual workspace: files of other backends, shown in one tree.
 *
 * @module
 */

import { absence } from "./absence.ts";
import { ReadOnlyBackend } from "./backend.ts";
import { registerBackend } from "./catalogue.ts";
import { cloneValue } from "./clone.ts";
import { pooled } from "./concurrency.ts";
import { type BackendLookup, DataSource, type EntriesOptions, type FileInfo, type LoadOptions } from "./data_source.ts";
import { inContext, isStorageError, StorageError } from "./errors.ts";
import { packed } from "./formats/packed.ts";
import { stridesOf } from "./formats/shape.ts";
import { joinPath, normalizePath } from "./path.ts";
import { type ImageSamplingRequest, type ImageSamplingResult, sampleImage } from "./sampling.ts";
import { planeOf, type SourcePixelRef } from "./source_pixel_ref.ts";
import { Flights } from "./stores/flights.ts";
import type { AbortOptions, Entry } from "./stores/store.ts";
import type { Tree } from "./stores/tree.ts";
import { METADATA_FILENAME, readWorkspace } from "./workspace_metadata.ts";

export { fromMapping, type SourcePixelRef, toMapping } from "./source_pixel_ref.ts";
export { METADATA_FILENAME } from "./workspace_metadata.ts";

/** Options of {@linkcode VirtualWorkspaceBackend}. */
export interface VirtualWorkspaceOptions {
  /**
   * Name of the backend that holds the metadata.
   *
   * @default {"disk"}
   */
  backend?: string | undefined;
  /**
   * The directory there in which they are, as `polystore_metadata.json`. Addresses are resolved from it.
   *
   * @default {""}
   */
  plateRoot?: string | undefined;
}

/** How many sources are loaded at once. */
const CONCURRENCY = 8;

/** What the metadata said when they were last read. */
interface Workspace {
  readonly version: string;
  readonly tree: Tree<SourcePixelRef>;
}

/**
 * A tree of files that are in other backends: each path stands for an address there, or for one plane of an array there. It
 * is read, never written. Which path is what stands in a JSON document in one of the backends, under `subdirectories.*.workspace_mapping`; when
 * that changes, so does the tree. The backends are those of the file manager, or registry, that it is in.
 *
 * Whether something is at an address is not asked before it is loaded.
 *
 * @example
 * ```ts
 * import { FileManager, MemoryBackend, ndarray } from "@polystore/polystore";
 * import { METADATA_FILENAME, toMapping, VirtualWorkspaceBackend } from "@polystore/polystore/workspace";
 * import assert from "node:assert/strict";
 *
 * const workspace = new VirtualWorkspaceBackend({ backend: "memory", plateRoot: "plate" });
 * const fm = new FileManager({ memory: new MemoryBackend(), workspace });
 * await fm.save(ndarray(new Uint8Array([1, 2, 3, 4]), [2, 1, 2]), "stack", "memory");
 * const plane = toMapping({ backend: "memory", backendAddress: "stack", sourceAxisIndices: [1] });
 * const metadata = { subdirectories: { images: { workspace_mapping: { "A01/c1": plane } } } };
 * await fm.save(metadata, `plate/${METADATA_FILENAME}`, "memory");
 *
 * assert.deepEqual(await fm.listFiles("A01", "workspace"), ["A01/c1"]);
 * assert.deepEqual(await fm.load("A01/c1", "workspace"), ndarray(new Uint8Array([3, 4]), [1, 2]));
 * ```
 */
export class VirtualWorkspaceBackend extends ReadOnlyBackend {
  /** The name it is registered under. */
  static readonly backendType: string = "virtual_workspace";
  static {
    registerBackend(this);
  }

  readonly #backend: string;
  readonly #plateRoot: string;
  readonly #flights = new Flights();
  #lookup: BackendLookup | undefined;
  #workspace: Workspace | undefined;

  /** Creates a backend; nothing is read yet. */
  constructor(options: VirtualWorkspaceOptions = {}) {
    super();
    this.#backend = options.backend ?? "disk";
    this.#plateRoot = options.plateRoot ?? "";
  }

  /** Keeps the other backends. */
  override bindRegistry(registry: BackendLookup): void {
    this.#lookup = registry;
  }

  /**
   * See `DataSource.load`. The plane of an array is a copy of its own.
   *
   * @throws {StorageError} `not-found` for a path that is not mapped, `corrupt` for metadata that are none, `unknown-backend`,
   * `invalid-argument` for an index outside the array, and what the other backend throws.
   */
  override async load(path: string, options?: LoadOptions): Promise<unknown> {
    try {
      const ref = await this.#ref(path, options);
      const { source, address } = this.#source(ref);
      return partOf(await source.load(address, options), ref);
    } catch (error) {
      throw inContext(error, { operation: "load", path });
    }
  }

  /** See `DataSource.loadBatch`. What several paths are planes of is loaded once. */
  override async loadBatch(paths: readonly string[], options?: LoadOptions): Promise<unknown[]> {
    try {
      const refs: SourcePixelRef[] = [];
      for (const path of paths) refs.push(await this.#ref(path, options));
      const groups = Map.groupBy(refs.keys(), (index) => {
        const { backend, backendAddress, sourceAxisIndices } = refs[index]!;
        return JSON.stringify([backend, backendAddress, sourceAxisIndices?.length ? 0 : index]);
      });
      const values: unknown[] = [];
      await pooled(groups.values(), CONCURRENCY, async (group) => {
        const { source, address } = this.#source(refs[group[0]!]!);
        const whole = await source.load(address, options);
        for (const index of group) values[index] = partOf(whole, refs[index]!);
      }, options?.signal);
      return values;
    } catch (error) {
      throw inContext(error, { operation: "load" });
    }
  }

  /** See `DataSource.stat`. The source is not looked at. */
  override async stat(path: string, options?: AbortOptions): Promise<FileInfo> {
    try {
      const place = normalizePath(path);
      const { tree } = await this.#current(options);
      const node = tree.look(place);
      if (node === undefined) throw await absenceIn(tree, place);
      return { path, kind: node.kind, exists: true };
    } catch (error) {
      throw inContext(error, { operation: "stat", path });
    }
  }

  /** See `DataSource.entries`. */
  override async *entries(directory: string, options: EntriesOptions = {}): AsyncGenerator<Entry> {
    try {
      const prefix = normalizePath(directory);
      const { tree } = await this.#current(options);
      const node = tree.find(prefix);
      if (node === undefined) throw await absenceIn(tree, prefix);
      if (node.kind === "file") throw new StorageError("not-a-directory", "it is a file, not a directory");
      for (const { path, node } of tree.entries(prefix, { shallow: !options.recursive })) {
        options.signal?.throwIfAborted();
        yield { path, kind: node.kind };
      }
    } catch (error) {
      throw inContext(error, { operation: "list", path: directory });
    }
  }

  /** See `DataSource.sample`. The backend that has the image takes the sample, unless it is of one plane of it. */
  override async sample(
    path: string,
    request?: ImageSamplingRequest,
    options?: LoadOptions,
  ): Promise<ImageSamplingResult> {
    try {
      const ref = await this.#ref(path, options);
      const { source, address } = this.#source(ref);
      if (!ref.sourceAxisIndices?.length) return await source.sample(address, request, options);
      return sampleImage(partOf(await source.load(address, options), ref), request, path);
    } catch (error) {
      throw inContext(error, { operation: "sample", path });
    }
  }

  /**
   * Where the file at a path comes from.
   *
   * @throws {StorageError} `not-found`, `is-a-directory`.
   */
  async sourceRef(path: string, options?: AbortOptions): Promise<SourcePixelRef> {
    try {
      return await this.#ref(path, options);
    } catch (error) {
      throw inContext(error, { operation: "resolve", path });
    }
  }

  /** The file of this machine behind a path, if there is one and the metadata have been read. */
  override physicalSourcePath(address: string): string | undefined {
    const node = this.#workspace?.tree.find(normalizePath(address));
    if (node?.kind !== "file") return undefined;
    const { source, address: there } = this.#source(node.content);
    return source.physicalSourcePath(there, { basePath: this.#plateRoot });
  }

  async #ref(path: string, options?: AbortOptions): Promise<SourcePixelRef> {
    const place = normalizePath(path);
    const { tree } = await this.#current(options);
    const node = tree.find(place);
    if (node?.kind !== "file") throw await absenceIn(tree, place);
    return node.content;
  }

  /** The backend a reference means, and the address there. */
  #source({ backend, backendAddress }: SourcePixelRef): { source: DataSource; address: string } {
    const source = this.#find(backend);
    // One that led to another could lead back.
    if (source instanceof VirtualWorkspaceBackend) {
      throw new StorageError(
        "invalid-argument",
        `"${backend}" is a virtual workspace, and cannot be the source of one`,
      );
    }
    return { source, address: source.resolveAddress(backendAddress, { basePath: this.#plateRoot }) };
  }

  #find(name: string): DataSource {
    if (this.#lookup === undefined) {
      const detail = "the virtual workspace knows no other backends: use it through a FileManager that has them";
      throw new StorageError("unknown-backend", detail);
    }
    const backend = this.#lookup.get(name);
    if (backend instanceof DataSource) return backend;
    throw new StorageError("unsupported", `nothing can be loaded from the backend "${name}"`);
  }

  /** What the metadata say now. */
  async #current(options: AbortOptions = {}): Promise<Workspace> {
    const { signal } = options;
    signal?.throwIfAborted();
    const backend = this.#find(this.#backend);
    const path = joinPath(this.#plateRoot, METADATA_FILENAME);
    const version = await versionOf(backend, path, signal);
    if (this.#workspace?.version === version) return this.#workspace;
    return this.#workspace = await this.#flights.join(version, async (signal) => {
      return { version, tree: readWorkspace(await backend.load(path, { signal })) };
    }, signal);
  }
}

/** Which metadata are there. */
async function versionOf(backend: DataSource, path: string, signal?: AbortSignal): Promise<string> {
  try {
    const { etag, modified, size } = await backend.stat(path, { signal });
    return `${etag} ${modified?.getTime()} ${size}`;
  } catch (error) {
    if (!isStorageError(error, "not-found", "not-a-directory")) throw error;
    // It is not that a file of the workspace is missing.
    const detail = `the metadata of the virtual workspace, ${JSON.stringify(path)}, are not there`;
    throw new StorageError("unavailable", detail, { cause: error });
  }
}

/** The value itself, or a plane of it that is the caller's own. */
function partOf(value: unknown, ref: SourcePixelRef): unknown {
  if (!ref.sourceAxisIndices?.length) return value;
  const plane = planeOf(value, ref);
  return cloneValue({ ...plane, data: packed(plane), stride: stridesOf(plane.shape) });
}

function absenceIn(tree: Tree<SourcePixelRef>, path: string): Promise<StorageError> {
  return absence(path, { kind: (path) => tree.find(path)?.kind, target: () => undefined });
}
