import assert from "node:assert/strict";
import { canRun, denoArgs, LONG, REPOSITORY, runCommand, say, snapshot, withBox } from "../disk/setup.ts";

const STRACE = Deno.build.os === "linux" && canRun("strace", "-f", "-qq", "-o", "/dev/null", "true");
if (!STRACE) say("skipped: faults of the system, because strace is missing or may not trace here");

/** What the child tells: it resolved, or the error of ours, or one that is not ours. */
interface Told {
  readonly resolved?: boolean;
  readonly code?: string;
  readonly message?: string;
  readonly foreign?: string;
}

/** A fault, and what may come of it. */
interface Fault {
  readonly call: string;
  /** As strace wants it: the system calls, the error, which of them in each thread. */
  readonly inject: string;
  /** Only calls about this file of the root; `""` is the root itself. */
  readonly about?: string;
  readonly code: string;
  /** Whether the new content may be there although the call failed: it was published, and what came after failed. */
  readonly published?: boolean;
}

const RENAMES = "rename,renameat,renameat2";
const FAULTS: Readonly<Record<string, Fault>> = {
  "the sync of a file fails": { call: "save", inject: "fsync,fdatasync:error=EIO:when=1", code: "io" },
  "the sync of a directory fails": {
    call: "save",
    inject: "fsync,fdatasync:error=EIO",
    about: "",
    code: "io",
    published: true,
  },
  "the renaming fails": { call: "save", inject: `${RENAMES}:error=EIO`, code: "io" },
  "the sync of a batch fails": { call: "batch", inject: "fsync,fdatasync:error=EIO:when=1", code: "io" },
  "making the name of a new file fails": { call: "create", inject: "link,linkat:error=EIO", code: "io" },
  "reading fails": { call: "read", inject: "read,pread64:error=EIO", about: "big.bin", code: "io" },
  "reading a stream fails": { call: "stream", inject: "read,pread64:error=EIO:when=2+", about: "big.bin", code: "io" },
  ...(LONG && {
    "the sync of a large file fails": { call: "big", inject: "fsync,fdatasync:error=EIO:when=1", code: "io" },
    "the sync of a stream fails": { call: "write", inject: "fsync,fdatasync:error=EIO:when=1", code: "io" },
    "there is no room for the name": { call: "create", inject: "link,linkat:error=ENOSPC", code: "no-space" },
  }),
};

async function inject(root: string, { call, inject, about }: Fault): Promise<Told> {
  const { stdout, stderr } = await runCommand("strace", [
    ...["-f", "-qq", "-o", "/dev/null", "--seccomp-bpf"],
    ...(about === undefined ? [] : ["-P", about === "" ? root : `${root}/${about}`]),
    ...["-e", `trace=${inject.split(":")[0]}`, "-e", `inject=${inject}`],
    Deno.execPath(),
    ...denoArgs(`${REPOSITORY}tests/crash/faulty.ts`, ["-A"], [root, call]),
  ]);
  assert.notEqual(stdout, "", `the child said nothing: ${stderr}`);
  return JSON.parse(stdout) as Told;
}

for (const [name, fault] of Object.entries(FAULTS)) {
  Deno.test({
    name: `fault: where ${name}, the call says so and leaves the old content and nothing else`,
    ignore: !STRACE,
    fn: () =>
      withBox(async ({ root }) => {
        await Deno.writeTextFile(`${root}/file.txt`, "old");
        await Deno.writeFile(`${root}/big.bin`, new Uint8Array(3_000_000));
        const before = snapshot(root);
        const told = await inject(root, fault);
        assert.equal(told.foreign, undefined, `an error that is not ours: ${told.foreign}`);
        assert.equal(told.code, fault.code, `expected ${fault.code}: ${Deno.inspect(told)}`);
        if (fault.published) before.set("file.txt", snapshot(root).get("file.txt")!);
        assert.deepEqual(snapshot(root), before);
        assert(["old", "new"].includes(await Deno.readTextFile(`${root}/file.txt`)));
      }),
  });
}

Deno.test({
  name: "fault: where the file system has no hard links, a file can be created all the same",
  ignore: !STRACE,
  fn: () =>
    withBox(async ({ root }) => {
      const told = await inject(root, { call: "create", inject: "link,linkat:error=EPERM", code: "" });
      assert.deepEqual(told, { resolved: true });
      assert.equal(await Deno.readTextFile(`${root}/created.txt`), "new");
      assert.deepEqual([...snapshot(root).keys()], ["created.txt"]);
    }),
});
