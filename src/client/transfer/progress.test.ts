import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { etaOf, RateMeter } from "./progress.js";

describe("the rate", () => {
  test("is that of the last seconds", () => {
    const meter = new RateMeter();
    for (let second = 1; second <= 10; second++) meter.at(second * 1000, second * 100);
    assert.equal(meter.at(10_000, 1000), 100);
    for (let second = 11; second <= 20; second++) meter.at(second * 1000, 1000 + (second - 10) * 900);
    assert.equal(meter.at(20_000, 10_000), 900, "what was before is forgotten");
    assert.equal(new RateMeter().at(0, 0), 0);
  });

  test("tells when it will be done, or that it cannot be told", () => {
    assert.equal(etaOf(500, 100), 5000);
    assert.equal(etaOf(0, 0), 0);
    assert.equal(etaOf(1, 0), undefined);
    assert.equal(etaOf(undefined, 5), undefined);
    assert.equal(etaOf(-1, 5), undefined);
  });
});
