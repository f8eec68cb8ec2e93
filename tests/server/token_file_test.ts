import { createToken } from "@polystore/polystore/server";
import assert from "node:assert/strict";
import { addToken, readTokens } from "../../registry/artifacts/server/token_file.ts";
import { REPOSITORY, withBox } from "../disk/setup.ts";

Deno.test("tokens that are added at the same time are all kept", () =>
  withBox(async ({ root }) => {
    const file = `${root}/tokens.json`;
    const made = Array.from({ length: 20 }, () => createToken());
    await Promise.all(made.map(({ record }) => addToken(file, record)));
    const tokens = await readTokens(file);
    assert.equal(tokens.size, 20);
    for (const { token } of made) assert(tokens.scopesOf(token));
    assert.deepEqual(Array.from(Deno.readDirSync(root), ({ name }) => name).filter(isSeen), ["tokens.json"]);
    assert.equal(Deno.statSync(file).mode! & 0o777, 0o600);
  }));

Deno.test("tokens that are added by many processes at the same time are all kept", () =>
  withBox(async ({ root }) => {
    const args = ["run", "--quiet", "--no-prompt", "--allow-read=.", "--allow-write=."];
    const command = [...args, `${REPOSITORY}registry/artifacts/serve.ts`, "token", "--token-file", "tokens.json"];
    const outputs = await Promise.all(
      Array.from({ length: 4 }, () => new Deno.Command(Deno.execPath(), { args: command, cwd: root }).output()),
    );
    const tokens = await readTokens(`${root}/tokens.json`);
    for (const { code, stdout, stderr } of outputs) {
      assert.equal(code, 0, new TextDecoder().decode(stderr));
      assert(tokens.scopesOf(new TextDecoder().decode(stdout).trim()));
    }
  }));

Deno.test("of two tokens with one id, one is refused", () =>
  withBox(async ({ root }) => {
    const file = `${root}/tokens.json`;
    const made = [createToken({ id: "ci" }), createToken({ id: "ci" })];
    const told = await Promise.allSettled(made.map(({ record }) => addToken(file, record)));
    const refused = told.filter((one) => one.status === "rejected");
    assert.deepEqual(refused.map(({ reason }) => reason.code), ["already-exists"]);
    assert.equal((await readTokens(file)).size, 1);
  }));

Deno.test("a token that cannot be added says why", () =>
  withBox(async ({ root }) => {
    const { record } = createToken();
    await assert.rejects(addToken(`${root}/none/tokens.json`, record), { code: "not-found" });
    await Deno.writeTextFile(`${root}/other.json`, "[]");
    await assert.rejects(addToken(`${root}/other.json`, record), { code: "corrupt" });
    assert.equal(await Deno.readTextFile(`${root}/other.json`), "[]");
  }));

/** Where a directory cannot be locked, a hidden file in it is. */
function isSeen(name: string): boolean {
  return name !== ".polystore.lock";
}
