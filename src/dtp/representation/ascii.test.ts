import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Converter } from "../converter.js";
import { AsciiDecoder, AsciiEncoder, AsciiLength } from "./ascii.js";

/** Converts a stream that comes in these chunks; each answer is copied, for it is valid until the next call. */
function convertAll(converter: Converter, chunks: readonly Uint8Array[]): string {
  const out = chunks.map((chunk) => Buffer.from(converter.convert(chunk)));
  return Buffer.concat([...out, converter.end()]).toString("latin1");
}

const encode = (text: string) => convertAll(new AsciiEncoder(), [Buffer.from(text, "latin1")]);
const decode = (text: string) => convertAll(new AsciiDecoder(), [Buffer.from(text, "latin1")]);

/** The definitions, written the slow and obvious way. */
const encoded = (text: string) => text.replace(/(?<!\r)\n/g, "\r\n");
const decoded = (text: string) => text.replaceAll("\r\n", "\n");

/** Text in which line ends of all kinds are dense, and sparse text in which whole words have none. */
const lines = fc.oneof(
  fc.string({ unit: fc.constantFrom("\r", "\n", "a", "\x0b", "\x8a", "\xff"), maxLength: 40 }),
  fc
    .array(fc.constantFrom("\r", "\n", "\r\n", "long words between", "\n\n", "\0", "ab"), { maxLength: 12 })
    .map((parts) => parts.join("")),
  fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
);

const chunked = fc.tuple(lines, fc.array(fc.nat(70), { maxLength: 6 })).map(([text, cuts]) => {
  // A leading byte outside the chunks, so that they are not aligned in memory.
  const bytes = Buffer.from(`x${text}`, "latin1").subarray(1);
  const at = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).toSorted((a, b) => a - b), bytes.length];
  return { text, chunks: at.slice(1).map((end, n) => bytes.subarray(at[n], end)) };
});

describe("sending in TYPE A", () => {
  test("ends lines with CRLF", () => {
    assert.equal(encode("one\ntwo\n"), "one\r\ntwo\r\n");
    assert.equal(encode("\n\n\n\n\n\n\n\n\n\n"), "\r\n".repeat(10));
    assert.equal(encode(""), "");
    assert.equal(encode("no line end"), "no line end");
  });

  test("leaves a CRLF as it is, and a bare CR too", () => {
    assert.equal(encode("dos\r\nunix\nmac\rend\r"), "dos\r\nunix\r\nmac\rend\r");
    assert.equal(encode("\r\r\n"), "\r\r\n");
  });

  test("is the same however the file is cut", () => {
    fc.assert(
      fc.property(chunked, ({ text, chunks }) => {
        assert.equal(convertAll(new AsciiEncoder(), chunks), encoded(text));
      }),
      { numRuns: 3000 },
    );
  });
});

describe("receiving in TYPE A", () => {
  test("ends lines with LF", () => {
    assert.equal(decode("one\r\ntwo\r\n"), "one\ntwo\n");
    assert.equal(decode("\r\n".repeat(10)), "\n".repeat(10));
    assert.equal(decode(""), "");
  });

  test("keeps a bare CR, also the last byte, and a bare LF", () => {
    assert.equal(decode("a\rb\nc\r\r\nd\r"), "a\rb\nc\r\nd\r");
    assert.equal(decode("\r"), "\r");
  });

  test("is the same however the stream is cut", () => {
    fc.assert(
      fc.property(chunked, ({ text, chunks }) => {
        assert.equal(convertAll(new AsciiDecoder(), chunks), decoded(text));
      }),
      { numRuns: 3000 },
    );
  });
});

test("every cut into two of a text with all kinds of line ends converts alike", () => {
  const text = "first\r\nsecond\nthird\r\r\n\n\r\nand a longer line\rwith a bare CR\r\n\r";
  const bytes = Buffer.from(text);
  for (let cut = 0; cut <= bytes.length; cut++) {
    const chunks = [bytes.subarray(0, cut), bytes.subarray(cut)];
    assert.equal(convertAll(new AsciiEncoder(), chunks), encoded(text), `sending, cut at ${cut}`);
    assert.equal(convertAll(new AsciiDecoder(), chunks), decoded(text), `receiving, cut at ${cut}`);
  }
});

test("a file of LF lines comes back as it was", () => {
  fc.assert(
    fc.property(chunked, ({ text, chunks }) => {
      fc.pre(!text.includes("\r"));
      const wire = Buffer.from(convertAll(new AsciiEncoder(), chunks), "latin1");
      assert.equal(convertAll(new AsciiDecoder(), [wire]), text);
    }),
  );
});

test("the counted length is the length of what would be sent", () => {
  fc.assert(
    fc.property(chunked, ({ text, chunks }) => {
      const length = new AsciiLength();
      for (const chunk of chunks) length.add(chunk);
      assert.equal(length.total, encoded(text).length);
    }),
    { numRuns: 3000 },
  );
});

test("converting does not change its input", () => {
  const input = Buffer.from("a\r\nb\nc\r".repeat(20));
  const before = Buffer.from(input);
  new AsciiEncoder().convert(input);
  new AsciiDecoder().convert(input);
  assert.deepEqual(input, before);
});
