/**
 * {@linkcode checkHost}: whom a request may say it is for, and where a page may be from that makes it.
 *
 * A page of a stranger can make its own name lead to this machine (DNS rebinding). The browser then still names the stranger as the
 * host, so names must be known; an address or `localhost` cannot be bent in this way.
 *
 * @module
 */

import { StorageError } from "../../../backends/errors.ts";
import { RequestError } from "./problem.ts";

const PORT = /:\d{1,5}$/;
const ADDRESS = /^(?:localhost|\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:.]+\])$/;

/**
 * Whether an address is one that only this machine reaches.
 *
 * @param host A name or an address.
 * @returns Whether it is.
 */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase().replace(/^\[|\]$/g, "").replace(/^::ffff:(?=[\d.]+$)/, "");
  return name === "localhost" || name === "::1" || /^127(?:\.\d{1,3}){3}$/.test(name);
}

/**
 * Checks for whom a request is.
 *
 * @param header What the request says: a name and perhaps a port.
 * @param allowed The names there are beside addresses and `localhost`; `"*"` is any.
 * @throws {RequestError} 421 if it is for someone else.
 */
export function checkHost(header: string, allowed: ReadonlySet<string>): void {
  const host = header.toLowerCase();
  const name = host.replace(PORT, "");
  if (ADDRESS.test(name) || allowed.has("*") || allowed.has(name) || allowed.has(host)) return;
  throw new RequestError(421, "permission-denied", NAMELESS);
}

const NAMELESS = "this server does not go by that name; its owner can allow it: --allow-host, or allowedHosts";

/**
 * The origins that a server is to know.
 *
 * @param origins As its owner gives them.
 * @returns They.
 * @throws {StorageError} `invalid-argument` for what no browser ever sends.
 */
export function knownOrigins(origins: readonly string[]): ReadonlySet<string> {
  for (const origin of origins) {
    const known = URL.parse(origin)?.origin;
    if (origin === "*" || known === origin) continue;
    const hint = known === undefined || known === "null" ? "" : `, like ${JSON.stringify(known)}`;
    throw new StorageError(
      "invalid-argument",
      `${JSON.stringify(origin)} is no origin: give scheme, host and port${hint}`,
    );
  }
  return new Set(origins);
}

/**
 * Checks whether a caller may come in without a token.
 *
 * @param from Its address; `undefined` if nobody knows.
 * @throws {RequestError} 403 if it is another machine.
 */
export function checkNear(from: string | undefined): void {
  if (from === undefined || isLoopback(from)) return;
  throw new RequestError(
    403,
    "permission-denied",
    "without tokens this server only answers its own machine; its owner can give it tokens",
  );
}

/**
 * Checks where a page is from that makes a request: a browser says it, and nothing else does. What a page only embeds has no `Origin`, but
 * is said to be from another site: as it does not say from which, it is refused unless any may come.
 *
 * @param headers The headers of the request.
 * @param allowed The origins there are; `"*"` is any.
 * @throws {RequestError} 403 if it is from elsewhere.
 */
export function checkOrigin(headers: Headers, allowed: ReadonlySet<string>): void {
  if (allowed.has("*")) return;
  const origin = headers.get("origin");
  if (origin === null ? isOwn(headers.get("sec-fetch-site")) : allowed.has(origin)) return;
  throw new RequestError(403, "permission-denied", STRANGE_PAGE);
}

const STRANGE_PAGE =
  "pages from there may not use this server; its owner can allow it: --allow-origin, or allowedOrigins";

/** Whether a request is from no page, or from none of another origin; another port of this machine is another origin of the same site. */
function isOwn(site: string | null): boolean {
  return site === null || site === "same-origin" || site === "none";
}
