import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, open, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { RawClient } from "../../testing/raw-client.js";
import type { ExitCode } from "../errors.js";
import { runProgram } from "../program.js";
import { type FakeTerminal, fakeTerminal } from "../terminal.support.test.js";

const undoing = new WeakMap<TestContext, (() => unknown)[]>();

/** At the end of the test, the last one first. */
function finallyDo(t: TestContext, undo: () => unknown): void {
  const known = undoing.get(t);
  if (known !== undefined) return void known.push(undo);
  const list = [undo];
  undoing.set(t, list);
  t.after(async () => {
    for (const each of list.reverse()) await each();
  });
}

async function folder(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "ferry-serve-"));
  finallyDo(t, () => rm(directory, { recursive: true, force: true }));
  await mkdir(join(directory, "files"));
  await writeFile(join(directory, "files", "welcome.txt"), "hello\n");
  return directory;
}

interface Served {
  readonly terminal: FakeTerminal;
  readonly port: number;
  readonly lines: readonly string[];
  readonly exit: Promise<ExitCode>;
  connect(): Promise<RawClient>;
  /** Log lines until one has this in it. */
  logged(what: RegExp): Promise<string>;
}

/** `ferry serve` in this process, until the test ends. */
async function serve(
  t: TestContext,
  workingDirectory: string,
  argv: string[],
  o: { lines?: number } = {},
): Promise<Served> {
  const logFile = join(workingDirectory, "log");
  const log = await open(logFile, "a");
  finallyDo(t, () => log.close());
  const terminal = fakeTerminal({ workingDirectory, logDescriptor: log.fd });
  const exit = runProgram(["serve", ...argv, "--port", "0"], terminal);
  finallyDo(t, async () => {
    terminal.signal("SIGTERM");
    terminal.signal("SIGTERM");
    await exit;
  });
  const lines = await Promise.race([
    terminal.lines(o.lines ?? 1),
    exit.then(() => assert.fail(terminal.err())),
  ]);
  const port = Number(/ftp:\/\/127\.0\.0\.1:(\d+)/.exec(lines[0] ?? "")?.[1]);
  return {
    terminal,
    port,
    lines,
    exit,
    async connect() {
      const client = await RawClient.connect({ host: "127.0.0.1", port });
      finallyDo(t, () => client[Symbol.asyncDispose]());
      return client;
    },
    async logged(what) {
      for (const deadline = Date.now() + 10_000; Date.now() < deadline; ) {
        const text = await readFile(logFile, "utf8");
        if (what.test(text)) return text;
      }
      throw new Error(`not in the log: ${what}`);
    },
  };
}

function user(workingDirectory: string, ...argv: string[]): Promise<ExitCode> {
  const terminal = fakeTerminal({ workingDirectory, input: "sesame\n" });
  return runProgram(["user", ...argv, "--accounts", "accounts.json"], terminal);
}

describe("ferry serve", () => {
  test("without accounts makes one, and prints it with a URL that works", async (t) => {
    const directory = await folder(t);
    const { lines, port, connect } = await serve(t, directory, ["./files"], { lines: 3 });
    assert.match(
      lines[0] ?? "",
      /^ferry: listening on ftp:\/\/127\.0\.0\.1:\d+(, ftp:\/\/\[::1\]:\d+)? \(root \.\/files\)$/,
    );
    const password = /^ferry: account ferry, password (\w{16})$/.exec(lines[1] ?? "")?.[1];
    assert.equal(lines[2], `ferry: ftp://ferry:${password}@127.0.0.1:${port}/`);
    const client = await connect();
    await client.login("ferry", password ?? "");
    assert.equal((await client.download("RETR welcome.txt")).bytes.toString(), "hello\n");
    const replies = await client.upload("STOR new.txt", "new");
    assert.equal(replies.at(-1)?.code, 226);
    assert.equal(await readFile(join(directory, "files", "new.txt"), "utf8"), "new");
  });

  test("listens once on a host that is named twice", async (t) => {
    const { lines } = await serve(t, await folder(t), [
      ...["files", "--user", "ann:x", "--host", "127.0.0.1", "--host", "127.0.0.1"],
    ]);
    assert.match(String(lines[0]), /^ferry: listening on ftp:\/\/127\.0\.0\.1:\d+ \(root files\)$/);
  });

  test("takes one free port for all hosts with --port 0", async (t) => {
    const { lines } = await serve(t, await folder(t), ["files", "--user", "ann:x"]);
    const ports = [...(lines[0] ?? "").matchAll(/:(\d+)[, ]/g)].map((found) => found[1]);
    assert(ports.length >= 1);
    assert.equal(new Set(ports).size, 1);
  });

  test("serves users, anonymous guests and accounts of a file at once", async (t) => {
    const directory = await folder(t);
    await user(directory, "add", "carl", "--home", "carl");
    await writeFile(join(directory, "carl", "own.txt"), "carl's");
    const flags = ["--user", "ann:x", "--user", "bob:a:b", "--anonymous", "--accounts", "accounts.json"];
    const { connect, terminal } = await serve(t, directory, ["files", ...flags]);
    for (const [name, password, file, writable] of [
      ["ann", "x", "welcome.txt", true],
      ["bob", "a:b", "welcome.txt", true],
      ["anonymous", "me@example.com", "welcome.txt", false],
      ["carl", "sesame", "own.txt", true],
    ] as const) {
      const client = await connect();
      await client.login(name, password);
      assert.equal((await client.download(`RETR ${file}`)).replies.at(-1)?.code, 226, name);
      assert.equal((await client.command(`MKD ${name}`)).code, writable ? 257 : 550, name);
      await client.expect("QUIT", 221);
    }
    const client = await connect();
    await client.reply();
    await client.expect("USER carl", 331);
    assert.equal((await client.command("PASS wrong")).code, 530);
    assert.equal(terminal.out().split("\n").length, 2, "no account line");
  });

  test("with --read-only changes nothing, whoever asks, and says so in facts", async (t) => {
    const directory = await folder(t);
    await user(directory, "add", "carl", "--home", "files");
    const flags = ["--user", "ann:x", "--accounts", "accounts.json", "--read-only"];
    const { connect } = await serve(t, directory, ["files", ...flags]);
    for (const [name, password] of [
      ["ann", "x"],
      ["carl", "sesame"],
    ] as const) {
      const client = await connect();
      await client.login(name, password);
      assert.equal((await client.command("DELE welcome.txt")).code, 550);
      assert.equal((await client.command("MKD x")).code, 550);
      assert.equal((await client.upload("STOR new.txt", "new"))[0]?.code, 553);
      assert.match((await client.expect("MLST welcome.txt", 250)).lines.join("\n"), /perm=r;/i);
      assert.equal((await client.download("RETR welcome.txt")).bytes.toString(), "hello\n");
    }
    assert.deepEqual(await readdir(join(directory, "files")), ["welcome.txt"]);
  });

  test("takes its options from a file, and flags beat it", async (t) => {
    const directory = await folder(t);
    await mkdir(join(directory, "etc"));
    const yaml = "root: ../files\nuser: ann:x\nmaxLoginAttempts: 1\nmaxSessionsPerAddress: 1\nlog: silent\n";
    await writeFile(join(directory, "etc", "ferry.yaml"), yaml);
    const { connect, lines } = await serve(t, directory, [
      ...["--config", "etc/ferry.yaml"],
      ...["--max-sessions-per-address", "2", "--user", "bob:y"],
    ]);
    assert.match(lines[0] ?? "", new RegExp(`\\(root ${join(directory, "files")}\\)$`));
    const [first, second, third] = [await connect(), await connect(), await connect()];
    await first.login("bob", "y");
    assert.equal((await second.reply()).code, 220);
    assert.equal((await third.reply()).code, 421);
    await second.expect("USER ann", 331);
    assert.equal(
      (await second.command("PASS x")).code,
      421,
      "--user replaces the file's users, and one try is all",
    );
  });

  test("logs each login, command, transfer and disconnect, without passwords and control characters", async (t) => {
    const { connect, logged } = await serve(t, await folder(t), [
      "files",
      "--user",
      "ann:hunter2",
      "--log",
      "json",
    ]);
    const client = await connect();
    await client.reply();
    await client.expect("USER ann", 331);
    assert.equal((await client.command("PASS hunter3")).code, 530);
    await client.expect("USER ann", 331);
    await client.expect("PASS hunter2", 230);
    await client.download("RETR welcome.txt");
    assert.equal((await client.command("CWD \u001b[31m\u0085")).code >= 500, true);
    await client.expect("QUIT", 221);
    const text = await logged(/"event":"disconnect"/);
    const events = text
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line).event);
    for (const event of ["login", "command", "transfer", "disconnect"]) assert(events.includes(event), event);
    assert.doesNotMatch(text, /hunter/);
    assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
  });

  test("writes an xferlog, and begins it again at SIGHUP", async (t) => {
    const directory = await folder(t);
    const { connect, terminal, logged } = await serve(t, directory, [
      ...["files", "--user", "ann:x", "--anonymous", "--xferlog", "xferlog", "--log", "json"],
    ]);
    const client = await connect();
    await client.login("ann", "x");
    await client.download("RETR welcome.txt");
    await client.download("LIST");
    const guest = await connect();
    await guest.login("ftp", "me@example.com");
    await guest.download("RETR welcome.txt");
    await rename(join(directory, "xferlog"), join(directory, "xferlog.1"));
    terminal.signal("SIGHUP");
    await logged(/read again/);
    await client.upload("STOR up.txt", "up");
    terminal.signal("SIGTERM");
    await logged(/SIGTERM/);
    const text = `${await readFile(join(directory, "xferlog.1"), "utf8")}${await readFile(join(directory, "xferlog"), "utf8")}`;
    const lines = text.split("\n").map((line) => line.replace(/^.* 127\.0\.0\.1 /, ""));
    assert.deepEqual(lines, [
      "6 /welcome.txt b _ o r ann ftp 0 * c",
      "6 /welcome.txt b _ o a me@example.com ftp 0 * c",
      "2 /up.txt b _ i r ann ftp 0 * c",
      "",
    ]);
  });

  test("that cannot have its port says so in one line", async (t) => {
    const taken = createServer().listen(0, "127.0.0.1");
    finallyDo(t, () => taken.close());
    await once(taken, "listening");
    const address = taken.address();
    assert(typeof address === "object" && address !== null);
    const terminal = fakeTerminal({ workingDirectory: await folder(t) });
    const argv = ["serve", "files", "--user", "a:x", "--log", "silent", "--port", String(address.port)];
    assert.equal(await runProgram(argv, terminal), 1);
    assert.equal(
      terminal.err(),
      `ferry: port ${address.port} of 127.0.0.1 is taken: stop what uses it, or choose another with --port\n`,
    );
    assert.equal(terminal.out(), "");
  });
});

describe("SIGHUP", () => {
  test("reads configuration and accounts again without ending a session", async (t) => {
    const directory = await folder(t);
    const config = join(directory, "ferry.yaml");
    await user(directory, "add", "carl", "--home", "files");
    await writeFile(config, "user: [ann:x, bob:y]\naccounts: accounts.json\nlog: json\n");
    const { connect, terminal, logged } = await serve(t, directory, ["files", "--config", "ferry.yaml"]);
    const [ann, bob, carl] = [await connect(), await connect(), await connect()];
    await ann.login("ann", "x");
    await bob.login("bob", "y");
    await carl.login("carl", "sesame");
    await writeFile(
      config,
      "user: [ann:new, dora:z]\naccounts: accounts.json\nlog: json\nport: 99\nreadOnly: true\n",
    );
    terminal.signal("SIGHUP");
    const text = await logged(/configuration and accounts read again/);
    assert.doesNotMatch(text, /a new port takes effect/, "the flag beats the file before and after");
    await ann.expect("NOOP", 200);
    await carl.expect("NOOP", 200);
    await bob.closed;
    assert.equal((await ann.command("MKD x")).code, 550, "ann's session goes on, with the new permissions");
    const dora = await connect();
    await dora.login("dora", "z");
    const again = await connect();
    await again.login("ann", "new");
  });

  test("with a configuration that is broken changes nothing and says why", async (t) => {
    const directory = await folder(t);
    await writeFile(join(directory, "ferry.yaml"), "user: ann:x\nlog: json\n");
    const { connect, terminal, logged } = await serve(t, directory, ["files", "--config", "ferry.yaml"]);
    for (const [content, reason] of [
      ["user: ann\n", /SIGHUP changed nothing: .*ferry\.yaml: line 1: user: expected NAME:PASSWORD/],
      ["log: json\n", /SIGHUP changed nothing: no account is left/],
      ["user: ann:x\naccounts: nowhere.json\n", /SIGHUP changed nothing: cannot read .*nowhere\.json/],
    ] as const) {
      await writeFile(join(directory, "ferry.yaml"), content);
      terminal.signal("SIGHUP");
      await logged(reason);
      const client = await connect();
      await client.login("ann", "x");
    }
  });
});

describe("an account that is disabled while it is logged in", () => {
  test("loses its session at once", async (t) => {
    const directory = await folder(t);
    await user(directory, "add", "carl", "--home", "files");
    const { connect } = await serve(t, directory, ["files", "--accounts", "accounts.json"]);
    const client = await connect();
    await client.login("carl", "sesame");
    assert.equal(await user(directory, "disable", "carl"), 0);
    assert.equal((await client.reply()).code, 421);
    await client.closed;
    const other = await connect();
    await other.reply();
    await other.expect("USER carl", 331);
    assert.equal((await other.command("PASS sesame")).code, 530);
  });
});

describe("SIGTERM and SIGINT", () => {
  test("end the server with code 0 when sessions rest", async (t) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      const { connect, terminal, exit } = await serve(t, await folder(t), ["files", "--user", "ann:x"]);
      const client = await connect();
      await client.login("ann", "x");
      terminal.signal(signal);
      assert.equal((await client.reply()).code, 421);
      assert.equal(await exit, 0);
    }
  });

  test("let a transfer finish; a second one does not", async (t) => {
    const directory = await folder(t);
    const { connect, terminal, exit } = await serve(t, directory, ["files", "--user", "ann:x"]);
    const [patient, late] = [await connect(), await connect()];
    for (const client of [patient, late]) await client.login("ann", "x");
    const [first, second] = [await patient.data(), await late.data()];
    for (const [client, name] of [
      [patient, "whole"],
      [late, "broken"],
    ] as const) {
      const { code } = await client.command(`STOR ${name}`);
      assert(code === 150 || code === 125);
    }
    await first.send("all of it");
    await second.send("a part");
    terminal.signal("SIGTERM");
    first.end();
    assert.equal((await patient.reply()).code, 226);
    assert.equal(await readFile(join(directory, "files", "whole"), "utf8"), "all of it");
    terminal.signal("SIGTERM");
    assert.equal(await exit, 0);
    await late.closed;
    assert(!(await readdir(join(directory, "files"))).includes("broken"));
  });

  test("give transfers the time of --drain-timeout and no more", async (t) => {
    const flags = ["files", "--user", "ann:x", "--drain-timeout", "0.2"];
    const { connect, terminal, exit } = await serve(t, await folder(t), flags);
    const client = await connect();
    await client.login("ann", "x");
    const data = await client.data();
    await client.command("STOR never");
    await data.send("x");
    terminal.signal("SIGINT");
    assert.equal(await exit, 0);
  });
});

describe("the process", () => {
  const main = fileURLToPath(new URL("../main.js", import.meta.url));

  function start(t: TestContext, cwd: string, argv: string[]) {
    const child = spawn(process.execPath, [main, ...argv], {
      cwd,
      stdio: ["pipe", "pipe", "pipe"],
    });
    finallyDo(t, () => child.kill("SIGKILL"));
    let err = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      err += text;
    });
    const exit = once(child, "close").then(([code]) => ({ code, err }));
    return { child, exit };
  }

  test("serves, and ends with 0 at SIGTERM, with the ready line on stdout and the log on stderr", async (t) => {
    const { child, exit } = start(t, await folder(t), ["serve", "files", "--port", "0", "--user", "ann:x"]);
    const lines = createInterface(child.stdout);
    const [ready] = await once(lines, "line");
    const port = Number(/ftp:\/\/127\.0\.0\.1:(\d+)/.exec(String(ready))?.[1]);
    await using client = await RawClient.connect({ host: "127.0.0.1", port });
    await client.login("ann", "x");
    child.kill("SIGHUP");
    await client.expect("NOOP", 200);
    child.kill("SIGTERM");
    const { code, err } = await exit;
    assert.equal(code, 0);
    assert.match(err, /"event":"login".*"account":"ann"/);
    for (const line of err.trimEnd().split("\n")) JSON.parse(line);
  });

  test("prints one line for an error, and no stack", async (t) => {
    const { exit } = start(t, await folder(t), ["serve", "nowhere"]);
    assert.deepEqual(await exit, {
      code: 1,
      err: "ferry: cannot serve nowhere: there is no such folder; make it first, or name another\n",
    });
  });

  test("started in a folder that was deleted says so in one line", async (t) => {
    const directory = await folder(t);
    const gone = join(directory, "gone");
    await mkdir(gone);
    const program = fileURLToPath(new URL("../main.js", import.meta.url));
    const script = 'rmdir "$PWD" && exec "$0" "$1" serve /';
    const child = spawn("sh", ["-c", script, process.execPath, program], { cwd: gone });
    let err = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      err += text;
    });
    assert.deepEqual(await once(child, "close"), [1, null]);
    assert.equal(err, "ferry: the current folder does not exist any more: change to another one\n");
  });

  test("goes on serving when nobody reads its log any more", async (t) => {
    const { child, exit } = start(t, await folder(t), ["serve", "files", "--port", "0", "--user", "ann:x"]);
    const [ready] = await once(createInterface(child.stdout), "line");
    child.stderr.destroy();
    const port = Number(/ftp:\/\/127\.0\.0\.1:(\d+)/.exec(String(ready))?.[1]);
    await using client = await RawClient.connect({ host: "127.0.0.1", port });
    await client.login("ann", "x");
    for (let n = 0; n < 20; n++) await client.expect("NOOP", 200);
    child.kill("SIGTERM");
    assert.equal((await exit).code, 0);
  });
});
