import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { readAccountsFile } from "../accounts/file-edit.js";
import { sharedPasswords } from "../accounts/password.js";
import { runProgram } from "./program.js";
import { fakeTerminal } from "./terminal.support.test.js";

interface Result {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
}

async function folder(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "ferry-cli-"));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

async function ferry(argv: string[], o: { input?: string; workingDirectory?: string } = {}): Promise<Result> {
  const terminal = fakeTerminal(o);
  const exitCode = await runProgram(argv, terminal);
  return { exitCode, out: terminal.out(), err: terminal.err() };
}

describe("the command line", () => {
  test("prints its version and, for every command, help with an example", async () => {
    const { version } = JSON.parse(await readFile(new URL("../../package.json", import.meta.url), "utf8"));
    assert.deepEqual(await ferry(["--version"]), { exitCode: 0, out: `${version}\n`, err: "" });
    const verbs = ["add", "list", "show", "passwd", "set", "disable", "enable", "remove"];
    const remote = ["ls", "tree", "cat", "rm", "mkdir", "rmdir", "mv", "bookmark"].map((name) => [name]);
    const bookmark = ["add", "list", "remove"].map((verb) => ["bookmark", verb]);
    const user = verbs.map((verb) => ["user", verb]);
    for (const command of [[], ["serve"], ["user"], ...user, ...remote, ...bookmark]) {
      const { exitCode, out, err } = await ferry([...command, "--help"]);
      assert.equal(exitCode, 0);
      assert.equal(err, "");
      assert.match(out, new RegExp(`Examples?:\\n  ferry ${command.join(" ")}`), command.join(" "));
    }
  });

  test("answers wrong usage with one line and exit code 2", async () => {
    const cases: [string[], RegExp][] = [
      [["sevre"], /^ferry: unknown command 'sevre' \(Did you mean serve\?\); see `ferry --help`\n$/],
      [
        ["ftp://ann:hunter2@h/"],
        /^ferry: what is to be done with it\? A command stands before the URL, as in `ferry ls URL`; see `ferry --help`\n$/,
      ],
      [["get", "--frob=hunter2", "ftp://h"], /^ferry: unknown option '--frob'; see `ferry get --help`\n$/],
      [["serve", "--bogus"], /^ferry: unknown option '--bogus'; see `ferry serve --help`\n$/],
      [
        ["user", "set", "ann", "--accounts", "x", "--bogus"],
        /^ferry: unknown option '--bogus'; see `ferry user set --help`\n$/,
      ],
      [["serve", "--port"], /^ferry: option '--port <number>' argument missing; see/],
      [["serve", "--port", "x"], /^ferry: --port <number>: expected a port from 0 to 65535\n$/],
      [["serve", "--log", "loud"], /^ferry: .*'loud' is invalid.*pretty, json, silent/],
      [["serve", "a", "b"], /^ferry: too many arguments/],
      [["serve", "--user", "hunter2"], /^ferry: --user <name:password>: expected NAME:PASSWORD\n$/],
      [["serve", "/", "--user", "a:x", "--user", "a:y"], /^ferry: --user: "a" is given twice\n$/],
      [["serve", "/", "--log", "silent"], /^ferry: --log silent would hide the generated password/],
      [
        ["serve", "/", "--accounts", "postgres://ann:secret@h/db"],
        /^ferry: --accounts <place>: expected a file, or mongodb:\/\/HOST\/DATABASE\n$/,
      ],
      [
        ["user", "list", "--accounts", "mongodb://ann:secret@"],
        /^ferry: --accounts <place>: expected mongodb:[^\n]*\n$/,
      ],
      [["user", "add", "ann"], /^ferry: required option '--accounts <place>' not specified/],
      [["user", "add", "--accounts", "x"], /^ferry: missing required argument 'NAME'/],
      [["user", "add", "a/b", "--accounts", "x", "--home", "h"], /^ferry: NAME: expected a name of 1 to 128/],
      [["user", "add", "ann", "--accounts", "x"], /^ferry: --home is needed/],
      [["user", "add", "ann", "--accounts", "x", "--password", "p"], /^ferry: unknown option '--password'/],
      [["user", "set", "ann", "--accounts", "x"], /^ferry: nothing to set/],
      [
        ["user", "set", "ann", "--accounts", "x", "--permissions", "lst"],
        /^ferry: --permissions <names>: expected all/,
      ],
      [["user", "frobnicate"], /^ferry: unknown command 'frobnicate'; see `ferry user --help`\n$/],
    ];
    for (const [argv, expected] of cases) {
      const { exitCode, out, err } = await ferry(argv);
      assert.equal(exitCode, 2, argv.join(" "));
      assert.equal(out, "");
      assert.match(err, expected);
      assert.doesNotMatch(err, /hunter2|\n./);
    }
  });

  test("tells that flags go behind the command, whichever it is", async () => {
    const client = [
      "ls",
      "tree",
      "cat",
      "get",
      "put",
      "mirror",
      "verify",
      "rm",
      "mkdir",
      "rmdir",
      "mv",
      "doctor",
    ];
    for (const command of [...client, "shell", "serve", "bookmark list", "user add"]) {
      const words = command.split(" ");
      const { out } = await ferry([...words, "--help"]);
      const flags = [...out.matchAll(/^ {2}(?:(-\w), )?(--[\w-]+)/gm)].flatMap(([, short, long]) => [
        short,
        long,
      ]);
      for (const flag of flags) {
        if (flag === undefined || flag === "-h" || flag === "--help") continue;
        for (const argv of [
          [flag, ...words],
          [flag, "3", ...words, "ftp://h"],
        ]) {
          const { exitCode, out, err } = await ferry(argv);
          assert.deepEqual([exitCode, out], [2, ""], argv.join(" "));
          const expected: string = `${flag} goes behind the command: \`ferry ${command} ${flag} …\``;
          const said: unknown =
            flag === "--json" ? JSON.parse(err).message : err.replace(/^ferry: (.*)\n$/, "$1");
          assert.equal(said, expected, argv.join(" "));
        }
      }
    }
    assert.match(
      (await ferry(["-P3", "get", "ftp://h"])).err,
      /^ferry: -P goes behind the command: `ferry get -P …`\n$/,
    );
    const { err } = await ferry(["--proxy=http://u:hunter2@h", "get", "ftp://h"]);
    assert.match(err, /^ferry: --proxy goes behind the command: `ferry get --proxy …`\n$/);
    assert.match((await ferry(["bookmark", "--json", "list"])).err, /: `ferry bookmark list --json …`/);
    assert.match(
      (await ferry(["--frob=hunter2", "get"])).err,
      /^ferry: unknown option '--frob'; see `ferry --help`\n$/,
    );
  });

  test("has `help` as another way to ask for --help", async () => {
    assert.deepEqual(await ferry(["help"]), await ferry(["--help"]));
    assert.deepEqual(await ferry(["help", "user", "add"]), await ferry(["user", "add", "--help"]));
  });

  test("says of flags that come later that they are not there yet", async () => {
    for (const flag of ["--workers", "--storage"]) {
      assert.deepEqual(await ferry(["serve", flag, "1"]), {
        exitCode: 2,
        out: "",
        err: `ferry: ${flag} is not in this version of ferry\n`,
      });
    }
  });

  test("shows help and exits with 2 when no command is named", async () => {
    for (const argv of [[], ["user"]]) {
      const { exitCode, out, err } = await ferry(argv);
      assert.equal(exitCode, 2);
      assert.equal(out, "");
      assert.match(err, /^Usage: ferry/);
    }
  });

  test("gives errors as an object with --json", async () => {
    const { exitCode, err } = await ferry(["user", "list", "--accounts", "/none.json", "--json"]);
    assert.equal(exitCode, 2);
    assert.deepEqual(JSON.parse(err), {
      code: "ERR_FERRY_CONFIGURATION",
      message: "cannot read /none.json: there is no such file",
    });
  });
});

describe("an error", () => {
  test("brings its stack when FERRY_DEBUG asks for it, and never else", async () => {
    const argv = ["user", "list", "--accounts", "/none.json"];
    assert.equal((await ferry(argv)).err.split("\n").length, 2);
    const terminal = fakeTerminal({ debugging: true });
    await runProgram(argv, terminal);
    assert.match(terminal.err(), /^ferry: cannot read .*\nCliError: cannot read .*\n {4}at /);
  });
});

describe("ferry serve that cannot start", () => {
  test("says why in one line: the root, the accounts, the configuration, the log", async (t) => {
    const workingDirectory = await folder(t);
    await writeFile(join(workingDirectory, "broken.json"), "{}");
    await writeFile(join(workingDirectory, "ferry.yaml"), "port: x\n");
    const at = (name: string): string => join(workingDirectory, name);
    const cases: [string[], number, string][] = [
      [["missing"], 1, "cannot serve missing: there is no such folder; make it first, or name another"],
      [["broken.json"], 1, "cannot serve broken.json: it is not a folder"],
      [
        [".", "--accounts", "a.json"],
        2,
        `cannot read ${at("a.json")}: there is no such file; \`ferry user add\` makes one`,
      ],
      [[".", "--accounts", "."], 2, `cannot read ${workingDirectory}: it is a directory`],
      [
        [".", "--accounts", "broken.json"],
        2,
        `${at("broken.json")}: version: expected 1, the only version of this file that this Ferry knows`,
      ],
      [[".", "--config", "no.yaml"], 2, `cannot read ${at("no.yaml")}: there is no such file`],
      [
        [".", "--config", "ferry.yaml"],
        2,
        `${at("ferry.yaml")}: line 1: port: expected number, received string`,
      ],
      [[".", "--port", "0", "--xferlog", "no/log"], 1, `cannot write ${at("no/log")}: there is no such file`],
    ];
    for (const [argv, exitCode, message] of cases) {
      const result = await ferry(["serve", ...argv, "--log", "json"], { workingDirectory });
      assert.deepEqual(result, { exitCode, out: "", err: `ferry: ${message}\n` });
    }
  });
});

describe("ferry user", () => {
  test("adds an account, with a password from standard input and a home that is made", async (t) => {
    const workingDirectory = await folder(t);
    const added = await ferry(
      [
        ...["user", "add", "ann", "--accounts", "accounts.json", "--home", "home/ann"],
        ...[
          "--permissions",
          "list,upload",
          "--max-sessions",
          "3",
          "--upload-rate",
          "2M",
          "--comment",
          "the camera",
        ],
      ],
      { workingDirectory, input: "sesame\n" },
    );
    const home = join(workingDirectory, "home/ann");
    assert.deepEqual(added, {
      exitCode: 0,
      out: `ferry: account ann added, with home ${home} (made)\n`,
      err: "",
    });
    assert((await stat(home)).isDirectory());
    const file = join(workingDirectory, "accounts.json");
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    const account = (await readAccountsFile(file)).get("ann");
    assert(account !== undefined);
    const { password, created, changed, ...rest } = account;
    assert.deepEqual(rest, {
      name: "ann",
      home,
      permissions: ["list", "upload"],
      limits: { sessions: 3, uploadRate: 2_097_152 },
      disabled: false,
      comment: "the camera",
    });
    assert.equal(created, changed);
    assert.match(password, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    assert.equal(await sharedPasswords.verify(password, "sesame"), true);
  });

  test("lists, shows, changes, disables, enables and removes accounts", async (t) => {
    const workingDirectory = await folder(t);
    const o = { workingDirectory, input: "sesame\n" };
    const user = (...argv: string[]): Promise<Result> =>
      ferry(["user", ...argv, "--accounts", "accounts.json"], o);
    const shown = async (name: string): Promise<Record<string, unknown>> => {
      const { exitCode, out } = await user("show", name, "--json");
      assert.equal(exitCode, 0);
      return JSON.parse(out);
    };
    await user("add", "zoe", "--home", ".", "--permissions", "read-only");
    await user("add", "__proto__", "--home", ".");
    const { out: table } = await user("list");
    assert.deepEqual(
      table.split("\n").map((line) => line.trimEnd().replace(workingDirectory, "HERE")),
      [
        "NAME       STATE    PERMISSIONS  HOME",
        "__proto__  enabled  all          HERE",
        "zoe        enabled  read-only    HERE",
        "",
      ],
    );
    const { out: objects } = await user("list", "--json");
    assert.deepEqual(
      objects
        .split("\n")
        .slice(0, -1)
        .map((line) => JSON.parse(line).name),
      ["__proto__", "zoe"],
    );
    assert.doesNotMatch(objects, /argon2/);
    const { out: text } = await user("show", "zoe");
    assert.match(text, /^name: zoe\nhome: .*\ndisabled: false\n/);
    assert.doesNotMatch(text, /argon2/);

    assert.equal((await user("disable", "zoe")).out, "ferry: account zoe disabled\n");
    assert.equal((await shown("zoe")).disabled, true);
    await user("enable", "zoe");
    assert.equal((await shown("zoe")).disabled, false);

    await user("set", "zoe", "--max-sessions", "2", "--idle-timeout", "90", "--home", "other");
    const { limits, home } = await shown("zoe");
    assert.deepEqual([limits, home], [{ sessions: 2, idleTimeout: 90 }, join(workingDirectory, "other")]);
    const set = await user("set", "zoe", "--max-sessions", "none", "--permissions", "all", "--json");
    const { limits: after, permissions } = JSON.parse(set.out);
    assert.deepEqual([after, permissions], [{ idleTimeout: 90 }, "all"]);

    assert.equal((await user("passwd", "zoe")).out, "ferry: account zoe has a new password\n");
    assert.match((await user("remove", "zoe")).out, /^ferry: account zoe removed; its files are still in /);
    assert.deepEqual(
      [...(await readAccountsFile(join(workingDirectory, "accounts.json"))).keys()],
      ["__proto__"],
    );
  });

  test("refuses names that are there already or are not there, and changes nothing", async (t) => {
    const workingDirectory = await folder(t);
    const o = { workingDirectory, input: "sesame\n" };
    const file = ["--accounts", "accounts.json"];
    await ferry(["user", "add", "ann", "--home", ".", ...file], o);
    const before = await readFile(join(workingDirectory, "accounts.json"), "utf8");
    const twice = await ferry(["user", "add", "ann", "--home", ".", ...file], o);
    assert.equal(twice.exitCode, 1);
    assert.match(
      twice.err,
      /^ferry: account "ann" is in .*accounts\.json already: use `ferry user set` or `passwd`\n$/,
    );
    for (const argv of [
      ["show"],
      ["passwd"],
      ["set", "--comment", "x"],
      ["disable"],
      ["enable"],
      ["remove"],
    ]) {
      const [verb = "", ...flags] = argv;
      const { exitCode, err } = await ferry(["user", verb, "bob", ...flags, ...file], o);
      assert.equal(exitCode, 1);
      assert.match(err, /^ferry: there is no account "bob" in .*accounts\.json\n$/);
    }
    const empty = await ferry(["user", "passwd", "ann", ...file], { workingDirectory, input: "\n" });
    assert.deepEqual([empty.exitCode, empty.err], [1, "ferry: the password is empty\n"]);
    assert.equal(await readFile(join(workingDirectory, "accounts.json"), "utf8"), before);
  });

  test("never writes what it could not read again", async (t) => {
    const workingDirectory = await folder(t);
    const add = ["user", "add", "ann", "--accounts", "a.json", "--home", "ann"];
    assert.equal((await ferry(add, { input: "x\n", workingDirectory })).exitCode, 0);
    const names = Array.from({ length: 20 }, () => "list").join(",");
    const set = ["user", "set", "ann", "--accounts", "a.json", "--permissions", names];
    assert.equal((await ferry(set, { workingDirectory })).exitCode, 0);
    const accounts = await readAccountsFile(join(workingDirectory, "a.json"));
    assert.deepEqual(accounts.get("ann")?.permissions, ["list"]);
  });

  test("refuses a home that cannot be made, also where the system says ENOENT for ever", async (t) => {
    const workingDirectory = await folder(t);
    await writeFile(join(workingDirectory, "file"), "");
    const cases: [string, RegExp][] = [
      ["/proc/ferry/home", /^ferry: cannot make \/proc\/ferry\/home: /],
      ["file", /^ferry: cannot make .*file: it is not a folder\n$/],
      ["file/home", /^ferry: cannot make .*file\/home: a part of the path is not a directory\n$/],
    ];
    for (const [home, expected] of cases) {
      const argv = ["user", "add", "ann", "--accounts", "a.json", "--home", home];
      const { exitCode, err } = await ferry(argv, { input: "x\n", workingDirectory });
      assert.equal(exitCode, 1);
      assert.match(err, expected);
    }
  });

  test("leaves a file alone that it cannot read", async (t) => {
    const workingDirectory = await folder(t);
    const file = join(workingDirectory, "accounts.json");
    await writeFile(file, "not JSON");
    for (const verb of [["add", "--home", "."], ["remove"], ["passwd"]]) {
      const [name = "", ...flags] = verb;
      const { exitCode, err } = await ferry(["user", name, "ann", ...flags, "--accounts", "accounts.json"], {
        workingDirectory,
        input: "sesame\n",
      });
      assert.equal(exitCode, 2);
      assert.equal(err, `ferry: ${file}: it is not valid JSON\n`);
    }
    assert.equal(await readFile(file, "utf8"), "not JSON");
  });
});
