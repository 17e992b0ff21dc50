import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  FtpAbortError,
  FtpArgumentError,
  FtpConnectionError,
  FtpLocalError,
  FtpLoginError,
  FtpReplyError,
  FtpTimeoutError,
} from "../../client/errors.js";
import { lineOf } from "../../client/session/line-of.js";
import { CliError, errorLine, interrupted } from "../errors.js";
import { fakeTerminal } from "../terminal.support.test.js";
import { asReported, Failures, tryEach } from "./reporting.js";

const refusal = new FtpReplyError("RETR", {
  phase: "transfer",
  reply: { code: 550, lines: ["No \u001b[2Jsuch file", "Sorry"] },
});

function reported(error: unknown): CliError {
  const found = asReported(error, "ftp://h/a\u001b");
  assert(found instanceof CliError);
  return found;
}

describe("an error of the client", () => {
  test("is one line with the subject, the reply and the hint, safe for a terminal", () => {
    const { message, exitCode } = reported(refusal);
    assert.equal(exitCode, 1);
    assert.equal(message, "ftp://h/a\\x1b: RETR was answered 550 No \\x1b[2Jsuch file / Sorry");
    const full = new FtpReplyError("STOR", { phase: "transfer", reply: { code: 452, lines: ["No."] } });
    assert.equal(
      reported(full).message,
      "ftp://h/a\\x1b: STOR was answered 452 No. The server has no space left",
    );
  });

  test("speaks of flags and URLs, not of the library's options", () => {
    const silent = { phase: "greeting", hint: 'it may wait for TLS: `tls: "implicit"`' } as const;
    const { message } = reported(new FtpTimeoutError("the server did not answer within 3000 ms", silent));
    assert.match(message, /within 3000 ms\. A server that says nothing may wait for TLS: write ftps:\/\//);
    assert.doesNotMatch(message, /implicit/);
  });

  test("says that FTP cannot carry a name with a line end", () => {
    let error: unknown;
    try {
      lineOf("STOR", "a\nb", "command");
    } catch (thrown) {
      error = thrown;
    }
    const found = asReported(error, "ftp://host/a%0Ab");
    assert(found instanceof CliError);
    assert.match(
      found.message,
      /a%0Ab: the argument of STOR has a line end or NUL in it, which FTP cannot carry$/,
    );
  });

  test("asks whether it is an FTP server where nobody knows what a login is", () => {
    const login = (code: number) => reported(new FtpLoginError({ reply: { code, lines: ["No."] } })).message;
    for (const code of [500, 502]) assert.match(login(code), /: is it an FTP server, and the port right\?$/);
    assert.match(login(530), /Are name and password right\?/);
  });

  test("is an object for --json, with code, phase, reply and message", () => {
    const line = errorLine(reported(refusal), { json: true });
    assert.match(line, /^[^\u001b\n]*\n$/);
    const { message, ...rest } = JSON.parse(line);
    assert.equal(typeof message, "string");
    assert.deepEqual(rest, {
      code: "ERR_FERRY_FTP_REPLY",
      phase: "transfer",
      reply: { code: 550, lines: ["No \u001b[2Jsuch file", "Sorry"] },
    });
  });

  test("is exit code 2 for what cannot be sent, 130 for an interruption, 1 for all else", () => {
    assert.equal(reported(new FtpArgumentError("no")).exitCode, 2);
    assert.equal(reported(new FtpAbortError("transfer", interrupted())).exitCode, 130);
    assert.equal(reported(new FtpAbortError("transfer", undefined)).exitCode, 130);
    assert.equal(reported(new FtpConnectionError("no", { phase: "connect" })).exitCode, 1);
    const cause = Object.assign(new Error("x"), { code: "ENOSPC" });
    assert.match(
      reported(new FtpLocalError("failed", { phase: "transfer", cause })).message,
      /failed: the disk is full$/,
    );
    const bug = new TypeError("a bug");
    assert.equal(asReported(bug, "x"), bug);
  });
});

describe("several things", () => {
  test("that fail for one reason have it told once: a login for each of them is one login", async () => {
    const terminal = fakeTerminal();
    const failures = new Failures(terminal, {});
    const work = () => Promise.reject(refusedLogin);
    const refusedLogin = reported(new FtpLoginError({ reply: { code: 530, lines: ["No."] } }));
    await tryEach(["a", "b"], failures, work, String);
    assert.equal(failures.count, 2);
    assert.equal(terminal.err().split("\n").length, 2, terminal.err());
  });

  test("are all tried; each failure is told, and the exit code is 1", async () => {
    const terminal = fakeTerminal();
    const failures = new Failures(terminal, {});
    const done: string[] = [];
    const work = async (item: string): Promise<void> => {
      if (item === "b") throw refusal;
      done.push(item);
    };
    await tryEach(["a", "b", "c"], failures, work, (item) => item);
    assert.deepEqual([done, failures.count, failures.exitCode], [["a", "c"], 1, 1]);
    assert.match(terminal.err(), /^ferry: b: RETR was answered 550 .*\n$/);
  });

  test("end at an interruption, and at an error that is none of the client's", async () => {
    for (const error of [new FtpAbortError("transfer", interrupted()), new TypeError("a bug")]) {
      const terminal = fakeTerminal();
      const done: string[] = [];
      const work = async (item: string): Promise<void> => {
        done.push(item);
        throw error;
      };
      await assert.rejects(tryEach(["a", "b"], new Failures(terminal, {}), work, String));
      assert.deepEqual([done, terminal.err()], [["a"], ""]);
    }
  });
});
