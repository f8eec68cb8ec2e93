import { MemoryStore } from "@polystore/polystore/stores";
import assert from "node:assert/strict";
import { StorageError } from "../../backends/errors.ts";
import { entry, Place } from "./place.ts";

Deno.test("server: the log names no key and quotes no value", async () => {
  class Broken extends MemoryStore {
    error: unknown;
    override read(): Promise<never> {
      return Promise.reject(this.error);
    }
  }
  const store = new Broken();
  await using place = new Place({ store });
  const path = "secretkey";
  let quoting: unknown;
  try {
    JSON.parse("secretvalue");
  } catch (error) {
    quoting = error;
  }
  const inner = new StorageError("io", "the disk is gone", { path });
  const errors = [
    new StorageError("corrupt", "it is damaged", { path, cause: quoting }),
    new StorageError("corrupt", "it is damaged", { path, cause: inner }),
    new StorageError("corrupt", "it is damaged").within({ path, operation: "load" }),
  ];
  for (const error of errors) {
    store.error = error;
    await place.expect(500, entry("n", path));
  }
  const notes = place.notes as Record<string, string>[];
  assert.equal(notes.length, errors.length);
  assert(!JSON.stringify(notes).includes("secret"), JSON.stringify(notes));
  for (const note of notes) {
    assert.deepEqual([note.error, note.code], ["it is damaged", "corrupt"]);
    assert.match(note.stack!, /^at .+/);
  }
  assert.deepEqual(notes.map(({ cause }) => cause), ["SyntaxError", "io: the disk is gone", undefined]);
});
