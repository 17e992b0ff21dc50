import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { leakCheck } from "../../testing/leak-check.js";
import { ScriptedServer } from "../../testing/scripted-server.js";
import { fakeTerminal } from "../terminal.support.test.js";
import { verify } from "./verify.js";

leakCheck();

test("a person sees that files are being compared, and nothing of it when they are", async (t) => {
  const here = await mkdtemp(join(tmpdir(), "ferry-verify-"));
  t.after(() => rm(here, { recursive: true }));
  await writeFile(join(here, "film"), "12345");
  const terminal = fakeTerminal({ columns: 80, workingDirectory: here });
  let seen = (): void => {};
  const shown = new Promise<void>((resolve) => {
    seen = resolve;
  });
  const { write } = terminal.errors;
  terminal.errors.write = (text) => {
    write(text);
    if (terminal.err().includes("comparing both sides")) seen();
  };
  await using server = await ScriptedServer.start({
    answers: {
      // Not before it is on the screen.
      SIZE: async (peer) => {
        await shown;
        peer.reply("213 5");
      },
    },
  });
  const url = `ftp://anna:secret@${server.host}:${server.port}/film`;
  assert.equal(await verify(url, "film", {}, terminal), 0);
  // Erased: no line of the screen is left to it.
  assert.match(terminal.err(), /comparing both sides[\s\S]*\r\u001b\[J/);
  assert.match(terminal.err(), /1 file is the same, by size[^\n]*\n$/);
});
