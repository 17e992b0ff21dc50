/** What the client says when something else than an FTP server answers. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { FtpClient } from "ferry/client";
import { leakCheck, ScriptedServer } from "ferry/testing";
import { Ferry } from "./support/ferry.js";

leakCheck();

const SERVICES: readonly (readonly [greeting: string, service: RegExp])[] = [
  ["SSH-2.0-OpenSSH_9.2p1 Debian-2", /^what answers there is no FTP server, but an SSH server$/],
  ["HTTP/1.1 400 Bad Request", /but a web server \(HTTP\)$/],
  ["<!DOCTYPE html>", /but a web server \(HTTP\)$/],
  ["+OK Dovecot ready.", /but a mail server \(POP3\)$/],
  ["* OK [CAPABILITY IMAP4rev1] Dovecot ready.", /but a mail server \(IMAP\)$/],
  ["220 mail.example.org ESMTP Postfix", /but a mail server \(SMTP\)$/],
  ["200 news.example.org InterNetNews NNRP server ready", /but a news server \(NNTP\)$/],
  ["RFB 003.008", /but a VNC server$/],
  ["J\0\0\0\n8.0.30", /but a MySQL server$/],
  ["hello\u001b[2J", /^what answers there is no FTP server: it says "hello\\x1b\[2J"$/],
  [`x${"y".repeat(500)}`, /^what answers there is no FTP server: it says "xy{99}"$/],
];

describe("what is no FTP server", () => {
  for (const [greeting, message] of SERVICES) {
    test(`is told by what it says: ${JSON.stringify(greeting.slice(0, 30))}`, async () => {
      await using server = await ScriptedServer.start({ greeting });
      const { host, port } = server;
      await assert.rejects(FtpClient.connect({ host, port, user: "anna", password: "secret" }), {
        name: "FtpProtocolError",
        phase: "greeting",
        message,
        hint: /port/,
      });
      assert.deepEqual(server.commands, []);
    });
  }

  for (const greeting of [
    "220 Both of FTP and SMTP",
    "220 smtp.example.org ready",
    "220-ESMTP\r\n220 and vsftpd",
  ]) {
    test(`is none of these: ${JSON.stringify(greeting)}`, async () => {
      await using server = await ScriptedServer.start({ greeting: greeting.split("\r\n") });
      const { host, port } = server;
      await using client = await FtpClient.connect({ host, port, user: "anna", password: "secret" });
      assert.equal(await client.workingDirectory(), "/");
    });
  }

  test("is told by the command line, and by the shell", async () => {
    await using server = await ScriptedServer.start({ greeting: "SSH-2.0-OpenSSH_9.2p1 Debian-2" });
    using ferry = new Ferry();
    const url = `ftp://${server.host}:${server.port}/`;
    for (const argv of [
      ["get", url],
      ["shell", url, "-e", "ls"],
    ]) {
      const { code, stderr, report } = await ferry.run(argv);
      assert.equal(code, 1, report);
      assert.match(
        stderr,
        /^(?:ferry: )?ftp:[^ ]*: what answers there is no FTP server, but an SSH server\. SFTP is SSH's, [^\n]*\n$/,
      );
    }
  });

  test("is told in words later, too, without repeating what may be a secret", async () => {
    await using server = await ScriptedServer.start({ answers: { PASS: "hunter2?" } });
    const { host, port } = server;
    await assert.rejects(FtpClient.connect({ host, port, user: "anna", password: "hunter2" }), {
      name: "FtpProtocolError",
      message: "the server's reply cannot be read: it does not begin with a code",
    });
  });
});
