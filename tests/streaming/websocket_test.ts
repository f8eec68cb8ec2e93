import assert from "node:assert/strict";
import { isStorageError, ndarray } from "../../mod.ts";
import {
  encodeFrame,
  receiveWebSocket,
  type StreamedBatch,
  StreamReceiver,
  WebSocketBackend,
} from "../../backends/streaming/mod.ts";

const HERE = { hostname: "127.0.0.1", port: 0, onListen() {} };

function serve(answer: (request: Request) => Response): { url: string; server: Deno.HttpServer<Deno.NetAddr> } {
  const server = Deno.serve(HERE, answer);
  return { url: `ws://127.0.0.1:${server.addr.port}`, server };
}

/** What the handler gets, and a server for it. */
function receiving(): { url: string; came: StreamedBatch[]; receiver: StreamReceiver } & AsyncDisposable {
  const came: StreamedBatch[] = [];
  const receiver = new StreamReceiver((batch) => void came.push(batch));
  const { url, server } = serve((request) => receiveWebSocket(request, receiver));
  return {
    url,
    came,
    receiver,
    async [Symbol.asyncDispose](): Promise<void> {
      await receiver.close();
      await server.shutdown();
    },
  };
}

Deno.test("websocket: values of every kind arrive as they were", async () => {
  await using end = receiving();
  await using backend = new WebSocketBackend(end.url.replace("ws:", "http:"));
  const values = [
    ndarray(new Float64Array([NaN, -0, Infinity, 5e-324]), [2, 2], { order: "F" }),
    ndarray(new BigUint64Array([0n, 2n ** 64n - 1n])),
    new Uint8ClampedArray([1, 2]),
    "ü\u0000\ufeff\u{1F600}",
    "\ud800",
    { when: new Date(0), list: [undefined, 1n, { deep: new Int16Array([-1]) }] },
    true,
  ];
  await backend.saveBatch(values, values.map((_, i) => `v/${i}`), { metadata: "all" });
  assert.deepStrictEqual(end.came[0]!.items.map(({ value }) => value), values);
  assert.equal(end.came[0]!.metadata, "all");
});

Deno.test("websocket: an array larger than any message arrives, and so do thousands of small ones", async () => {
  await using end = receiving();
  await using backend = new WebSocketBackend(end.url);
  const large = new Uint32Array(25_000_000);
  for (let i = 0; i < large.length; i += 1000) large[i] = i;
  await backend.save(ndarray(large), "large", { transfer: true });
  const { data } = end.came[0]!.items[0]!.value as { data: Uint32Array };
  assert.equal(data.length, 25_000_000);
  assert(data.every((value, i) => value === (i % 1000 === 0 ? i : 0)));
  const paths = Array.from({ length: 5000 }, (_, i) => `s/${i}`);
  await backend.saveBatch(paths.map((_, i) => new Uint16Array([i])), paths);
  assert(end.came[1]!.items.every(({ value }, i) => (value as Uint16Array)[0] === i));
});

Deno.test("websocket: connections that are cut from either side are replaced; order and number stay", async () => {
  const came: unknown[] = [];
  const sockets: WebSocket[] = [];
  await using receiver = new StreamReceiver(({ items }) => {
    came.push(items[0]!.path);
    if (came.length % 7 === 0) sockets.at(-1)!.close();
  });
  const { url, server } = serve((request) => {
    const { socket, response } = Deno.upgradeWebSocket(request);
    sockets.push(socket);
    receiveWebSocket(socket, receiver);
    return response;
  });
  await using _ = server;
  await using backend = new WebSocketBackend(url, { delay: 1 });
  const paths = Array.from({ length: 50 }, (_, i) => `n/${i}`);
  await Promise.all(paths.map((path) => backend.save(new Uint8Array(10_000), path)));
  assert.deepEqual(came, paths);
  assert(sockets.length > 3);
});

Deno.test("websocket: nobody listens: unavailable, with what the system says", async () => {
  const { url, server } = serve(() => new Response());
  await server.shutdown();
  await using backend = new WebSocketBackend(url, { tries: 2, delay: 1 });
  await assert.rejects(backend.save(1, "a"), {
    code: "unavailable",
    message: /tcp connect error.*gave up after 2 tries/,
  });
});

Deno.test("websocket: a server that is none of ours: unavailable, with its status", async () => {
  const { url, server } = serve(() => new Response("no", { status: 403 }));
  await using _ = server;
  await using backend = new WebSocketBackend(url, { tries: 2, delay: 1 });
  await assert.rejects(backend.save(1, "a"), { code: "unavailable", message: /403/ });
});

Deno.test("websocket: a server that does not answer: unavailable after connectTimeout", async () => {
  const { url, server } = serve((request) => Deno.upgradeWebSocket(request).response);
  await using _ = server;
  await using backend = new WebSocketBackend(url, { tries: 2, delay: 1, connectTimeout: 30 });
  await assert.rejects(backend.save(1, "a"), { code: "unavailable", message: /within 30 ms \(connectTimeout\)/ });
  await backend.close();
});

Deno.test("websocket: a port that takes connections and says nothing: unavailable after connectTimeout", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const conns: Deno.Conn[] = [];
  const accepting = (async () => {
    for await (const conn of listener) conns.push(conn);
  })();
  const backend = new WebSocketBackend(`ws://127.0.0.1:${listener.addr.port}`, { tries: 1, connectTimeout: 50 });
  await assert.rejects(backend.save(1, "a"), { code: "unavailable" });
  await backend.close();
  listener.close();
  await accepting;
  for (const conn of conns) conn.close();
});

Deno.test("websocket: a server that talks nonsense: corrupt, at once", async () => {
  for (
    const nonsense of [
      "hello",
      new Uint8Array(100),
      encodeFrame("batch", {})[0]!,
      encodeFrame("welcome", { received: -1 })[0]!,
    ]
  ) {
    const { url, server } = serve((request) => {
      const { socket, response } = Deno.upgradeWebSocket(request);
      socket.onmessage = () => socket.send(nonsense);
      return response;
    });
    await using _ = server;
    await using backend = new WebSocketBackend(url);
    await assert.rejects(backend.save(1, "a"), { code: "corrupt" });
  }
});

Deno.test("websocket: a stranger's text or bytes end his connection with the reason", async () => {
  await using end = receiving();
  for (const nonsense of ["text", new Uint8Array(30)]) {
    const socket = new WebSocket(end.url);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => socket.send(nonsense);
    const closed = new Promise((resolve) => socket.onclose = resolve);
    const answer = await new Promise<ArrayBuffer>((resolve) => socket.onmessage = ({ data }) => resolve(data));
    assert.match(new TextDecoder().decode(answer), /"code":"corrupt"/);
    await closed;
  }
  assert.equal(end.receiver.connections, 0);
});

Deno.test({
  name: "websocket: without the permission: permission-denied, at once",
  permissions: { net: false },
  async fn() {
    await using backend = new WebSocketBackend("ws://127.0.0.1:9");
    await assert.rejects(backend.save(1, "a"), { code: "permission-denied", message: /--allow-net/ });
  },
});

Deno.test("websocket: addresses are checked", () => {
  for (const url of ["", "ftp://a", "ws://a b", "ws://a/#b", "file:///a"]) {
    assert.throws(() => new WebSocketBackend(url), { code: "invalid-argument" });
  }
});

Deno.test("websocket: an abort while it connects rejects the call; the backend goes on", async () => {
  await using end = receiving();
  const gate = Promise.withResolvers<void>();
  await using backend = new WebSocketBackend(async () => {
    await gate.promise;
    return new WebSocket(end.url);
  });
  const abort = new AbortController();
  const aborted = backend.save(1, "a", { signal: abort.signal });
  const kept = backend.save(2, "b");
  abort.abort();
  await assert.rejects(aborted, { name: "AbortError" });
  gate.resolve();
  await kept;
  assert.deepEqual(end.came.map(({ items }) => items[0]!.path), ["b"]);
});

Deno.test("websocket: a page that connects can be the receiver, and comes back where it was", async () => {
  let arrived = Promise.withResolvers<WebSocket>();
  const { url, server } = serve((request) => {
    const { socket, response } = Deno.upgradeWebSocket(request);
    arrived.resolve(socket);
    return response;
  });
  await using _ = server;
  await using backend = new WebSocketBackend(async () => {
    const socket = await arrived.promise;
    arrived = Promise.withResolvers();
    return socket;
  }, { delay: 1, connectTimeout: Infinity, acknowledgeTimeout: Infinity });
  const came: unknown[] = [];
  let page: WebSocket | undefined;
  let done = false;
  await using receiver = new StreamReceiver(({ items }) => {
    came.push(items[0]!.value);
    if (came.length === 3) page!.close();
  });
  function visit(): void {
    page = new WebSocket(url);
    page.addEventListener("close", () => done || visit());
    receiveWebSocket(page, receiver);
  }
  visit();
  await Promise.all([1, 2, 3, 4, 5, 6].map((n) => backend.save(n, `n/${n}`)));
  done = true;
  assert.deepEqual(came, [1, 2, 3, 4, 5, 6]);
});

Deno.test("websocket: pages of others may not connect, unless they are named", async () => {
  await using receiver = new StreamReceiver(() => {});
  const { server } = serve((request) => receiveWebSocket(request, receiver, { origins: ["https://lab.example"] }));
  await using _ = server;
  const { port } = server.addr;
  const cases: [origin: string | undefined, status: number][] = [
    [undefined, 101],
    [`http://127.0.0.1:${port}`, 101],
    ["https://lab.example", 101],
    ["https://evil.example", 403],
    ["null", 403],
    [`http://127.0.0.1:${port + 1}`, 403],
  ];
  for (const [origin, status] of cases) {
    using conn = await Deno.connect({ hostname: "127.0.0.1", port });
    const lines = [
      "GET / HTTP/1.1",
      `Host: 127.0.0.1:${port}`,
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
      ...(origin === undefined ? [] : [`Origin: ${origin}`]),
    ];
    await conn.write(new TextEncoder().encode(lines.join("\r\n") + "\r\n\r\n"));
    const bytes = new Uint8Array(20);
    await conn.read(bytes);
    assert.match(new TextDecoder().decode(bytes), new RegExp(`^HTTP/1.1 ${status}`), origin);
  }
  const plain = await fetch(`http://127.0.0.1:${port}`);
  assert.equal(plain.status, 426);
  await plain.body?.cancel();
});

Deno.test("websocket: a closed receiver answers with an error, and its sender fails in the end", async () => {
  const receiver = new StreamReceiver(() => {});
  await receiver.close();
  const errors: unknown[] = [];
  const server = Deno.serve(
    { ...HERE, onError: (error) => (errors.push(error), new Response("", { status: 503 })) },
    (request) => {
      return receiveWebSocket(request, receiver);
    },
  );
  await using _ = server;
  await using backend = new WebSocketBackend(`ws://127.0.0.1:${server.addr.port}`, { tries: 1 });
  await assert.rejects(backend.save(1, "a"), { code: "unavailable", message: /503/ });
  assert(isStorageError(errors[0], "closed"));
});
