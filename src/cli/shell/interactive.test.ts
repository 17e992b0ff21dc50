import assert from "node:assert/strict";
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { leakCheck } from "../../testing/leak-check.js";
import { ScriptedServer } from "../../testing/scripted-server.js";
import { cuttingRelay, Person, type Served, served } from "./shell.support.test.js";

leakCheck();

/** At a prompt in the root of the server. */
async function atPrompt(there: Served, o: { readonly columns?: number } = {}): Promise<Person> {
  const person = new Person([there.url], there.here, o);
  await person.sees(/:\/>$/);
  return person;
}

describe("a person at the prompt", () => {
  test("types lines, sees what they do, and leaves", async () => {
    await using there = await served();
    await mkdir(join(there.files, "docs"));
    const person = await atPrompt(there);
    person.type("cd docs\r");
    await person.sees(/:\/docs>$/);
    person.type("touch a.txt && ls -1\r");
    await person.sees(/\na\.txt\n.*:\/docs>$/);
    person.type("exit\r");
    assert.equal(await person.ended(), 0);
  });

  test("completes commands, paths there with spaces, and paths here, by Tab", async () => {
    await using there = await served();
    await mkdir(join(there.files, "my photos"));
    await writeFile(join(there.files, "my photos/one two.jpg"), "");
    await mkdir(join(there.here, "local folder"));
    const person = await atPrompt(there);
    // All in one piece, as when somebody types faster than the server answers.
    person.type("mkd\tnew\rcls m\to\t\rlcd lo\t\r");
    await person.sees(/> mkdir new\n/);
    await person.sees(/> cls my\\ photos\/one\\ two\.jpg\n/);
    await person.sees(/> lcd local\\ folder\/\n.*local folder\n.*>$/);
    person.type("\x04");
    assert.equal(await person.ended(), 0);
    assert((await stat(join(there.files, "new"))).isDirectory());
  });

  test("completes behind an alias as behind what it stands for", async () => {
    await using there = await served();
    await mkdir(join(there.files, "my photos"));
    const person = await atPrompt(there);
    person.type("alias c 'pwd; cd'\rc my\t\r");
    await person.sees(/> c my\\ photos\/\n\/\n.*:\/my photos>$/);
    person.type("\x04");
    assert.equal(await person.ended(), 0);
  });

  test("types and pastes where the cursor is, also in one piece", async () => {
    await using there = await served();
    const person = await atPrompt(there);
    person.type("lpwd");
    await person.sees(/> lpwd$/);
    person.type("\x01cls -1; ");
    await person.sees(/> cls -1; lpwd$/);
    person.type("\x1b[D\x1b[D äöü 日本");
    await person.sees(/> cls -1 äöü 日本; lpwd$/);
    person.type("\x05 here and there");
    await person.sees(/; lpwd here and there$/);
    person.type("\x15\x04");
    assert.equal(await person.ended(), 0);
  });

  test("sees the choices where Tab cannot go on, and the line again below", async () => {
    await using there = await served();
    for (const name of ["alpha.txt", "alpine.txt"]) await writeFile(join(there.files, name), "");
    const person = await atPrompt(there);
    person.type("cat a\t");
    await person.sees(/> cat alp$/);
    person.type("\t");
    await person.sees(/^alpha\.txt {3}alpine\.txt\nferry .*> cat alp$/m);
    person.type("\x15\x04");
    assert.equal(await person.ended(), 0);
  });

  test("gets earlier lines by arrow-up, those of the shell before too, but none with a password", async () => {
    await using there = await served();
    const first = await atPrompt(there);
    first.type("pwd\r");
    await first.sees(/\n\/\n.*>$/);
    first.type(`open ftp://anna:secret@${there.authority}/\r`);
    await first.sees(/secret.*\nconnected without TLS.*\n.*:\/>$/);
    first.type("user anna secret\r lpwd\r");
    await first.sees(/> {2}lpwd\n.*\n.*>$/);
    first.type("exit\r");
    await first.ended();
    const kept = join(there.here, "state/shell-history");
    assert.equal(await readFile(kept, "utf8"), "pwd\nexit\n");
    assert.equal((await stat(kept)).mode & 0o777, 0o600);

    const second = await atPrompt(there);
    second.type("\x1b[A\x1b[A");
    await second.sees(/> pwd$/);
    second.type("\x15\x04");
    await second.ended();
  });

  test("stops what runs by Ctrl-C, keeps the part, and is back at the prompt with a session in step", async () => {
    await using there = await served();
    await writeFile(join(there.files, "big"), Buffer.alloc(3_000_000));
    const person = await atPrompt(there);
    person.type("set limit-rate 500K\rget big\r");
    await person.sees(/big +\[=*>? *\] +\d+%/);
    person.type("\x03");
    await person.sees(/-c goes on[^\n]*\n(?:.*\n)*.*:\/>$/);
    const { size } = await stat(join(there.here, "big.part"));
    assert(size > 0 && size < 3_000_000);
    person.type("set limit-rate none\rget -c big\rsize big\r");
    await person.sees(/3000000 {2}\/big\n/);
    assert.equal((await stat(join(there.here, "big"))).size, 3_000_000);
    person.type("exit\r");
    assert.equal(await person.ended(), 0);
  });

  test("moves what runs behind the prompt by Ctrl-Z, types on meanwhile, and is told of its end", async () => {
    await using there = await served();
    await writeFile(join(there.files, "big"), Buffer.alloc(1_500_000));
    const person = await atPrompt(there);
    person.type("set limit-rate 1M\rget big\r");
    await person.sees(/big +\[/);
    person.type("\x1a");
    await person.sees(/\[1\] goes on in the background: get big\n.* \[1\]>$/);
    person.type("half a li");
    await person.sees(/\[1\] done: get big.*\n.*:\/> half a li$/);
    assert.equal((await stat(join(there.here, "big"))).size, 1_500_000);
    person.type("\x15exit\r");
    assert.equal(await person.ended(), 0);
  });

  test("stops by Ctrl-C what fg has brought back, and what follows it in the line", async () => {
    await using there = await served();
    await writeFile(join(there.files, "big"), Buffer.alloc(50_000_000));
    const person = await atPrompt(there);
    person.type("set limit-rate 100K\rget big &\rfg\r");
    await person.sees(/big +\[/);
    person.type("\x03");
    await person.sees(/-c goes on[^\n]*\n(?:.*\n)*.*:\/>$/);
    person.type("get big -o first &\rfg || get big -o second\r");
    await person.sees(/fg \|\| get[^\n]*\n[^\n]*first[^\n]*\nbig +\[/);
    person.type("\x1a");
    await person.sees(/\[1\] goes on in the background[^\n]*\n(?:.*\n)*.*\[1\]>$/);
    person.type("kill 1\rtouch empty && get big -o third\r");
    await person.sees(/third\nbig +\[/);
    person.type("\x03");
    await person.sees(/third\n(?:.*\n)*.*:\/>$/);
    person.type("exit\r");
    assert.equal(await person.ended(), 0);
  });

  test("stops by Ctrl-C what a program waits for in vain", async () => {
    await using server = await ScriptedServer.start({
      answers: {
        RETR: async (peer) => {
          peer.reply("150 Here.");
          (await peer.data()).write("some of it");
        },
      },
    });
    await using there = await served();
    const person = await atPrompt({ ...there, url: `ftp://anna:secret@127.0.0.1:${server.port}` });
    person.type("cat file | cat\r");
    await person.sees(/\nsome of it/);
    person.terminal.signal("SIGINT");
    await person.sees(/\nsome of it\n*.*:\/>$/);
    person.type("exit\r");
    assert.equal(await person.ended(), 0);
  });

  test("lists, waits for and kills jobs, and is asked before jobs are left", async () => {
    await using there = await served();
    await writeFile(join(there.files, "big"), Buffer.alloc(50_000_000));
    const person = await atPrompt(there);
    person.type("set limit-rate 100K\rget big &\rget big -o other &\rkill 2\r");
    await person.sees(/\[2\] stopped: get big -o other/);
    // Until it has begun there is nothing to tell of.
    for (let asked = 1; !/\[1\] get big {2}.*KiB\/s/.test(person.shown); asked++) {
      person.type(`!echo asked ${asked}\rjobs\r`);
      await person.sees(/> jobs\n.*\n.*>$/);
    }
    person.type("exit\r");
    await person.sees(/1 job is not done: `wait` waits; the same again stops them/);
    person.type("exit\r");
    assert.equal(await person.ended(), 0);
    assert((await stat(join(there.here, "big.part"))).size > 0);
  });

  test("sees the last line of a file that has no line end", async () => {
    await using there = await served();
    await writeFile(join(there.files, "note"), "without an end");
    const person = await atPrompt(there);
    person.type("cat note\r");
    await person.sees(/> cat note\nwithout an end\n.*:\/>$/);
    person.type("exit\r");
    await person.ended();
  });

  test("clears the line by Ctrl-C, and leaves by a second one", async () => {
    await using there = await served();
    const person = await atPrompt(there);
    person.type("rm -r /");
    await person.sees(/rm -r \/$/);
    person.type("\x03");
    await person.sees(/rm -r \/\^C\nferry .*:\/>$/);
    person.type("\x03");
    await person.sees(/Ctrl-C again, or Ctrl-D, leaves\nferry .*:\/>$/);
    // Whoever types meanwhile does not leave.
    person.type("ls\x03");
    await person.sees(/ls\^C\nferry .*:\/>$/);
    person.type("\x03");
    await person.sees(/leaves\n(?:.*\n)*.*leaves\nferry .*:\/>$/);
    person.type("\x03");
    assert.equal(await person.ended(), 0);
  });

  test("loses nothing of what comes in one piece with Ctrl-C", async () => {
    await using there = await served();
    const person = await atPrompt(there);
    person.type("\x03pwd\r");
    await person.sees(/leaves\n.*> pwd\n\/\n.*:\/>$/);
    person.type("half a line\x03lpwd\r");
    await person.sees(/half a line\^C\n.*> lpwd\n\S+\n.*:\/>$/);
    person.type("exit\r");
    assert.equal(await person.ended(), 0);
  });

  test("goes on after the server has closed the connection, with a note", async () => {
    await using there = await served();
    await using relay = await cuttingRelay(there);
    const person = await atPrompt({ ...there, url: relay.url });
    relay.cut();
    person.type("pwd\rcls\rtouch again\rls -1\r");
    await person.sees(/the connection was lost: connecting again/);
    await person.sees(/\nagain\n.*>$/);
    person.type("exit\r");
    await person.ended();
  });

  test("finds no escape sequences of others' names on the screen", async () => {
    await using there = await served();
    await writeFile(join(there.files, "bidi\u202egpj.exe"), "x");
    const person = await atPrompt(there);
    person.type("cls bi\t\r");
    await person.sees(/> cls \$'bidi\\u202egpj\.exe'/);
    await person.sees(/\nbidi\\u202egpj\.exe\n/);
    person.type("exit\r");
    await person.ended();
  });

  test("is ended by SIGTERM, at the prompt and while something runs, and by a terminal that goes away", async () => {
    await using there = await served();
    await writeFile(join(there.files, "big"), Buffer.alloc(5_000_000));
    const idle = await atPrompt(there);
    idle.terminal.signal("SIGTERM");
    assert.equal(await idle.ended(), 130);

    const busy = await atPrompt(there);
    busy.type("set limit-rate 100K\rget big\r");
    await busy.sees(/big +\[/);
    busy.terminal.signal("SIGTERM");
    assert.equal(await busy.ended(), 130);

    const left = await atPrompt(there);
    left.type("set limit-rate 100K\rget -c big &\r");
    await left.sees(/\[1\]>$/);
    left.terminal.input.end();
    assert.equal(await left.ended(), 0);
  });

  test("can begin without a server, and is told how to open one", async () => {
    await using there = await served();
    const person = new Person([], there.here);
    await person.sees(/ferry>$/);
    person.type("ls\r");
    await person.sees(/not connected; open a server first/);
    person.type(`open -u anna,secret ${there.authority}\r`);
    await person.sees(/:\/>$/);
    person.type("exit\r");
    assert.equal(await person.ended(), 0);
  });

  test("is asked for a password, which is not shown", async () => {
    await using there = await served();
    const person = new Person([there.url.replace(":secret", "")], there.here);
    await person.sees(/Password for anna on 127\.0\.0\.1:$/);
    person.type("secret\r");
    await person.sees(/:\/>$/);
    assert.doesNotMatch(person.shown, /secret/);
    person.type("\x04");
    assert.equal(await person.ended(), 0);
  });
});
