import { HttpStore, type HttpStoreOptions } from "@polystore/polystore/stores";
import { type OpenedStore, testStore } from "@polystore/polystore/testing";
import { type Kind, serveFiles } from "./servers.ts";

function open(kind: Kind, options: Partial<HttpStoreOptions>, pageSize?: number): OpenedStore {
  const server = serveFiles(kind, pageSize);
  return {
    store: new HttpStore({ url: server.url, ...options }),
    put: async (path, bytes) => void await server.files.write(path, bytes),
    dispose: async () => await server[Symbol.asyncDispose](),
  };
}

await testStore("http, static", () => open("static", { listing: "none" }));
await testStore("http, static, revalidating", () => open("static", { listing: "none", revalidate: 1 << 26 }));
await testStore("http, nginx", () => open("nginx", {}));
await testStore("http, s3", () => open("s3", {}));
await testStore("http, s3, small pages", () => open("s3", { listing: "s3" }, 7));
