import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { formatTimestamp, parseTimestamp } from "./timestamp.js";

const EARLIEST = Date.parse("0000-01-01T00:00:00Z");
const LATEST = Date.parse("9999-12-31T23:59:59Z");

describe("time values", () => {
  test("are read as UTC, to the millisecond", () => {
    assert.equal(parseTimestamp("20251120180203"), Date.UTC(2025, 10, 20, 18, 2, 3));
    assert.equal(parseTimestamp("19980615100045.014"), Date.UTC(1998, 5, 15, 10, 0, 45, 14));
    assert.equal(parseTimestamp("20251120180203.5"), Date.UTC(2025, 10, 20, 18, 2, 3, 500));
    assert.equal(parseTimestamp("20251120180203.999999999"), Date.UTC(2025, 10, 20, 18, 2, 3, 999));
    assert.equal(parseTimestamp("00000101000000"), EARLIEST);
  });

  test("have every millisecond exactly", () => {
    for (let n = 0; n < 1000; n++) {
      assert.equal(parseTimestamp(`19700101000000.${String(n).padStart(3, "0")}`), n);
    }
  });

  test("can name a leap second, which is the next one in POSIX time", () => {
    assert.equal(parseTimestamp("20161231235960"), Date.UTC(2017, 0, 1));
  });

  test("that do not exist are refused", () => {
    const wrong = [
      "",
      "2025112018020",
      "202511201802030",
      "20250229000000",
      "20251301000000",
      "20250001000000",
      "20250100000000",
      "20250132000000",
      "20250101240000",
      "20250101006000",
      "20250101000061",
      "20250101000000.",
      "20250101000000.1234567890",
      "20250101T000000",
      "20250101000000Z",
      " 20250101000000",
      "2025010100000a",
      "-2025010100000",
    ];
    for (const text of wrong) assert.equal(parseTimestamp(text), undefined, text);
  });

  test("are written in whole seconds, and read as they were", () => {
    fc.assert(
      fc.property(fc.integer({ min: EARLIEST, max: LATEST }), (time) => {
        assert.equal(parseTimestamp(formatTimestamp(time)), Math.floor(time / 1000) * 1000);
        assert.equal(formatTimestamp(time), new Date(time).toISOString().slice(0, 19).replace(/[-T:]/g, ""));
      }),
      { numRuns: 3000 },
    );
  });

  test("beyond the years 0 to 9999 are moved to the nearest end, and what is no time to the epoch", () => {
    assert.equal(formatTimestamp(EARLIEST - 1), "00000101000000");
    assert.equal(formatTimestamp(Number.NEGATIVE_INFINITY), "00000101000000");
    assert.equal(formatTimestamp(LATEST + 1000), "99991231235959");
    assert.equal(formatTimestamp(Number.POSITIVE_INFINITY), "99991231235959");
    assert.equal(formatTimestamp(Number.NaN), "19700101000000");
  });
});
