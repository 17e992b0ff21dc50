import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type CommandLine, CommandLineDecoder, CommandLineError, encodeCommandLine } from "./command-line.js";
import { MAX_COMMAND_LINE } from "./limits.js";
import { decodeText } from "./text.js";

/** Everything that a decoder makes of the chunks, asked after each of them. */
function decode(chunks: readonly Uint8Array[], limit?: number): CommandLine[] {
  const decoder = new CommandLineDecoder(limit === undefined ? {} : { limit });
  return chunks.flatMap((chunk) => feed(decoder, chunk));
}

function feed(decoder: CommandLineDecoder, chunk: Uint8Array): CommandLine[] {
  decoder.push(chunk);
  const lines: CommandLine[] = [];
  for (let line = decoder.next(); line !== undefined; line = decoder.next()) lines.push(line);
  return lines;
}

/** As the PI does while a transfer runs. */
function feedWhileTransferring(decoder: CommandLineDecoder, chunk: Uint8Array): CommandLine[] {
  const lines = feed(decoder, chunk);
  const abort = decoder.endAbortLine();
  return abort === undefined ? lines : [...lines, abort];
}

function bytes(...parts: readonly (string | number)[]): Buffer {
  return Buffer.concat(
    parts.map((part) => (typeof part === "string" ? Buffer.from(part, "latin1") : Buffer.from([part]))),
  );
}

function splitAt(whole: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const at = [...new Set(cuts.map((cut) => cut % (whole.length + 1)))].sort((a, b) => a - b);
  return [...at, whole.length].map((to, n) => whole.slice(at[n - 1] ?? 0, to));
}

const command = (verb: string, argument = ""): CommandLine => ({ kind: "command", verb, argument });

/** Bytes that matter to the decoder come often. */
const wireBytes = fc
  .array(
    fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(0x0d, 0x0a, 0x20, 0xff, 0xfb, 0xf4, 0xf2, 0x00) },
      { weight: 4, arbitrary: fc.constantFrom(0x41, 0x62, 0x6f, 0x52) },
      { weight: 1, arbitrary: fc.nat(255) },
    ),
    { maxLength: 200 },
  )
  .map((all) => Uint8Array.from(all));
const cuts = fc.array(fc.nat(1000), { maxLength: 20 });

describe("command lines", () => {
  test("a verb and its argument come out of a line that ends in CRLF or in LF", () => {
    assert.deepEqual(decode([bytes("USER anna\r\n")]), [command("USER", "anna")]);
    assert.deepEqual(decode([bytes("USER anna\n")]), [command("USER", "anna")]);
    assert.deepEqual(decode([bytes("NOOP\r\n")]), [command("NOOP")]);
  });

  test("verbs are upper case whatever their length, arguments stay as they are", () => {
    assert.deepEqual(decode([bytes("retr Read.Me\r\npWd\r\nxSha256 a\r\nPASV\r\n")]), [
      command("RETR", "Read.Me"),
      command("PWD"),
      command("XSHA256", "a"),
      command("PASV"),
    ]);
  });

  test("exactly one space separates the verb; all others belong to the argument", () => {
    assert.deepEqual(decode([bytes("RETR  leading and trailing  \r\n")]), [
      command("RETR", " leading and trailing  "),
    ]);
    assert.deepEqual(decode([bytes("NOOP \r\n")]), [command("NOOP", "")]);
    assert.deepEqual(decode([bytes(" NOOP\r\n")]), [command("", "NOOP")]);
  });

  test("a pipelined chunk gives each of its lines", () => {
    const lines = decode([bytes("NOOP\r\n".repeat(100), "RETR x\r\n")]);
    assert.equal(lines.length, 101);
    assert.deepEqual(lines.at(-1), command("RETR", "x"));
  });

  test("a line that came byte by byte is one line, and nothing before its LF", () => {
    const decoder = new CommandLineDecoder();
    for (const byte of bytes("CWD /a b")) assert.deepEqual(feed(decoder, Uint8Array.of(byte)), []);
    assert.deepEqual(feed(decoder, bytes("\r")), []);
    assert.deepEqual(feed(decoder, bytes("\n")), [command("CWD", "/a b")]);
  });

  test("empty lines are told apart, so that they can be ignored", () => {
    assert.deepEqual(decode([bytes("\r\n\nNOOP\r\n")]), [
      { kind: "empty" },
      { kind: "empty" },
      command("NOOP"),
    ]);
  });

  test("UTF-8 names, and names that are not UTF-8, are decoded without loss", () => {
    assert.deepEqual(decode([Buffer.from("RETR Grüße 🚢.txt\r\n")]), [command("RETR", "Grüße 🚢.txt")]);
    assert.deepEqual(decode([bytes("RETR caf", 0xe9, "\r\n")]), [command("RETR", "caf\udce9")]);
  });

  test("what is no verb becomes short printable text that matches none", () => {
    assert.deepEqual(decode([bytes(`${"x".repeat(40)} y\r\n`)]), [command("X".repeat(16), "y")]);
    assert.deepEqual(decode([Buffer.from("LıST\r\n")]), [command("L??ST")]);
    assert.deepEqual(decode([bytes("P@SW a\r\n{}[] b\r\n")]), [command("P@SW", "a"), command("{}[]", "b")]);
  });

  test("control characters spoil their own line only", () => {
    for (const line of ["USER a\0b", "USER a\tb", "USER a\rb", "USER a\r\0", "USER a\x7f", "USER a\r"]) {
      assert.deepEqual(
        decode([bytes(line, "\r\nNOOP\r\n")]),
        [{ kind: "control-character", verb: "USER" }, command("NOOP")],
        JSON.stringify(line),
      );
    }
    assert.deepEqual(decode([bytes("US\0ER a\r\n")]), [{ kind: "control-character", verb: "US?ER" }]);
  });
});

describe("Telnet in command lines", () => {
  const lines: readonly [string, Buffer, CommandLine][] = [
    ["every byte from 128 up is dropped before the verb", bytes(0x80, 0xff, 0xc3, "NOOP"), command("NOOP")],
    ["IAC IAC is one byte 255", bytes("RETR a", 0xff, 0xff, "b"), command("RETR", "a\udcffb")],
    [
      "IAC WILL, WONT, DO and DONT go with their option",
      bytes("RE", 0xff, 0xfb, 1, "TR", 0xff, 0xfc, 2, " a", 0xff, 0xfd, 3, "b", 0xff, 0xfe, 0x41, "c"),
      command("RETR", "abc"),
    ],
    [
      "other Telnet commands go alone",
      bytes("RETR a", 0xff, 0xf1, "b", 0xff, 0xf9, "c"),
      command("RETR", "abc"),
    ],
    [
      "an IAC that begins no Telnet command is a byte of a name",
      bytes("RETR ", 0xff, ".txt", 0xff),
      command("RETR", "\udcff.txt\udcff"),
    ],
    [
      "a negotiation before the verb goes whole, as PuTTY begins with",
      bytes(0xff, 0xfb, 0x1f, 0xff, 0xfb, 0x20, 0xff, 0xfd, 0x01, "USER a"),
      command("USER", "a"),
    ],
    ["a letter behind half a negotiation is the verb's", bytes(0xff, 0xfd, "ABOR"), command("ABOR")],
    ["a line of Telnet alone is empty", bytes(0xff, 0xf1, 0xff, 0xfb, 0x01), { kind: "empty" }],
  ];
  for (const [name, line, expected] of lines) {
    test(name, () => {
      const whole = bytes(line.toString("latin1"), "\r\n");
      assert.deepEqual(decode([whole]), [expected]);
      assert.deepEqual(decode([...whole].map((byte) => Uint8Array.of(byte))), [expected]);
    });
  }
});

describe("ABOR while a transfer runs, as clients really send it", () => {
  const fixtures: readonly [string, readonly Buffer[]][] = [
    ["ftplib: ABOR CR, its LF lost as urgent data", [bytes("ABOR\r")]],
    ["ftplib, its LF kept in line", [bytes("ABOR\r"), bytes("\n")]],
    ["BSD: FF F4, then F2 ABOR", [bytes(0xff, 0xf4), bytes(0xf2, "ABOR\r\n")]],
    ["lftp: F4 FF F2 ABOR", [bytes(0xf4, 0xff, 0xf2, "ABOR\r\n")]],
    ["IP and DM with DM lost as urgent data", [bytes(0xff, 0xf4, 0xff, "ABOR\r\n")]],
    ["IP and DM in line", [bytes(0xff, 0xf4, 0xff, 0xf2, "ABOR\r\n")]],
    ["IP and DM, and the LF lost too", [bytes(0xff, 0xf4, 0xff, 0xf2, "abor\r")]],
    ["plain", [bytes("ABOR\r\n")]],
  ];
  for (const [name, chunks] of fixtures) {
    test(name, () => {
      const whole = Buffer.concat(chunks);
      const chunkings = [chunks, [whole], [...whole].map((byte) => Uint8Array.of(byte))];
      for (const chunking of chunkings) {
        const decoder = new CommandLineDecoder();
        const lines = chunking.flatMap((chunk) => feedWhileTransferring(decoder, chunk));
        assert.deepEqual(lines, [command("ABOR")]);
        assert.equal(decoder.buffered, 0);
        assert.deepEqual(feedWhileTransferring(decoder, bytes("NOOP\r\n")), [command("NOOP")]);
      }
    });
  }

  test("only the one LF that belongs to it is swallowed", () => {
    const decoder = new CommandLineDecoder();
    assert.deepEqual(feedWhileTransferring(decoder, bytes("ABOR\r")), [command("ABOR")]);
    assert.deepEqual(feedWhileTransferring(decoder, bytes("\n\n")), [{ kind: "empty" }]);
    assert.deepEqual(feedWhileTransferring(decoder, bytes("ABOR\r")), [command("ABOR")]);
    assert.deepEqual(feedWhileTransferring(decoder, bytes("NOOP\r\n\n")), [
      command("NOOP"),
      { kind: "empty" },
    ]);
  });

  test("no other unfinished line is complete", () => {
    for (const line of ["ABOR", "ABOR x\r", "ABOR \r", "XABOR\r", "QUIT\r", "\r", "ABOR\r\r"]) {
      const decoder = new CommandLineDecoder();
      assert.deepEqual(feedWhileTransferring(decoder, bytes(line)), [], JSON.stringify(line));
    }
  });

  test("lines that were not taken yet are never lost by asking for it", () => {
    const decoder = new CommandLineDecoder();
    decoder.push(bytes("NOOP\r\nABOR\r"));
    assert.equal(decoder.endAbortLine(), undefined);
    assert.deepEqual(decoder.next(), command("NOOP"));
    assert.equal(decoder.next(), undefined);
    assert.deepEqual(decoder.endAbortLine(), command("ABOR"));
  });
});

describe("bounds of command lines", () => {
  test("a line of just the limit passes, with either end", () => {
    const line = `NOOP ${"a".repeat(59)}`;
    for (const end of ["\r\n", "\n"]) {
      const [only] = decode([bytes(line, end)], 64);
      assert.equal(only?.kind, "command");
    }
  });

  test("one byte more is too long, before its end is even seen, and nothing of its tail is executed", () => {
    const line = `NOOP ${"a".repeat(60)}`;
    const whole = bytes(line, "MKD smuggled\r\nMKD smuggled\r\nQUIT\r\n");
    for (const chunks of [[whole], [...whole].map((byte) => Uint8Array.of(byte)), splitAt(whole, [65, 66])]) {
      assert.deepEqual(decode(chunks, 64), [{ kind: "too-long" }]);
    }
    assert.deepEqual(decode([bytes(line)], 64), [{ kind: "too-long" }]);
    assert.deepEqual(decode([bytes(line, "\r")], 64), [{ kind: "too-long" }]);
    assert.deepEqual(decode([bytes(line, "\r\nNOOP\r\n")], 64), [{ kind: "too-long" }]);
  });

  test("lines before the one that is too long are still given", () => {
    const whole = bytes(`NOOP\r\n${"x".repeat(100)}`);
    assert.deepEqual(decode([whole], 64), [command("NOOP"), { kind: "too-long" }]);
  });

  test("endless Telnet bytes are too long as well", () => {
    assert.deepEqual(decode([Buffer.alloc(1000, 0xff)], 64), [{ kind: "too-long" }]);
  });

  test("what is buffered can be asked for, so that AUTH can refuse bytes in clear behind it", () => {
    const decoder = new CommandLineDecoder();
    decoder.push(bytes("AUTH TLS\r\nNOOP\r\n"));
    assert.deepEqual(decoder.next(), command("AUTH", "TLS"));
    assert.equal(decoder.buffered, 6);
    assert.deepEqual(decoder.next(), command("NOOP"));
    assert.equal(decoder.buffered, 0);
  });

  test("a chunk may be used again once there is no further line", () => {
    const decoder = new CommandLineDecoder();
    const chunk = bytes("NOOP\r\nUSER an");
    assert.deepEqual(feed(decoder, chunk), [command("NOOP")]);
    chunk.fill(0);
    assert.deepEqual(feed(decoder, bytes("na\r\n")), [command("USER", "anna")]);
  });

  test("random bytes never throw, and never make it hold more than one line", () => {
    fc.assert(
      fc.property(wireBytes, cuts, (whole, at) => {
        const decoder = new CommandLineDecoder({ limit: 20 });
        for (const chunk of splitAt(whole, at)) {
          feed(decoder, chunk);
          decoder.endAbortLine();
          assert.ok(decoder.buffered <= 21);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe("chunking of command lines", () => {
  test("any chunking of any bytes gives what the whole gives", () => {
    fc.assert(
      fc.property(wireBytes, cuts, (whole, at) => {
        assert.deepEqual(decode(splitAt(whole, at), 60), decode([whole], 60));
      }),
      { numRuns: 2000 },
    );
  });

  test("chunks that wait to be decoded give what the whole gives", () => {
    fc.assert(
      fc.property(wireBytes, cuts, (whole, at) => {
        const decoder = new CommandLineDecoder({ limit: 60 });
        const [first, ...others] = splitAt(whole, at) as [Uint8Array, ...Uint8Array[]];
        decoder.push(first);
        const one = decoder.next();
        for (const chunk of others) decoder.push(chunk);
        const rest = feed(decoder, new Uint8Array(0));
        assert.deepEqual(one === undefined ? rest : [one, ...rest], decode([whole], 60));
      }),
      { numRuns: 1000 },
    );
  });

  test("every single split of a mixed conversation gives what the whole gives", () => {
    const whole = bytes(
      "user anna\r\nPASS ",
      0xc3,
      0xa9,
      0xff,
      0xff,
      "\r\n\r\n",
      0xff,
      0xf4,
      0xff,
      0xf2,
      "ABOR\r\nSTOR  a\tb\nNOOP",
      0xff,
      0xfb,
      0x01,
      "\r\n",
    );
    const expected = decode([whole]);
    assert.equal(expected.length, 6);
    for (let at = 0; at <= whole.length; at++) {
      assert.deepEqual(decode([whole.subarray(0, at), whole.subarray(at)]), expected, `split at ${at}`);
    }
  });
});

describe("encoding of commands", () => {
  test("what is encoded is decoded as it was", () => {
    const verb = fc.stringMatching(/^[A-Z]{1,16}$/);
    const argument = fc
      .uint8Array({ maxLength: 300 })
      .map((all) => decodeText(all.filter((byte) => byte >= 0x20 && byte !== 0x7f)));
    fc.assert(
      fc.property(verb, argument, (name, text) => {
        assert.deepEqual(decode([encodeCommandLine(name, text)]), [command(name, text)]);
      }),
      { numRuns: 1000 },
    );
  });

  test("byte 255 is doubled, as Telnet asks", () => {
    assert.deepEqual(encodeCommandLine("RETR", "a\udcff"), bytes("RETR a", 0xff, 0xff, "\r\n"));
  });

  test("no argument and an empty one differ, because PASS may be empty", () => {
    assert.equal(encodeCommandLine("NOOP").toString(), "NOOP\r\n");
    assert.equal(encodeCommandLine("PASS", "").toString(), "PASS \r\n");
  });

  test("CR, LF and NUL are refused, in an error that does not show the argument", () => {
    for (const argument of ["a\r\nDELE b", "a\n", "\r", "secret\0"]) {
      assert.throws(
        () => encodeCommandLine("PASS", argument),
        (error) =>
          error instanceof CommandLineError &&
          error.code === "ERR_FERRY_COMMAND_LINE" &&
          !error.message.includes("secret"),
      );
    }
    for (const verb of ["", "NO OP", "NOOP\r\n", "NOOP\n", "É", "X".repeat(17)]) {
      assert.throws(() => encodeCommandLine(verb), CommandLineError);
    }
  });

  test("lines longer than any server takes are refused", () => {
    assert.equal(encodeCommandLine("CWD", "a".repeat(MAX_COMMAND_LINE - 4)).length, MAX_COMMAND_LINE + 2);
    assert.throws(() => encodeCommandLine("CWD", "a".repeat(MAX_COMMAND_LINE - 3)), CommandLineError);
  });
});
