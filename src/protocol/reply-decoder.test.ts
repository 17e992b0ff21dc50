import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, test } from "node:test";
import fc from "fast-check";
import { encodeReply, type Reply } from "./reply.js";
import {
  ReplyDecoder,
  ReplyDecoderError,
  type ReplyDecoderReason,
  type ReplyLimits,
} from "./reply-decoder.js";
import { decodeText } from "./text.js";

/** Replies, and the reason of the error that ended them, if one did. */
function decode(chunks: readonly Uint8Array[], limits?: Partial<ReplyLimits>): (Reply<number> | string)[] {
  const decoder = new ReplyDecoder(limits);
  const found: (Reply<number> | string)[] = [];
  try {
    for (const chunk of chunks) {
      decoder.push(chunk);
      for (let reply = decoder.next(); reply !== undefined; reply = decoder.next()) found.push(reply);
    }
  } catch (error) {
    assert.ok(error instanceof ReplyDecoderError);
    found.push(error.reason);
  }
  return found;
}

const latin1 = (text: string): Buffer => Buffer.from(text, "latin1");

function splitAt(whole: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const at = [...new Set(cuts.map((cut) => cut % (whole.length + 1)))].sort((a, b) => a - b);
  return [...at, whole.length].map((to, n) => whole.slice(at[n - 1] ?? 0, to));
}

const byteByByte = (whole: Uint8Array): Uint8Array[] => [...whole].map((byte) => Uint8Array.of(byte));
const cuts = fc.array(fc.nat(1000), { maxLength: 20 });

describe("replies from bytes", () => {
  test("one line is one reply, with CRLF or LF, with text or without", () => {
    assert.deepEqual(decode([latin1("220 Ready.\r\n200 \r\n226\r\n230 in\n")]), [
      { code: 220, lines: ["Ready."] },
      { code: 200, lines: [""] },
      { code: 226, lines: [""] },
      { code: 230, lines: ["in"] },
    ]);
  });

  test("a multi-line reply ends with its own code and a space, and with nothing else", () => {
    const text =
      "211-Features:\r\n MDTM\r\n  SIZE\r\nplain\r\n 211 not the end\r\n220 nor this\r\n2111 nor this\r\n211-nor this\r\n\r\n211 End\r\n";
    assert.deepEqual(decode([latin1(text)]), [
      {
        code: 211,
        lines: [
          "Features:",
          "MDTM",
          " SIZE",
          "plain",
          "211 not the end",
          "220 nor this",
          "2111 nor this",
          "211-nor this",
          "",
          "End",
        ],
      },
    ]);
  });

  test("the code alone ends a multi-line reply too", () => {
    assert.deepEqual(decode([latin1("250-Listing\r\n type=file; a\r\n250\r\n")]), [
      { code: 250, lines: ["Listing", "type=file; a", ""] },
    ]);
  });

  test("a reply is not complete before its LF, nor when it is split within its code", () => {
    const decoder = new ReplyDecoder();
    for (const part of ["2", "26 Tran", "sfer complete", "\r"]) {
      decoder.push(latin1(part));
      assert.equal(decoder.next(), undefined);
    }
    decoder.push(latin1("\n"));
    assert.deepEqual(decoder.next(), { code: 226, lines: ["Transfer complete"] });
  });

  test("empty lines between replies are ignored", () => {
    assert.deepEqual(decode([latin1("\r\n\n220 a\r\n\r\n")]), [{ code: 220, lines: ["a"] }]);
  });

  test("Telnet is taken out, and a byte 255 of a name kept", () => {
    const text = latin1('257 "/a\xff\xffb\xff\xf1c\xff"\r\n');
    assert.deepEqual(decode([text]), [{ code: 257, lines: ['"/a\udcffbc\udcff"'] }]);
  });

  test("garbage outside a reply is an error, which stays", () => {
    for (const garbage of ["hello", "22 a", "022 a", "600 a", "2200 a", "220_a", " 220 a", "SSH-2.0-x"]) {
      assert.deepEqual(decode([latin1(`220 a\r\n${garbage}\r\n220 b\r\n`)]), [
        { code: 220, lines: ["a"] },
        "not-a-reply",
      ]);
    }
    const decoder = new ReplyDecoder();
    decoder.push(latin1("hello\r\n220 a\r\n"));
    const known = { code: "ERR_FERRY_REPLY_DECODER", reason: "not-a-reply" };
    assert.throws(() => decoder.next(), known);
    decoder.push(latin1("220 a\r\n"));
    assert.throws(() => decoder.next(), known);
    assert.equal(decoder.buffered, 0);
  });

  test("what is buffered can be asked for, so that bytes behind a 234 are noticed", () => {
    const decoder = new ReplyDecoder();
    decoder.push(latin1("234 Go.\r\n"));
    assert.ok(decoder.next());
    assert.equal(decoder.buffered, 0);
    decoder.push(latin1("220-injected\r\n"));
    assert.equal(decoder.next(), undefined);
    assert.ok(decoder.buffered > 0);
  });
});

describe("bounds of replies", () => {
  const limits = { line: 40, reply: 100, lines: 8 };
  const cases: readonly [string, string, ReplyDecoderReason | undefined][] = [
    ["a line of just the limit passes", `220 ${"a".repeat(36)}\r\n`, undefined],
    ["a longer line does not", `220 ${"a".repeat(37)}\r\n`, "line-too-long"],
    ["nor one without an end", `220 ${"a".repeat(37)}`, "line-too-long"],
    [
      "a reply of just the limit passes",
      `211-a\r\n${`${"b".repeat(37)}\r\n`.repeat(2)}211 ${"c".repeat(9)}\r\n`,
      undefined,
    ],
    [
      "a longer one does not",
      `211-a\r\n${`${"b".repeat(37)}\r\n`.repeat(2)}211 ${"c".repeat(10)}\r\n`,
      "reply-too-long",
    ],
    ["nor one that never ends", `211-a\r\n${"bbbbbbbbbbbbbbbbbbb\r\n".repeat(100)}`, "reply-too-long"],
    ["as many lines as the limit pass", `211-a\r\n${"\r\n".repeat(6)}211 b\r\n`, undefined],
    ["more do not", `211-a\r\n${"\r\n".repeat(7)}211 b\r\n`, "reply-too-long"],
  ];
  for (const [name, text, reason] of cases) {
    test(name, () => {
      for (const chunks of [[latin1(text)], byteByByte(latin1(text))]) {
        const found = decode(chunks, limits);
        assert.equal(found.length, 1);
        if (reason === undefined) assert.equal(typeof found[0], "object");
        else assert.equal(found[0], reason);
      }
    });
  }

  test("random bytes throw nothing but the one error, and are not held beyond the bound", () => {
    const likely = fc.constantFrom("220-", "220 ", "220", "\r\n", "\n", " ", "a", "\xff", "\0");
    const text = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.array(likely, { maxLength: 80 }).map((all) => latin1(all.join(""))),
    );
    fc.assert(
      fc.property(text, cuts, (whole, at) => {
        const decoder = new ReplyDecoder(limits);
        try {
          for (const chunk of splitAt(whole, at)) {
            decoder.push(chunk);
            while (decoder.next() !== undefined);
            assert.ok(decoder.buffered <= limits.reply + limits.line + 1);
          }
        } catch (error) {
          assert.ok(error instanceof ReplyDecoderError, String(error));
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe("replies in any chunking", () => {
  const line = fc.oneof(
    fc.constantFrom("", " ", "220 x", "220-x", "220", "211 End", "End"),
    fc
      .uint8Array({ maxLength: 30 })
      .map((all) => decodeText(all.filter((b) => b !== 10 && b !== 13 && b !== 0))),
  );
  const replies = fc.array(
    fc.record(
      {
        code: fc.constantFrom(150, 211, 220, 226, 550),
        lines: fc.array(line, { minLength: 1, maxLength: 5 }) as fc.Arbitrary<[string, ...string[]]>,
      },
      { noNullPrototype: true },
    ),
    { maxLength: 5 },
  );

  test("what was encoded is decoded as it was", () => {
    fc.assert(
      fc.property(replies, cuts, (all, at) => {
        const whole = Buffer.concat(all.map(encodeReply));
        assert.deepEqual(decode(splitAt(whole, at)), all);
      }),
      { numRuns: 1000 },
    );
  });

  test("every single split of a conversation gives what the whole gives", () => {
    const whole = latin1("220-Hello\r\n220-again\r\n 220 x\r\n220 Ready\r\n331 \xff\xff\r\n230\r\n");
    const expected = decode([whole]);
    assert.equal(expected.length, 3);
    for (let at = 0; at <= whole.length; at++) {
      assert.deepEqual(decode([whole.subarray(0, at), whole.subarray(at)]), expected, `split at ${at}`);
    }
    assert.deepEqual(decode(byteByByte(whole)), expected);
  });
});
