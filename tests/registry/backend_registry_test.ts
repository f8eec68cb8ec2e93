import {
  type BackendBase,
  BackendRegistry,
  DiskBackend,
  ensureStorageRegistry,
  FileManager,
  getBackend,
  isStorageError,
  MemoryBackend,
  registerBackend,
  registry,
  resetMemoryBackend,
  StorageBackend,
} from "@polystore/polystore";
import assert from "node:assert/strict";

Deno.test("BackendRegistry knows the built-in backends, and those whose class was defined", () => {
  const names = new BackendRegistry().keys();
  assert(names.includes("memory") && names.includes("disk"));

  class Mine extends MemoryBackend {
    static override readonly backendType = "Registry_Test_Mine";
    static {
      registerBackend(this);
    }
  }
  const own = new BackendRegistry();
  assert(own.has("registry_test_mine"));
  assert(own.has("REGISTRY_TEST_MINE"));
  assert(own.get("Registry_Test_Mine") instanceof Mine);
});

Deno.test("BackendRegistry constructs on first use, once", () => {
  let made = 0;
  const own = new BackendRegistry();
  own.register("counted", () => {
    made++;
    return new MemoryBackend();
  });
  assert(own.has("counted") && own.keys().includes("counted") && own.size >= 3 && [...own].includes("counted"));
  assert.equal(made, 0);
  assert.equal(own.get("counted"), own.get("Counted"));
  assert.equal(made, 1);
});

Deno.test("BackendRegistry.get() lists the names, and what was meant, for an unknown one", () => {
  const own = new BackendRegistry();
  own.register("results", new MemoryBackend());
  assert.throws(() => own.get("result"), (error) => {
    assert(isStorageError(error, "unknown-backend"));
    assert.match(error.message, /"result".*"memory".*"results".*did you mean "results"/);
    return true;
  });
});

Deno.test("BackendRegistry.get() tries a failed construction again, and keeps its cause", () => {
  const cause = new Error("no such drive");
  let attempts = 0;
  const own = new BackendRegistry();
  own.register("flaky", () => {
    if (attempts++ === 0) throw cause;
    return new MemoryBackend();
  });
  assert.throws(() => own.get("flaky"), (error) => {
    assert(isStorageError(error, "io"));
    assert.equal(error.cause, cause);
    assert.match(error.message, /no such drive/);
    return true;
  });
  assert(own.get("flaky") instanceof MemoryBackend);
});

Deno.test("BackendRegistry.register() refuses a name that is taken, unless it is to replace", () => {
  const own = new BackendRegistry();
  const mine = new MemoryBackend();
  assert.throws(() => own.register("Memory", mine), { code: "already-exists" });
  own.register("Memory", mine, { replace: true });
  assert.equal(own.get("memory"), mine);
  assert.notEqual(new BackendRegistry().get("memory"), mine);
  assert.throws(() => own.register(" ", mine), { code: "invalid-argument" });
});

Deno.test("BackendRegistry.register() takes an instance, a function and a class, the same class under several names", () => {
  const own = new BackendRegistry();
  own.register("a", DiskBackend);
  own.register("b", () => new DiskBackend({ root: "b" }));
  own.register("c", new DiskBackend({ root: "c" }));
  const made = ["a", "b", "c"].map((name) => own.get<BackendBase>(name));
  assert(made.every((backend) => backend instanceof DiskBackend));
  assert.equal(new Set(made).size, 3);
});

Deno.test("registerBackend() refuses an inherited name, missing methods and a duplicate", () => {
  class Heir extends MemoryBackend {}
  assert.throws(() => registerBackend(Heir), {
    code: "invalid-argument",
    message: /Heir must have a "static readonly/,
  });

  class Incomplete extends (StorageBackend as unknown as typeof MemoryBackend) {
    static override readonly backendType = "incomplete";
  }
  assert.throws(() => registerBackend(Incomplete), {
    code: "invalid-argument",
    message: /Incomplete cannot be registered: it lacks load, stat, entries, save, delete/,
  });
  assert(!new BackendRegistry().has("incomplete"));

  class Twin extends MemoryBackend {
    static override readonly backendType = "memory";
  }
  assert.throws(() => registerBackend(Twin), { code: "already-exists" });
  registerBackend(Twin, { replace: true });
  try {
    assert(new BackendRegistry().get("memory") instanceof Twin);
  } finally {
    registerBackend(MemoryBackend, { replace: true });
  }
});

Deno.test("BackendRegistry.close() closes what it constructed, the last first, then runs every cleanup", async () => {
  const closed: string[] = [];
  class Closing extends MemoryBackend {
    constructor(readonly name: string) {
      super();
    }
    override close(): Promise<void> {
      closed.push(this.name);
      return this.name === "b" ? Promise.reject(new Error("b does not close")) : Promise.resolve();
    }
  }
  const own = new BackendRegistry();
  for (const name of ["a", "b", "c"]) own.register(name, () => new Closing(name));
  own.register("given", new Closing("given"));
  for (const name of ["a", "b", "given"]) own.get(name);
  const cleanup = (): void => void closed.push("cleanup");
  own.onCleanup(cleanup);
  own.onCleanup(cleanup);
  const takeBack = own.onCleanup(() => void closed.push("taken back"));
  takeBack();
  await assert.rejects(own.close(), (error) => error instanceof AggregateError && error.errors.length === 1);
  assert.deepEqual(closed, ["b", "a", "cleanup"]);
  assert.equal((own.get("a") as Closing).name, "a");
});

Deno.test("BackendRegistry closes with `await using`", async () => {
  let closed = 0;
  class Closing extends MemoryBackend {
    override close(): Promise<void> {
      closed++;
      return Promise.resolve();
    }
  }
  {
    await using own = new BackendRegistry();
    own.register("closing", () => new Closing());
    own.get("closing");
  }
  assert.equal(closed, 1);
});

Deno.test("two file managers on one registry share its backends; separate objects isolate", async () => {
  const own = new BackendRegistry();
  const one = new FileManager(own);
  const two = new FileManager(own);
  await one.save(1, "shared", "memory");
  assert.equal(await two.load("shared", "memory"), 1);
  const other = new FileManager({ memory: new MemoryBackend() });
  assert.equal(await other.exists("shared", "memory"), false);
});

Deno.test("the shared registry: getBackend(), ensureStorageRegistry(), resetMemoryBackend()", async () => {
  assert.equal(ensureStorageRegistry(), registry);
  const memory = getBackend("memory");
  assert.equal(memory, registry.get("Memory"));
  await memory.save(1, "plate/raw/a");
  await memory.createSymlink("plate/raw/a", "plate/link");
  resetMemoryBackend();
  assert.deepEqual(await memory.listFiles("", { recursive: true }), []);
  assert.deepEqual(await memory.listDir("plate"), ["raw"]);

  const own = new BackendRegistry();
  own.register("memory", new DiskBackend(), { replace: true });
  assert.throws(() => resetMemoryBackend(own), { code: "unsupported" });
});
