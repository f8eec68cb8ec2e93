import assert from "node:assert/strict";
import { denoArgs, REPOSITORY } from "../disk/setup.ts";

Deno.test("environment: what is asked, by option, by variable, and by default, of servers and clients", async () => {
  const variables = ["HOST", "PORT", "TIMEOUT", "TOKEN"].map((name) => `REGISTRY_SERVER_${name}`);
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: denoArgs(`${REPOSITORY}tests/server/environment.ts`, [`--allow-env=${variables}`]),
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
});
