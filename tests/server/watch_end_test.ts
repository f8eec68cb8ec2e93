/** Watchers that nobody reads, and watchers whose token has ended. */

import { RemoteArtifacts } from "@polystore/polystore/artifacts";
import { files } from "@polystore/polystore/files";
import { ArtifactServer, createToken, listen, type ServerNote, Tokens } from "@polystore/polystore/server";
import { MemoryStore } from "@polystore/polystore/stores";
import assert from "node:assert/strict";
import { eventBody } from "../../registry/event_body.ts";
import { entry, Place } from "./place.ts";

const PATH = "/v1/namespaces/n/watch";

async function watchers(place: Place, token?: string): Promise<number> {
  const text = await (await place.ask("/metrics", token === undefined ? {} : { token })).text();
  return Number(/^registry_watchers (\d+)$/m.exec(text)![1]);
}

/** What a stream says until something is in it, or until its end. */
async function until(reader: ReadableStreamDefaultReader<string>, mark?: string): Promise<string> {
  let text = "";
  while (mark === undefined || !text.includes(mark)) {
    const { done, value } = await reader.read();
    if (done) break;
    text += value;
  }
  return text;
}

function readerOf(response: Response): ReadableStreamDefaultReader<string> {
  assert.equal(response.status, 200);
  return response.body!.pipeThrough(new TextDecoderStream()).getReader();
}

Deno.test("server, watch: who only asks for the headers is no watcher", async () => {
  await using place = new Place({ limits: { maxWatchers: 1 } });
  for (let time = 0; time < 3; time++) {
    const response = await place.ask(PATH, { method: "HEAD" });
    assert.deepEqual([response.status, response.headers.get("content-type")], [200, "text/event-stream"]);
    assert.equal(await response.text(), "");
  }
  assert.equal(await watchers(place), 0);
  const reader = readerOf(await place.ask(PATH));
  await until(reader, "event: reset");
  await reader.cancel();
});

Deno.test("server, watch: after its token is taken away, nothing more is told", async () => {
  const [admin, guest] = [createToken({ id: "admin" }), createToken({ id: "guest", scopes: ["n:read"] })];
  await using place = new Place({ tokens: new Tokens([admin.record, guest.record]) });
  const put = (key: string): Promise<unknown> =>
    place.expect(201, entry("n", key), { method: "PUT", json: 1, token: admin.token });
  const reader = readerOf(await place.ask(PATH, { token: guest.token }));
  await until(reader, "event: reset");
  place.server.tokens = new Tokens([admin.record, createToken({ id: "new" }).record, guest.record]);
  await put("heard");
  await until(reader, '"key":"heard"');
  const rest = until(reader);
  place.server.tokens = new Tokens([admin.record]);
  await put("secret");
  assert(!(await rest).includes("secret"));
  assert.equal(await watchers(place, admin.token), 0);
  await place.expect(401, PATH, { token: guest.token });
});

Deno.test("server, watch: a token that may not read here any more ends it too", async () => {
  const { token, record } = createToken({ scopes: ["n:read"] });
  await using place = new Place({ tokens: new Tokens([record]), limits: { heartbeat: 20 } });
  const reader = readerOf(await place.ask(PATH, { token }));
  await until(reader, "still here");
  place.server.tokens = new Tokens([{ ...record, scopes: ["other:admin"] }]);
  await until(reader);
  place.server.tokens = undefined;
  assert.equal(await watchers(place), 0);
});

Deno.test("server, watch: in silence, it ends with the time of its token", async () => {
  const expires = Date.now() + 1500;
  const { token, record } = createToken({ expires: new Date(expires) });
  await using place = new Place({ tokens: new Tokens([record]), limits: { heartbeat: 20 } });
  const reader = readerOf(await place.ask(PATH, { token }));
  assert.match(await until(reader), /event: reset/);
  assert(Date.now() >= expires);
});

Deno.test("server, watch of files: after its token is taken away, nothing more is told", async () => {
  const guest = createToken({ id: "guest", scopes: ["files:lab:read"] });
  const lab = new MemoryStore();
  await using place = new Place({ tokens: new Tokens([guest.record]), files: { lab } });
  const reader = readerOf(await place.ask("/v1/files/lab?watch=a", { token: guest.token }));
  await until(reader, "data: null");
  await lab.write("a", new Uint8Array(7));
  await until(reader, '"size":7');
  const rest = until(reader);
  place.server.tokens = new Tokens([{ ...guest.record, scopes: ["files:other:read"] }]);
  await lab.write("a", new Uint8Array(8));
  assert(!(await rest).includes('"size":8'));
});

Deno.test("files, watch: who does not read is told the last, not all", async () => {
  const lab = new MemoryStore();
  const handler = files({ lab });
  const response = await handler(new Request("http://localhost/v1/files/lab?watch=a"));
  for (let size = 1; size <= 1000; size++) {
    await lab.write("a", new Uint8Array(size));
    if (size % 100 === 0) await new Promise((resolve) => setTimeout(resolve));
  }
  const reader = readerOf(response);
  const text = await until(reader, '"size":1000');
  assert(text.split("event: stat").length < 10, text);
  await reader.cancel();
});

Deno.test("events: neither a heartbeat nor what comes right after it takes anything away", async () => {
  let tell = (_: string): void => {};
  async function* events(): AsyncGenerator<string> {
    while (true) yield await new Promise<string>((resolve) => tell = resolve);
  }
  const reader = eventBody(events(), { heartbeat: 1, onEnd() {} }).pipeThrough(new TextDecoderStream()).getReader();
  for (let round = 0; round < 50; round++) {
    await until(reader, "still here");
    tell(`event ${round}`);
    await until(reader, `event ${round}`);
  }
  tell("last");
  await reader.cancel();
});

Deno.test("events: heartbeats leave nothing on what is waited for", async () => {
  let reactions = 0;
  const never = { then: () => (reactions++, new Promise(() => {})) } as unknown as Promise<IteratorResult<string>>;
  const events = { [Symbol.asyncIterator]: () => ({ next: () => never }) };
  const reader = eventBody(events, { heartbeat: 0, onEnd() {} }).getReader();
  for (let heartbeat = 0; heartbeat < 100; heartbeat++) await reader.read();
  await reader.cancel();
  assert.equal(reactions, 1);
});

Deno.test("server, HEAD: what is refused at the door has no body either", async () => {
  await using place = new Place();
  const response = await place.server.fetch(new Request("http://evil.example/health", { method: "HEAD" }));
  assert.deepEqual([response.status, response.body], [421, null]);
});

Deno.test("server, watch: what keeps it from telling events is told to the client, and to the log", async () => {
  const store = new MemoryStore();
  const notes: ServerNote[] = [];
  await using server = new ArtifactServer({ store, log: (note) => notes.push(note) });
  await using listener = await listen(server, { port: 0 });
  const remote = new RemoteArtifacts("n", { port: listener.port });
  await remote.put("k", "1");
  for await (const { path, kind } of store.list("n/log")) {
    if (kind === "file") await store.write(path, new TextEncoder().encode("damaged"));
  }
  const watch = async (): Promise<void> => {
    for await (const { kind } of remote.watch()) assert.equal(kind, "reset");
  };
  await assert.rejects(watch(), (error: Error & { code: string; context: { requestId: string } }) => {
    assert.equal(error.code, "corrupt");
    assert.equal(error.context.requestId, notes[0]!["requestId"]);
    return true;
  });
  assert.deepEqual(notes.map(({ level, message, code }) => [level, message, code]), [
    ["error", "watching failed", "corrupt"],
  ]);
  await remote.close();
});
