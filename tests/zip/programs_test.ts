import { MemoryStore } from "@polystore/polystore/stores";
import { ZipBackend, ZipStore } from "@polystore/polystore/zip";
import assert from "node:assert/strict";
import { canRun, denoArgs, REPOSITORY, runCommand } from "../disk/setup.ts";
import { bytesOf, zipOf } from "./archives.ts";

async function withDirectory(use: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "polystore-zip-" });
  try {
    await use(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

const PYTHON = `
import io, sys, zipfile
out = sys.argv[1]
with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
    z.writestr("text.txt", "text " * 1000)
    z.writestr("d/ü 日本.txt", "names", compress_type=zipfile.ZIP_STORED)
    z.writestr("empty", b"")
    z.writestr("made/", b"")
    with z.open("streamed.bin", "w", force_zip64=True) as f:
        f.write(bytes(range(256)) * 100)
    link = zipfile.ZipInfo("link")
    link.create_system = 3
    link.external_attr = 0o120777 << 16
    z.writestr(link, "text.txt")
    z.writestr("other.txt", "other", compress_type=zipfile.ZIP_BZIP2)
    z.comment = b"PK comment"
class Pipe(io.RawIOBase):
    def __init__(self, f): self.f = f
    def writable(self): return True
    def write(self, b): return self.f.write(b)
with open(out + ".piped", "wb") as f, zipfile.ZipFile(Pipe(f), "w", zipfile.ZIP_DEFLATED) as z:
    z.writestr("piped.txt", "piped " * 1000)
`;

const python = canRun("python3", "-c", "import zipfile, bz2");
Deno.test({
  name: python ? "zip: archives of Python are read" : "zip: archives of Python (skipped: no python3 with zipfile here)",
  ignore: !python,
  fn: () =>
    withDirectory(async (directory) => {
      const path = `${directory}/a.zip`;
      await runCommand("python3", ["-c", PYTHON, path]);
      const zip = new ZipBackend({ path });
      assert.equal(await zip.load("text.txt"), "text ".repeat(1000));
      assert.equal(await zip.load("d/ü 日本.txt"), "names");
      assert.deepEqual(await zip.load("empty"), new Uint8Array());
      assert.deepEqual(await zip.listDir("made"), []);
      assert.equal(((await zip.load("streamed.bin")) as Uint8Array).length, 25_600);
      assert.equal(await zip.load("link", { format: "text" }), "text ".repeat(1000));
      assert.equal((await zip.stat("link")).target, "text.txt");
      await assert.rejects(zip.load("other.txt"), { code: "unsupported" });
      const piped = new ZipBackend({ path: `${path}.piped` });
      assert.equal(await piped.load("piped.txt"), "piped ".repeat(1000));
    }),
});

const infoZip = canRun("zip", "-v");
Deno.test({
  name: infoZip ? "zip: archives of Info-ZIP are read" : "zip: archives of Info-ZIP (skipped: no zip here)",
  ignore: !infoZip,
  fn: () =>
    withDirectory(async (directory) => {
      await Deno.mkdir(`${directory}/in/ä`, { recursive: true });
      await Deno.writeTextFile(`${directory}/in/ä/text.txt`, "text ".repeat(1000));
      await Deno.writeTextFile(`${directory}/in/b.json`, '{ "b": 1 }');
      await Deno.symlink("b.json", `${directory}/in/link.json`);
      const zip = async (...args: string[]): Promise<void> => {
        const { success, stderr } = await new Deno.Command("zip", { args, cwd: `${directory}/in` }).output();
        assert(success, new TextDecoder().decode(stderr));
      };
      await zip("-qry", "../a.zip", ".");
      await zip("-q", "-P", "secret", "../a.zip", "b.json", "-n", ".x");
      const backend = new ZipBackend({ path: `${directory}/a.zip` });
      assert.equal(await backend.load("ä/text.txt"), "text ".repeat(1000));
      await assert.rejects(backend.load("b.json"), { code: "unsupported" });
      await zip("-q", "../a.zip", "b.json");
      assert.deepEqual(await backend.load("link.json"), { b: 1 });
      assert.equal((await backend.stat("link.json")).target, "b.json");
      const piped = await new Deno.Command("sh", {
        args: ["-c", "cat b.json | zip -q - - > ../piped.zip"],
        cwd: `${directory}/in`,
      }).output();
      assert(piped.success);
      assert.deepEqual(await new ZipBackend({ path: `${directory}/piped.zip` }).load("-", { format: "json" }), {
        b: 1,
      });
    }),
});

Deno.test("permissions: zip needs to read the archive on the disk, and no more; in memory none", () =>
  withDirectory(async (directory) => {
    const path = `${directory}/a.zip`;
    await Deno.writeFile(path, await zipOf([["a.json", '{ "a": 1 }'], ["d/b.bin", new Uint8Array(3_000_000)]]));
    const least = `${REPOSITORY}tests/zip/least.ts`;
    const granted = await runCommand(Deno.execPath(), denoArgs(least, [`--allow-read=${path}`], [path]));
    assert.equal(granted.stdout, "resolved", granted.stderr);
    const denied = await runCommand(Deno.execPath(), denoArgs(least, [], [path]));
    assert.match(denied.stdout, /^permission-denied .*--allow-read/, denied.stderr);
    const memory = await runCommand(Deno.execPath(), denoArgs(least, [], []));
    assert.equal(memory.stdout, "resolved", memory.stderr);
  }));

Deno.test("zip: an archive in a store and its bytes are read the same way", async () => {
  const bytes = await zipOf([["a.txt", "text"]]);
  const store = new MemoryStore();
  await store.write("a.zip", bytes);
  for (const zip of [new ZipStore({ bytes }), new ZipStore({ store, path: "a.zip" })]) {
    assert.deepEqual(await zip.read("a.txt"), bytesOf("text"));
    await zip.close();
    await zip.close();
    assert.deepEqual(await zip.read("a.txt"), bytesOf("text"), "what is not open needs no opening");
  }
});
