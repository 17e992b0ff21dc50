/** Progress bars of `ferry get`, the real program, below a shell in a real terminal. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { unlessInstalled } from "./support/program.js";
import { projectFolder } from "./support/project.js";
import { TestServer } from "./support/server.js";
import { Tmux } from "./support/tmux.js";

const ferry = join(projectFolder, "dist/cli/main.js");
const BAR = /big\.iso \[[=> ]+\]/g;

function bars(screen: string): number {
  return screen.match(BAR)?.length ?? 0;
}

describe("progress bars", { skip: unlessInstalled("tmux", "bash") }, () => {
  test("go when Ctrl-Z stops the program, stay away in the background, and come back in front", async () => {
    await using server = await TestServer.start();
    await server.files.put("big.iso", Buffer.alloc(4 * 1024 * 1024, "ferry"));
    const here = await mkdtemp(join(tmpdir(), "ferry-here-"));
    const env = { HOME: here, TERM: "screen-256color" };
    try {
      await using terminal = await Tmux.start(["bash", "--norc", "-i"], { env, cwd: here });
      await terminal.sees(/bash/);
      await terminal.type("PS1='here: '; clear\n");
      await terminal.sees(/^here:$/);
      const command = [process.execPath, ferry, "get", "--limit-rate", "100K", server.url("big.iso")];
      await terminal.type(`${command.map((word) => `'${word}'`).join(" ")}\n`);
      await terminal.sees(/big\.iso \[/);
      await terminal.keys("C-z");
      const stopped = await terminal.sees(/Stopped[\s\S]*^here:$/m);
      assert.equal(bars(stopped), 0, stopped);
      await terminal.type("bg\n");
      await terminal.sees(/^here: bg$/m);
      await terminal.type("echo behind; sleep 0.5; echo done\n");
      const behind = await terminal.sees(/^done$/m);
      assert.equal(bars(behind), 0, behind);
      await terminal.type("fg\n");
      await terminal.sees(/big\.iso \[/);
      await terminal.keys("C-z");
      await terminal.sees(/^fg$[\s\S]*Stopped|here: fg$[\s\S]*Stopped/m);
      await terminal.type("clear\n");
      await terminal.sees(/^here:$/m);
      await terminal.type("fg\n");
      const again = await terminal.sees(/big\.iso \[/);
      assert.equal(bars(again), 1, again);
      await terminal.keys("C-c");
      const ended = await terminal.sees(/ferry: interrupted[\s\S]*^here:$/m);
      assert.equal(bars(ended), 0, ended);
    } finally {
      await rm(here, { recursive: true, force: true });
    }
  });
});
