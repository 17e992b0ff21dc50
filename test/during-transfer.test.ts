/** What a client may say while a transfer runs, and what it is answered when (DESIGN 5, 6.6). */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, test } from "node:test";
import type { Storage } from "ferry/storage";
import { leakCheck, type RawClient } from "ferry/testing";
import { runProgram, unlessInstalled } from "./support/program.js";
import { PASSWORD, USER } from "./support/server.js";
import { established, Serving, somewhere, textOf } from "./support/session.js";
import { directory, endless, file, Gate, withMethods } from "./support/sources.js";
import { failOnProcessTrouble, remainingCodes, seenBy, Watch } from "./support/watch.js";

leakCheck();
failOnProcessTrouble();

const bytes = (text: string) => Buffer.from(text, "latin1");

/** As they arrive; what Linux takes out of the stream as urgent data is missing. */
const ABORTS = {
  plain: bytes("ABOR\r\n"),
  "in small letters": bytes("abor\r\n"),
  "a textbook Synch": bytes("\xff\xf4\xff\xf2ABOR\r\n"),
  "BSD, urgent IAC lost": bytes("\xff\xf4\xf2ABOR\r\n"),
  "lftp, urgent IAC lost": bytes("\xf4\xff\xf2ABOR\r\n"),
  "ftplib, urgent LF lost": bytes("ABOR\r"),
} as const;

/**
 * Node cannot send urgent data. Each of these is the rest of a script that has a transfer running; the byte sent
 * last with MSG_OOB is the urgent one, and Linux takes it out of the stream.
 */
const URGENT = {
  "Python's ftplib": `control.send(b"ABOR\\r\\n", socket.MSG_OOB)\n`,
  "the ftp of BSD": `control.send(b"\\xff\\xf4\\xff", socket.MSG_OOB); control.send(b"\\xf2ABOR\\r\\n")\n`,
  lftp: `control.send(b"\\xff", socket.MSG_OOB); control.send(b"\\xf4\\xff\\xf2ABOR\\r\\n")\n`,
  "RFC 854 (urgent Data Mark)": `control.send(b"\\xff\\xf4\\xff\\xf2", socket.MSG_OOB); control.send(b"ABOR\\r\\n")\n`,
} as const;

/** Logs in, and begins a download that it does not read. */
const URGENT_CLIENT = `
import re, socket, sys
host, port, user, password = sys.argv[1:]
control = socket.create_connection((host, int(port)))
lines = control.makefile("rb")
def code():
    while True:
        line = lines.readline().decode("latin1")
        if re.match(r"\\d{3} ", line): return line
def command(text):
    control.sendall(text.encode() + b"\\r\\n")
    return code()
code()
command("USER " + user)
command("PASS " + password)
port = int(re.search(r"\\|(\\d+)\\|", command("EPSV")).group(1))
data = socket.create_connection((host, port))
command("RETR endless.bin")
`;

/** Tells the codes of all that follows. */
const URGENT_END = `
print(code()[:3]); print(code()[:3]); print(command("NOOP")[:3]); print(command("QUIT")[:3])
`;

const TRANSFERS = {
  "a RETR that nobody reads": "RETR endless.bin",
  "a LIST that nobody reads": "LIST endless",
  "an MLSD that nobody reads": "MLSD endless",
  "a STOR that stands still": "STOR up.bin",
} as const;

/** The session is as good as before: another transfer works, and nothing is left unread. */
async function worksOn(client: RawClient): Promise<void> {
  await client.expect("NOOP", 200);
  const { replies } = await client.download("NLST");
  assert.equal(replies.at(-1)?.code, 226);
  assert.equal(client.unread, 0);
}

describe("ABOR", () => {
  for (const [what, command] of Object.entries(TRANSFERS)) {
    for (const [how, abort] of Object.entries(ABORTS)) {
      somewhere(
        `ends ${what}: ${how}`,
        async ({ client }) => {
          const data = await client.extendedPassive();
          await client.expect(command, 125, 150);
          if (command.startsWith("STOR")) await data.send(Buffer.alloc(100_000));
          await client.send(abort);
          assert.equal((await client.reply()).code, 426);
          assert.equal((await client.reply()).code, 226);
          await data.receiveAll();
          await worksOn(client);
        },
        { decorate: endless },
      );
    }
  }

  for (const mode of ["EPSV", "PORT"] as const) {
    somewhere(
      `ends a transfer in full flow over a connection made by ${mode}`,
      async ({ client }) => {
        const data = await client.data(mode);
        await client.expect("RETR endless.bin", 125, 150);
        const received = data.receiveAll();
        await client.send("ABOR");
        assert.equal((await client.reply()).code, 426);
        assert.equal((await client.reply()).code, 226);
        await received;
        await worksOn(client);
      },
      { decorate: endless },
    );
  }

  somewhere("is answered too when the data connection has not come yet", async ({ client }) => {
    for (const [how, abort] of Object.entries(ABORTS)) {
      await client.expect("EPSV", 229);
      await client.expect("STOR up.bin", 150);
      await client.send(abort);
      assert.equal((await client.reply()).code, 426, how);
      assert.equal((await client.reply()).code, 226, how);
    }
    await worksOn(client);
  });

  somewhere("that is sent twice is answered twice", async ({ client }) => {
    await client.extendedPassive();
    await client.expect("STOR up.bin", 125, 150);
    await client.send("ABOR\r\nABOR");
    assert.equal((await client.reply()).code, 426);
    assert.equal((await client.reply()).code, 226);
    assert.equal((await client.reply()).code, 226);
    await worksOn(client);
  });

  somewhere(
    "is 226 when nothing runs, and 225 when a data connection is open, which it leaves so",
    async ({ client, files }) => {
      await files.put("/file", "content");
      await client.expect("ABOR", 226);
      await client.expect("EPSV", 229);
      await client.expect("ABOR", 226);
      const data = await client.extendedPassive();
      await established(client);
      await client.expect("ABOR", 225);
      await client.expect("RETR file", 125);
      assert.equal((await data.receiveAll()).bytes.toString(), "content");
      assert.equal((await client.reply()).code, 226);
      await client.expect("ABOR", 226);
    },
  );

  test("that comes while the file is being opened ends the transfer as soon as it begins", async () => {
    const gate = new Gate();
    await using served = await Serving.start({ decorate: slowToOpen(gate) });
    const watch = new Watch(served.server);
    const other = await served.connect();
    const client = await served.login();
    const data = await client.extendedPassive();
    await client.send("STOR up.bin");
    await gate.reached;
    await client.send("ABOR");
    await seenBy(other);
    assert.equal(client.unread, 0);
    gate.open();
    assert.match(String((await client.reply()).code), /^1[25][05]$/);
    assert.equal((await client.reply()).code, 426);
    assert.equal((await client.reply()).code, 226);
    assert.equal((await data.receiveAll()).ended, "reset");
    assert.equal((await watch.first("transfer")).outcome.kind, "aborted");
    await worksOn(client);
  });

  somewhere(
    "takes effect at once, but is answered behind the commands that were sent before it",
    async ({ client }) => {
      const data = await client.extendedPassive();
      await client.expect("RETR endless.bin", 125, 150);
      await client.send("MKD a\r\nCWD a\r\nPWD\r\nABOR\r\nPWD");
      await data.receiveAll();
      const codes = [];
      for (let n = 0; n < 6; n++) codes.push((await client.reply()).code);
      assert.deepEqual(codes, [426, 257, 250, 257, 226, 257]);
      await worksOn(client);
    },
    { decorate: endless },
  );

  test("keeps the part of an upload", async () => {
    await using served = await Serving.start();
    const client = await served.login();
    const data = await client.extendedPassive();
    await client.expect("STOR up.bin", 125, 150);
    await data.send(Buffer.alloc(200_000));
    await arrived(client, 200_000);
    await client.send("ABOR");
    assert.equal((await client.reply()).code, 426);
    assert.equal((await client.reply()).code, 226);
    // Cut back to a boundary of 64 KiB (DESIGN 6.1).
    assert.deepEqual((await client.expect("SIZE up.bin", 213)).lines, ["196608"]);
    assert.deepEqual(await served.files.names("/"), []);
  });

  for (const [how, script] of Object.entries(URGENT)) {
    test(`is understood with urgent data as ${how} sends it`, {
      skip: unlessInstalled("python3"),
    }, async () => {
      await using served = await Serving.start({ decorate: endless });
      const ended = await runProgram("python3", ["-", served.host, String(served.port), USER, PASSWORD], {
        input: `${URGENT_CLIENT}${script}${URGENT_END}`,
      });
      assert.equal(ended.stdout, "426\n226\n200\n221\n", ended.report);
    });
  }
});

describe("NOOP and STAT", () => {
  test("are answered at once, and STAT tells how far the transfer is", async () => {
    await using served = await Serving.start();
    const client = await served.login();
    const data = await client.extendedPassive();
    await client.expect("STOR up.bin", 125, 150);
    for (const total of [1000, 2000, 302_000]) {
      await data.send(Buffer.alloc(total - (await arrived(client, 0))));
      assert.equal(await arrived(client, total), total);
      await client.expect("NOOP", 200);
    }
    await data.end();
    assert.equal((await client.reply()).code, 226);
    assert.doesNotMatch(textOf(await client.expect("STAT", 211)), /Transfer:/);
  });

  somewhere(
    "that come together are both answered at once, and so are those that follow",
    async ({ client }) => {
      await client.extendedPassive();
      await client.expect("RETR endless.bin", 125, 150);
      await client.send("STAT\r\nNOOP\r\nSTAT\r\nNOOP");
      for (const code of [211, 200, 211, 200]) assert.equal((await client.reply()).code, code);
      await client.expect("NOOP", 200);
    },
    { decorate: endless },
  );

  somewhere(
    "wait behind commands that wait, so that replies keep their order",
    async ({ client }) => {
      const data = await client.extendedPassive();
      await client.expect("RETR endless.bin", 125, 150);
      await client.send("PWD\r\nNOOP\r\nSYST\r\nSTAT");
      await data.reset();
      for (const code of [426, 257, 200, 215, 211]) assert.equal((await client.reply()).code, code);
    },
    { decorate: endless },
  );

  test("a STAT that lists a directory beside a transfer that ends does not disturb the order", async () => {
    const gate = new Gate();
    await using served = await Serving.start({ decorate: slowToList(gate) });
    const other = await served.connect();
    const client = await served.login();
    const data = await client.extendedPassive();
    await client.expect("STOR up.bin", 125, 150);
    await client.send("STAT slow\r\nPWD\r\nNOOP\r\nABOR\r\nEPSV");
    await gate.reached;
    // The transfer has been aborted; its reply comes, and all others in the order of their commands.
    assert.equal((await data.receiveAll()).ended, "reset");
    assert.equal((await client.reply()).code, 426);
    await seenBy(other);
    assert.equal(client.unread, 0);
    gate.open();
    for (const code of [212, 257, 200, 226, 229]) assert.equal((await client.reply()).code, code);
  });

  test("STAT of a directory is answered before the transfer ends when it is ready before", async () => {
    const gate = new Gate();
    await using served = await Serving.start({ decorate: slowToList(gate) });
    const client = await served.login();
    const data = await client.extendedPassive();
    await client.expect("STOR up.bin", 125, 150);
    await client.send("STAT slow");
    await gate.reached;
    gate.open();
    assert.equal((await client.reply()).code, 212);
    await data.end();
    assert.equal((await client.reply()).code, 226);
  });
});

describe("QUIT and REIN", () => {
  test("QUIT is answered when the transfer has ended; nothing behind it is executed", async () => {
    await using served = await Serving.start();
    const watch = new Watch(served.server);
    const client = await served.login();
    const data = await client.extendedPassive();
    await client.expect("STOR up.txt", 125, 150);
    await client.send("MKD before\r\nQUIT\r\nMKD behind\r\nNOOP");
    await data.send("all of it");
    await data.end();
    assert.deepEqual(await remainingCodes(client), [226, 257, 221]);
    assert.equal((await watch.first("disconnect")).reason, "quit");
    assert.deepEqual(await served.files.names("/"), ["before", "up.txt"]);
    assert.equal((await served.files.get("/up.txt")).toString(), "all of it");
  });

  test("QUIT and the end of the connection let the transfer finish", async () => {
    await using served = await Serving.start();
    const watch = new Watch(served.server);
    const client = await served.login();
    const data = await client.extendedPassive();
    await client.expect("STOR up.txt", 125, 150);
    await client.send("QUIT");
    client.end();
    await data.send("all of it");
    await data.end();
    assert.equal((await watch.first("transfer")).outcome.kind, "complete");
    await watch.first("disconnect");
    assert.equal((await served.files.get("/up.txt")).toString(), "all of it");
  });

  test("REIN is answered when the transfer has ended, and what follows it belongs to the next login", async () => {
    await using served = await Serving.start();
    const client = await served.login();
    await client.expect("MKD sub", 257);
    await client.expect("CWD sub", 250);
    const data = await client.extendedPassive();
    await client.expect("STOR up.txt", 125, 150);
    await client.send(`REIN\r\nPWD\r\nUSER ${USER}\r\nPASS ${PASSWORD}\r\nPWD`);
    await data.send("all of it");
    await data.end();
    const replies = [];
    for (let n = 0; n < 7; n++) replies.push(await client.reply());
    assert.deepEqual(
      replies.map(({ code }) => code),
      [226, 120, 220, 530, 331, 230, 257],
    );
    assert.match(textOf(replies[6] ?? { lines: [""], code: 0 }), /^"\/"/);
    assert.equal((await served.files.get("/sub/up.txt")).toString(), "all of it");
  });
});

describe("the control connection", () => {
  for (const storage of ["memory", "local"] as const) {
    for (const how of ["resets", "ends"] as const) {
      test(`when it ${how} in mid-upload the part is kept, for the next session of the account (${storage})`, async () => {
        await using served = await Serving.start({ storage });
        const watch = new Watch(served.server);
        await served.files.put("/up.bin", "as it was");
        const client = await served.login();
        const data = await client.extendedPassive();
        await client.expect("STOR up.bin", 125, 150);
        await data.send(Buffer.alloc(200_000));
        await arrived(client, 200_000);
        if (how === "resets") await client.reset();
        else client.end();
        assert.equal((await watch.first("transfer")).outcome.kind, "aborted");
        const { reason, account } = await watch.first("disconnect");
        assert.deepEqual([reason, account], [how === "resets" ? "connection-lost" : "peer", USER]);
        assert.equal((await data.receiveAll()).ended, "reset");

        const next = await served.login();
        assert.deepEqual((await next.expect("SIZE up.bin", 213)).lines, ["196608"]);
        assert.equal((await served.files.get("/up.bin")).toString(), "as it was");
      });
    }

    test(`when it is lost in mid-download the file is closed (${storage})`, async () => {
      await using served = await Serving.start({ storage, decorate: endless });
      const watch = new Watch(served.server);
      const client = await served.login();
      const data = await client.extendedPassive();
      await client.expect("RETR endless.bin", 125, 150);
      await client.reset();
      assert.equal((await watch.first("transfer")).outcome.kind, "aborted");
      await watch.first("disconnect");
      await data.receiveAll();
    });
  }
});

/** Bytes that STAT tells of, once they are as many. */
async function arrived(client: RawClient, atLeast: number): Promise<number> {
  for (;;) {
    const found = /(\d+) bytes in/.exec(textOf(await client.expect("STAT", 211)));
    const count = Number(found?.[1]);
    if (count >= atLeast) return count;
  }
}

function slowToOpen(gate: Gate): (storage: Storage) => Storage {
  return (storage) =>
    withMethods(storage, {
      async openWrite(path, o) {
        await gate.pass();
        return await storage.openWrite(path, o);
      },
    });
}

/** Has a directory `slow`. */
function slowToList(gate: Gate): (storage: Storage) => Storage {
  return (storage) =>
    withMethods(endless(storage), {
      stat: async (path, o) => (path === "/slow" ? directory("slow") : await storage.stat(path, o)),
      async *list() {
        await gate.pass();
        yield [file("one"), file("two")];
      },
    });
}
