import assert from "node:assert/strict";
import { denoArgs, namesBelow, REPOSITORY, runCommand, withBox } from "../disk/setup.ts";

Deno.test("zarr: everything works with grants for the root alone, and reading with a grant to read it", () =>
  withBox(async ({ root, outer }) => {
    async function run(call: string, ...permissions: string[]): Promise<Record<string, unknown>> {
      const args = denoArgs(`${REPOSITORY}tests/zarr/least.ts`, permissions, [root, call]);
      const { stdout, stderr } = await runCommand(Deno.execPath(), args);
      assert.notEqual(stdout, "", `the child said nothing: ${stderr}`);
      return JSON.parse(stdout);
    }
    const [read, write] = [`--allow-read=${root}`, `--allow-write=${root}`];
    assert.deepEqual(await run("everything", read, write), { resolved: true });
    const before = namesBelow(outer);
    assert.deepEqual(await run("read", read), { resolved: true });
    const denied = await run("save", read);
    assert.equal(denied.code, "permission-denied");
    assert.match(String(denied.message), /^Cannot save "p.zarr\/b": .*--allow-write/);
    assert.deepEqual(namesBelow(outer), before);
  }));
