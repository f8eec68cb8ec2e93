/**
 * {@linkcode KeyRing}: the keys of `encrypted`.
 *
 * @module
 */

import { StorageError } from "../errors.ts";

/** A key: 32 random bytes, or a `CryptoKey` for HKDF with the usage `deriveKey`. */
export type SecretKey = Uint8Array | CryptoKey;

/** A key and its name. */
export interface NamedKey {
  /** Its name: what content that it encrypted says of it, hashed. A name is never given to another key. */
  readonly id: string;
  /** The key. */
  readonly key: SecretKey;
}

/** What a content is encrypted with. */
export interface ContentKey {
  /** The key. */
  readonly key: CryptoKey;
  /** The header, which tells how to get the same key again. */
  readonly header: Uint8Array<ArrayBuffer>;
}

/** Length of the header of a content. */
export const HEADER = 40;

const MAGIC: readonly number[] = [0x93, 0x50, 0x53, 0x45, 0x01, 0, 0, 0];

/** A derived key encrypts so many contents, far below what AES-GCM allows. */
const SESSION = 2 ** 20;

/** How many derived keys are remembered. */
const REMEMBERED = 256;

const CONTENT_INFO = new TextEncoder().encode("@polystore/polystore encrypted content 1");

/** Contents that are encrypted with one derived key, each with its number. */
interface Session {
  readonly key: CryptoKey;
  readonly start: Uint8Array;
  count: number;
}

/**
 * Keys by their id. No key encrypts content itself: from it and a random salt one is derived (HKDF) for this process, whose contents have
 * numbers, so that no two blocks ever have the same nonce under one key.
 */
export class KeyRing {
  readonly #keys: readonly NamedKey[];
  readonly #derived = new Map<string, Promise<CryptoKey>>();
  #ids: Promise<Map<string, NamedKey>> | undefined;
  #session: Promise<Session> | undefined;

  /** @param keys The keys; the first encrypts, all decrypt. */
  constructor(keys: readonly NamedKey[]) {
    if (keys.length === 0) throw new TypeError("Cannot create encrypted: it needs a key");
    if (new Set(keys.map(({ id }) => id)).size < keys.length) {
      throw new TypeError("Cannot create encrypted: two keys have the same id");
    }
    for (const { id, key } of keys) checkKey(key, `the key ${JSON.stringify(id)}`);
    this.#keys = [...keys];
  }

  /** A key and a header for new content. */
  async next(): Promise<ContentKey> {
    let session = await (this.#session ??= this.#begin());
    if (session.count >= SESSION) session = await (this.#session = this.#begin());
    const header = new Uint8Array(HEADER);
    header.set(session.start);
    new DataView(header.buffer).setBigUint64(32, BigInt(session.count++));
    return { key: session.key, header };
  }

  /**
   * The key of a content.
   *
   * @throws {StorageError} `corrupt`; `permission-denied` if the key is not on the ring.
   */
  async of(bytes: Uint8Array): Promise<ContentKey> {
    const header = bytes.slice(0, HEADER);
    if (header.length < HEADER || MAGIC.some((byte, index) => header[index] !== byte)) {
      throw new StorageError("corrupt", "it was not written by the layer encrypted, or it is cut");
    }
    const source = String.fromCharCode(...header.subarray(8, 32));
    let deriving = this.#derived.get(source);
    if (deriving === undefined) {
      const named = (await this.#byId()).get(hex(header.subarray(8, 16)));
      if (named === undefined) {
        throw new StorageError("permission-denied", "it was encrypted with a key that is not among those given");
      }
      deriving = derive(named.key, header.subarray(16, 32));
      this.#remember(source, deriving);
    }
    return { key: await deriving, header };
  }

  async #begin(): Promise<Session> {
    const [current] = this.#keys as [NamedKey];
    const salt = crypto.getRandomValues(new Uint8Array(16));
    const start = new Uint8Array([...MAGIC, ...await idOf(current), ...salt]);
    const deriving = derive(current.key, salt);
    this.#remember(String.fromCharCode(...start.subarray(8)), deriving);
    return { key: await deriving, start, count: 0 };
  }

  #remember(source: string, deriving: Promise<CryptoKey>): void {
    this.#derived.set(source, deriving);
    if (this.#derived.size > REMEMBERED) this.#derived.delete(this.#derived.keys().next().value!);
  }

  #byId(): Promise<Map<string, NamedKey>> {
    return this.#ids ??= Promise.all(this.#keys.map(async (named) => [hex(await idOf(named)), named] as const))
      .then((all) => new Map(all));
  }
}

/** Refuses what is no key. */
export function checkKey(key: SecretKey, name: string): void {
  if (key instanceof Uint8Array ? key.length === 32 : key.algorithm.name === "HKDF") return;
  throw new TypeError(`Cannot create encrypted: ${name} must have 32 bytes, or be a CryptoKey for HKDF`);
}

/** A key for HKDF. */
export async function material(key: SecretKey): Promise<CryptoKey> {
  if (!(key instanceof Uint8Array)) return key;
  return await crypto.subtle.importKey("raw", new Uint8Array(key), "HKDF", false, ["deriveKey"]);
}

async function derive(key: SecretKey, salt: Uint8Array): Promise<CryptoKey> {
  const algorithm = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(salt), info: CONTENT_INFO };
  const result = { name: "AES-GCM", length: 256 };
  return await crypto.subtle.deriveKey(algorithm, await material(key), result, false, ["encrypt", "decrypt"]);
}

async function idOf({ id }: NamedKey): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(id)), 0, 8);
}

function hex(bytes: Uint8Array): string {
  return bytes.toHex();
}
