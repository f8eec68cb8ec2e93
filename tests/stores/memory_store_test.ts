import { MemoryStore } from "../../backends/stores/memory_store.ts";
import { testStore } from "../conformance/mod.ts";

await testStore("memory", () => new MemoryStore());
