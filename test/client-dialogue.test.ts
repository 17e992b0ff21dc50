/** What the client says to servers that know less, or something else, than Ferry's own. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, test } from "node:test";
import { FtpClient, type FtpClientOptions, type FtpEntry, type FtpError, type TraceLine } from "ferry/client";
import { leakCheck, type Script, type ScriptedPeer, ScriptedServer } from "ferry/testing";
import { LocalFolder } from "./support/files.js";
import { TestProxy } from "./support/proxy.js";
import { loginAt } from "./support/scripted.js";

leakCheck();

function optionsFor(server: ScriptedServer, o: Partial<FtpClientOptions> = {}): FtpClientOptions {
  return {
    ...loginAt(server),
    reconnect: { attempts: 3, delay: 1 },
    ...o,
  };
}

async function entriesOf(client: FtpClient, o: { hidden?: boolean } = {}): Promise<FtpEntry[]> {
  const entries: FtpEntry[] = [];
  for await (const found of client.list(undefined, o)) entries.push(found);
  return entries;
}

const withFeatures = (...features: string[]): readonly string[] => [
  "211-Features:",
  ...features.map((feature) => ` ${feature}`),
  "211 End",
];

describe("listing", () => {
  const line = (name: string, time = "Jan  1  2020") => `-rw-r--r-- 1 a b 5 ${time} ${name}\r\n`;

  test("LIST -a is used only after it has listed what LIST lists", async () => {
    await using server = await ScriptedServer.start({
      answers: {
        LIST: (peer, argument) =>
          peer.sendFile(argument === "-a" ? line(".") + line(".hidden") + line("shown") : line("shown")),
      },
    });
    await using client = await FtpClient.connect(optionsFor(server));
    assert.deepEqual(
      (await entriesOf(client)).map(({ name }) => name),
      ["shown"],
    );
    for (let n = 0; n < 2; n++) {
      const found = await entriesOf(client, { hidden: true });
      assert.deepEqual(
        found.map(({ name }) => name),
        [".hidden", "shown"],
      );
    }
    assert.deepEqual(
      server.commands.filter((command) => command.startsWith("LIST")),
      ["LIST", "LIST", "LIST -a", "LIST -a"],
    );
  });

  for (const [name, answer] of [
    ["takes it for a name and lists nothing", ""],
    ["refuses it", "550 No such file."],
  ] as const) {
    test(`LIST -a is left to a server that ${name}`, async () => {
      await using server = await ScriptedServer.start({
        answers: {
          LIST: (peer, argument) => {
            if (argument === "") return peer.sendFile(line("shown"));
            return answer === "" ? peer.sendFile("") : peer.reply(answer);
          },
        },
      });
      await using client = await FtpClient.connect(optionsFor(server));
      for (let n = 0; n < 2; n++) {
        const found = await entriesOf(client, { hidden: true });
        assert.deepEqual(
          found.map(({ name }) => name),
          ["shown"],
        );
      }
      assert.equal(server.commands.filter((command) => command === "LIST -a").length, 1);
    });
  }

  test("times of LIST are made UTC by one MDTM", async () => {
    const year = new Date().getUTCFullYear() - 1;
    const listing = `${line("old", `Mar  3  ${year}`)}-rw-r--r-- 1 a b 5 ${year}-06-01 14:30 new\r\n`;
    await using server = await ScriptedServer.start({
      answers: { LIST: (peer) => peer.sendFile(listing), MDTM: `213 ${year}0601090012.500` },
    });
    await using client = await FtpClient.connect(optionsFor(server));
    for (let n = 0; n < 2; n++) {
      const [old, young] = await entriesOf(client);
      assert.equal(young?.modified, Date.UTC(year, 5, 1, 9, 0), "five hours and a half ahead of UTC");
      assert.equal(old?.modified, Date.UTC(year, 2, 3), "a day without a time stays that day");
    }
    assert.deepEqual(
      server.commands.filter((command) => command.startsWith("MDTM")),
      ["MDTM new"],
    );
  });

  test("an MLSD that is announced and does not work is not asked for twice", async () => {
    await using server = await ScriptedServer.start({
      answers: {
        FEAT: withFeatures("MLST size*;"),
        MLSD: "500 Unknown.",
        LIST: (peer) => peer.sendFile("07-18-00  10:16AM                  589 readme.htm"),
      },
    });
    await using client = await FtpClient.connect(optionsFor(server));
    for (let n = 0; n < 2; n++) {
      const [found] = await entriesOf(client);
      assert.deepEqual({ name: found?.name, size: found?.size }, { name: "readme.htm", size: 589 });
    }
    assert.equal(server.verbs.filter((verb) => verb === "MLSD").length, 1);
  });

  test("a name that begins with a hyphen is no option", async () => {
    await using server = await ScriptedServer.start({ answers: { LIST: (peer) => peer.sendFile("") } });
    await using client = await FtpClient.connect(optionsFor(server));
    for await (const _ of client.list("-R"));
    assert.ok(server.commands.includes("CWD -R"));
    assert.ok(!server.commands.includes("LIST -R"));
  });

  for (const [verb, features, entry] of [
    ["MLSD", "MLST size*;", (n: number) => `type=file;size=${n};modify=20240101000000; name-${n}\r\n`],
    ["LIST", "SIZE", (n: number) => `-rw-r--r-- 1 a b ${n} Jan  1  2020 name-${n}\r\n`],
  ] as const)
    test(`a million entries of ${verb} pass in bounded memory`, async () => {
      const block = Array.from({ length: 1000 }, (_, n) => entry(n)).join("");
      await using server = await ScriptedServer.start({
        answers: {
          FEAT: withFeatures(features),
          [verb]: async (peer: ScriptedPeer) => {
            peer.reply("150 Here it comes.");
            const socket = await peer.data();
            for (let n = 0; n < 1000; n++) await peer.flood(block, socket);
            socket.end();
            peer.reply("226 Done.");
          },
        },
      });
      await using client = await FtpClient.connect(optionsFor(server));
      const before = process.memoryUsage().heapUsed;
      let seen = 0;
      let most = 0;
      for await (const { size } of client.list()) {
        if (++seen % 50_000 === 0) most = Math.max(most, process.memoryUsage().heapUsed);
        assert.equal(size, (seen - 1) % 1000);
      }
      assert.equal(seen, 1_000_000);
      assert.ok(most - before < 200e6, `${Math.round((most - before) / 1e6)} MB more`);
    });
});

describe("names", () => {
  test("are UTF-8 where FEAT says so, and the server is told", async () => {
    await using server = await ScriptedServer.start({ answers: { SIZE: "213 1" } });
    await using client = await FtpClient.connect(optionsFor(server, { charset: "windows-1252" }));
    await client.size("grün");
    assert.ok(server.commands.includes("OPTS UTF8 ON"));
    assert.ok(server.commands.includes("SIZE grün"));
  });

  test("are in the charset that is asked for, whatever FEAT says", async () => {
    await using server = await ScriptedServer.start({
      answers: { FEAT: withFeatures("UTF8"), SIZE: "213 1" },
    });
    const options = optionsFor(server, { charset: "windows-1252", charsetAlways: true });
    await using client = await FtpClient.connect(options);
    const sent: Buffer[] = [];
    server.peers[0]?.socket.on("data", (chunk) => sent.push(chunk));
    await client.size("grün");
    assert.ok(Buffer.concat(sent).includes(Buffer.from("SIZE gr\xfcn\r\n", "latin1")));
    assert.ok(!server.commands.includes("OPTS UTF8 ON"));
  });

  for (const [charset, name, bytes] of [
    ["windows-1252", "grün €", [0x67, 0x72, 0xfc, 0x6e, 0x20, 0x80]],
    ["gbk", "中文.txt", [0xd6, 0xd0, 0xce, 0xc4, 0x2e, 0x74, 0x78, 0x74]],
    ["shift_jis", "日本", [0x93, 0xfa, 0x96, 0x7b]],
  ] as const) {
    test(`are in ${charset} where it does not`, async () => {
      const wire = Buffer.from(bytes);
      const sent: Buffer[] = [];
      await using server = await ScriptedServer.start({
        answers: {
          FEAT: "502 No.",
          SIZE: "213 1",
          LIST: (peer) =>
            peer.sendFile(
              Buffer.concat([Buffer.from("-rw-r--r-- 1 a b 5 Jan  1  2020 "), wire, Buffer.from("\r\n")]),
            ),
          PWD: (peer) => peer.send(Buffer.concat([Buffer.from('257 "/'), wire, Buffer.from('"\r\n')])),
        },
      });
      await using client = await FtpClient.connect(optionsFor(server, { charset }));
      server.peers[0]?.socket.on("data", (chunk) => sent.push(chunk));
      await client.size(name);
      assert.ok(
        Buffer.concat(sent).includes(Buffer.concat([Buffer.from("SIZE "), wire, Buffer.from("\r\n")])),
      );
      assert.equal((await entriesOf(client))[0]?.name, name);
      assert.equal(await client.workingDirectory(), `/${name}`);
      await assert.rejects(client.size("\u{1F600}"), { code: "ERR_FERRY_FTP_ARGUMENT" });
    });
  }

  test("that are not of the charset still lead to their file", async () => {
    await using server = await ScriptedServer.start({
      answers: {
        LIST: (peer) => peer.sendFile(Buffer.from("-rw-r--r-- 1 a b 5 Jan  1  2020 gr\xfcn\r\n", "latin1")),
        SIZE: "213 1",
      },
    });
    await using client = await FtpClient.connect(optionsFor(server));
    const [found] = await entriesOf(client);
    const sent: Buffer[] = [];
    server.peers[0]?.socket.on("data", (chunk) => sent.push(chunk));
    await client.size(found?.name ?? "");
    assert.ok(Buffer.concat(sent).includes(Buffer.from("SIZE gr\xfcn\r\n", "latin1")));
  });
});

describe("odd but harmless", () => {
  test("codes of field servers are taken for what they mean", async () => {
    await using server = await ScriptedServer.start({
      greeting: ["120 In a moment.", "220 Now."],
      answers: {
        PASS: "332 Account?",
        ACCT: "202 Not needed.",
        MKD: "250 Made.",
        CWD: "200 Gone there.",
        RNFR: "350 To?",
        RNTO: "200 Renamed.",
        DELE: "200 Deleted.",
        RMD: "200 Removed.",
        REST: "200 Yes.",
        MDTM: "213 191260601090012",
        PWD: "257 /home/anna is current",
        RETR: async (peer) => {
          peer.reply("125 Already open.");
          (await peer.data()).end("tent");
          peer.reply("250 Done.");
        },
      },
    });
    await using client = await FtpClient.connect(optionsFor(server, { account: "shop" }));
    await client.makeDirectory("d");
    await client.changeDirectory("d");
    await client.rename("a", "b");
    await client.remove("b");
    await client.removeDirectory("d");
    assert.equal(await client.modified("f"), Date.UTC(2026, 5, 1, 9, 0, 12));
    assert.equal(await client.workingDirectory(), "/home/anna");
    assert.equal(String(await client.readFile("f", { start: 3 })), "tent");
  });

  test("times are set in the way that the server has, which is remembered", async () => {
    await using server = await ScriptedServer.start({
      answers: {
        SITE: (peer, argument) => peer.reply(/^UTIME \d{12} /.test(argument) ? "200 Set." : "500 No."),
      },
    });
    await using client = await FtpClient.connect(optionsFor(server));
    await client.setTimes("f", { modified: 1e12 });
    await client.setTimes("f", { modified: 1e12 });
    assert.equal(server.commands.at(-1), "SITE UTIME 200109090146 f");
    assert.equal(server.commands.filter((command) => command.startsWith("MFMT")).length, 1);
  });

  test("digests come by HASH or by the commands before it", async () => {
    const sha = "A".repeat(64);
    await using server = await ScriptedServer.start({
      answers: {
        FEAT: withFeatures("HASH SHA-1;SHA-256*", "XCRC"),
        HASH: `213 SHA-256 0-4 ${sha} f`,
        XCRC: "250 0DEADBEE",
      },
    });
    await using client = await FtpClient.connect(optionsFor(server));
    assert.deepEqual(client.digests, ["sha256", "sha1", "crc32"]);
    assert.equal(await client.digest("f", "sha256"), sha.toLowerCase());
    assert.equal(await client.digest("f", "crc32"), "0deadbee");
    await assert.rejects(client.digest("f", "md5"), { code: "ERR_FERRY_FTP_UNSUPPORTED" });
  });

  test("without MLST a file is what has a size, and a directory where one can go", async () => {
    await using server = await ScriptedServer.start({
      answers: {
        SIZE: (peer, name) => peer.reply(name === "f" ? "213 7" : "550 No."),
        CWD: (peer, name) => peer.reply(name === "nothing" ? "550 No." : "250 Okay."),
        MDTM: "213 20240101000000",
      },
    });
    await using client = await FtpClient.connect(optionsFor(server));
    assert.deepEqual(await client.stat("f"), {
      raw: "",
      name: "f",
      type: "file",
      size: 7,
      modified: Date.UTC(2024, 0, 1),
      precision: "second",
    });
    assert.equal((await client.stat("d")).type, "directory");
    assert.equal(server.commands.at(-1), "CWD /", "it comes back");
    assert.equal(await client.exists("nothing"), false);
  });

  test("a download that is continued is refused where REST is taken, and all of the file sent", async () => {
    using folder = new LocalFolder();
    await using server = await ScriptedServer.start({
      answers: { SIZE: "213 6", REST: "350 Surely.", RETR: (peer) => peer.sendFile("abcdef") },
    });
    await using client = await FtpClient.connect(optionsFor(server));
    folder.put("f.part", "abc");
    const download = () => client.download("f", folder.at("f"), { resume: true });
    await assert.rejects(download(), { code: "ERR_FERRY_FTP_VERIFY", by: "size", retryable: true });
    assert.ok(!folder.has("f") && !folder.has("f.part"));
    await download();
    assert.equal(String(folder.get("f")), "abcdef");
  });

  test("an upload is continued by APPE where there is no REST", async () => {
    let stored = "";
    await using server = await ScriptedServer.start({
      answers: {
        FEAT: withFeatures("SIZE"),
        SIZE: "213 4",
        APPE: async (peer) => {
          stored += await peer.receiveFile();
        },
      },
    });
    await using client = await FtpClient.connect(optionsFor(server));
    await client.upload(Buffer.from("content"), "f", { resume: true });
    assert.equal(stored, "ent");
  });
});

describe("a connection that is lost", () => {
  test("while idle is made again, without the caller's knowing", async () => {
    await using server = await ScriptedServer.start({ answers: { SIZE: "213 5", PWD: '257 "/in/there"' } });
    await using client = await FtpClient.connect(optionsFor(server));
    await client.changeDirectory("there");
    const [peer] = server.peers;
    peer?.reply("421 Idle for too long.");
    peer?.end();
    assert.equal(await client.size("f"), 5);
    await server.peers[1]?.reset();
    await client.remove("f").catch(() => {});
    assert.equal(await client.size("f"), 5);
    assert.ok(server.peers.length >= 3);
    assert.equal(
      server.commands.filter((command) => command === "CWD /in/there").length,
      server.peers.length - 1,
    );
  });

  test("comes back with its directory, its charset and its type", async () => {
    await using server = await ScriptedServer.start({
      answers: {
        FEAT: withFeatures("UTF8"),
        PWD: '257 "/in/there"',
        RETR: (peer) => peer.sendFile("content"),
      },
    });
    await using client = await FtpClient.connect(optionsFor(server));
    await client.changeDirectory("there");
    const parameters = () => server.commands.filter((command) => /^(?:OPTS|CWD|TYPE)/.test(command));
    for (let n = 0; n < 2; n++) assert.equal(String(await client.readFile("f")), "content");
    assert.deepEqual(parameters(), ["OPTS UTF8 ON", "CWD there", "TYPE I"]);
    server.peers[0]?.reply("421 Idle for too long.");
    server.peers[0]?.end();
    assert.equal(String(await client.readFile("f")), "content");
    assert.deepEqual(parameters().slice(3), ["OPTS UTF8 ON", "CWD /in/there", "TYPE I"]);
  });

  test("does not come back to another directory than it was in", async () => {
    let gone = false;
    await using server = await ScriptedServer.start({
      answers: { PWD: '257 "/in"', CWD: (peer) => peer.reply(gone ? "550 Not here." : "250 Okay.") },
    });
    await using client = await FtpClient.connect(optionsFor(server));
    await client.changeDirectory("/in");
    gone = true;
    await server.peers[0]?.reset();
    await assert.rejects(client.size("f"), (error: FtpError) => {
      assert.deepEqual([error.code, error.reply?.code], ["ERR_FERRY_FTP_REPLY", 550]);
      assert.match(error.hint ?? "", /working directory is not there/);
      return true;
    });
    assert.equal(client.connected, false);
  });

  test("is tried again with patience, and the last error is given", async () => {
    let times = 0;
    const server = await ScriptedServer.start({
      greeting: (peer) => peer.reply(++times === 1 ? "220 Ready." : times < 4 ? "421 Full." : "220 Ready."),
      answers: { SIZE: "213 5" },
    });
    await using client = await FtpClient.connect(optionsFor(server));
    await server.peers[0]?.reset();
    assert.equal(await client.size("f"), 5);
    assert.equal(times, 4);
    await server[Symbol.asyncDispose]();
    await assert.rejects(client.size("f"), { code: "ERR_FERRY_FTP_CONNECTION", phase: "connect" });
  });
});

test("an onTrace that throws ends the connection with its own error", async () => {
  const mine = new Error("mine");
  await using server = await ScriptedServer.start();
  const onTrace = ({ kind }: TraceLine) => {
    if (kind === "reply") throw mine;
  };
  await assert.rejects(FtpClient.connect(optionsFor(server, { onTrace })), {
    code: "ERR_FERRY_FTP_LOCAL",
    message: "onTrace failed",
    cause: mine,
  });
});

describe("keep-alive", () => {
  for (const [name, noop] of [
    ["answered at once", "200 Okay."],
    ["answered after the transfer", undefined],
  ] as const) {
    test(`NOOPs during a transfer that are ${name} do no harm`, async () => {
      let pending = 0;
      const answers: Script["answers"] = {
        RETR: async (peer) => {
          peer.reply("150 Here it comes.");
          const socket = await peer.data();
          while (server.verbs.filter((verb) => verb === "NOOP").length < 2) await once(peer.socket, "data");
          socket.end("content");
          peer.reply("226 Done.");
          for (; pending > 0; pending--) peer.reply("200 Okay.");
        },
        ...(noop === undefined ? {} : { ABOR: "226 No." }),
      };
      const server = await ScriptedServer.start({ answers: { ...answers, SIZE: "213 7" } });
      await using _ = server;
      await using client = await FtpClient.connect(optionsFor(server, { keepAlive: 100 }));
      server.peers[0]?.socket.on("data", (chunk: Buffer) => {
        const count = chunk.toString().split("NOOP").length - 1;
        if (noop === undefined) return;
        for (let n = 0; n < count; n++) server.peers[0]?.reply(noop);
      });
      assert.equal(String(await client.readFile("f")), "content");
      assert.equal(await client.size("f"), 7);
      assert.equal(server.peers.length, 1);
    });
  }
});

describe("a proxy", () => {
  const files: Script = {
    greeting: "220 Ready.",
    answers: {
      RETR: (peer) => peer.sendFile("content"),
      STOR: async (peer) => void (await peer.receiveFile()),
    },
  };

  test("with a stray percent sign is refused, and its password not told", async () => {
    await using server = await ScriptedServer.start(files);
    const options = optionsFor(server, { proxy: "http://me:50%hunter@127.0.0.1:1" });
    await assert.rejects(FtpClient.connect(options), (error: Error) => {
      assert.equal((error as { code?: string }).code, "ERR_FERRY_FTP_ARGUMENT");
      return !error.message.includes("hunter");
    });
  });

  test("of HTTP is asked for each connection, with name and password", async () => {
    const heads: string[] = [];
    await using proxy = await TestProxy.start(async (socket, next) => {
      const head = String(await next());
      heads.push(head);
      const found = /^CONNECT (\S+):(\d+) HTTP\/1\.1\r\n/.exec(head);
      if (!head.includes(`Basic ${Buffer.from("me:p@ss").toString("base64")}`)) {
        socket.write("HTTP/1.1 407 Who are you\r\n\r\n");
        return undefined;
      }
      socket.write("HTTP/1.1 200 Go on\r\nX-Note: hello\r\n\r\n");
      return { host: found?.[1] ?? "", port: Number(found?.[2]) };
    });
    await using server = await ScriptedServer.start(files);
    const through = { proxy: `http://me:p%40ss@127.0.0.1:${proxy.port}` };
    await using client = await FtpClient.connect(optionsFor(server, through));
    assert.equal(String(await client.readFile("f")), "content");
    await client.upload(Buffer.alloc(300_000), "f");
    assert.equal(proxy.targets[0], `127.0.0.1:${server.port}`);
    assert.equal(proxy.targets.length, 3);
    await assert.rejects(
      FtpClient.connect(optionsFor(server, { proxy: `http://127.0.0.1:${proxy.port}` })),
      (error: Error) => {
        assert.equal((error as { code?: string }).code, "ERR_FERRY_FTP_PROXY");
        assert.match(error.message, /407/);
        return true;
      },
    );
  });

  test("of SOCKS5 too", async () => {
    await using proxy = await TestProxy.start(async (socket, next) => {
      assert.deepEqual([...(await next())], [5, 2, 0, 2]);
      socket.write(Buffer.from([5, 2]));
      assert.deepEqual((await next()).toString("latin1"), "\x01\x02me\x02pw");
      socket.write(Buffer.from([1, 0]));
      const request = await next();
      assert.deepEqual([...request.subarray(0, 4)], [5, 1, 0, 1]);
      socket.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
      return { host: [...request.subarray(4, 8)].join("."), port: request.readUInt16BE(8) };
    });
    await using server = await ScriptedServer.start(files);
    const through = { proxy: `socks5://me:pw@127.0.0.1:${proxy.port}` };
    await using client = await FtpClient.connect(optionsFor(server, through));
    assert.equal(String(await client.readFile("f")), "content");
    assert.equal(proxy.targets.length, 2);
  });

  test("that refuses is told apart", async () => {
    await using proxy = await TestProxy.start(async (socket, next) => {
      await next();
      socket.write(Buffer.from([5, 0]));
      await next();
      socket.write(Buffer.from([5, 5, 0, 1, 0, 0, 0, 0, 0, 0]));
      return undefined;
    });
    const options = { host: "127.0.0.1", port: 9, proxy: `socks5://127.0.0.1:${proxy.port}` };
    await assert.rejects(FtpClient.connect(options), {
      code: "ERR_FERRY_FTP_PROXY",
      message: "the server refused the proxy's connection",
    });
  });
});
