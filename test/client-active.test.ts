/** Active mode of the client: which ports it listens on, what it says of them, and who may connect. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { describe, test } from "node:test";
import { FtpClient, type FtpClientOptions, type TraceLine } from "ferry/client";
import { leakCheck, type ScriptedPeer, ScriptedServer } from "ferry/testing";
import { type Family, optionsFor, TestServer, unlessFamily } from "./support/server.js";

leakCheck();

/** Where a PORT leads. */
interface Asked {
  readonly host: string;
  readonly port: number;
}

function askedBy(argument: string): Asked {
  const [a, b, c, d, high, low] = argument.split(",").map(Number);
  return { host: `${a}.${b}.${c}.${d}`, port: Number(high) * 256 + Number(low) };
}

/** Free now, and likely to be so in a moment. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const ACTIVE: Partial<FtpClientOptions> = {
  dataMode: "active",
  timeouts: { dataConnect: 2500, abort: 2500 },
};

/** A server that keeps where it is to connect to, and connects as a test says. */
function scripted(open: (asked: Asked) => Socket): Promise<ScriptedServer> {
  let asked: Asked = { host: "", port: 0 };
  const transfer = async (peer: ScriptedPeer): Promise<void> => {
    peer.reply("150 Here it comes.");
    const socket = open(asked).on("error", () => {});
    await once(socket, "connect");
    socket.end("content").resume();
    await new Promise((resolve) => socket.once("close", resolve));
    peer.reply("226 Done.");
  };
  return ScriptedServer.start({
    answers: {
      PORT: (peer, argument) => {
        asked = askedBy(argument);
        peer.reply("200 Okay.");
      },
      RETR: transfer,
    },
  });
}

describe("the port range", () => {
  for (const family of ["IPv4", "IPv6"] as readonly Family[]) {
    test(`is kept to, ${family}`, { skip: unlessFamily(family) }, async () => {
      await using server = await TestServer.start({ family });
      const from = await freePort();
      const ports = { from, to: Math.min(from + 3, 65_535) };
      const told: number[] = [];
      const onTrace = (line: TraceLine): void => {
        const found =
          line.kind === "command" ? /^(?:PORT .*,(\d+),(\d+)|EPRT .*\|(\d+)\|)$/.exec(line.text) : null;
        if (found !== null) told.push(Number(found[3] ?? Number(found[1]) * 256 + Number(found[2])));
      };
      await using client = await FtpClient.connect(
        optionsFor(server, { ...ACTIVE, active: { ports }, onTrace }),
      );
      for (let n = 0; n < 6; n++) {
        await client.upload(Buffer.from(`content ${n}`), "f");
        assert.equal(String(await client.readFile("f")), `content ${n}`);
      }
      assert.equal(told.length, 12);
      assert.ok(
        told.every((port) => port >= ports.from && port <= ports.to),
        told.join(),
      );
    });
  }

  test("that is in use is told, and another way is tried where that is allowed", async () => {
    const busy = createServer().listen(0, "127.0.0.1");
    await once(busy, "listening");
    const { port } = busy.address() as { port: number };
    await using server = await TestServer.start();
    const active = { ports: { from: port, to: port } };
    {
      await using client = await FtpClient.connect(optionsFor(server, { ...ACTIVE, active }));
      await assert.rejects(client.upload(Buffer.from("content"), "f"), {
        code: "ERR_FERRY_FTP_DATA_CONNECTION",
        message: /no port to listen on/,
      });
      assert.equal(await client.exists("f"), false);
    }
    await using client = await FtpClient.connect(optionsFor(server, { ...ACTIVE, active, dataMode: "auto" }));
    await client.upload(Buffer.from("content"), "f");
    await new Promise((resolve) => busy.close(resolve));
  });
});

test("the external address is what PORT says, and its forwarded port leads to us", async () => {
  const port = await freePort();
  const outside = "127.0.0.9";
  // A router that forwards one port of the outer address to the client.
  const router = createServer((socket) => {
    const inner = connect({ host: "127.0.0.1", port });
    socket.pipe(inner).pipe(socket);
  });
  router.listen({ host: outside, port });
  await once(router, "listening");
  const seen: Asked[] = [];
  await using server = await scripted((asked) => {
    seen.push(asked);
    return connect(asked);
  });
  const active = { address: outside, ports: { from: port, to: port } };
  await using client = await FtpClient.connect(optionsFor(server, { ...ACTIVE, active }));
  assert.equal(String(await client.readFile("f")), "content");
  assert.deepEqual(seen, [{ host: outside, port }]);
  await new Promise((resolve) => router.close(resolve));
});

test("only the server may connect, unless others are let in", async () => {
  await using server = await scripted((asked) => connect({ ...asked, localAddress: "127.0.0.2" }));
  {
    await using client = await FtpClient.connect(optionsFor(server, ACTIVE));
    await assert.rejects(client.readFile("f"), { code: "ERR_FERRY_FTP_DATA_CONNECTION" });
  }
  await using client = await FtpClient.connect(optionsFor(server, { ...ACTIVE, allowForeignData: true }));
  assert.equal(String(await client.readFile("f")), "content");
});
