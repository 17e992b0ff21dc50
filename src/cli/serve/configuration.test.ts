import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import fc from "fast-check";
import { CliError } from "../errors.js";
import { parseConfiguration, readConfiguration } from "./configuration.js";

function messageFor(text: string): string {
  try {
    parseConfiguration("ferry.yaml", text);
  } catch (error) {
    assert(error instanceof CliError);
    assert.equal(error.exitCode, 2);
    return error.message;
  }
  throw new Error(`was taken: ${text}`);
}

describe("the configuration file", () => {
  test("knows every flag under its name in camelCase", () => {
    const text = `
root: /srv/ftp
port: 2121
host: [0.0.0.0, "::"]
user:
  - ann:secret
  - bob:a:b
anonymous: true
accounts: /etc/ferry/accounts.json
readOnly: true
passivePorts: 50000-50100
passiveAddress: ftp.example.com
maxSessions: 10
maxSessionsPerAddress: 2
maxLoginAttempts: 5
idleTimeout: 60
loginTimeout: 30
dataTimeout: 7.5
drainTimeout: 5
uploads: direct
umask: "027"
xferlog: /var/log/xferlog
strictRfc959: true
allowForeignData: false
log: json
`;
    assert.deepEqual(parseConfiguration("ferry.yaml", text), {
      root: "/srv/ftp",
      port: 2121,
      host: ["0.0.0.0", "::"],
      user: [
        { name: "ann", password: "secret" },
        { name: "bob", password: "a:b" },
      ],
      anonymous: true,
      accounts: "/etc/ferry/accounts.json",
      readOnly: true,
      passivePorts: { from: 50_000, to: 50_100 },
      passiveAddress: "ftp.example.com",
      maxSessions: 10,
      maxSessionsPerAddress: 2,
      maxLoginAttempts: 5,
      idleTimeout: 60,
      loginTimeout: 30,
      dataTimeout: 7.5,
      drainTimeout: 5,
      uploads: "direct",
      umask: 0o27,
      xferlog: "/var/log/xferlog",
      strictRfc959: true,
      allowForeignData: false,
      log: "json",
    });
  });

  test("may be empty, and takes one value where a list may be", () => {
    assert.deepEqual(parseConfiguration("ferry.yaml", ""), {});
    assert.deepEqual(parseConfiguration("ferry.yaml", "# nothing\n"), {});
    assert.deepEqual(parseConfiguration("ferry.yaml", "host: '::1'\nuser: ann:x\n"), {
      host: ["::1"],
      user: [{ name: "ann", password: "x" }],
    });
  });

  test("gives the passive address by the client's network", () => {
    const text =
      "passiveAddress:\n  - network: 10.0.0.0/8\n  - { network: 0.0.0.0/0, address: 203.0.113.7 }\n";
    assert.deepEqual(parseConfiguration("ferry.yaml", text), {
      passiveAddress: [{ network: "10.0.0.0/8" }, { network: "0.0.0.0/0", address: "203.0.113.7" }],
    });
  });

  test("says what is wrong, on which line and under which key", () => {
    const cases: [string, RegExp][] = [
      ["\nprot: 21\n", /^ferry\.yaml: line 2: unknown key "prot"$/],
      [
        "passiveAddress:\n  - network: 10.0.0.0/8\n    adress: x\n",
        /^ferry\.yaml: line 3: .*unknown key "adress"$/,
      ],
      ["host: []\n", /^ferry\.yaml: line 1: host: expected at least one address$/],
      ["user: { ann: x }\n", /^ferry\.yaml: line 1: user: expected NAME:PASSWORD, or a list of them$/],
      ["host: 1\n", /^ferry\.yaml: line 1: host: expected an address, or a list of them$/],
      ["root: .\nport: twenty\n", /^ferry\.yaml: line 2: port: expected number, received string$/],
      ["port: 70000\n", /^ferry\.yaml: line 1: port: expected a port from 0 to 65535$/],
      ["port: 2.5\n", /^ferry\.yaml: line 1: port: expected a port/],
      ["user:\n  - ann:x\n  - bob\n", /^ferry\.yaml: line 3: user\[1\]: expected NAME:PASSWORD$/],
      ["umask: 022\n", /^ferry\.yaml: line 1: umask: expected octal digits in quotes, such as "022"$/],
      ["idleTimeout: 0\n", /^ferry\.yaml: line 1: idleTimeout: expected seconds/],
      ["idleTimeout: .inf\n", /^ferry\.yaml: line 1: idleTimeout: expected/],
      [
        "passiveAddress:\n  - network: 10/8\n",
        /^ferry\.yaml: line 2: passiveAddress\[0\]\.network: expected a network/,
      ],
      ["passiveAddress: ftp://x\n", /^ferry\.yaml: line 1: passiveAddress: expected an IPv4 address/],
      [
        "accounts: postgres://ann:secret@host/db\n",
        /^ferry\.yaml: line 1: accounts: expected a file, or mongodb:\/\/HOST\/DATABASE$/,
      ],
      ["audit: true\n", /^ferry\.yaml: line 1: audit: expected object/],
      ["audit: { keepDays: 0 }\n", /^ferry\.yaml: line 1: audit\.keepDays: /],
      ["uploads: fast\n", /^ferry\.yaml: line 1: uploads: expected atomic or direct$/],
      ["- a\n", /^ferry\.yaml: expected object, received array$/],
      ["hello\n", /^ferry\.yaml: expected object, received string$/],
      ["__proto__: { port: 1 }\n", /__proto__/],
      ["port: 1\nport: 2\n", /^ferry\.yaml: line 2, column 1: .*unique/],
      ["port: [1\n", /^ferry\.yaml: line \d, column \d/],
      [
        "a: &a [x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c]\n",
        /alias/i,
      ],
    ];
    for (const [text, expected] of cases) assert.match(messageFor(text), expected, text);
  });

  test("that holds a bad password does not show it", () => {
    assert.doesNotMatch(messageFor("user: [hunter2]\n"), /hunter2/);
    assert.doesNotMatch(messageFor("user: ['a/b:hunter2']\n"), /hunter2/);
  });

  test("of any text is taken, or refused in one line", () => {
    const keys = fc.constantFrom("port", "user", "host", "passiveAddress", "log", "x", "umask");
    const text = fc.oneof(
      fc.string(),
      fc.dictionary(keys, fc.jsonValue({ maxDepth: 2 })).map((value) => JSON.stringify(value)),
    );
    fc.assert(
      fc.property(text, (content) => {
        try {
          parseConfiguration("ferry.yaml", content);
        } catch (error) {
          assert(error instanceof CliError);
          assert.doesNotMatch(error.message, /\n/);
        }
      }),
      { numRuns: 300 },
    );
  });

  test("sees relative paths from its own directory", async (t) => {
    const directory = await mkdtemp(join(tmpdir(), "ferry-configuration-"));
    t.after(() => rm(directory, { recursive: true }));
    const file = join(directory, "ferry.yaml");
    await writeFile(file, "root: files\naccounts: accounts.json\nxferlog: /var/log/xferlog\n");
    assert.deepEqual(await readConfiguration(file), {
      root: join(directory, "files"),
      accounts: join(directory, "accounts.json"),
      xferlog: "/var/log/xferlog",
    });
    await assert.rejects(readConfiguration(join(directory, "none.yaml")), {
      exitCode: 2,
      message: `cannot read ${join(directory, "none.yaml")}: there is no such file`,
    });
  });
});
