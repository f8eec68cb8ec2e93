import { MemoryBackend } from "../../backends/memory.ts";
import { testBackend } from "../conformance/mod.ts";

await testBackend("memory", () => new MemoryBackend());
