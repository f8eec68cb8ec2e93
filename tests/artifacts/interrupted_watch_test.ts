/** What becomes of watching when the server answers nonsense, or nothing. */

import { type ArtifactEvent, ArtifactRegistry, CachedArtifacts, LocalArtifacts } from "@polystore/polystore/artifacts";
import { RemoteArtifacts } from "@polystore/polystore/artifacts";
import { isStorageError, StorageError } from "@polystore/polystore/stores";
import assert from "node:assert/strict";
import { answer, rawServer } from "./raw_server.ts";

const EVENTS = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 1000000\r\n\r\n" +
  "id: 1\nevent: reset\ndata: {}\n\n";

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!await holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}

Deno.test("a cache that watches survives what a proxy answers, and serves uncached meanwhile", async () => {
  let watched = 0;
  let broken = true;
  await using server = rawServer(({ head }) => {
    if (!head.includes("/watch ")) return answer(200, "1", { etag: '"e"' });
    watched++;
    return broken ? answer(500, "<html>", { "content-type": "text/html" }) : EVENTS;
  });
  const near = new CachedArtifacts(new RemoteArtifacts("a", { port: server.port }), { watch: true, ttl: 3_600_000 });
  await near.get("k");
  await until(() => watched >= 2);
  assert.equal((await near.get("k")).value, "1");
  assert.equal(near.find("k"), undefined);
  broken = false;
  await until(async () => {
    await near.get("k");
    return near.find("k") !== undefined;
  });
  await near.close();
});

Deno.test("a cache that watches asks again after io and corrupt, and stops at what will not pass", async () => {
  const far = new LocalArtifacts<number>();
  await far.put("k", 1);
  for (const code of ["io", "corrupt", "permission-denied", "unsupported"] as const) {
    let asked = 0;
    const inner = Object.assign(Object.create(far), {
      get: far.get.bind(far),
      // deno-lint-ignore require-yield
      async *watch(): AsyncGenerator<ArtifactEvent> {
        asked++;
        throw new StorageError(code, "broken");
      },
      close: () => Promise.resolve(),
    }) as LocalArtifacts<number>;
    const near = new CachedArtifacts(inner, { watch: true });
    await near.get("k");
    if (code === "io" || code === "corrupt") {
      await until(() => asked >= 3);
      assert.equal((await near.get("k")).value, 1);
    } else {
      await until(() => near.get("k").then(() => false, () => true));
      await assert.rejects(near.get("k"), { code });
      assert.equal(asked, 1);
    }
    await near.close();
  }
});

Deno.test("events that do not begin are waited for no longer than for any answer", async () => {
  const hanging = Promise.withResolvers<undefined>();
  await using server = rawServer(() => hanging.promise);
  const remote = new RemoteArtifacts("a", { port: server.port, timeout: 100 });
  await assert.rejects(remote.watch().next(), (error) => {
    assert(isStorageError(error, "unavailable") && error.retryable);
    return true;
  });
  const stop = new AbortController();
  const patient = new RemoteArtifacts("a", { port: server.port, timeout: 300_000 });
  const waiting = patient.watch({ signal: stop.signal }).next();
  stop.abort(new Error("enough"));
  await assert.rejects(waiting, /enough/);
  const closed = patient.watch().next();
  await patient.close();
  await assert.rejects(closed, { code: "closed" });
  hanging.resolve(undefined);
});

Deno.test("a registry that watches goes on after a server that said nothing, and after one that was not there", async () => {
  let watched = 0;
  const hanging = Promise.withResolvers<undefined>();
  await using server = rawServer(() => ++watched === 1 ? hanging.promise : watched < 6 ? undefined : EVENTS);
  const registry = new ArtifactRegistry<number>({ namespace: "a", remote: { port: server.port, timeout: 100 } });
  const events = registry.watch();
  assert.equal((await events.next()).value!.kind, "reset");
  assert(watched >= 6);
  await events.return(undefined);
  await registry.close();
  hanging.resolve(undefined);
});

Deno.test("events that have begun outlast the time of a call, and end with the signal and with the registry", async () => {
  await using server = rawServer(() => EVENTS);
  const remote = new RemoteArtifacts("a", { port: server.port, timeout: 100 });
  const stop = new AbortController();
  const events = remote.watch({ signal: stop.signal });
  await events.next();
  const next = events.next();
  const late = new Promise<string>((resolve) => setTimeout(resolve, 300, "still waiting"));
  assert.equal(await Promise.race([next.then(() => "ended", () => "failed"), late]), "still waiting");
  stop.abort(new Error("enough"));
  await assert.rejects(next, /enough/);
  const others = remote.watch();
  await others.next();
  const last = others.next();
  await remote.close();
  await assert.rejects(last, { code: "closed" });
});
