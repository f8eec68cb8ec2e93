import assert from "node:assert/strict";
import fc from "fast-check";
import { isStorageError } from "../../mod.ts";
import { decodeFrame, encodeFrame, type Frame, FrameReader } from "../../backends/streaming/mod.ts";
import { joined } from "./values.ts";

const RUNS = { numRuns: 200 };

/** A frame that says what it likes. */
function forged(
  header: string,
  { kind = 3, length = header.length, body = 0, version = 1 } = {},
): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(20 + text.length);
  bytes.set([0x50, 0x53, 0x74, 0x72, version, kind]);
  const view = new DataView(bytes.buffer);
  view.setUint32(8, length, true);
  view.setBigUint64(12, BigInt(body), true);
  bytes.set(text, 20);
  return bytes;
}

/** Some frames. */
function frames(): fc.Arbitrary<Uint8Array<ArrayBuffer>[][]> {
  const buffers = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 4 });
  return fc.array(fc.tuple(fc.dictionary(fc.string(), fc.jsonValue()), buffers), { minLength: 1, maxLength: 4 })
    .map((all) =>
      all.map(([header, buffers]) => {
        delete header["sizes"];
        return encodeFrame("batch", header, buffers.map((buffer) => new Uint8Array(buffer)));
      })
    );
}

function plain({ kind, header, buffers }: Frame): unknown {
  return { kind, header, buffers };
}

Deno.test("frames: however the bytes are cut, the same frames come", () => {
  fc.assert(
    fc.property(frames(), fc.array(fc.nat(200)), (all, cuts) => {
      const expected = all.map((parts) => plain(decodeFrame(joined(parts))));
      const bytes = joined(all.flat());
      const reader = new FrameReader();
      const found: Frame[] = [];
      let at = 0;
      for (const cut of [...cuts, bytes.length]) found.push(...reader.push(bytes.slice(at, at += cut)));
      assert.deepEqual(found.map(plain), expected);
      assert.equal(reader.within, false);
      const whole = new FrameReader();
      assert.deepEqual(all.flatMap((parts) => parts.flatMap((part) => whole.push(part))).map(plain), expected);
    }),
    RUNS,
  );
});

Deno.test("frames: a buffer that comes as one piece is not copied, another one once", () => {
  const body = new Uint8Array(1000).fill(7);
  const [head] = encodeFrame("batch", {}, [body]);
  const reader = new FrameReader();
  reader.push(head!);
  assert.equal(reader.push(body)[0]!.buffers[0]!.buffer, body.buffer);
  reader.push(head!);
  reader.push(body.slice(0, 400));
  const [frame] = reader.push(body.slice(400));
  assert.deepEqual(frame!.buffers[0], body);
  assert.equal(frame!.buffers[0]!.byteLength, frame!.buffers[0]!.buffer.byteLength);
});

Deno.test("frames: hostile ones are refused, with the reason", () => {
  const huge = 2 ** 40;
  const cases: Record<string, [bytes: Uint8Array<ArrayBuffer>, code: string, reason: RegExp]> = {
    empty: [new Uint8Array(0), "corrupt", /ends too early/],
    truncated: [forged("{}").slice(0, 21), "corrupt", /ends too early/],
    magic: [forged("{}").fill(0x51, 0, 1), "corrupt", /does not begin as one/],
    version: [forged("{}", { version: 2 }), "unsupported", /version 2; this receiver knows version 1/],
    "kind 0": [forged("{}", { kind: 0 }), "corrupt", /unknown kind 0/],
    "kind 9": [forged("{}", { kind: 9 }), "corrupt", /unknown kind 9/],
    reserved: [forged("{}").fill(1, 6, 7), "corrupt", /bytes 6 and 7/],
    "header bomb": [forged("{}", { length: 0xffffffff }), "corrupt", /header of 4294967295 bytes/],
    "no header": [forged("", { length: 0 }), "corrupt", /header of 0 bytes/],
    "body bomb": [forged("{}", { body: huge }), "corrupt", /at most 2147483648 are taken/],
    "sizes bomb": [forged('{"sizes":[1099511627776]}', { body: 1 }), "corrupt", /its buffers have/],
    "sizes lie": [forged('{"sizes":[1,2]}', { body: 4 }), "corrupt", /3 bytes and its body 4/],
    "no sizes": [forged("{}", { body: 4 }), "corrupt", /0 bytes and its body 4/],
    "sizes overflow": [forged('{"sizes":[9007199254740991,9007199254740991]}', { body: 5 }), "corrupt", /./],
    "negative size": [forged('{"sizes":[-1,1]}'), "corrupt", /no length/],
    "fraction": [forged('{"sizes":[0.5,0.5]}', { body: 1 }), "corrupt", /no length/],
    "sizes no list": [forged('{"sizes":{"length":1}}'), "corrupt", /no list/],
    "many sizes": [forged(`{"sizes":[${"0,".repeat(65_536)}0]}`), "corrupt", /too many/],
    "not JSON": [forged("{]"), "corrupt", /not JSON/],
    "not UTF-8": [forged("{}x").fill(0xff, 22), "corrupt", /not JSON/],
    "no object": [forged("[]"), "corrupt", /no object/],
    "null": [forged("null"), "corrupt", /no object/],
    "after its end": [joined([forged("{}"), new Uint8Array([0x50])]), "corrupt", /after its end/],
  };
  for (const [name, [bytes, code, message]] of Object.entries(cases)) {
    assert.throws(() => decodeFrame(bytes), { code, message }, name);
  }
  assert.throws(() => decodeFrame(forged("{}", { body: 100 }), { maxFrameBytes: 99 }), { code: "corrupt" });
});

Deno.test("frames: __proto__ in a header is a field like any other, and no prototype", () => {
  const { header } = decodeFrame(forged('{"__proto__":{"sizes":[]}}'));
  assert.deepEqual(Object.keys(header as object), ["__proto__"]);
  assert.equal(Object.getPrototypeOf(header), Object.prototype);
});

Deno.test("frames: a size that is only said takes no memory", () => {
  const before = Deno.memoryUsage();
  const readers = Array.from({ length: 50 }, () => {
    const reader = new FrameReader();
    reader.push(forged('{"sizes":[2000000000]}', { body: 2_000_000_000 }));
    return reader;
  });
  const { external, rss } = Deno.memoryUsage();
  assert(external - before.external < 100e6 && rss - before.rss < 300e6);
  assert(readers.every(({ within }) => within));
});

Deno.test("frames: after an error nothing is read any more", () => {
  const reader = new FrameReader();
  assert.throws(() => reader.push(new Uint8Array(20)), { code: "corrupt" });
  assert.throws(() => reader.push(forged("{}")), { code: "corrupt" });
});

Deno.test("frames: changed anywhere, they are frames or corrupt, and nothing else happens", () => {
  const changes = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(frames(), changes, fc.nat(), ([parts], changes, end) => {
      const bytes = joined(parts!);
      for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
      try {
        decodeFrame(bytes.slice(0, end % 3 === 0 ? end % (bytes.length + 1) : undefined), { maxFrameBytes: 1 << 20 });
      } catch (error) {
        assert(isStorageError(error, "corrupt", "unsupported"), String(error));
      }
    }),
    { numRuns: 1000 },
  );
});

Deno.test("frames: what is too large for a header is refused before it is sent", () => {
  assert.throws(() => encodeFrame("batch", { metadata: "x".repeat(9e6) }), { code: "invalid-argument" });
  const many = Array.from({ length: 65_537 }, () => new Uint8Array(0));
  assert.throws(() => encodeFrame("batch", {}, many), { code: "invalid-argument" });
});
