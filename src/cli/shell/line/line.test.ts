import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { decodeText } from "../../../protocol/text.js";
import { escapeHostile, isHostile } from "./escapes.js";
import { parseLine, ShellSyntaxError } from "./parser.js";
import { quoteWord } from "./quoting.js";
import { scan } from "./tokens.js";

/** The words of a line with one command. */
function words(line: string): string[] {
  const [statement, ...more] = parseLine(line);
  assert.equal(more.length, 0);
  const command = statement?.steps[0]?.command;
  assert(command?.kind === "command");
  return command.words.map(({ text }) => text);
}

function patterns(line: string): (string | undefined)[] {
  return scan(line).tokens.flatMap((token) => (token.kind === "word" ? [token.pattern] : []));
}

describe("words of a line", () => {
  const cases: readonly (readonly [line: string, expected: readonly string[]])[] = [
    ["get a b", ["get", "a", "b"]],
    ["  get   a\tb  ", ["get", "a", "b"]],
    ["get 'a b' \"c d\" e\\ f", ["get", "a b", "c d", "e f"]],
    ["get a'b c'd\"e\"", ["get", "ab cde"]],
    ["get '' \"\"", ["get", "", ""]],
    ['get \'a\\\' "b\\"c\\\\d\\x"', ["get", "a\\", 'b"c\\d\\x']],
    ["get \\\\ \\' \\\"", ["get", "\\", "'", '"']],
    ["get a#b # a comment; rm -r /", ["get", "a#b"]],
    ["get \\#a '#b'", ["get", "#a", "#b"]],
    ["get a!b !c", ["get", "a!b", "!c"]],
    ["get $'a\\x1bb\\n\\u00e9\\xc3\\xa9\\\\\\'\\q'", ["get", "a\x1bb\néé\\'\\q"]],
    ["get $'\\xff' $HOME $", ["get", "\udcff", "$HOME", "$"]],
    ["get \u{1f600}\\\u{1f600}", ["get", "\u{1f600}\u{1f600}"]],
  ];
  for (const [line, expected] of cases) test(line, () => assert.deepEqual(words(line), expected));

  test("are patterns where a special character is not quoted", () => {
    assert.deepEqual(patterns("*.txt '*.txt' \\*.txt a[0-9] \"[\"* plain"), [
      "*.txt",
      undefined,
      undefined,
      "a[0-9]",
      "\\[*",
      undefined,
    ]);
  });

  test("begin with the home directory where ~ is not quoted", () => {
    const { tokens } = scan("~ ~/a '~' \\~ ~anna a~");
    assert.deepEqual(
      tokens.map((token) => token.kind === "word" && token.tilde),
      [true, true, false, false, false, false],
    );
  });
});

describe("a line", () => {
  const shape = (line: string): unknown =>
    parseLine(line).map(({ steps, background, text }) => ({
      text,
      ...(background ? { background } : {}),
      steps: steps.map(({ after, command }) =>
        command.kind === "local"
          ? { after, local: command.command }
          : {
              after,
              words: command.words.map((word) => word.text).join(" "),
              ...(command.output === undefined
                ? {}
                : {
                    output:
                      command.output.kind === "pipe"
                        ? `| ${command.output.command}`
                        : `${command.output.append ? ">>" : ">"} ${command.output.path.text}`,
                  }),
            },
      ),
    }));

  test("is empty, or a comment", () => {
    for (const line of ["", "   ", "# nothing", ";", " ; ; "]) assert.deepEqual(parseLine(line), []);
  });

  test("holds several commands, of which some run in the background", () => {
    assert.deepEqual(shape("get a & get b; ls"), [
      { text: "get a", background: true, steps: [{ after: "any", words: "get a" }] },
      { text: "get b", steps: [{ after: "any", words: "get b" }] },
      { text: "ls", steps: [{ after: "any", words: "ls" }] },
    ]);
  });

  test("holds commands that depend on the one before, together in the background", () => {
    assert.deepEqual(shape("cd a && get b || ls &"), [
      {
        text: "cd a && get b || ls",
        background: true,
        steps: [
          { after: "any", words: "cd a" },
          { after: "success", words: "get b" },
          { after: "failure", words: "ls" },
        ],
      },
    ]);
  });

  test("gives the rest of itself to the local shell after !", () => {
    assert.deepEqual(shape("!ls -l; echo '&' | wc"), [
      {
        text: "!ls -l; echo '&' | wc",
        steps: [{ after: "any", local: "ls -l; echo '&' | wc" }],
      },
    ]);
    assert.deepEqual(shape("pwd && !date"), [
      {
        text: "pwd && !date",
        steps: [
          { after: "any", words: "pwd" },
          { after: "success", local: "date" },
        ],
      },
    ]);
  });

  test("sends output to a file or through the local shell", () => {
    assert.deepEqual(shape('ls -l > "a b"; cat x >>y; ls | grep "a;b" | sort 2>&1; pwd'), [
      { text: 'ls -l > "a b"', steps: [{ after: "any", words: "ls -l", output: "> a b" }] },
      { text: "cat x >>y", steps: [{ after: "any", words: "cat x", output: ">> y" }] },
      {
        text: 'ls | grep "a;b" | sort 2>&1',
        steps: [{ after: "any", words: "ls", output: '| grep "a;b" | sort 2>&1' }],
      },
      { text: "pwd", steps: [{ after: "any", words: "pwd" }] },
    ]);
    assert.deepEqual(shape("du | tail &"), [
      { text: "du | tail", background: true, steps: [{ after: "any", words: "du", output: "| tail" }] },
    ]);
  });

  const wrong: readonly (readonly [line: string, message: RegExp])[] = [
    ["get 'a", /quote ' is not closed/],
    ['get "a\\"', /quote " is not closed/],
    ["get $'a", /quote \$' is not closed/],
    ["get a\\", /backslash/],
    ["&& ls", /before &&/],
    ["& ls", /before &/],
    ["ls &&", /follow &&/],
    ["ls || ; pwd", /follow \|\|/],
    ["ls >", /file is to follow >/],
    ["ls > ; pwd", /file is to follow >/],
    ["ls |", /follow \|/],
    ["ls > a > b", /one place/],
    ["> a", /no command/],
  ];
  for (const [line, message] of wrong) {
    test(`is refused: ${line}`, () =>
      assert.throws(
        () => parseLine(line),
        (error: Error) => error instanceof ShellSyntaxError && message.test(error.message),
      ));
  }

  test("of any characters is parsed, or refused with a ShellSyntaxError and nothing else", () => {
    const piece = fc.constantFrom(
      "get",
      " ",
      "'",
      '"',
      "\\",
      "$'",
      ";",
      "&",
      "|",
      ">",
      "!",
      "#",
      "*",
      "~",
      "\\x",
      "é",
    );
    const lines = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.array(piece).map((some) => some.join("")),
    );
    fc.assert(
      fc.property(lines, (line) => {
        const { tokens } = scan(line);
        for (const { start, end } of tokens) assert(start < end && end <= line.length);
        try {
          for (const { steps } of parseLine(line)) assert(steps.length > 0);
        } catch (error) {
          assert(error instanceof ShellSyntaxError, String(error));
        }
      }),
      { numRuns: 2000 },
    );
  });
});

/** Texts as they come from the wire: bytes that are not UTF-8 among them. */
const wireText = fc.oneof(
  fc.uint8Array({ maxLength: 40 }).map((bytes) => decodeText(bytes)),
  fc.string({ unit: "binary" }).map((text) => text.toWellFormed?.() ?? text),
  fc
    .array(fc.constantFrom("a", " ", "'", '"', "\\", "$", "~", "#", "!", "*", "\x1b", "\u202e", "é"))
    .map((some) => some.join("")),
);

describe("a quoted word", () => {
  const quotes = fc.constantFrom("none", "single", "double", "ansi") as fc.Arbitrary<
    "none" | "single" | "double" | "ansi"
  >;

  test("means the text that was quoted, whatever it is, and never a pattern or the home directory", () => {
    fc.assert(
      fc.property(wireText, quotes, (text, style) => {
        const { tokens, open } = scan(`get ${quoteWord(text, style)}`);
        assert.equal(open, "none");
        const [, word, ...more] = tokens;
        assert.equal(more.length, 0);
        assert(word?.kind === "word");
        assert.deepEqual([word.text, word.pattern, word.tilde], [text, undefined, false]);
      }),
      { numRuns: 3000 },
    );
  });

  test("has nothing in it that a terminal would obey", () => {
    fc.assert(
      fc.property(wireText, quotes, (text, style) => {
        const quoted = quoteWord(text, style);
        assert(!isHostile(quoted), JSON.stringify(quoted));
        assert(!/[\x00-\x1f\x7f-\x9f\u202a-\u202e]/.test(quoted) && quoted.isWellFormed());
      }),
      { numRuns: 1000 },
    );
  });

  test("that is left open means the same when typing goes on", () => {
    fc.assert(
      fc.property(wireText, quotes, (text, style) => {
        fc.pre(text !== "" && text.trim() === text);
        const { tokens } = scan(`${quoteWord(text, style, true)}`);
        assert.equal(tokens[0]?.kind === "word" && tokens[0].text, text);
      }),
      { numRuns: 1000 },
    );
  });

  test("is easy to read where it can be", () => {
    assert.equal(quoteWord("plain-file.txt"), "plain-file.txt");
    assert.equal(quoteWord("Résumé 2026.pdf"), "Résumé\\ 2026.pdf");
    assert.equal(quoteWord("it's", "single"), '"it\'s"');
    assert.equal(quoteWord("a\x1b[2Jb"), "$'a\\x1b[2Jb'");
    assert.equal(quoteWord("\udcff", "double"), "$'\\xff'");
    assert.equal(quoteWord("evil\u202etxt"), "$'evil\\u202etxt'");
    assert.equal(escapeHostile("\u{1f600} ok\r\n"), "\u{1f600} ok\\x0d\\x0a");
  });
});
