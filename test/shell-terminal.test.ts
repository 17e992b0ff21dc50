/** `ferry shell`, the real program, in a real terminal. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { unlessInstalled } from "./support/program.js";
import { projectFolder } from "./support/project.js";
import { TestServer } from "./support/server.js";
import { Tmux } from "./support/tmux.js";

const ferry = join(projectFolder, "dist/bin/ferry.js");
const skip = unlessInstalled("tmux");
const MIB = 1024 * 1024;

interface Seat extends AsyncDisposable {
  readonly server: TestServer;
  readonly terminal: Tmux;
  /** What begins the shell. */
  readonly command: string;
  /** Where the shell is on this machine. */
  readonly here: string;
}

/** At the prompt of a shell that is connected; or of another program, where it can be begun. */
async function seat(before?: readonly string[]): Promise<Seat> {
  const server = await TestServer.start();
  const here = await mkdtemp(join(tmpdir(), "ferry-here-"));
  await server.files.makeDirectory("my photos");
  await server.files.put("my photos/one two.jpg", "picture");
  await server.files.put("big.iso", Buffer.alloc(4 * MIB, "ferry"));
  const env = { HOME: here, XDG_STATE_HOME: join(here, "state"), TERM: "screen-256color", SHELL: "/bin/sh" };
  const command = [process.execPath, ferry, "shell", server.url()];
  const terminal = await Tmux.start(before ?? command, { env, cwd: here });
  if (before === undefined) await terminal.sees(/^ferry anna@127\.0\.0\.1:\d+:\/>$/m);
  return {
    server,
    terminal,
    command: command.join(" "),
    here,
    async [Symbol.asyncDispose]() {
      await terminal[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
      await rm(here, { recursive: true, force: true });
    },
  };
}

describe("ferry shell in a terminal", { skip }, () => {
  test("completes a command, a path there with a space, and a path here", async () => {
    await using at = await seat();
    const { terminal } = at;
    await terminal.keys("mkd", "Tab", "new", "Enter");
    await terminal.sees(/:\/> mkdir new$/m);
    await terminal.keys("cat m", "Tab");
    await terminal.sees(/:\/> cat my\\ photos\/$/m);
    await terminal.keys("Tab", "Enter");
    await terminal.sees(/> cat my\\ photos\/one\\ two\.jpg\npicture/);
    await terminal.keys("!mkdir 'local folder'", "Enter", "lcd loc", "Tab", "Enter", "lpwd", "Enter");
    await terminal.sees(/> lcd local\\ folder\/\n.*\n.*> lpwd\n\S*\/local folder$/m);
    await terminal.keys("C-d");
    await terminal.sees(/\[ended 0\]/);
    assert.deepEqual(await at.server.files.names("new"), []);
  });

  test("is stopped by Ctrl-Z at the prompt, and goes on with the line that was half typed", async () => {
    await using at = await seat(["env", "PS1=outside> ", "bash", "--norc", "-i"]);
    const { terminal, command } = at;
    await terminal.sees(/outside>$/);
    await terminal.type(command);
    await terminal.keys("Enter");
    await terminal.sees(/:\/>$/);
    await terminal.keys("pw", "C-z");
    await terminal.sees(/Stopped[^$]*outside>$/);
    await terminal.keys("fg", "Enter");
    await terminal.sees(/:\/> pw$/);
    await terminal.keys("d", "Enter");
    await terminal.sees(/:\/> pwd\n\/\n.*:\/>$/);
    await terminal.keys("exit", "Enter");
    await terminal.sees(/outside>$/);
  });

  test("shows a bar while a file comes; Ctrl-C leads back to the prompt, and the part is kept", async () => {
    await using at = await seat();
    const { terminal, here } = at;
    await terminal.keys("set limit-rate 512K", "Enter", "get big.iso", "Enter");
    await terminal.sees(/^big\.iso +\[=+>? *\] +\d+% +.* of 4\.0 MiB +.*\/s +\d+:\d\d$/m);
    await terminal.keys("C-c");
    await terminal.sees(/:\/>$/);
    const { size } = await stat(join(here, "big.iso.part"));
    assert(size > 0 && size < 4 * MIB);
    await terminal.keys("set limit-rate none", "Enter", "get -c big.iso", "Enter");
    await terminal.sees(/^big\.iso +.* in \S+( ms)?, /m);
    assert.deepEqual(await readFile(join(here, "big.iso")), await at.server.files.get("big.iso"));
    await terminal.keys("exit", "Enter");
    await terminal.sees(/\[ended 0\]/);
  });

  test("recalls lines by arrow-up, and after some letters those that begin so", async () => {
    await using at = await seat();
    const { terminal } = at;
    await terminal.keys("pwd", "Enter", "cls", "Enter");
    await terminal.sees(/> cls\n.*\n.*:\/>$/);
    await terminal.keys("Up", "Up");
    await terminal.sees(/> pwd$/);
    await terminal.keys("Enter");
    await terminal.sees(/> pwd\n\/\n.*:\/>$/);
    await terminal.keys("cl", "Up");
    await terminal.sees(/> cls$/);
    await terminal.keys("C-u", "C-d");
    await terminal.sees(/\[ended 0\]/);
  });

  test("does a job behind the prompt, and tells of its end above a line that is half typed", async () => {
    await using at = await seat();
    const { terminal, here } = at;
    await terminal.keys("set limit-rate 2M", "Enter", "get big.iso &", "Enter");
    await terminal.sees(/\[1\] get big\.iso\n.* \[1\]>$/);
    await terminal.type("echo half a line");
    await terminal.sees(/^\[1\] done: get big\.iso \(\d+:\d\d\)\nferry [^\n]*:\/> echo half a line$/m);
    assert.equal((await stat(join(here, "big.iso"))).size, 4 * MIB);
    await terminal.keys("C-c", "exit", "Enter");
    await terminal.sees(/echo half a line\^C\n(?:.*\n)*\[ended 0\]/);
  });

  test("moves what runs behind the prompt by Ctrl-Z, and back by fg", async () => {
    await using at = await seat();
    const { terminal, here } = at;
    await terminal.keys("set limit-rate 2M", "Enter", "get big.iso", "Enter");
    await terminal.sees(/^big\.iso +\[/m);
    await terminal.keys("C-z");
    await terminal.sees(/\[1\] goes on in the background: get big\.iso\n.*\[1\]>$/);
    await terminal.keys("fg", "Enter");
    await terminal.sees(/^big\.iso +\[/m);
    await terminal.sees(/^big\.iso +\d\.\d MiB in .*\n.*:\/>$/m);
    assert.equal((await stat(join(here, "big.iso"))).size, 4 * MIB);
  });

  test("lends the terminal to programs of this machine: a pager, a shell that reads keys", async () => {
    await using at = await seat();
    const { terminal } = at;
    await terminal.keys("!echo ready; read word; echo got $word", "Enter");
    await terminal.sees(/^ready$/m);
    await terminal.keys("typed", "Enter");
    await terminal.sees(/^got typed\n.*:\/>$/m);
    await terminal.keys("!echo asleep; exec sleep 1000", "Enter");
    await terminal.sees(/^asleep$/m);
    await terminal.keys("C-c");
    await terminal.sees(/:\/>$/);
    await terminal.keys("pwd", "Enter");
    await terminal.sees(/> pwd\n\/\n.*:\/>$/);
  });

  test("colours folders in listings, and the prompt", async () => {
    await using at = await seat();
    const { terminal } = at;
    await terminal.keys("cls", "Enter");
    await terminal.sees(/> cls\nbig\.iso +my photos\/\n/);
    const shown = await terminal.screen({ colours: true });
    assert.match(shown, /\u001b\[1?;?1?;?34mmy photos\//);
    assert.match(shown, /ferry \u001b\[32manna@127\.0\.0\.1/);
  });

  test("stays whole when the terminal becomes narrower while a line is typed", async () => {
    await using at = await seat();
    const { terminal } = at;
    await terminal.type("pwd; pwd; pwd; pwd; pwd; pwd; pwd; pwd; pwd");
    await terminal.sees(/pwd; pwd$/);
    await terminal.resize(50, 24);
    await terminal.keys("C-c", "pwd", "Enter");
    await terminal.sees(/:\/> pwd\n\/\n.*:\/>$/);
  });
});
