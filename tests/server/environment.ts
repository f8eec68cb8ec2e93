/**
 * What the environment says to servers and clients: a program of its own, as its variables are those of the whole process, in which
 * other tests run at the same time.
 */

import { RemoteArtifacts } from "@polystore/polystore/artifacts";
import { RemoteStore } from "@polystore/polystore/stores";
import assert from "node:assert/strict";
import { parseServeOptions } from "../../registry/artifacts/server/serve_options.ts";

const VARIABLES = ["HOST", "PORT", "TIMEOUT", "TOKEN"].map((name) => `REGISTRY_SERVER_${name}`);

/** Runs with these variables, and no others. */
function withVariables(values: Record<string, string>, run: () => void): void {
  for (const name of VARIABLES) Deno.env.delete(name);
  for (const [name, value] of Object.entries(values)) Deno.env.set(name, value);
  run();
}

function served(args: string[]): ReturnType<typeof parseServeOptions> & { name: "serve" } {
  const command = parseServeOptions(args);
  assert(command.name === "serve");
  return command;
}

function urlOf(options?: ConstructorParameters<typeof RemoteStore>[0]): string {
  return new RemoteStore(options).url;
}

function commandLine(): void {
  withVariables({}, () => {
    const { host, port, timeout, keeping, token } = served([]).options;
    assert.deepEqual([host, port, timeout, keeping, token], ["127.0.0.1", 8001, undefined, {
      engine: "sqlite",
      path: "registry.db",
    }, undefined]);
  });
  const values = {
    REGISTRY_SERVER_HOST: "::1",
    REGISTRY_SERVER_PORT: "9000",
    REGISTRY_SERVER_TIMEOUT: "2.5",
    REGISTRY_SERVER_TOKEN: "t".repeat(20),
  };
  withVariables(values, () => {
    const { host, port, timeout, token } = served([]).options;
    assert.deepEqual([host, port, timeout, token], ["::1", 9000, 2500, "t".repeat(20)]);
    const flags = served([
      "--host",
      "localhost",
      "--port=0",
      "--timeout",
      "1",
      "--kv",
      "a.db",
      "--allow-host",
      "a",
      "--allow-host",
      "b",
    ]).options;
    assert.deepEqual([flags.host, flags.port, flags.timeout, flags.keeping], ["localhost", 0, 1000, {
      engine: "kv",
      path: "a.db",
    }]);
    assert.deepEqual(flags.allowedHosts, ["a", "b"]);
  });
  const wrong: [values: Record<string, string>, args: string[], word: RegExp][] = [
    [{ REGISTRY_SERVER_PORT: "abc" }, [], /REGISTRY_SERVER_PORT/],
    [{ REGISTRY_SERVER_PORT: "65536" }, [], /REGISTRY_SERVER_PORT/],
    [{ REGISTRY_SERVER_TIMEOUT: "0" }, [], /REGISTRY_SERVER_TIMEOUT/],
    [{ REGISTRY_SERVER_TIMEOUT: "NaN" }, [], /REGISTRY_SERVER_TIMEOUT/],
    [{ REGISTRY_SERVER_TIMEOUT: "301" }, [], /REGISTRY_SERVER_TIMEOUT/],
    [{}, ["--port", "-1"], /--port/],
    [{}, ["--port", "x"], /--port/],
    [{}, ["--timeout", ""], /--timeout/],
    [{}, ["--nonsense"], /nonsense/],
    [{}, ["drop"], /drop/],
    [{}, ["token", "more"], /more/],
    [{}, ["--memory", "--kv", "x"], /--memory/],
    [{}, ["token", "--expires", "soon"], /--expires/],
    [{}, ["--files", "x"], /--files/],
  ];
  for (const [values, args, word] of wrong) {
    withVariables(values, () => assert.throws(() => parseServeOptions(args), word));
  }
}

function files(): void {
  withVariables({}, () => assert.equal(urlOf(), "http://127.0.0.1:8001/v1/files/default"));
  withVariables(
    { REGISTRY_SERVER_HOST: "localhost", REGISTRY_SERVER_PORT: "9000", REGISTRY_SERVER_TIMEOUT: "2.5" },
    () => {
      assert.equal(urlOf(), "http://127.0.0.1:9000/v1/files/default");
      assert.equal(new RemoteStore().timeout, 2500);
      assert.equal(urlOf({ host: "example.org", port: 80, name: "a b" }), "http://example.org/v1/files/a%20b");
      assert.equal(urlOf({ host: "::1", port: 8001 }), "http://[::1]:8001/v1/files/default");
      assert.equal(urlOf({ url: "https://example.org/base/v1/files/x/" }), "https://example.org/base/v1/files/x");
      assert.equal(new RemoteStore({ timeout: 10 }).timeout, 10);
    },
  );
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
    withVariables({ [name]: value }, () => {
      assert.throws(() => new RemoteStore(), { code: "invalid-argument", message: new RegExp(name, "i") });
    });
  }
  withVariables({ REGISTRY_SERVER_TOKEN: "sec ret\n" }, () => {
    assert.throws(() => new RemoteStore(), (error: Error) => !error.message.includes("sec"));
  });
  withVariables({}, () => {
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
}

function artifacts(): void {
  const address = (port?: number): string => new RemoteArtifacts("a", port === undefined ? {} : { port }).server;
  withVariables({ REGISTRY_SERVER_PORT: "9000" }, () => {
    assert.equal(address(), "http://127.0.0.1:9000");
    assert.equal(address(9001), "http://127.0.0.1:9001");
  });
  withVariables({ REGISTRY_SERVER_PORT: "abc" }, () => {
    assert.throws(() => address(), /REGISTRY_SERVER_PORT must be a port/);
  });
}

commandLine();
files();
artifacts();
