import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  ASCII,
  formatType,
  IMAGE,
  parseMode,
  parseStructure,
  parseType,
  type RepresentationType,
} from "./representation.js";

const formats = ["N", "T", "C"] as const;
const types: readonly RepresentationType[] = [
  IMAGE,
  ...formats.map((format) => ({ kind: "ascii", format }) as const),
  ...formats.map((format) => ({ kind: "ebcdic", format }) as const),
  ...Array.from({ length: 255 }, (_, n) => ({ kind: "local", byteSize: n + 1 }) as const),
];

describe("TYPE", () => {
  test("every type is read as it was written", () => {
    for (const type of types) {
      assert.deepEqual(parseType(formatType(type)), type);
      assert.deepEqual(parseType(` ${formatType(type).toLowerCase()} `), type);
    }
  });

  test("non-print is the format of those that name none", () => {
    assert.deepEqual(parseType("a"), ASCII);
    assert.deepEqual(parseType("E"), { kind: "ebcdic", format: "N" });
    assert.deepEqual(parseType("I N"), IMAGE);
  });

  test("anything else is none", () => {
    const wrong = [
      "",
      "X",
      "A X",
      "A 8",
      "AN",
      "I T",
      "I 8",
      "L",
      "L 0",
      "L 256",
      "L N",
      "L -1",
      "L 8 8",
      "A N T",
      "L 8.5",
    ];
    for (const text of wrong) assert.equal(parseType(text), undefined, text);
    fc.assert(
      fc.property(fc.string(), (text) => {
        const type = parseType(text);
        assert.ok(type === undefined || types.some((known) => formatType(known) === formatType(type)));
      }),
    );
  });
});

describe("STRU and MODE", () => {
  test("take one letter in any case", () => {
    assert.deepEqual(["F", "r", " p "].map(parseStructure), ["F", "R", "P"]);
    assert.deepEqual(["S", "b", "C", "z"].map(parseMode), ["S", "B", "C", "Z"]);
  });

  test("take no other text", () => {
    for (const text of ["", "X", "FF", "F R", "1"]) {
      assert.equal(parseStructure(text), undefined);
      assert.equal(parseMode(text), undefined);
    }
  });
});
