import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { countText, durationText, movedText, rateText } from "./quantities.js";

describe("quantities", () => {
  test("rates are bytes in a second", () => {
    assert.equal(rateText(3_500_000), "3.3 MiB/s");
    assert.equal(movedText(8 * 1024 * 1024, 2000), "8.0 MiB in 0:02, 4.0 MiB/s");
    assert.equal(movedText(0, 0), "0 B in 0 ms, 0 B/s");
  });

  test("times grow from minutes to days", () => {
    const texts = [0, 1, 4000, 754_000, 3_723_000, 100 * 3_600_000, 1e15].map(durationText);
    assert.deepEqual(texts, ["0:00", "0:01", "0:04", "12:34", "1:02:03", "4d 04h", "years"]);
  });

  test("columns are enough for every number", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 2 ** 53, noNaN: true }), (number) => {
        assert.ok(rateText(number).length <= 10, rateText(number));
        assert.ok(durationText(number).length <= 8, durationText(number));
      }),
      { numRuns: 2000 },
    );
  });

  test("one is not many", () => {
    assert.deepEqual(
      [countText(0, "file"), countText(1, "file"), countText(2, "file")],
      ["0 files", "1 file", "2 files"],
    );
    assert.equal(countText(2, "directory", "directories"), "2 directories");
  });
});
