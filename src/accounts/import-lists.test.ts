import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { formatOf, parseList } from "./import-lists.js";

const BCRYPT = "$2y$05$abcdefghijklmnopqrstuu5Lo0g67CiD3M4RpN1BmBb4Crp5w7dbK";
const ARGON2 = "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g";
const SHA512 = `$6$salt$${"a".repeat(86)}`;
const SCRYPT = `$7$C6..../....saltsalt$${"a".repeat(43)}`;

describe("a list of pure-ftpd", () => {
  test("gives homes, limits, quotas and networks", () => {
    const text = [
      `ann:${ARGON2}:1000:1000::/srv/ann/./::::::::::::`,
      `bob:${SCRYPT}:1000:1000:Bob B.:/srv/bob/./in:1024:2048:::3:50:1000000:::10.0.0.0/8,192.0.2.1::`,
      "",
    ].join("\n");
    assert.equal(formatOf(text), "pure-ftpd");
    assert.deepEqual(parseList(text, "pure-ftpd"), {
      accounts: [
        { name: "ann", hash: ARGON2, home: "/srv/ann" },
        {
          name: "bob",
          hash: SCRYPT,
          home: "/srv/bob",
          limits: { uploadRate: 1024, downloadRate: 2048, sessions: 3 },
          quota: { files: 50, bytes: 1_000_000 },
          networks: ["10.0.0.0/8", "192.0.2.1"],
          comment: "Bob B.",
        },
      ],
      problems: [],
    });
  });

  test("has rules that Ferry lacks, and then the account is not taken without them", () => {
    const line = (tail: string) => `ann:${ARGON2}:1:1::/srv/ann::::::::${tail}`;
    for (const tail of [
      "127.0.0.1::::",
      ":127.0.0.1:::",
      ":::10.0.0.0/8:",
      "::::0900-1700",
      "::not a network::",
    ]) {
      const { accounts, problems } = parseList(line(tail), "pure-ftpd");
      assert.deepEqual([accounts.length, problems.length], [0, 1], tail);
      assert.match(problems[0] ?? "", /^line 1: /);
    }
  });
});

test("proftpd's AuthUserFile has the form of /etc/passwd", () => {
  const text = `# users\nann:${SHA512}:1000:1000:Ann:/srv/ann:/bin/false\nlocked:!:1:1::/srv/x:/bin/false\n`;
  assert.equal(formatOf(text), "proftpd");
  assert.deepEqual(parseList(text, "proftpd"), {
    accounts: [{ name: "ann", hash: SHA512, home: "/srv/ann", comment: "Ann" }],
    problems: ["line 3: its password is locked or missing"],
  });
});

test("htpasswd's list has names and hashes; hashes of other kinds are told, not shown", () => {
  const text = `ann:${BCRYPT}\r\nold:$apr1$salt$K3PZ0Tz1vP0S0WyE1\r\nsha:{SHA}qUqP5cyxm6YcTAhz05Hph5gvu9M=\r\n`;
  assert.equal(formatOf(text), "htpasswd");
  const { accounts, problems } = parseList(text, "htpasswd");
  assert.deepEqual(accounts, [{ name: "ann", hash: BCRYPT }]);
  assert.equal(problems.length, 2);
  assert.match(problems[0] ?? "", /^line 2: not a password hash of a known kind/);
  assert.doesNotMatch(problems.join(), /K3PZ0|qUqP5/);
});

test("vsftpd's list has a line for each name and one for each password, in clear", () => {
  const text = "ann\nse:cret\nbob\n$ome\nlast\n";
  assert.equal(formatOf(text), "vsftpd");
  assert.deepEqual(parseList(text, "vsftpd"), {
    accounts: [
      { name: "ann", password: "se:cret" },
      { name: "bob", password: "$ome" },
    ],
    problems: ["line 5: it has no password"],
  });
});

test("names that are none are not taken from any list", () => {
  for (const format of ["pure-ftpd", "proftpd", "htpasswd"] as const) {
    const { accounts, problems } = parseList(`a/b:${BCRYPT}:1:1::/srv/x:::::::::::::`, format);
    assert.deepEqual([accounts.length, problems.length], [0, 1], format);
  }
  assert.equal(parseList("a/b\nsecret\n", "vsftpd").problems.length, 1);
  assert.equal(formatOf("# nothing\n"), undefined);
});
