/** `watching`: what every store's `watch` is made of. */

import assert from "node:assert/strict";
import { watching } from "../../backends/stores/watch.ts";

const there = { kind: "file" as const, etag: "1" };

Deno.test("watching: a failure that comes while nobody waits, right after other news, is told", async () => {
  const reason = new Error("the stream is gone");
  let [wake, fail]: [() => void, (error: unknown) => void] = [() => {}, () => {}];
  let stopped = 0;
  const news = watching({
    look: () => there,
    subscribe: (onChange, onFailure) => {
      [wake, fail] = [onChange, onFailure];
      return () => void stopped++;
    },
  });
  assert.equal((await news.next()).value, there);
  wake();
  fail(reason);
  await assert.rejects(news.next(), (error) => error === reason);
  assert.equal(stopped, 1);
});

Deno.test("watching: an abort while it looks ends it at the next wait", async () => {
  const controller = new AbortController();
  const reason = new Error("no more");
  let looks = 0;
  let wake = (): void => {};
  const news = watching({
    look: () => {
      if (++looks === 2) controller.abort(reason);
      return { kind: "file", etag: String(looks) };
    },
    subscribe: (onChange) => (wake = onChange, () => {}),
  }, controller.signal);
  await news.next();
  wake();
  await assert.rejects(Array.fromAsync(news), (error) => error === reason);
  assert.equal(looks, 2);
});
