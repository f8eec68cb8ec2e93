import { createToken, Tokens } from "@polystore/polystore/server";
import { MemoryStore } from "@polystore/polystore/stores";
import assert from "node:assert/strict";
import { StorageError } from "../../backends/errors.ts";
import { entry, Place } from "./place.ts";

Deno.test("server: the log names no key and quotes no value", async () => {
  class Broken extends MemoryStore {
    error: unknown;
    override read(): Promise<never> {
      return Promise.reject(this.error);
    }
  }
  const store = new Broken();
  await using place = new Place({ store });
  const path = "secretkey";
  let quoting: unknown;
  try {
    JSON.parse("secretvalue");
  } catch (error) {
    quoting = error;
  }
  const inner = new StorageError("io", "the disk is gone", { path });
  const errors = [
    new StorageError("corrupt", "it is damaged", { path, cause: quoting }),
    new StorageError("corrupt", "it is damaged", { path, cause: inner }),
    new StorageError("corrupt", "it is damaged").within({ path, operation: "load" }),
  ];
  for (const error of errors) {
    store.error = error;
    await place.expect(500, entry("n", path));
  }
  const notes = place.notes as Record<string, string>[];
  assert.equal(notes.length, errors.length);
  assert(!JSON.stringify(notes).includes("secret"), JSON.stringify(notes));
  for (const note of notes) {
    assert.deepEqual([note.error, note.code], ["it is damaged", "corrupt"]);
    assert.match(note.stack!, /^at .+/);
  }
  assert.deepEqual(notes.map(({ cause }) => cause), ["SyntaxError", "io: the disk is gone", undefined]);
});

Deno.test("server: why files, health and what passes fail is in the log, and not in the answer", async () => {
  class Broken extends MemoryStore {
    // deno-lint-ignore require-yield
    override async *list(): AsyncGenerator<never> {
      await Promise.reject(new StorageError("unavailable", "the network is gone"));
    }
  }
  await using place = new Place({ store: new Broken(), files: { lab: new Broken() } });
  for (const path of ["/v1/files/lab?list=", "/ready", "/v1/namespaces"]) {
    const response = await place.ask(path);
    assert(response.status >= 500);
    const text = await response.text();
    assert(!text.includes("gone"));
    assert.equal(JSON.parse(text).requestId, (place.notes.at(-1) as { requestId: string }).requestId);
  }
  const notes = place.notes as Record<string, string>[];
  const told = notes.map(({ error, cause }) => cause ?? error);
  assert.deepEqual(told, ["the network is gone", "unavailable: the network is gone", "the network is gone"]);
});

Deno.test("server, files: what fails after the answer has begun is in the log, and what is only refused is not", async () => {
  const lab = new MemoryStore();
  await lab.write("large", new Uint8Array(8 * 1024 * 1024));
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield new Uint8Array(10);
    await Promise.reject(new StorageError("io", "the disk is gone"));
  }
  Object.assign(lab, {
    openRead: () => Promise.resolve(ReadableStream.from(broken())),
    readMany: () => Promise.reject(new StorageError("io", "the disk is gone")),
    async *list() {
      yield { path: "large", kind: "file" };
      await Promise.reject(new StorageError("io", "the disk is gone"));
    },
  });
  const readable = { read: () => Promise.resolve(undefined), stat: () => Promise.resolve(undefined) };
  await using place = new Place({ files: { lab, readable } });
  for (
    const [path, ask] of [
      ["?list=", { headers: { accept: "application/x-ndjson" } }],
      ["?op=readMany", { method: "POST", json: { paths: ["large"] } }],
      ["?path=large", {}],
    ] as const
  ) {
    place.notes.length = 0;
    const response = await place.ask(`/v1/files/lab${path}`, ask);
    assert.equal(response.status, 200);
    const text = await response.text().catch(() => "");
    assert(!text.includes("gone"));
    const [{ message, error, requestId }] = place.notes as [Record<string, string>];
    assert.deepEqual([message, error, place.notes.length], ["a request for files failed", "the disk is gone", 1], path);
    if (text !== "") assert(text.includes(requestId!), path);
  }
  place.notes.length = 0;
  await place.expect(404, "/v1/files/lab?path=missing");
  await place.expect(501, "/v1/files/readable?path=a", { method: "PUT", body: "alpha" });
  assert.deepEqual(place.notes, []);
});

Deno.test("server: a stranger is not counted as more than a stranger", async () => {
  const { token, record } = createToken();
  await using place = new Place({ tokens: new Tokens([record]) });
  const headers = { "content-length": "1000000000000" };
  for (const path of [entry("n", "k"), "/stats", "/v1/files/lab", "/v1/namespaces"]) {
    await place.expect(401, path, { headers });
  }
  const { requests, bytes } = await place.expect(200, "/stats", { token });
  assert.deepEqual([requests, bytes.in], [{ other: 4 }, 0]);
});
