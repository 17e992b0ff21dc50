import assert from "node:assert/strict";
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { parseFtpUrl } from "../../client/url.js";
import { CliError } from "../errors.js";
import { type FakeTerminal, fakeTerminal } from "../terminal.support.test.js";
import { isBookmarkName, readBookmarks, writeBookmarks } from "./bookmarks.js";
import { temporaryFolder } from "./client.support.test.js";
import { findPlace, isRemote, shownPlace, shownUrl } from "./places.js";

async function terminalWith(
  t: TestContext,
  bookmarks: Readonly<Record<string, string>> = {},
): Promise<FakeTerminal> {
  const terminal = fakeTerminal({ workingDirectory: await temporaryFolder(t) });
  await writeBookmarks(
    Object.entries(bookmarks).map(([name, url]) => ({ name, url: parseFtpUrl(url) })),
    terminal,
  );
  return terminal;
}

describe("a place", () => {
  test("of a URL is a name, and a pattern where nothing is encoded", async (t) => {
    const terminal = await terminalWith(t);
    const cases: [string, string, string][] = [
      ["ftp://h/a.txt", "a.txt", "a.txt"],
      ["ftp://h/*.txt", "*.txt", "*.txt"],
      ["ftp://h/%2A.txt", "*.txt", "\\*.txt"],
      ["ftp://h/%2A/*", "*/*", "\\*/*"],
      ["ftp://h/a\\*b", "a*b", "a\\*b"],
      ["ftp://h/a\\b", "a\\b", "a\\b"],
      ["ftp://h/a%5C%5Bb", "a\\[b", "a\\\\\\[b"],
      ["ftp://h/{a,b}/", "{a,b}", "{a,b}"],
    ];
    for (const [text, path, pattern] of cases) {
      const place = await findPlace(text, terminal);
      assert.deepEqual([place.path, place.pattern], [path, pattern], text);
      assert.equal(place.url.path, path);
    }
  });

  test("of a bookmark is seen from its folder, or absolute; what it is marked with is no pattern", async (t) => {
    const terminal = await terminalWith(t, {
      work: "ftps://anna:secret@h:990/pub%2A/x",
      root: "ftp://h//srv/",
      home: "ftp://h",
    });
    const cases: [string, string, string, boolean][] = [
      ["work:", "pub*/x", "pub\\*/x", false],
      ["work:a*.txt", "pub*/x/a*.txt", "pub\\*/x/a*.txt", false],
      ["work:docs/", "pub*/x/docs", "pub\\*/x/docs", true],
      ["work:/etc/motd", "/etc/motd", "/etc/motd", false],
      ["work:100%", "pub*/x/100%", "pub\\*/x/100%", false],
      ["root:a", "/srv/a", "/srv/a", false],
      ["root:", "/srv", "/srv", true],
      ["home:a:b", "a:b", "a:b", false],
      ["home:/", "/", "/", true],
    ];
    for (const [text, path, pattern, folder] of cases) {
      const place = await findPlace(text, terminal);
      assert.deepEqual([place.path, place.pattern, place.url.folder], [path, pattern, folder], text);
    }
    const { url } = await findPlace("work:a b", terminal);
    assert.deepEqual([url.scheme, url.user, url.password, url.port], ["ftps", "anna", "secret", 990]);
    assert.equal(shownUrl(url), "ftps://anna@h:990/pub%2A/x/a%20b");
  });

  test("is remote when it is a URL or begins with a known bookmark", async (t) => {
    const terminal = await terminalWith(t, { work: "ftp://h/" });
    const cases: [string, boolean][] = [
      ["ftp://h/", true],
      ["sftp://h/", true],
      ["work:", true],
      ["work:a", true],
      ["other:a", false],
      ["./work:a", false],
      ["work", false],
      ["C:\\x", false],
    ];
    for (const [text, expected] of cases) assert.equal(await isRemote(text, terminal), expected, text);
  });

  test("is shown as it was written when it is a pattern, and encoded when it is a name", async (t) => {
    const terminal = await terminalWith(t);
    for (const [text, shown] of [
      ["ftp://a:hunter2@h/x y/*.{gz,xz}", "ftp://a@h/x%20y/*.{gz,xz}"],
      ["ftp://h/%2A[1]?", "ftp://h/*[1]?"],
      ["ftp://h/%2A.gz", "ftp://h/%2A.gz"],
    ] as const)
      assert.equal(shownPlace(await findPlace(text, terminal)), shown);
  });

  test("that is none is refused in one line, which does not repeat a URL", async (t) => {
    const terminal = await terminalWith(t);
    for (const text of ["nowhere", "", "work:x", "sftp://a:hunter2@h/", "ftp://a:hunter2@h:x/", "ftp:/h/x"]) {
      await assert.rejects(findPlace(text, terminal), (error) => {
        assert(error instanceof CliError, text);
        assert.equal(error.exitCode, 2);
        assert.doesNotMatch(error.message, /hunter2|\n/);
        return true;
      });
    }
  });
});

describe("bookmarks", () => {
  test("are in a file that only the user may read", async (t) => {
    const terminal = await terminalWith(t, { zoe: "ftp://zoe:pw@h/", ann: "ftp://h/" });
    const file = join(terminal.configurationDirectory, "bookmarks.json");
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.equal((await stat(dirname(file))).mode & 0o777, 0o700);
    assert.deepEqual(
      (await readBookmarks(terminal)).map(({ name }) => name),
      ["ann", "zoe"],
    );
    assert.deepEqual(JSON.parse(await readFile(file, "utf8")), { zoe: "ftp://zoe:pw@h/", ann: "ftp://h/" });
  });

  test("that cannot be read are said to be so, not forgotten", async (t) => {
    const terminal = fakeTerminal({ workingDirectory: await temporaryFolder(t) });
    assert.deepEqual(await readBookmarks(terminal), []);
    await mkdir(terminal.configurationDirectory);
    for (const content of [
      "",
      "[",
      "[]",
      '{"a b":"ftp://h/"}',
      '{"work":1}',
      '{"work":"http://h/"}',
      "null",
    ]) {
      await writeFile(join(terminal.configurationDirectory, "bookmarks.json"), content);
      if (content === "[]") assert.deepEqual(await readBookmarks(terminal), []);
      else await assert.rejects(readBookmarks(terminal), CliError, content);
    }
  });

  test("have names that can be neither paths nor URLs nor drives", () => {
    for (const name of ["work", "a1", "büro", "a.b-c_d", "01"]) assert(isBookmarkName(name), name);
    for (const name of ["", "c", "ftp", "FTPS", "http", "a/b", "a b", "-a", ".a", "a:b", "x".repeat(65)]) {
      assert(!isBookmarkName(name), name);
    }
  });
});
