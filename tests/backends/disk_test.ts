import { DiskBackend } from "../../backends/disk.ts";
import { backendPromises, type OpenedBackend, testBackend } from "../conformance/mod.ts";

async function open(durability: "full" | "fast"): Promise<OpenedBackend> {
  const root = await Deno.makeTempDir({ prefix: "polystore-" });
  return {
    backend: new DiskBackend({ root, durability }),
    reopen: () => Promise.resolve(new DiskBackend({ root, durability })),
    dispose: () => Deno.remove(root, { recursive: true }),
  };
}

async function openUnrooted(): Promise<OpenedBackend> {
  const base = await Deno.makeTempDir({ prefix: "polystore-" });
  return {
    backend: new DiskBackend({ durability: "fast" }),
    base,
    systemPaths: true,
    reopen: () => Promise.resolve(new DiskBackend({ durability: "fast" })),
    dispose: () => Deno.remove(base, { recursive: true }),
  };
}

// Names are kept the same way by all three; thousands of files take their time.
const unnamed = backendPromises.map(({ id }) => id).filter((id) => !id.includes("/names"));
await testBackend("disk, fast", () => open("fast"), { numRuns: 30 });
await testBackend("disk, full", () => open("full"), { numRuns: 10, only: unnamed });
await testBackend("disk, without a root", openUnrooted, { numRuns: 20, only: unnamed });
