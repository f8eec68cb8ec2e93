/** A connection that breaks when a test wants it to. */

/** What happens to the next connections: `pass`; `lose` the answer; `cut` it after so many bytes; `hang`. */
export type Fault = "pass" | "lose" | "hang" | { readonly cut: number } | { readonly upload: number };

/** A proxy on loopback in front of a server. */
export class Proxy implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #target: number;
  readonly #open = new Set<Deno.Conn>();
  readonly #serving: Promise<void>;
  /** What happens from now on, on connections that are there already too. */
  fault: Fault = "pass";
  /** How many requests have been passed on. */
  requests = 0;

  /** @param target The port of the server. */
  constructor(target: number) {
    this.#target = target;
    this.#serving = this.#serve();
  }

  /** Its own port. */
  get port(): number {
    return this.#listener.addr.port;
  }

  async #serve(): Promise<void> {
    const all: Promise<void>[] = [];
    for await (const client of this.#listener) all.push(this.#pass(client));
    await Promise.all(all);
  }

  async #pass(client: Deno.TcpConn): Promise<void> {
    const server = await Deno.connect({ hostname: "127.0.0.1", port: this.#target });
    for (const connection of [client, server]) this.#open.add(connection);
    const end = (): void => {
      for (const connection of [client, server]) {
        if (!this.#open.delete(connection)) continue;
        connection.close();
      }
    };
    await Promise.all([this.#pump(client, server, true, end), this.#pump(server, client, false, end)]);
  }

  async #pump(from: Deno.Conn, to: Deno.Conn, up: boolean, end: () => void): Promise<void> {
    const buffer = new Uint8Array(65_536);
    let passed = 0;
    try {
      for (let count = await from.read(buffer); count !== null; count = await from.read(buffer)) {
        const { fault } = this;
        if (up && /^(GET|PUT|POST|DELETE|HEAD) /.test(new TextDecoder().decode(buffer.subarray(0, 7)))) this.requests++;
        if (fault === "hang") continue;
        if (!up && fault === "lose") break;
        let most = count;
        if (typeof fault === "object") {
          if (up && "upload" in fault) most = Math.max(0, Math.min(count, fault.upload - passed));
          if (!up && "cut" in fault) most = Math.max(0, Math.min(count, fault.cut - passed));
        }
        for (let at = 0; at < most;) at += await to.write(buffer.subarray(at, most));
        passed += most;
        if (most < count) break;
      }
    } catch { /* the other side has ended */ }
    end();
  }

  /** Breaks every connection. */
  break(): void {
    for (const connection of [...this.#open]) {
      this.#open.delete(connection);
      connection.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    this.break();
    await this.#serving;
  }
}
