import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { CommandEvent, ServerEvents, SessionInfo, TransferEvent } from "../../server/events.js";
import type { FtpServer } from "../../server/server.js";
import { StorageError } from "../../storage/errors.js";
import { GuestBook } from "./guest-book.js";
import { commandRecord, errorRecord, sentence, shown } from "./log-records.js";
import { ServerLog } from "./logging.js";
import type { LogKind } from "./options.js";

const session: SessionInfo = {
  id: "s-1",
  peer: { address: "192.0.2.1", port: 5000 },
  local: { address: "192.0.2.2", port: 21 },
  account: "ann",
  client: undefined,
  secure: false,
};

function command(rest: Partial<CommandEvent>): CommandEvent {
  return { session, verb: "NOOP", argument: "", code: 200, duration: 1.26, ...rest };
}

const transfer: TransferEvent = {
  session,
  verb: "STOR",
  direction: "receive",
  content: "file",
  type: "binary",
  outcome: {
    id: "s-1.1",
    path: "/a.txt",
    bytes: 2048,
    start: 0,
    duration: 1000,
    dataConnection: "closed",
    kind: "complete",
    endOfFile: "closing",
  },
  code: 226,
};

/** One event of each kind, and what the log made of it. */
function logged(kind: LogKind, guests = new GuestBook()): string[] {
  const lines: string[] = [];
  const destination = { append: (line: string) => void lines.push(line), flushed: async () => {} };
  const log = new ServerLog(kind, { colour: false, destination: () => destination });
  const server = new EventEmitter<ServerEvents>();
  log.attach(server as FtpServer, guests);
  server.emit("login", { session, name: "ann", ok: true });
  server.emit("login", {
    session: { ...session, account: undefined },
    name: "bob",
    ok: false,
    reason: "credentials",
  });
  server.emit("command", command({ verb: "MKD", argument: "a", code: 257 }));
  server.emit(
    "command",
    command({ verb: "DELE", argument: "b", code: 550, error: new StorageError("not-found") }),
  );
  server.emit("transfer", transfer);
  server.emit("disconnect", { session, account: "ann", reason: "quit", duration: 1500 });
  server.emit("refused", { peer: session.peer, reason: "sessions" });
  server.emit("warning", { message: "odd", error: new Error("because") });
  log.info("started");
  return lines;
}

describe("the log", () => {
  test("as JSON has one object for each event, with its level", () => {
    const records = logged("json").map((line): Record<string, unknown> => JSON.parse(line));
    assert.deepEqual(
      records.map(({ level, event }) => [level, event]),
      [
        ["info", "login"],
        ["warn", "login"],
        ["info", "command"],
        ["warn", "command"],
        ["info", "transfer"],
        ["info", "disconnect"],
        ["warn", "refused"],
        ["warn", "warning"],
        ["info", "server"],
      ],
    );
    for (const { time } of records) assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    const { time: _, ...mkd } = records[2] ?? {};
    assert.deepEqual(mkd, {
      level: "info",
      event: "command",
      session: "s-1",
      peer: "192.0.2.1",
      port: 5000,
      account: "ann",
      verb: "MKD",
      argument: "a",
      code: 257,
      ms: 1.3,
    });
    assert.equal(records[3]?.errorReason, "not-found");
    assert.equal(records[5]?.reason, "quit");
    assert.match(
      String(records[7]?.stack),
      /log-records\.test/,
      "an error that nobody expected brings its stack",
    );
  });

  test("for people has one sentence for each event", () => {
    const lines = logged("pretty").map((line) => line.replace(/^\[[\d :.-]+\] /, "").trimEnd());
    assert.deepEqual(lines.slice(0, 7), [
      "INFO: ann@192.0.2.1 logged in as ann",
      "WARN: -@192.0.2.1 failed to log in as bob: credentials",
      "INFO: ann@192.0.2.1 MKD a → 257 in 1.3 ms",
      "WARN: ann@192.0.2.1 DELE b → 550 in 1.3 ms (not-found)",
      "INFO: ann@192.0.2.1 STOR /a.txt: received 2.0 KiB in 1.0 s, 2.0 KiB/s",
      "INFO: ann@192.0.2.1 disconnected after 1.5 s: quit",
      "WARN: -@192.0.2.1 refused: sessions",
    ]);
    assert.match(lines[7] ?? "", /^WARN: odd \(because\)\nError: because\n/);
    assert.equal(lines[8], "INFO: started");
  });

  test("that is silent has nothing, and listens to nothing", () => {
    const server = new EventEmitter<ServerEvents>();
    const log = new ServerLog("silent", {
      colour: false,
      destination() {
        throw new Error("opened");
      },
    });
    log.attach(server as FtpServer, new GuestBook());
    log.warn("x");
    assert.deepEqual(server.eventNames(), []);
  });

  test("names the e-mail address of a guest until the session ends", () => {
    const guests = new GuestBook();
    guests.note(session.peer, "ann@example.com");
    assert.match(logged("json", guests)[0] ?? "", /"email":"ann@example\.com"/);
    guests.forget(session.peer);
    assert.doesNotMatch(logged("json", guests)[0] ?? "", /email/);
  });

  test("does not show what PASS and ACCT said, even if the event did", () => {
    for (const verb of ["PASS", "ACCT"]) {
      assert.doesNotMatch(JSON.stringify(commandRecord(command({ verb, argument: "hunter2" }))), /hunter2/);
      // Somebody at a keyboard who forgot the space.
      const run = commandRecord(command({ verb: `${verb}HUNTER2`, argument: "****", code: 500 }));
      assert.doesNotMatch(JSON.stringify(run), /hunter2/i);
    }
  });
});

describe("text from clients", () => {
  test("is one line without control characters, of bounded length, in records and sentences", () => {
    const text = fc.string({ unit: "binary", maxLength: 2000 });
    fc.assert(
      fc.property(text, text, (verb, argument) => {
        const record = commandRecord(command({ verb, argument }));
        for (const line of [JSON.stringify(record), sentence({ ...record })]) {
          assert.doesNotMatch(line, /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
          assert(line.isWellFormed());
          assert(line.length < 20_000);
        }
      }),
      { numRuns: 300 },
    );
    assert.equal(shown("a\r\nFORGED\u001b[31m"), "a\\x0d\\x0aFORGED\\x1b[31m");
    assert.equal(shown("é\udcff"), "é\\xff");
  });

  test("reaches error messages too", () => {
    assert.deepEqual(errorRecord(new StorageError("denied", "no\nway", { cause: new Error("\x1b") })), {
      error: "no\\x0away: \\x1b",
      errorReason: "denied",
    });
    assert.deepEqual(errorRecord("plain"), { error: "plain" });
    assert.deepEqual(errorRecord(undefined), {});
  });
});
