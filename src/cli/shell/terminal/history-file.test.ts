import assert from "node:assert/strict";
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { COMMANDS } from "../commands/index.js";
import { isPrivate } from "../secrets.js";
import { HISTORY_SIZE, HistoryFile } from "./history-file.js";

async function folder(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "ferry-history-"));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

const fileIn = (directory: string): string => join(directory, "shell-history");

describe("the history", () => {
  test("is kept from one shell to the next, for its owner's eyes only", async (t) => {
    const directory = join(await folder(t), "new", "state");
    const first = await HistoryFile.open(directory);
    for (const line of ["ls", "ls", "cd docs", "   ", "a\nb", "x".repeat(5000)]) first.add(line);
    await first.close();
    assert.equal((await stat(fileIn(directory))).mode & 0o777, 0o600);
    const second = await HistoryFile.open(directory);
    assert.deepEqual(second.lines, ["ls", "cd docs"]);
  });

  test("closes a file to others that they could read", async (t) => {
    const directory = await folder(t);
    await writeFile(fileIn(directory), "old\n");
    await chmod(fileIn(directory), 0o644);
    const history = await HistoryFile.open(directory);
    history.add("new");
    await history.close();
    assert.equal((await stat(fileIn(directory))).mode & 0o777, 0o600);
    assert.equal(await readFile(fileIn(directory), "utf8"), "old\nnew\n");
  });

  test("is bounded, in memory and in the file", async (t) => {
    const directory = await folder(t);
    const lines = Array.from({ length: 2 * HISTORY_SIZE + 1 }, (_, n) => `line ${n}`);
    await writeFile(fileIn(directory), `${lines.join("\n")}\n`);
    const history = await HistoryFile.open(directory);
    history.add("last");
    await history.close();
    assert.equal(history.lines.length, HISTORY_SIZE);
    assert.deepEqual([history.lines[0], history.lines.at(-1)], [`line ${HISTORY_SIZE + 2}`, "last"]);
    assert.equal((await readFile(fileIn(directory), "utf8")).split("\n").length, HISTORY_SIZE + 2);
    assert.equal((await stat(fileIn(directory))).mode & 0o777, 0o600);
  });

  test("of two shells at once is that of both", async (t) => {
    const directory = await folder(t);
    const [one, other] = [await HistoryFile.open(directory), await HistoryFile.open(directory)];
    one.add("from one");
    other.add("from the other");
    await Promise.all([one.close(), other.close()]);
    assert.deepEqual((await HistoryFile.open(directory)).lines.toSorted(), ["from one", "from the other"]);
  });

  test("is forgotten when asked, in the file too", async (t) => {
    const directory = await folder(t);
    const history = await HistoryFile.open(directory);
    history.add("ls");
    history.clear();
    await history.close();
    assert.deepEqual(history.lines, []);
    await assert.rejects(stat(fileIn(directory)), { code: "ENOENT" });
  });

  test("does without a file where none can be made", async (t) => {
    const directory = await folder(t);
    await writeFile(join(directory, "in the way"), "");
    const history = await HistoryFile.open(join(directory, "in the way"));
    history.add("ls");
    await history.close();
    assert.deepEqual(history.lines, ["ls"]);
  });
});

describe("a line", () => {
  const aliases = new Map([
    ["u", "user"],
    ["in", "lcd; u anna"],
    ["ls", "ls -t"],
  ]);
  const known = { commands: COMMANDS, aliases };
  const secret = [
    "open ftp://anna:hunter2@host/",
    "bookmark add x ftp://anna:hunter2@host",
    "ls; open ftp://anna:hunter2@host",
    "open -u anna,hunter2 host",
    "open --user=anna,hunter2 host",
    "user anna hunter2",
    "ls && user anna hunter2 &",
    "queue user anna hunter2",
    "queue add user anna hunter2",
    "queue 'user anna hunter2'",
    "alias in user anna hunter2",
    "alias in 'user anna hunter2'",
    "in hunter2",
    "u anna hunter2; ls",
    "open anna:hunter2@host",
    'open "ftp://anna:hunter 2@host"',
    "queue open anna:hunter2@host",
    "quote PASS hunter2",
    "quote SITE PSWD old hunter2",
    "quote pass 'hunter2",
    "site PSWD old hunter2",
    "set proxy http://anna:hunter2@proxy:3128",
    " ls",
  ];
  for (const line of secret) {
    test(`is not kept: ${line}`, () => assert.equal(isPrivate(line, known), true));
  }
  for (const line of [
    "ls",
    "open -u anna host",
    "user anna",
    "open ftp://anna@host/a:b",
    "get user a b",
    "open anna@host:2121/a@b",
    "alias u user",
    "u anna",
    "quote STAT",
    "quote SITE HELP",
    "set proxy none",
  ]) {
    test(`is kept: ${line}`, () => assert.equal(isPrivate(line, known), false));
  }
});
