import { ArtifactError, RemoteArtifacts, type RemoteOptions } from "@polystore/polystore/artifacts";
import { isStorageError } from "@polystore/polystore";
import assert from "node:assert/strict";
import { answer, problem, rawServer } from "./raw_server.ts";
import { serving } from "./serving.ts";

function client(port: number, options: RemoteOptions = {}): RemoteArtifacts {
  return new RemoteArtifacts("a", { port, ...options });
}

const OK = answer(200, "1", { etag: '"e"' });
const WRITTEN = answer(201, '{"etag":"e","created":true}', { etag: '"e"' });

async function freePort(): Promise<number> {
  await using server = rawServer(() => undefined);
  return server.port;
}

Deno.test("a server that is not there is told, with what to do", async () => {
  const port = await freePort();
  await assert.rejects(client(port, { tries: 2 }).get("k"), (error) => {
    assert(error instanceof ArtifactError && isStorageError(error, "unavailable"));
    assert.match(error.message, new RegExp(`cannot connect to the registry server at http://127.0.0.1:${port}`));
    return true;
  });
  const { suggestions } = await client(port, { tries: 1 }).get("k").catch((error) =>
    error.cause ?? error
  ) as ArtifactError;
  assert(suggestions.includes("start the server: deno task serve"));
});

Deno.test("a server that does not answer is given up in time, an aborted call at once", async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  await using server = rawServer(() => promise);
  const started = performance.now();
  await assert.rejects(client(server.port, { timeout: 50 }).get("k"), (error) => {
    assert(isStorageError(error, "unavailable"));
    assert.match(error.message, /timeout: no answer from .* within 50 ms/i);
    return true;
  });
  assert(performance.now() - started < 2000);
  const controller = new AbortController();
  const call = client(server.port).put("k", "1", { signal: controller.signal });
  setTimeout(() => controller.abort(new Error("enough")), 10);
  await assert.rejects(call, /enough/);
  const closing = client(server.port);
  const pending = closing.get("k");
  pending.catch(() => {/* asserted below */});
  await closing.close();
  await assert.rejects(pending, { code: "closed" });
  await assert.rejects(closing.get("k"), { code: "closed" });
  resolve(OK);
});

Deno.test("each operation is one request, and connections are kept", async () => {
  await using server = serving();
  const artifacts = client(server.port);
  const one = async (work: () => Promise<unknown>): Promise<void> => {
    const before = server.requests.length;
    await work();
    assert.equal(server.requests.length - before, 1);
  };
  await one(() => artifacts.put("k", "1", { ifAbsent: true }));
  await one(() => artifacts.put("k", "2"));
  await one(() => artifacts.put("k", "3", { ifMatch: "*" }));
  await one(() => artifacts.get("k"));
  await one(() => artifacts.get("none").catch(() => {/* the miss */}));
  await one(() => artifacts.has("k"));
  await one(() => Array.fromAsync(artifacts.list({ values: true })));
  await one(() => artifacts.count());
  await one(() => artifacts.batch([{ op: "get", key: "k" }, { op: "put", key: "x", value: "1" }]));
  await one(() => artifacts.delete("x"));
  await one(() => artifacts.acquire("k", { owner: "o", ttl: 1000 }));
  await one(() => artifacts.clear());

  await using raw = rawServer((request) => request.head.startsWith("PUT") ? WRITTEN : OK);
  const kept = client(raw.port);
  await kept.get("k");
  await kept.put("k", "1", { ifAbsent: true });
  await kept.get("k");
  assert.deepEqual(raw.requests.map(({ before }) => before), [0, 1, 2]);
});

Deno.test("reads are tried again, and Retry-After is heeded", async () => {
  const answers = [undefined, problem(503, "unavailable", {}, { "retry-after": "0" }), OK];
  await using server = rawServer(() => answers.shift());
  assert.deepEqual(await client(server.port).get("k"), { value: "1", etag: "e" });
  assert.equal(server.requests.length, 3);

  await using busy = rawServer(() => problem(503, "unavailable", {}, { "retry-after": "100" }));
  await assert.rejects(client(busy.port).get("k"), /not before 100 s from now/);
  assert.equal(busy.requests.length, 1);

  await using down = rawServer(() => undefined);
  await assert.rejects(client(down.port, { tries: 4 }).get("k"), { code: "unavailable" });
  assert.equal(down.requests.length, 4);
});

Deno.test("a conditional write whose answer is lost is sent again under its name, by nobody else than us", async () => {
  // The first connection is used before, so the engine would send bytes again by itself.
  const answers = [OK, undefined, WRITTEN];
  await using server = rawServer(() => answers.shift());
  const artifacts = client(server.port);
  await artifacts.get("k");
  assert.deepEqual(await artifacts.put("k", "1", { ifAbsent: true }), { etag: "e", created: true });
  const puts = server.requests.slice(1);
  assert.equal(puts.length, 2);
  const names = puts.map(({ head }) => /^write-id: (\S+)/im.exec(head)![1]);
  assert.equal(names[0], names[1]);
  assert(puts.every(({ head }) => /^if-none-match: \*/im.test(head)));

  // One try is one request.
  for (
    const call of [
      (remote: RemoteArtifacts) => remote.put("k", "1", { ifMatch: "x" }),
      (remote: RemoteArtifacts) => remote.delete("k"),
      (remote: RemoteArtifacts) => remote.batch([{ op: "put", key: "k", value: "1", ifAbsent: true }]),
    ]
  ) {
    const once = [OK, undefined, OK, OK];
    await using cutting = rawServer(() => once.shift());
    const remote = client(cutting.port, { tries: 1 });
    await remote.get("k");
    await assert.rejects(call(remote), { code: "unavailable" });
    assert.equal(cutting.requests.length, 2);
  }
});

Deno.test("when the answer is lost and the condition does not hold then, the outcome is not known", async () => {
  for (const code of ["already-exists", "precondition-failed"]) {
    const answers = [undefined, problem(412, code)];
    await using server = rawServer(() => answers.shift());
    await assert.rejects(client(server.port).put("k", "1", { ifAbsent: true }), (error) => {
      assert(isStorageError(error, "unavailable"));
      assert.match(error.message, /the outcome is not known/i);
      return true;
    });
  }
});

Deno.test("a write whose answer is lost is found to be done", async () => {
  await using server = serving();
  await using proxy = rawServer(async ({ head, body }) => {
    const [, method, path] = /^(\S+) (\S+)/.exec(head)!;
    const headers = Object.fromEntries(
      [...head.matchAll(/^(write-id|if-none-match|content-type): (.*)$/gim)].map(([, n, v]) => [n!, v!.trim()]),
    );
    const text = /^[0-9a-f]+\r\n([\s\S]*)\r\n0\r\n\r\n$/.exec(body)?.[1] ?? body;
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`, {
      method: method!,
      headers,
      ...(method === "PUT" && { body: text }),
    });
    const told = await response.text();
    // The first answer is lost.
    return proxy.requests.length === 1 ? undefined : answer(response.status, told, {
      "content-type": response.headers.get("content-type")!,
      etag: response.headers.get("etag") ?? '""',
    });
  });
  const { etag, created } = await client(proxy.port).put("k", '"mine"', { ifAbsent: true });
  assert.equal(created, true);
  assert.equal(proxy.requests.length, 2);
  assert.deepEqual(await client(server.port).get("k"), { value: '"mine"', etag });
});

Deno.test("a delete whose answer is lost counts as done if nothing is there then", async () => {
  const answers = [undefined, problem(404, "not-found")];
  await using server = rawServer(() => answers.shift());
  assert.equal(await client(server.port).delete("k"), true);
});

Deno.test("errors come back with their code, suggestions and context", async () => {
  const cases: [status: number, told: string, code: string][] = [
    [400, "invalid-argument", "invalid-argument"],
    [401, "permission-denied", "permission-denied"],
    [403, "permission-denied", "permission-denied"],
    [413, "invalid-argument", "invalid-argument"],
    [422, "unsupported", "unsupported"],
    [500, "corrupt", "corrupt"],
    [500, "never-heard-of", "io"],
    [507, "no-space", "no-space"],
  ];
  for (const [status, told, code] of cases) {
    await using server = rawServer(() =>
      problem(status, told, { suggestions: ["do this"], context: { a: 1 }, requestId: "r" })
    );
    const error = await client(server.port).get("k").catch((error) => error) as ArtifactError;
    assert.equal(error.code, code);
    assert(error.suggestions.includes("do this"));
    assert.deepEqual(error.context, { a: 1, status, requestId: "r" });
    assert.equal(error.path, "k");
    assert.equal(server.requests.length, 1);
  }
});

Deno.test("what is not a registry server is told so, never as a missing key", async () => {
  const html = { "content-type": "text/html" };
  for (
    const bytes of [
      answer(404, "<h1>Not found</h1>", html),
      answer(200, "<h1>Welcome</h1>", html),
      answer(200, "1", { "content-type": "application/json" }),
      answer(500, "oops", html),
      answer(302, "", { location: "http://127.0.0.1:1/" }),
      answer(404, "{", { "content-type": "application/problem+json" }),
      'HTTP/1.1 200 OK\r\ncontent-length: 100\r\ncontent-type: application/json\r\netag: "e"\r\n\r\n{',
    ]
  ) {
    await using server = rawServer(() => bytes);
    const remote = client(server.port, { tries: 1, timeout: 300 });
    // The answer to HEAD has no body that could say more.
    const look = /problem\+json|length: 100/.test(bytes) ? [] : [() => remote.has("k")];
    for (const call of [() => remote.get("k"), () => remote.put("k", "1"), ...look]) {
      await assert.rejects(call, (error) => {
        assert(isStorageError(error) && error.code !== "not-found", String(error));
        return true;
      });
    }
  }
  for (const body of ["", "[]", "null", '{"entries":7}', '{"entries":[{}]}', '{"entries":[],"next":7}', "{"]) {
    await using server = rawServer(() => answer(200, body));
    const remote = client(server.port);
    for (
      const call of [
        () => Array.fromAsync(remote.list()),
        () => remote.batch([{ op: "get", key: "k" }]),
        () => remote.acquire("k", { owner: "o", ttl: 1 }),
        () => remote.clear(),
        () => remote.delete("k"),
      ]
    ) await assert.rejects(call, { code: "corrupt" }, body);
  }
});

Deno.test("a listing that never ends is not asked for for ever", async () => {
  for (const body of ['{"entries":[],"next":"YQ"}', '{"entries":[{"key":"a"}],"next":"YQ"}']) {
    await using server = rawServer(() => answer(200, body));
    const keys: string[] = [];
    const listing = async (): Promise<void> => {
      for await (const { key } of client(server.port).list()) keys.push(key);
    };
    await assert.rejects(listing, { code: "corrupt" });
    assert(keys.length <= 1);
  }
});

Deno.test("events that are cut off end with an error that may pass", async () => {
  const events =
    'id: 1\nevent: reset\ndata: {}\n\nid: 2\r\nevent: put\r\ndata: {"key":"a","etag":"e"}\r\n\r\nid: 3\nevent: other\ndata: {}\n\n: hello\n\n';
  await using server = rawServer(({ before }) =>
    before > 0
      ? undefined
      : `HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\ncontent-length: 1000\r\n\r\n${events}`
  );
  const seen: unknown[] = [];
  const watching = (async () => {
    for await (const event of client(server.port).watch()) {
      seen.push(event);
      if (seen.length === 2) await server[Symbol.asyncDispose]();
    }
  })();
  await assert.rejects(watching, (error) => {
    assert(isStorageError(error, "unavailable") && error.retryable);
    return true;
  });
  assert.deepEqual(seen, [{ id: "1", kind: "reset" }, { id: "2", kind: "put", key: "a", etag: "e" }]);
});

Deno.test("options and the environment say where the server is", () => {
  const address = (options: RemoteOptions): string => new RemoteArtifacts("a", options).server;
  assert.equal(address({}), "http://127.0.0.1:8001");
  assert.equal(address({ host: "localhost", port: 80 }), "http://127.0.0.1");
  assert.equal(address({ host: "::1" }), "http://[::1]:8001");
  assert.equal(address({ host: "[::1]", port: 1 }), "http://[::1]:1");
  assert.equal(address({ url: "https://lab.example/registry/" }), "https://lab.example/registry");
  const bad: RemoteOptions[] = [
    { host: "http://x" },
    { host: "a/b" },
    { host: "a@b" },
    { host: "" },
    { host: "a b" },
    { port: 0 },
    { port: 65_536 },
    { port: 1.5 },
    { port: "8001" as unknown as number },
    { timeout: 0 },
    { timeout: NaN },
    { timeout: 1e9 },
    { tries: 0 },
    { token: "a b" },
    { token: "" },
    { url: "ftp://x" },
    { url: "nonsense" },
    { url: "http://user:password@x" },
    { url: "http://x?a" },
  ];
  for (const options of bad) {
    assert.throws(() => address(options), { code: "invalid-argument" }, JSON.stringify(options));
  }
});

Deno.test("the token goes to the server, and redirects are not followed", async () => {
  await using other = rawServer(() => OK);
  await using server = rawServer(({ head }) =>
    head.includes("bGVhZA") ? answer(302, "", { location: `http://127.0.0.1:${other.port}/` }) : OK
  );
  const remote = client(server.port, { token: "secret", tries: 1 });
  await remote.get("k");
  assert.match(server.requests[0]!.head, /^authorization: Bearer secret/im);
  await assert.rejects(remote.get("lead"), (error: ArtifactError) => {
    assert.equal(error.code, "io");
    assert(error.message.includes(`a redirect to http://127.0.0.1:${other.port}/`), error.message);
    assert.deepEqual(error.suggestions, ["give the address that it leads to, as url"]);
    return true;
  });
  assert.equal(other.requests.length, 0);
});
