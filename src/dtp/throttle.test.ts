import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Throttle } from "./throttle.js";

/** Moves so many chunks, waiting as told; the milliseconds that this takes. */
function moveChunks(throttle: Throttle, count: number, chunk: number, costOfOne = 0): number {
  let now = 0;
  for (let n = 0; n < count; n++) {
    now += costOfOne;
    now += throttle.spend(chunk, now);
  }
  return now;
}

describe("a throttle", () => {
  test("keeps to its rate", () => {
    assert.equal(moveChunks(new Throttle(1000, 0), 50, 100), 5000);
  });

  test("counts the time that moving takes itself", () => {
    assert.equal(moveChunks(new Throttle(1000, 0), 50, 100, 60), 5000 + 60 - 60);
    assert.equal(moveChunks(new Throttle(1000, 0), 50, 100, 150), 50 * 150, "slower than the rate: no wait");
  });

  test("lets a transfer that stood still catch up on a tenth of a second, not more", () => {
    const throttle = new Throttle(1000, 0);
    assert.equal(throttle.spend(100, 60_000), 0);
    assert.equal(throttle.spend(100, 60_000), 100);
  });

  test("shared by several is one rate for all of them", () => {
    const throttle = new Throttle(1000, 0);
    const free = [0, 0, 0, 0];
    for (let n = 0; n < 100; n++) {
      const next = free.indexOf(Math.min(...free));
      const now = free[next] ?? 0;
      free[next] = now + throttle.spend(100, now);
    }
    assert.equal(Math.max(...free), 10_000);
    assert.ok(Math.min(...free) >= 9700, "and none of them waits for ever");
  });

  test("asks for small chunks when it is slow, so that they come about ten times a second", () => {
    assert.equal(new Throttle(100_000, 0).chunk(1_048_576), 10_000);
    assert.equal(new Throttle(100, 0).chunk(1_048_576), 512);
    assert.equal(new Throttle(1e9, 0).chunk(65_536), 65_536);
  });

  test("never divides by nothing", () => {
    assert.ok(Number.isFinite(new Throttle(0, 0).spend(10, 0)));
  });
});
