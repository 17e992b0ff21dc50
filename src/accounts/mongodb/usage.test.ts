import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type Amount, type Exchange, emptyUsage, madeAlready, NOTHING, settle } from "./usage.js";

const MONTH = "2026-07";

function exchange(more: Partial<Exchange>): Exchange {
  const none = { used: NOTHING, beside: NOTHING, uploaded: 0, needs: NOTHING, likes: NOTHING };
  return { node: "a", sequence: 1, ...none, month: MONTH, ...more };
}

const alive = { isAlive: () => true };

describe("an exchange", () => {
  test("grants what is needed, and a quarter of what is free where more would be liked", () => {
    const { next, granted, free } = settle(
      emptyUsage(MONTH),
      exchange({ needs: { bytes: 10, files: 1 }, likes: { bytes: 1000, files: 100 } }),
      { quota: { bytes: 400, files: 8 }, ...alive },
    );
    assert.deepEqual(granted, { bytes: 100, files: 2 });
    assert.deepEqual(free, { bytes: 300, files: 6 });
    assert.deepEqual([next.bytes, next.files, next.monthBytes, next.version], [100, 2, 100, 1]);
    assert.deepEqual(next.nodes, [{ node: "a", sequence: 1, bytes: 100, files: 2 }]);
  });

  test("refuses what does not fit, and grants the last byte", () => {
    const full = { ...emptyUsage(MONTH), bytes: 99 };
    const quota = { bytes: 100 };
    const needs = (bytes: number) => exchange({ needs: { bytes, files: 0 }, likes: { bytes: 50, files: 0 } });
    assert.equal(settle(full, needs(2), { quota, ...alive }).granted, undefined);
    assert.deepEqual(settle(full, needs(1), { quota, ...alive }).granted, { bytes: 1, files: 0 });
  });

  test("frees the grants of crashed nodes", () => {
    const before = {
      ...emptyUsage(MONTH),
      bytes: 100,
      monthBytes: 100,
      nodes: [
        { node: "dead", sequence: 3, bytes: 60, files: 0 },
        { node: "b", sequence: 9, bytes: 20, files: 0 },
      ],
    };
    const { next } = settle(before, exchange({}), { quota: {}, isAlive: (node) => node !== "dead" });
    assert.equal(next.bytes, 40);
    assert.equal(next.monthBytes, 40);
    assert.deepEqual(
      next.nodes.map(({ node }) => node),
      ["b", "a"],
    );
  });

  test("counts what a node had used though others took its grant for a crashed node's", () => {
    const { next } = settle({ ...emptyUsage(MONTH), bytes: 40 }, exchange({ used: { bytes: 7, files: 1 } }), {
      quota: {},
      ...alive,
    });
    assert.deepEqual([next.bytes, next.files], [47, 1]);
  });

  test("begins each month at what is in hand", () => {
    const before = {
      ...emptyUsage(MONTH),
      bytes: 500,
      monthBytes: 500,
      nodes: [{ node: "b", sequence: 1, bytes: 30, files: 0 }],
    };
    const { next } = settle(before, exchange({ month: "2026-08", used: { bytes: 5, files: 0 } }), {
      quota: { bytesPerMonth: 600 },
      ...alive,
    });
    assert.deepEqual([next.month, next.monthBytes, next.bytes], ["2026-08", 35, 505]);
  });

  test("whose answer was lost is known again by its number", () => {
    const asked = exchange({ needs: { bytes: 10, files: 0 } });
    const { next } = settle(emptyUsage(MONTH), asked, { quota: {}, ...alive });
    assert.deepEqual(madeAlready(next, asked), { bytes: 10, files: 0 });
    assert.equal(madeAlready(next, { ...asked, sequence: 2 }), undefined);
  });
});

/** What one node holds and has stored, and the document that they share. */
const step = fc.record({
  node: fc.constantFrom("a", "b", "c"),
  use: fc.nat(100),
  remove: fc.nat(100),
  need: fc.nat(300),
  like: fc.nat(1000),
});

test("any number of nodes never store more than the quota, and what they stored is counted", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 2000 }), (steps, limit) => {
      let document = emptyUsage(MONTH);
      const hands = new Map<string, { hand: Amount; stored: number; sequence: number }>();
      for (const { node, use, remove, need, like } of steps) {
        const mine = hands.get(node) ?? { hand: NOTHING, stored: 0, sequence: 0 };
        const used = Math.min(use, mine.hand.bytes);
        const removed = Math.min(remove, mine.stored + used);
        const { next, granted } = settle(
          document,
          exchange({
            node,
            sequence: mine.sequence + 1,
            used: { bytes: used, files: 0 },
            beside: { bytes: -removed, files: 0 },
            needs: { bytes: need, files: 0 },
            likes: { bytes: like, files: 0 },
          }),
          { quota: { bytes: limit }, ...alive },
        );
        document = next;
        hands.set(node, {
          hand: granted ?? NOTHING,
          stored: mine.stored + used - removed,
          sequence: mine.sequence + 1,
        });
        const all = [...hands.values()];
        const stored = all.reduce((sum, each) => sum + each.stored, 0);
        const inHand = all.reduce((sum, each) => sum + each.hand.bytes, 0);
        assert.equal(document.bytes, stored + inHand);
        assert.ok(stored + inHand <= limit);
        if (granted !== undefined) assert.ok(granted.bytes >= need);
      }
    }),
    { numRuns: 300 },
  );
});
