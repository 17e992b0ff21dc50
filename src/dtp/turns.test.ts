import assert from "node:assert/strict";
import { test } from "node:test";
import { Turns } from "./turns.js";

test("a chunk is a megabyte shared among the transfers that run, 64 KiB at least", () => {
  const turns = new Turns();
  const sizes: number[] = [];
  for (let running = 0; running < 40; running++) {
    turns.begin();
    sizes.push(turns.chunk / 1024);
  }
  assert.deepEqual(sizes.slice(0, 9), [1024, 512, 256, 256, 128, 128, 128, 128, 64]);
  assert.ok(sizes.slice(9).every((size) => size === 64));
  for (let running = 0; running < 39; running++) turns.end();
  assert.equal(turns.chunk / 1024, 1024);
});
