import assert from "node:assert/strict";
import { test } from "node:test";
import { countSteps } from "./regexp-steps.support.test.js";

test("steps grow with the length of a text, or with its square, as a pattern has it", () => {
  const stepsOf = (pattern: RegExp, length: number) =>
    countSteps(() => assert.ok(!pattern.test(" ".repeat(length))));
  assert.ok(stepsOf(/^ *x/, 200) < 1000);
  assert.ok(stepsOf(/^(?: +)? *x/, 200) > 20_000);
  assert.ok(stepsOf(/ +x/, 200) > 20_000);
  assert.ok(countSteps(() => "a b c".split(/ +/)) > 0);
});
