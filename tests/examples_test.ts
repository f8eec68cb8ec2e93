import assert from "node:assert/strict";

const root = new URL("..", import.meta.url).pathname;

async function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--quiet", ...args],
    cwd: root,
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

Deno.test("example: quickstart", async () => {
  const { code, stderr } = await run("--allow-read", "--allow-write", "examples/quickstart.ts");
  assert.equal(code, 0, stderr);
});

Deno.test("example: custom_store, which needs no permission", async () => {
  const { code, stderr } = await run("examples/custom_store.ts");
  assert.equal(code, 0, stderr);
});

Deno.test("example: remote, over loopback", async () => {
  const allowed = ["--allow-read", "--allow-write", "--allow-net=127.0.0.1"];
  const { code, stderr } = await run(...allowed, "examples/remote.ts");
  assert.equal(code, 0, stderr);
});

Deno.test("example: roundtrip prints a row for each backend, and leaves nothing behind", async () => {
  const before = await temporary();
  const { code, stdout, stderr } = await run("--allow-read", "--allow-write", "examples/roundtrip.ts");
  assert.equal(code, 0, stderr);
  assert.match(
    stdout,
    /^backend +files +decoded +bytes +time\nmemory +\d+.*\ndisk +\d+.*\nsqlite +\d+.*\nkv +\d+.*\n$/,
  );
  assert.deepEqual(await temporary(), before);
});

Deno.test("example: roundtrip of a folder with odd files, and of none", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const none = await run("--allow-read", "--allow-write", "examples/roundtrip.ts", folder);
    assert.notEqual(none.code, 0);
    assert.match(none.stderr, /Cannot find any file/);
    await Deno.mkdir(`${folder}/a b/ü`, { recursive: true });
    await Deno.writeTextFile(`${folder}/a b/ü/broken.json`, "{");
    await Deno.writeTextFile(`${folder}/table.csv`, 'x,y\n1,"a\nb"\n');
    await Deno.writeFile(`${folder}/bytes`, crypto.getRandomValues(new Uint8Array(1000)));
    const { code, stdout, stderr } = await run("--allow-read", "--allow-write", "examples/roundtrip.ts", folder);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /broken\.json: compared as bytes only, because not JSON/);
    assert.match(stdout, /^disk +3 +1 /m);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("example: roundtrip of thousands of real files and arrays", async (t) => {
  const data = new URL("../../shared/data", import.meta.url).pathname;
  const there = await Deno.stat(data).then(() => true, () => false);
  await t.step({
    name: there ? "../shared/data" : "../shared/data is not here: skipped",
    ignore: !there,
    fn: async () => {
      const { code, stdout, stderr } = await run("--allow-read", "--allow-write", "examples/roundtrip.ts", data);
      assert.equal(code, 0, stderr);
      assert.match(stdout, /^disk +\d{4} /m);
    },
  });
});

async function temporary(): Promise<string[]> {
  const probe = await Deno.makeTempDir();
  await Deno.remove(probe);
  const folder = probe.slice(0, probe.lastIndexOf("/"));
  const names = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
  return names.filter((name) => name.startsWith("polystore-roundtrip-")).sort();
}
