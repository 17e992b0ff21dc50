import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { ClosingPatience } from "../../connection/closing-patience.js";
import { Stop } from "../../connection/stop.js";
import { TunnelledConnection } from "./dial.js";

const IN_TIME = { signal: new Stop(), timeout: 20_000 };

/** A connection through a proxy that lets everybody through, and the proxy's end of it. */
async function tunnelled() {
  const server = createServer();
  const arrived = once(server, "connection") as Promise<[Socket]>;
  server.listen({ host: "127.0.0.1", port: 0 });
  await once(server, "listening");
  const proxy = { kind: "http", host: "127.0.0.1", port: 0, user: undefined, password: "" } as const;
  const { port } = server.address() as AddressInfo;
  const route = { proxy: { ...proxy, port }, localAddress: undefined };
  const connection = new TunnelledConnection({ host: "ftp.test", port: 2 }, route, new ClosingPatience());
  const connecting = connection.connect(IN_TIME);
  const [peer] = await arrived;
  await once(peer, "data");
  peer.write("HTTP/1.1 200 OK\r\n\r\n");
  await connecting;
  server.close();
  return { connection, peer };
}

async function reset(peer: Socket): Promise<void> {
  peer.resetAndDestroy();
  await once(peer, "close");
  for (let turn = 0; turn < 20; turn++) await nextTurn();
}

test("a data connection through a proxy never takes a reset for an end", async () => {
  for (let n = 0; n < 10; n++) {
    const { connection, peer } = await tunnelled();
    const socket = await connection.open(IN_TIME);
    const half = socket.receive();
    peer.write("half of it");
    assert.equal(Buffer.from((await half) ?? []).toString(), "half of it");
    peer.write("and some more");
    await reset(peer);
    const rest = async () => {
      while ((await socket.receive()) !== undefined);
    };
    await assert.rejects(rest, { reason: "lost" });
    await connection[Symbol.asyncDispose]();
  }
});

test("one that was reset before anybody used it is lost, and can be closed", async () => {
  for (const used of [true, false]) {
    const { connection, peer } = await tunnelled();
    await reset(peer);
    const socket = await connection.open(IN_TIME);
    if (used) await assert.rejects(async () => await socket.receive(), { reason: "lost" });
    await connection[Symbol.asyncDispose]();
  }
});
