import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import fc from "fast-check";
import { decodeText } from "../../protocol/text.js";
import { hiddenName, isForeignName, isHidden, nativePath, randomHiddenName, textOfLatin1 } from "./names.js";

test("names of any bytes come from the disk and go back to it", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const text = textOfLatin1(Buffer.from(bytes).toString("latin1"));
      assert.equal(text, decodeText(bytes));
      assert.deepEqual(Buffer.from(nativePath(text)), Buffer.from(bytes));
    }),
    { numRuns: 500 },
  );
});

test("hidden names are those of sixteen hexadecimal digits, in any case, and no others", () => {
  for (const name of [
    ".ferry-0123456789abcdef",
    ".FERRY-0123456789ABCDEF",
    randomHiddenName(),
    hiddenName("f".repeat(16)),
  ]) {
    assert.ok(isHidden(name), name);
  }
  for (const name of [
    "",
    ".ferry-",
    "ferry-0123456789abcdef",
    ".ferry-0123456789abcde",
    ".ferry-0123456789abcdef0",
    ".ferry-0123456789abcdeg",
    ".ferry-0123456789abcdef\n",
  ]) {
    assert.ok(!isHidden(name), name);
  }
});

test("what Windows would take for something else is no name there", () => {
  for (const name of [
    "a\\b",
    "c:",
    "file:stream",
    "dot.",
    "space ",
    "NUL",
    "con.txt",
    "Lpt1",
    "COM9.log",
    "a?b",
  ]) {
    assert.ok(isForeignName(name, true), name);
    assert.ok(!isForeignName(name, false), name);
  }
  for (const name of ["file.txt", "console", ".hidden", "lpt", "ä"])
    assert.ok(!isForeignName(name, true), name);
});
