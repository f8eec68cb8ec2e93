/**
 * {@linkcode ArtifactServerOptions}: what a server is made of, and what it notes.
 *
 * @module
 */

import type { Store } from "../../../backends/stores/store.ts";
import type { Served } from "../../files.ts";
import type { ServerLimits } from "./limits.ts";
import type { Tokens } from "./tokens.ts";

/** What a server notes: one line of its log. */
export interface ServerNote {
  /** When. */
  readonly time: string;
  /** How much it matters. Answers to requests are `debug`. */
  readonly level: "debug" | "info" | "error";
  /** What happened. */
  readonly message: string;
  /** More about it; no token, key or value is in it. */
  readonly [name: string]: unknown;
}

/** Options of `ArtifactServer`. */
export interface ArtifactServerOptions {
  /** Where the artifacts are. It stays the caller's to close. Servers that share a store are one registry. */
  readonly store: Store;
  /**
   * Who may come in.
   *
   * @default {undefined} anyone on this machine
   */
  readonly tokens?: Tokens | undefined;
  /**
   * Whether without tokens other machines may come in, too, through `fetch`: for a handler that something in front protects. `listen`
   * wants tokens for that all the same.
   *
   * @default {false}
   */
  readonly open?: boolean | undefined;
  /**
   * Backends and stores whose files are served at `/v1/files/<name>`, to tokens with a scope `files:<name>`. They stay the caller's to
   * close.
   *
   * @default {undefined} none
   */
  readonly files?: Served | undefined;
  /**
   * The names that the server goes by, without ports, beside `localhost` and addresses; `"*"` is any.
   *
   * @default {[]}
   */
  readonly allowedHosts?: readonly string[] | undefined;
  /**
   * The origins of pages that may use it, like `https://example.com`; `"*"` is any.
   *
   * @default {[]}
   */
  readonly allowedOrigins?: readonly string[] | undefined;
  /**
   * How much a request may take.
   *
   * @default {{}}
   */
  readonly limits?: Partial<ServerLimits> | undefined;
  /**
   * Where notes go.
   *
   * @default {undefined} nowhere
   */
  readonly log?: ((note: ServerNote) => void) | undefined;
  /**
   * Whether every answer is noted too.
   *
   * @default {false}
   */
  readonly debug?: boolean | undefined;
}
