import { DiskBackend } from "../../backends/disk.ts";
import { MemoryBackend } from "../../backends/memory.ts";
import { RemoteBackend } from "../../backends/remote.ts";
import { SqliteBackend } from "../../backends/sqlite.ts";
import { StoreBackend } from "../../backends/store_backend.ts";
import { MemoryStore } from "../../backends/stores/mod.ts";
import type { BackendBase } from "../../backends/data_source.ts";
import { backendPromises, type OpenedBackend, testBackend } from "../conformance/mod.ts";
import { PATIENCE, serve } from "./setup.ts";

async function remote(make: (directory: string) => BackendBase): Promise<OpenedBackend> {
  const directory = await Deno.makeTempDir({ prefix: "polystore-remote-" });
  let behind = make(directory);
  let site = serve(behind);
  let backend = new RemoteBackend({ url: site.url, timeout: PATIENCE });
  return {
    backend,
    async reopen() {
      await backend.close();
      await site[Symbol.asyncDispose]();
      await behind.close();
      behind = make(directory);
      site = serve(behind);
      return backend = new RemoteBackend({ url: site.url, timeout: PATIENCE });
    },
    async dispose() {
      await site[Symbol.asyncDispose]();
      await behind.close();
      await Deno.remove(directory, { recursive: true });
    },
  };
}

async function remoteOnce(make: () => BackendBase): Promise<OpenedBackend> {
  const { backend, dispose } = await remote(make);
  return { backend, ...(dispose && { dispose }) };
}

// Names are kept the same way by all of them; thousands of files take their time.
const unnamed = backendPromises.map(({ id }) => id).filter((id) => !id.includes("/names"));
await testBackend("remote memory", () => remoteOnce(() => new StoreBackend(new MemoryStore())), { numRuns: 10 });
await testBackend("remote disk", () => remote((root) => new DiskBackend({ root, durability: "fast" })), {
  numRuns: 5,
  only: unnamed,
});
await testBackend(
  "remote sqlite",
  () => remote((directory) => new SqliteBackend({ path: `${directory}/a.db`, durability: "normal" })),
  { numRuns: 5, only: unnamed },
);

const VALUES = "the backend behind it keeps the value that the bytes stand for, and refuses what stands for none";
await testBackend("remote memory of values", () => remoteOnce(() => new MemoryBackend()), {
  numRuns: 5,
  except: {
    "save/csv": VALUES,
    "save/format-bytes": VALUES,
    "load/corrupt": VALUES,
    "save/names-long-255-bytes": VALUES,
    "copy/any-bytes": VALUES,
    "move/any-bytes": VALUES,
    "stat/size": "the size of a value is not known before it is encoded",
  },
});
