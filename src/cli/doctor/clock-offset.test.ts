import assert from "node:assert/strict";
import { test } from "node:test";
import { isZone, offsetText, roundedOffset } from "./clock-offset.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

test("differences of whole quarters of an hour are zones, others are clocks that are wrong", () => {
  for (const zone of [-12 * HOUR, -3.5 * HOUR, 0.25 * HOUR, 5.75 * HOUR, 14 * HOUR]) {
    assert.equal(isZone(zone), true, offsetText(zone));
    assert.equal(isZone(zone + 50_000), true);
    assert.equal(isZone(zone + 2 * MINUTE), false);
  }
  for (const wrong of [0, 30_000, 10 * MINUTE, 15 * HOUR, 400 * HOUR]) assert.equal(isZone(wrong), false);
});

test("offsets are told with their sign, in the unit that fits", () => {
  assert.equal(offsetText(12_400), "+12 s");
  assert.equal(offsetText(-2 * HOUR), "-2:00 h");
  assert.equal(offsetText(5.75 * HOUR), "+5:45 h");
  assert.equal(offsetText(-0.5 * HOUR), "-30 min");
  assert.equal(offsetText(-72 * HOUR), "-3 days");
  assert.equal(roundedOffset(2 * HOUR + 59_000), 2 * HOUR);
});
