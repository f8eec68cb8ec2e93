/**
 * The peers of the benchmarks of Zarr: zarrita, zarr-python, and no library at all.
 *
 * @module
 */

import FileSystemStore from "@zarrita/storage/fs";
import GZip from "numcodecs/gzip";
import * as zarrita from "zarrita";
import type { NdArray } from "../backends/formats/ndarray.ts";
import type { Contender } from "./measure.ts";
import { type CodecName, type Cut, LEVELS } from "./zarr_data.ts";

/** Something that is measured: what it does, and what it did. */
export interface Place {
  /** What it is called in the table. */
  readonly name: string;
  /** Writes the array into a new directory. */
  readonly write: Contender;
  /** Reads all of it. */
  readonly read: Contender;
  /** The elements that it reads; `undefined` if they are elsewhere, and were compared there. */
  loaded(): Promise<Float32Array | undefined>;
}

/** Empties a directory. */
export function emptied(directory: string): void {
  Deno.removeSync(directory, { recursive: true });
  Deno.mkdirSync(directory);
}

/** zarrita, as it comes; gzip, which it only reads, is that of numcodecs. */
export async function zarritaPlace(array: NdArray, cut: Cut, codec: CodecName, directory: string): Promise<Place> {
  // What numcodecs exports and what zarrita wants are not of one type, though they are made for each other.
  zarrita.registry.set("gzip", () => Promise.resolve(GZip as never));
  const level = codec === "none" ? 0 : LEVELS[codec];
  const compress = codec === "none" ? [] : [{ name: codec, configuration: { level, checksum: false } }];
  const turned = cut.order === "F" ? cut.shape.map((_, axis) => cut.shape.length - 1 - axis) : undefined;
  const before = turned === undefined ? [] : [{ name: "transpose", configuration: { order: turned } }];
  const place = zarrita.root(new FileSystemStore(directory)).resolve("a");
  const create = (): Promise<zarrita.Array<"float32", FileSystemStore>> =>
    zarrita.create(place, {
      dtype: "float32",
      shape: [...cut.shape],
      chunkShape: [...cut.chunks],
      codecs: [...before, { name: "bytes", configuration: { endian: "little" } }, ...compress],
      fillValue: 0,
    });
  const value = { data: array.data as Float32Array<ArrayBuffer>, shape: array.shape, stride: array.stride };
  let target = await create();
  return {
    name: "zarrita",
    write: {
      name: "zarrita",
      before: async () => {
        emptied(directory);
        target = await create();
      },
      work: () => zarrita.set(target, null, value),
    },
    read: { name: "zarrita", work: async () => void await zarrita.get(target) },
    // What was turned around it leaves so.
    loaded: async () => turned ? undefined : (await zarrita.get(target)).data as Float32Array,
  };
}

/**
 * The chunks as files without any library, one after the other.
 *
 * What is read is kept: in pieces, or, as an array needs it, in one.
 */
export function rawPlace(array: NdArray, cut: Cut, directory: string, into: "pieces" | "one"): Place {
  const count = cut.shape[0]!;
  const bytes = new Uint8Array(array.data.buffer);
  const size = bytes.length / count;
  const path = (index: number): string => `${directory}/${index}`;
  async function whole(): Promise<Uint8Array<ArrayBuffer>> {
    const loaded = new Uint8Array(bytes.length);
    for (let i = 0; i < count; i++) loaded.set(await Deno.readFile(path(i)), i * size);
    return loaded;
  }
  async function pieces(): Promise<Uint8Array[]> {
    const all: Uint8Array[] = [];
    for (let i = 0; i < count; i++) all.push(await Deno.readFile(path(i)));
    return all;
  }
  const name = into === "one" ? ", into one array" : "";
  return {
    name: `Deno.writeFile, readFile${name}`,
    write: {
      name: `Deno.writeFile${name}`,
      before: () => emptied(directory),
      async work(): Promise<void> {
        for (let i = 0; i < count; i++) await Deno.writeFile(path(i), bytes.subarray(i * size, (i + 1) * size));
      },
    },
    read: {
      name: `Deno.readFile${name}`,
      work: async () => void await (into === "one" ? whole() : pieces()),
    },
    loaded: async () => new Float32Array((await whole()).buffer),
  };
}

const PYTHON = "/usr/bin/python3";

/** The program that Python runs: a command a line, an answer each. */
const PROGRAM = `
import shutil, sys
import numpy, zarr
from numcodecs import GZip, Zstd
raw, target, codec, level, order, shape, chunks = sys.argv[1:]
shape, chunks = [tuple(int(n) for n in text.split(",")) for text in (shape, chunks)]
data = numpy.fromfile(raw, dtype="<f4").reshape(shape)
compressor = {"none": None, "gzip": GZip(int(level)), "zstd": Zstd(int(level))}[codec]
array = None
for line in sys.stdin:
    command = line.strip()
    if command == "empty":
        shutil.rmtree(target, ignore_errors=True)
        array = zarr.open(target, mode="w", shape=shape, chunks=chunks, dtype="<f4", compressor=compressor, fill_value=0, order=order)
    elif command == "write":
        array[...] = data
    elif command == "read":
        loaded = array[...]
    elif command == "check":
        assert (array[...] == data).all()
    print("done", flush=True)
`;

/** Whether zarr-python is here. */
export function hasPythonZarr(): boolean {
  try {
    return new Deno.Command(PYTHON, { args: ["-c", "import zarr, numpy"], stderr: "null" }).outputSync().success;
  } catch {
    return false; // no Python
  }
}

/** zarr-python, which waits for commands in a process of its own. */
export class PythonPlace implements Place, AsyncDisposable {
  /** See `Place.name`. */
  readonly name = "zarr-python";
  /** See `Place.write`. */
  readonly write: Contender = {
    name: this.name,
    before: () => this.#tell("empty"),
    work: () => this.#tell("write"),
  };
  /** See `Place.read`. */
  readonly read: Contender = { name: this.name, work: () => this.#tell("read") };
  readonly #process: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reader: ReadableStreamDefaultReader<string>;

  /** Starts it; `raw` is the file with the elements. */
  constructor(raw: string, cut: Cut, codec: CodecName, directory: string) {
    const level = codec === "none" ? 0 : LEVELS[codec];
    this.#process = new Deno.Command(PYTHON, {
      args: [
        "-c",
        PROGRAM,
        raw,
        directory,
        codec,
        String(level),
        cut.order ?? "C",
        String(cut.shape),
        String(cut.chunks),
      ],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#writer = this.#process.stdin.getWriter();
    this.#reader = this.#process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** See `Place.loaded`. It compares itself. */
  async loaded(): Promise<undefined> {
    await this.#tell("check");
  }

  async #tell(command: string): Promise<void> {
    await this.#writer.write(new TextEncoder().encode(`${command}\n`));
    for (let answer = ""; !answer.endsWith("\n");) {
      const { done, value } = await this.#reader.read();
      if (done) throw new Error(`Cannot measure: zarr-python ended at ${command}`);
      answer += value;
    }
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close();
    await this.#reader.cancel();
    await this.#process.status;
  }
}
