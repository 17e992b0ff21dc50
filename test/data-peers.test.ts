/** Who may be at the other end of a data connection, and what others get: nothing. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { describe, test } from "node:test";
import { formatPort } from "ferry/protocol";
import { leakCheck, type RawClient } from "ferry/testing";
import { unlessFamily } from "./support/server.js";
import { established, Serving, somewhere, textOf } from "./support/session.js";
import { failOnProcessTrouble, remainingCodes, seenBy, Watch } from "./support/watch.js";

leakCheck();
failOnProcessTrouble();

const CONTENT = "the content of the file";

/** Another machine, as far as the server can tell. */
const FOREIGN = "127.0.0.2";

/** What a stranger gets to see: "refused", or the bytes until the server closes. */
async function stranger(port: number, localAddress = FOREIGN): Promise<string> {
  const socket = connect({ host: "127.0.0.1", port, localAddress });
  let text = "";
  socket.setEncoding("latin1").on("data", (chunk: string) => {
    text += chunk;
  });
  const failed = await new Promise<boolean>((resolve) => {
    socket.once("error", () => resolve(true)).once("close", () => resolve(false));
  });
  socket.destroy();
  return failed && text === "" ? "refused" : text;
}

async function portOf(client: RawClient): Promise<number> {
  const found = /\|\|\|(\d+)\|/.exec(textOf(await client.expect("EPSV", 229)));
  return Number(found?.[1]);
}

function withFile(name: string, body: (client: RawClient, served: Serving) => Promise<void>, o = {}): void {
  somewhere(
    name,
    async ({ client, served, files }) => {
      await files.put("/file", CONTENT);
      await body(client, served);
    },
    o,
  );
}

describe("somebody else at the passive port", () => {
  withFile(
    "is closed without a byte, before and after the transfer has begun; the client gets its file",
    async (client) => {
      for (const when of ["before", "after"] as const) {
        const port = await portOf(client);
        if (when === "before") assert.match(await stranger(port), /^(?:refused)?$/);
        await client.expect("RETR file", 150);
        if (when === "after") assert.match(await stranger(port), /^(?:refused)?$/);
        const right = connect({ host: "127.0.0.1", port });
        const chunks: Buffer[] = [];
        for await (const chunk of right) chunks.push(chunk as Buffer);
        assert.equal(Buffer.concat(chunks).toString(), CONTENT);
        assert.equal((await client.reply()).code, 226);
        // It is not used again.
        assert.notEqual(await portOf(client), port);
      }
    },
  );

  withFile(
    "alone: the transfer is answered 425, and nothing of the file was sent",
    async (client) => {
      const port = await portOf(client);
      await client.expect("RETR file", 150);
      assert.match(await stranger(port), /^(?:refused)?$/);
      assert.match(textOf(await client.reply()), /another address/);
      assert.equal((await client.download("RETR file")).bytes.toString(), CONTENT);
    },
    { server: { timeouts: { dataConnect: 100 } } },
  );

  withFile("gets nothing of a running transfer, nor harms it", async (client) => {
    const data = await client.extendedPassive();
    await client.expect("STOR up", 125, 150);
    await data.send("first half, ");
    assert.match(await stranger(data.port), /^(?:refused)?$/);
    await data.send("second half");
    await data.end();
    assert.equal((await client.reply()).code, 226);
    assert.equal((await client.download("RETR up")).bytes.toString(), "first half, second half");
  });

  withFile(
    "from the same address: who comes second gets nothing, and the port is given up",
    async (client) => {
      const data = await client.extendedPassive();
      await established(client);
      assert.match(await stranger(data.port, "127.0.0.1"), /^(?:refused)?$/);
      await client.expect("RETR file", 125);
      assert.equal((await data.receiveAll()).bytes.toString(), CONTENT);
      assert.equal((await client.reply()).code, 226);
      assert.notEqual(await portOf(client), data.port);
    },
  );

  withFile("in a race of many, exactly one gets the file", async (client, served) => {
    await served.files.put("/large", "x".repeat(1_000_000));
    for (let round = 0; round < 5; round++) {
      const port = await portOf(client);
      const racers = Array.from({ length: 6 }, () => stranger(port, "127.0.0.1"));
      await client.expect("RETR large", 125, 150);
      const lengths = (await Promise.all(racers)).map((text) => (text === "refused" ? 0 : text.length));
      assert.deepEqual(
        lengths.sort((a, b) => a - b),
        [0, 0, 0, 0, 0, 1_000_000],
      );
      assert.equal((await client.reply()).code, 226);
    }
  });
});

describe("a connection that is left over", () => {
  withFile(
    "from a transfer that failed does not carry the next one",
    async (client) => {
      const before = await portOf(client);
      await client.expect("STOR up", 150);
      assert.equal((await client.reply()).code, 425);
      // The client's connection comes now, too late.
      const late = stranger(before, "127.0.0.1");
      const data = await client.extendedPassive();
      assert.notEqual(data.port, before);
      await client.expect("RETR file", 125, 150);
      assert.equal((await data.receiveAll()).bytes.toString(), CONTENT);
      assert.equal((await client.reply()).code, 226);
      assert.equal(await late, "refused");
    },
    { server: { timeouts: { dataConnect: 50 } } },
  );

  withFile(
    "to a port that is idle, or waiting in the kernel when EPSV comes, does not carry the next one",
    async (client) => {
      for (let round = 0; round < 20; round++) {
        const first = await client.extendedPassive();
        await client.expect("RETR file", 125, 150);
        await first.receiveAll();
        assert.equal((await client.reply()).code, 226);
        const left = stranger(first.port, "127.0.0.1");
        const data = await client.extendedPassive();
        await client.expect("RETR file", 125, 150);
        assert.equal((await data.receiveAll()).bytes.toString(), CONTENT);
        assert.equal((await client.reply()).code, 226);
        assert.match(await left, /^(?:refused)?$/);
      }
    },
  );

  withFile("to a port that is idle gets nothing, and the port is given up", async (client) => {
    const data = await client.extendedPassive();
    await client.expect("RETR file", 125, 150);
    await data.receiveAll();
    assert.equal((await client.reply()).code, 226);
    assert.match(await stranger(data.port, "127.0.0.1"), /^(?:refused)?$/);
    assert.equal(await stranger(data.port, "127.0.0.1"), "refused");
    assert.notEqual(await portOf(client), data.port);
  });

  withFile("of an EPSV that another one has replaced is closed", async (client) => {
    const first = await client.extendedPassive();
    await established(client);
    const second = await client.extendedPassive();
    assert.equal((await first.receiveAll()).bytes.length, 0);
    assert.notEqual(second.port, first.port);
    await client.expect("RETR file", 125, 150);
    assert.equal((await second.receiveAll()).bytes.toString(), CONTENT);
    assert.equal((await client.reply()).code, 226);
  });

  withFile("is used up by its transfer: another one needs another", async (client) => {
    assert.equal((await client.download("RETR file")).bytes.toString(), CONTENT);
    await client.expect("RETR file", 425);
    await client.expect("LIST", 425);
    await client.expect("STOR up", 425);
  });

  withFile("of a client that says nothing more is closed with its session", async (client, served) => {
    served.server.reconfigure({ timeouts: { idle: 100 } });
    const data = await client.extendedPassive();
    assert.deepEqual(await remainingCodes(client), [421]);
    assert.equal((await data.receiveAll()).bytes.length, 0);
  });
});

/** Counts who connects. */
class Trap implements AsyncDisposable {
  connections = 0;
  readonly port: number;
  readonly #server: Server;
  readonly #sockets: Socket[] = [];

  private constructor(server: Server) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    server.on("connection", (socket) => {
      this.connections += 1;
      this.#sockets.push(socket.on("error", () => {}).resume());
    });
  }

  static async open(host: string): Promise<Trap> {
    const server = createServer();
    server.listen({ host, port: 0 });
    await once(server, "listening");
    return new Trap(server);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }
}

const lprt = (address: string, port: number) =>
  `LPRT 4,4,${address.replaceAll(".", ",")},2,${port >> 8},${port & 255}`;
/** 127.0.0.2 in two groups of hexadecimal digits. */
const MAPPED = ["::ffff:127.0.0.2", "::ffff:7f00:2", "0:0:0:0:0:FFFF:7F00:0002"];

describe("PORT, EPRT and LPRT", () => {
  const foreign = (port: number): string[] => [
    `PORT ${formatPort({ address: FOREIGN, port })}`,
    `EPRT |1|${FOREIGN}|${port}|`,
    lprt(FOREIGN, port),
    ...MAPPED.map((address) => `EPRT |2|${address}|${port}|`),
  ];

  withFile(
    "are not followed to another address, in whatever form, and nothing is sent there",
    async (client, served) => {
      await using trap = await Trap.open(FOREIGN);
      const other = await served.connect();
      for (const line of foreign(trap.port)) {
        await client.expect(line, 500, 501);
        await client.expect("RETR file", 425);
      }
      for (const address of ["0.0.0.1", "255.255.255.255", "224.0.0.1", "192.0.2.1"]) {
        await client.expect(`PORT ${formatPort({ address, port: trap.port })}`, 500);
        await client.expect("LIST", 425);
      }
      await seenBy(other);
      assert.equal(trap.connections, 0);
    },
  );

  withFile("are not followed to ports below 1024", async (client) => {
    for (const port of [1, 21, 25, 80, 1023]) {
      for (const line of [
        `PORT 127,0,0,1,${port >> 8},${port & 255}`,
        `EPRT |1|127.0.0.1|${port}|`,
        lprt("127.0.0.1", port),
      ]) {
        await client.expect(line, 500);
        await client.expect("RETR file", 425);
      }
    }
    await client.expect("PORT 127,0,0,1,0,0", 501);
    await client.expect("EPRT |1|127.0.0.1|0|", 501);
  });

  withFile("when refused, leave nothing of what was asked for before", async (client) => {
    await using trap = await Trap.open("127.0.0.1");
    const allowed = `PORT ${formatPort({ address: "127.0.0.1", port: trap.port })}`;
    for (const before of ["EPSV", allowed]) {
      await client.expect(before, 229, 200);
      await client.expect("PORT 192,0,2,1,200,200", 500);
      await client.expect("RETR file", 425);
    }
    assert.equal(trap.connections, 0);
  });

  withFile("accept the client's own address in every form", async (client) => {
    await using trap = await Trap.open("127.0.0.1");
    for (const line of [
      `PORT ${formatPort({ address: "127.0.0.1", port: trap.port })}`,
      `EPRT |1|127.0.0.1|${trap.port}|`,
      `EPRT |2|::ffff:127.0.0.1|${trap.port}|`,
      lprt("127.0.0.1", trap.port),
    ]) {
      const before = trap.connections;
      await client.expect(line, 200);
      assert.equal(trap.connections, before, "nobody connects before the transfer");
      await client.expect("RETR file", 150);
      assert.equal((await client.reply()).code, 226);
      assert.equal(trap.connections, before + 1);
    }
  });

  withFile("are forgotten when EPSV comes, and EPSV when they come", async (client) => {
    await using trap = await Trap.open("127.0.0.1");
    await client.expect(`PORT ${formatPort({ address: "127.0.0.1", port: trap.port })}`, 200);
    assert.equal((await client.download("RETR file")).bytes.toString(), CONTENT);
    assert.equal(trap.connections, 0);
    const port = await portOf(client);
    await client.expect(`EPRT |1|127.0.0.1|${trap.port}|`, 200);
    assert.equal(await stranger(port, "127.0.0.1"), "refused");
    await client.expect("RETR file", 150);
    assert.equal((await client.reply()).code, 226);
    assert.equal(trap.connections, 1);
  });

  withFile("to a port where nobody listens are answered 425", async (client) => {
    const trap = await Trap.open("127.0.0.1");
    await trap[Symbol.asyncDispose]();
    for (const line of ["RETR file", "STOR up", "LIST"]) {
      await client.expect(`PORT ${formatPort({ address: "127.0.0.1", port: trap.port })}`, 200);
      await client.expect(line, 150);
      assert.equal((await client.reply()).code, 425);
    }
  });

  test("over IPv6 go to the own address alone", { skip: unlessFamily("IPv6") }, async () => {
    await using served = await Serving.start({ family: "IPv6" });
    await served.files.put("/file", CONTENT);
    await using trap = await Trap.open("::1");
    const client = await served.login();
    for (const address of ["::2", "fe80::1", "2001:db8::1"]) {
      await client.expect(`EPRT |2|${address}|${trap.port}|`, 500);
      await client.expect("RETR file", 425);
    }
    await client.expect(`PORT 127,0,0,1,${trap.port >> 8},${trap.port & 255}`, 500);
    await client.expect("RETR file", 425);
    assert.equal(trap.connections, 0);
    await client.expect(`EPRT |2|0:0:0:0:0:0:0:1|${trap.port}|`, 200);
    await client.expect("RETR file", 150);
    assert.equal((await client.reply()).code, 226);
    assert.equal(trap.connections, 1);
  });
});

describe("with foreign data connections allowed", () => {
  const o = { server: { allowForeignData: true } };

  withFile(
    "PORT goes to another address, but still to no port below 1024",
    async (client) => {
      await using trap = await Trap.open(FOREIGN);
      await client.expect(`PORT ${formatPort({ address: FOREIGN, port: trap.port })}`, 200);
      await client.expect("RETR file", 150);
      assert.equal((await client.reply()).code, 226);
      assert.equal(trap.connections, 1);
      await client.expect(`PORT ${formatPort({ address: FOREIGN, port: 25 })}`, 500);
      await client.expect("RETR file", 425);
    },
    o,
  );

  withFile(
    "another address may connect to the passive port",
    async (client) => {
      const port = await portOf(client);
      const came = stranger(port);
      await client.expect("RETR file", 125, 150);
      assert.equal(await came, CONTENT);
      assert.equal((await client.reply()).code, 226);
    },
    o,
  );
});

describe("data ports", () => {
  withFile("asked for again and again are one at a time, and none is left", async (client, served) => {
    const listeners = () =>
      process.getActiveResourcesInfo().filter((kind) => kind === "TCPServerWrap").length;
    const before = listeners();
    const watch = new Watch(served.server);
    await client.send("EPSV\r\nPASV\r\nLPSV\r\n".repeat(200).trimEnd());
    for (let n = 0; n < 600; n++) assert.ok([227, 228, 229].includes((await client.reply()).code));
    assert.equal(listeners(), before + 1);
    const next = await served.login();
    for (let n = 0; n < 100; n++) await next.extendedPassive();
    assert.equal(listeners(), before + 2);
    await next.expect("QUIT", 221);
    await client.expect("QUIT", 221);
    await watch.disconnects(2);
    for (let turn = 0; turn < 100 && listeners() > before; turn++) await new Promise(setImmediate);
    assert.equal(listeners(), before);
  });

  withFile("that nobody asked for are answered 425 when a transfer wants one", async (client) => {
    for (const line of ["RETR file", "STOR up", "APPE up", "STOU", "LIST", "NLST", "MLSD"]) {
      await client.expect(line, 425);
    }
    await client.expect("NOOP", 200);
  });

  withFile(
    "are the client's control port when that is wished for (RFC 959 3.2)",
    async (client) => {
      await client.expect("RETR file", 150);
      // Nobody listens there.
      assert.equal((await client.reply()).code, 425);
    },
    { server: { defaultDataPort: true } },
  );

  withFile("after EPSV ALL come by EPSV alone", async (client) => {
    await client.expect("EPSV ALL", 200);
    for (const line of [
      "PASV",
      "LPSV",
      "PORT 127,0,0,1,200,200",
      "EPRT |1|127.0.0.1|50000|",
      lprt("127.0.0.1", 50_000),
    ]) {
      await client.expect(line, 500, 501, 503);
    }
    await client.expect("RETR file", 425);
    assert.equal((await client.download("RETR file")).bytes.toString(), CONTENT);
  });

  for (const line of ["RETR large", "STOR up"]) {
    for (const how of ["reset", "close"] as const) {
      withFile(
        `that the client ${how}s in mid-transfer leave a session that works: ${line}`,
        async (client, served) => {
          await served.files.put("/large", Buffer.alloc(8_000_000));
          const watch = new Watch(served.server);
          const data = await client.extendedPassive();
          await client.expect(line, 125, 150);
          if (line.startsWith("STOR")) await data.send(Buffer.alloc(100_000));
          const socket = await data.socket();
          if (how === "reset") socket.resetAndDestroy();
          else socket.destroy();
          const { code } = await client.reply();
          // A plain end is how an upload ends in stream mode.
          const whole = line.startsWith("STOR") && how === "close";
          assert.equal(code, whole ? 226 : 426);
          assert.equal((await watch.first("transfer")).outcome.kind, whole ? "complete" : "remote");
          assert.equal((await client.download("RETR file")).bytes.toString(), CONTENT);
        },
      );
    }
  }
});
