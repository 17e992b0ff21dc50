import assert from "node:assert/strict";
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { leakCheck } from "../../testing/leak-check.js";
import { ScriptedServer } from "../../testing/scripted-server.js";
import { runProgram } from "../program.js";
import { fakeTerminal } from "../terminal.support.test.js";
import { scripted, served } from "./shell.support.test.js";

leakCheck();

describe("ferry shell -e", () => {
  test("does commands one after the other, and leaves", async () => {
    await using there = await served();
    await mkdir(join(there.files, "docs"));
    await writeFile(join(there.files, "docs/a.txt"), "A");
    await writeFile(join(there.files, "docs/b c.txt"), "BC");
    const { exitCode, out, err } = await scripted(there, [
      "-e",
      "pwd; cd docs && ls -1; size 'b c.txt'; cat *.txt",
    ]);
    assert.deepEqual(
      { exitCode, out, err },
      { exitCode: 0, out: "/\na.txt\nb c.txt\n2  /docs/b c.txt\nABC", err: "" },
    );
  });

  test("moves files both ways, and says nothing of it where nobody looks", async () => {
    await using there = await served();
    await writeFile(join(there.files, "down.bin"), "down");
    await writeFile(join(there.here, "up 1.txt"), "1");
    await writeFile(join(there.here, "up 2.txt"), "2");
    const { exitCode, out, err } = await scripted(there, [
      "-e",
      "get down.bin -o renamed.bin; put up*.txt -o new/; mkdir -p x/y; mv new/up* x/y; find x",
    ]);
    assert.deepEqual({ exitCode, err }, { exitCode: 0, err: "" });
    assert.equal(out, "/x/y/\n/x/y/up 1.txt\n/x/y/up 2.txt\n");
    assert.equal(await readFile(join(there.here, "renamed.bin"), "utf8"), "down");
    assert.deepEqual(await readdir(join(there.files, "new")), []);
  });

  test("names the path that the server refuses", async () => {
    await using there = await served();
    const lines =
      "set fail-exit off; ls nope; cd /not/there; mirror gone x; verify /gone .; mirror -R nothing";
    const { exitCode, err } = await scripted(there, ["-e", lines]);
    assert.equal(exitCode, 0);
    const missing = "there is no such file or directory";
    const expected = [
      `/nope: ${missing}`,
      "/not/there: 550 No such file or directory.",
      `/gone: ${missing}`,
      `/gone: ${missing}`,
      "nothing: the local folder to be mirrored is not there",
    ];
    assert.deepEqual(err.trimEnd().split("\n"), expected);
  });

  test("lists what is there beside what is not", async () => {
    await using there = await served();
    await mkdir(join(there.files, "docs"));
    await writeFile(join(there.files, "docs/a"), "");
    await writeFile(join(there.files, "b"), "");
    const { exitCode, out, err } = await scripted(there, ["-e", "ls -1 nope docs gone b"]);
    assert.deepEqual({ exitCode, out }, { exitCode: 1, out: "b\n/docs:\na\n" });
    assert.match(err, /^\/nope: there is no such[^\n]*\n\/gone: there is no such[^\n]*\n2 of 4 failed\n$/);
  });

  test("ends by a command that fails, also in the middle of a line, unless || follows it", async () => {
    await using there = await served();
    const unseen = await scripted(there, ["-e", "cd nope; rm *", "-e", "pwd"]);
    assert.deepEqual(unseen, { exitCode: 1, out: "", err: "/nope: 550 No such file or directory.\n" });
    const foreseen = await scripted(there, ["-e", "cd nope || mkdir nope; pwd"]);
    assert.deepEqual({ ...foreseen, err: "" }, { exitCode: 0, out: "/\n", err: "" });
    const behind = await scripted(there, [
      "-e",
      "queue 'rmdir nope; rmdir nope; mkdir other'; wait",
      "-e",
      "ls",
    ]);
    assert.deepEqual({ ...behind, err: "" }, { exitCode: 1, out: "", err: "" });
  });

  test("says what failed and where, also of what says nothing itself", async () => {
    await using there = await served();
    const script = join(there.here, "s.ferry");
    const failing = async (line: string) => {
      await writeFile(script, `pwd\n${line}\npwd\n`);
      const { exitCode, out, err } = await scripted(there, ["-f", script]);
      assert.deepEqual({ exitCode, out }, { exitCode: 1, out: "/\n" });
      return err.replaceAll(script, "s.ferry");
    };
    assert.equal(await failing("!exit 3"), "s.ferry:2: !exit 3: exit code 3\n");
    assert.equal(await failing("ls | exit 3"), "s.ferry:2: | exit 3: it failed\n");
    assert.match(await failing("get nope"), /^[^\n]*\/nope[^\n]*\ns\.ferry:2: get failed\n$/);
    assert.equal((await scripted(there, ["-e", "!exit 3"])).err, "!exit 3: exit code 3\n");
  });

  test("exit leaves at once, also files that are done and the middle of a line", async () => {
    await using there = await served();
    await writeFile(join(there.here, "left.ferry"), "pwd\nexit\npwd\n");
    const { exitCode, out } = await scripted(there, ["-e", "source left.ferry && pwd; pwd"]);
    assert.deepEqual({ exitCode, out }, { exitCode: 0, out: "/\n" });
  });

  test("does not do files that do each other without an end", async () => {
    await using there = await served();
    await writeFile(join(there.here, "a.ferry"), "source b.ferry\n");
    await writeFile(join(there.here, "b.ferry"), "source a.ferry\n");
    const { exitCode, err } = await scripted(there, ["-f", join(there.here, "a.ferry")]);
    assert.equal(exitCode, 1);
    assert.match(err, /files that do each other without an end/);
  });

  test("says nothing when a program has read enough of a file, and what it is when a file cannot be written", async () => {
    await using there = await served();
    await writeFile(join(there.files, "big"), Buffer.alloc(5_000_000, "x"));
    const enough = await scripted(there, ["-e", "cat big | head -c 3; cat big big | head -c 3"]);
    assert.deepEqual(enough, { exitCode: 0, out: "xxxxxx", err: "" });
    const full = await scripted(there, ["-e", "cat big > /dev/full"]);
    assert.equal(full.exitCode, 1);
    assert.match(full.err, /^cannot write \/dev\/full: [^\n]*\n$/);
  });

  test("ends without a word when nobody reads its output any more, and does nothing else", async () => {
    await using there = await served();
    const terminal = fakeTerminal({ workingDirectory: there.here });
    const gone = new AbortController();
    const output = Object.create(terminal.output, {
      failed: { value: gone.signal },
      write: { value: () => gone.abort(Object.assign(new Error("write EPIPE"), { code: "EPIPE" })) },
      drained: { value: async () => gone.signal.throwIfAborted() },
    });
    const argv = ["shell", "-e", "pwd", "-e", "mkdir made", there.url];
    assert.equal(await runProgram(argv, { ...terminal, output }), 0);
    assert.equal(terminal.err(), "");
    assert.deepEqual(await readdir(there.files), []);
  });

  test("names the folder that mirror and verify do not find, there or here", async () => {
    await using there = await served();
    await writeFile(join(there.here, "here"), "1");
    for (const [line, message] of [
      ["mirror nope x", /^\/nope: there is no such file or directory\n$/],
      ["mirror -R nope x", /^nope: the local folder to be mirrored is not there\n$/],
      ["verify nope here", /^\/nope: [^\n]*\n$/],
      ["verify /down.bin nope", /^nope: there is nothing of that name on our side: there is no such file\n$/],
    ] as const) {
      const { exitCode, err } = await scripted(there, ["-e", line]);
      assert.equal(exitCode, 1);
      assert.match(err, message);
    }
  });

  test("rm -r removes all that the server lets go, and tells of the rest", async () => {
    const listed = "type=file; stays\r\ntype=file; goes\r\n";
    await using server = await ScriptedServer.start({
      answers: {
        FEAT: ["211-Features:", " UTF8", " MLST type*;", "211 End"],
        MLST: (peer, path) => {
          for (const line of ["250-Here:", ` type=dir; ${path}`, "250 End"]) peer.reply(line);
        },
        MLSD: async (peer) => {
          const data = await peer.data();
          peer.reply("150 Here.");
          data.end(listed);
          peer.reply("226 Done.");
        },
        DELE: (peer, path) => peer.reply(path.endsWith("/goes") ? "250 Gone." : "550 It stays."),
      },
    });
    await using there = await served();
    const url = `ftp://anna:secret@127.0.0.1:${server.port}`;
    const { exitCode, err } = await scripted({ ...there, url }, ["-e", "rm -r top"]);
    assert.equal(exitCode, 1);
    assert.equal(err, "/top/stays: 550 It stays.\n/top: not all of it could be removed\n");
    assert.equal(server.commands.includes("DELE /top/goes"), true);
    assert.equal(server.verbs.includes("RMD"), false);
  });

  test("mirrors folders, and shows a plan without doing it", async () => {
    await using there = await served();
    await mkdir(join(there.here, "dist"));
    await writeFile(join(there.here, "dist/index.html"), "<p>");
    const planned = await scripted(there, ["-e", "mirror -R -n dist www"]);
    assert.equal(planned.exitCode, 0);
    assert.match(planned.out, /^put index\.html \(3 B\)\nnothing was done/);
    assert.deepEqual(await readdir(there.files), []);
    const { exitCode, out } = await scripted(there, [
      "-e",
      "mirror -R dist www && verify www dist && rm -r www; ls",
    ]);
    assert.equal(exitCode, 0);
    assert.match(out, /\n1 file is the same, by .+\n$/);
  });

  test("kill all stops what runs, and lets nothing begin in its place", async () => {
    await using there = await served();
    await writeFile(join(there.files, "big"), Buffer.alloc(1_000_000));
    const { exitCode, out } = await scripted(there, [
      "-e",
      "set limit-rate 10K; queue get big -o one; queue get big -o two; kill all; jobs; queue",
    ]);
    assert.deepEqual({ exitCode, out }, { exitCode: 1, out: "" });
    assert.equal(
      (await readdir(there.here)).some((name) => name.startsWith("two")),
      false,
    );
  });

  test("does lines in the background, and waits for them at the end", async () => {
    await using there = await served();
    await writeFile(join(there.files, "a"), "A");
    await writeFile(join(there.files, "b"), "B");
    const { exitCode, err } = await scripted(there, [
      "-e",
      "get a & queue get b; queue 'mkdir c && touch c/d'",
    ]);
    assert.deepEqual({ exitCode, err }, { exitCode: 0, err: "" });
    assert.deepEqual((await readdir(there.here)).sort(), ["a", "b"]);
    assert.deepEqual(await readdir(join(there.files, "c")), ["d"]);
  });

  test("lets what is behind the prompt stay where it was begun, whoever goes elsewhere", async () => {
    await using there = await served();
    await mkdir(join(there.files, "docs"));
    await mkdir(join(there.here, "sub"));
    await writeFile(join(there.files, "docs/a"), "A");
    const { exitCode, out, err } = await scripted(there, [
      "-e",
      "queue stop; cd docs; lcd sub > ../log; queue get a; cd /; lcd .. > log; queue 'cd docs && touch b'; queue start; wait; pwd",
    ]);
    assert.deepEqual({ exitCode, out, err }, { exitCode: 0, out: "/\n", err: "" });
    assert.equal(await readFile(join(there.here, "sub/a"), "utf8"), "A");
    assert.deepEqual((await readdir(join(there.files, "docs"))).sort(), ["a", "b"]);
  });

  test("lets jobs go on with their sessions when settings change, and when another server is opened", async () => {
    await using there = await served();
    await mkdir(join(there.files, "many"));
    for (let n = 0; n < 20; n++) await writeFile(join(there.files, `many/${n}`), Buffer.alloc(20_000, n));
    const again = `open ${there.url}`;
    const { exitCode, err } = await scripted(there, [
      "-e",
      `set limit-rate 400K; get -r -P 2 many & set limit-rate none; ${again}; close; wait`,
    ]);
    assert.deepEqual({ exitCode, err }, { exitCode: 0, err: "" });
    assert.equal((await readdir(join(there.here, "many"))).length, 20);
  });

  test("fails when a job behind the prompt fails", async () => {
    await using there = await served();
    const { exitCode, err } = await scripted(there, ["-e", "rm nothing & pwd"]);
    assert.equal(exitCode, 1);
    assert.match(err, /^\[1\] .*nothing: 550 /);
  });

  test("sends output to files and through programs of this machine", async () => {
    await using there = await served();
    await writeFile(join(there.files, "words"), "b\na\nb\n");
    const { exitCode, out } = await scripted(there, [
      "-e",
      "cat words > copy; cat words >> copy; cat words | sort -u; ls words | wc -l; !cat copy | wc -l",
    ]);
    assert.equal(exitCode, 0);
    assert.equal(out.replaceAll(/ +/g, ""), "a\nb\n1\n6\n");
    assert.equal(await readFile(join(there.here, "copy"), "utf8"), "b\na\nb\nb\na\nb\n");
  });

  test("knows aliases, settings, local directories and raw commands", async () => {
    await using there = await served();
    await mkdir(join(there.here, "sub"));
    const { exitCode, out, err } = await scripted(there, [
      "-e",
      "alias hi !echo; alias names 'ls -1'; touch x; names; lcd sub; lpwd; set limit-rate 2M; set limit-rate; quote NOOP",
    ]);
    assert.deepEqual({ exitCode, err }, { exitCode: 0, err: "" });
    const sub = join(there.here, "sub");
    assert.match(out, new RegExp(`^x\\n${sub}\\n${sub}\\nlimit-rate +2097152 .*\\n200 .*\\n$`));
  });

  test("stays where it is when there is no such directory", async () => {
    await using there = await served();
    const { exitCode, out, err } = await scripted(there, ["-e", "cd nowhere || pwd"]);
    assert.deepEqual({ exitCode, out }, { exitCode: 0, out: "/\n" });
    assert.match(err, /^\/nowhere: 550 /);
  });

  test("keeps no history, since nobody typed", async () => {
    await using there = await served();
    await scripted(there, ["-e", "pwd"]);
    await assert.rejects(stat(join(there.here, "state")), { code: "ENOENT" });
  });
});

describe("a script", () => {
  test("ends with exit code 1 at the first line that fails, and says which", async () => {
    await using there = await served();
    await writeFile(join(there.here, "job.ferry"), "# a comment\nmkdir a\n\nrm nothing\nmkdir b\n");
    const { exitCode, err } = await scripted(there, ["-f", "job.ferry"]);
    assert.equal(exitCode, 1);
    assert.match(err, /^job\.ferry:4: .*nothing: 550 [^\n]*\n$/);
    assert.deepEqual(await readdir(there.files), ["a"]);
  });

  test("goes on after `set fail-exit off`", async () => {
    await using there = await served();
    const { exitCode, err } = await scripted(
      there,
      [],
      "set fail-exit off\nrm nothing\nget 'open\nmkdir b\n",
    );
    assert.equal(exitCode, 0);
    assert.match(err, /^standard input:2: .*\nstandard input:3: a quote ' is not closed\n$/);
    assert.deepEqual(await readdir(there.files), ["b"]);
  });

  test("of a pipe is done without prompt and colours", async () => {
    await using there = await served();
    await mkdir(join(there.files, "folder"));
    const { exitCode, out, err } = await scripted(there, [], "ls -1\r\nexit\nmkdir never\n");
    assert.deepEqual({ exitCode, out, err }, { exitCode: 0, out: "folder\n", err: "" });
  });

  test("that is missing, or a server that lets nobody in, is told in one line", async () => {
    await using there = await served();
    const missing = await scripted(there, ["-f", "none.ferry"]);
    assert.deepEqual(
      [missing.exitCode, missing.err],
      [1, "ferry: cannot read none.ferry: there is no such file\n"],
    );
    const wrong = { ...there, url: there.url.replace("secret", "hunter2") };
    const refused = await scripted(wrong, ["-e", "pwd"]);
    assert.equal(refused.exitCode, 1);
    assert.match(refused.err, /^[^\n]*530 [^\n]*\n$/);
    assert.doesNotMatch(refused.err, /hunter2/);
  });

  test("is told of wrong usage: unknown commands with the nearest, flags, operands, no connection", async () => {
    await using there = await served();
    const cases: [string, RegExp][] = [
      ["gte x", /^there is no command gte: did you mean get\?\n$/],
      ["get", /^get needs REMOTE. See `help get`\n$/],
      ["get -Z x", /^get has no flag -Z/],
      ["get --verfy x", /^get has no flag --verfy: did you mean --verify\?/],
      ["get -P many x", /^get: -P: expected/],
      ["pwd x", /^pwd takes nothing: 1 too many/],
      ["set tsl off", /^there is no setting tsl: did you mean tls\?\n$/],
      ["set tls maybe", /^set tls: expected auto, explicit, implicit or off|^set tls: expected/],
      ["close; ls", /^ls: not connected/],
      ["ls *.none", /^nothing on the server matches \/\*\.none\n$/],
      ["put *.none", /^nothing here matches \*\.none\n$/],
      ["fg", /^fg: there is no job\n$/],
      ["kill 7", /^there is no job 7/],
    ];
    for (const [line, expected] of cases) {
      const { exitCode, err } = await scripted(there, ["-e", line]);
      assert.equal(exitCode, 1, line);
      assert.match(err, expected, line);
    }
  });
});
