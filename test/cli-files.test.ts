/** `ferry ls`, `tree`, `cat`, `rm`, `mkdir`, `rmdir`, `mv` and bookmarks against a server, as a user runs them. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync } from "node:fs";
import { describe, test } from "node:test";
import { ScriptedServer } from "ferry/testing";
import { FERRY, Ferry } from "./support/ferry.js";
import { someBytes } from "./support/files.js";
import { runProgram } from "./support/program.js";
import { PASSWORD, type ServeOptions, TestServer, USER } from "./support/server.js";

interface Entry {
  readonly name: string;
  readonly path: string;
  readonly type: string;
}

async function serving(
  work: (ferry: Ferry, server: TestServer) => Promise<void>,
  o: ServeOptions = { storage: "memory" },
): Promise<void> {
  await using server = await TestServer.start(o);
  await server.files.makeDirectory("/docs");
  await server.files.makeDirectory("/docs/deep");
  await server.files.put("/docs/a.txt", "alpha\n");
  await server.files.put("/docs/deep/b b.txt", "beta, longer\n");
  await server.files.put("/readme", "read me\n");
  await server.files.put("/.hidden", "");
  using ferry = new Ferry();
  await work(ferry, server);
}

/** Standard output of what has to go well without a word on standard error. */
async function output(ferry: Ferry, ...argv: string[]): Promise<string> {
  const { code, stdout, stderr, report } = await ferry.run(argv);
  assert.equal(code, 0, report);
  assert.equal(stderr, "", report);
  return stdout;
}

function objects<T>(text: string): T[] {
  assert.match(text, /^$|\n$/);
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}

describe("ferry ls", () => {
  test("lists folders, files and patterns, recursively too, and hides what begins with a dot", async () => {
    await serving(async (ferry, server) => {
      const all = await output(ferry, "ls", server.url());
      assert.match(all, /^d.* {2}docs\n-.* {2}8 {2}.* {2}readme\n$/);
      assert.equal(await output(ferry, "ls", "-1", "-a", server.url()), ".hidden\ndocs\nreadme\n");
      const deep = await output(ferry, "ls", "-1R", server.url(), "--reverse");
      assert.equal(deep, "readme\ndocs\ndocs/deep\ndocs/a.txt\ndocs/deep/b b.txt\n");
      const headed = await output(ferry, "ls", "-R", server.url("docs/"));
      assert.match(headed, /^docs:\n.* {2}a\.txt\n.* {2}deep\n\ndocs\/deep:\n.* {2}b b\.txt\n$/);
      const found = await output(ferry, "ls", "-1", `${server.url()}{read*,docs/**/*.txt}`);
      assert.equal(found, "docs/a.txt\ndocs/deep/b b.txt\nreadme\n");
      assert.match(await output(ferry, "ls", server.url("readme")), /^-.* {2}8 {2}.* {2}readme\n$/);
    });
  });

  test("prints with --json one object in each line, as DESIGN has it", async () => {
    await serving(async (ferry, server) => {
      const listed = objects<Record<string, unknown>>(
        await output(ferry, "ls", "--json", server.url("docs")),
      );
      assert.deepEqual(
        listed.map(({ name, path, type, size }) => ({ name, path, type, size })),
        [
          { name: "a.txt", path: "docs/a.txt", type: "file", size: 6 },
          { name: "deep", path: "docs/deep", type: "directory", size: undefined },
        ],
      );
      assert.match(String(listed[0]?.modified), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      const deep = objects<Entry>(await output(ferry, "ls", "-R", "--json", server.url()));
      const tree = objects<Entry>(await output(ferry, "tree", "--json", server.url()));
      const expected = ["docs", "docs/a.txt", "docs/deep", "docs/deep/b b.txt", "readme"];
      assert.deepEqual(deep.map(({ path }) => path).sort(), expected);
      assert.deepEqual(
        tree.map(({ path }) => path),
        expected,
      );
    });
  });

  test("shows the files that a pattern matches before the folders", async () => {
    await serving(async (ferry, server) => {
      await server.files.makeDirectory("/docs/sub");
      await server.files.put("/docs/sub/x", "1");
      const shown = await output(ferry, "ls", `${server.url()}docs/**`);
      const names = shown.split("\n").map((line) => line.replace(/^.* /, ""));
      const files = ["docs/a.txt", "b.txt", "docs/sub/x"];
      assert.deepEqual(names, [...files, "", "docs/deep:", "b.txt", "", "docs/sub:", "x", ""], shown);
    });
  });

  test("sorts by size and by time", async () => {
    const facts = [
      "type=file;size=5;modify=20260101000000; old",
      "type=file;size=50;modify=20260301000000; big",
      "type=file;size=1;modify=20260601000000; new",
    ];
    await using server = await listingServer(facts);
    using ferry = new Ferry();
    const url = `ftp://127.0.0.1:${server.port}/`;
    const names = async (...argv: string[]): Promise<string[]> =>
      (await output(ferry, "ls", "-1", url, ...argv)).split("\n").slice(0, -1);
    assert.deepEqual(await names(), ["big", "new", "old"]);
    assert.deepEqual(await names("--sort", "size"), ["big", "old", "new"]);
    assert.deepEqual(await names("--sort", "time"), ["new", "big", "old"]);
    assert.deepEqual(await names("--sort", "none"), ["old", "big", "new"]);
    assert.match(await output(ferry, "ls", "-h", url), /50 B/);
  });

  test("never lets a name steer the terminal, whoever reads", async () => {
    await using server = await listingServer([
      "type=file; \u001b]0;owned\u0007\u001b[2J",
      "type=dir; \u009b31m",
    ]);
    using ferry = new Ferry();
    for (const argv of [["ls"], ["ls", "-1"], ["ls", "--json"], ["tree"]]) {
      const [command = "", ...flags] = argv;
      const shown = await output(ferry, command, `ftp://127.0.0.1:${server.port}/`, ...flags);
      assert.doesNotMatch(shown, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/, argv.join(" "));
      assert.match(shown, /owned/);
    }
  });
});

describe("a backslash in a name", () => {
  test("is one backslash, wherever the name is shown", async () => {
    const name = "back\\slash";
    await using server = await TestServer.start({ storage: "memory" });
    await server.files.makeDirectory("/d");
    await server.files.put(`/d/${name}`, "1");
    using ferry = new Ferry();
    for (const folder of ["d", "up"]) mkdirSync(ferry.home.at(folder));
    ferry.home.put(`d/${name}`, "1");
    ferry.home.put(`up/only ${name}`, "1");
    const shown = async (...argv: string[]): Promise<string> => {
      const { stdout, stderr } = await ferry.run(argv);
      return stdout + stderr;
    };
    const url = server.url("d");
    for (const [argv, expected] of [
      [["ls", url], /back\\slash$/m],
      [["tree", url], /── back\\slash$/m],
      [["mirror", url, "copy"], /^get back\\slash \(/m],
      [["mirror", "up", url], /^put only back\\slash \(/m],
      [["verify", url, "up"], /^back\\slash: only on the server$/m],
      [["verify", url, "d"], /^only back\\slash: only on the server$/m],
      [["rm", "-n", `${url}/back%5Cslash`], /^would remove d\/back\\slash$/m],
      [["get", `${server.url()}*\\\\no`], /matches \*\\\\no$/m],
      [["put", name, url], /^ferry: cannot read back\\slash: /m],
      [["rm", "--trace", `${url}/back%5Cslash`], /^> DELE d\/back\\slash$/m],
    ] as const) {
      const text = await shown(...argv);
      assert.match(text, expected, `${argv.join(" ")}: ${text}`);
    }
  });
});

/** A server with one folder, which has no folders in it but empty ones. */
function listingServer(facts: readonly string[]): Promise<ScriptedServer> {
  return ScriptedServer.start({
    answers: {
      FEAT: ["211-Features:", " UTF8", " MLST type*;size*;modify*;", "211 End"],
      MLSD: (peer, path) => peer.sendFile(path === "" ? facts.map((line) => `${line}\r\n`).join("") : ""),
    },
  });
}

describe("ferry tree", () => {
  test("draws folders with all that is in them, and counts", async () => {
    await serving(async (ferry, server) => {
      const drawn = await output(ferry, "tree", server.url());
      assert.deepEqual(drawn.split("\n"), [
        `ftp://${USER}@${server.authority}/`,
        "├── docs",
        "│   ├── a.txt",
        "│   └── deep",
        "│       └── b b.txt",
        "└── readme",
        "",
        "2 folders, 3 files, 27 B",
        "",
      ]);
      const folders = await output(ferry, "tree", "-d", "-L", "1", server.url());
      assert.match(folders, /└── docs\n\n1 folder\n$/);
      const file = await ferry.run(["tree", server.url("readme")]);
      assert.deepEqual([file.code, file.stdout], [2, ""]);
      assert.match(file.stderr, /readme is a file/);
    });
  });
});

describe("ferry cat", () => {
  test("writes files one after the other, bytes as they are", async () => {
    await serving(async (ferry, server) => {
      const bytes = someBytes(300_000).toString("base64");
      await server.files.put("/big", bytes);
      const both = await output(ferry, "cat", server.url("docs/a.txt"), server.url("big"));
      assert.equal(both, `alpha\n${bytes}`);
      assert.equal(await output(ferry, "cat", `${server.url()}docs/**/*.txt`), "alpha\nbeta, longer\n");
    });
  });

  test("converts line ends with --ascii and ;type=a", async () => {
    const received: string[] = [];
    await using server = await ScriptedServer.start({
      answers: {
        TYPE: (peer, type) => {
          received.push(type);
          peer.reply("200 Okay.");
        },
        RETR: (peer) => peer.sendFile("one\r\ntwo\r\n"),
      },
    });
    using ferry = new Ferry();
    const url = `ftp://127.0.0.1:${server.port}/f`;
    assert.equal(await output(ferry, "cat", `${url};type=a`), "one\ntwo\n");
    assert.equal(await output(ferry, "cat", "--ascii", url), "one\ntwo\n");
    assert.equal(await output(ferry, "cat", url), "one\r\ntwo\r\n");
    assert.deepEqual(received, ["A", "A", "I"]);
  });

  test("goes on where a broken transfer stopped, with --retries", async () => {
    // More than the buffers between hold, so that some of it has been read when it breaks.
    const content = someBytes(9 * 1024 * 1024).toString("base64");
    let start = 0;
    const starts: number[] = [];
    await using server = await ScriptedServer.start({
      answers: {
        REST: (peer, offset) => {
          start = Number(offset);
          peer.reply("350 Go on.");
        },
        RETR: async (peer) => {
          starts.push(start);
          if (starts.length > 1) return await peer.sendFile(content.slice(start));
          peer.reply("150 Here it comes.");
          const socket = await peer.data();
          await new Promise<unknown>((resolve) => socket.write(content.slice(0, -100), resolve));
          socket.destroy();
          peer.reply("426 Broken off.");
        },
      },
    });
    using ferry = new Ferry();
    const argv = ["cat", "--retries", "2", `ftp://127.0.0.1:${server.port}/f`];
    const { code, stdout, stderr } = await ferry.run(argv);
    assert.deepEqual([code, stderr], [0, ""]);
    assert(stdout === content, "the parts do not fit");
    assert.equal(starts.length, 2);
    assert(Number(starts[1]) > 0);
  });

  test("tells what failed of several, and writes the others", async () => {
    await serving(async (ferry, server) => {
      const argv = [
        "cat",
        server.url("docs/a.txt"),
        server.url("none"),
        server.url("docs/"),
        server.url("readme"),
      ];
      const { code, stdout, stderr } = await ferry.run(argv);
      assert.equal(code, 1);
      assert.equal(stdout, "alpha\nread me\n");
      const [missing, folder, ...rest] = stderr.split("\n");
      assert.match(missing ?? "", /^ferry: ftp:\/\/anna@[^ ]*\/none: RETR was answered 550 /);
      assert.match(folder ?? "", /is a folder/);
      assert.deepEqual(rest, [""]);
    });
  });

  test("ends without a word when its reader has gone", async () => {
    await serving(async (ferry, server) => {
      await server.files.put("/big", someBytes(8 * 1024 * 1024));
      const running = ferry.start(["cat", server.url("big")]);
      running.child.stdout.once("data", () => running.child.stdout.destroy());
      const { code, stderr } = await running.ended();
      assert.deepEqual([code, stderr], [0, ""]);
    });
  });
});

describe("standard output that takes nothing", () => {
  test("ends every command with one line that says why", { skip: !existsSync("/dev/full") }, async () => {
    await serving(async (_ferry, server) => {
      for (const argv of [
        ["ls", "-R"],
        ["ls", "-1"],
        ["cat", server.url("docs/a.txt")],
      ]) {
        const command = [process.execPath, FERRY, ...argv, server.url("readme")].map((word) => `'${word}'`);
        const { code, stderr } = await runProgram("sh", ["-c", `${command.join(" ")} > /dev/full`]);
        assert.deepEqual([code, stderr], [1, "ferry: cannot write to standard output: the disk is full\n"]);
      }
    });
  });
});

describe("a folder that is not there", () => {
  test("is told, also where LIST says nothing of it", async () => {
    await using server = await ScriptedServer.start({
      answers: { LIST: (peer) => peer.sendFile(""), SIZE: "550 No.", CWD: "550 No such directory." },
    });
    using ferry = new Ferry();
    for (const command of ["ls", "tree"]) {
      for (const name of ["none", "none/"]) {
        const { code, stderr, report } = await ferry.run([command, `ftp://127.0.0.1:${server.port}/${name}`]);
        assert.equal(code, 1, report);
        assert.match(stderr, /^ferry: [^\n]*no such file or directory[^\n]*\n$/);
      }
    }
  });
});

describe("a folder that may not be read", () => {
  test("is told, and the others are shown", async () => {
    await using server = await ScriptedServer.start({
      answers: {
        FEAT: ["211-Features:", " UTF8", " MLST type*;", "211 End"],
        MLSD: async (peer, path) => {
          if (path === "a") peer.reply("550 Permission denied.");
          else await peer.sendFile(path === "" ? "type=dir; a\r\ntype=dir; b\r\n" : "type=file; c\r\n");
        },
      },
    });
    using ferry = new Ferry();
    const url = `ftp://127.0.0.1:${server.port}/`;
    for (const argv of [
      ["ls", "-R", "--json"],
      ["tree", "--json"],
    ]) {
      const { code, stdout, stderr, report } = await ferry.run([...argv, url]);
      assert.equal(code, 1, report);
      assert.deepEqual(
        objects<Entry>(stdout).map(({ path }) => path),
        ["a", "b", "b/c"],
      );
      assert.match(JSON.parse(stderr).message, /^ftp:[^ ]*\/a: MLSD was answered 550 Permission denied$/);
    }
  });
});

describe("what changes a server", () => {
  test("mkdir, mv, rm and rmdir", async () => {
    await serving(async (ferry, server) => {
      const { files } = server;
      await output(ferry, "mkdir", server.url("new"), server.url("other"));
      await output(ferry, "mkdir", "-p", server.url("x/y/z"), server.url("new"));
      await output(ferry, "mv", server.url("readme"), "renamed");
      await output(ferry, "mv", server.url("renamed"), "/new/");
      await output(ferry, "mv", `${server.url()}docs/*.txt`, "new");
      await output(ferry, "mv", server.url("new/a.txt"), server.url("other/*.txt"));
      assert.deepEqual(await files.names("/new"), ["renamed"]);
      assert.deepEqual(await files.names("/other"), ["*.txt"]);
      await files.put("/other/b.txt", "");
      // The name itself goes before what it matches.
      await output(ferry, "rm", `${server.url("other")}/*.txt`);
      assert.deepEqual(await files.names("/other"), ["b.txt"]);
      assert.equal(
        await output(ferry, "rm", "-n", `${server.url("other")}/*.txt`),
        "would remove other/b.txt\n",
      );
      const done = await output(ferry, "rm", "--json", `${server.url("other")}/*.txt`);
      assert.deepEqual(objects(done), [{ action: "remove", path: "other/b.txt" }]);
      await output(ferry, "rmdir", server.url("other"));
      await output(ferry, "rm", "-r", server.url("x"), server.url("docs/"));
      await output(ferry, "rm", "-f", server.url("gone"), `${server.url()}*.zip`);
      assert.deepEqual(await files.names("/"), [".hidden", "new"]);
    });
  });

  test("rm -r removes all that the server lets go, and tells of the rest", async () => {
    const facts: Record<string, string> = {
      "": "type=dir; top\r\n",
      top: "type=file; stays\r\ntype=file; goes\r\ntype=dir; sub\r\ntype=dir; empty\r\n",
      "top/sub": "type=file; stays too\r\ntype=file; goes too\r\n",
    };
    await using server = await ScriptedServer.start({
      answers: {
        MLSD: async (peer, path) => {
          const data = await peer.data();
          peer.reply("150 Here.");
          data.end(facts[path] ?? "");
          peer.reply("226 Done.");
        },
        DELE: (peer, path) => peer.reply(/goes/.test(path) ? "250 Gone." : "550 It stays."),
        RMD: "250 Gone.",
        FEAT: ["211-Features:", " UTF8", " MLST type*;", "211 End"],
        MLST: (peer, path) => {
          for (const line of ["250-Here:", ` type=dir; ${path}`, "250 End"]) peer.reply(line);
        },
      },
    });
    using ferry = new Ferry();
    const url = `ftp://anna:hunter2@127.0.0.1:${server.port}/top`;
    const { code, stdout, stderr, report } = await ferry.run(["rm", "-r", url, "--json"]);
    assert.equal(code, 1, report);
    assert.equal(stdout, "");
    const told = objects<{ message: string }>(stderr).map(({ message }) => message.split(": ", 1)[0]);
    const host = `ftp://anna@127.0.0.1:${server.port}`;
    assert.deepEqual(told, [`${host}/top/stays`, `${host}/top/sub/stays%20too`]);
    const removing = server.commands.filter((line) => /^(?:DELE.*goes|RMD)/.test(line));
    assert.deepEqual(removing, ["DELE top/goes", "DELE top/sub/goes too", "RMD top/empty"]);
  });

  test("refuses what it would regret, in one line", async () => {
    await serving(async (ferry, server) => {
      const cases: [string[], number, RegExp][] = [
        [["rm", server.url("docs")], 1, /docs is a folder: -r removes it/],
        [["rm", "-r", server.url()], 2, /never removed/],
        [["rm", "-r", `${server.url()}%2F`], 2, /never removed/],
        [["rm", "-r", server.url("docs/..")], 2, /never removed/],
        [["rmdir", server.url("docs")], 1, /RMD was answered 550/],
        [["mkdir", server.url("docs")], 1, /MKD was answered 55/],
        [["mkdir", server.url()], 2, /names no folder/],
        [["mv", `${server.url()}{readme,docs}`, "one"], 2, /2 names cannot all be renamed to one/],
        [["mv", server.url("readme"), "ftp://elsewhere.example/x"], 2, /one server only/],
        [["rm", `${server.url()}*.zip`], 1, /nothing on the server matches \*\.zip/],
      ];
      for (const [argv, expected, message] of cases) {
        const { code, stdout, stderr, report } = await ferry.run(argv);
        assert.equal(code, expected, report);
        assert.equal(stdout, "");
        assert.match(stderr, message);
        assert.equal(stderr.split("\n").length, 2, report);
      }
      assert.deepEqual(await server.files.names("/"), [".hidden", "docs", "readme"]);
    });
  });
});

describe("ferry bookmark", () => {
  test("gives a server a name, and keeps its password only when asked to", async () => {
    await serving(async (ferry, server) => {
      const added = await output(ferry, "bookmark", "add", "work", server.url("docs"));
      assert.match(added, /^ferry: bookmark work is ftp:\/\/anna@[^ ]*\/docs, without the password/);
      const { code, stderr } = await ferry.run(["ls", "work:"]);
      assert.equal(code, 2);
      assert.match(stderr, /no password for anna on 127\.0\.0\.1: set FERRY_PASSWORD/);
      const named = await ferry.run(["cat", "work:a.txt"], { env: { FERRY_PASSWORD: PASSWORD } });
      assert.equal(named.stdout, "alpha\n", named.report);
      await output(ferry, "bookmark", "add", "work", server.url("docs"), "--save-password");
      assert.equal(await output(ferry, "cat", "work:deep/b*"), "beta, longer\n");
      assert.equal(await output(ferry, "cat", "work:/readme"), "read me\n");
      const listed = await output(ferry, "bookmark", "list", "--json");
      assert.deepEqual(objects(listed), [{ name: "work", url: `ftp://${USER}@${server.authority}/docs` }]);
      await output(ferry, "bookmark", "remove", "work");
      assert.equal(await output(ferry, "bookmark", "list"), "");
    });
  });
});
