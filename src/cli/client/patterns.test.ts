import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { globMatcher } from "../../protocol/glob.js";
import { alternativesOf, hasPattern, MOST_ALTERNATIVES, withEscapes, withoutEscapes } from "./patterns.js";

describe("a pattern", () => {
  test("has a special character without a backslash before it", () => {
    for (const text of ["*", "a?", "[a]", "{a,b}", "\\\\*", "a/**/b"]) assert(hasPattern(text), text);
    for (const text of ["", "a.txt", "a]b}", "\\*", "\\?\\[\\{", "\\\\", "a\\"])
      assert(!hasPattern(text), text);
  });

  test("made of any text names that text and matches it alone", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."ab*?[]{}\\/,!^-é") }), (text) => {
        const pattern = withEscapes(text);
        assert(!hasPattern(pattern));
        assert.equal(withoutEscapes(pattern), text);
        assert.deepEqual(alternativesOf(pattern), [pattern]);
        assert(globMatcher(pattern)(text));
        assert(!globMatcher(pattern)(`${text}x`));
      }),
    );
  });

  test("with braces stands for each alternative, in order", () => {
    const cases: [string, string[]][] = [
      ["a", ["a"]],
      ["{a,b}", ["a", "b"]],
      ["x{a,}y", ["xay", "xy"]],
      ["{a,b}{1,2}", ["a1", "a2", "b1", "b2"]],
      ["{a,b{1,2}}c", ["ac", "b1c", "b2c"]],
      ["{a}", ["{a}"]],
      ["{a{b,c}", ["{ab", "{ac"]],
      ["{a,b", ["{a,b"]],
      ["}{", ["}{"]],
      ["\\{a,b}", ["\\{a,b}"]],
      ["{a\\,b,c}", ["a\\,b", "c"]],
      ["{*.jpg,*.png}", ["*.jpg", "*.png"]],
    ];
    for (const [pattern, expected] of cases) assert.deepEqual(alternativesOf(pattern), expected, pattern);
  });

  test("never stands for more alternatives than the bound", () => {
    assert.equal(alternativesOf("{a,b}".repeat(20)), undefined);
    assert.equal(alternativesOf("{a,{b,{c,{d,e}}}}".repeat(30)), undefined);
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."a,{}\\"), maxLength: 60 }), (pattern) => {
        const found = alternativesOf(pattern);
        assert(found === undefined || (found.length >= 1 && found.length <= MOST_ALTERNATIVES));
      }),
    );
  });
});
