import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, test } from "node:test";
import { ActiveConnection } from "./active.js";
import {
  checkLeaks,
  freeRange,
  LOOPBACKS,
  listeningPeer,
  NEVER,
  Peer,
  pattern,
  receiveAll,
  settle,
} from "./loopback.support.test.js";

checkLeaks();

const IN_TIME = { signal: NEVER, timeout: 20_000 };

for (const { address, skip } of LOOPBACKS) {
  describe(`an active data connection to ${address}`, { skip }, () => {
    test("connects when it is opened and carries bytes from the peer", async () => {
      const listening = await listeningPeer(address);
      const connection = new ActiveConnection({ address, port: listening.port, localAddress: address });
      assert.equal(connection.established, false);
      const socket = await connection.open(IN_TIME);
      const peer = await listening.next();
      const bytes = pattern(3_000_000);
      peer.socket.end(bytes);
      assert.deepEqual(await receiveAll(socket), bytes);
      connection.ended("complete");
      await connection[Symbol.asyncDispose]();
      await connection[Symbol.asyncDispose]();
      assert.equal(await peer.ending(), "end");
      await listening.close();
    });

    test("carries bytes to the peer", async () => {
      const listening = await listeningPeer(address);
      const connection = new ActiveConnection({ address, port: listening.port });
      const socket = await connection.open(IN_TIME);
      const peer = await listening.next();
      const bytes = pattern(3_000_000);
      const received = peer.receive();
      await socket.send(bytes);
      await socket.finish();
      assert.deepEqual(await received, bytes);
      await connection[Symbol.asyncDispose]();
      await peer.closed;
      await listening.close();
    });

    for (const access of ["raw", "public"] as const) {
      test(`never takes a reset for an end, with Node's ${access} interface`, async () => {
        const listening = await listeningPeer(address);
        for (let n = 0; n < 10; n++) {
          const connection = new ActiveConnection({ address, port: listening.port, access });
          const socket = await connection.open(IN_TIME);
          const peer = await listening.next();
          peer.socket.write("half of it");
          await settle(5);
          await peer.reset();
          await settle(5);
          await assert.rejects(receiveAll(socket), { reason: "lost" });
          await connection[Symbol.asyncDispose]();
        }
        await listening.close();
      });
    }

    test("is refused where nobody listens", async () => {
      const { from: port } = await freeRange(1, [address]);
      const connection = new ActiveConnection({ address, port });
      await assert.rejects(async () => await connection.open(IN_TIME), { reason: "refused" });
      await connection[Symbol.asyncDispose]();
    });
  });
}

test("comes from the local address and port that it was told", async () => {
  const listening = await listeningPeer("127.0.0.1");
  const { from: localPort } = await freeRange(1, ["127.0.0.3"]);
  await using connection = new ActiveConnection({
    address: "::ffff:127.0.0.1",
    port: listening.port,
    localAddress: "::ffff:127.0.0.3",
    localPort,
  });
  await connection.open(IN_TIME);
  const peer = await listening.next();
  assert.equal(peer.socket.remoteAddress, "127.0.0.3");
  assert.equal(peer.socket.remotePort, localPort);
  await peer.destroy();
  await listening.close();
});

test("has no port to come from when the local address is not ours", async () => {
  await using connection = new ActiveConnection({ address: "127.0.0.1", port: 9, localAddress: "192.0.2.1" });
  await assert.rejects(async () => await connection.open(IN_TIME), { reason: "no-port" });
});

test("is used once", async () => {
  const listening = await listeningPeer("127.0.0.1");
  const connection = new ActiveConnection({ address: "127.0.0.1", port: listening.port });
  await connection.open(IN_TIME);
  await assert.rejects(async () => await connection.open(IN_TIME), { reason: "closed" });
  await (await listening.next()).destroy();
  await connection[Symbol.asyncDispose]();
  await assert.rejects(async () => await connection.open(IN_TIME), { reason: "closed" });
  await listening.close();
});

test("that is disposed of before it was opened connects to nobody", async () => {
  const connection = new ActiveConnection({ address: "127.0.0.1", port: 9 });
  await connection[Symbol.asyncDispose]();
  await assert.rejects(async () => await connection.open(IN_TIME), { reason: "closed" });
});

describe("a peer that does not answer", () => {
  test("is waited for no longer than the timeout, the abort or the disposal", async () => {
    const silent = await silentListener();
    const target = { address: "127.0.0.1", port: silent.port };

    const late = new ActiveConnection(target);
    await assert.rejects(async () => await late.open({ signal: NEVER, timeout: 5 }), { reason: "timeout" });
    await late[Symbol.asyncDispose]();

    const aborted = new ActiveConnection(target);
    const abort = new AbortController();
    const aborting = assert.rejects(
      async () => await aborted.open({ signal: abort.signal, timeout: 20_000 }),
      {
        reason: "closed",
      },
    );
    abort.abort();
    await aborting;
    await aborted[Symbol.asyncDispose]();

    const disposed = new ActiveConnection(target);
    const disposing = assert.rejects(async () => await disposed.open(IN_TIME), { reason: "closed" });
    await disposed[Symbol.asyncDispose]();
    await disposing;
    await silent.close();
  });
});

/** Another process listens, accepts nobody, and its queue is full: the kernel answers nothing. */
async function silentListener(): Promise<{ port: number; close(): Promise<void> }> {
  const program = `
    const server = require("net").createServer();
    server.listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => {
      require("fs").writeSync(1, String(server.address().port));
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    });`;
  const child = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] });
  const [text] = (await once(child.stdout, "data")) as [Buffer];
  const port = Number(text);
  const queued = [
    await Peer.connect({ address: "127.0.0.1", port }),
    await Peer.connect({ address: "127.0.0.1", port }),
  ];
  return {
    port,
    async close() {
      for (const peer of queued) await peer.destroy();
      child.kill("SIGKILL");
      await once(child, "close");
    },
  };
}
