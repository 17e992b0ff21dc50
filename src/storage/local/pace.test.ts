import assert from "node:assert/strict";
import { test } from "node:test";
import { DiskPace, Pace, SLOW } from "./pace.js";

/** An asynchronous operation that had the loop sit idle for longer than so many milliseconds. */
async function wait(pace: Pace, milliseconds: number): Promise<void> {
  const since = pace.startWaiting();
  // On a busy machine a timer may be due before the loop sits down to wait for it, and then no time is idle.
  while (milliseconds > 0 && performance.eventLoopUtilization().idle - since <= milliseconds) {
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
  }
  pace.waited(since);
}

test("a file becomes synchronous after two quick operations, and goes back after a slow one", async () => {
  const pace = new Pace(new DiskPace(true), false);
  assert.ok(!pace.synchronous);
  await wait(pace, 0);
  assert.ok(!pace.synchronous);
  await wait(pace, 0);
  assert.ok(pace.synchronous);
  pace.ran(SLOW);
  assert.ok(pace.synchronous);
  pace.ran(SLOW + 1);
  assert.ok(!pace.synchronous);
});

test("an operation that the loop had to wait for is slow; one that a busy loop answered late is not", async () => {
  const pace = new Pace(new DiskPace(true), false);
  await wait(pace, 0);
  await wait(pace, SLOW);
  await wait(pace, 0);
  assert.ok(!pace.synchronous);
  const since = pace.startWaiting();
  for (const until = performance.now() + 30; performance.now() < until; );
  pace.waited(since);
  assert.ok(pace.synchronous);
});

test("each slow one makes the next trial wait longer, up to a bound, until many were quick", async () => {
  const pace = new Pace(new DiskPace(true), false);
  const needed = async (): Promise<number> => {
    for (let n = 1; ; n++) {
      await wait(pace, 0);
      if (pace.synchronous) return n;
    }
  };
  const found: number[] = [];
  for (let n = 0; n < 8; n++) {
    found.push(await needed());
    pace.ran(SLOW + 1);
  }
  assert.deepEqual(found, [2, 4, 8, 16, 32, 64, 64, 64]);
  await needed();
  for (let n = 0; n < 256; n++) pace.ran(0);
  pace.ran(SLOW + 1);
  assert.equal(await needed(), 4);
});

test("small files are synchronous at once while others were quick", () => {
  const disk = new DiskPace(true);
  assert.ok(!new Pace(disk, true).synchronous);
  disk.took(0);
  disk.took(0);
  assert.ok(new Pace(disk, true).synchronous);
  assert.ok(!new Pace(disk, false).synchronous);
  disk.took(SLOW + 1);
  for (let n = 0; n < 16; n++) {
    assert.ok(!new Pace(disk, true).synchronous);
    disk.took(0);
  }
  assert.ok(new Pace(disk, true).synchronous);
});

test("a file system that is not local is never used synchronously", async () => {
  const disk = new DiskPace(false);
  const pace = new Pace(disk, true);
  for (let n = 0; n < 100; n++) await wait(pace, 0);
  assert.ok(!pace.synchronous && !disk.quick && !new Pace(disk, true).synchronous);
});
