import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import { COMMANDS } from "../commands/index.js";
import { isHostile } from "../line/escapes.js";
import { scan } from "../line/tokens.js";
import { FRESH, ListingCache } from "../remote/listing-cache.js";
import { resolveRemote } from "../remote/place.js";
import { type Completion, complete } from "./complete.js";
import type { CompletionWorld, NamedEntry } from "./source.js";

const file = (name: string): NamedEntry => ({ name, type: "file" });
const folder = (name: string): NamedEntry => ({ name, type: "directory" });

/** A server with these directories, where the shell is in /. */
function world(
  directories: Readonly<Record<string, readonly NamedEntry[]>>,
  here = "/nonexistent",
): CompletionWorld {
  return {
    async listRemote(directory) {
      const found = directories[resolveRemote({ directory: "/", home: "/home/anna" }, directory)];
      if (found === undefined) throw new Error("550");
      return found;
    },
    remoteHome: "/home/anna",
    localDirectory: here,
    localHome: here,
    words: async (list) =>
      list === "commands"
        ? COMMANDS.all.map(({ name }) => name)
        : list === "settings"
          ? ["tls", "trace"]
          : [],
    settingValues: (name) => (name === "tls" ? ["auto", "off"] : []),
  };
}

const signal = new AbortController().signal;
const tab = (line: string, there: CompletionWorld): Promise<Completion> =>
  complete(line, there, COMMANDS, signal);

/** The line after Tab. */
async function after1(line: string, there: CompletionWorld): Promise<string> {
  const { replaced, replacement } = await tab(line, there);
  assert(line.endsWith(replaced), `${replaced} is no end of ${line}`);
  return line.slice(0, line.length - replaced.length) + replacement;
}

const SERVER = world({
  "/": [folder("my photos"), file("README"), file("it's.txt"), file("-r"), file(".hidden"), file("$HOME")],
  "/my photos": [file("one two.jpg"), file("one three.jpg")],
  "/home/anna": [file("notes.txt")],
});

describe("Tab", () => {
  test("takes a tilde that is quoted for a name", async () => {
    const there = world({ "/": [file("~tilde")], "/home/anna": [file("notes.txt")] });
    assert.equal(await after1("cat \\~", there), "cat \\~tilde ");
    assert.equal(await after1("cat ~", there), "cat ~/notes.txt ");
  });

  const cases: readonly (readonly [line: string, expected: string])[] = [
    ["mir", "mirror "],
    ["ls; mir", "ls; mirror "],
    ["cd x && mir", "cd x && mirror "],
    ["cat REA", "cat README "],
    ["cat my", "cat my\\ photos/"],
    ["cat my\\ photos/one\\ t", "cat my\\ photos/one\\ t"],
    ["cat my\\ photos/one\\ tw", "cat my\\ photos/one\\ two.jpg "],
    ["cat 'my", "cat 'my photos/"],
    ["cat 'my photos/one tw", "cat 'my photos/one two.jpg' "],
    ['cat "my', 'cat "my photos/'],
    ['cat "my photos/one th', 'cat "my photos/one three.jpg" '],
    ['cat "my photos/"one\\ tw', 'cat "my photos/one two.jpg" '],
    ["cat it", "cat it\\'s.txt "],
    ["cat 'it", 'cat "it\'s.txt" '],
    ["cat $'it", "cat $'it\\'s.txt' "],
    ["cat -- -", "cat -- ./-r "],
    ["cat .h", "cat .hidden "],
    ["cat \\$", "cat \\$HOME "],
    ["cat ~/no", "cat ~/notes.txt "],
    ["cat /home/anna/n", "cat /home/anna/notes.txt "],
    ["cat nothing", "cat nothing"],
    ["cat /nowhere/x", "cat /nowhere/x"],
    ["cd REA", "cd REA"],
    ["cd my", "cd my\\ photos/"],
    ["get --seg", "get --segments "],
    ["get -P 4 REA", "get -P 4 README "],
    ["set tl", "set tls "],
    ["set tls o", "set tls off "],
    ["queue ge", "queue get "],
    ["queue add get REA", "queue add get README "],
    ["alias x get REA", "alias x get README "],
    ["nonsense REA", "nonsense REA"],
    ["help mir", "help mirror "],
  ];
  for (const [line, expected] of cases) {
    test(`makes ${JSON.stringify(expected)} of ${JSON.stringify(line)}`, async () => {
      assert.equal(await after1(line, SERVER), expected);
    });
  }

  test("lists what there is when nothing more is sure, by the last component", async () => {
    const { choices } = await tab("cat my\\ photos/one\\ t", SERVER);
    assert.deepEqual(
      choices.map(({ label }) => label),
      ["one three.jpg", "one two.jpg"],
    );
    const all = await tab("cat ", SERVER);
    assert.deepEqual(
      all.choices.map(({ label }) => label),
      ["$HOME", "-r", "README", "it's.txt", "my photos/"],
    );
  });

  test("offers flags, long names first", async () => {
    const { choices } = await tab("mkdir -", SERVER);
    assert.deepEqual(
      choices.map(({ text }) => text),
      ["--parents", "-p"],
    );
  });

  test("gives up when the server does not answer, and offers nothing", async () => {
    const failing = { ...SERVER, listRemote: async () => Promise.reject(new Error("lost")) };
    assert.deepEqual(await tab("cat R", failing), { replaced: "R", replacement: "R", choices: [] });
  });

  test("of any name gives a word that means it, and nothing that a terminal obeys", async () => {
    const names = fc
      .string({ unit: "binary", minLength: 1 })
      .filter((name) => !name.includes("/") && !/^\.{1,2}$/.test(name));
    const openings = fc.constantFrom("cat ", "cat '", 'cat "', "cat $'");
    await fc.assert(
      fc.asyncProperty(names, openings, fc.boolean(), async (name, opening, directory) => {
        // As text that comes from bytes, no half of a pair is among them.
        const shown = name.toWellFormed();
        fc.pre(!shown.startsWith("."));
        const line = await after1(
          opening,
          world({ "/": [{ name: shown, type: directory ? "directory" : "file" }] }),
        );
        assert(!isHostile(line), JSON.stringify(line));
        const [, word, ...more] = scan(line).tokens;
        assert(word?.kind === "word" && more.length === 0, line);
        const prefix = opening === "cat " && shown.startsWith("-") ? "./" : "";
        assert(
          word.text.replace(/^\.\//, "") === shown + (directory ? "/" : ""),
          `${line}: ${word.text} ${prefix}`,
        );
      }),
      { numRuns: 1000 },
    );
  });
});

describe("Tab on paths of this machine", () => {
  let here = "";
  before(async () => {
    here = await mkdtemp(join(tmpdir(), "ferry-tab-"));
    await mkdir(join(here, "a folder"));
    await writeFile(join(here, "a folder/in it.txt"), "");
    await writeFile(join(here, "evil\u001b[2J.txt"), "");
    await symlink("a folder", join(here, "link"));
  });
  after(() => rm(here, { recursive: true, force: true }));

  const cases: readonly (readonly [line: string, expected: string])[] = [
    ["put a", "put a\\ folder/"],
    ["put a\\ folder/", "put a\\ folder/in\\ it.txt "],
    ["put ev", "put $'evil\\x1b[2J.txt' "],
    ["lcd li", "lcd link/"],
    ["lcd ~/a", "lcd ~/a\\ folder/"],
    ["ls > a", "ls > a\\ folder/"],
    ["get x -o a", "get x -o a\\ folder/"],
    ["!cat a", "!cat a\\ folder/"],
    ["ls | tee a", "ls | tee a\\ folder/"],
  ];
  for (const [line, expected] of cases) {
    test(`makes ${JSON.stringify(expected)} of ${JSON.stringify(line)}`, async () => {
      assert.equal(await after1(line, world({}, here)), expected);
    });
  }
});

describe("listings that Tab has seen", () => {
  test("are fresh for a while, and forgotten at once when something is changed", () => {
    let now = 0;
    const cache = new ListingCache(() => now);
    cache.put("/", [file("a")]);
    now = FRESH - 1;
    assert.deepEqual(cache.get("/"), [file("a")]);
    now = FRESH;
    assert.equal(cache.get("/"), undefined);
    cache.put("/", [file("a")]);
    cache.clear();
    assert.equal(cache.get("/"), undefined);
  });

  test("are bounded, each and all together: the oldest goes first", () => {
    const cache = new ListingCache(() => 0);
    const many = Array.from({ length: 50_000 }, (_, n) => file(String(n)));
    for (let n = 0; n < 5; n++) cache.put(`/${n}`, many);
    assert.deepEqual(
      [0, 1, 4].map((n) => cache.get(`/${n}`)?.length),
      [undefined, 50_000, 50_000],
    );
    cache.put("/huge", [...many, file("one more")]);
    assert.equal(cache.get("/huge"), undefined);
  });
});

describe("a pathname of the server", () => {
  const place = { directory: "/home/anna/docs", home: "/home/anna" };
  const cases: readonly (readonly [text: string, tilde: boolean, expected: string])[] = [
    ["a", false, "/home/anna/docs/a"],
    ["../a", false, "/home/anna/a"],
    ["../../../../a", false, "/a"],
    ["./a//b/./c/", false, "/home/anna/docs/a/b/c"],
    ["/x/../y", false, "/y"],
    ["", false, "/home/anna/docs"],
    ["~", true, "/home/anna"],
    ["~/a", true, "/home/anna/a"],
    ["~", false, "/home/anna/docs/~"],
  ];
  for (const [text, tilde, expected] of cases) {
    test(`${text}${tilde ? ", from home," : ""} is ${expected}`, () => {
      assert.equal(resolveRemote(place, text, tilde), expected);
    });
  }

  test("is left to the server where there are no slashes", () => {
    const mvs = { directory: "ANNA.DOCS", home: "ANNA" };
    assert.deepEqual([resolveRemote(mvs, "REPORT"), resolveRemote(mvs, "")], ["REPORT", "ANNA.DOCS"]);
  });
});
