import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { jsonLine } from "./json-line.js";

describe("a line of JSON", () => {
  test("holds nothing that steers a terminal or turns the direction of writing, and gives the value back", () => {
    const value = {
      name: "\u001b[31m\u007f\u0085\u009b31m\u061c\u200e\u200f\u2028\u202egpj.exe\u2066\u2069 é漢🚢",
    };
    const line = jsonLine(value);
    assert.doesNotMatch(line.slice(0, -1), /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u);
    assert.match(line, /é漢🚢"\}\n$/);
    assert.deepEqual(JSON.parse(line), value);
  });
});
