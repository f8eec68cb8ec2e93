import { RemoteArtifacts } from "@polystore/polystore/artifacts";
import { ArtifactServer, listen } from "@polystore/polystore/server";
import { MemoryStore } from "@polystore/polystore/stores";
import assert from "node:assert/strict";
import { memberOf, partsOf } from "../../registry/artifacts/json_source.ts";
import { entry, Place } from "../server/place.ts";

Deno.test("JSON text: its parts are as they are written", () => {
  const texts = [
    "[]",
    " [ ] ",
    "{}",
    '\n{ "a" : 1 , "b":[1,{"c":"]}"} ],"":{}\t}\r\n',
    '["a\\"]", "\\\\", "\\\\\\"", -1.50e+2 ,null,true,[[[]]],{"a":{"b":{}}}]',
    '{"\\u0061":1e400,"\\"":"\\"","a b":-0}',
    '{"__proto__":1,"1":2,"0":3}',
    '[""]',
    "[0]",
  ];
  for (const text of texts) {
    const parsed = JSON.parse(text);
    const parts = [...partsOf(text)];
    assert.equal(parts.length, Object.keys(parsed).length, text);
    for (const [index, part] of parts.entries()) {
      const { value } = Object.getOwnPropertyDescriptor(parsed, part.name ?? index)!;
      assert.deepEqual(JSON.parse(part.text), value);
      assert.equal(part.text, part.text.trim());
      assert(text.includes(part.text));
    }
  }
  for (const text of ["1", '"[1]"', "null", " true "]) assert.deepEqual([...partsOf(text)], []);
  assert.equal(memberOf('{"a":1,"a": 2.0 }', "a"), "2.0");
  assert.equal(memberOf('{"a":1}', "toString"), undefined);
});

/** What is not the same after it was parsed and written again. */
const VALUES = [
  "12345678901234567891",
  "1e400",
  "-0",
  "1.0",
  '{"b":1,"a":[0.1000000000000000055511151231257827, "\\u0041"],"0":"x, y]}"}',
  '"\\ud800"',
  '{ "__proto__" : 7 }',
];

Deno.test("remote: a value comes back as it was written, alone, from a listing and from a batch", async () => {
  await using server = new ArtifactServer({ store: new MemoryStore() });
  await using listener = await listen(server, { port: 0 });
  const remote = new RemoteArtifacts("n", { port: listener.port });
  for (const [index, value] of VALUES.entries()) await remote.put(`${index}`, value);
  const keys = VALUES.keys().map(String).toArray();
  for (const key of keys) assert.equal((await remote.get(key)).value, VALUES[Number(key)]);
  const listed = await Array.fromAsync(remote.list({ values: true }));
  assert.deepEqual(listed.map(({ value }) => value), VALUES);
  const results = await remote.batch(keys.map((key) => ({ op: "get", key })));
  assert.deepEqual(results.map((result) => result.op === "get" && result.value), VALUES);
  await remote.close();
});

Deno.test("server, batch: a value is kept as it is sent, as a single one is", async () => {
  await using place = new Place();
  const ops = VALUES.map((value, index) => `{ "op":"put","value":0,"key":"${index}", "val\\u0075e" : ${value} }`);
  const headers = { "content-type": "application/json" };
  const body = `{"ops":[],\n "ops" : [${ops.join(" ,\n")} ] , "atomic":true}`;
  await place.expect(200, "/v1/namespaces/n/batch", { method: "POST", headers, body });
  for (const [index, value] of VALUES.entries()) {
    assert.equal(await (await place.ask(entry("n", `${index}`))).text(), value);
    await place.expect(201, entry("n", `single ${index}`), { method: "PUT", headers, body: value });
    assert.equal(await (await place.ask(entry("n", `single ${index}`))).text(), value);
  }
});
