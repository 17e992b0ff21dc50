import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { bytesText, countText, durationText, rateText } from "./quantities.js";

describe("quantities", () => {
  test("bytes have three digits at most, or one behind the point", () => {
    const texts = [0, 999, 1000, 1024, 1536, 102_348, 1024 ** 2 * 99.96, 1024 ** 3 * 1.25, 1024 ** 4 * 999];
    assert.deepEqual(texts.map(bytesText), [
      "0 B",
      "999 B",
      "1.0 KiB",
      "1.0 KiB",
      "1.5 KiB",
      "99.9 KiB",
      "100 MiB",
      "1.3 GiB",
      "999 TiB",
    ]);
    assert.equal(rateText(3_500_000), "3.3 MiB/s");
  });

  test("times grow from minutes to days", () => {
    const texts = [0, 1, 4000, 754_000, 3_723_000, 100 * 3_600_000, 1e15].map(durationText);
    assert.deepEqual(texts, ["0:00", "0:01", "0:04", "12:34", "1:02:03", "4d 04h", "years"]);
  });

  test("columns are enough for every number", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 2 ** 53, noNaN: true }), (number) => {
        assert.ok(bytesText(number).length <= 8, bytesText(number));
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
