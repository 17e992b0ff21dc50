import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { printable } from "../protocol/text.js";
import { displayWidth, fitMiddle, padTo } from "./text-width.js";

/** Letters of one and two columns, marks, pictures, and what shows nothing. */
const text = fc.string({
  unit: fc.oneof(
    fc.constantFrom(
      "a",
      "é",
      "e\u0301",
      "漢",
      "한",
      "ｗ",
      "🚢",
      "👨‍👩‍👧",
      "🇨🇭",
      "✈️",
      "\u200b",
      "\udce9",
      "\u001b",
    ),
    fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
  ),
  maxLength: 60,
});

describe("the width of text", () => {
  test("is counted in columns of a terminal", () => {
    const widths = {
      "": 0,
      abc: 3,
      é: 1,
      "e\u0301": 1,
      漢字: 4,
      한글: 4,
      ｗ: 2,
      "🚢": 2,
      "👨‍👩‍👧": 2,
      "🇨🇭": 2,
      "a\u200bb": 2,
    };
    for (const [shown, width] of Object.entries(widths)) assert.equal(displayWidth(shown), width, shown);
  });

  test("text that fits is left alone; other text loses its middle", () => {
    assert.equal(fitMiddle("report.pdf", 10), "report.pdf");
    assert.equal(fitMiddle("backup-2026-11-20.tar.gz", 15), "backup...tar.gz");
    assert.equal(fitMiddle("漢字漢字漢字漢字", 8), "漢...字");
    assert.equal(
      fitMiddle("e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301", 5),
      "e\u0301...e\u0301",
      "accents stay with their letters",
    );
    assert.equal(fitMiddle("abcdef", 2), "..");
    assert.equal(fitMiddle("abcdef", 0), "");
  });

  test("whatever the text, it is never wider than asked for", () => {
    fc.assert(
      fc.property(text, fc.nat(40), (raw, width) => {
        const shown = printable(raw);
        const fitted = fitMiddle(shown, width);
        assert.ok(displayWidth(fitted) <= width, JSON.stringify(fitted));
        assert.ok(fitted.isWellFormed());
        if (displayWidth(shown) <= width) assert.equal(fitted, shown);
        assert.equal(displayWidth(padTo(fitted, width)), width);
      }),
      { numRuns: 2000 },
    );
  });
});
