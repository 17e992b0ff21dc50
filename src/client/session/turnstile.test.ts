import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Turnstile } from "./turnstile.js";

describe("a turnstile", () => {
  test("lets one in at a time, in order", async () => {
    const turnstile = new Turnstile();
    const order: number[] = [];
    let inside = 0;
    const pass = async (n: number) => {
      await turnstile.enter(undefined);
      assert.equal(++inside, 1);
      await Promise.resolve();
      order.push(n);
      inside--;
      turnstile.leave();
    };
    await Promise.all([1, 2, 3, 4].map(pass));
    assert.deepEqual(order, [1, 2, 3, 4]);
    assert.equal(turnstile.waiting, 0);
  });

  test("lets those behind pass when one gives up", async () => {
    const turnstile = new Turnstile();
    assert.equal(turnstile.enter(undefined), undefined);
    const stop = new AbortController();
    const second = turnstile.enter(stop.signal);
    const third = turnstile.enter(undefined);
    stop.abort(new Error("enough"));
    await assert.rejects(async () => await second, /enough/);
    turnstile.leave();
    await third;
    turnstile.leave();
    assert.throws(() => turnstile.enter(AbortSignal.abort(new Error("before"))), /before/);
    assert.equal(turnstile.enter(undefined), undefined);
  });

  test("tells who is inside that somebody waits", async () => {
    const turnstile = new Turnstile();
    await turnstile.enter(undefined);
    let told = 0;
    turnstile.onWaiting = () => told++;
    assert.equal(told, 0);
    const next = turnstile.enter(undefined);
    assert.equal(told, 1);
    turnstile.leave();
    await next;
    turnstile.leave();
  });
});
