import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, test } from "node:test";
import fc from "fast-check";
import { decodeText, encodeText, escapeHostile, isUtf8Text, printable } from "./text.js";

/** Bytes of which many are pieces of UTF-8, whole and broken. */
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 100 }),
  fc
    .array(
      fc.oneof(
        fc.constantFrom(
          [0xc3, 0xa9],
          [0xe2, 0x82, 0xac],
          [0xf0, 0x9f, 0x9a, 0xa2],
          [0xed, 0xa0, 0x80],
          [0xc0, 0x80],
          [0xf4, 0x90, 0x80, 0x80],
        ),
        fc.constantFrom([0xc3], [0xe2, 0x82], [0xf0, 0x9f, 0x9a], [0x80], [0xff], [0x41], [0xef, 0xbb, 0xbf]),
      ),
      { maxLength: 30 },
    )
    .map((parts) => Uint8Array.from(parts.flat())),
);

describe("text on the wire", () => {
  test("any bytes come back as they were", () => {
    fc.assert(
      fc.property(bytes, (all) => {
        assert.deepEqual(new Uint8Array(encodeText(decodeText(all))), all);
      }),
      { numRuns: 5000 },
    );
  });

  test("different bytes give different text", () => {
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        assert.equal(decodeText(a) === decodeText(b), Buffer.compare(a, b) === 0);
      }),
      { numRuns: 2000 },
    );
  });

  test("UTF-8 is what TextDecoder makes of it, a byte order mark included", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        fc.pre(text.isWellFormed());
        assert.equal(decodeText(Buffer.from(text)), text);
        assert.deepEqual(encodeText(text), Buffer.from(text));
        assert.ok(isUtf8Text(decodeText(Buffer.from(text))));
      }),
      { numRuns: 1000 },
    );
    assert.equal(decodeText(Buffer.from("\ufeffa")), "\ufeffa");
  });

  test("bytes that are not UTF-8 become lone surrogates, each its own", () => {
    assert.equal(decodeText(Uint8Array.of(0x61, 0xe9, 0x62)), "a\udce9b");
    assert.equal(
      decodeText(Uint8Array.of(0xed, 0xa0, 0x80)),
      "\udced\udca0\udc80",
      "surrogates are not UTF-8",
    );
    assert.equal(decodeText(Uint8Array.of(0xc0, 0xaf)), "\udcc0\udcaf", "nor is an overlong slash");
    assert.equal(
      decodeText(Uint8Array.of(0xf4, 0x90, 0x80, 0x80)),
      "\udcf4\udc90\udc80\udc80",
      "nor what lies above U+10FFFF",
    );
    assert.equal(isUtf8Text("a\udce9b"), false);
  });

  test("only a lone surrogate stands for a byte, not half of a character", () => {
    const character = "\ud83d\udc80\udc80";
    assert.deepEqual([...encodeText(character)], [0xf0, 0x9f, 0x92, 0x80, 0x80]);
  });

  test("any string can be encoded; surrogates that stand for no byte become U+FFFD", () => {
    assert.deepEqual(encodeText("a\ud800b\udc41"), Buffer.from("a\ufffdb\ufffd"));
    const unit = fc.constantFrom("\ud83d", "\ude00", "\udcff", "\udc80", "a", "é");
    fc.assert(
      fc.property(
        fc.array(unit).map((all) => all.join("")),
        (text) => {
          const once = decodeText(encodeText(text));
          assert.equal(decodeText(encodeText(once)), once);
        },
      ),
    );
  });

  test("what is shown to people holds no control character and no broken character", () => {
    assert.equal(
      printable('a\r\n\u001b[2J\\ \udce9 é 🚢"'),
      'a\\xd\\xa\\x1b[2J\\\\ \\xe9 é 🚢"'.replace("\\xd\\xa", "\\x0d\\x0a"),
    );
    assert.equal(escapeHostile("a\\b\u001b[2J \udce9 \u0085 é"), "a\\b\\x1b[2J \\xe9 \\u0085 é");
    assert.equal(printable("photo\u202egpj.exe"), "photo\\u202egpj.exe");
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), bytes, (text, all) => {
        const shown = printable(text + decodeText(all));
        assert.doesNotMatch(shown, /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/);
        assert.ok(shown.isWellFormed());
        const once = escapeHostile(text + decodeText(all));
        assert.doesNotMatch(once, /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/);
        assert.ok(once.isWellFormed());
        assert.equal(escapeHostile(once), once);
      }),
    );
  });
});
