import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { rangesIn } from "./part-file.js";
import { type Claim, merged, type Range, Ranges, SMALLEST_RANGE } from "./ranges.js";

const range = fc.tuple(fc.nat(1000), fc.nat(1000)).map(([one, other]): Range => [one, one + other]);

describe("ranges", () => {
  test("are joined without losing or making up a byte", () => {
    fc.assert(
      fc.property(fc.array(range), (ranges) => {
        const joined = merged(ranges);
        const bytes = (all: readonly Range[]) =>
          new Set(all.flatMap(([from, to]) => Array.from({ length: to - from }, (_, n) => from + n)));
        assert.deepEqual(
          [...bytes(joined)].sort((a, b) => a - b),
          [...bytes(ranges)].sort((a, b) => a - b),
        );
        for (const [n, [from, to]] of joined.entries()) {
          assert.ok(from < to);
          assert.ok(n === 0 || (joined[n - 1] as Range)[1] < from, "they do not touch");
        }
      }),
    );
  });

  test("are given to whoever asks, in any order of progress and failure, until every byte has come once", () => {
    const event = fc.record({
      who: fc.nat(3),
      bytes: fc.integer({ min: 1, max: 3 * SMALLEST_RANGE }),
      fails: fc.boolean(),
    });
    const size = fc.integer({ min: 0, max: 20 * SMALLEST_RANGE });
    fc.assert(
      fc.property(size, fc.array(event, { maxLength: 60 }), (length, events) => {
        const ranges = new Ranges(length);
        const busy: (Claim | undefined)[] = [];
        const written: Range[] = [];
        let now = 0;
        const step = (who: number, bytes: number, fails: boolean) => {
          now += 10;
          busy[who] ??= ranges.claim(4, now);
          const claim = busy[who];
          if (claim === undefined) return;
          const to = Math.min(claim.to, claim.received + bytes);
          written.push([claim.received, to]);
          claim.received = to;
          claim.position = to;
          claim.moved = now;
          if (!fails && claim.position < claim.to) return;
          ranges.release(claim);
          busy[who] = undefined;
        };
        for (const { who, bytes, fails } of events) step(who, bytes, fails);
        for (let n = 0; !ranges.whole; n++) {
          assert.ok(n < 10_000, "it does not end");
          step(n % 4, SMALLEST_RANGE, false);
        }
        assert.deepEqual(merged(written), length === 0 ? [] : [[0, length]]);
        assert.equal(
          written.reduce((sum, [from, to]) => sum + to - from, 0),
          length,
          "no byte is fetched twice",
        );
        assert.equal(ranges.bytes, length);
      }),
    );
  });

  test("of a slow connection are shared as the speeds are", () => {
    const size = 40 * SMALLEST_RANGE;
    const ranges = new Ranges(size);
    const slow = ranges.claim(1, 0) as Claim;
    slow.received = slow.position = SMALLEST_RANGE;
    const rest = size - slow.received;
    const rate = SMALLEST_RANGE / 1000;
    const helped = ranges.claim(1, 1000, 3 * rate) as Claim;
    assert.equal(helped.to, size);
    assert.equal(helped.from, slow.to);
    assert.ok(Math.abs(slow.to - slow.received - rest / 4) <= 1);
  });

  test("of a connection that brings nothing are taken away, and it is told", () => {
    const ranges = new Ranges(SMALLEST_RANGE);
    const stuck = ranges.claim(1, 0) as Claim;
    let cut = false;
    stuck.cut = () => {
      cut = true;
    };
    assert.equal(ranges.claim(1, 4999), undefined);
    const taken = ranges.claim(1, 5000) as Claim;
    assert.deepEqual([taken.from, taken.to, stuck.to, cut], [0, SMALLEST_RANGE, 0, true]);
  });
});

describe("a journal of ranges", () => {
  const what = { origin: "a@b:21", remote: "f", size: 100, modified: 5 };
  const journal = { ferry: "segments", version: 1, ...what, done: [[0, 10]] };

  test("counts when it is of this very file, and whole", () => {
    assert.deepEqual(rangesIn(journal, what), [[0, 10]]);
    for (const other of [
      { size: 101 },
      { modified: 6 },
      { remote: "g" },
      { origin: "c@b:21" },
      { version: 2 },
      { done: [[10, 0]] },
      { done: [[0, 101]] },
      { done: [[0, 1.5]] },
      { done: [[-1, 5]] },
      { done: "all" },
    ]) {
      assert.deepEqual(rangesIn({ ...journal, ...other }, what), [], JSON.stringify(other));
    }
  });

  test("may be anything else, and then is nothing", () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => assert.deepEqual(rangesIn(value, what), [])));
  });
});
