import assert from "node:assert/strict";
import { isStorageError } from "../../backends/errors.ts";
import { DiskStore, RemoteStore, SqliteStore, type Store } from "../../backends/stores/mod.ts";
import { checkStore } from "../conformance/mod.ts";
import { leftovers, LONG, seeded, withBox } from "../disk/setup.ts";
import { anySize, makeBlock, readBlock } from "./block.ts";
import { Child } from "./child.ts";
import { kills } from "./kills.ts";

const KILLS = LONG ? 100 : 8;

/** Starts a server in a process of its own. */
async function start(kind: string, directory: string): Promise<{ child: Child; url: string }> {
  const child = new Child("remote_server.ts", [kind, directory]);
  const port = /^port (\d+)$/.exec(await child.line() ?? "")?.[1];
  if (port === undefined) await child.kill();
  assert(port !== undefined, "the server did not start");
  return { child, url: `http://127.0.0.1:${port}/v1/files/it` };
}

/** Uploads in a way of its own until the server is gone; answers the numbers that were told as done, and why it ended. */
async function upload(
  write: (bytes: Uint8Array) => Promise<unknown>,
  first: number,
  random: () => number,
): Promise<{ done: number; error: unknown }> {
  let done = 0;
  for (let number = first;; number++) {
    try {
      await write(makeBlock(number, anySize(random)));
      done = number;
    } catch (error) {
      return { done, error };
    }
  }
}

async function stream(store: RemoteStore, path: string, bytes: Uint8Array): Promise<void> {
  const writer = (await store.openWrite(path)).getWriter();
  writer.closed.catch(() => {/* told by the write */});
  for (let at = 0; at < bytes.length; at += 65_536) await writer.write(bytes.subarray(at, at + 65_536));
  await writer.close();
}

for (const kind of ["disk", "sqlite"]) {
  Deno.test(`kill -9 of a server of ${kind}: uploads are whole or absent, and told apart, ${KILLS} times`, () =>
    withBox(async ({ root }) => {
      const { random } = seeded(`kill -9 of a server of ${kind}`);
      const done = new Map<string, number>();
      let hidden = 0;
      const shown = (): boolean => done.size >= 3 && (kind !== "disk" || hidden > 0);
      for (const kill of kills(KILLS, shown)) {
        const { child, url } = await start(kind, root);
        const store = new RemoteStore({ url, timeout: 10_000 });
        const ways: Record<string, (bytes: Uint8Array) => Promise<unknown>> = {
          "write.bin": (bytes) => store.write("write.bin", bytes),
          "dir/stream.bin": (bytes) => stream(store, "dir/stream.bin", bytes),
          "batch.bin": (bytes) => store.writeMany([{ path: "batch.bin", bytes }]),
          "if.bin": async (bytes) => {
            const etag = (await store.stat("if.bin"))?.etag;
            await store.write("if.bin", bytes, etag === undefined ? { ifAbsent: true } : { ifMatch: etag });
          },
        };
        await store.stat("");
        const uploads = Object.entries(ways).map(async ([path, write]) => {
          const ended = await upload(write, kill * 1_000_000, random);
          if (ended.done > 0) done.set(path, ended.done);
          assert(isStorageError(ended.error, "unavailable"), `${path}: ${ended.error}`);
          if (path !== "if.bin") assert(ended.error.retryable, `${path}: ${ended.error}`);
        });
        await new Promise((resolve) => setTimeout(resolve, 20 + random() * 150));
        await child.kill();
        await Promise.all(uploads);
        await store.close();
        if (kind === "disk") hidden += leftovers(root).length;
        await verify(kind, root, done, `after kill ${kill}`);
      }
      assert(done.size >= 3, `only ${[...done.keys()]} were ever told as done`);
      if (kind === "disk") assert(hidden > 0, "no kill ever met an upload: the test does not test");
    }));
}

/** What was told as done is there, or what came after it; everything is whole; nothing is left over. */
async function verify(kind: string, root: string, done: ReadonlyMap<string, number>, when: string): Promise<void> {
  const store: Store & { sweep(...all: never[]): Promise<number> } = kind === "disk"
    ? new DiskStore({ root })
    : new SqliteStore({ path: `${root}/store.db` });
  for await (const { path, kind } of store.list!("")) {
    if (kind !== "file" || path.startsWith("store.db")) continue;
    const number = readBlock((await store.read(path))!, `${when}: ${path}`);
    assert(number >= (done.get(path) ?? 0), `${when}: ${path} holds ${number}, and ${done.get(path)} was told as done`);
  }
  for (const path of done.keys()) assert(await store.stat(path), `${when}: ${path} is gone`);
  if (store instanceof DiskStore) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    await store.sweep("", { olderThan: 0 });
    assert.deepEqual(leftovers(root), [], when);
  } else await (store as SqliteStore).sweep({ olderThan: 0 });
  await store.close?.();
}

Deno.test("a server in a process of its own keeps what it promises", () =>
  withBox(async ({ root }) => {
    const { child, url } = await start("sqlite", root);
    try {
      let made = 0;
      const verdicts = await checkStore(async () => {
        const store = new RemoteStore({ url, timeout: 60_000 });
        if (made++ > 0) await store.deleteTree("");
        return store;
      }, { numRuns: 3, only: ONLY });
      for (const { promise, outcome, error } of verdicts) assert.equal(outcome, "kept", `${promise.id}: ${error}`);
    } finally {
      await child.kill();
    }
  }));

/** What a wire could break. */
const ONLY = [
  "write/aborted",
  "write/random-operations",
  "openRead/whole",
  "openRead/range",
  "openRead/replaced",
  "openRead/cancel",
  "openWrite/large",
  "openWrite/aborted",
  "openWrite/conditions-at-close",
  "openWrite/source-fails",
  "writeMany/source-fails",
  "writeMany/source-released",
  "watch/changes",
  "watch/many",
  "list/after",
];
