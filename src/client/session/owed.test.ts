import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { FtpConnectionError } from "../errors.js";
import { Owed } from "./owed.js";

/** Logged in, with nothing owed. */
function session(): Owed {
  const owed = new Owed();
  say(owed, 220);
  return owed;
}

function say(owed: Owed, ...codes: number[]): void {
  for (const code of codes) {
    const reply = { code, lines: ["text"] } as const;
    if (owed.heard(reply, "command")) owed.given(reply);
  }
}

function exchange(owed: Owed, verb: string, ...codes: number[]): void {
  owed.sent(verb);
  say(owed, ...codes);
}

describe("what is owed", () => {
  test("is one completion reply for each command, whatever comes before it", () => {
    const owed = session();
    for (const verb of ["MDTM", "EPSV", "RETR"]) owed.sent(verb);
    say(owed, 213, 229);
    assert.equal(owed.count, 1);
    say(owed, 150, 150, 226);
    assert.deepEqual([owed.count, owed.unasked], [0, 0]);
    say(owed, 226);
    assert.deepEqual([owed.count, owed.unasked], [0, 1]);
  });

  test("is not what came behind it and was not given yet", () => {
    const owed = session();
    owed.sent("RETR");
    const replies = [426, 226].map((code) => ({ code, lines: ["text"] }) as const);
    assert.deepEqual(
      replies.map((reply) => owed.heard(reply, "transfer")),
      [true, false],
    );
    assert.deepEqual([owed.count, owed.unasked], [1, 1]);
  });

  for (const [behind, codes] of [
    ["no transfer", []],
    ["a transfer", [150, 226]],
    ["a refused transfer", [550]],
    ["a transfer that is not known", [502]],
  ] as const) {
    test(`takes 226 for what it may be behind ${behind}`, () => {
      const taken = ["PWD", "SIZE", "EPSV", "DELE", "CWD", "NOOP", "LIST", "SITE", "STAT", "ABOR"].filter(
        (verb) => {
          const owed = session();
          if (codes.length > 0) exchange(owed, "RETR", ...codes);
          exchange(owed, "TYPE", 200);
          try {
            exchange(owed, verb, 226);
            return true;
          } catch (error) {
            assert.ok(error instanceof FtpConnectionError);
            assert.ok(error.message.startsWith(`${verb} was answered 226`));
            return false;
          }
        },
      );
      const always = ["SITE", "STAT", "ABOR"];
      const others = { "a transfer": ["DELE", "CWD", "NOOP", "LIST"], "a refused transfer": [] }[
        behind as string
      ];
      const all = ["PWD", "SIZE", "EPSV", "DELE", "CWD", "NOOP", "LIST"];
      assert.deepEqual(taken, [...(others ?? all), ...always]);
    });
  }

  test("may be answered in any order while ABOR is there", () => {
    const owed = session();
    exchange(owed, "RETR", 150, 226);
    for (const verb of ["EPSV", "RETR", "ABOR"]) owed.sent(verb);
    say(owed, 226, 229, 425);
    assert.equal(owed.count, 0);
  });
});
