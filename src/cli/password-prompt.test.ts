import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CliError } from "./errors.js";
import { askNewPassword, askPassword } from "./password-prompt.js";
import { fakeTerminal } from "./terminal.support.test.js";

function piped(input: string): Promise<string> {
  return askNewPassword("ann", fakeTerminal({ input }));
}

async function typed(...keys: string[]): Promise<string> {
  const terminal = fakeTerminal({ isTTY: true });
  const asked = askNewPassword("ann", terminal);
  for (const key of keys) terminal.input.write(key);
  try {
    return await asked;
  } finally {
    for (const text of [terminal.err(), terminal.out()]) assert.doesNotMatch(text, /sesame/, "it was echoed");
  }
}

describe("a password from standard input", () => {
  test("is the first line, without its end", async () => {
    for (const input of ["sesame", "sesame\n", "sesame\r\n", "sesame\nmore\n"]) {
      assert.equal(await piped(input), "sesame");
    }
    assert.equal(await piped(" with spaces \n"), " with spaces ");
    assert.equal(await piped("grün🙂\n"), "grün🙂");
  });

  test("is refused when it cannot be one", async () => {
    for (const input of ["", "\n", "\r\n", "a\0b\n", "x".repeat(1025), `${"x".repeat(100_000)}\n`]) {
      await assert.rejects(piped(input), CliError);
    }
  });
});

describe("a password that is typed", () => {
  test("is asked for twice and not shown", async () => {
    assert.equal(await typed("sesame\r", "sesame\r"), "sesame");
    assert.equal(await typed("ses", "ame\n", "sesa", "me", "\n"), "sesame");
    assert.equal(await typed("sesame\rsesame\r"), "sesame", "both at once, as when pasted");
  });

  test("can be corrected by characters and as a whole", async () => {
    assert.equal(await typed("sesamx\x7fe\r", "sesame\r"), "sesame");
    assert.equal(await typed("wrong\x15sesame\r", "sesame\r"), "sesame");
    assert.equal(await typed("gré🙂\b\bün\r", "grün\r"), "grün");
    assert.equal(await typed("\x7f\x7fsesame\r", "sesame\r"), "sesame");
  });

  test("must be the same both times", async () => {
    await assert.rejects(typed("sesame\r", "Sesame\r"), { exitCode: 1, message: /the passwords differ/ });
    await assert.rejects(typed("\r"), { message: "the password is empty" });
  });

  test("waits while Ctrl-Z stops the program, with the terminal as before, and asks again when it goes on", async () => {
    const modes: boolean[] = [];
    const terminal = fakeTerminal({ isTTY: true });
    terminal.input.setRawMode = (raw) => modes.push(raw);
    const asked = askPassword("Password: ", terminal);
    terminal.input.write("ses\x1a");
    assert.deepEqual(modes, [true, false]);
    terminal.inForeground = false;
    terminal.resume();
    assert.deepEqual(modes, [true, false], "behind the prompt of the shell nothing is asked");
    terminal.inForeground = true;
    terminal.resume();
    terminal.resume();
    assert.deepEqual(modes, [true, false, true]);
    assert.match(terminal.err(), /^Password: \r?\n\rPassword: $/);
    terminal.input.write("sesame\r");
    assert.equal(await asked, "sesame");
    assert.equal(terminal.suspendListeners, 0);
  });

  test("is given up with Ctrl-C, Ctrl-D and the end of the input, and the terminal is as before", async () => {
    const modes: boolean[] = [];
    const terminal = fakeTerminal({ isTTY: true });
    terminal.input.setRawMode = (raw) => modes.push(raw);
    const asked = askNewPassword("ann", terminal);
    terminal.input.write("ses\x03");
    await assert.rejects(asked, { exitCode: 130 });
    assert.deepEqual(modes, [true, false]);
    await assert.rejects(typed("ses\x04"), { exitCode: 1 });
    const ended = fakeTerminal({ isTTY: true });
    const waiting = askNewPassword("ann", ended);
    ended.input.end("ses");
    await assert.rejects(waiting, { exitCode: 1, message: /the input ended/ });
  });
});
