/** `ferry get`, as a user runs it, against Ferry's own server and against servers that do wrong. */
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, utimesSync } from "node:fs";
import { describe, test } from "node:test";
import { FtpClient } from "ferry/client";
import { type ScriptedPeer, ScriptedServer } from "ferry/testing";
import {
  below,
  grown,
  ODD_NAMES,
  objects,
  type Refusal,
  refusals,
  silently,
} from "./support/command-line.js";
import { Ferry } from "./support/ferry.js";
import { someBytes } from "./support/files.js";
import { optionsFor, type ServeOptions, TestServer } from "./support/server.js";

async function serving(
  work: (ferry: Ferry, server: TestServer) => Promise<void>,
  o: ServeOptions = { storage: "memory" },
): Promise<void> {
  await using server = await TestServer.start(o);
  using ferry = new Ferry();
  await work(ferry, server);
}

/** A file on a server that says and does what a test tells it; REST is understood. */
function fileScript(
  content: Buffer,
  send: (peer: ScriptedPeer, rest: Buffer, attempt: number) => Promise<void>,
): Parameters<typeof ScriptedServer.start>[0] {
  let start = 0;
  let attempt = 0;
  return {
    answers: {
      // Answered by the transfer that it aborts.
      ABOR: [],
      SIZE: `213 ${content.length}`,
      MDTM: "213 20200101000000",
      REST: (peer, argument) => {
        start = Number(argument);
        peer.reply("350 Go on.");
      },
      RETR: async (peer) => {
        const rest = content.subarray(start);
        start = 0;
        await send(peer, rest, attempt++);
      },
    },
  };
}

describe("ferry get", () => {
  test("gets files under their own names, a new one, into folders and to standard output", async () => {
    await serving(async (ferry, server) => {
      const film = someBytes(300_000);
      await server.files.put("/film", film);
      await server.files.put("/empty", "");
      await server.files.put("/notes.txt", "one\ntwo\n");
      await silently(ferry, "get", server.url("film"), server.url("empty"));
      assert.deepEqual(ferry.home.get("film"), film);
      assert.equal(ferry.home.get("empty").length, 0);
      await silently(ferry, "get", server.url("film"), "other name");
      await silently(ferry, "get", server.url("film"), "new/folder/");
      await silently(ferry, "get", `${server.url()}*m*`, "new/folder");
      assert.deepEqual(below(ferry.home), [
        "empty",
        "film",
        "new/",
        "new/folder/",
        "new/folder/empty",
        "new/folder/film",
        "other name",
      ]);
      const { stdout, report } = await ferry.run(["get", server.url("notes.txt"), server.url("film"), "-"]);
      assert.equal(stdout.slice(0, 8), "one\ntwo\n", report);
    });
  });

  test("prints with --json one object for each file", async () => {
    await serving(async (ferry, server) => {
      await server.files.put("/a", "12345");
      const argv = [server.url("a"), server.url("none"), "down/"];
      const [there, none] = (await objects(ferry, "get", ...argv, "--verify")).sort((one) =>
        "error" in one ? 1 : -1,
      );
      assert.deepEqual(
        { ...there, seconds: 0 },
        { path: "a", local: "down/a", bytes: 5, seconds: 0, verified: "size" },
      );
      assert.equal(typeof there?.seconds, "number");
      const error = none?.error as Record<string, unknown>;
      assert.deepEqual(
        [none?.path, none?.local, error.code, error.phase],
        ["none", "down/none", "ERR_FERRY_FTP_REPLY", "transfer"],
      );
      assert.deepEqual((error.reply as { code: number }).code, 550);
    });
  });

  test("keeps times unless told otherwise", async () => {
    await serving(async (ferry, server) => {
      await server.files.put("/f", "x");
      await using client = await FtpClient.connect(optionsFor(server));
      await client.setTimes("f", { modified: Date.UTC(2020, 1, 3) });
      await silently(ferry, "get", server.url("f"));
      await silently(ferry, "get", "--no-keep-times", server.url("f"), "g");
      assert.equal(statSync(ferry.home.at("f")).mtimeMs, Date.UTC(2020, 1, 3));
      assert.ok(statSync(ferry.home.at("g")).mtimeMs > Date.UTC(2025, 0));
    });
  });

  test("reaches names of every kind", async () => {
    await serving(async (ferry, server) => {
      for (const name of ODD_NAMES) await server.files.put(`/${name}`, name);
      await silently(ferry, "get", ...ODD_NAMES.map((name) => server.url(name)), "names/");
      for (const name of ODD_NAMES) assert.equal(String(ferry.home.get(`names/${name}`)), name);
      await silently(ferry, "get", "-r", server.url(), "all");
      assert.deepEqual(below(ferry.home, "all"), [...ODD_NAMES].sort());
    });
  });

  test("reaches a name that is no UTF-8 when it is given another one here", async () => {
    await serving(async (ferry, server) => {
      await server.files.put("/caf\udce9", "au lait");
      await silently(ferry, "get", `${server.url()}caf%E9`, "coffee");
      assert.equal(String(ferry.home.get("coffee")), "au lait");
      const { code, stderr, report } = await ferry.run(["get", `${server.url()}caf%E9`]);
      assert.equal(code, 1, report);
      assert.match(
        stderr,
        /^ferry: caf\\xe9: no file can be named so here: give it a name, as in `ferry get URL NAME`\n$/,
      );
    });
  });

  test("gets folders with all that is in them, as cp would", async () => {
    await serving(async (ferry, server) => {
      let deep = "";
      for (let level = 0; level < 40; level++) {
        deep += `/d${level}`;
        await server.files.makeDirectory(deep);
      }
      await server.files.put(`${deep}/end`, "of it");
      await server.files.put("/d0/f", "first");
      await server.files.makeDirectory("/d0/empty");
      const expected = below(ferry.home);
      await silently(ferry, "get", "-r", server.url("d0"));
      await silently(ferry, "get", "-r", server.url("d0"), "copy");
      await silently(ferry, "get", "-r", server.url("d0/"), "copy");
      await silently(ferry, "get", "-r", server.url(), "all");
      expected.push(...below(ferry.home, "d0"));
      assert.equal(expected.length, 42);
      assert.deepEqual(
        below(ferry.home, "copy").filter((path) => !path.startsWith("d0/")),
        expected,
      );
      assert.deepEqual(below(ferry.home, "copy/d0"), expected);
      assert.deepEqual(below(ferry.home, "all/d0"), expected);
      assert.equal(String(ferry.home.get(`copy${deep.slice(3)}/end`)), "of it");
    });
  });

  test("never writes through a link that stands in the folder", async () => {
    await serving(async (ferry, server) => {
      await server.files.makeDirectory("/d");
      await server.files.makeDirectory("/d/sub");
      await server.files.put("/d/sub/f", "new");
      await server.files.put("/d/g", "new");
      mkdirSync(ferry.home.at("outside"));
      mkdirSync(ferry.home.at("d"));
      ferry.home.put("outside/g", "old");
      symlinkSync("../outside", ferry.home.at("d/sub"));
      symlinkSync("../outside/g", ferry.home.at("d/g"));
      const { code, stderr, report } = await ferry.run(["get", "-r", server.url("d")]);
      assert.equal(code, 1, report);
      assert.match(stderr, /cannot make the folder .*\/d\/sub: a file, or a link, has that name/);
      assert.deepEqual(below(ferry.home, "outside"), ["g"]);
      assert.equal(String(ferry.home.get("outside/g")), "old");
      assert.equal(String(ferry.home.get("d/g")), "new");
    });
  });

  test("leaves out names of a listing that lead elsewhere, and says so", async () => {
    const evil = ["../up", "..", "/abs", "a/b", "good"]
      .map((name) => `type=file;size=4; ${name}\r\n`)
      .join("");
    await using server = await ScriptedServer.start({
      answers: {
        FEAT: ["211-Features:", " MLST type*;size*;", " UTF8", "211 End"],
        MLST: ["250-Here:", " type=dir; d", "250 End"],
        MLSD: (peer) => peer.sendFile(evil),
        RETR: (peer) => peer.sendFile("evil"),
      },
    });
    using ferry = new Ferry();
    const url = `ftp://${server.host}:${server.port}/d`;
    const { code, stderr, report } = await ferry.run(["get", "-r", url, "in/d"]);
    assert.equal(code, 1, report);
    assert.deepEqual(below(ferry.home), ["in/", "in/d/", "in/d/good"]);
    assert.equal(stderr.match(/no file can be named so here/g)?.length, 3, report);
  });

  test("tries all, says what failed, and ends with 1", async () => {
    await serving(async (ferry, server) => {
      await server.files.put("/a", "1");
      await server.files.put("/b", "2");
      await server.files.makeDirectory("/d");
      const { code, stderr, report } = await ferry.run([
        "get",
        ...["a", "x", "d", "b"].map((name) => server.url(name)),
        "in/",
      ]);
      assert.equal(code, 1, report);
      assert.deepEqual(below(ferry.home, "in"), ["a", "b"]);
      // By URL, as all commands have it.
      assert.match(stderr, /^ferry: ftp:\/\/[^ ]*\/x: RETR was answered 550 /m);
      assert.match(stderr, /^ferry: ftp:\/\/[^ ]*\/d is a folder: -r gets it with all that is in it$/m);
      assert.match(stderr, /^ferry: 2 of 4 files failed\n$/m);
    });
  });

  test("says what is wrong with how it was asked", async () => {
    await serving(async (ferry, server) => {
      await server.files.put("/a", "1");
      await server.files.put("/b", "2");
      await server.files.makeDirectory("/d");
      mkdirSync(ferry.home.at("folder"));
      mkdirSync(ferry.home.at("folder/a"));
      const url = server.url("a");
      const wrong: readonly Refusal[] = [
        [2, /what is to be got\? Give a URL/, "file"],
        [2, /missing required argument/],
        [2, /neither a URL|not a URL/, "one", url],
        [2, /2 files need a folder: write "\/" behind name/, url, server.url("b"), "name"],
        [2, /--verify needs a file: LOCAL is standard output/, url, "-", "--verify"],
        [2, /--ascii and --continue exclude each other/, url, "--ascii", "-c"],
        [2, /expected a whole number from 1 to 64/, url, "-P", "65"],
        [2, /expected a whole number from 1 to 64/, url, "--segments", "0"],
        [2, /use `ferry ls`/, `${url};type=d`],
        [1, /folder\/a is a folder: a file cannot take its place/, url, "folder"],
        [1, /d is a folder: -r gets it/, server.url("d"), "folder"],
        [1, /nowhere is no folder: make it first/, url, "nowhere/name"],
        [1, /nothing on the server matches/, `${server.url()}*.zip`],
        [1, /the disk is full/, url, "/dev/full"],
      ];
      await refusals(ferry, "get", wrong);
      assert.deepEqual(below(ferry.home), ["folder/", "folder/a/"]);
    });
  });

  test("gets several at once over as many connections as -P says", async () => {
    await serving(async (ferry, server) => {
      for (let n = 0; n < 30; n++) await server.files.put(`/f${n}`, someBytes(1000));
      const sessions = () => server.verbs.filter((verb) => verb === "PASS").length;
      await silently(ferry, "get", "-P", "1", `${server.url()}*`, "one/");
      assert.equal(sessions(), 1);
      await silently(ferry, "get", "-P", "3", `${server.url()}*`, "three/");
      assert.ok(sessions() > 2 && sessions() <= 4, `${sessions()} sessions`);
      assert.equal(below(ferry.home, "three").length, 30);
    });
  });

  test("gets one file over several connections", async () => {
    await serving(async (ferry, server) => {
      const film = someBytes(3_000_000);
      await server.files.put("/film", film);
      await silently(ferry, "get", "--segments", "3", server.url("film"));
      assert.deepEqual(ferry.home.get("film"), film);
      assert.ok(server.verbs.filter((verb) => verb === "RETR").length >= 3);
    });
  });

  test("converts line ends with --ascii and ;type=a", async () => {
    await using server = await ScriptedServer.start({
      answers: { RETR: (peer) => peer.sendFile("one\r\ntwo\r\n") },
    });
    using ferry = new Ferry();
    const url = `ftp://${server.host}:${server.port}/t`;
    await silently(ferry, "get", "--ascii", url, "a");
    await silently(ferry, "get", `${url};type=a`, "b");
    await silently(ferry, "get", url, "c");
    assert.deepEqual(
      ["a", "b", "c"].map((name) => String(ferry.home.get(name))),
      ["one\ntwo\n", "one\ntwo\n", "one\r\ntwo\r\n"],
    );
    assert.equal(server.verbs.filter((verb) => verb === "TYPE").length, 3);
  });

  test("-c leaves out what is whole, and begins anew what has changed since", async () => {
    await serving(async (ferry, server) => {
      const film = someBytes(200_000);
      await server.files.put("/film", film);
      await silently(ferry, "get", server.url("film"));
      const [skipped] = await objects(ferry, "get", "-c", server.url("film"));
      assert.deepEqual([skipped?.skipped, skipped?.bytes], [true, 0]);
      ferry.home.put("film.part", someBytes(100_000));
      const old = new Date(Date.UTC(2001, 0));
      for (const name of ["film", "film.part"]) utimesSync(ferry.home.at(name), old, old);
      const [again] = await objects(ferry, "get", "-c", server.url("film"));
      assert.deepEqual([again?.bytes, again?.start], [200_000, undefined]);
      assert.deepEqual(ferry.home.get("film"), film);
    });
  });
});

describe("a download that breaks", () => {
  const content = someBytes(400_000);
  const half = content.length / 2;
  const cut = async (peer: ScriptedPeer): Promise<void> => {
    peer.reply("150 Here it comes.");
    const data = await peer.data();
    await new Promise((resolve) => data.write(content.subarray(0, half), resolve));
    data.resetAndDestroy();
    await peer.reset();
  };

  test("is tried again by itself, and goes on where it broke", async () => {
    const lengths: number[] = [];
    await using server = await ScriptedServer.start(
      fileScript(content, async (peer, rest, attempt) => {
        lengths.push(rest.length);
        await (attempt === 0 ? cut(peer) : peer.sendFile(rest));
      }),
    );
    using ferry = new Ferry();
    await silently(ferry, "get", `ftp://${server.host}:${server.port}/film`);
    assert.deepEqual(ferry.home.get("film"), content);
    assert.equal(lengths.length, 2);
  });

  test("is begun anew where line ends are converted: sizes on both sides say nothing then", async () => {
    const lines = Buffer.from("line\r\n".repeat(50_000));
    await using server = await ScriptedServer.start(
      fileScript(lines, async (peer, rest, attempt) => {
        if (attempt > 0) return await peer.sendFile(rest);
        peer.reply("150 Here it comes.");
        const data = await peer.data();
        data.write(rest.subarray(0, rest.length / 2));
        await grown(ferry.home, "text.part", rest.length / 3);
        data.resetAndDestroy();
        await peer.reset();
      }),
    );
    using ferry = new Ferry();
    await silently(ferry, "get", `ftp://${server.host}:${server.port}/text;type=a`);
    assert.equal(String(ferry.home.get("text")), "line\n".repeat(50_000));
    assert.ok(!server.verbs.includes("REST"));
  });

  test("leaves a .part and never the name; -c goes on with it", async () => {
    const lengths: number[] = [];
    await using server = await ScriptedServer.start(
      fileScript(content, async (peer, rest, attempt) => {
        lengths.push(rest.length);
        if (attempt > 0) return await peer.sendFile(rest);
        peer.reply("150 Here it comes.");
        const data = await peer.data();
        data.write(content.subarray(0, half));
        await grown(ferry.home, "film.part", half);
        data.resetAndDestroy();
        await peer.reset();
      }),
    );
    using ferry = new Ferry();
    ferry.home.put("film", "an older one");
    const argv = ["get", `ftp://${server.host}:${server.port}/film`];
    const { code, stderr, report } = await ferry.run([...argv, "--retries", "0"]);
    assert.equal(code, 1, report);
    assert.match(stderr, /^ferry: ftp:[^ ]*\/film: the (?:data|control) connection/);
    assert.equal(String(ferry.home.get("film")), "an older one");
    await silently(ferry, ...argv, "-c");
    assert.deepEqual(ferry.home.get("film"), content);
    assert.deepEqual(lengths, [content.length, half]);
    assert.ok(!ferry.home.has("film.part"));
  });

  test("by Ctrl-C ends with 130, keeps the part, and says how to go on", async () => {
    await using server = await ScriptedServer.start(
      fileScript(content, async (peer, rest, attempt) => {
        if (attempt > 0) return await peer.sendFile(rest);
        peer.reply("150 Here it comes.");
        const data = await peer.data();
        data.write(rest.subarray(0, half));
        data.resume().once("end", () => data.end());
        await new Promise((resolve) => data.once("close", resolve));
        for (const line of ["426 Aborted.", "226 Done."]) peer.reply(line);
      }),
    );
    using ferry = new Ferry();
    const argv = ["get", `ftp://${server.host}:${server.port}/film`];
    const running = ferry.start(argv);
    await grown(ferry.home, "film.part", half);
    running.child.kill("SIGINT");
    const { code, stdout, stderr } = await running.ended();
    assert.equal(code, 130, stderr);
    assert.equal(stdout, "");
    assert.equal(
      stderr,
      "ferry: 0 of 1 file done; the same command with -c goes on from here\nferry: interrupted\n",
    );
    assert.deepEqual(readdirSync(ferry.home.path), ["film.part"]);
    await silently(ferry, ...argv, "-c");
    assert.deepEqual(readFileSync(ferry.home.at("film")), content);
    assert.equal(server.verbs.filter((verb) => verb === "REST").length, 1);
  });

  test("because nobody can log in ends it once, not for each file", async () => {
    await using server = await ScriptedServer.start({ answers: { PASS: "530 No." } });
    using ferry = new Ferry();
    const urls = ["a", "b", "c"].map((name) => `ftp://anna:x@${server.host}:${server.port}/${name}`);
    const { code, stderr, report } = await ferry.run(["get", ...urls]);
    assert.equal(code, 1, report);
    assert.match(stderr, /the login was answered 530 No/);
  });
});
