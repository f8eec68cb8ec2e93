import { RemoteArtifacts } from "@polystore/polystore/artifacts";
import { SqliteStore } from "@polystore/polystore/stores";
import { serving } from "./serving.ts";
import { testArtifactStorage } from "./storage_contract.ts";

const value = (n: number): string => `{"n":${n}}`;

testArtifactStorage("RemoteArtifacts", () => {
  const server = serving();
  return Promise.resolve({
    storage: new RemoteArtifacts("Research.losses", { port: server.port }),
    again: new RemoteArtifacts("Research.losses", { port: server.port }),
    dispose: () => server[Symbol.asyncDispose]() as Promise<void>,
  });
}, { value, numRuns: 10 });

testArtifactStorage("RemoteArtifacts, two servers over one SQLite file", async () => {
  const directory = await Deno.makeTempDir({ prefix: "polystore-artifacts-" });
  const stores = [1, 2].map(() => new SqliteStore({ path: `${directory}/a.db` }));
  const [one, two] = stores.map((store) => serving({ store }));
  return {
    storage: new RemoteArtifacts("a", { port: one!.port }),
    again: new RemoteArtifacts("a", { port: two!.port }),
    async dispose(): Promise<void> {
      await one![Symbol.asyncDispose]();
      await two![Symbol.asyncDispose]();
      for (const store of stores) await store.close();
      await Deno.remove(directory, { recursive: true });
    },
  };
}, { value, numRuns: 3 });
