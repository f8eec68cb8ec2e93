/**
 * {@linkcode Pipeline}: the codecs of an array, one after the other.
 *
 * @module
 */

import { StorageError } from "../errors.ts";
import type { BytesCodec, ChunkSpec, Codec, Codecs, ElementsCodec, Maybe, SerialCodec } from "./codecs/codec.ts";
import type { Elements } from "./data_type.ts";
import { type CodecSpec, malformed, notKnown } from "./metadata.ts";

/** The codecs of an array, made for its chunks. */
export class Pipeline {
  /** The codecs, as metadata names them. */
  readonly specs: readonly CodecSpec[];
  /** What goes in. */
  readonly chunk: ChunkSpec;
  /** What turns elements into bytes. */
  readonly serial: SerialCodec;
  readonly #elements: readonly ElementsCodec[];
  readonly #bytes: readonly BytesCodec[];
  /** How many bytes come out of each codec for bytes, the serial codec first; `undefined` where it depends. */
  readonly #sizes: readonly (number | undefined)[];

  private constructor(
    specs: readonly CodecSpec[],
    chunk: ChunkSpec,
    elements: readonly ElementsCodec[],
    serial: SerialCodec,
    bytes: readonly BytesCodec[],
  ) {
    this.specs = specs;
    this.chunk = chunk;
    this.serial = serial;
    this.#elements = elements;
    this.#bytes = bytes;
    const sizes = [serial.size];
    for (const codec of bytes) sizes.push(codec.size(sizes[sizes.length - 1]));
    this.#sizes = sizes;
  }

  /**
   * Makes the codecs; loads what they need.
   *
   * @param specs The codecs as metadata names them.
   * @param chunk What a chunk is.
   * @param codecs The codecs there are.
   * @throws {StorageError} `unsupported`, naming a codec that is not there; `corrupt` if they do not fit together.
   */
  static async create(specs: readonly CodecSpec[], chunk: ChunkSpec, codecs: Codecs): Promise<Pipeline> {
    const elements: ElementsCodec[] = [];
    const bytes: BytesCodec[] = [];
    let serial: SerialCodec | undefined;
    let current = chunk;
    for (const { name, configuration } of specs) {
      const factory = Object.hasOwn(codecs, name) ? codecs[name] : undefined;
      if (factory === undefined) throw notKnown(`its codec ${JSON.stringify(name)} is not known here`);
      const codec: Codec = await factory(configuration, current);
      if ((codec.kind === "bytes") !== (serial !== undefined)) {
        throw malformed(`its codec ${JSON.stringify(name)} stands in the wrong place`);
      }
      if (codec.kind === "elements") {
        elements.push(codec);
        current = codec.output;
      } else if (codec.kind === "serial") serial = codec;
      else bytes.push(codec);
    }
    if (serial === undefined) throw malformed("none of its codecs turns elements into bytes");
    return new Pipeline(specs, chunk, elements, serial, bytes);
  }

  /** Whether the bytes of a chunk are those that its elements have in memory. */
  get isPlain(): boolean {
    return this.isBare && this.serial.isPlain;
  }

  /** Whether the bytes are those of the serial codec, and its elements those of the array: then a part can be read. */
  get isBare(): boolean {
    return this.#elements.length === 0 && this.#bytes.length === 0;
  }

  /** How many bytes every chunk has; `undefined` if that depends. */
  get size(): number | undefined {
    return this.#sizes[this.#sizes.length - 1];
  }

  /** Encodes a chunk. The bytes may be a view on the elements. */
  encode(elements: Elements): Maybe<Uint8Array> {
    let value = elements;
    for (const codec of this.#elements) value = codec.encode(value);
    return this.#encodeBytes(this.serial.encode(value), 0);
  }

  #encodeBytes(value: Maybe<Uint8Array>, from: number): Maybe<Uint8Array> {
    for (let index = from; index < this.#bytes.length; index++) {
      if (value instanceof Promise) return value.then((bytes) => this.#encodeBytes(bytes, index));
      value = this.#bytes[index]!.encode(value);
    }
    return value;
  }

  /**
   * Decodes a chunk. The elements may be a view on the bytes.
   *
   * @throws {StorageError} `corrupt` if it is not what the codecs write.
   */
  decode(bytes: Uint8Array): Maybe<Elements> {
    this.checkSize(bytes);
    return this.#decodeBytes(bytes, this.#bytes.length - 1);
  }

  /** Throws `corrupt` if a chunk cannot have so many bytes. */
  checkSize({ length }: Uint8Array): void {
    if (this.size === undefined || length === this.size) return;
    throw new StorageError("corrupt", `a chunk has ${length} bytes instead of ${this.size}`);
  }

  #decodeBytes(value: Maybe<Uint8Array>, from: number): Maybe<Elements> {
    for (let index = from; index >= 0; index--) {
      if (value instanceof Promise) return value.then((bytes) => this.#decodeBytes(bytes, index));
      value = this.#bytes[index]!.decode(value, this.#sizes[index]);
    }
    const serial = value instanceof Promise
      ? value.then((bytes) => this.serial.decode(bytes))
      : this.serial.decode(value);
    return serial instanceof Promise
      ? serial.then((elements) => this.#decodeElements(elements))
      : this.#decodeElements(serial);
  }

  #decodeElements(elements: Elements): Elements {
    return this.#elements.reduceRight((value, codec) => codec.decode(value), elements);
  }
}
