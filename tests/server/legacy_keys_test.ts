import assert from "node:assert/strict";
import { keyEnvelope, keyOf } from "../../registry/artifacts/server/envelope.ts";
import { entry, envelope, Place } from "./place.ts";

Deno.test("legacy: numbers that a double does not tell apart are no keys", async () => {
  const same = [
    ["1", "1.0", "1e0", "10e-1", "0.1E+1", "1.000"],
    ["0", "-0", "0.0", "0e5", "-0.00e-9"],
    ["0.1", "0.10", "1e-1"],
    ["9007199254740992"],
    ["1e+21", "1000000000000000000000", "1e21"],
    ["-1.5e-7", "-0.00000015"],
    ["5e-324"],
    ["1.7976931348623157e308"],
    ['{"a":[10]}', '{ "a" : [1e1] }'],
  ];
  const keys = same.map((texts) => new Set(texts.map(keyOf)));
  for (const each of keys) assert.equal(each.size, 1);
  assert.equal(new Set(keys.map(([key]) => key)).size, same.length);
  for (const [key] of keys) assert.equal(keyOf(keyEnvelope(key!).data), key);
  const lossy = [
    "9007199254740993",
    "12345678901234567891",
    "1e400",
    "-1e400",
    "1e-400",
    "0.1000000000000000055511151231257827",
    "1e99999999999999999999",
    '["a",9007199254740993]',
    '{"a":{"b":9007199254740993}}',
  ];
  for (const text of lossy) assert.throws(() => keyOf(text), { code: "invalid-argument" }, text);
  await using place = new Place();
  const key = { type: "json", data: "9007199254740993" };
  await place.expect(400, "/registry/n/set", { method: "POST", json: { key, value: envelope(1) } });
  await place.expect(400, `/registry/n/get/${encodeURIComponent(JSON.stringify(key))}`);
});

Deno.test("legacy: only so many misses are told which key was meant", async () => {
  await using place = new Place();
  await place.expect(201, entry("n", "losses"), { method: "PUT", json: 1 });
  const misses = await Promise.all(Array.from({ length: 100 }, () => place.expect(404, "/registry/n/get/lossse")));
  assert(misses.some(({ suggestions }) => suggestions !== undefined));
  assert(misses.some(({ suggestions }) => suggestions === undefined));
});
