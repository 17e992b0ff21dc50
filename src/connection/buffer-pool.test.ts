import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, test } from "node:test";
import { BufferPool, bufferSize, LARGEST_BUFFER, SMALLEST_BUFFER } from "./buffer-pool.js";

describe("a buffer pool", () => {
  test("gives buffers in powers of two within its bounds", () => {
    const pool = new BufferPool(LARGEST_BUFFER);
    assert.equal(pool.take(0).length, SMALLEST_BUFFER);
    assert.equal(pool.take(1).length, SMALLEST_BUFFER);
    assert.equal(pool.take(SMALLEST_BUFFER + 1).length, 2 * SMALLEST_BUFFER);
    assert.equal(pool.take(100_000).length, 131_072);
    assert.equal(pool.take(10 * LARGEST_BUFFER).length, LARGEST_BUFFER);
    assert.equal(bufferSize(65_536), 65_536);
  });

  test("lends a buffer again once it is back, and not before", () => {
    const pool = new BufferPool(LARGEST_BUFFER);
    const first = pool.take(SMALLEST_BUFFER);
    assert.notEqual(pool.take(SMALLEST_BUFFER), first);
    pool.give(first);
    assert.equal(pool.idleBytes, SMALLEST_BUFFER);
    assert.equal(pool.take(SMALLEST_BUFFER), first);
    assert.equal(pool.idleBytes, 0);
  });

  test("ignores a buffer that is given back twice, or that it never lent", () => {
    const pool = new BufferPool(LARGEST_BUFFER);
    const buffer = pool.take(SMALLEST_BUFFER);
    pool.give(buffer);
    pool.give(buffer);
    pool.give(Buffer.alloc(SMALLEST_BUFFER));
    assert.equal(pool.idleBytes, SMALLEST_BUFFER);
    assert.equal(pool.take(SMALLEST_BUFFER), buffer);
    assert.notEqual(pool.take(SMALLEST_BUFFER), buffer);
  });

  test("keeps no more than its bound", () => {
    const pool = new BufferPool(2 * LARGEST_BUFFER);
    const taken = Array.from({ length: 5 }, () => pool.take(LARGEST_BUFFER));
    for (const buffer of taken) pool.give(buffer);
    assert.equal(pool.idleBytes, 2 * LARGEST_BUFFER);
  });
});
