import { HttpStore, isStorageError, StorageError } from "@polystore/polystore/stores";
import assert from "node:assert/strict";
import { denoArgs, REPOSITORY, runCommand } from "../disk/setup.ts";
import { head, lie, serve, serveFiles } from "./servers.ts";

/** What each status says, of `read` and of `stat`. */
const STATUSES: readonly [status: number, code: string, retryable: boolean, words: RegExp][] = [
  [400, "io", false, /answered 400/],
  [401, "permission-denied", false, /`headers`/],
  [403, "permission-denied", false, /`headers`/],
  [407, "permission-denied", false, /`client`/],
  [408, "unavailable", true, /408/],
  [409, "io", false, /409/],
  [418, "io", false, /418/],
  [425, "unavailable", true, /425/],
  [429, "unavailable", true, /429/],
  [500, "unavailable", true, /500/],
  [502, "unavailable", true, /502/],
  [503, "unavailable", true, /503/],
  [504, "unavailable", true, /504/],
  [505, "unsupported", false, /505/],
  [507, "unavailable", true, /507/],
];

for (const [status, code, retryable, words] of STATUSES) {
  Deno.test(`http: status ${status} is told as ${code}`, async () => {
    await using server = serve(() => new Response(null, { status }));
    const store = new HttpStore({ url: server.url, listing: "none" });
    for (const call of [() => store.read("dir/a"), () => store.stat("dir/a"), () => store.openRead("dir/a")]) {
      await assert.rejects(call, (error) => {
        assert(isStorageError(error), String(error));
        assert.deepEqual([error.code, error.retryable, error.path], [code, retryable, "dir/a"]);
        assert.match(error.message, words);
        return true;
      });
    }
  });
}

Deno.test("http: what is not there is absent, and `absent` says what else says so", async () => {
  let status = 404;
  await using server = serve(() => new Response("none", { status }));
  const store = new HttpStore({ url: server.url, listing: "none" });
  for (status of [404, 410, 414]) {
    assert.equal(await store.read("a"), undefined);
    assert.equal(await store.stat("a"), undefined);
    assert.equal(await store.openRead("a"), undefined);
  }
  status = 403;
  await assert.rejects(store.read("a"), { code: "permission-denied" });
  const bucket = new HttpStore({ url: server.url, listing: "none", absent: [404, 403] });
  assert.equal(await bucket.read("a"), undefined);
});

Deno.test("http: tells how long the server wants to be left alone", async () => {
  let told = "";
  await using server = serve(() => new Response(null, { status: 503, headers: { "retry-after": told } }));
  const store = new HttpStore({ url: server.url });
  const wait = async (): Promise<number | undefined> => {
    const error = await store.read("a").catch((error: StorageError) => error);
    return (error as StorageError).retryAfter;
  };
  told = "7";
  assert.equal(await wait(), 7000);
  told = new Date(Date.now() + 60_000).toUTCString();
  const milliseconds = await wait();
  assert(milliseconds! > 50_000 && milliseconds! <= 60_000, String(milliseconds));
  told = "Thu, 01 Jan 1970 00:00:00 GMT";
  assert.equal(await wait(), 0);
  told = "soon";
  assert.equal(await wait(), undefined);
});

Deno.test("http: what cannot be reached is unavailable, and the message says what to do", async () => {
  const server = serveFiles();
  const { url } = server;
  await server[Symbol.asyncDispose]();
  const store = new HttpStore({ url: `${url}?signature=secret` });
  await assert.rejects(store.read("a"), (error) => {
    assert(isStorageError(error, "unavailable") && error.retryable && error.path === "a");
    assert.match(error.message, /127\.0\.0\.1:\d+ cannot be reached: nothing answers there/);
    assert(!error.message.includes("secret"));
    return true;
  });
});

Deno.test("http: a place that does not speak TLS is told from one that is not there", async () => {
  await using server = lie(() => ["no TLS here\r\n"]);
  const store = new HttpStore({ url: server.url.replace("http:", "https:") });
  await assert.rejects(store.read("a"), { code: "unavailable", retryable: false, message: /secure connection/ });
});

Deno.test("http: failures of another fetch are told as they are, unless they are of the network", async () => {
  const failing = (error: unknown): HttpStore =>
    new HttpStore({ url: "http://place.example", fetch: () => Promise.reject(error) });
  await assert.rejects(failing(new TypeError("x", { cause: new Error("dns error: failed to lookup") })).read("a"), {
    code: "unavailable",
    retryable: true,
    message: /place\.example cannot be reached: its name/,
  });
  await assert.rejects(failing(new TypeError("Invalid URL")).read("a"), { code: "unavailable", retryable: false });
  for (const error of [new RangeError("mine"), new StorageError("busy", "mine")]) {
    await assert.rejects(failing(error).read("a"), (thrown) => thrown === error);
  }
});

Deno.test("http: without permission for the net, the message names the host", async () => {
  const program = `
    import { HttpStore } from ${JSON.stringify(`file://${REPOSITORY}backends/stores/http_store.ts`)};
    const url = "http://127.0.0.1:4567/data";
    for (const call of ["read", "stat", "openRead"]) {
      await new HttpStore({ url })[call]("a").catch(({ code, message }) => console.log(code, message));
    }`;
  const file = await Deno.makeTempFile({ prefix: "polystore-http-", suffix: ".js" });
  try {
    await Deno.writeTextFile(file, program);
    const { stdout, stderr } = await runCommand(Deno.execPath(), denoArgs(file, ["--allow-net=127.0.0.2"], []));
    const lines = stdout.trim().split("\n");
    assert.equal(lines.length, 3, stderr);
    for (const line of lines) assert.match(line, /^permission-denied .*--allow-net=127\.0\.0\.1:4567$/);
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("http: an abort passes through untouched, whatever is waited for", async () => {
  const asked = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const done = Promise.withResolvers<void>();
  await using server = lie(async (request) => {
    if (request.includes("/body")) return [head(200, { "content-length": 1_000_000 }), "abc"];
    asked[request.includes("/read") ? 0 : 1]!.resolve();
    await done.promise;
    return [];
  });
  const store = new HttpStore({ url: server.url });
  const reason = { not: "an error" };
  for (const [index, call] of [store.read.bind(store, "read"), store.stat.bind(store, "stat")].entries()) {
    const controller = new AbortController();
    const pending = call({ signal: controller.signal });
    await asked[index]!.promise;
    controller.abort(reason);
    await assert.rejects(pending, (error) => error === reason);
  }
  done.resolve();
  const body = Promise.withResolvers<void>();
  await using slow = serve(() =>
    new Response(
      new ReadableStream({
        start: (controller) => controller.enqueue(new Uint8Array(10)),
        pull: () => body.promise,
      }),
      { headers: { etag: '"a"' } },
    )
  );
  const controller = new AbortController();
  const patient = new HttpStore({ url: slow.url });
  const stream = await patient.openRead("a", { signal: controller.signal });
  const reader = stream!.getReader();
  assert.equal((await reader.read()).value?.length, 10);
  const next = reader.read();
  controller.abort(reason);
  await assert.rejects(next, (error) => error === reason);
  body.resolve();
  assert.equal(slow.log.length, 1, "an abort is no cut");
});

Deno.test("http: headers are made for each request, and their failure is the caller's", async () => {
  await using server = serveFiles();
  await server.files.write("a", new Uint8Array(3));
  let count = 0;
  const store = new HttpStore({
    url: server.url,
    headers: () => Promise.resolve({ authorization: `Bearer ${++count}` }),
  });
  await store.read("a");
  await store.stat("a");
  assert.deepEqual(server.requests.map(({ headers }) => headers.get("authorization")), ["Bearer 1", "Bearer 2"]);
  const failure = new Error("no token");
  const failing = new HttpStore({ url: server.url, headers: () => Promise.reject(failure) });
  await assert.rejects(failing.read("a"), (error) => error === failure);
});

Deno.test("http: asks with the client it is given, and leaves it open", async () => {
  await using server = serveFiles();
  await server.files.write("a", new Uint8Array(3));
  using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  const store = new HttpStore({ url: server.url, client });
  assert.equal((await store.read("a"))?.length, 3);
  await store.close();
  assert.equal((await store.read("a"))?.length, 3);
});
