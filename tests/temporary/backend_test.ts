import { BackendRegistry, FileManager, isStorageError } from "@polystore/polystore";
import { TemporaryBackend, TemporaryStore } from "@polystore/polystore/temporary";
import { backendPromises, storePromises, testBackend, testStore } from "@polystore/polystore/testing";
import assert from "node:assert/strict";
import { denoArgs, REPOSITORY, runCommand, withBox } from "../disk/setup.ts";

// The names are kept by the disk store below, which is tried with all of them.
const unnamed = (ids: readonly { readonly id: string }[]): string[] =>
  ids.map(({ id }) => id).filter((id) => !id.includes("names"));
await testBackend("temporary", () => new TemporaryBackend(), { numRuns: 20, only: unnamed(backendPromises) });
await testStore("temporary", () => new TemporaryStore(), { numRuns: 20, only: unnamed(storePromises) });

Deno.test("temporary: it is made by the first operation, and gone with everything in it at the end", () =>
  withBox(async ({ root }) => {
    const names = (): string[] => [...Deno.readDirSync(root)].map(({ name }) => name);
    {
      await using temp = new TemporaryBackend({ dir: root });
      assert.equal(temp.directory, undefined);
      assert.equal(temp.physicalSourcePath("a"), undefined);
      assert.deepEqual(names(), []);
      await temp.save("text", "a/b/c.txt");
      await temp.ensureDirectory("empty");
      assert.equal(names().length, 1);
      assert.match(names()[0]!, /^polystore-temporary-/);
      assert.equal(temp.directory, `${root}/${names()[0]}`);
      assert.equal(await Deno.readTextFile(temp.physicalSourcePath("a/b/c.txt")!), "text");
      if (Deno.build.os !== "windows") assert.equal((await Deno.stat(temp.directory!)).mode! & 0o777, 0o700);
    }
    assert.deepEqual(names(), []);
  }));

Deno.test("temporary: it is known by name, and each has a directory of its own", async () => {
  await using registry = new BackendRegistry();
  const fm = new FileManager(registry);
  await fm.save("text", "a.txt", "temporary");
  await using other = new TemporaryBackend({ prefix: "polystore-other-" });
  assert.equal(await other.exists("a.txt"), false);
  assert.match(other.directory!, /polystore-other-/);
});

Deno.test("temporary: the end comes also by an exception, and closing twice or unused does nothing", () =>
  withBox(async ({ root }) => {
    await assert.rejects(async () => {
      await using temp = new TemporaryBackend({ dir: root });
      await temp.save("text", "a.txt");
      throw new Error("in the middle");
    }, /in the middle/);
    const unused = new TemporaryBackend({ dir: root });
    await unused.close();
    await unused.close();
    const used = new TemporaryBackend({ dir: root });
    await used.save("text", "a.txt");
    await Promise.all([used.close(), used.close()]);
    await used.close();
    assert.deepEqual([...Deno.readDirSync(root)], []);
  }));

Deno.test("temporary: after the end every operation says so, and makes nothing", () =>
  withBox(async ({ root }) => {
    const temp = new TemporaryBackend({ dir: root });
    await temp.save("text", "a.txt");
    const stream = await temp.openWrite("b.txt");
    await temp.close();
    const calls = [
      () => temp.load("a.txt"),
      () => temp.save("text", "a.txt"),
      () => temp.stat("a.txt"),
      () => temp.listDir(""),
      () => temp.exists("a.txt"),
      () => temp.delete("a.txt"),
      () => temp.openRead("a.txt"),
      () => temp.openWrite("c.txt"),
      () => temp.saveBatch(["x"], ["d.txt"]),
    ];
    for (const call of calls) await assert.rejects(call(), (error) => isStorageError(error, "closed"), String(call));
    const writer = stream.getWriter();
    await assert.rejects(async () => {
      await writer.write(new Uint8Array([1]));
      await writer.close();
    });
    assert.deepEqual([...Deno.readDirSync(root)], []);
  }));

Deno.test("temporary: it ends while files are open and others are being written", () =>
  withBox(async ({ root }) => {
    const temp = new TemporaryBackend({ dir: root });
    await temp.save(new Uint8Array(2_000_000), "a.bin");
    const reader = (await temp.openRead("a.bin")).getReader();
    await reader.read();
    const writing = Array.from({ length: 20 }, (_, i) => temp.save(new Uint8Array(2_000_000), `dir${i}/${i}.bin`));
    const settled = Promise.allSettled(writing);
    await temp.close();
    await reader.cancel();
    for (const outcome of await settled) {
      if (outcome.status === "rejected") assert(isStorageError(outcome.reason), String(outcome.reason));
    }
    assert.deepEqual([...Deno.readDirSync(root)], []);
  }));

Deno.test("temporary: what links lead to outside stays", () =>
  withBox(async ({ root, outer: outside }) => {
    await Deno.mkdir(`${outside}/kept`);
    await Deno.writeTextFile(`${outside}/kept/file`, "kept");
    const temp = new TemporaryBackend({ dir: root });
    await temp.save("text", "dir/a.txt");
    await Deno.symlink(`${outside}/kept`, `${temp.directory}/dir/link`);
    await Deno.symlink(`${outside}/kept/file`, `${temp.directory}/file`);
    await assert.rejects(temp.load("dir/link/file"), { code: "invalid-path" });
    await temp.close();
    assert.deepEqual([...Deno.readDirSync(root)], []);
    assert.equal(await Deno.readTextFile(`${outside}/kept/file`), "kept");
    // Also if the directory itself was taken away and is a link now.
    const swapped = new TemporaryBackend({ dir: root });
    await swapped.save("text", "a.txt");
    const { directory } = swapped;
    await Deno.remove(directory!, { recursive: true });
    await Deno.symlink(`${outside}/kept`, directory!);
    await swapped.close();
    assert.equal(await Deno.readTextFile(`${outside}/kept/file`), "kept");
  }));

Deno.test("temporary: a directory that is not there, or may not be written, is told", () =>
  withBox(async ({ root }) => {
    const missing = new TemporaryBackend({ dir: `${root}/nothing` });
    for (const call of [() => missing.save("x", "a.txt"), () => missing.load("a.txt"), () => missing.exists("a")]) {
      await assert.rejects(call(), (error) => isStorageError(error, "unavailable") && /nothing/.test(error.message));
    }
    await missing.close();
  }));

Deno.test("permissions: temporary needs the directory for such, read and write, and no environment", () =>
  withBox(async ({ root }) => {
    const least = `${REPOSITORY}tests/temporary/least.ts`;
    const env = { TMPDIR: root };
    const run = (...permissions: string[]): ReturnType<typeof runCommand> =>
      runCommand(Deno.execPath(), denoArgs(least, permissions), { env });
    const granted = await run(`--allow-read=${root}`, `--allow-write=${root}`);
    assert.equal(granted.stdout, "resolved", granted.stderr);
    assert.deepEqual([...Deno.readDirSync(root)], []);
    const read = await run(`--allow-read=${root}`);
    assert.match(read.stdout, /^permission-denied .*--allow-write/, read.stderr);
    const write = await run(`--allow-write=${root}`);
    assert.match(write.stdout, /^permission-denied .*--allow-read/, write.stderr);
    assert.deepEqual([...Deno.readDirSync(root)], [], "what could be made could be removed");
  }));

Deno.test("temporary: a process that is killed leaves a directory that is known by its name", () =>
  withBox(async ({ root }) => {
    const child = new Deno.Command(Deno.execPath(), {
      args: denoArgs(`${REPOSITORY}tests/temporary/killed.ts`, [`--allow-read=${root}`, `--allow-write=${root}`]),
      env: { TMPDIR: root },
      stdin: "null",
      stdout: "piped",
    }).spawn();
    const reader = child.stdout.getReader();
    const { value } = await reader.read();
    const directory = new TextDecoder().decode(value);
    child.kill("SIGKILL");
    await child.status;
    await reader.cancel();
    assert.match(directory, /\/polystore-temporary-[^/]+$/);
    assert.deepEqual([...Deno.readDirSync(root)].map(({ name }) => `${root}/${name}`), [directory]);
    assert.equal(await Deno.readTextFile(`${directory}/a.txt`), "text");
  }));
