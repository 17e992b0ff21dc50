import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, test } from "node:test";
import fc from "fast-check";
import { encodeReply, formatReply, reply } from "./reply.js";
import { classOf, REPLY_CODES, type ReplyCode } from "./reply-codes.js";

describe("replies", () => {
  test("one line has its code and a space", () => {
    assert.equal(formatReply(reply(220, "Ready.")), "220 Ready.\r\n");
    assert.equal(formatReply(reply(200, "")), "200 \r\n");
  });

  test("of several lines the first has a hyphen, the last a space, the others an indent", () => {
    assert.equal(formatReply(reply(211, "a", "b", "c")), "211-a\r\n b\r\n211 c\r\n");
    assert.equal(formatReply(reply(211, "a", "b")), "211-a\r\n211 b\r\n");
    assert.equal(
      formatReply(reply(213, "a", "213 not the end", "c")),
      "213-a\r\n 213 not the end\r\n213 c\r\n",
    );
  });

  test("no text can end a line, and so forge a reply", () => {
    assert.equal(formatReply(reply(550, "a\r\n226 done\r\n", "\0\n")), "550-a 226 done \r\n550  \r\n");
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "binary" }), { minLength: 1 }), (lines) => {
        const text = formatReply({ code: 226, lines: lines as [string, ...string[]] });
        assert.equal(text.split("\r\n").length, lines.length + 1);
        assert.equal(text.replaceAll("\r\n", "").match(/[\r\n\0]/), null);
        assert.equal(text.match(/^226 /gm)?.length, 1);
      }),
    );
  });

  test("names that are not UTF-8 keep their bytes, and byte 255 is doubled", () => {
    assert.deepEqual(
      encodeReply(reply(257, '"/\udce9\udcff"')),
      Buffer.from('257 "/\xe9\xff\xff"\r\n', "latin1"),
    );
    assert.equal(
      formatReply(reply(257, "\ud83d\udcff")),
      "257 \ud83d\udcff\r\n",
      "half of a character is no byte",
    );
  });
});

describe("reply codes", () => {
  test("each has a class, a meaning and a reference", () => {
    for (const [text, { meaning, reference }] of Object.entries(REPLY_CODES)) {
      const code = Number(text) as ReplyCode;
      assert.match(text, /^[1-5][0-5]\d$/);
      assert.ok(meaning.length > 0);
      assert.match(reference, /^(RFC \d+ [\d.]+(, |$))+|^draft-/);
      assert.equal(typeof classOf(code), "string");
    }
  });

  test("the first digit gives the class, also of codes that are not ours", () => {
    assert.deepEqual([150, 226, 331, 402, 599].map(classOf), [
      "preliminary",
      "completion",
      "intermediate",
      "transient-negative",
      "permanent-negative",
    ]);
    for (const code of [0, 99, 600, -1, Number.NaN]) assert.throws(() => classOf(code), RangeError);
  });
});
