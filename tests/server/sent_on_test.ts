/** Bodies of which more comes after the answer. */

import { RemoteArtifacts } from "@polystore/polystore/artifacts";
import { ArtifactServer, listen } from "@polystore/polystore/server";
import { MemoryStore } from "@polystore/polystore/stores";
import assert from "node:assert/strict";
import { Connection } from "./connection.ts";
import { entry } from "./place.ts";

const CHUNK = `10000\r\n${"1".repeat(0x10000)}\r\n`;

/** Sends a head, waits, and sends chunks until nobody wants them; answers the status. */
async function send(port: number, path: string, pause: number): Promise<number | undefined> {
  using connection = await Connection.to(port);
  const answer = connection.answer().catch(() => undefined);
  const head = `PUT ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n`;
  await connection.say(`${head}Transfer-Encoding: chunked\r\n\r\n1\r\n1\r\n`);
  await new Promise((resolve) => setTimeout(resolve, pause));
  try {
    for (let sent = 0; sent < 100; sent++) await connection.say(CHUNK);
    await connection.say("0\r\n\r\n");
  } catch {
    // It was hung up on.
  }
  return (await answer)?.status;
}

Deno.test("server: who sends on after the answer ends nothing, however much it is", async () => {
  const [store, lab] = [new MemoryStore(), new MemoryStore()];
  const server = new ArtifactServer({
    store,
    files: {
      lab,
      locked: { read: () => Promise.resolve(undefined), stat: () => Promise.resolve(undefined) },
    },
    limits: { maxBody: 100_000, timeout: 300 },
  });
  await using listener = await listen(server, { port: 0 });
  const { port } = listener;
  for (let time = 0; time < 5; time++) {
    const answers = await Promise.all([
      send(port, entry("n", "k"), 0),
      send(port, entry("n", "k"), 500),
      send(port, "/v1/files/locked?path=a", 0),
      send(port, "/v1/files/lab?path=a", 500),
      send(port, "/nowhere", 0),
    ]);
    for (const [index, status] of [413, 408, 501, 408, 404].entries()) {
      // Whoever is hung up on may not come to read it.
      assert([status, undefined].includes(answers[index]), `${index}: ${answers[index]}`);
    }
  }
  using connection = await Connection.to(port);
  assert.equal((await connection.request("GET", "/health")).status, 200);
  for (const place of [store, lab]) assert.deepEqual(await Array.fromAsync(place.list("")), []);
});

Deno.test("remote: a value that is too large is told so, and the server lives", async () => {
  await using server = new ArtifactServer({ store: new MemoryStore() });
  await using listener = await listen(server, { port: 0 });
  const remote = new RemoteArtifacts("n", { port: listener.port });
  for (const size of [4_300_000, 20_000_000]) {
    for (let time = 0; time < 3; time++) {
      const value = JSON.stringify("x".repeat(size));
      await assert.rejects(remote.put("k", value, { ifAbsent: true }), (error: Error & { code: string }) => {
        assert(["invalid-argument", "unavailable"].includes(error.code), error.message);
        return true;
      });
    }
  }
  await remote.put("k", "1", { ifAbsent: true });
  assert.equal((await remote.get("k")).value, "1");
  await remote.close();
});
