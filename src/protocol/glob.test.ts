import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { globMatcher, isPattern } from "./glob.js";

/** A piece of a pattern, and the regular expression that means the same. */
const piece: fc.Arbitrary<readonly [string, string]> = fc.constantFrom(
  ...([
    ["*", "[^]*"],
    ["?", "[^]"],
    ["[ab]", "[ab]"],
    ["[a-c]", "[a-c]"],
    ["[!a-c]", "[^a-c]"],
    ["[^b]", "[^b]"],
    ["[]a]", "[\\]a]"],
    ["[a-]", "[a\\-]"],
    ["\\*", "\\*"],
    ["\\[", "\\["],
    [".", "\\."],
    ...[..."abc-é🚢"].map((letter) => [letter, letter] as const),
  ] as const),
);
const name = fc
  .array(fc.constantFrom("a", "b", "c", ".", "-", "*", "]", "[", "é", "🚢"), { maxLength: 8 })
  .map((all) => all.join(""));

describe("patterns of names", () => {
  test("match what the regular expression of the same meaning matches", () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), name, (pieces, text) => {
        const pattern = pieces.map(([glob]) => glob).join("");
        const same = new RegExp(`^${pieces.map(([, regexp]) => regexp).join("")}$`, "u");
        assert.equal(globMatcher(pattern)(text), same.test(text), `${pattern} on ${text}`);
      }),
      { numRuns: 3000 },
    );
  });

  test("examples of every rule", () => {
    const rules: readonly [string, string, boolean][] = [
      ["*", "", true],
      ["*.txt", "a.txt", true],
      ["*.txt", "a.txt.gz", false],
      ["a?c", "abc", true],
      ["?", "🚢", true],
      ["[", "[", true],
      ["[a", "[a", true],
      ["a\\", "a\\", true],
      ["*", ".hidden", true],
      ["A", "a", false],
      ["{a,b}", "a", false],
    ];
    for (const [pattern, text, expected] of rules)
      assert.equal(globMatcher(pattern)(text), expected, pattern);
    assert.ok(isPattern("a*") && isPattern("a?") && isPattern("[a]") && !isPattern("a\\b{}"));
  });

  test("no pattern throws", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (pattern, text) => {
        assert.equal(typeof globMatcher(pattern)(text), "boolean");
      }),
    );
  });
});
