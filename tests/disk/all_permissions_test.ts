import assert from "node:assert/strict";
import { REPOSITORY, runCommand } from "./setup.ts";

// With -A Deno hands paths to the system as they are; else it resolves their `..` itself, before any link is followed.
for (const name of ["escape_links", "escape_paths", "root", "unrooted"]) {
  Deno.test(`with all permissions, ${name}_test.ts holds too`, async () => {
    const file = `${REPOSITORY}tests/disk/${name}_test.ts`;
    const { code, stdout, stderr } = await runCommand(
      Deno.execPath(),
      ["test", "--quiet", "--no-check", "--cached-only", "-A", file],
      { env: { NO_COLOR: "1" }, cwd: REPOSITORY },
    );
    assert.equal(code, 0, `${stdout}\n${stderr}`);
  });
}
