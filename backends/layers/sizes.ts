/**
 * {@linkcode Sizes}: sizes of contents, as far as they are remembered.
 *
 * @module
 */

const MOST = 4096;

/** Sizes of contents, by path and etag. */
export class Sizes {
  readonly #sizes = new Map<string, { readonly etag: string; readonly size: number }>();

  /** The size of the content at a path that has this etag. */
  get(path: string, etag: string): number | undefined {
    const known = this.#sizes.get(path);
    return known?.etag === etag ? known.size : undefined;
  }

  /** Remembers it, and forgets what was remembered for longest. */
  set(path: string, etag: string, size: number): void {
    this.#sizes.delete(path);
    this.#sizes.set(path, { etag, size });
    if (this.#sizes.size > MOST) this.#sizes.delete(this.#sizes.keys().next().value!);
  }
}
