import assert from "node:assert/strict";
import { registeredBackend } from "../../backends/catalogue.ts";
import { RemoteBackend } from "../../backends/remote.ts";
import { MemoryStore, RemoteStore } from "../../backends/stores/mod.ts";
import { files } from "../../registry/files.ts";
import { unknownBackend } from "../../registry/mod.ts";
import { refuses } from "../disk/setup.ts";
import { serve, serveHandler } from "./setup.ts";

const VARIABLES = ["HOST", "PORT", "TIMEOUT", "TOKEN"].map((name) => `REGISTRY_SERVER_${name}`);

/** Runs with these variables, and puts back what was there. */
function withEnv(variables: Record<string, string>, run: () => void): void {
  const before = VARIABLES.map((name) => [name, Deno.env.get(name)] as const);
  try {
    for (const name of VARIABLES) Deno.env.delete(name);
    for (const [name, value] of Object.entries(variables)) Deno.env.set(name, value);
    run();
  } finally {
    for (const [name, value] of before) value === undefined ? Deno.env.delete(name) : Deno.env.set(name, value);
  }
}

function urlOf(options?: ConstructorParameters<typeof RemoteStore>[0]): string {
  return new RemoteStore(options).url;
}

Deno.test('remote: registers itself as "remote", constructs without arguments and touches nothing', () => {
  assert.equal(registeredBackend("remote"), RemoteBackend);
  assert.match(unknownBackend("remote", []).message, /@polystore\/polystore\/remote/);
  withEnv({}, () => assert.equal(new RemoteBackend().store.url, "http://127.0.0.1:8001/v1/files/default"));
});

Deno.test("remote: the environment tells where the server is; options come first", () =>
  withEnv({ REGISTRY_SERVER_HOST: "localhost", REGISTRY_SERVER_PORT: "9000", REGISTRY_SERVER_TIMEOUT: "2.5" }, () => {
    assert.equal(urlOf(), "http://127.0.0.1:9000/v1/files/default");
    assert.equal(new RemoteStore().timeout, 2500);
    assert.equal(urlOf({ host: "example.org", port: 80, name: "a b" }), "http://example.org/v1/files/a%20b");
    assert.equal(urlOf({ host: "::1", port: 8001 }), "http://[::1]:8001/v1/files/default");
    assert.equal(urlOf({ url: "https://example.org/base/v1/files/x/" }), "https://example.org/base/v1/files/x");
    assert.equal(new RemoteStore({ timeout: 10 }).timeout, 10);
  }));

Deno.test("remote: a variable that is wrong is named, and a secret is not told", () => {
  for (
    const [name, value] of [
      ["REGISTRY_SERVER_PORT", "http"],
      ["REGISTRY_SERVER_PORT", "0"],
      ["REGISTRY_SERVER_PORT", "70000"],
      ["REGISTRY_SERVER_TIMEOUT", "soon"],
      ["REGISTRY_SERVER_TIMEOUT", "0"],
      ["REGISTRY_SERVER_TIMEOUT", "-1"],
    ] as const
  ) {
    withEnv({ [name]: value }, () => {
      assert.throws(() => new RemoteStore(), { code: "invalid-argument", message: new RegExp(name, "i") });
    });
  }
  withEnv({ REGISTRY_SERVER_TOKEN: "sec ret\n" }, () => {
    assert.throws(() => new RemoteStore(), (error: Error) => !error.message.includes("sec"));
  });
  withEnv({}, () => {
    for (
      const options of [
        { url: "ftp://x/y" },
        { url: "http://user:secret@x/y" },
        { url: "http://x/y?q" },
        { url: "nonsense" },
        { host: "a/b" },
        { host: "a b" },
        { host: "a?b" },
        { name: "" },
        { name: "a/b/.." },
        { port: 1.5 },
        { timeout: NaN },
        { token: "a\nb" },
      ]
    ) {
      if (options.name === "a/b/..") assert.match(urlOf(options), /a%2Fb%2F\.\.$/);
      else assert.throws(() => new RemoteStore(options), { code: "invalid-argument" }, JSON.stringify(options));
    }
  });
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
