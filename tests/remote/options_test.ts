import assert from "node:assert/strict";
import { registeredBackend } from "../../backends/catalogue.ts";
import { RemoteBackend } from "../../backends/remote.ts";
import { MemoryStore, RemoteStore } from "../../backends/stores/mod.ts";
import { files } from "../../registry/files.ts";
import { unknownBackend } from "../../registry/mod.ts";
import { refuses } from "../disk/setup.ts";
import { serve, serveHandler } from "./setup.ts";

function urlOf(options?: ConstructorParameters<typeof RemoteStore>[0]): string {
  return new RemoteStore(options).url;
}

Deno.test('remote: registers itself as "remote", constructs without arguments and touches nothing', () => {
  assert.equal(registeredBackend("remote"), RemoteBackend);
  assert.match(unknownBackend("remote", []).message, /@polystore\/polystore\/remote/);
});

Deno.test({
  name: "remote: without permission to read the environment the defaults hold",
  permissions: { env: false, net: ["127.0.0.1"] },
  fn: () => assert.equal(urlOf(), "http://127.0.0.1:8001/v1/files/default"),
});

Deno.test({
  name: "remote: without permission for the network every call says which flag is missing",
  permissions: { net: false },
  async fn() {
    const store = new RemoteStore({ url: "http://127.0.0.1:8001/v1/files/it", timeout: 1000 });
    await refuses(() => store.read("a"), "permission-denied");
    await refuses(() => store.write("a", new Uint8Array()), "permission-denied");
    await assert.rejects(store.stat("a"), /--allow-net/);
    await store.close();
  },
});

Deno.test("remote: the token is sent, and is in no error nor in connectionParams()", async () => {
  const handler = files({ it: new MemoryStore() });
  await using site = serveHandler((request) =>
    request.headers.get("authorization") === "Bearer secret" ? handler(request) : new Response(null, { status: 401 })
  );
  const backend = new RemoteBackend({ url: site.url, token: "secret" });
  await backend.save("x", "a.txt");
  const params = JSON.parse(JSON.stringify(backend.connectionParams()));
  assert(!JSON.stringify(params).includes("secret"));
  const again = RemoteBackend.fromConnectionParams(params);
  assert.equal(again.store.url, site.url);
  await refuses(() => again.load("a.txt"), "permission-denied");
  await assert.rejects(again.load("a.txt"), (error: Error) => !Deno.inspect(error).includes("Bearer"));
  await backend.close();
  await again.close();
});

Deno.test("remote: through a backend, an error names the operation and the path", async () => {
  await using site = serve(new MemoryStore());
  const backend = new RemoteBackend({ url: site.url });
  await assert.rejects(backend.load("a.json"), { message: 'Cannot load "a.json": not found', code: "not-found" });
  await backend.save(1, "a.json");
  const refused = { code: "already-exists", message: 'Cannot save "a.json": it exists already' };
  await assert.rejects(backend.save(2, "a.json", { overwrite: false }), refused);
  await assert.rejects(backend.save(2, "a.json/b.json"), { code: "not-a-directory" });
  await backend.close();
});
