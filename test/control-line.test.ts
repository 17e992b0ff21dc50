/** Command lines as good, bad and hostile peers send them. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, test } from "node:test";
import { leakCheck, type RawClient } from "ferry/testing";
import { PASSWORD, USER } from "./support/server.js";
import { OTHER, Serving, somewhere, textOf } from "./support/session.js";
import { failOnProcessTrouble, remainingCodes, seenBy, Watch } from "./support/watch.js";

leakCheck();
failOnProcessTrouble();

const bytes = (text: string) => Buffer.from(text, "latin1");

async function replies(client: RawClient, count: number): Promise<number[]> {
  const codes: number[] = [];
  while (codes.length < count) codes.push((await client.reply()).code);
  return codes;
}

/** Sends the pieces so that the server reads each of them alone. */
async function sendApart(
  client: RawClient,
  barrier: RawClient,
  pieces: readonly Uint8Array[],
): Promise<void> {
  for (const piece of pieces) {
    await client.send(piece);
    await seenBy(barrier);
  }
}

describe("lines in pieces", () => {
  const conversation = bytes(`NOOP\r\nMKD a b\r\nCWD a b\r\nPWD\r\nPORT 1,2\r\nXYZZY\r\n`);
  const answers = [200, 257, 250, 257, 501, 500, 250, 250];
  const cleaning = bytes("CDUP\r\nRMD a b\r\n");

  test("a conversation that is cut in two, wherever, is answered as if it had come whole", async () => {
    await using served = await Serving.start();
    const [client, barrier] = [await served.login(), await served.connect()];
    for (let cut = 1; cut < conversation.length; cut++) {
      await sendApart(client, barrier, [conversation.subarray(0, cut), conversation.subarray(cut), cleaning]);
      assert.deepEqual(await replies(client, answers.length), answers, `cut at ${cut}`);
    }
    assert.equal(client.unread, 0);
  });

  test("so is one that comes byte by byte", async () => {
    await using served = await Serving.start();
    const [client, barrier] = [await served.login(), await served.connect()];
    const whole = Buffer.concat([conversation, cleaning]);
    await sendApart(
      client,
      barrier,
      [...whole].map((byte) => Uint8Array.of(byte)),
    );
    assert.deepEqual(await replies(client, answers.length), answers);
    assert.equal(client.unread, 0);
  });

  somewhere("lines may end in LF alone, and empty lines are passed over", async ({ client }) => {
    await client.send(bytes("NOOP\n\n\r\n\r\n\nSYST\nNOOP\r\n\nPWD\n"));
    assert.deepEqual(await replies(client, 4), [200, 215, 200, 257]);
    assert.equal(client.unread, 0);
  });
});

describe("pipelined commands", () => {
  somewhere("ten in one segment are answered in order, slow ones among them", async ({ client }) => {
    const lines = ["NOOP", "MKD x", "SIZE x", "STAT /", "PWD", "CWD x", "TYPE A", "SYST", "RMD y", "HELP"];
    await client.send(bytes(lines.map((line) => `${line}\r\n`).join("")));
    assert.deepEqual(await replies(client, 10), [200, 257, 550, 212, 257, 250, 200, 215, 550, 214]);
  });

  somewhere("so are ten thousand", async ({ client }) => {
    const pattern = [
      ["NOOP", 200],
      ["PWD", 257],
      ["SYST", 215],
      ["STAT /", 212],
      ["NONE", 500],
      ["SIZE x", 550],
      ["PASV x", 501],
    ] as const;
    const sent = Array.from({ length: 10_000 }, (_, n) => pattern[(n * n + 3 * n) % 7] ?? pattern[0]);
    await client.send(bytes(sent.map(([line]) => `${line}\r\n`).join("")));
    assert.deepEqual(
      await replies(client, sent.length),
      sent.map(([, code]) => code),
    );
    assert.equal(client.unread, 0);
  });

  test("a login is taken whole from one segment, and what follows it waits for the password check", async () => {
    await using served = await Serving.start();
    const client = await served.connect();
    await client.send(bytes(`PWD\r\nUSER ${USER}\r\nPASS ${PASSWORD}\r\nPWD\r\nQUIT\r\nMKD late\r\n`));
    assert.deepEqual(await replies(client, 5), [530, 331, 230, 257, 221]);
    assert.deepEqual(await remainingCodes(client), []);
    assert.deepEqual(await served.files.names("/"), []);
  });
});

describe("a line over the limit", () => {
  const limit = 8192;
  const tails = ["MKD smuggled\r\n", "\r\nMKD smuggled\r\n", "\nMKD smuggled\r\n\r\nMKD smuggled\r\n"];

  for (const [n, tail] of tails.entries()) {
    for (const pieces of [1, 2, 7, 9000]) {
      test(`is answered 500 and the connection closed; its tail is never executed (tail ${n + 1}, ${pieces} bytes over)`, async () => {
        await using served = await Serving.start();
        const watch = new Watch(served.server);
        const client = await served.login();
        await client.send(bytes(`NOOP ${"x".repeat(limit - 5 + pieces)}${tail}`));
        assert.deepEqual(await remainingCodes(client), [500]);
        assert.equal((await watch.first("disconnect")).reason, "line-too-long");
        assert.deepEqual(await served.files.names("/"), []);
      });
    }
  }

  test("wherever the segments are cut", async () => {
    await using served = await Serving.start({ server: { limits: { commandLine: 64 } } });
    const barrier = await served.connect();
    const text = bytes(`CWD ${"x".repeat(64)}\r\nMKD smuggled\r\n`);
    for (let cut = 60; cut < text.length; cut++) {
      const client = await served.login();
      const sent = sendApart(client, barrier, [text.subarray(0, cut), text.subarray(cut)]).catch(() => {});
      assert.deepEqual(await remainingCodes(client), [500], `cut at ${cut}`);
      await sent;
    }
    assert.deepEqual(await served.files.names("/"), []);
  });

  test("also when its end never comes", async () => {
    await using served = await Serving.start();
    const client = await served.login();
    await client.send(bytes("x".repeat(limit + 2)));
    assert.deepEqual(await remainingCodes(client), [500]);
  });

  somewhere("while one of exactly the limit is a command like any other", async ({ client }) => {
    const { code } = await client.command(`CWD ${"./".repeat((limit - 4) / 2)}`);
    assert.equal(code, 250);
    assert.equal((await client.command("NOOP")).code, 200);
  });

  test("ends a transfer too, and nothing behind it is executed", async () => {
    await using served = await Serving.start();
    const watch = new Watch(served.server);
    const client = await served.login();
    const data = await client.extendedPassive();
    await client.expect("STOR up.bin", 125, 150);
    await data.send("some bytes");
    await client.send(bytes(`${"y".repeat(limit + 10)}\r\nMKD smuggled\r\n`));
    assert.deepEqual(await remainingCodes(client), [500]);
    const { outcome } = await watch.first("transfer");
    assert.equal(outcome.kind, "aborted");
    await watch.first("disconnect");
    assert.deepEqual(await served.files.names("/"), []);
  });
});

describe("bytes that belong in no command", () => {
  somewhere(
    "control characters are answered 501 wherever they stand, and the session goes on",
    async ({ client }) => {
      const controls = [...Array(0x20).keys(), 0x7f].filter((byte) => byte !== 0x0a);
      for (const byte of controls) {
        const control = String.fromCharCode(byte);
        // A CR before the LF is the end of the line; two of them are not.
        for (const line of [`MKD a${control}b`, `M${control}KD ab`, `MKD ab${control}`, `${control}MKD ab`]) {
          if (byte === 0x0d && line.endsWith(control)) continue;
          await client.send(bytes(`${line}\r\n`));
          const { code } = await client.reply();
          assert.equal(code, 501, `byte ${byte} in ${JSON.stringify(line)}`);
        }
      }
      const data = await client.download("NLST");
      assert.equal(data.bytes.toString(), "");
    },
  );

  somewhere("a binary stream, such as a TLS hello, runs nothing", async ({ client, files }) => {
    const hello = Buffer.from("16030100c8010000c40303", "hex");
    await client.send(Buffer.concat([hello, Buffer.alloc(64, 0x0a), bytes("\r\nNOOP\r\n")]));
    assert.deepEqual(await replies(client, 2), [501, 200]);
    assert.deepEqual(await files.names("/"), []);
  });

  const idleAborts: readonly (readonly [string, Buffer])[] = [
    ["plain", bytes("ABOR\r\n")],
    ["in small letters", bytes("abor\r\n")],
    ["Interrupt Process and Data Mark", bytes("\xff\xf4\xff\xf2ABOR\r\n")],
    ["as BSD's arrives: the urgent IAC taken out", bytes("\xff\xf4\xf2ABOR\r\n")],
    ["as lftp's arrives: the urgent IAC taken out", bytes("\xf4\xff\xf2ABOR\r\n")],
    ["a Data Mark alone", bytes("\xf2ABOR\r\n")],
    ["an IAC right before it", bytes("\xffABOR\r\n")],
    ["a negotiation before it", bytes("\xff\xfb\x18\xff\xfd\x01ABOR\r\n")],
    ["without LF, which ftplib sends as urgent data", bytes("ABOR\r")],
    ["so, and with Telnet's bytes", bytes("\xff\xf4\xf2ABOR\r")],
  ];
  for (const [name, line] of idleAborts) {
    somewhere(`ABOR is understood: ${name}`, async ({ client }) => {
      await client.send(line);
      assert.equal((await client.reply()).code, 226);
      // If an LF was missing, this one would be taken as a part of the same line.
      assert.equal((await client.command("PWD")).code, 257);
    });
  }

  somewhere(
    "the LF that ABOR lacked may still come, alone or before the next command",
    async ({ client }) => {
      for (const rest of ["\nNOOP\r\n", "\n", ""]) {
        await client.send(bytes("ABOR\r"));
        assert.equal((await client.reply()).code, 226);
        await client.send(bytes(rest));
        if (rest.includes("NOOP")) assert.equal((await client.reply()).code, 200);
      }
      assert.equal((await client.command("PWD")).code, 257);
      assert.equal(client.unread, 0);
    },
  );

  somewhere("Telnet's doubled 255 is one byte of a name, and comes back doubled", async ({ client }) => {
    await client.send(bytes("MKD \xff\xff\xff\xffx\r\n"));
    assert.match(textOf(await client.reply()), /"\/\udcff{2}x"/u);
    await client.send(bytes("CWD \xff\xff\xff\xffx\r\n"));
    assert.equal((await client.reply()).code, 250);
    const listing = await client.download("NLST /");
    assert.deepEqual(listing.bytes, bytes("/\xff\xffx\r\n"));
  });
});

describe("clients of other protocols", () => {
  const foreign = [
    "GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: MKD smuggled\r\n\r\nMKD smuggled\r\n",
    "POST /?MKD HTTP/1.1\r\nContent-Length: 14\r\n\r\nMKD smuggled\r\n",
    "get / HTTP/1.0\r\n\r\n",
    "HEAD / HTTP/1.0\r\n\r\n",
    "PUT /x HTTP/1.1\r\n\r\n",
    "CONNECT a:1 HTTP/1.1\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\n\r\n",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "EHLO me\r\nMKD smuggled\r\n",
    "helo me\r\n",
  ];
  for (const text of foreign) {
    test(`are sent nothing and closed: ${text.split("\r\n")[0]}`, async () => {
      await using served = await Serving.start();
      const watch = new Watch(served.server);
      for (const client of [await served.connect(), await served.login()]) {
        await client.send(bytes(text));
        assert.deepEqual(await remainingCodes(client), []);
      }
      for (const { reason } of await watch.disconnects(2)) assert.equal(reason, "foreign-protocol");
      assert.deepEqual(await served.files.names("/"), []);
    });
  }
});

describe("secrets", () => {
  test("what may be a password is in no event, however it was mistyped", async () => {
    await using served = await Serving.start({
      server: { limits: { loginAttempts: 100, commandsBeforeLogin: 100 } },
    });
    const watch = new Watch(served.server);
    const client = await served.connect();
    const lines = [
      "PASS hunter2",
      `USER ${OTHER}`,
      "PASS hunter2",
      `USER ${OTHER}`,
      "pass hunter2",
      "PASSWORD hunter2",
      "PAS hunter2",
      "PA SS hunter2",
      "ACCT hunter2",
      "PASS\thunter2",
      "PASS hunter2\x01",
      "\xff\xf4PASS hunter2",
      " PASS hunter2",
      `USER ${USER}`,
      `PASS ${PASSWORD}`,
      "PASS hunter2",
      "ACCT hunter2",
      "SITE PSWD hunter1 hunter2",
      "SITE PASS hunter2",
      `PASS hunter2${"x".repeat(9000)}`,
    ];
    for (const line of lines) {
      await client.send(bytes(`${line}\r\n`));
      await client.reply();
    }
    await watch.first("disconnect");
    assert.ok(watch.of("command").length >= lines.length - 1);
    const everything = watch.text;
    assert.doesNotMatch(everything, /hunter/i);
    assert.ok(!everything.includes(PASSWORD));
  });
});

describe("a client that has sent its end", () => {
  test("still gets all its replies, then the connection is closed", async () => {
    await using served = await Serving.start();
    const watch = new Watch(served.server);
    const client = await served.connect();
    await client.send(bytes(`USER ${USER}\r\nPASS ${PASSWORD}\r\nMKD a\r\nSTAT /\r\nPWD\r\n`));
    client.end();
    assert.deepEqual(await remainingCodes(client), [331, 230, 257, 212, 257]);
    assert.equal((await watch.first("disconnect")).reason, "peer");
  });

  test("is let go also when more commands wait than may", async () => {
    await using served = await Serving.start({ server: { limits: { queuedCommands: 2 } } });
    const watch = new Watch(served.server);
    const client = await served.connect();
    await client.send(bytes(`USER ${USER}\r\nPASS ${PASSWORD}\r\n${"STAT /\r\n".repeat(20)}`));
    client.end();
    assert.deepEqual(await remainingCodes(client), [331, 230, ...Array<number>(20).fill(212)]);
    assert.equal((await watch.first("disconnect")).reason, "peer");
  });

  test("is let go also when REIN came before it", async () => {
    await using served = await Serving.start();
    const watch = new Watch(served.server);
    const client = await served.login();
    await client.send(bytes("STAT /\r\nREIN\r\nNOOP\r\n"));
    client.end();
    assert.deepEqual(await remainingCodes(client), [212, 120, 220, 200]);
    assert.equal((await watch.first("disconnect")).reason, "peer");
  });

  test("gets nothing for a line that it did not finish", async () => {
    await using served = await Serving.start();
    const client = await served.login();
    await client.send(bytes("NOOP\r\nMKD half"));
    client.end();
    assert.deepEqual(await remainingCodes(client), [200]);
    assert.deepEqual(await served.files.names("/"), []);
  });
});
