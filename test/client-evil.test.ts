/** Servers that attack, break off or babble, each by its name (study/field.md 3 and 4). */
import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { FtpClient, type FtpClientOptions, FtpError } from "ferry/client";
import { leakCheck, type Script, type ScriptedPeer, ScriptedServer } from "ferry/testing";
import { LocalFolder } from "./support/files.js";
import { loginAt } from "./support/scripted.js";

leakCheck();

const FAST = {
  connect: 3000,
  reply: 3000,
  dataConnect: 1000,
  stall: 1500,
  completion: 1500,
  abort: 600,
} as const;

function optionsFor(server: ScriptedServer, o: Partial<FtpClientOptions> = {}): FtpClientOptions {
  return {
    ...loginAt(server),
    timeouts: FAST,
    reconnect: { attempts: 2, delay: 1 },
    ...o,
  };
}

const MLST = ["211-Features:", " MLST type*;size*;modify*;", " UTF8", "211 End"] as const;

async function namesOf(client: FtpClient, path?: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of client.list(path)) names.push(name);
  return names;
}

describe("endless", () => {
  test("endless-banner: a greeting without an end is given up, in bounded memory", async () => {
    await using server = await ScriptedServer.start({
      greeting: async (peer) => {
        const line = `220-${"x".repeat(1000)}\r\n`.repeat(64);
        while (await peer.flood(line));
      },
    });
    await assert.rejects(FtpClient.connect(optionsFor(server)), {
      code: "ERR_FERRY_FTP_PROTOCOL",
      phase: "greeting",
    });
  });

  test("endless-banner: one line without an end", async () => {
    await using server = await ScriptedServer.start({
      greeting: async (peer) => {
        while (await peer.flood("x".repeat(65_536)));
      },
    });
    await assert.rejects(FtpClient.connect(optionsFor(server)), { code: "ERR_FERRY_FTP_PROTOCOL" });
  });

  test("endless-reply: to a command, and replies that nobody asked for", async () => {
    await using server = await ScriptedServer.start({
      answers: {
        SIZE: async (peer) => {
          while (await peer.flood("213-y\r\n".repeat(5000)));
        },
        DELE: async (peer) => {
          peer.reply("150 wait");
          while (await peer.flood("150 wait\r\n".repeat(5000)));
        },
      },
    });
    await using client = await FtpClient.connect(optionsFor(server));
    await assert.rejects(client.size("f"), { code: "ERR_FERRY_FTP_PROTOCOL" });
    await assert.rejects(client.remove("f"), (error: FtpError) => error instanceof FtpError);
  });

  test("endless-listing: entries, and a line, without an end", async () => {
    const flood = (chunk: string): Script => ({
      answers: {
        LIST: async (peer) => {
          peer.reply("150 Here it comes.");
          const socket = await peer.data();
          while (await peer.flood(chunk, socket));
          peer.reply("426 Gone.");
        },
      },
    });
    const limits = { listing: 3_000_000 };
    const line = "-rw-r--r-- 1 a b 5 Jan  1  2020 name\r\n".repeat(1000);
    for (const [chunk, limit] of [
      [line, "limits.listing)"],
      ["x".repeat(40_000), "limits.listingLine)"],
    ] as const) {
      await using server = await ScriptedServer.start(flood(chunk));
      await using client = await FtpClient.connect(optionsFor(server, { limits }));
      await assert.rejects(namesOf(client), (error: FtpError) => {
        assert.equal(error.code, "ERR_FERRY_FTP_PROTOCOL");
        assert.ok(error.message.includes(limit), error.message);
        return true;
      });
      assert.equal(await client.workingDirectory(), "/");
    }
  });
});

test("split-replies: every reply may be cut at every byte", async () => {
  const cut = (text: string) => async (peer: ScriptedPeer) => {
    for (const byte of text) {
      peer.send(byte);
      await nextTurn();
    }
  };
  await using server = await ScriptedServer.start({
    greeting: cut("220-Welcome\r\n 220 is not the end\r\n220 Ready\r\n"),
    answers: {
      USER: cut("331 Password\r\n"),
      PASS: cut("230-Hello\r\n 230 inside\r\n230 In\r\n"),
      FEAT: cut("211-Features\r\n SIZE\r\n UTF8\r\n211 End\r\n"),
      SIZE: cut("213 42\r\n"),
      PWD: cut('257 "/a ""b""" is here\r\n'),
      EPSV: async (peer) => cut(`229 Here (|||${await peer.listen()}|)\r\n`)(peer),
      RETR: async (peer) => {
        await cut("150-It comes\r\n 226 is not yet\r\n150 Now\r\n")(peer);
        const socket = await peer.data();
        socket.end("content");
        await cut("226 Done\r\n")(peer);
      },
    },
  });
  await using client = await FtpClient.connect(optionsFor(server));
  assert.equal(await client.size("f"), 42);
  assert.equal(await client.workingDirectory(), '/a "b"');
  assert.equal(String(await client.readFile("f")), "content");
  assert.deepEqual([...client.features.keys()], ["SIZE", "UTF8"]);
});

describe("traversal-names", () => {
  const evil = ["../../.bashrc", "..", ".", "/etc/passwd", "a/b", "a\0b"];
  const listings: Readonly<Record<string, (name: string) => string>> = {
    unix: (name) => `-rw-r--r-- 1 a b 5 Jan  1  2020 ${name}`,
    dos: (name) => `01-02-20  09:09PM                  5 ${name}`,
    eplf: (name) => `+i1,m824255902,r,s5,\t${name}`,
    netware: (name) => `- [R----F--] rhesus             5       Oct 20  2020    ${name}`,
    os400: (name) => `PEP              5 04/04/04 18:58:16 *STMF      ${name}`,
    os9: (name) => ` 0.0   88/11/03 1234  --e-rewr     445      5 ${name}`,
  };
  for (const [dialect, line] of Object.entries(listings)) {
    test(`in LIST of ${dialect}`, async () => {
      const text = [...evil, "good"].map((name) => `${line(name)}\r\n`).join("");
      await using server = await ScriptedServer.start({ answers: { LIST: (peer) => peer.sendFile(text) } });
      await using client = await FtpClient.connect(optionsFor(server));
      const skipped: string[] = [];
      const names: string[] = [];
      for await (const { name } of client.list(undefined, { onSkipped: (raw) => skipped.push(raw) }))
        names.push(name);
      assert.deepEqual(names, ["good"]);
      assert.equal(skipped.length, evil.length);
    });
  }

  // Their names have no blanks, and what cannot be one may make it another kind of line: it is not always told.
  const words: Readonly<
    Record<string, readonly [heading: string, line: (name: string) => string, good: string]>
  > = {
    vms: [
      "Directory DISK:[A]",
      (name) => `${name};1  5/6  29-JAN-1996 03:33:12  [A,B]  (RWED,RWED,,)`,
      "good",
    ],
    nonstop: [
      "File         Code             EOF  Last Modification    Owner  RWEP",
      (name) => `${name}  101  2522 27-Aug-02 13:57:10 155,106 "nnnn"`,
      "good",
    ],
    zvm: ["", (name) => `${name} X  V  37  10  1  4/08/99 11:11:48 TESTID`, "good.X"],
    mvs: [
      "Volume Unit    Referred Ext Used Recfm Lrecl BlkSz Dsorg Dsname",
      (name) => `WYOSPT 3420   2003/05/21  1  200  FB      80  8053  PS  ${name}`,
      "good",
    ],
  };
  for (const [dialect, [heading, line, good]] of Object.entries(words)) {
    test(`in LIST of ${dialect}`, async () => {
      const text = [heading, line("good"), ...evil.map(line), line("good")]
        .map((each) => `${each}\r\n`)
        .join("");
      await using server = await ScriptedServer.start({ answers: { LIST: (peer) => peer.sendFile(text) } });
      await using client = await FtpClient.connect(optionsFor(server));
      const names = await namesOf(client);
      assert.deepEqual([names.at(0), names.at(-1)], [good, good]);
      for (const name of names) assert.doesNotMatch(name, /[/\0]|^\.{0,2}$/);
    });
  }

  test("in MLSD", async () => {
    const text = [...evil, "good"].map((name) => `type=file;size=5; ${name}\r\n`).join("");
    await using server = await ScriptedServer.start({
      answers: { FEAT: MLST, MLSD: (peer) => peer.sendFile(text) },
    });
    await using client = await FtpClient.connect(optionsFor(server));
    assert.deepEqual(await namesOf(client), ["good"]);
  });
});

describe("foreign-227", () => {
  const foreign: Script["answers"] = {
    EPSV: "500 What?",
    PASV: async (peer) => {
      const port = await peer.listen();
      peer.reply(`227 Entering Passive Mode (192,0,2,1,${port >> 8},${port & 255}).`);
    },
    RETR: (peer) => peer.sendFile("content"),
  };

  test("its address is not used, and the transfer works", async () => {
    await using server = await ScriptedServer.start({ answers: foreign });
    const notes: string[] = [];
    await using client = await FtpClient.connect(
      optionsFor(server, { onTrace: (line) => line.kind === "note" && notes.push(line.text) }),
    );
    assert.equal(String(await client.readFile("f")), "content");
    assert.equal(notes.length, 1);
    assert.equal(String(await client.readFile("f")), "content");
    assert.equal(server.verbs.filter((verb) => verb === "EPSV").length, 1, "what worked is remembered");
  });

  test("it is used when asked", async () => {
    await using server = await ScriptedServer.start({
      answers: { ...foreign, PASV: "227 Entering Passive Mode (127,0,0,1,0,1)." },
    });
    await using client = await FtpClient.connect(
      optionsFor(server, { trustPassiveAddress: true, dataMode: "passive" }),
    );
    await assert.rejects(client.readFile("f"), {
      code: "ERR_FERRY_FTP_DATA_CONNECTION",
      phase: "data-connection",
    });
  });

  test("a 229 with a host leads to the server all the same; an unreadable one to PASV", async () => {
    for (const odd of ["229 Extended (|1|192.0.2.1|%|)", "229 Somewhere, find it"]) {
      await using server = await ScriptedServer.start({
        answers: {
          EPSV: async (peer) => peer.reply(odd.replace("%", String(await peer.listen()))),
          RETR: (peer) => peer.sendFile("content"),
        },
      });
      await using client = await FtpClient.connect(optionsFor(server));
      assert.equal(String(await client.readFile("f")), "content");
      assert.equal(server.verbs.includes("PASV"), !odd.includes("|"));
    }
  });

  test("where no passive port is open, the server connects to us", async () => {
    await using server = await ScriptedServer.start({
      answers: {
        EPSV: "229 Entering Extended Passive Mode (|||1|)",
        PASV: "227 Entering Passive Mode (127,0,0,1,0,1).",
        RETR: (peer) => peer.sendFile("content"),
      },
    });
    await using client = await FtpClient.connect(optionsFor(server));
    assert.equal(String(await client.readFile("f")), "content");
    assert.equal(String(await client.readFile("f")), "content");
    assert.deepEqual(
      server.verbs.filter((verb) => /^(?:EPSV|PASV|PORT)$/.test(verb)),
      ["EPSV", "PASV", "PORT", "PORT"],
    );
  });
});

describe("421-mid-transfer", () => {
  test("ends the download with the server's words, and the next call has a new connection", async () => {
    await using server = await ScriptedServer.start({
      answers: {
        RETR: async (peer) => {
          peer.reply("150 Here it comes.");
          const socket = await peer.data();
          socket.write("half a fi");
          peer.reply("421 Shutting down for maintenance.");
          peer.end();
        },
        SIZE: "213 9",
        CWD: "250 Okay.",
        PWD: '257 "/deep/down" is here.',
      },
    });
    await using client = await FtpClient.connect(optionsFor(server));
    await client.changeDirectory("down");
    using folder = new LocalFolder();
    await assert.rejects(client.download("f", folder.at("f")), (error: FtpError) => {
      assert.equal(error.code, "ERR_FERRY_FTP_CONNECTION");
      assert.equal(error.reply?.code, 421);
      assert.ok(error.retryable);
      return true;
    });
    assert.equal(folder.has("f"), false);
    assert.equal(await client.size("f"), 9);
    assert.equal(server.peers.length, 2);
    assert.ok(server.commands.includes("CWD /deep/down"), "it goes back to the directory");
  });
});

describe("out of order", () => {
  test("data-before-150: nothing is lost", async () => {
    await using server = await ScriptedServer.start({
      answers: {
        RETR: async (peer) => {
          const socket = await peer.data();
          socket.end("early content");
          await new Promise((resolve) => socket.once("finish", resolve));
          await nextTurn();
          peer.reply("150 Here it comes.");
          peer.reply("226 Done.");
        },
      },
    });
    await using client = await FtpClient.connect(optionsFor(server));
    for (let n = 0; n < 3; n++) assert.equal(String(await client.readFile("f")), "early content");
  });

  test("226-before-data-ends: the rest is waited for", async () => {
    await using server = await ScriptedServer.start({
      answers: {
        RETR: async (peer) => {
          peer.reply("150 Here it comes.");
          const socket = await peer.data();
          socket.write("first half, ");
          peer.reply("226 Done.");
          for (let turn = 0; turn < 50; turn++) await nextTurn();
          socket.end("second half");
        },
      },
    });
    await using client = await FtpClient.connect(optionsFor(server));
    for (let n = 0; n < 3; n++) assert.equal(String(await client.readFile("f")), "first half, second half");
  });

  test("226-before-data-ends: of an upload it is no success", async () => {
    await using server = await ScriptedServer.start({
      answers: {
        STOR: async (peer) => {
          peer.reply("150 Send it.");
          await peer.data();
          peer.reply("226 That will do.");
        },
      },
    });
    await using client = await FtpClient.connect(optionsFor(server));
    async function* slow() {
      yield Buffer.from("some");
      await new Promise(() => {});
    }
    await assert.rejects(client.upload(slow(), "f"), { code: "ERR_FERRY_FTP_PROTOCOL" });
  });

  test("a second 226 is dropped, and a 200 for a transfer that ended too", async () => {
    await using server = await ScriptedServer.start({
      answers: {
        RETR: async (peer) => {
          await peer.sendFile("content");
          peer.reply("226 Done, really.");
        },
      },
    });
    await using client = await FtpClient.connect(optionsFor(server));
    for (let n = 0; n < 3; n++) {
      assert.equal(String(await client.readFile("f")), "content");
      await nextTurn();
      await nextTurn();
    }
    assert.equal(await client.workingDirectory(), "/");
  });

  test("226 that never comes is a timeout, and the next call works", async () => {
    await using server = await ScriptedServer.start({
      answers: {
        RETR: async (peer) => {
          peer.reply("150 Here it comes.");
          (await peer.data()).end("content");
        },
      },
    });
    await using client = await FtpClient.connect(optionsFor(server));
    await assert.rejects(client.readFile("f"), { code: "ERR_FERRY_FTP_TIMEOUT", phase: "transfer" });
    assert.equal(await client.workingDirectory(), "/");
  });

  test("a listing that is refused with an odd 226 and no data is empty", async () => {
    await using server = await ScriptedServer.start({
      answers: {
        LIST: async (peer) => {
          peer.reply("226 Nothing here.");
          (await peer.data()).end();
        },
      },
    });
    await using client = await FtpClient.connect(optionsFor(server));
    assert.deepEqual(await namesOf(client), []);
    assert.equal(await client.workingDirectory(), "/");
  });
});

describe("standing-still", () => {
  const timeouts = { ...FAST, stall: 300 };

  test("of a download is a timeout, and the next call works", async () => {
    await using server = await ScriptedServer.start({
      answers: {
        SIZE: "213 8",
        RETR: async (peer) => {
          peer.reply("150 Here it comes.");
          const socket = await peer.data();
          socket.write("half");
          await once(socket, "close");
          peer.reply("426 Aborted.");
        },
      },
    });
    await using client = await FtpClient.connect(optionsFor(server, { timeouts }));
    const stalled = { code: "ERR_FERRY_FTP_TIMEOUT", phase: "transfer", retryable: true };
    await assert.rejects(client.readFile("f"), stalled);
    assert.equal(await client.size("f"), 8);
  });

  test("of an upload that nobody reads too", async () => {
    await using server = await ScriptedServer.start({
      answers: {
        SIZE: "213 8",
        STOR: async (peer) => {
          peer.reply("150 Send it.");
          const socket = (await peer.data()).pause();
          await once(peer.socket, "data");
          socket.destroy();
          peer.reply("426 Aborted.");
        },
      },
    });
    await using client = await FtpClient.connect(optionsFor(server, { timeouts }));
    const stalled = { code: "ERR_FERRY_FTP_TIMEOUT", phase: "transfer", retryable: true };
    await assert.rejects(client.upload(Buffer.alloc(64_000_000), "f"), stalled);
    assert.equal(await client.size("f"), 8);
  });
});

describe("hanging-abor", () => {
  const stuck: Script["answers"] = {
    RETR: async (peer) => {
      peer.reply("150 Here it comes.");
      (await peer.data()).write("some");
    },
  };

  for (const [name, abor, sessions] of [
    ["no answer at all: the connection is closed, and the next call has a new one", () => {}, 2],
    ["one reply for both: a NOOP tells that we are in step", "226 Aborted.", 1],
    ["426 and 226", ["426 Aborted.", "226 Done."], 1],
    ["426 and 225", ["426 Aborted.", "225 Still open."], 1],
    ["ABOR is not known", ["451 Local error.", "500 What?"], 1],
  ] as const) {
    test(name, async () => {
      await using server = await ScriptedServer.start({ answers: { ...stuck, ABOR: abor } });
      await using client = await FtpClient.connect(optionsFor(server));
      const stop = new AbortController();
      const stream = client.createReadStream("f", { signal: stop.signal });
      stream.on("data", () => stop.abort(new Error("enough")));
      await assert.rejects(
        async () => {
          for await (const _ of stream);
        },
        { name: "AbortError" },
      );
      assert.equal(await client.workingDirectory(), "/");
      assert.equal(server.peers.length, sessions);
    });
  }
});

describe("reset-at-every-step", () => {
  const steps = ["greeting", "USER", "PASS", "FEAT", "OPTS", "TYPE", "EPSV", "REST", "RETR", "150", "data"];
  for (const step of steps) {
    test(`at ${step}: an FtpError, and no unhandled error`, async () => {
      let resets = 0;
      const retr: Script["answers"] = {
        RETR: async (peer) => {
          if (step === "RETR") return await peer.reset();
          peer.reply("150 Here it comes.");
          if (step === "150") return await peer.reset();
          const socket = await peer.data();
          socket.write("half");
          await nextTurn();
          if (step === "data") socket.resetAndDestroy();
          peer.reply("426 Broken.");
        },
      };
      const breaking: Script["answers"] = {
        [step]: async (peer: { reset(): Promise<void> }) => {
          resets++;
          await peer.reset();
        },
      };
      await using server = await ScriptedServer.start({
        ...(step === "greeting" && { greeting: (peer) => peer.reset() }),
        answers: { ...retr, ...(retr[step] === undefined && breaking) },
      });
      const run = async () => {
        await using client = await FtpClient.connect(optionsFor(server));
        return await client.readFile("f", { start: 1 });
      };
      await assert.rejects(run(), (error) => {
        assert.ok(error instanceof FtpError, String(error));
        assert.ok(error.retryable, `${error.name}: ${error.message}`);
        return true;
      });
      assert.ok(resets <= 4);
    });
  }

  for (const step of ["EPSV", "STOR", "150", "data", "226"]) {
    test(`of an upload, at ${step}: an FtpError, and no unhandled error`, async () => {
      const stor: Script["answers"] = {
        STOR: async (peer) => {
          if (step === "STOR") return await peer.reset();
          peer.reply("150 Send it.");
          if (step === "150") return await peer.reset();
          const socket = await peer.data();
          if (step === "data") {
            socket.resetAndDestroy();
            return peer.reply("426 Broken.");
          }
          socket.resume();
          await once(socket, "end");
          await peer.reset();
        },
        ...(step === "EPSV" && { EPSV: (peer: ScriptedPeer) => peer.reset() }),
      };
      await using server = await ScriptedServer.start({ answers: stor });
      const run = async () => {
        await using client = await FtpClient.connect(optionsFor(server));
        await client.upload(Buffer.alloc(1_000_000), "f");
      };
      await assert.rejects(run(), (error) => {
        assert.ok(error instanceof FtpError, String(error));
        assert.ok(error.retryable, `${error.name}: ${error.message}`);
        return true;
      });
    });
  }
});

test("a server that refuses the connection says why", async () => {
  await using server = await ScriptedServer.start({ greeting: "530 Too many of you." });
  await assert.rejects(FtpClient.connect(optionsFor(server)), {
    code: "ERR_FERRY_FTP_REPLY",
    phase: "greeting",
  });
});

test("a silent server is a timeout", async () => {
  await using server = await ScriptedServer.start({ greeting: () => {} });
  await assert.rejects(FtpClient.connect(optionsFor(server, { timeouts: { ...FAST, reply: 50 } })), {
    code: "ERR_FERRY_FTP_TIMEOUT",
    phase: "greeting",
  });
});
