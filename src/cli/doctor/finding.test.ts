import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { wrapped } from "../wrapped.js";
import { evidenceOf, type Trouble, troubleFinding } from "./finding.js";
import { softwareIn } from "./software.js";

const TROUBLE: Trouble = {
  kind: "problem",
  text: "Port {port} is closed",
  cause: "A firewall.",
  change: [
    { side: "server", what: "Open {port}.", settings: { vsftpd: "pasv_min_port", Ferry: "--passive-ports" } },
  ],
  weight: 50,
};

test("evidence is printable and bounded, whatever a server says", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 400 }), (text) => {
      const shown = evidenceOf(text);
      assert.ok(shown.length <= 201);
      assert.doesNotMatch(shown, /[\u0000-\u001f\u007f-\u009f]/);
    }),
  );
});

test("values are put into their places, and a place without a value is a mistake", () => {
  const found = troubleFinding("p", "closed", TROUBLE, { values: { port: "2\u001b" } }, "vsftpd");
  assert.equal(found.text, "Port 2\\x1b is closed");
  assert.equal(found.change[0]?.what, "Open 2\\x1b (vsftpd: pasv_min_port).");
  assert.throws(
    () => troubleFinding("p", "closed", TROUBLE, {}, undefined),
    /nothing was given for \{port\}/,
  );
});

test("settings are those of the server, of all servers when it is not known, or of none", () => {
  const what = (software: Parameters<typeof troubleFinding>[4]) =>
    troubleFinding("p", "closed", TROUBLE, { values: { port: 1 } }, software).change[0]?.what;
  assert.equal(what("Ferry"), "Open 1 (Ferry: --passive-ports).");
  assert.equal(what("ProFTPD"), "Open 1.");
  assert.equal(what(undefined), "Open 1 (vsftpd: pasv_min_port; Ferry: --passive-ports).");
});

test("of many settings three are named, when nobody knows which server it is", () => {
  const settings = { vsftpd: "a", ProFTPD: "b", "Pure-FTPd": "c", Ferry: "d" };
  const trouble: Trouble = { ...TROUBLE, change: [{ side: "server", what: "Do it.", settings }] };
  const found = troubleFinding("p", "x", trouble, { values: { port: 1 } }, undefined);
  assert.equal(found.change[0]?.what, "Do it (vsftpd: a; ProFTPD: b; Pure-FTPd: c; others have the like).");
});

test("servers are known by their own words", () => {
  const greetings = {
    vsftpd: "(vsFTPd 3.0.5)",
    ProFTPD: "ProFTPD Server (Debian) [::ffff:127.0.0.1]",
    "Pure-FTPd": "---------- Welcome to Pure-FTPd [privsep] [TLS] ----------",
    "FileZilla Server": "FileZilla Server 1.8.0",
    "Microsoft FTP Service": "Microsoft FTP Service",
    pyftpdlib: "pyftpdlib 2.0.1 ready.",
    SFTPGo: "SFTPGo 2.5.4 FTP server",
    Ferry: "Ferry FTP server ready.",
  };
  for (const [software, greeting] of Object.entries(greetings))
    assert.equal(softwareIn([greeting]), software);
  assert.equal(softwareIn(["FTP server ready."]), undefined);
});

test("lines are broken at spaces, and nothing is lost", () => {
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^[a-z]{1,12}$/), { minLength: 1 }), (words) => {
      const text = words.join(" ");
      const lines = wrapped(text, 20);
      assert.equal(lines.join(" "), text);
      assert.ok(lines.every((line) => line.length <= 20));
    }),
  );
});
