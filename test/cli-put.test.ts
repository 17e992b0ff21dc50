/** `ferry put`, as a user runs it, against Ferry's own server and against servers that break. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync, utimesSync } from "node:fs";
import { describe, test } from "node:test";
import { FtpClient } from "ferry/client";
import { type ScriptedPeer, ScriptedServer } from "ferry/testing";
import { ODD_NAMES, objects, type Refusal, refusals, silently } from "./support/command-line.js";
import { Ferry } from "./support/ferry.js";
import { someBytes } from "./support/files.js";
import { optionsFor, TestServer } from "./support/server.js";

async function serving(work: (ferry: Ferry, server: TestServer) => Promise<void>): Promise<void> {
  await using server = await TestServer.start({ storage: "memory" });
  using ferry = new Ferry();
  await work(ferry, server);
}

/** Keeps what it is sent of one file, as most servers do; the first upload is cut, or left to stand, at half. */
class HalfServer {
  content = Buffer.alloc(0);
  readonly starts: number[] = [];
  /** Resolves when the first upload is at half. */
  readonly atHalf: Promise<void>;
  readonly #whole: number;
  readonly #cut: boolean;
  #reached = (): void => {};
  #start = 0;

  constructor(whole: number, { cut }: { readonly cut: boolean }) {
    this.#whole = whole;
    this.#cut = cut;
    this.atHalf = new Promise((resolve) => {
      this.#reached = resolve;
    });
  }

  script(): Parameters<typeof ScriptedServer.start>[0] {
    return {
      answers: {
        FEAT: ["211-Features:", " UTF8", " MLST type*;size*;", " SIZE", " REST STREAM", "211 End"],
        MLST: "550 Nothing is there.",
        SIZE: (peer) => peer.reply(this.starts.length === 0 ? "550 None." : `213 ${this.content.length}`),
        MDTM: "550 None.",
        REST: (peer, argument) => {
          this.#start = Number(argument);
          peer.reply("350 Go on.");
        },
        // Answered by the transfer that it aborts.
        ABOR: [],
        STOR: (peer) => this.#store(peer),
      },
    };
  }

  async #store(peer: ScriptedPeer): Promise<void> {
    const first = this.starts.length === 0;
    this.starts.push(this.#start);
    this.content = this.content.subarray(0, this.#start);
    this.#start = 0;
    peer.reply("150 Send it.");
    const data = await peer.data();
    for await (const chunk of data) {
      this.content = Buffer.concat([this.content, chunk as Buffer]);
      if (!first || this.content.length < this.#whole / 2) continue;
      this.#reached();
      if (this.#cut) return await this.#break(peer, data);
    }
    data.end();
    for (const line of first ? ["426 Aborted.", "226 Done."] : ["226 Stored."]) peer.reply(line);
  }

  async #break(peer: ScriptedPeer, data: Awaited<ReturnType<ScriptedPeer["data"]>>): Promise<void> {
    data.resetAndDestroy();
    await peer.reset();
  }
}

describe("ferry put", () => {
  test("puts files into folders, under a new name, and from standard input", async () => {
    await serving(async (ferry, server) => {
      const film = someBytes(300_000);
      ferry.home.put("film", film);
      ferry.home.put("empty", "");
      await silently(ferry, "put", "film", "empty", server.url());
      assert.deepEqual(await server.files.get("/film"), film);
      assert.equal((await server.files.get("/empty")).length, 0);
      await silently(ferry, "put", "film", server.url("other name"));
      await silently(ferry, "put", "film", `${server.url("new/deep")}/`);
      await silently(ferry, "put", "empty", server.url("new/deep"));
      assert.deepEqual(await server.files.names("/"), ["empty", "film", "new", "other name"]);
      assert.deepEqual(await server.files.names("/new/deep"), ["empty", "film"]);
      const { code, report } = await ferry.run(["put", "-", server.url("typed")], { input: "hello\n" });
      assert.equal(code, 0, report);
      assert.equal(String(await server.files.get("/typed")), "hello\n");
    });
  });

  test("prints with --json one object for each file", async () => {
    await serving(async (ferry, server) => {
      ferry.home.put("a", "12345");
      const told = await objects(ferry, "put", "--verify", "a", "none", server.url());
      const [none, there] = told.sort((one) => ("error" in one ? -1 : 1));
      assert.deepEqual(
        { ...there, seconds: 0 },
        { path: "a", local: "a", bytes: 5, seconds: 0, verified: "size" },
      );
      const { code, message } = (none?.error ?? {}) as Record<string, unknown>;
      assert.deepEqual(
        [none?.local, code, message],
        ["none", "ERR_FERRY_FAILED", "cannot read none: there is no such file"],
      );
    });
  });

  test("keeps times unless told otherwise, and does without where the server cannot", async () => {
    await serving(async (ferry, server) => {
      const then = new Date(Date.UTC(2020, 1, 3));
      utimesSync(ferry.home.put("f", "x"), then, then);
      await silently(ferry, "put", "f", server.url());
      await silently(ferry, "put", "--no-keep-times", "f", server.url("g"));
      await using client = await FtpClient.connect(optionsFor(server));
      assert.equal(await client.modified("f"), then.getTime());
      assert.ok((await client.modified("g")) > Date.UTC(2025, 0));
    });
    await using old = await ScriptedServer.start({
      answers: { STOR: async (peer) => void (await peer.receiveFile()) },
    });
    using ferry = new Ferry();
    for (const name of ["a", "b", "c"]) ferry.home.put(name, name);
    await silently(ferry, "put", "-P", "1", "a", "b", "c", `ftp://${old.host}:${old.port}/`);
    assert.equal(old.verbs.filter((verb) => verb === "MFMT").length, 1, "it is asked once");
  });

  test("reaches names of every kind", async () => {
    await serving(async (ferry, server) => {
      mkdirSync(ferry.home.at("in"));
      for (const name of ODD_NAMES) ferry.home.put(`in/${name}`, name);
      await silently(ferry, "put", "-r", "in", server.url());
      await silently(ferry, "put", "--", ...ODD_NAMES.map((name) => `in/${name}`), `${server.url("flat")}/`);
      for (const name of ODD_NAMES) assert.equal(String(await server.files.get(`/in/${name}`)), name);
      await silently(ferry, "put", "in/100%", server.url("new 100%"));
      assert.deepEqual(await server.files.names("/flat"), [...ODD_NAMES].sort());
      assert.equal(String(await server.files.get("/new 100%")), "100%");
    });
  });

  test("puts folders with all that is in them, as cp would, and follows links but never round", async () => {
    await serving(async (ferry, server) => {
      mkdirSync(ferry.home.at("d/sub/empty"), { recursive: true });
      ferry.home.put("d/f", "1");
      ferry.home.put("d/sub/g", "2");
      symlinkSync("../f", ferry.home.at("d/sub/to-f"));
      symlinkSync("..", ferry.home.at("d/sub/round"));
      await silently(ferry, "put", "-r", "d", server.url());
      await silently(ferry, "put", "-r", "d", server.url("copy"));
      await silently(ferry, "put", "-r", "d/.", `${server.url("content")}/`);
      for (const place of ["/d", "/copy", "/content"]) {
        assert.deepEqual(await server.files.names(place), ["f", "sub"], place);
        assert.deepEqual(await server.files.names(`${place}/sub`), ["empty", "g", "to-f"], place);
        assert.equal(String(await server.files.get(`${place}/sub/to-f`)), "1");
      }
    });
  });

  test("tries all, says what failed, and ends with 1", async () => {
    await serving(async (ferry, server) => {
      mkdirSync(ferry.home.at("d"));
      ferry.home.put("d/good", "1");
      ferry.home.put("d/line\nend", "2");
      symlinkSync("nowhere", ferry.home.at("d/dangling"));
      execFileSync("mkfifo", [ferry.home.at("d/fifo")]);
      const { code, stderr, report } = await ferry.run(["put", "-r", "d", "none", server.url()]);
      assert.equal(code, 1, report);
      assert.deepEqual(await server.files.names("/d"), ["good"]);
      assert.match(stderr, /^ferry: cannot read none: there is no such file$/m);
      assert.match(stderr, /^ferry: ftp:\/\/[^ ]*\/d\/line%0Aend: /m);
      assert.equal(stderr.match(/is no file, or a link that leads nowhere: left out/g)?.length, 2);
      assert.match(stderr, /^ferry: 4 of 5 files failed\n$/m);
    });
  });

  test("ends when the server's disk is full, which is told once, as mirror does", async () => {
    await using server = await ScriptedServer.start({
      answers: {
        CWD: (peer, path) => peer.reply(path === "/" ? "250 Here." : "550 No such directory."),
        SIZE: "550 No such file.",
        MKD: '257 "made"',
        LIST: (peer) => peer.sendFile(""),
        STOR: async (peer) => {
          peer.reply("150 Go on.");
          const data = await peer.data();
          data.resume().once("end", () => data.end());
          await new Promise((resolve) => data.once("close", resolve));
          peer.reply("452 No space left.");
        },
      },
    });
    using ferry = new Ferry();
    mkdirSync(ferry.home.at("d"));
    for (let n = 0; n < 9; n++) ferry.home.put(`d/${n}`, "1");
    const url = `ftp://${server.host}:${server.port}/d`;
    for (const [argv, subject] of [
      [["put", "-r", "-P", "1", "--retries", "0", "d", url], /^ferry: ftp:[^ ]*\/d\/\d$/],
      [["mirror", "-P", "1", "d", url], /^ferry: ftp:[^ ]*\/d$/],
    ] as const) {
      const { code, stderr, report } = await ferry.run(argv);
      assert.equal(code, 1, report);
      const lines = stderr.split("\n").filter((line) => line.includes("452"));
      assert.equal(lines.length, 1, report);
      const [about = "", said = ""] = (lines[0] ?? "").split(/: (?=STOR)/);
      assert.match(about, subject);
      assert.equal(said, "STOR was answered 452 No space left. The server has no space left");
    }
    assert.equal(server.commands.filter((line) => line.startsWith("STOR")).length, 2);
  });

  test("says what is wrong with how it was asked", async () => {
    await serving(async (ferry, server) => {
      await server.files.put("/file", "1");
      ferry.home.put("a", "1");
      ferry.home.put("b", "2");
      mkdirSync(ferry.home.at("d"));
      const wrong: readonly Refusal[] = [
        [2, /where to\? The URL comes last/, "a"],
        [2, /what is to be put\? Files come first/, server.url()],
        [2, /from server to server is not offered/, server.url("file"), server.url("copy")],
        [2, /2 files need a folder: write "\/" behind the URL/, "a", "b", server.url("file")],
        [2, /standard input has no name/, "-", server.url()],
        [2, /standard input goes alone/, "-", "a", server.url()],
        [2, /--continue needs a file/, "-c", "-", server.url("x")],
        [2, /--ascii and --verify exclude each other/, "--ascii", "--verify", "a", server.url()],
        [1, /d is a folder: -r puts it/, "d", server.url()],
        [1, /file is a file: a folder cannot take its place/, "-r", "d", server.url("file")],
        [1, /file\/ is a file, and no folder/, "a", `${server.url("file")}/`],
        [1, /a and a would both become a/, "a", "a", server.url()],
        [1, /STOR was answered 5\d\d/, "a", server.url("nowhere/a")],
      ];
      await refusals(ferry, "put", wrong);
      assert.equal(String(await server.files.get("/file")), "1");
    });
  });

  test("-c leaves out what the server has, and puts anew what has changed since", async () => {
    await serving(async (ferry, server) => {
      ferry.home.put("f", someBytes(1000));
      await silently(ferry, "put", "f", server.url());
      const [skipped] = await objects(ferry, "put", "-c", "f", server.url());
      assert.deepEqual([skipped?.skipped, skipped?.bytes], [true, 0]);
      const changed = someBytes(1000);
      const later = new Date(Date.now() + 60_000);
      utimesSync(ferry.home.put("f", changed), later, later);
      const [again] = await objects(ferry, "put", "-c", "f", server.url());
      assert.deepEqual([again?.bytes, again?.start], [1000, undefined]);
      assert.deepEqual(await server.files.get("/f"), changed);
    });
  });
});

describe("an upload that breaks", () => {
  const film = someBytes(400_000);

  test("is tried again from the beginning, and only -c adds to what the server has", async () => {
    const half = new HalfServer(film.length, { cut: true });
    await using server = await ScriptedServer.start(half.script());
    using ferry = new Ferry();
    ferry.home.put("film", film);
    const url = `ftp://${server.host}:${server.port}/film`;
    await silently(ferry, "put", "film", url);
    assert.deepEqual(half.content, film);
    assert.deepEqual(half.starts, [0, 0]);
  });

  test("goes on with -c where it broke", async () => {
    const half = new HalfServer(film.length, { cut: true });
    await using server = await ScriptedServer.start(half.script());
    using ferry = new Ferry();
    ferry.home.put("film", film);
    const argv = ["put", "film", `ftp://${server.host}:${server.port}/film`];
    const { code, stderr, report } = await ferry.run([...argv, "--retries", "0"]);
    assert.equal(code, 1, report);
    assert.match(stderr, /^ferry: ftp:[^ ]*\/film: the (?:data|control) connection/);
    const there = half.content.length;
    assert.ok(there >= film.length / 2 && there < film.length);
    await silently(ferry, ...argv, "-c");
    assert.deepEqual(half.content, film);
    assert.deepEqual(half.starts, [0, there]);
  });

  test("by Ctrl-C ends with 130 and says how to go on", async () => {
    const half = new HalfServer(film.length, { cut: false });
    await using server = await ScriptedServer.start(half.script());
    using ferry = new Ferry();
    ferry.home.put("film", film);
    const argv = ["put", "film", `ftp://${server.host}:${server.port}/film`];
    // Slow enough that the end is far away when half of it is there.
    const running = ferry.start([...argv, "--limit-rate", "300K"]);
    await half.atHalf;
    running.child.kill("SIGINT");
    const { code, stderr } = await running.ended();
    assert.equal(code, 130, stderr);
    assert.equal(
      stderr,
      "ferry: 0 of 1 file done; the same command with -c goes on from here\nferry: interrupted\n",
    );
    assert.ok(half.content.length < film.length);
    await silently(ferry, ...argv, "-c");
    assert.deepEqual(half.content, film);
    assert.equal(half.starts.length, 2);
    assert.ok((half.starts[1] ?? 0) > 0);
  });
});
