import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, test } from "node:test";
import fc from "fast-check";
import { StorageError } from "../errors.js";
import { Content, Space } from "./content.js";

const KIB = 1024;
const roomy = (): Space => new Space(1024 ** 3, 10);

/** What a content must do, on one array. */
class Model {
  bytes = Buffer.alloc(0);

  write(position: number, bytes: Uint8Array): void {
    this.resize(Math.max(this.bytes.length, position + bytes.length));
    this.bytes.set(bytes, position);
  }

  resize(size: number): void {
    this.bytes = Buffer.concat([
      this.bytes.subarray(0, size),
      Buffer.alloc(Math.max(0, size - this.bytes.length)),
    ]);
  }
}

// Around the borders of chunks of 64 KiB.
const position = fc.oneof(
  fc.nat(200 * KIB),
  fc.integer({ min: -3, max: 3 }).map((n) => 64 * KIB + n),
  fc.integer({ min: -3, max: 3 }).map((n) => 128 * KIB + n),
);
const step = fc.oneof(
  fc.record({
    kind: fc.constant("write" as const),
    position,
    length: position,
    fill: fc.integer({ min: 1, max: 255 }),
  }),
  fc.record({ kind: fc.constant("resize" as const), position }),
);

describe("Content", () => {
  test("does as one array does, whatever is written, cut off and left out", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), position, (steps, from) => {
        const space = roomy();
        const content = new Content(space);
        const model = new Model();
        for (const step of steps) {
          if (step.kind === "resize") {
            content.resize(step.position);
            model.resize(step.position);
          } else {
            const bytes = Buffer.alloc(step.length, step.fill);
            content.write(step.position, bytes);
            if (bytes.length > 0) model.write(step.position, bytes);
          }
        }
        assert.equal(content.size, model.bytes.length);
        const into = Buffer.alloc(401 * KIB, 0xee);
        const length = content.read(from, into);
        assert.equal(Buffer.compare(into.subarray(0, length), model.bytes.subarray(from)), 0);
        content.release();
        assert.equal(space.available, 1024 ** 3);
      }),
      { numRuns: 150 },
    );
  });

  test("pays for what is written, not for holes", () => {
    const space = new Space(100 * KIB, 10);
    const content = new Content(space);
    content.write(5 * 1024 ** 3, Buffer.alloc(10 * KIB));
    assert.equal(content.size, 5 * 1024 ** 3 + 10 * KIB);
    assert.equal(space.available, 90 * KIB);
    content.resize(100);
    assert.equal(space.available, 100 * KIB);
  });

  test("writes all of a chunk or nothing when there is no room", () => {
    const space = new Space(100 * KIB, 10);
    const content = new Content(space);
    content.write(0, Buffer.alloc(90 * KIB, 1));
    assert.throws(
      () => content.write(80 * KIB, Buffer.alloc(30 * KIB, 2)),
      (error) => error instanceof StorageError && error.reason === "no-space",
    );
    const into = Buffer.alloc(200 * KIB);
    assert.equal(content.read(0, into), 90 * KIB);
    assert.equal(
      into.subarray(0, 90 * KIB).every((byte) => byte === 1),
      true,
    );
    content.write(80 * KIB, Buffer.alloc(20 * KIB, 2));
    assert.equal(space.available, 0);
  });

  test("keeps its bytes until the last reference is released", () => {
    const space = new Space(10 * KIB, 10);
    const content = new Content(space);
    content.write(0, Buffer.from("kept"));
    content.retain();
    content.release();
    const into = Buffer.alloc(4);
    content.read(0, into);
    assert.equal(into.toString(), "kept");
    content.release();
    assert.equal(space.available, 10 * KIB);
  });

  test("takes no size that a number cannot hold exactly", () => {
    const content = new Content(roomy());
    assert.throws(
      () => content.resize(2 ** 53),
      (error) => error instanceof StorageError && error.reason === "too-large",
    );
  });

  test("does not copy a file again for each small piece of it", () => {
    const content = new Content(roomy());
    const piece = Buffer.from("0123456789");
    for (let at = 0; at < 2_000_000; at += piece.length) content.write(at, piece);
    const into = Buffer.alloc(20);
    content.read(1_999_980, into);
    assert.equal(into.toString(), "01234567890123456789");
  });
});
