import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { FtpLocalError } from "../../client/errors.js";
import { fakeTerminal } from "../terminal.support.test.js";
import { type FileMove, FileMoves } from "./file-moves.js";
import { progressDisplay } from "./progress-display.js";

function failing(name: string, code: string): FileMove {
  const cause = Object.assign(new Error(`${code}: write`), { code });
  const error = new FtpLocalError("cannot write", { phase: "transfer", cause });
  return {
    path: name,
    shown: name,
    local: `here/${name}`,
    repeatable: true,
    move: () => Promise.reject(error),
  };
}

function moving() {
  const terminal = fakeTerminal();
  const o = { parallel: 1, retries: 2, json: false, signal: new AbortController().signal };
  return { terminal, moves: new FileMoves(progressDisplay(terminal, { silent: true }), o) };
}

test("the size of all files is known when that of each is", async () => {
  const moved = { bytes: 1, start: 0 };
  const move = (size?: number): FileMove => ({ ...failing("f", ""), size, move: async () => moved });
  for (const [sizes, bytes] of [
    [[1, 2], 3],
    [[1, undefined], undefined],
  ] as const) {
    const terminal = fakeTerminal();
    const told: unknown[] = [];
    const display = Object.create(progressDisplay(terminal, { silent: true }), {
      expect: { value: (all: unknown) => told.push(all) },
    });
    const o = { parallel: 1, retries: 0, json: false, signal: new AbortController().signal };
    await new FileMoves(display, o).run(sizes.map(move));
    assert.deepEqual(told, [{ files: 2, bytes }]);
  }
});

describe("files that cannot be written", () => {
  for (const code of ["ENOSPC", "EDQUOT", "EROFS"]) {
    test(`end all when there is no room for the others either (${code})`, async () => {
      const { terminal, moves } = moving();
      const run = moves.run(["a", "b", "c"].map((name) => failing(name, code)));
      await assert.rejects(run, /^CliError: here\/a: cannot write: the (?:disk|file system) [^\n]*$/);
      assert.equal(terminal.err(), "ferry: 0 of 3 files done; the same command with -c goes on from here\n");
    });
  }

  test("are told one by one when it is about them", async () => {
    const { terminal, moves } = moving();
    await moves.run(["a", "b"].map((name) => failing(name, "EACCES")));
    assert.equal(moves.finish(), 1);
    assert.match(
      terminal.err(),
      /^ferry: here\/a: [^\n]*\nferry: here\/b: [^\n]*\nferry: 2 of 2 files failed\n$/,
    );
  });
});
