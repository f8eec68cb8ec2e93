import { isStorageError, MemoryStore } from "@polystore/polystore/stores";
import { type ZipReadOptions, ZipStore } from "@polystore/polystore/zip";
import assert from "node:assert/strict";
import { bytesOf, forge, type Forged, zipOf } from "./archives.ts";

function storeOf(entries: readonly Forged[], options: ZipReadOptions = {}): ZipStore {
  return new ZipStore({ bytes: forge(entries), ...options });
}

async function pathsOf(store: ZipStore): Promise<string[]> {
  return await Array.fromAsync(store.list(""), ({ path }) => path);
}

async function drain(stream: ReadableStream<Uint8Array> | undefined): Promise<number> {
  let length = 0;
  for await (const chunk of stream!) length += chunk.length;
  return length;
}

Deno.test("zip: what is forged here is an archive, to begin with", async () => {
  const store = storeOf([{ name: "a", content: "alpha" }, { name: "dir/b", content: "beta", deflate: true }]);
  assert.deepEqual(await pathsOf(store), ["a", "dir", "dir/b"]);
  assert.deepEqual(await store.read("a"), bytesOf("alpha"));
  assert.deepEqual(await store.read("dir/b"), bytesOf("beta"));
});

Deno.test("zip: a name that leads out, or holds NUL, makes the archive corrupt", async () => {
  for (const name of ["../evil", "a/../../evil", "a/../b", "..", "a/..", "/../evil", "a\0b", "dir/../"]) {
    const store = storeOf([{ name: "good", content: "x" }, { name, content: name.endsWith("/") ? "" : "evil" }]);
    for (
      const call of [
        () => store.read("good"),
        () => store.stat("evil"),
        () => pathsOf(store),
        () => store.openRead("good"),
        () => store.readSymlink("good"),
      ]
    ) {
      await assert.rejects(call(), (error) => isStorageError(error, "corrupt") && /a name with/.test(error.message));
    }
  }
});

Deno.test("zip: absolute names are folded; drive letters and backslashes are characters", async () => {
  const names = ["/etc/passwd", "C:\\Windows\\x", "C:/x", "..\\evil", "./a//b/./c", "//server/share", "\\\\server\\x"];
  const store = storeOf(names.map((name) => ({ name, content: name })));
  assert.deepEqual(await pathsOf(store), [
    "..\\evil",
    "C:",
    "C:/x",
    "C:\\Windows\\x",
    "\\\\server\\x",
    "a",
    "a/b",
    "a/b/c",
    "etc",
    "etc/passwd",
    "server",
    "server/share",
  ]);
  assert.deepEqual(await store.read("etc/passwd"), bytesOf("/etc/passwd"));
  assert.deepEqual(await store.read("..\\evil"), bytesOf("..\\evil"));
});

Deno.test("zip: a name that is there twice, or a file and a directory, makes the archive corrupt", async () => {
  const twice: Forged[][] = [
    [{ name: "a", content: "1" }, { name: "a", content: "2" }],
    [{ name: "a", content: "1" }, { name: "./a", content: "2" }],
    [{ name: "/a", content: "1" }, { name: "a", content: "1" }],
    [{ name: "a", content: "1" }, { name: "a/" }],
    [{ name: "a/" }, { name: "a", content: "1" }],
    [{ name: "a", content: "1" }, { name: "a/b", content: "2" }],
    [{ name: "a/b", content: "2" }, { name: "a", content: "1" }],
    [{ name: "link", content: "/etc", mode: 0o120777 }, { name: "link/passwd", content: "evil" }],
    [{ name: "/", content: "x" }],
    [{ name: "", content: "x" }],
  ];
  for (const entries of twice) {
    await assert.rejects(storeOf(entries).stat(""), { code: "corrupt" }, entries.map(({ name }) => name).join());
  }
  assert.deepEqual(await pathsOf(storeOf([{ name: "a/" }, { name: "a/" }, { name: "/" }])), ["a"]);
});

Deno.test("zip: links are followed within the archive, and lead nowhere outside", async () => {
  const secret = await Deno.makeTempFile({ prefix: "polystore-zip-" });
  try {
    await Deno.writeTextFile(secret, "secret");
    const link = (name: string, content: string): Forged => ({ name, content, mode: 0o120777 });
    const store = storeOf([
      { name: "dir/file", content: "content" },
      link("to-file", "dir/file"),
      link("to-dir", "./dir/"),
      link("dir/up", "../dir/file"),
      link("absolute", secret),
      link("dir/out", `../../..${secret}`),
      link("broken", "nothing"),
      link("circle", "circle"),
      link("a", "b"),
      link("b", "a"),
      link("nul", "dir/file\0"),
      { ...link("deflated", "dir/file"), deflate: true },
    ]);
    for (const path of ["to-file", "to-dir/file", "dir/up", "to-dir/up", "deflated"]) {
      assert.deepEqual(await store.read(path), bytesOf("content"), path);
      assert.equal((await store.stat(path))?.size, 7, path);
    }
    for (
      const path of ["absolute", "dir/out", "to-dir/out", "broken", "circle", "a", "nul", "absolute/x", "to-file/x"]
    ) {
      assert.equal(await store.read(path), undefined, path);
      assert.equal(await store.stat(path), undefined, path);
      assert.equal(await store.openRead(path), undefined, path);
    }
    assert.equal(await store.readSymlink("to-file"), "dir/file");
    assert.equal(await store.readSymlink("to-dir"), "dir");
    assert.equal(await store.readSymlink("dir/up"), "dir/file");
    assert.equal(await store.readSymlink("to-dir/up"), "dir/file");
    assert.equal(await store.readSymlink("absolute"), secret);
    assert.match((await store.readSymlink("dir/out"))!, /^\.\.\//);
    assert.equal(await store.readSymlink("dir/file"), undefined);
    assert.equal(await store.readSymlink("dir"), undefined);
    assert.deepEqual(await Array.fromAsync(store.list("to-dir"), ({ path, kind }) => `${path} ${kind}`), [
      "to-dir/file file",
      "to-dir/out symlink",
      "to-dir/up symlink",
    ]);
    const kinds = await Array.fromAsync(store.list("", { shallow: true }), ({ path, kind }) => `${path} ${kind}`);
    assert(kinds.includes("to-dir symlink") && kinds.includes("absolute symlink"), kinds.join());
  } finally {
    await Deno.remove(secret);
  }
});

Deno.test("zip: a link whose text is too long is corrupt, and reads no more than that", async () => {
  const store = storeOf([{ name: "a", content: "x".repeat(5000), mode: 0o120777 }, { name: "b", content: "b" }]);
  await assert.rejects(store.read("a"), { code: "corrupt" });
  assert.deepEqual(await store.read("b"), bytesOf("b"));
});

Deno.test("zip: bombs are refused before they are inflated, by size and by ratio", async () => {
  const content = new Uint8Array(8 * 1024 * 1024);
  const entries: Forged[] = [{ name: "bomb", content, deflate: true }, {
    name: "stored",
    content: content.slice(0, 5000),
  }];
  const cases: [ZipReadOptions, RegExp][] = [[{ maxSize: 1000 }, /maxSize \(1000\)/], [
    { maxRatio: 100 },
    /maxRatio \(100\)/,
  ]];
  for (const [options, message] of cases) {
    const store = storeOf(entries, options);
    for (
      const call of [
        () => store.read("bomb"),
        () => store.read("bomb", { range: { suffix: 1 } }),
        () => store.openRead("bomb"),
      ]
    ) {
      await assert.rejects(call, (error) => isStorageError(error, "unsupported") && message.test(error.message));
    }
    assert.equal((await store.stat("bomb"))?.size, content.length);
    assert.equal((await store.read("stored"))?.length, 5000, "what is not compressed is no bomb");
  }
  assert.equal((await storeOf(entries).read("bomb"))?.length, content.length);
});

Deno.test("zip: a content that is larger than its headers say is cut off there, and corrupt", async () => {
  const content = new Uint8Array(64 * 1024 * 1024);
  for (const size of [0, 1, 1000, 2_000_000, 20_000_000]) {
    const lie = { size };
    const store = storeOf([{ name: "bomb", content, deflate: true, central: lie, local: lie }]);
    await assert.rejects(store.read("bomb"), { code: "corrupt" }, `${size}`);
    await assert.rejects(async () => await drain(await store.openRead("bomb")), { code: "corrupt" }, `${size}`);
  }
  // What is announced is all that comes, also of a range that ends before.
  const lie = { size: 20_000_000 };
  const store = storeOf([{ name: "bomb", content, deflate: true, central: lie, local: lie }]);
  assert.equal((await store.read("bomb", { range: { offset: 5, length: 10 } }))?.length, 10);
});

Deno.test("zip: a size that no bytes can inflate to is corrupt, and nothing is made as large as it", async () => {
  for (const size of [100_000, 0x7fff_ffff, 0xffff_fffe]) {
    const lie = { size };
    const store = storeOf([{ name: "a", content: "abc", deflate: true, central: lie, local: lie }]);
    await assert.rejects(store.read("a"), { code: "corrupt" });
    await assert.rejects(store.openRead("a"), { code: "corrupt" });
    const stored = storeOf([{ name: "a", content: "abc", central: lie, local: lie }]);
    await assert.rejects(stored.read("a"), { code: "corrupt" });
  }
});

Deno.test("zip: entries that overlap are corrupt", async () => {
  // The first says that all that follows it is its own; or two are at the same place.
  const first: Forged = { name: "a", content: "aaaa" };
  const size = { compressed: 60, size: 60 };
  const quoting = storeOf([{ ...first, central: size, local: size }, { name: "b", content: "b".repeat(100) }]);
  await assert.rejects(quoting.read("a"), { code: "corrupt", detail: /overlaps/ });
  assert.deepEqual(await quoting.read("b"), bytesOf("b".repeat(100)));
  const same = storeOf([first, { name: "b", content: "aaaa", offset: 0, ghost: true }]);
  await assert.rejects(same.read("a"), { code: "corrupt" });
  await assert.rejects(same.read("b"), { code: "corrupt" });
  // The last reaches into the directory.
  const last = { compressed: 40, size: 40 };
  const reaching = storeOf([{ ...first, central: last, local: last }]);
  await assert.rejects(reaching.read("a"), { code: "corrupt" });
  await assert.rejects(storeOf([{ name: "a", content: "x", offset: 5000 }]).read("a"), { code: "corrupt" });
});

Deno.test("zip: a wrong checksum is corrupt, read whole or as a stream", async () => {
  for (const deflate of [false, true]) {
    for (const size of [100, 6_000_000]) {
      const lie = { crc32: 0xdead_beef };
      const store = storeOf([{ name: "a", content: new Uint8Array(size).fill(7), deflate, central: lie, local: lie }]);
      await assert.rejects(store.read("a"), { code: "corrupt", detail: /checksum/ });
      await assert.rejects(async () => await drain(await store.openRead("a")), { code: "corrupt", detail: /checksum/ });
    }
  }
});

Deno.test("zip: a byte that was changed is noticed, wherever it is", async () => {
  const content = bytesOf("some text, some more text, some text again");
  for (const level of [0, 6]) {
    const whole = await zipOf([["a.txt", content], ["b.txt", content]], { level, extendedTimestamp: false });
    let noticed = 0;
    for (let at = 0; at < whole.length; at++) {
      const bytes = whole.slice();
      bytes[at]! ^= 0x21;
      const store = new ZipStore({ bytes });
      const read = async (path: string): Promise<Uint8Array | string | undefined> => {
        try {
          return await store.read(path);
        } catch (error) {
          if (!isStorageError(error, "corrupt", "unsupported")) throw error;
          noticed++;
          return "noticed";
        }
      };
      for (const path of ["a.txt", "b.txt"]) {
        const outcome = await read(path);
        if (outcome instanceof Uint8Array) assert.deepEqual(outcome, content, `byte ${at} of level ${level}`);
      }
    }
    assert(noticed > content.length, `${noticed}`);
  }
});

Deno.test("zip: an archive that is cut is corrupt, wherever it is cut", async () => {
  const whole = await zipOf([["a.txt", "some text"], ["dir/b.txt", "more text"]]);
  for (let length = 0; length < whole.length; length++) {
    const store = new ZipStore({ bytes: whole.subarray(0, length) });
    await assert.rejects(store.read("a.txt"), (error) => isStorageError(error, "corrupt"), `${length} bytes`);
  }
});

Deno.test("zip: bytes that are no archive are corrupt", async () => {
  for (
    const bytes of [
      new Uint8Array(),
      bytesOf("no archive"),
      new Uint8Array(100_000),
      crypto.getRandomValues(new Uint8Array(60_000)),
    ]
  ) {
    await assert.rejects(new ZipStore({ bytes }).stat("a"), { code: "corrupt" });
  }
});

Deno.test("zip: headers that differ from the directory are corrupt", async () => {
  const lies: Partial<Forged>[] = [
    { local: { name: "b" } },
    { local: { name: "longer" } },
    { local: { method: 8 } },
    { local: { flags: 0x801 } },
    { local: { crc32: 1 } },
    { local: { size: 1 } },
    { local: { compressed: 1 } },
    { central: { method: 8 } },
    { central: { size: 3, compressed: 3 } },
  ];
  for (const lie of lies) {
    const store = storeOf([{ name: "a", content: "alpha", ...lie }]);
    await assert.rejects(store.read("a"), { code: "corrupt" }, JSON.stringify(lie));
    await assert.rejects(
      store.read("a", { range: { offset: 1, length: 1 } }),
      { code: "corrupt" },
      JSON.stringify(lie),
    );
    await assert.rejects(store.openRead("a"), { code: "corrupt" }, JSON.stringify(lie));
  }
});

Deno.test("zip: what is encrypted or compressed in another way is listed, and unsupported when it is read", async () => {
  const bytes = await zipOf([
    ["secret", "x", { password: "p", encryptionStrength: 3 }],
    ["old secret", "x", { password: "p", zipCrypto: true }],
    ["open", "o"],
  ]);
  const store = new ZipStore({ bytes });
  assert.deepEqual(await pathsOf(store), ["old secret", "open", "secret"]);
  for (const path of ["secret", "old secret"]) {
    await assert.rejects(
      store.read(path),
      (error) => isStorageError(error, "unsupported") && /encrypted/.test(error.message),
    );
    await assert.rejects(store.openRead(path), { code: "unsupported" });
  }
  assert.deepEqual(await store.read("open"), bytesOf("o"));
  for (const method of [1, 9, 12, 14, 93, 95, 98]) {
    const other = { method };
    const store = storeOf([{ name: "a", content: "x", central: other, local: other }]);
    await assert.rejects(store.read("a"), { code: "unsupported", detail: new RegExp(`method ${method}`) });
  }
});

Deno.test("zip: an archive in several parts is unsupported", async () => {
  const bytes = forge([{ name: "a", content: "x" }]);
  const view = new DataView(bytes.buffer);
  view.setUint16(bytes.length - 22 + 4, 3, true);
  view.setUint16(bytes.length - 22 + 6, 3, true);
  await assert.rejects(new ZipStore({ bytes }).read("a"), (error) => isStorageError(error, "unsupported", "corrupt"));
});

Deno.test("zip: thousands of forged archives end in an answer or an error of ours, and soon", async () => {
  const whole = await zipOf([["a.txt", "some text"], ["dir/b.txt", "more text"]], { zip64: true });
  const random = crypto.getRandomValues(new Uint32Array(3 * 2000));
  for (let i = 0; i < 2000; i++) {
    const bytes = whole.slice();
    for (let j = 0; j < 3; j++) bytes[random[3 * i + j]! % bytes.length] = random[3 * i + j]! >>> 24;
    const store = new ZipStore({ bytes });
    try {
      await pathsOf(store);
      await store.read("a.txt");
      await store.read("dir/b.txt");
    } catch (error) {
      if (!isStorageError(error, "corrupt", "unsupported")) throw error;
    }
  }
});

Deno.test("zip: an archive that is missing, or a directory, is unavailable: it is not that an entry is missing", async () => {
  const store = new MemoryStore();
  await store.write("dir/file", bytesOf("x"));
  for (const path of ["nothing.zip", "dir"]) {
    const zip = new ZipStore({ store, path });
    for (const call of [() => zip.read("a"), () => zip.stat("a"), () => zip.openRead("a"), () => pathsOf(zip)]) {
      await assert.rejects(call, (error) => isStorageError(error, "unavailable") && error.message.includes(path));
    }
  }
});

Deno.test("zip: options that make no sense are refused", () => {
  const bytes = new Uint8Array();
  for (const options of [{ maxSize: -1 }, { maxRatio: NaN }, { maxAge: -1 }]) {
    assert.throws(() => new ZipStore({ bytes, ...options }), RangeError);
  }
  // @ts-expect-error: no archive
  assert.throws(() => new ZipStore({}), TypeError);
  // @ts-expect-error: no path in the store
  assert.throws(() => new ZipStore({ store: new MemoryStore() }), TypeError);
});
