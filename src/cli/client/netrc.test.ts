import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { findNetrcEntry } from "./netrc.js";

const TEXT = `# machine commented.example login no password no
machine ftp.example.org
  login anna password "pa ss\\"word"
machine ftp.example.org login bob password #hash account guests
machine macro.example login eve
macdef init
  machine hidden.example login x password y
  bin

machine after.example password only
default login anonymous password anna@
`;

describe(".netrc", () => {
  test("has the first entry for a host, and for a user where one is named", () => {
    assert.deepEqual(findNetrcEntry(TEXT, "ftp.example.org", undefined), {
      login: "anna",
      password: 'pa ss"word',
    });
    assert.deepEqual(findNetrcEntry(TEXT, "FTP.example.org", "bob"), {
      login: "bob",
      password: "#hash",
      account: "guests",
    });
  });

  test("has a default for all other hosts, but not for a user that it does not name", () => {
    for (const host of ["other.example", "commented.example", "hidden.example"]) {
      assert.deepEqual(findNetrcEntry(TEXT, host, undefined), { login: "anonymous", password: "anna@" });
    }
    assert.equal(findNetrcEntry(TEXT, "ftp.example.org", "carol"), undefined);
  });

  test("may leave out the login or the password", () => {
    assert.deepEqual(findNetrcEntry(TEXT, "macro.example", undefined), { login: "eve" });
    assert.deepEqual(findNetrcEntry(TEXT, "after.example", "anyone"), { password: "only" });
  });

  test("of any content is read without an error", () => {
    const words = fc.constantFrom(
      "machine",
      "default",
      "login",
      "password",
      "macdef",
      "h",
      '"',
      '"a\\',
      "#",
      "\n",
      "\n\n",
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: "binary" }),
          fc.array(words).map((all) => all.join(" ")),
        ),
        (text) => {
          findNetrcEntry(text, "h", undefined);
          findNetrcEntry(text, "h", "u");
        },
      ),
    );
    assert.equal(findNetrcEntry(`macdef ${"\n x".repeat(100_000)}`, "h", undefined), undefined);
    assert.equal(findNetrcEntry(`${"#\n".repeat(100_000)}`, "h", undefined), undefined);
  });

  test("gives back any password that is written in quotation marks", () => {
    const secret = fc.string({ minLength: 1 }).filter((text) => !/[\n\r]/.test(text));
    fc.assert(
      fc.property(secret, (password) => {
        const quoted = password.replace(/["\\]/g, "\\$&");
        const text = `machine h login u password "${quoted}" machine i login v`;
        assert.equal(findNetrcEntry(text, "h", undefined)?.password, password);
        assert.equal(findNetrcEntry(text, "i", undefined)?.login, "v");
      }),
    );
  });
});
