/**
 * One file from one backend to another: as bytes where both have such, else as a value.
 *
 * @module
 */

import type { StorageBackend } from "../backends/backend.ts";
import { isStorageError, StorageError } from "../backends/errors.ts";
import { type Side, told, type TransferOptions } from "./side.ts";

/** A backend whose files can be had as bytes. */
type ByteBackend = StorageBackend & Required<Pick<StorageBackend, "openRead" | "openWrite">>;

/** Copies one file and reads it back; answers the bytes written. */
export async function transferFile(
  source: Side,
  target: Side,
  from: string,
  to: string,
  options: TransferOptions,
): Promise<number> {
  const { verify = true, overwrite = false, resume = false, signal } = options;
  const replace = overwrite || resume;
  const condition = { overwrite: replace, signal };
  if (await told(target, () => target.backend.copyFrom?.(source.backend, from, to, condition) ?? never())) {
    if (verify && !await equalValues(source, target, from, to, signal)) throw await refuse(target, to);
    return 0;
  }
  if (
    !byBytes(source.backend, target.backend) ||
    await told(source, async () => await source.backend.keepsValueAt?.(from, { signal }))
  ) {
    const value = await told(source, () => source.backend.load(from, { signal }));
    await told(target, () => target.backend.save(value, to, { overwrite: replace, signal }));
    if (verify && !await equalValues(source, target, from, to, signal)) throw await refuse(target, to);
    return 0;
  }
  const reader = source.backend as ByteBackend;
  const writer = target.backend as ByteBackend;
  const meter = new Meter();
  const input = await told(source, () => reader.openRead(from, { signal }));
  const output = await told(target, async () => {
    try {
      return await writer.openWrite(to, { ifAbsent: !replace, signal });
    } catch (error) {
      await input.cancel(error);
      throw error;
    }
  });
  await meter.start();
  await told(target, () => input.pipeThrough(meter.tap()).pipeTo(output, signal ? { signal } : {}));
  if (!verify) return meter.bytes;
  // A backend that keeps values encodes anew, which need not give the very bytes.
  const equal = reader.keepsValues || writer.keepsValues
    ? await equalValues(source, target, from, to, signal)
    : await measure(target, to, signal) === meter.result;
  if (!equal) throw await refuse(target, to);
  return meter.bytes;
}

/** Whether two files have the same content. */
export async function isSame(
  source: Side,
  target: Side,
  from: string,
  to: string,
  signal?: AbortSignal,
): Promise<boolean> {
  const [a, b] = await Promise.all([
    told(source, () => source.backend.stat(from, { signal })),
    told(target, () => target.backend.stat(to, { signal })).catch((error) => {
      if (isStorageError(error, "not-found", "not-a-directory")) return undefined;
      throw error;
    }),
  ]);
  if (b === undefined || (b.targetKind ?? b.kind) !== "file") return false;
  const values = await isValue(source, from, signal) || await isValue(target, to, signal);
  if (values || !byBytes(source.backend, target.backend)) return await equalValues(source, target, from, to, signal);
  if (a.size !== undefined && b.size !== undefined && a.size !== b.size) return false;
  return await measure(source, from, signal) === await measure(target, to, signal);
}

function never(): Promise<boolean> {
  return Promise.resolve(false);
}

/** Whether a file is kept as a value. */
async function isValue({ backend, name }: Side, path: string, signal?: AbortSignal): Promise<boolean> {
  if (backend.keepsValues || backend.keepsValueAt === undefined) return backend.keepsValues;
  return await told({ backend, name }, () => backend.keepsValueAt!(path, { signal }));
}

function byBytes(source: StorageBackend, target: StorageBackend): boolean {
  return source.openRead !== undefined && target.openWrite !== undefined && target.openRead !== undefined &&
    !(source.keepsValues && (target.keepsValues || target.keepsValueAt !== undefined));
}

async function equalValues(
  source: Side,
  target: Side,
  from: string,
  to: string,
  signal?: AbortSignal,
): Promise<boolean> {
  const { isDeepStrictEqual } = await import("node:util");
  const a = await told(source, () => source.backend.load(from, { signal }));
  const b = await told(target, () => target.backend.load(to, { signal }));
  return isDeepStrictEqual(a, b);
}

async function measure(side: Side, path: string, signal?: AbortSignal): Promise<string> {
  const meter = new Meter();
  await meter.start();
  await told(side, async () => {
    for await (const chunk of await (side.backend as ByteBackend).openRead(path, { signal })) meter.add(chunk);
  });
  return meter.result;
}

/** What was written is not what was read: it is taken away, so that nobody trusts it. */
async function refuse(target: Side, path: string): Promise<StorageError> {
  await told(target, () => target.backend.delete(path, { force: true }));
  return new StorageError("corrupt", "what was read back differs from the source, and was deleted; try again", {
    backend: target.name,
    operation: "verify",
    path,
    retryable: true,
  });
}

/** Counts bytes and their CRC-32. */
class Meter {
  bytes = 0;
  #sum = 0;
  #crc32: ((data: Uint8Array, value: number) => number) | undefined;

  /** Loads what it measures with. */
  async start(): Promise<void> {
    this.#crc32 = (await import("node:zlib")).crc32;
  }

  /** Adds a chunk. */
  add(chunk: Uint8Array): void {
    this.bytes += chunk.length;
    this.#sum = this.#crc32!(chunk, this.#sum);
  }

  /** A stream that passes everything on, measured. */
  tap(): TransformStream<Uint8Array, Uint8Array> {
    return new TransformStream({
      transform: (chunk, controller) => {
        this.add(chunk);
        controller.enqueue(chunk);
      },
    });
  }

  /** Size and sum, to compare. */
  get result(): string {
    return `${this.bytes}-${this.#sum}`;
  }
}
