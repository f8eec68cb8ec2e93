import assert from "node:assert/strict";
import { DiskBackend, FileManager, MemoryBackend, registry } from "../mod.ts";
import { denoArgs, namesBelow, refuses, REPOSITORY, runCommand, say, withBox } from "./disk/setup.ts";

interface Told {
  readonly resolved?: boolean;
  readonly code?: string;
  readonly message?: string;
  readonly foreign?: string;
}

interface Setting {
  readonly permissions: readonly string[];
  readonly cwd?: string;
}

/** Runs the child of least privilege, which prints what came of its call. */
async function least(args: readonly string[], { permissions, cwd }: Setting): Promise<Told> {
  const run = denoArgs(`${REPOSITORY}tests/disk/least.ts`, permissions, args);
  const { stdout, stderr } = await runCommand(Deno.execPath(), run, cwd === undefined ? {} : { cwd });
  assert.notEqual(stdout, "", `the child said nothing: ${stderr}`);
  return JSON.parse(stdout) as Told;
}

function assertDenied(told: Told, ...words: readonly RegExp[]): void {
  assert.equal(told.code, "permission-denied", Deno.inspect(told));
  for (const word of words) assert.match(told.message!, word);
}

Deno.test("permissions: everything but links works in a root that alone may be read and written", () =>
  withBox(async ({ outer, root }) => {
    const scoped = [`--allow-read=${root}`, `--allow-write=${root}`];
    assert.deepEqual(await least([root, "everything"], { permissions: scoped }), { resolved: true });
    assert.deepEqual(await least(["root", "everything"], { permissions: scoped, cwd: outer }), { resolved: true });
    const relative = ["--allow-read=./root", "--allow-write=./root"];
    assert.deepEqual(await least(["./root/", "everything"], { permissions: relative, cwd: outer }), { resolved: true });
    assert.deepEqual(namesBelow(outer), ["root/"]);
  }));

Deno.test("permissions: a root that is not there yet is made with the grants for it alone", () =>
  withBox(async ({ outer }) => {
    const root = `${outer}/new`;
    const permissions = [`--allow-read=${root}`, `--allow-write=${root}`];
    assert.deepEqual(await least([root, "everything"], { permissions }), { resolved: true });
    assert.deepEqual(namesBelow(outer), ["new/", "root/"]);
  }));

Deno.test("permissions: without --allow-write every change is refused, and the message names the flag", () =>
  withBox(async ({ root }) => {
    await Deno.writeTextFile(`${root}/file.txt`, "text");
    const permissions = [`--allow-read=${root}`];
    const calls = ["save", "saveBatch", "openWrite", "delete", "move"];
    const outcomes = calls.map((call) => least([root, call, "file.txt"], { permissions }));
    outcomes.push(least([root, "ensureDirectory", "new/dir"], { permissions }));
    outcomes.push(least(["-", "save", `${root}/file.txt`], { permissions }));
    for (const told of await Promise.all(outcomes)) assertDenied(told, /--allow-write/, /^Cannot /);
    assert.deepEqual(await least([root, "load", "file.txt"], { permissions }), { resolved: true });
    assert.deepEqual(namesBelow(root), ["file.txt"]);
    assert.equal(await Deno.readTextFile(`${root}/file.txt`), "text");
  }));

Deno.test("permissions: without --allow-read every look is refused, and the message names the flag", () =>
  withBox(async ({ root }) => {
    await Deno.writeTextFile(`${root}/file.txt`, "text");
    for (const permissions of [[`--allow-write=${root}`], []]) {
      const calls = ["load", "stat", "exists", "listDir", "openRead", "save"];
      const told = await Promise.all(calls.map((call) => least([root, call, "file.txt"], { permissions })));
      for (const outcome of told) assertDenied(outcome, /--allow-read/);
      assertDenied(await least(["-", "load", `${root}/file.txt`], { permissions }), /--allow-read/);
    }
  }));

Deno.test("permissions: links under scoped grants are refused, and the message says what they need", () =>
  withBox(async ({ root }) => {
    await Deno.writeTextFile(`${root}/file.txt`, "text");
    const permissions = [`--allow-read=${root}`, `--allow-write=${root}`];
    assertDenied(
      await least([root, "link", "file.txt"], { permissions }),
      /--allow-read/,
      /--allow-write/,
      /unscoped|without a path/,
    );
    assert.deepEqual(namesBelow(root), ["file.txt"]);
    const unscoped = ["--allow-read", "--allow-write"];
    assert.deepEqual(await least([root, "link", "file.txt"], { permissions: unscoped }), { resolved: true });
  }));

Deno.test({
  name: "permissions: memory needs none; disk is refused, and asks for nothing before its first use",
  permissions: "none",
  async fn(): Promise<void> {
    const fm = new FileManager({ memory: new MemoryBackend(), disk: new DiskBackend({ root: "somewhere" }) });
    await fm.save({ a: 1 }, "a.json", "memory");
    assert.deepEqual(await fm.load("a.json", "memory"), { a: 1 });
    await refuses(() => fm.load("a.json", "disk"), "permission-denied", "--allow-read", 'backend "disk"');
    await refuses(() => fm.save({ a: 1 }, "a.json", "disk"), "permission-denied", /--allow-(?:read|write)/);
    await refuses(() => fm.copy("a.json", "a.json", "memory", { to: "disk" }), "permission-denied", /--allow-/);
    assert(registry.has("disk"));
  },
});

Deno.test("permissions: importing the package and working in memory takes no permission at all", () =>
  withBox(async ({ outer }) => {
    const audit = `${outer}/audit.jsonl`;
    const { code, stderr } = await runCommand(
      Deno.execPath(),
      denoArgs(`${REPOSITORY}tests/disk/nothing_granted.ts`, []),
      { env: { DENO_AUDIT_PERMISSIONS: audit } },
    );
    assert.equal(code, 0, stderr);
    const asked = (await Deno.readTextFile(audit)).trim().split("\n").filter((line) => line !== "");
    assert.deepEqual(asked.filter((line) => !line.includes('"import"')), [], "it asked for a permission");
  }));

Deno.test("permissions: sqlite works with grants for the database file alone, and in memory with none", () =>
  withBox(async ({ root }) => {
    const file = `${root}/store.db`;
    async function run(path: string, call: string, ...permissions: string[]): Promise<Told> {
      const args = denoArgs(`${REPOSITORY}tests/sqlite/least.ts`, permissions, [path, call]);
      const { stdout, stderr } = await runCommand(Deno.execPath(), args);
      assert.notEqual(stdout, "", `the child said nothing: ${stderr}`);
      return JSON.parse(stdout) as Told;
    }
    const read = `--allow-read=${file}`;
    const write = `--allow-write=${file}`;
    assert.deepEqual(await run(":memory:", "everything"), { resolved: true });
    assert.deepEqual(await run(file, "everything", read, write), { resolved: true });
    assert.deepEqual(await run(file, "readOnly", read), { resolved: true });
    assert.deepEqual(await run(file, "backup", `${read},${file}.backup`, `${write},${file}.backup`), {
      resolved: true,
    });
    assertDenied(await run(file, "backup", read, write), /--allow-write/);
    assertDenied(await run(file, "save", read), /--allow-write/);
    for (const call of ["load", "save", "listDir"]) assertDenied(await run(file, call), /--allow-(?:read|write)/);
    assert.deepEqual(namesBelow(root), ["store.db", "store.db.backup"]);
  }));

const NOBODY = "65534";
const ROOT = Deno.build.os !== "windows" && Deno.uid() === 0;
if (!ROOT) say("skipped: refusals of the system, because only root can become another user");

Deno.test({
  name: "permissions: what the system refuses is permission-denied, and changes nothing",
  ignore: !ROOT,
  fn: () =>
    withBox(async ({ outer, root }) => {
      await Deno.chmod(outer, 0o755);
      await Deno.writeTextFile(`${root}/file.txt`, "text");
      await Deno.writeTextFile(`${root}/secret.txt`, "text");
      await Deno.chmod(`${root}/secret.txt`, 0o600);
      await Deno.mkdir(`${root}/closed`, { mode: 0o700 });
      const setting = { permissions: ["-A"] };
      assert.deepEqual(await least([root, "load", "file.txt", NOBODY], setting), { resolved: true });
      const calls = [["load", "secret.txt"], ["openRead", "secret.txt"], ["listDir", "closed"], [
        "load",
        "closed/x.txt",
      ]]
        .concat(["save", "saveBatch", "openWrite", "delete", "move"].map((call) => [call, "file.txt"]))
        .concat([["ensureDirectory", "new"], ["save", "closed/new.txt"], ["save", "new/dir/new.txt"]]);
      for (const told of await Promise.all(calls.map((call) => least([root, ...call, NOBODY], setting)))) {
        assertDenied(told, /refuses access|denied/, /owner|mode/);
      }
      assert.deepEqual(namesBelow(root), ["closed/", "file.txt", "secret.txt"]);
    }),
});
