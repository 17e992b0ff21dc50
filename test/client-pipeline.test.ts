/** Commands that leave together, where the server has shown that it takes them so. */
import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { describe, test } from "node:test";
import { FtpClient, type FtpClientOptions, FtpPool, mirror, type TraceLine } from "ferry/client";
import { leakCheck, type Script, ScriptedServer } from "ferry/testing";
import { LocalFolder } from "./support/files.js";

leakCheck();

/** `reply`: milliseconds; less than many only where nothing comes. */
function optionsFor({ host, port }: ScriptedServer, reply = 10_000): FtpClientOptions {
  return {
    host,
    port,
    user: "anna",
    password: "x",
    timeouts: { reply, dataConnect: 10_000, abort: 5000 },
    reconnect: { attempts: 2, delay: 1 },
  };
}

const USUAL: NonNullable<Script["answers"]> = {
  MDTM: "213 20240101000000",
  RETR: (peer, name) => peer.sendFile(name),
};

/** What was said from the first transfer on. */
function talk({ commands }: ScriptedServer): string[] {
  return commands.slice(commands.indexOf("TYPE I") + 1);
}

describe("the commands of a transfer", () => {
  test("leave together once a data connection has worked and two NOOPs were answered", async () => {
    const behind: boolean[] = [];
    await using server = await ScriptedServer.start({
      answers: {
        ...USUAL,
        EPSV: async (peer) => {
          // All lines of one segment are there before the first one is answered.
          behind.push(server.verbs.at(-1) === "RETR");
          peer.reply(`229 Here (|||${await peer.listen()}|)`);
        },
      },
    });
    await using client = await FtpClient.connect(optionsFor(server));
    using folder = new LocalFolder();
    for (const name of ["a", "b", "c"]) {
      await client.download(name, folder.at(name), { pipeline: true, keepTimes: true });
      assert.equal(String(folder.get(name)), name);
    }
    assert.deepEqual(talk(server), [
      ...["MDTM a", "EPSV", "RETR a"],
      ...["NOOP", "NOOP"],
      ...["MDTM b", "EPSV", "RETR b"],
      ...["MDTM c", "EPSV", "RETR c"],
    ]);
    assert.deepEqual(behind, [false, true, true]);
  });

  test("are sent one by one unless it was asked for", async () => {
    await using server = await ScriptedServer.start({ answers: USUAL });
    await using client = await FtpClient.connect(optionsFor(server));
    for (const name of ["a", "b"]) assert.equal(String(await client.readFile(name)), name);
    assert.ok(!server.verbs.includes("NOOP"));
  });

  test("are sent one by one to a server that loses what stands behind the first line", async () => {
    const noops = new WeakMap<object, number>();
    await using server = await ScriptedServer.start({
      answers: {
        ...USUAL,
        FEAT: ["211-Features:", " MLST type*;size*;modify*;", "211 End"],
        MLSD: (peer) =>
          peer.sendFile(
            ["a", "b", "c"].map((n) => `type=file;size=1;modify=20240101000000; ${n}\r\n`).join(""),
          ),
        NOOP: (peer) => {
          const before = noops.get(peer) ?? 0;
          noops.set(peer, before + 1);
          if (before === 0) peer.reply("200 Okay.");
        },
      },
    });
    await using pool = new FtpPool({ ...optionsFor(server), connections: 1 });
    using folder = new LocalFolder();
    const { failed } = await mirror(pool, { direction: "download", remote: "/", local: folder.path });
    assert.equal(failed, 0);
    assert.deepEqual(
      ["a", "b", "c"].map((name) => String(folder.get(name))),
      ["/a", "/b", "/c"],
    );
    assert.equal(server.verbs.filter((verb) => verb === "NOOP").length, 2, "it is asked once");
    assert.equal(server.peers.length, 2);
  });

  for (const [name, answers] of [
    ["the file is refused", { RETR: "550 No such file." }],
    ["the time is refused", { MDTM: "550 No such file.", RETR: "550 No such file." }],
  ] as const) {
    test(`leave the session in step when ${name}`, async () => {
      let refuse = false;
      const refusing = Object.entries(answers).map(([verb, answer]) => [
        verb,
        ((peer, argument) => {
          if (refuse) return peer.reply(answer);
          return verb === "RETR" ? peer.sendFile(argument) : peer.reply("213 20240101000000");
        }) satisfies NonNullable<Script["answers"]>[string],
      ]);
      await using server = await ScriptedServer.start({
        answers: { ...USUAL, ...Object.fromEntries(refusing) },
      });
      await using client = await FtpClient.connect(optionsFor(server));
      using folder = new LocalFolder();
      const o = { pipeline: true, keepTimes: true } as const;
      for (const file of ["a", "b"]) await client.download(file, folder.at(file), o);
      refuse = true;
      await assert.rejects(client.download("c", folder.at("c"), o), { code: "ERR_FERRY_FTP_REPLY" });
      assert.ok(!folder.has("c") && !folder.has("c.part"));
      refuse = false;
      await client.download("d", folder.at("d"), o);
      assert.equal(String(folder.get("d")), "d");
      assert.equal(server.peers.length, 1);
    });
  }

  test("find another way when the data connection works no more", async () => {
    let blocked = false;
    await using server = await ScriptedServer.start({
      answers: {
        ...USUAL,
        EPSV: async (peer) => {
          if (blocked) return peer.reply("522 Not now.");
          peer.reply(`229 Here (|||${await peer.listen()}|)`);
        },
        RETR: (peer, name) =>
          blocked && name === "c" ? peer.reply("425 No data port.") : peer.sendFile(name),
      },
    });
    await using client = await FtpClient.connect(optionsFor(server));
    for (const name of ["a", "b"]) await client.readFile(name, { pipeline: true });
    blocked = true;
    await assert.rejects(client.readFile("c", { pipeline: true }), {
      code: "ERR_FERRY_FTP_DATA_CONNECTION",
      retryable: true,
    });
    assert.equal(String(await client.readFile("d", { pipeline: true })), "d");
    assert.ok(server.verbs.includes("PASV"));
  });
});

/** What a client has been told, by its trace. */
class Heard {
  readonly #replies = new EventEmitter();

  note(line: TraceLine): void {
    if (line.kind === "reply") this.#replies.emit(line.reply.lines[0]);
  }

  /** Until the next reply of this text has come. */
  async told(text: string): Promise<void> {
    await once(this.#replies, text);
  }
}

describe("a server that is out of step where commands leave together", () => {
  /** Files are downloaded together from the second one on; then a size is asked for, which is 7. */
  async function sizeAfter(
    answers: NonNullable<Script["answers"]>,
    download: (client: FtpClient, path: string) => Promise<unknown>,
    reply?: number,
    onTrace: (line: TraceLine) => void = () => {},
  ): Promise<{ outcome: unknown; size: number; connections: number }> {
    await using server = await ScriptedServer.start({ answers: { ...USUAL, SIZE: "213 7", ...answers } });
    await using client = await FtpClient.connect({ ...optionsFor(server, reply), onTrace });
    using folder = new LocalFolder();
    for (const name of ["a", "b"]) await client.download(name, folder.at(name), { pipeline: true });
    const outcome = await download(client, folder.at("c")).catch((error: unknown) => error);
    const size = await client.size("a");
    const connections = server.verbs.filter((verb) => verb === "USER").length;
    assert.equal(folder.has("c"), !(outcome instanceof Error));
    return { outcome, size, connections };
  }

  const third = (path: string, client: FtpClient) => client.download("c", path, { pipeline: true });

  test("by a 229 that comes twice: it is no answer to RETR", async () => {
    let asked = 0;
    const { outcome, size } = await sizeAfter(
      {
        EPSV: async (peer) => {
          const reply = `229 Here (|||${await peer.listen()}|)`;
          peer.reply(reply);
          if (++asked === 3) peer.reply(reply);
        },
      },
      (client, path) => third(path, client),
    );
    assert.equal((outcome as { code?: string }).code, "ERR_FERRY_FTP_PROTOCOL");
    assert.equal(size, 7);
  });

  test("by one reply for two commands", async () => {
    let asked = 0;
    const { outcome, size } = await sizeAfter(
      {
        EPSV: async (peer) => peer.reply(`229 Here (|||${await peer.listen()}|)`),
        RETR: async (peer, name) => {
          if (++asked !== 3) await peer.sendFile(name);
        },
      },
      (client, path) => third(path, client),
      2000,
    );
    assert.ok(outcome instanceof Error);
    assert.equal(size, 7);
  });

  test("by a refused EPSV behind which the file comes all the same", async () => {
    let asked = 0;
    const { outcome, size } = await sizeAfter(
      {
        EPSV: async (peer) => peer.reply(++asked === 3 ? "200 No." : `229 Here (|||${await peer.listen()}|)`),
        RETR: async (peer, name) => {
          if (asked === 3) for (const line of ["150 Here it comes.", "226 Done."]) peer.reply(line);
          else await peer.sendFile(name);
        },
        ABOR: "226 Nothing to abort.",
      },
      (client, path) => third(path, client),
    );
    assert.ok(outcome instanceof Error);
    assert.equal(size, 7);
  });

  test("by an abort before the first reply, and a 200 for EPSV behind it", async () => {
    let asked = 0;
    const abort = new AbortController();
    const heard = new Heard();
    const { outcome, size } = await sizeAfter(
      {
        EPSV: async (peer) => {
          if (++asked !== 3) return peer.reply(`229 Here (|||${await peer.listen()}|)`);
          abort.abort();
          await heard.told("Nothing to abort.");
          peer.reply("200 Where?");
        },
        RETR: async (peer, name) => {
          if (asked !== 3) return await peer.sendFile(name);
          await heard.told("Where?");
          peer.reply("425 Nowhere.");
        },
        ABOR: "226 Nothing to abort.",
      },
      (client, path) => client.download("c", path, { pipeline: true, signal: abort.signal }),
      undefined,
      (line) => heard.note(line),
    );
    assert.equal((outcome as Error).name, "AbortError");
    assert.equal(size, 7);
  });
});
