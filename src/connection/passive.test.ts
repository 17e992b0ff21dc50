import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createServer } from "node:net";
import { describe, test } from "node:test";
import type { DataSocket } from "./data-connection.js";
import {
  checkLeaks,
  freeRange,
  LOOPBACKS,
  listen,
  NEVER,
  Peer,
  pattern,
  receiveAll,
  settle,
  until,
} from "./loopback.support.test.js";
import { PassivePort, type PassivePortOptions, type Retirement } from "./passive.js";
import { PortRange } from "./port-range.js";

checkLeaks();

const IN_TIME = { signal: NEVER, timeout: 20_000 };

/** A port for one test, and the reasons why its listeners were given up. */
async function passivePort(o: Partial<PassivePortOptions> = {}) {
  const retired: Retirement[] = [];
  const localAddress = o.localAddress ?? "127.0.0.1";
  const port = new PassivePort({
    localAddress,
    range: o.range ?? (await freeRange(20, [localAddress])),
    peerAllowed: () => true,
    onretire: (why) => retired.push(why),
    ...o,
  });
  return { port, retired, connect: () => Peer.connect({ address: localAddress, port: port.port }) };
}

/** A lease that is used as a successful upload uses it. */
async function upload(port: PassivePort, address = "127.0.0.1"): Promise<void> {
  await using lease = await port.lease();
  const peer = await Peer.connect({ address, port: port.port });
  peer.socket.end("bytes");
  const socket = await lease.open(IN_TIME);
  assert.equal((await receiveAll(socket)).toString(), "bytes");
  lease.ended("complete");
  await lease[Symbol.asyncDispose]();
  await peer.destroy();
}

for (const acceptance of ["raw", "public"] as const) {
  for (const { address, skip } of LOOPBACKS) {
    describe(`a passive data connection to ${address}, accepted the ${acceptance} way`, { skip }, () => {
      const o = { acceptance, localAddress: address };

      test("carries bytes from the peer to their end", async () => {
        const { port, connect } = await passivePort(o);
        const lease = await port.lease();
        const opening = lease.open(IN_TIME);
        const peer = await connect();
        const bytes = pattern(3_000_000);
        peer.socket.end(bytes);
        const socket = await opening;
        assert.deepEqual(await receiveAll(socket), bytes);
        assert.equal(await socket.receive(), undefined, "the end stays the end");
        await port.close();
        await peer.destroy();
      });

      test("carries bytes to the peer, and ends when it has them all", async () => {
        const { port, connect } = await passivePort(o);
        const lease = await port.lease();
        const peer = await connect();
        const socket = await lease.open(IN_TIME);
        const bytes = pattern(3_000_000);
        const received = peer.receive();
        for (let at = 0; at < bytes.length; at += 1_000_000)
          await socket.send(bytes.subarray(at, at + 1_000_000));
        await socket.finish();
        assert.deepEqual(await received, bytes);
        assert.equal(await peer.ending(), "close");
        assert.deepEqual(peer.errors, []);
        await port.close();
      });

      test("that comes before the transfer is kept, and nothing of it is read", async () => {
        const { port, connect } = await passivePort(o);
        const lease = await port.lease();
        assert.equal(lease.established, false);
        const peer = await connect();
        // Far more than the kernel holds for both sides.
        const bytes = pattern(32_000_000);
        peer.socket.end(bytes);
        await until(() => lease.established);
        await settle();
        assert.ok(peer.socket.writableLength > 0, "somebody reads");
        const socket = lease.open(IN_TIME);
        assert.ok(!(socket instanceof Promise), "the peer is there, so the answer is too");
        assert.deepEqual(await receiveAll(socket), bytes);
        await port.close();
        await peer.destroy();
      });

      test("serves transfer after transfer on one port while each completes", async () => {
        const { port, retired } = await passivePort(o);
        await upload(port, address);
        const first = port.port;
        for (let n = 0; n < 5; n++) await upload(port, address);
        assert.equal(port.port, first);
        assert.deepEqual(retired, []);
        await port.close();
        assert.deepEqual(retired, ["closed"]);
      });

      test("gets another port after a lease that nobody claimed", async () => {
        const { port, retired } = await passivePort(o);
        const lease = await port.lease();
        lease.ended("complete");
        await lease[Symbol.asyncDispose]();
        assert.deepEqual(retired, ["unclaimed"]);
        await upload(port, address);
        await port.close();
      });

      test("gets another port after a transfer that broke", async () => {
        const { port, retired, connect } = await passivePort(o);
        const lease = await port.lease();
        const peer = await connect();
        await lease.open(IN_TIME);
        lease.ended("broken");
        await lease[Symbol.asyncDispose]();
        assert.deepEqual(retired, ["broken"]);
        await peer.ending();
        await upload(port, address);
        await port.close();
      });

      test("that is disposed of without a word on its end counts as broken", async () => {
        const { port, retired, connect } = await passivePort(o);
        const lease = await port.lease();
        const peer = await connect();
        await until(() => lease.established);
        await lease[Symbol.asyncDispose]();
        await lease[Symbol.asyncDispose]();
        await peer.ending();
        assert.deepEqual(retired, ["broken"]);
        await port.close();
      });

      test("goes to one of two that race for it; the other is closed and the port given up", async () => {
        const { port, retired, connect } = await passivePort(o);
        const lease = await port.lease();
        const peers = [await connect(), await connect()] as const;
        await until(() => retired.length > 0);
        assert.deepEqual(retired, ["second-connection"]);
        const socket = await lease.open(IN_TIME);
        const loser = await Promise.race(peers.map((peer) => peer.ending().then(() => peer)));
        const winner = loser === peers[0] ? peers[1] : peers[0];
        winner.socket.end("from the winner");
        assert.equal((await receiveAll(socket)).toString(), "from the winner");
        lease.ended("complete");
        await lease[Symbol.asyncDispose]();
        await upload(port, address);
        await port.close();
        await winner.destroy();
      });

      test("is refused when no transfer is expected, and the port is given up", async () => {
        const { port, retired, connect } = await passivePort(o);
        await upload(port, address);
        const stray = await connect();
        await stray.ending();
        assert.deepEqual(retired, ["stray"]);
        await upload(port, address);
        await port.close();
      });

      test("left over in the kernel's queue does not carry the next file", async () => {
        const { port, retired } = await passivePort(o);
        await upload(port, address);
        const before = port.port;
        // While this runs our loop stands still: the connection waits in the queue, as one does under load.
        connectFromElsewhere(address, before);
        await upload(port, address);
        assert.deepEqual(retired, ["stray"]);
        await port.close();
      });

      test("that is reset before anybody looks fails when it is used, and not the process", async () => {
        const { port, connect } = await passivePort(o);
        const lease = await port.lease();
        const peer = await connect();
        peer.socket.write("x".repeat(100));
        await until(() => lease.established);
        await peer.reset();
        await settle();
        const socket = await lease.open(IN_TIME);
        await assert.rejects(receiveAll(socket), { reason: "lost" });
        await assert.rejects(async () => await socket.receive(), { reason: "lost" });
        await port.close();
      });

      test("that is reset at once never fails the process", async () => {
        const { port, connect } = await passivePort(o);
        for (let n = 0; n < 20; n++) {
          const lease = await port.lease();
          const peer = await connect();
          await peer.reset();
          await lease[Symbol.asyncDispose]();
        }
        await port.close();
      });

      test("is waited for no longer than the timeout", async () => {
        const { port } = await passivePort(o);
        const lease = await port.lease();
        await assert.rejects(async () => await lease.open({ signal: NEVER, timeout: 5 }), {
          reason: "timeout",
        });
        await port.close();
      });

      test("is given up when the signal aborts, before or while it is waited for", async () => {
        const { port } = await passivePort(o);
        const lease = await port.lease();
        const aborted = { signal: AbortSignal.abort(), timeout: 20_000 };
        await assert.rejects(async () => await lease.open(aborted), { reason: "closed" });
        const controller = new AbortController();
        const opening = lease.open({ signal: controller.signal, timeout: 20_000 });
        controller.abort();
        await assert.rejects(async () => await opening, { reason: "closed" });
        await port.close();
      });

      test("is used once", async () => {
        const { port, connect } = await passivePort(o);
        const lease = await port.lease();
        const peer = await connect();
        await lease.open(IN_TIME);
        await assert.rejects(async () => await lease.open(IN_TIME), { reason: "closed" });
        await port.close();
        await assert.rejects(async () => await lease.open(IN_TIME), { reason: "closed" });
        await peer.ending();
      });

      test("is closed when the next one is asked for", async () => {
        const { port, retired, connect } = await passivePort(o);
        const waiting = await port.lease();
        const opening = assert.rejects(async () => await waiting.open(IN_TIME), { reason: "closed" });
        const claimed = await port.lease();
        await opening;
        const peer = await connect();
        await until(() => claimed.established);
        await upload(port, address);
        await peer.ending();
        assert.deepEqual(retired, ["unclaimed", "broken"]);
        await port.close();
      });

      test("is closed with its port, in whatever state it is", async () => {
        const states = [
          async () => undefined,
          async (port: PassivePort) => void (await port.lease()),
          async (port: PassivePort) => {
            const lease = await port.lease();
            const peer = await Peer.connect({ address, port: port.port });
            await until(() => lease.established);
            return peer;
          },
          async (port: PassivePort) => {
            const lease = await port.lease();
            const peer = await Peer.connect({ address, port: port.port });
            const socket = await lease.open(IN_TIME);
            const receiving = assert.rejects(async () => await socket.receive(), { reason: "closed" });
            return Object.assign(peer, { receiving });
          },
          async (port: PassivePort) => {
            const lease = await port.lease();
            void assert.rejects(async () => await lease.open(IN_TIME), { reason: "closed" });
            return undefined;
          },
          async (port: PassivePort) => void (await upload(port, address)),
        ];
        for (const reach of states) {
          const { port } = await passivePort(o);
          const peer = await reach(port);
          await port.close();
          await port.close();
          await peer?.ending();
          await assert.rejects(port.lease(), { reason: "closed" });
        }
      });
    });
  }
}

describe("somebody else at a passive port", () => {
  const stranger = (port: PassivePort) =>
    Peer.connect({ address: "127.0.0.1", port: port.port, localAddress: "127.0.0.2" });
  const peerAllowed = (address: string) => address === "127.0.0.1";

  for (const acceptance of ["raw", "public"] as const) {
    test(`is closed at once, and the right peer still served (${acceptance})`, async () => {
      const { port, retired, connect } = await passivePort({ acceptance, peerAllowed });
      const lease = await port.lease();
      const opening = lease.open(IN_TIME);
      const wrong = await stranger(port);
      assert.notEqual(await wrong.ending(), undefined);
      assert.deepEqual(retired, [], "the port must go on waiting");
      const peer = await connect();
      peer.socket.end("from the right one");
      assert.equal((await receiveAll(await opening)).toString(), "from the right one");
      lease.ended("complete");
      await lease[Symbol.asyncDispose]();
      assert.deepEqual(retired, ["wrong-peer"], "afterwards it must not serve again");
      await upload(port);
      await port.close();
      await peer.destroy();
    });
  }

  test("is what a timeout is blamed on when nobody else came", async () => {
    const { port } = await passivePort({ peerAllowed });
    const lease = await port.lease();
    const wrong = await stranger(port);
    await wrong.ending();
    await assert.rejects(async () => await lease.open({ signal: NEVER, timeout: 5 }), {
      reason: "wrong-peer",
    });
    await port.close();
  });

  test("after the right peer, or between transfers, gives the port up at once", async () => {
    const { port, retired, connect } = await passivePort({ peerAllowed });
    const lease = await port.lease();
    const peer = await connect();
    await until(() => lease.established);
    await (await stranger(port)).ending();
    assert.deepEqual(retired, ["wrong-peer"]);
    await lease[Symbol.asyncDispose]();
    await peer.ending();
    await upload(port);
    await (await stranger(port)).ending();
    assert.deepEqual(retired, ["wrong-peer", "wrong-peer"]);
    await port.close();
  });
});

describe("the ports of a range", () => {
  test("are the only ones that are listened on", async () => {
    const range = await freeRange(3);
    for (let n = 0; n < 10; n++) {
      const { port } = await passivePort({ range });
      await port.lease();
      assert.ok(port.port >= range.from && port.port <= range.to);
      await port.close();
    }
    assert.equal(range.held, 0);
  });

  test("run out: no port, but one that another session uses no more is taken over", async () => {
    const range = await freeRange(1);
    const one = await passivePort({ range });
    const other = await passivePort({ range });
    await one.port.lease();
    await assert.rejects(other.port.lease(), { reason: "no-port" });
    await upload(one.port);
    await upload(other.port);
    assert.deepEqual(one.retired, ["unclaimed", "taken-over"]);
    assert.deepEqual(other.retired, []);
    await upload(one.port);
    assert.deepEqual(other.retired, ["taken-over"]);
    await one.port.close();
    await other.port.close();
    assert.equal(range.held, 0);
  });

  test("of which the one that rested for longest is taken over first", async () => {
    const range = await freeRange(3);
    const sessions = await Promise.all([1, 2, 3].map(() => passivePort({ range })));
    for (const { port } of sessions) await upload(port);
    await upload((sessions[0] as { port: PassivePort }).port);
    const fourth = await passivePort({ range });
    await upload(fourth.port);
    assert.deepEqual(
      sessions.map(({ retired }) => retired),
      [[], ["taken-over"], []],
    );
    for (const { port } of [...sessions, fourth]) await port.close();
  });

  test("that other programs hold are passed over", async () => {
    const range = await freeRange(2);
    const program = createServer();
    await listen(program, "127.0.0.1", range.from);
    for (let n = 0; n < 6; n++) {
      const { port } = await passivePort({ range });
      await port.lease();
      assert.equal(port.port, range.to);
      await port.close();
    }
    const { port } = await passivePort({ range: new PortRange({ from: range.from, to: range.from }) });
    await assert.rejects(port.lease(), (error: Error & { reason: string }) => {
      assert.equal(error.reason, "no-port");
      assert.equal((error.cause as NodeJS.ErrnoException).code, "EADDRINUSE");
      return true;
    });
    program.close();
  });

  test("are given back when the address is not ours", async () => {
    const range = await freeRange(20);
    const { port } = await passivePort({ range, localAddress: "192.0.2.1" });
    await assert.rejects(port.lease(), { reason: "no-port" });
    assert.equal(range.held, 0);
  });
});

test("a control connection over a dual-stack socket gets an IPv4 data port", async () => {
  const range = await freeRange(20);
  const { port } = await passivePort({ range, localAddress: "::ffff:127.0.0.1" });
  await upload(port, "127.0.0.1");
  await port.close();
});

test("connections are accepted by whichever way works here when nothing is said", async () => {
  const { port } = await passivePort();
  await upload(port);
  await port.close();
});

test("a peer that goes away while bytes are sent to it fails the sender", async () => {
  const { port, connect } = await passivePort();
  const lease = await port.lease();
  const peer = await connect();
  const socket: DataSocket = await lease.open(IN_TIME);
  await peer.destroy();
  const chunk = Buffer.alloc(1_000_000);
  await assert.rejects(
    async () => {
      for (;;) await socket.send(chunk);
    },
    { reason: "lost" },
  );
  await assert.rejects(async () => await socket.finish(), { reason: "lost" });
  await port.close();
});

/** Another process connects and goes away, all within one turn of ours. */
function connectFromElsewhere(address: string, port: number): void {
  const program = `require("net").connect(${port}, ${JSON.stringify(address)}).on("connect", () => process.exit())`;
  execFileSync(process.execPath, ["-e", program]);
}
