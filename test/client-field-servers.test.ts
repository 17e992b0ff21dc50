/** What servers in the field do, each found with the real one (test/interop/real-servers/) and here without it. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  FtpClient,
  type FtpClientOptions,
  FtpLoginError,
  FtpPool,
  FtpReplyError,
  FtpUnsupportedError,
} from "ferry/client";
import { leakCheck, type Script, type ScriptedPeer, ScriptedServer } from "ferry/testing";
import { loginAt } from "./support/scripted.js";

leakCheck();

const WITH_MLSD = ["211-Features:", " MLST type*;size*;modify*;", "211 End"];

function optionsFor(server: ScriptedServer, o: Partial<FtpClientOptions> = {}): FtpClientOptions {
  return { ...loginAt(server), reconnect: { attempts: 0 }, ...o };
}

async function namesOf(client: FtpClient, path?: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of client.list(path)) names.push(name);
  return names;
}

/** Commands that move, list or remove. */
function saidTo(server: ScriptedServer): readonly string[] {
  return server.commands.filter((command) => /^(?:CWD|LIST|MLSD|DELE|RMD)\b/.test(command));
}

const file = (name: string) => `-rw-r--r-- 1 a b 5 Jan  1 10:00 ${name}\r\n`;
const link = (name: string, target: string) => `lrwxrwxrwx 1 a b 5 Jan  1  2020 ${name} -> ${target}\r\n`;

/** A server with working directories. */
function withDirectories(
  list: (peer: ScriptedPeer, here: string, argument: string) => void | Promise<void>,
): Script {
  let here = "/home";
  return {
    answers: {
      PWD: (peer) => peer.reply(`257 "${here}" is here.`),
      CWD: (peer, argument) => {
        here = argument.startsWith("/") ? argument : `${here}/${argument}`;
        peer.reply("250 Okay.");
      },
      LIST: (peer, argument) => list(peer, here, argument),
      // Nothing to compare clocks with: entries are not held back.
      MDTM: "502 Not here.",
    },
  };
}

describe("LIST hands its argument to a program (inetutils ftpd)", () => {
  test("so names that it would take apart are gone to, and come back from", async () => {
    const script = withDirectories((peer, here, argument) =>
      peer.sendFile(argument === "" ? file(here === "/home" ? "at-home" : "inside") : ""),
    );
    await using server = await ScriptedServer.start(script);
    await using client = await FtpClient.connect(optionsFor(server));
    for (const name of ["a b", "[x]", "st*r", "-R", "~joe"]) {
      assert.deepEqual(await namesOf(client, name), ["inside"], name);
      assert.deepEqual(await namesOf(client), ["at-home"], name);
    }
  });

  test("and a listing that is given up comes back as well", async () => {
    const script = withDirectories(async (peer, here) => {
      if (here === "/home") return await peer.sendFile(file("at-home"));
      peer.reply("150 Here it comes.");
      const socket = await peer.data();
      socket.on("error", () => {});
      socket.write(file("inside"));
      await new Promise((resolve) => socket.once("close", resolve));
      peer.reply("426 It broke.");
    });
    await using server = await ScriptedServer.start(script);
    await using client = await FtpClient.connect(optionsFor(server));
    assert.deepEqual(await namesOf(client), ["at-home"]);
    for await (const { name } of client.list("a b")) {
      assert.equal(name, "inside");
      break;
    }
    assert.deepEqual(await namesOf(client), ["at-home"]);
  });

  test("and a link to a directory is listed as that directory", async () => {
    const script = withDirectories((peer, here, argument) => {
      if (argument === "current") return peer.sendFile(link("current", "releases/5"));
      return peer.sendFile(here === "/home/current" ? file("inside") : link("current", "releases/5"));
    });
    await using server = await ScriptedServer.start(script);
    await using client = await FtpClient.connect(optionsFor(server));
    assert.deepEqual(await namesOf(client, "current"), ["inside"]);
    assert.deepEqual(await namesOf(client), ["current"]);
  });
});

describe("a recursive removal goes through no link", () => {
  test("that MLSD shows as a directory (pyftpdlib)", async () => {
    await using server = await ScriptedServer.start({
      answers: {
        FEAT: WITH_MLSD,
        MLST: ["250-Listing", " type=dir;modify=20240101000000; x", "250 End"],
        MLSD: (peer, path) =>
          peer.sendFile(path === "dir" ? "type=dir; link\r\ntype=dir; real\r\n" : "type=file; precious\r\n"),
        DELE: (peer, path) => peer.reply(/dir\/real$|^dir$/.test(path) ? "550 Is a directory." : "250 Gone."),
        RMD: "250 Gone.",
      },
    });
    await using client = await FtpClient.connect(optionsFor(server));
    await client.removeDirectory("dir", { recursive: true });
    assert.deepEqual(
      saidTo(server).filter((command) => !command.startsWith("CWD")),
      [
        "DELE dir",
        "MLSD dir",
        "DELE dir/link",
        "DELE dir/real",
        "MLSD dir/real",
        "DELE dir/real/precious",
      ].concat(["RMD dir/real", "RMD dir"]),
    );
  });

  test("that DELE does not take away (inetutils ftpd)", async () => {
    const { answers } = withDirectories((peer, here) =>
      peer.sendFile(here === "/home" ? link("current", "releases/5") : file("precious")),
    );
    await using server = await ScriptedServer.start({
      answers: { ...answers, DELE: "550 current: Not a directory." },
    });
    await using client = await FtpClient.connect(optionsFor(server));
    await assert.rejects(client.removeDirectory("current", { recursive: true }), FtpReplyError);
    assert.ok(!saidTo(server).some((command) => command.includes("precious")));
  });

  test("and a file is no directory", async () => {
    await using server = await ScriptedServer.start({
      answers: {
        FEAT: WITH_MLSD,
        MLST: ["250-Listing", " type=file;size=3; x", "250 End"],
        DELE: "250 Gone.",
        RMD: "550 Not a directory.",
      },
    });
    await using client = await FtpClient.connect(optionsFor(server));
    await assert.rejects(client.removeDirectory("x", { recursive: true }), FtpReplyError);
    assert.deepEqual(saidTo(server), ["RMD x"]);
  });
});

test("after a listing that broke, Pure-FTPd's session is not used again", async () => {
  await using server = await ScriptedServer.start({
    answers: {
      FEAT: ["211-Features:", " MLST type*;", " ESTP", "211 End"],
      MLSD: async (peer, path) => {
        if (path === "") return await peer.sendFile("type=file; fresh\r\n");
        peer.reply("150 Here it comes.");
        const socket = await peer.data();
        socket.on("error", () => {});
        socket.write("type=file; stale\r\n");
        await new Promise((resolve) => socket.once("close", resolve));
      },
    },
  });
  await using client = await FtpClient.connect(optionsFor(server, { reconnect: { attempts: 1, delay: 1 } }));
  for await (const { name } of client.list("many")) {
    assert.equal(name, "stale");
    break;
  }
  assert.deepEqual(await namesOf(client), ["fresh"]);
  assert.equal(server.commands.filter((command) => command.startsWith("USER")).length, 2);
  assert.ok(!server.commands.includes("ABOR"));
});

test("MDTM that only tells times is not taken for one that sets them", async () => {
  await using server = await ScriptedServer.start({
    answers: {
      FEAT: ["211-Features:", " MDTM", "211 End"],
      MDTM: "550 20200101000000 x: No such file or directory",
      SITE: "500 What?",
    },
  });
  await using client = await FtpClient.connect(optionsFor(server));
  await assert.rejects(client.setTimes("x", { modified: 0 }), FtpUnsupportedError);
});

describe("a pool", () => {
  const refusing = (most: number, text: string): Script => {
    let logins = 0;
    return { answers: { PASS: (peer) => peer.reply(++logins <= most ? "230 Welcome." : text) } };
  };

  test("takes 530 for one session too many, where others were let in (ProFTPD)", async () => {
    const text = "530 Sorry, the maximum number of allowed clients (2) are already connected.";
    await using server = await ScriptedServer.start(refusing(2, text));
    await using pool = new FtpPool({ ...optionsFor(server), connections: 5 });
    await Promise.all(Array.from({ length: 10 }, () => pool.run((client) => client.send("NOOP"))));
    assert.ok(pool.limit <= 2);
    assert.equal(pool.size, pool.limit);
  });

  test("tells of a wrong password", async () => {
    await using server = await ScriptedServer.start(refusing(0, "530 Login incorrect."));
    await using pool = new FtpPool({ ...optionsFor(server), connections: 5 });
    const results = await Promise.allSettled(
      Array.from({ length: 5 }, () => pool.run((client) => client.send("NOOP"))),
    );
    for (const result of results) {
      assert.ok(result.status === "rejected" && result.reason instanceof FtpLoginError);
    }
  });
});
