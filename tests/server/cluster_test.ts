/** Several servers over one store are one registry. */

import assert from "node:assert/strict";
import { MAX_KEY } from "../../registry/artifacts/wire.ts";
import { LONG, withBox } from "../disk/setup.ts";
import { startServer } from "../kv/remote.ts";
import { ServerChild } from "./child.ts";
import { Connection } from "./connection.ts";
import { entry } from "./place.ts";

const MILLISECONDS = LONG ? 20_000 : 1500;
const CLIENTS = 16;
const JSON_TYPE = { "content-type": "application/json" };

/** Hands connections to servers in turn; one that cannot be reached is passed over. */
class RoundRobin implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #work: Promise<void>;
  readonly #ports: readonly number[];
  #next = 0;
  /** How many connections each server got. */
  readonly served = new Map<number, number>();

  constructor(ports: readonly number[]) {
    this.#ports = ports;
    this.#work = this.#accept();
  }

  get port(): number {
    return (this.#listener.addr as Deno.NetAddr).port;
  }

  async #accept(): Promise<void> {
    const open: Promise<void>[] = [];
    for await (const conn of this.#listener) open.push(this.#relay(conn));
    await Promise.all(open);
  }

  async #relay(client: Deno.Conn): Promise<void> {
    const server = await this.#connect();
    if (server === undefined) return client.close();
    // Where one side ends, the other is ended too: the client sees it, and asks again.
    await Promise.allSettled([
      client.readable.pipeTo(server.writable),
      server.readable.pipeTo(client.writable),
    ]);
  }

  async #connect(): Promise<Deno.Conn | undefined> {
    for (let tries = 0; tries < this.#ports.length; tries++) {
      const port = this.#ports[this.#next++ % this.#ports.length]!;
      try {
        const conn = await Deno.connect({ hostname: "127.0.0.1", port });
        this.served.set(port, (this.served.get(port) ?? 0) + 1);
        return conn;
      } catch (error) {
        // It has ended, or ends now.
        const { ConnectionRefused, ConnectionReset } = Deno.errors;
        if (!(error instanceof ConnectionRefused || error instanceof ConnectionReset)) throw error;
      }
    }
    return undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#work;
  }
}

/** What clients were promised. */
interface Promised {
  /** The last number that was acknowledged, by key. */
  readonly numbers: Map<string, number>;
  /** Whom each unique key was given to. */
  readonly owners: Map<string, string>;
  failures: number;
}

/** One client: it counts its own key up, and fights for keys that only one can have, each time on another connection. */
async function client(port: number, name: string, until: () => boolean, promised: Promised): Promise<void> {
  for (let number = 1; !until(); number++) {
    const unique = `unique ${Math.floor(Math.random() * 1e9) % 50}`;
    try {
      using connection = await Connection.to(port);
      const own = await connection.request("PUT", entry("cluster", name), JSON_TYPE, String(number));
      if (own.status === 200 || own.status === 201) promised.numbers.set(name, number);
      else assert.equal(own.status, 503, own.body);
      const headers = { ...JSON_TYPE, "if-none-match": "*" };
      const won = await connection.request(
        "PUT",
        entry("cluster", unique),
        headers,
        JSON.stringify(`${name} ${number}`),
      );
      if (won.status === 201) {
        assert.equal(promised.owners.get(unique), undefined, `${unique} was given twice`);
        promised.owners.set(unique, `${name} ${number}`);
      } else assert([412, 503].includes(won.status), won.body);
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      promised.failures++; // a cut connection promises nothing
    }
  }
}

async function survives(
  args: readonly string[],
  permissions: readonly string[],
  env: Record<string, string> = {},
): Promise<void> {
  const servers = await Promise.all([1, 2, 3].map(() => ServerChild.start(args, { permissions, env })));
  const promised: Promised = { numbers: new Map(), owners: new Map(), failures: 0 };
  try {
    const ports = servers.map(({ port }) => port);
    await using proxy = new RoundRobin(ports);
    const end = performance.now() + MILLISECONDS;
    const names = Array.from({ length: CLIENTS }, (_, index) => `client ${index}`);
    const clients = Promise.all(names.map((name) => client(proxy.port, name, () => performance.now() > end, promised)));
    await Promise.race([clients, new Promise((resolve) => setTimeout(resolve, MILLISECONDS / 3))]);
    await servers[0]!.kill();
    await clients;
    assert(servers.slice(1).every(({ port }) => proxy.served.get(port)! > 10), "the others were hardly asked");
    for (const { port } of servers.slice(1)) {
      using connection = await Connection.to(port);
      for (const [name, number] of promised.numbers) {
        const { status, body } = await connection.request("GET", entry("cluster", name));
        // The last write may have landed though nobody was told.
        assert(status === 200 && Number(body) >= number, `${name}: ${number} was acknowledged, and ${body} is there`);
      }
      for (const [unique, owner] of promised.owners) {
        const { body } = await connection.request("GET", entry("cluster", unique));
        assert.equal(JSON.parse(body), owner, unique);
      }
    }
    assert.equal(promised.numbers.size, CLIENTS);
    assert(promised.owners.size > 0);
    for (const server of servers.slice(1)) await server.stop();
  } finally {
    for (const server of servers) await server.kill();
  }
}

Deno.test("cluster: three servers over one SQLite file; one is killed, and nothing acknowledged is lost", () =>
  withBox(async ({ root }) => {
    const path = `${root}/registry.db`;
    await survives(["--database", path, "--timeout", "20"], [`--allow-read=${path}`, `--allow-write=${path}`]);
  }));

const address = await startServer();
Deno.test({
  name: "cluster: three servers over one Deno KV behind KV Connect; one is killed, and nothing acknowledged is lost",
  ignore: address === undefined,
  async fn() {
    const token = Deno.env.get("DENO_KV_ACCESS_TOKEN")!;
    const permissions = ["--unstable-kv", "--allow-env=DENO_KV_ACCESS_TOKEN"];
    await survives(["--kv", address!, "--timeout", "20"], permissions, { DENO_KV_ACCESS_TOKEN: token });
  },
});

Deno.test("cluster: what one server is told, another tells its watchers", () =>
  withBox(async ({ root }) => {
    const path = `${root}/registry.db`;
    const options = { permissions: [`--allow-read=${path}`, `--allow-write=${path}`] };
    await using first = await ServerChild.start(["--database", path], options);
    await using second = await ServerChild.start(["--database", path], options);
    using watcher = await Connection.to(first.port);
    await watcher.say("GET /v1/namespaces/n/watch HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    let text = "";
    while (!text.includes("event: reset")) text += await watcher.piece();
    using writer = await Connection.to(second.port);
    const key = "k".repeat(MAX_KEY);
    assert.equal((await writer.request("PUT", entry("n", key), JSON_TYPE, "1")).status, 201);
    while (!text.includes(`"key":"${key}"`)) text += await watcher.piece();
    assert.match(text, /event: put/);
    watcher.close();
    await second.stop();
    await first.stop();
  }));
