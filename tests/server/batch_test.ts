import { MAX_BATCH } from "../../registry/artifacts/wire.ts";
import assert from "node:assert/strict";
import { entry, Place } from "./place.ts";

const PATH = "/v1/namespaces/n/batch";

function post(ops: unknown, atomic?: unknown): { method: string; json: unknown } {
  return { method: "POST", json: { ...(atomic !== undefined && { atomic }), ops } };
}

Deno.test("server, batch: each for itself, in order", async () => {
  await using place = new Place();
  const { etag } = await place.expect(201, entry("n", "there"), { method: "PUT", json: [1] });
  const { results } = await place.expect(
    200,
    PATH,
    post([
      { op: "put", key: "new", value: { a: 1 } },
      { op: "put", key: "there", value: 2, ifAbsent: true },
      { op: "get", key: "there" },
      { op: "get", key: "missing" },
      { op: "delete", key: "gone" },
      { op: "put", key: "stale", value: 3, ifMatch: "x" },
      { op: "put", key: "..", value: null },
    ]),
  );
  const statuses = results.map(({ status }: { status: number }) => status);
  assert.deepEqual(statuses, [201, 412, 200, 404, 404, 412, 201]);
  assert.deepEqual(results[2], { status: 200, etag, value: [1] });
  assert.equal(results[1].problem.code, "already-exists");
  assert.equal(results[3].problem.code, "not-found");
  assert.equal(results[4].problem.code, "not-found");
  assert.equal(results[5].problem.code, "precondition-failed");
  assert.deepEqual(await place.expect(200, entry("n", "new")), { a: 1 });
  assert.equal(await place.expect(200, entry("n", "..")), null);
});

Deno.test("server, batch: all or nothing", async () => {
  await using place = new Place();
  await place.expect(201, entry("n", "there"), { method: "PUT", json: 1 });
  const put = (key: string): object => ({ op: "put", key, value: key, ifAbsent: true });
  const refused = await place.ask(PATH, post([put("a"), put("there"), put("b")], true));
  assert.deepEqual([refused.status, refused.headers.get("content-type")], [412, "application/problem+json"]);
  const { code, results } = await refused.json();
  assert.equal(code, "precondition-failed");
  assert.deepEqual(results.map(({ problem }: { problem: { code: string } }) => problem.code), [
    "precondition-failed",
    "already-exists",
    "precondition-failed",
  ]);
  await place.expect(404, entry("n", "a"));
  await place.expect(404, entry("n", "b"));
  // A get that finds nothing is a failure too.
  await place.expect(412, PATH, post([put("a"), { op: "get", key: "missing" }], true));
  await place.expect(404, entry("n", "a"));
  const done = await place.expect(200, PATH, post([put("a"), put("b"), { op: "get", key: "there" }], true));
  assert.deepEqual(done.results.map(({ status }: { status: number }) => status), [201, 201, 200]);
  await place.expect(422, PATH, post([{ op: "delete", key: "a" }, put("c")], true));
  await place.expect(200, entry("n", "a"));
});

Deno.test("server, batch: what is no batch is refused before anything is done", async () => {
  await using place = new Place();
  const good = { op: "put", key: "good", value: 1 };
  const bad: unknown[] = [
    [good, null],
    [good, 7],
    [good, { op: "put", key: "k" }],
    [good, { op: "put", value: 1 }],
    [good, { op: "put", key: 7, value: 1 }],
    [good, { op: "drop", key: "k" }],
    [good, { op: "constructor", key: "k" }],
    [good, { op: "get", key: "k", ifMatch: 7 }],
    [good, { op: "put", key: "k", value: 1, ifAbsent: "yes" }],
    [good, good],
    { length: 1, 0: good },
    "ops",
    undefined,
    Array(MAX_BATCH + 1).fill({ op: "get", key: "k" }),
  ];
  for (const ops of bad) {
    const { code } = await place.expect(400, PATH, post(ops));
    assert.match(code, /^invalid-/, JSON.stringify(ops)?.slice(0, 80));
  }
  await place.expect(400, PATH, post([good], "yes"));
  await place.expect(400, PATH, { method: "POST", json: null });
  await place.expect(404, entry("n", "good"));
  assert.deepEqual(await place.expect(200, PATH, post([])), { results: [] });
  assert.deepEqual(await place.expect(200, "/v1/namespaces"), { namespaces: [] });
});

Deno.test("server, batch: a bad key or value spoils nothing but itself, unless it is all or nothing", async () => {
  await using place = new Place();
  const nested = (depth: number): unknown => JSON.parse("[".repeat(depth) + "]".repeat(depth));
  const put = (key: string, value: unknown = 1): unknown => ({ op: "put", key, value });
  const bad = [
    put(""),
    put("k".repeat(1025)),
    put("\ud800"),
    put("tagged", { $tag: ["Function", "x"] }),
    put("deep", nested(101)),
    { op: "get", key: "" },
    { op: "delete", key: "" },
  ];
  const ops = [put("good"), ...bad, put("deepest", nested(100))];
  const statuses = ({ results }: { results: { status: number }[] }): number[] => results.map(({ status }) => status);
  assert.deepEqual(statuses(await place.expect(412, PATH, post([put("good"), bad[3]!], true))), [412, 400]);
  await place.expect(404, entry("n", "good"));
  assert.deepEqual(statuses(await place.expect(200, PATH, post(ops))), [201, 400, 400, 400, 400, 400, 400, 400, 201]);
  await place.expect(200, entry("n", "deepest"));
});

Deno.test("server, batch: what would be too much to answer is said one by one", async () => {
  await using place = new Place({ limits: { maxBody: 1000 } });
  for (const key of ["a", "b", "c", "d"]) {
    await place.expect(201, entry("n", key), { method: "PUT", json: "x".repeat(600) });
  }
  const { results } = await place.expect(200, PATH, post(["a", "b", "c", "d"].map((key) => ({ op: "get", key }))));
  assert.deepEqual(results.map(({ status }: { status: number }) => status), [200, 200, 413, 413]);
});

Deno.test("server, batch: a thousand puts in one request", async () => {
  await using place = new Place();
  const ops = Array.from({ length: 1000 }, (_, index) => ({ op: "put", key: `${index}`, value: index }));
  const { results } = await place.expect(200, PATH, post(ops, true));
  assert(results.every(({ status }: { status: number }) => status === 201));
  assert.equal((await place.expect(200, "/v1/namespaces/n")).entries, 1000);
});
