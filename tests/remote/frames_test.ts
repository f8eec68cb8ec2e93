import assert from "node:assert/strict";
import { bytesHead, endFrame, type Frame, framesOf, jsonFrame } from "../../backends/stores/frames.ts";
import { concat, MemoryStore } from "../../backends/stores/mod.ts";
import { files } from "../../registry/files.ts";
import { noise } from "../conformance/assertions.ts";

/** Reads frames out of bytes that come in chunks of a size. */
async function read(bytes: Uint8Array, chunk: number): Promise<Frame[]> {
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += chunk) yield await Promise.resolve(bytes.subarray(at, at + chunk));
  }
  return await Array.fromAsync(framesOf(chunks(), "it"));
}

const MESSAGE = concat([
  jsonFrame({ path: "ü", size: 1000 }),
  bytesHead(1000),
  noise(1000),
  bytesHead(0),
  jsonFrame(null),
  endFrame(),
]);

Deno.test("frames: are read however they are cut into chunks", async () => {
  for (const chunk of [1, 2, 3, 7, 500, MESSAGE.length]) {
    const frames = await read(MESSAGE, chunk);
    const bytes = concat(frames.flatMap((frame) => frame.kind === "bytes" ? [frame.bytes] : []));
    assert.deepEqual(bytes, noise(1000));
    const others = frames.filter(({ kind }) => kind !== "bytes");
    assert.deepEqual(others, [
      { kind: "json", value: { path: "ü", size: 1000 } },
      { kind: "json", value: null },
      { kind: "end" },
    ]);
  }
});

Deno.test("frames: what ends before its end is cut, wherever that is", async () => {
  for (let length = 0; length < MESSAGE.length; length += length < 60 || length > 1030 ? 1 : 37) {
    await assert.rejects(read(MESSAGE.subarray(0, length), 64), { code: "unavailable", retryable: true }, `${length}`);
  }
});

Deno.test("files: messages that are no frames, or not what they say, write nothing", async () => {
  const store = new MemoryStore();
  const handler = files({ it: store }, { maxBodySize: 2000 });
  const write = (size: unknown, path: unknown = "a") => jsonFrame({ path, size });
  const bytes = [bytesHead(10), noise(10)];
  const hostile: Record<string, readonly Uint8Array[]> = {
    "nothing": [],
    "no end": [write(10), ...bytes],
    "too few": [write(11), ...bytes, endFrame()],
    "too many": [write(9), ...bytes, endFrame()],
    "no size": [jsonFrame({ path: "a" }), ...bytes, endFrame()],
    "a negative size": [write(-1), endFrame()],
    "a size of no number": [write("10"), ...bytes, endFrame()],
    "too large": [write(2001), endFrame()],
    "bytes of no file": [...bytes, endFrame()],
    "no path": [write(10, 7), ...bytes, endFrame()],
    "a path that leads out": [write(10, "../a"), ...bytes, endFrame()],
    "no JSON": [new Uint8Array([1, 0, 0, 0, 1, 0x7b]), endFrame()],
    "null": [jsonFrame(null), ...bytes, endFrame()],
    "an unknown kind": [new Uint8Array([9, 0, 0, 0, 0]), endFrame()],
    "JSON without end": [new Uint8Array([1, 255, 255, 255, 255])],
    "an end with more": [new Uint8Array([2, 0, 0, 0, 1, 0])],
    "given up": [write(10), ...bytes, jsonFrame({}, "error")],
  };
  const headers = { "content-type": "application/vnd.polystore.frames" };
  for (const [name, frames] of Object.entries(hostile)) {
    for (const [method, query] of [["POST", "op=writeMany"], ["PUT", "path=a"]] as const) {
      if (method === "PUT" && frames.length > 0 && name.startsWith("bytes of")) continue; // there it is content
      const body = concat(frames) as Uint8Array<ArrayBuffer>;
      const response = await handler(new Request(`http://x/v1/files/it?${query}`, { method, headers, body }));
      assert(response.status >= 400 && response.status <= 503, `${method} ${name}: ${response.status}`);
      assert.notEqual(response.status, 500, `${method} ${name}`);
      assert.deepEqual(await Array.fromAsync(store.list("")), [], `${method} ${name}`);
    }
  }
});
