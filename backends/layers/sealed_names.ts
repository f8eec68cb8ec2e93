/**
 * {@linkcode SealedNames}: names that tell nothing.
 *
 * @module
 */

import { comparePaths, parentPath } from "../path.ts";
import { inPathOrder } from "../stores/path_order.ts";
import type { Entry, ListOptions, Store } from "../stores/store.ts";
import { material, type SecretKey } from "./key_ring.ts";

/** How many paths are remembered. */
const REMEMBERED = 10_000;

/** How many names are opened together. */
const GROUP = 64;

interface Keys {
  readonly mac: CryptoKey;
  readonly name: CryptoKey;
}

/** A directory, by both of its paths. */
interface Directory {
  readonly at: string;
  readonly path: string;
}

/** What is in a directory. */
interface SealedChild {
  readonly name: string;
  readonly directory?: Directory;
  readonly entry: Entry;
}

/**
 * Encrypts each name of a path so that the same name in the same directory always becomes the same: its HMAC with that of the directory
 * is the counter of AES-CTR, as in SIV, and stands before it. One cannot see from outside which names are equal in two
 * directories, only how many there are and how long.
 */
export class SealedNames {
  readonly #key: SecretKey;
  readonly #sealed = new Map<string, string>();
  #keys: Promise<Keys> | undefined;

  constructor(key: SecretKey) {
    this.#key = key;
  }

  /** The path in the store. */
  async seal(path: string): Promise<string> {
    if (path === "") return "";
    const known = this.#sealed.get(path);
    if (known !== undefined) return known;
    const parent = await this.seal(parentPath(path));
    const name = new TextEncoder().encode(path.slice(path.lastIndexOf("/") + 1));
    const { mac, name: key } = await (this.#keys ??= this.#derive());
    const iv = await tag(mac, parent, name);
    const hidden = new Uint8Array(await crypto.subtle.encrypt(counter(iv), key, name));
    const sealed = join(
      parent,
      new Uint8Array([...iv, ...hidden]).toBase64({ alphabet: "base64url", omitPadding: true }),
    );
    this.#sealed.set(path, sealed);
    if (this.#sealed.size > REMEMBERED) this.#sealed.delete(this.#sealed.keys().next().value!);
    return sealed;
  }

  /** The path for the caller; `undefined` if it was not made here. */
  async open(sealed: string): Promise<string | undefined> {
    if (sealed === "") return "";
    const parent = parentPath(sealed);
    const path = await this.open(parent);
    const name = path === undefined
      ? undefined
      : await this.#openName(parent, sealed.slice(sealed.lastIndexOf("/") + 1));
    return name === undefined ? undefined : join(path!, name);
  }

  /**
   * Lists in the order of the names that the caller knows. All names of a directory are held at once, for the order of the store is
   * another one. Names that were not made here are left out.
   */
  async *list(inner: Store, prefix: string, options: ListOptions = {}): AsyncGenerator<Entry> {
    const { signal, details, shallow, after, limit } = options;
    signal?.throwIfAborted();
    const read = new Map<string, Promise<readonly SealedChild[]>>();
    const children = ({ at, path }: Directory): Promise<readonly SealedChild[]> => {
      let reading = read.get(at);
      if (reading === undefined) read.set(at, reading = this.#children(inner, at, path, { signal, details }));
      return reading;
    };
    const source = {
      async page(directory: Directory, after: string | undefined, limit: number): Promise<readonly SealedChild[]> {
        const all = await children(directory);
        const from = after === undefined ? 0 : all.findIndex(({ name }) => comparePaths(name, after) > 0);
        return from < 0 ? [] : all.slice(from, from + limit);
      },
      async child(directory: Directory, name: string): Promise<SealedChild | undefined> {
        return (await children(directory)).find((child) => child.name === name);
      },
    };
    const root = { at: await this.seal(prefix), path: prefix };
    for await (const page of inPathOrder(source, root, prefix, { shallow, after, limit })) {
      for (const { path, child } of page) {
        signal?.throwIfAborted();
        yield { ...child.entry, path };
      }
    }
  }

  async #children(inner: Store, at: string, path: string, options: ListOptions): Promise<readonly SealedChild[]> {
    const entries = await Array.fromAsync(inner.list!(at, { ...options, shallow: true }));
    const children: SealedChild[] = [];
    for (let i = 0; i < entries.length; i += GROUP) {
      await Promise.all(
        entries.slice(i, i + GROUP).map(async (entry) => {
          const name = await this.#openName(at, entry.path.slice(entry.path.lastIndexOf("/") + 1));
          if (name === undefined) return;
          const directory = entry.kind === "directory" ? { directory: { at: entry.path, path: join(path, name) } } : {};
          children.push({ name, entry, ...directory });
        }),
      );
    }
    return children.sort((a, b) => comparePaths(a.name, b.name));
  }

  async #openName(parent: string, sealed: string): Promise<string | undefined> {
    let bytes: Uint8Array<ArrayBuffer>;
    try {
      bytes = Uint8Array.fromBase64(sealed, { alphabet: "base64url" });
    } catch {
      return undefined;
    }
    if (bytes.length <= TAG) return undefined;
    const { mac, name: key } = await (this.#keys ??= this.#derive());
    const iv = bytes.slice(0, TAG);
    const name = new Uint8Array(await crypto.subtle.decrypt(counter(iv), key, bytes.subarray(TAG)));
    const again = await tag(mac, parent, name);
    return again.every((byte, index) => byte === iv[index])
      ? new TextDecoder("utf-8", { ignoreBOM: true }).decode(name)
      : undefined;
  }

  async #derive(): Promise<Keys> {
    const source = await material(this.#key);
    const parameters = (use: string): HkdfParams => ({
      name: "HKDF",
      hash: "SHA-256",
      salt: new Uint8Array(),
      info: new TextEncoder().encode(`@polystore/polystore encrypted names 1 ${use}`),
    });
    const hmac = { name: "HMAC", hash: "SHA-256", length: 256 };
    const aes = { name: "AES-CTR", length: 256 };
    const [mac, name] = await Promise.all([
      crypto.subtle.deriveKey(parameters("mac"), source, hmac, false, ["sign"]),
      crypto.subtle.deriveKey(parameters("name"), source, aes, false, ["encrypt", "decrypt"]),
    ]);
    return { mac, name };
  }
}

const TAG = 16;

async function tag(key: CryptoKey, parent: string, name: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const text = new TextEncoder().encode(`${parent}\0`);
  const bytes = new Uint8Array(text.length + name.length);
  bytes.set(text);
  bytes.set(name, text.length);
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, bytes)).slice(0, TAG);
}

function counter(iv: Uint8Array<ArrayBuffer>): AesCtrParams {
  return { name: "AES-CTR", counter: iv, length: 64 };
}

function join(parent: string, name: string): string {
  return parent === "" ? name : `${parent}/${name}`;
}
