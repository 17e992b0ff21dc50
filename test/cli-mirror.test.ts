/** `ferry mirror`, as a user runs it. */
import assert from "node:assert/strict";
import { mkdirSync, readlinkSync, statSync, utimesSync } from "node:fs";
import { describe, test } from "node:test";
import { ScriptedServer } from "ferry/testing";
import { below, objects, type Refusal, refusals } from "./support/command-line.js";
import { Ferry } from "./support/ferry.js";
import { someBytes } from "./support/files.js";
import { TestServer } from "./support/server.js";

async function serving(work: (ferry: Ferry, server: TestServer) => Promise<void>): Promise<void> {
  await using server = await TestServer.start({ storage: "memory" });
  await server.files.makeDirectory("/www");
  await server.files.makeDirectory("/www/img");
  await server.files.put("/www/index", "start");
  await server.files.put("/www/img/logo", someBytes(5000));
  using ferry = new Ferry();
  await work(ferry, server);
}

/** What stdout has said, line by line, of what went well. */
async function lines(ferry: Ferry, ...argv: string[]): Promise<string[]> {
  const { code, stdout, stderr, report } = await ferry.run(["mirror", ...argv]);
  assert.equal(code, 0, report);
  assert.equal(stderr, "", report);
  return stdout.split("\n").slice(0, -1);
}

function summaryOf(told: readonly Record<string, unknown>[]): Record<string, unknown> {
  return (told.at(-1)?.summary ?? {}) as Record<string, unknown>;
}

describe("ferry mirror", () => {
  test("brings a server's folder here, says what it does, and does nothing a second time", async () => {
    await serving(async (ferry, server) => {
      const said = await lines(ferry, server.url("www"), "copy");
      assert.deepEqual(said.slice(0, -1).sort(), ["get img/logo (4.9 KiB)", "get index (5 B)", "make img/"]);
      assert.match(
        said.at(-1) ?? "",
        /^2 files downloaded \(4\.9 KiB in (?:\d+ ms|\d:\d\d), .*\/s\), 1 folder made$/,
      );
      assert.deepEqual(below(ferry.home, "copy"), ["img/", "img/logo", "index"]);
      assert.deepEqual(await lines(ferry, server.url("www"), "copy"), ["everything is up to date"]);
      assert.deepEqual(await lines(ferry, server.url("www"), "copy", "--quiet"), []);
    });
  });

  test("says nothing of its own when it has many sessions", async () => {
    await serving(async (ferry, server) => {
      for (let i = 0; i < 30; i++) await server.files.put(`/www/${i}`, someBytes(10));
      assert.equal((await lines(ferry, server.url("www"), "copy", "-P", "16")).length, 34);
    });
  });

  test("brings a folder to a server, and with --delete removes there what is not here", async () => {
    await serving(async (ferry, server) => {
      mkdirSync(ferry.home.at("dist/js"), { recursive: true });
      ferry.home.put("dist/index", "newer start");
      ferry.home.put("dist/js/app", "1");
      ferry.home.put("dist/js/app.map", "2");
      const argv = ["dist", server.url("www"), "--exclude", "*.map", "--delete"];
      const said = await lines(ferry, ...argv);
      assert.deepEqual(said.slice(0, -1).sort(), [
        "make js/",
        "put index (size, 11 B)",
        "put js/app (1 B)",
        "remove img/",
        "remove img/logo",
      ]);
      assert.match(said.at(-1) ?? "", /^2 files uploaded \(12 B in .*\), 1 folder made, 2 removed$/);
      assert.deepEqual(await server.files.names("/www"), ["index", "js"]);
      assert.deepEqual(await server.files.names("/www/js"), ["app"]);
      assert.equal(String(await server.files.get("/www/index")), "newer start");
    });
  });

  test("only says with --dry-run what would be done", async () => {
    await serving(async (ferry, server) => {
      const said = await lines(ferry, server.url("www"), "copy", "--dry-run");
      assert.deepEqual(said.slice(0, -1).sort(), ["get img/logo (4.9 KiB)", "get index (5 B)", "make img/"]);
      assert.equal(
        said.at(-1),
        "nothing was done (--dry-run); it would be: 2 files downloaded (4.9 KiB), 1 folder made",
      );
      assert.deepEqual(below(ferry.home), []);
      const told = await objects(ferry, "mirror", server.url("www"), "copy", "--dry-run");
      assert.equal(told.length, 4);
      const { seconds: _seconds, ...summary } = summaryOf(told);
      assert.deepEqual(summary, {
        direction: "download",
        dryRun: true,
        transferred: 2,
        directories: 1,
        links: 0,
        removed: 0,
        bytes: 5005,
        failed: 0,
        postponed: 0,
        doneBefore: 0,
      });
      assert.deepEqual(below(ferry.home), []);
    });
  });

  test("prints with --json one object for each action, and a summary last", async () => {
    await serving(async (ferry, server) => {
      const told = await objects(ferry, "mirror", server.url("www"), "copy", "--include", "log*");
      assert.deepEqual(told.slice(0, -1), [
        { action: "make-directory", path: "img", reason: "missing" },
        { action: "transfer", path: "img/logo", reason: "missing", size: 5000 },
      ]);
      assert.equal(summaryOf(told).bytes, 5000);
    });
  });

  test("leaves links out, follows them or makes them, as --symlinks says, and --no-keep-times gives files today's time", async () => {
    const link = "lrwxrwxrwx 1 a a 5 Jan  1  2020 link -> index\r\n";
    const index = "-rw-r--r-- 1 a a 5 Jan  1  2020 index\r\n";
    await using server = await ScriptedServer.start({
      answers: { LIST: (peer) => peer.sendFile(index + link), RETR: (peer) => peer.sendFile("start") },
    });
    using ferry = new Ferry();
    const url = `ftp://anna:secret@127.0.0.1:${server.port}/`;
    for (const [how, names] of [
      ["skip", ["index"]],
      ["copy", ["index", "link"]],
    ] as const) {
      const { code, report } = await ferry.run(["mirror", url, how, "--symlinks", how, "--no-keep-times"]);
      assert.equal(code, 0, report);
      assert.deepEqual(below(ferry.home, how), names);
    }
    assert.equal(readlinkSync(ferry.home.at("copy/link")), "index");
    assert.ok(statSync(ferry.home.at("copy/index")).mtimeMs > Date.UTC(2021, 0));
    await ferry.run(["mirror", url, "kept"]);
    assert.ok(statSync(ferry.home.at("kept/index")).mtimeMs < Date.UTC(2021, 0));
  });

  test("moves again what is newer, of another size only, or nothing, as --compare says", async () => {
    await serving(async (ferry, server) => {
      await lines(ferry, server.url("www"), "copy");
      const old = new Date(Date.UTC(2001, 0));
      utimesSync(ferry.home.put("copy/index", "other"), old, old);
      assert.deepEqual(await lines(ferry, server.url("www"), "copy", "--compare", "size"), [
        "everything is up to date",
      ]);
      const [said] = await lines(ferry, server.url("www"), "copy");
      assert.equal(said, "get index (newer, 5 B)");
      assert.equal(String(ferry.home.get("copy/index")), "start");
      const { code, stderr } = await ferry.run(["mirror", server.url("www"), "copy", "--compare", "hash"]);
      assert.equal(code, 1);
      assert.match(stderr, /computes no digest/);
    });
  });

  test("tries all, says what failed, and ends with 1", async () => {
    await using server = await ScriptedServer.start({
      answers: {
        FEAT: ["211-Features:", " MLST type*;size*;", " UTF8", "211 End"],
        MLST: ["250-Here:", " type=dir; d", "250 End"],
        MLSD: (peer) =>
          peer.sendFile("type=file;size=4; good\r\ntype=file;size=4; bad\r\ntype=file;size=4; ../up\r\n"),
        RETR: (peer, argument) =>
          argument.endsWith("bad") ? peer.reply("550 Not for you.") : peer.sendFile("good"),
      },
    });
    using ferry = new Ferry();
    const argv = ["mirror", `ftp://${server.host}:${server.port}/d`, "copy"];
    const { code, stdout, stderr, report } = await ferry.run(argv);
    assert.equal(code, 1, report);
    assert.match(stdout, /^get good \(4 B\)\n1 file downloaded .*\n$/);
    assert.match(stderr, /^ferry: bad: RETR was answered 550 Not for you$/m);
    assert.match(stderr, /^ferry: 2 of 3 actions failed$/m);
    assert.deepEqual(below(ferry.home), ["copy/", "copy/good"]);
    const told = await objects(ferry, ...argv);
    const bad = (told.find(({ path }) => path === "bad")?.error ?? {}) as Record<string, unknown>;
    assert.equal(bad.code, "ERR_FERRY_FTP_REPLY");
    assert.equal(summaryOf(told).failed, 2);
  });

  test("goes on after Ctrl-C with its journal, and does nothing twice", async () => {
    const stood: (() => void)[] = [];
    const standing = new Promise<void>((resolve) => stood.push(resolve));
    let patient = true;
    await using server = await ScriptedServer.start({
      answers: {
        FEAT: ["211-Features:", " MLST type*;size*;", " UTF8", "211 End"],
        MLST: ["250-Here:", " type=dir; d", "250 End"],
        MLSD: (peer) => peer.sendFile("type=file;size=4; a\r\ntype=file;size=4; z\r\n"),
        ABOR: [],
        RETR: async (peer, argument) => {
          if (!patient || argument.endsWith("a")) return await peer.sendFile("good");
          peer.reply("150 Wait for it.");
          const data = await peer.data();
          data.resume().once("end", () => data.end());
          for (const begun of stood) begun();
          await new Promise((resolve) => data.once("close", resolve));
          for (const line of ["426 Aborted.", "226 Done."]) peer.reply(line);
        },
      },
    });
    using ferry = new Ferry();
    const argv = [
      "mirror",
      `ftp://${server.host}:${server.port}/d`,
      "copy",
      "-P",
      "1",
      "--journal",
      "journal",
    ];
    const running = ferry.start(argv);
    await standing;
    running.child.kill("SIGINT");
    const { code, stdout, stderr } = await running.ended();
    assert.equal(code, 130, stderr);
    assert.equal(stdout, "get a (4 B)\n");
    assert.equal(
      stderr,
      "ferry: 1 of 2 actions done; the same command goes on from here\nferry: interrupted\n",
    );
    patient = false;
    const again = await ferry.run(argv);
    assert.equal(again.code, 0, again.report);
    assert.match(again.stdout, /^get z \(4 B\)\n1 file downloaded .*, 1 done before\n$/);
    assert.deepEqual(
      server.commands.filter((command) => command.startsWith("RETR")),
      ["RETR d/a", "RETR d/z", "RETR d/z"],
    );
    assert.deepEqual(below(ferry.home), ["copy/", "copy/a", "copy/z"]);
  });

  for (const code of ["ENOSPC", "EDQUOT", "EROFS"]) {
    test(`is told once, and ends, when nothing can be written here any more (${code})`, async () => {
      await using server = await TestServer.start({ storage: "memory" });
      for (let n = 0; n < 9; n++) await server.files.put(`/f${n}`, someBytes(400_000));
      using ferry = new Ferry();
      // What a full disk does: no unprivileged test can have one everywhere.
      ferry.home.put(
        "full.mjs",
        `import fs from "node:fs";
        import { syncBuiltinESMExports } from "node:module";
        const { writeSync } = fs;
        let room = 1_000_000;
        fs.writeSync = (fd, chunk, from, length, ...more) => {
          room -= length;
          if (room < 0) throw Object.assign(new Error("${code}: write"), { code: "${code}" });
          return writeSync(fd, chunk, from, length, ...more);
        };
        syncBuiltinESMExports();`,
      );
      const argv = ["mirror", server.url(), "copy", "-P", "2", "--journal", "journal"];
      const env = { NODE_OPTIONS: `--import=${ferry.home.at("full.mjs")}` };
      const ended = await ferry.run(argv, { env });
      assert.equal(ended.code, 1, ended.report);
      assert.match(
        ended.stderr,
        /^(?:ferry: [12] of 9 actions done; the same command goes on from here\n)?ferry: copy: [^\n]*the (?:disk|file system) [^\n]*\n$/,
      );
      const moved = ended.stdout.split("\n").slice(0, -1);
      assert.ok(moved.length <= 2 && moved.every((line) => line.startsWith("get ")), ended.report);
      assert.ok(
        below(ferry.home, "copy").some((name) => name.endsWith(".part")),
        ended.report,
      );
      const again = await ferry.run(argv);
      assert.equal(again.code, 0, again.report);
      assert.match(again.stdout, /^\d files downloaded \(.*\)(?:, [12] done before)?$/m);
      assert.deepEqual(
        below(ferry.home, "copy"),
        Array.from({ length: 9 }, (_, n) => `f${n}`),
      );
    });
  }

  test("says what is wrong with how it was asked", async () => {
    await serving(async (ferry, server) => {
      ferry.home.put("file", "1");
      mkdirSync(ferry.home.at("folder"));
      const url = server.url("www");
      const wrong: readonly Refusal[] = [
        [2, /one of SOURCE and TARGET is to be a URL/, "folder", "other"],
        [2, /from server to server is not offered/, url, server.url("copy")],
        [2, /missing required argument/, url],
        [2, /compare/, url, "copy", "--compare", "colour"],
        [1, /file is a file: mirror makes folders alike/, url, "file"],
        [1, /^ferry: cannot look at x+: the name is too long\n$/, url, "x".repeat(300)],
        [1, /none: the local folder to be mirrored is not there/, "none", url],
        [1, /no such file or directory/, server.url("none"), "copy"],
        [
          1,
          /^ferry: no\/j: the journal cannot be written: there is no such file\n/,
          url,
          "c",
          "--journal",
          "no/j",
        ],
        [1, /index is a file: mirror makes folders alike/, server.url("www/index"), "copy"],
      ];
      await refusals(ferry, "mirror", wrong);
      assert.deepEqual(below(ferry.home), ["file", "folder/"]);
    });
  });
});
