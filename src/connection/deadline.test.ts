import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { waitFor, withDeadline } from "./deadline.js";

const late = () => new Error("late");

function timers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
}

describe("withDeadline", () => {
  test("gives what came in time and leaves no timer", async () => {
    assert.equal(await withDeadline(Promise.resolve(7), 60_000, late), 7);
    assert.equal(await withDeadline(() => 8, 60_000, late), 8);
    assert.equal(timers(), 0);
  });

  test("passes a failure on, thrown or rejected, and leaves no timer", async () => {
    await assert.rejects(withDeadline(Promise.reject(new Error("broken")), 60_000, late), /broken/);
    const throws = () => {
      throw new Error("thrown");
    };
    await assert.rejects(withDeadline(throws, 60_000, late), /thrown/);
    assert.equal(timers(), 0);
  });

  test("fails with its own error when the time is up, and ignores what fails later", async () => {
    let fail: (error: Error) => void = () => {};
    const work = new Promise<never>((_resolve, reject) => {
      fail = reject;
    });
    await assert.rejects(withDeadline(work, 1, late), /late/);
    fail(new Error("too late to matter"));
    await assert.rejects(work, /too late/);
  });

  test("has no limit when told Infinity", async () => {
    const soon = new Promise((resolve) => setImmediate(resolve, "done"));
    assert.equal(await withDeadline(soon, Number.POSITIVE_INFINITY, late), "done");
  });
});

describe("waitFor", () => {
  const o = (signal: AbortSignal, timeout: number) => ({
    signal,
    timeout,
    timedOut: late,
    aborted: () => new Error("aborted"),
  });

  test("gives what is called back and leaves neither timer nor listener", async () => {
    const abort = new AbortController();
    const waiting = waitFor<number>(o(abort.signal, 60_000), (resolve) => {
      setImmediate(resolve, 5);
      return () => assert.fail("given up");
    });
    assert.equal(await waiting, 5);
    abort.abort();
    assert.equal(timers(), 0);
  });

  test("may be settled before it waits", async () => {
    const waiting = waitFor<number>(o(new AbortController().signal, 60_000), (resolve) => {
      resolve(6);
      return () => {};
    });
    assert.equal(await waiting, 6);
    assert.equal(timers(), 0);
  });

  test("gives up once, at the deadline or the abort, whichever is first", async () => {
    const abort = new AbortController();
    let given = 0;
    const waiting = waitFor<never>(o(abort.signal, 1), () => () => void given++);
    await assert.rejects(waiting, /late/);
    abort.abort();
    assert.equal(given, 1);

    const controller = new AbortController();
    const aborted = waitFor<never>(o(controller.signal, 60_000), (_resolve, reject) => {
      setImmediate(reject, new Error("after"));
      return () => void given++;
    });
    controller.abort();
    await assert.rejects(aborted, /aborted/);
    assert.equal(given, 2);
  });

  test("fails when beginning fails, and leaves no timer", async () => {
    const throws = () => {
      throw new Error("cannot begin");
    };
    await assert.rejects(waitFor(o(new AbortController().signal, 60_000), throws), /cannot begin/);
    assert.equal(timers(), 0);
  });

  test("does not begin when the signal is aborted already", async () => {
    await assert.rejects(
      waitFor(o(AbortSignal.abort(), 60_000), () => assert.fail("begun")),
      /aborted/,
    );
  });
});
