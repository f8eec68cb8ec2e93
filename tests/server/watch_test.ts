import { ArtifactServer, listen } from "@polystore/polystore/server";
import { MemoryStore } from "@polystore/polystore/stores";
import assert from "node:assert/strict";
import { Connection } from "./connection.ts";
import { entry, Place } from "./place.ts";

const PATH = "/v1/namespaces/n/watch";

/** An event as it came. */
interface Told {
  readonly id: string;
  readonly event: string;
  readonly key?: string;
  readonly etag?: string;
}

/** Events of a stream, one by one. */
class Line implements AsyncDisposable {
  readonly #reader: ReadableStreamDefaultReader<string>;
  #text = "";
  /** Comments that came. */
  comments = 0;

  constructor(response: Response) {
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("content-type"), "text/event-stream");
    this.#reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** The next block of lines; `undefined` at the end. */
  async block(): Promise<string | undefined> {
    while (!this.#text.includes("\n\n")) {
      const { done, value } = await this.#reader.read();
      if (done) return undefined;
      this.#text += value;
    }
    const end = this.#text.indexOf("\n\n");
    const block = this.#text.slice(0, end);
    this.#text = this.#text.slice(end + 2);
    return block;
  }

  /** The next event; `undefined` at the end. */
  async next(): Promise<Told | undefined> {
    for (let block = await this.block(); block !== undefined; block = await this.block()) {
      if (block.startsWith(":")) this.comments++;
      else {
        const [, id, event, data] = /^id: (.+)\nevent: (.+)\ndata: (.+)$/.exec(block)!;
        return { id: id!, event: event!, ...JSON.parse(data!) };
      }
    }
    return undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reader.cancel();
  }
}

Deno.test("server, watch: everything is told, first a reset", async () => {
  await using place = new Place();
  await using line = new Line(await place.ask(PATH));
  assert.equal((await line.next())!.event, "reset");
  const { etag } = await place.expect(201, entry("n", "a\nb"), { method: "PUT", json: 1 });
  const { id: _, ...put } = (await line.next())!;
  assert.deepEqual(put, { event: "put", key: "a\nb", etag });
  await place.expect(201, entry("other", "x"), { method: "PUT", json: 1 });
  await place.expect(204, entry("n", "a\nb"), { method: "DELETE" });
  const { id: __, ...deleted } = (await line.next())!;
  assert.deepEqual(deleted, { event: "delete", key: "a\nb" });
  await place.expect(201, entry("n", "c"), { method: "PUT", json: 1 });
  await place.expect(200, "/v1/namespaces/n", { method: "DELETE" });
  assert.equal((await line.next())!.event, "put");
  assert.equal((await line.next())!.event, "clear");
});

Deno.test("server, watch: another server over the same store goes on where the first was left", async () => {
  const store = new MemoryStore();
  let last = "";
  {
    await using first = new Place({ store });
    await using line = new Line(await first.ask(PATH));
    await line.next();
    await first.expect(201, entry("n", "a"), { method: "PUT", json: 1 });
    last = (await line.next())!.id;
    await first.expect(201, entry("n", "missed"), { method: "PUT", json: 1 });
  }
  await using second = new Place({ store });
  for (const ask of [{ headers: { "last-event-id": last } }, {}]) {
    const query = "headers" in ask ? "" : `?since=${last}`;
    await using line = new Line(await second.ask(PATH + query, ask));
    const told: (string | undefined)[] = [];
    while (!told.includes("missed")) {
      const { event, key } = (await line.next())!;
      assert.equal(event, "put");
      told.push(key);
    }
    assert(told.length <= 2, "at most what the overlap tells again");
  }
});

Deno.test("server, watch: an id that is none, or from too long ago, is a reset", async () => {
  await using place = new Place();
  for (const since of ["0000000000000001-00000000", "x", "../../etc", "9".repeat(1000)]) {
    await using line = new Line(await place.ask(`${PATH}?since=${encodeURIComponent(since)}`));
    assert.equal((await line.next())!.event, "reset", since);
  }
});

Deno.test("server, watch: silence is broken", async () => {
  await using place = new Place({ limits: { heartbeat: 20 } });
  await using line = new Line(await place.ask(PATH));
  await line.next();
  for (let block = ""; !block.startsWith(": still");) block = (await line.block())!;
  const next = line.next();
  await place.expect(201, entry("n", "a"), { method: "PUT", json: 1 });
  assert.equal((await next)!.key, "a");
});

Deno.test("server, watch: shutting down ends it, and so many may watch", async () => {
  await using place = new Place({ limits: { maxWatchers: 2 } });
  const first = new Line(await place.ask(PATH));
  await using second = new Line(await place.ask(PATH));
  const refused = await place.ask(PATH);
  assert.deepEqual([refused.status, refused.headers.get("retry-after")], [503, "5"]);
  await refused.body?.cancel();
  await first[Symbol.asyncDispose]();
  await using third = new Line(await place.ask(PATH));
  for (const line of [second, third]) assert.equal((await line.next())!.event, "reset");
  await place.server.close();
  for (const line of [second, third]) assert.equal(await line.next(), undefined);
});

Deno.test("server, watch: who watches files is a watcher like any other", async () => {
  await using place = new Place({ limits: { maxWatchers: 2 }, files: { lab: new MemoryStore() } });
  const gauge = async (): Promise<string> =>
    /^registry_watchers .*$/m.exec(await (await place.ask("/metrics")).text())![0];
  const files = "/v1/files/lab?watch=a";
  const first = await place.ask(files);
  await using second = new Line(await place.ask(PATH));
  assert.equal((await second.next())!.event, "reset");
  assert.equal(await gauge(), "registry_watchers 2");
  for (const path of [files, PATH]) assert.equal((await place.expect(503, path)).code, "unavailable");
  await first.body!.cancel();
  assert.equal(await gauge(), "registry_watchers 1");
  const head = await place.ask(files, { method: "HEAD" });
  assert.deepEqual([head.status, await head.text()], [200, ""]);
  const third = await place.ask(files);
  assert.equal(third.status, 200);
  await third.body!.cancel();
});

Deno.test("server, locks: one has it at a time, with a token that grows", async () => {
  await using place = new Place();
  const path = entry("n", "k").replace("entries", "locks");
  const ask = (json: unknown): { method: string; json: unknown } => ({ method: "POST", json });
  const mine = await place.expect(200, path, ask({ owner: "me", ttl: 60_000 }));
  assert(mine.expires > Date.now());
  const refused = await place.ask(path, ask({ owner: "you", ttl: 1000 }));
  assert.equal(refused.status, 409);
  assert(Number(refused.headers.get("retry-after")) > 50);
  const { code, context } = await refused.json();
  assert.deepEqual([code, context.expires], ["busy", mine.expires]);
  const renewed = await place.expect(200, path, ask({ owner: "me", ttl: 120_000, token: mine.token }));
  assert.equal(renewed.token, mine.token);
  assert(renewed.expires > mine.expires);
  await place.expect(412, path, ask({ owner: "you", ttl: 1000, token: mine.token }));
  await place.expect(204, `${path}?token=${mine.token}`, { method: "DELETE" });
  await place.expect(204, `${path}?token=${mine.token}`, { method: "DELETE" });
  const yours = await place.expect(200, path, ask({ owner: "you", ttl: 1000 }));
  assert(yours.token > mine.token);
  for (
    const json of [
      null,
      {},
      { owner: "", ttl: 1 },
      { owner: 7, ttl: 1 },
      { owner: "x", ttl: 0 },
      { owner: "x", ttl: 1e9 },
      { owner: "x", ttl: "1" },
      { owner: "x", ttl: 1, token: "1" },
    ]
  ) {
    await place.expect(400, entry("n", "l").replace("entries", "locks"), ask(json));
  }
  for (const query of ["", "?token=", "?token=x", "?token=1.5"]) {
    await place.expect(400, path + query, { method: "DELETE" });
  }
});

Deno.test("server, watch: 200 watchers on sockets are told the same, and those who leave are forgotten", async () => {
  await using server = new ArtifactServer({ store: new MemoryStore() });
  await using listener = await listen(server, { port: 0 });
  const lines = await Promise.all(Array.from({ length: 200 }, async () => {
    const line = await Connection.to(listener.port);
    await line.say("GET /v1/namespaces/n/watch HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    return line;
  }));
  const until = async (line: Connection, mark: string): Promise<void> => {
    let text = "";
    while (!text.includes(mark)) {
      const piece = await line.piece();
      assert(piece !== undefined, `ended before ${mark}`);
      text += piece;
    }
  };
  await Promise.all(lines.map((line) => until(line, "event: reset")));
  using writer = await Connection.to(listener.port);
  for (const key of ["a", "b"]) {
    const headers = { "content-type": "application/json" };
    assert.equal((await writer.request("PUT", entry("n", key), headers, "1")).status, 201);
  }
  await Promise.all(lines.map((line) => until(line, '"key":"b"')));
  for (const line of lines) line.close();
  for (let watchers = 1; watchers > 0;) {
    const { body } = await writer.request("GET", "/metrics");
    watchers = Number(/^registry_watchers (\d+)$/m.exec(body)![1]);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
});
