import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { buffers, SMALLEST_BUFFER } from "./buffer-pool.js";
import { ClosingPatience } from "./closing-patience.js";
import { PlainDataSocket } from "./data-socket.js";
import { type Arrival, Listener } from "./listener.js";
import {
  checkLeaks,
  freeRange,
  listeningPeer,
  Peer,
  pattern,
  receiveAll,
  settle,
  until,
} from "./loopback.support.test.js";
import { MAX_RECEIVE } from "./receive-buffer.js";
import { originOfSocket } from "./socket-carrier.js";

checkLeaks();

const MEGABYTE = 1024 * 1024;

for (const acceptance of ["raw", "public"] as const) {
  /** Both ends of one connection. */
  const connected = async (patience = new ClosingPatience(), unused: "end" | "reset" = "reset") => {
    const address = "127.0.0.1";
    let arrival: Arrival | undefined;
    const port = (await freeRange(1)).from;
    const listener = await Listener.listen({
      address,
      port,
      acceptance,
      onarrival: (one) => (arrival = one),
    });
    const peer = await Peer.connect({ address, port });
    await until(() => arrival !== undefined);
    // Resolves when the connection is closed too.
    void listener.close();
    return { socket: new PlainDataSocket((arrival as Arrival).origin, patience, unused), peer };
  };

  describe(`receiving over a socket accepted the ${acceptance} way`, () => {
    test("reads only when it is asked, one buffer at a time", async () => {
      const { socket, peer } = await connected();
      peer.socket.write(pattern(32 * MEGABYTE));
      await settle();
      const before = peer.socket.writableLength;
      assert.ok(before > 0);
      await socket.receive();
      await settle();
      const taken = await untilQuiet(() => before - peer.socket.writableLength);
      assert.ok(taken <= 16 * MEGABYTE, `the peer could send ${taken} bytes more`);
      socket.destroy();
      await socket.close();
      await peer.destroy();
    });

    test("gives large chunks, and none beyond the limit", async () => {
      const { socket, peer } = await connected();
      const bytes = pattern(8 * MEGABYTE);
      peer.socket.end(bytes);
      const chunks: Buffer[] = [];
      const sizes: number[] = [];
      for (let limit = MAX_RECEIVE; ; limit = sizes.length % 2 === 0 ? MAX_RECEIVE : 70_000) {
        const chunk = await socket.receive(limit);
        if (chunk === undefined) break;
        sizes.push(chunk.length);
        chunks.push(Buffer.from(chunk));
        await settle(2);
      }
      assert.deepEqual(Buffer.concat(chunks), bytes);
      assert.ok(Math.max(...sizes) <= MAX_RECEIVE);
      assert.ok(Math.max(...sizes) >= 64 * 1024);
      await socket.close();
      await peer.destroy();
    });

    test("keeps to a limit of a few bytes", async () => {
      const { socket, peer } = await connected();
      peer.socket.end("twelve bytes");
      const sizes: number[] = [];
      for (let chunk = await socket.receive(5); chunk !== undefined; chunk = await socket.receive(5)) {
        sizes.push(chunk.length);
      }
      assert.deepEqual(sizes, [5, 5, 2]);
      await socket.close();
      await peer.destroy();
    });

    test("leaves a chunk as it is until the next one is asked for", async () => {
      const { socket, peer } = await connected();
      peer.socket.write("first");
      const first = await socket.receive();
      peer.socket.end("second");
      await settle();
      assert.equal(Buffer.from(first ?? []).toString(), "first");
      assert.equal((await receiveAll(socket)).toString(), "second");
      await socket.close();
      await peer.destroy();
    });

    test("never takes a reset for an end, even when it comes with the last bytes", async () => {
      for (let n = 0; n < 10; n++) {
        const { socket, peer } = await connected();
        peer.socket.write("half of it");
        await settle(5);
        await peer.reset();
        await settle(5);
        await assert.rejects(receiveAll(socket), { reason: "lost" });
        await socket.close();
      }
    });

    test("tells of a reset while it waits", async () => {
      const { socket, peer } = await connected();
      const receiving = assert.rejects(async () => await socket.receive(), { reason: "lost" });
      await settle();
      await peer.reset();
      await receiving;
      await socket.close();
    });

    test("waits no more once it is destroyed, and says why", async () => {
      const { socket, peer } = await connected();
      const receiving = assert.rejects(async () => await socket.receive(), { message: "given up" });
      socket.destroy(new Error("given up"));
      socket.destroy(new Error("a second time does nothing"));
      await receiving;
      await assert.rejects(async () => await socket.receive(), { message: "given up" });
      await socket.close();
      assert.equal(await peer.ending(), "ECONNRESET");
    });

    test("ends by closing, not by a reset, when the peer has ended", async () => {
      const { socket, peer } = await connected();
      peer.socket.end("all");
      assert.equal((await receiveAll(socket)).toString(), "all");
      await socket.close();
      assert.equal(await peer.ending(), "end");
    });
  });

  describe(`sending over a socket accepted the ${acceptance} way`, () => {
    test("answers at once when the kernel took it all, later when not", async () => {
      const { socket, peer } = await connected();
      assert.equal(socket.send(Buffer.from("a few bytes")), undefined);
      assert.equal(socket.send(Buffer.alloc(0)), undefined);
      assert.equal(socket.unsent, 0);
      const large = Buffer.alloc(32 * MEGABYTE);
      const sending = socket.send(large);
      assert.ok(sending instanceof Promise);
      assert.ok(socket.unsent > 0 && socket.unsent <= large.length);
      const received = peer.receive();
      await sending;
      assert.equal(socket.unsent, 0);
      await socket.finish();
      assert.equal((await received).length, large.length + 11);
      await socket.close();
      await peer.closed;
    });

    test("tells a slow peer from a stalled one while a chunk is under way", async () => {
      const { socket, peer } = await connected();
      const sending = socket.send(Buffer.alloc(32 * MEGABYTE)) as Promise<void>;
      let sent = false;
      void sending.then(() => {
        sent = true;
      });
      const stalled = await untilQuiet(() => socket.unsent);
      peer.socket.resume();
      await until(() => socket.unsent < stalled);
      assert.equal(sent, false, "the whole chunk went before a part of it was seen to go");
      await sending;
      await socket.close();
      await peer.destroy();
    });

    test("fails when the peer resets, while it waits and afterwards", async () => {
      const { socket, peer } = await connected();
      const sending = assert.rejects(async () => await socket.send(Buffer.alloc(32 * MEGABYTE)), {
        reason: "lost",
      });
      await settle();
      await peer.reset();
      await sending;
      await assert.rejects(async () => await socket.send(Buffer.from("more")), { reason: "lost" });
      await socket.close();
    });

    test("shows the peer a reset when it is given up, also with bytes still queued", async () => {
      for (const bytes of [1000, 32 * MEGABYTE]) {
        const { socket, peer } = await connected();
        const sending = Promise.resolve(socket.send(Buffer.alloc(bytes)));
        const rejected = bytes > MEGABYTE ? assert.rejects(sending, { message: "aborted" }) : sending;
        socket.destroy(new Error("aborted"));
        await rejected;
        await socket.close();
        assert.equal(await peer.ending(), "ECONNRESET", `after ${bytes} bytes`);
      }
    });

    test("shows the peer what it was told to when it is given up before the first byte", async () => {
      for (const [unused, seen] of [
        ["reset", "ECONNRESET"],
        ["end", "end"],
      ] as const) {
        const { socket, peer } = await connected(new ClosingPatience(), unused);
        await socket.close();
        assert.equal(await peer.ending(), seen);
      }
    });

    test("is finished when the peer has ended too, and the connection then closes cleanly", async () => {
      const { socket, peer } = await connected();
      await socket.send(Buffer.from("everything"));
      let finished = false;
      const finishing = socket.finish().then(() => {
        finished = true;
      });
      await settle();
      assert.equal(finished, false, "the peer has read nothing yet");
      assert.equal((await peer.receive()).toString(), "everything");
      await finishing;
      await socket.close();
      assert.deepEqual(peer.errors, []);
      await peer.closed;
    });

    test("of nothing at all finishes too", async () => {
      const { socket, peer } = await connected();
      const received = peer.receive();
      await socket.finish();
      assert.equal((await received).length, 0);
      await socket.close();
      await peer.closed;
    });

    test("fails when the peer resets instead of ending: it has not read everything", async () => {
      const { socket, peer } = await connected();
      await socket.send(Buffer.from("never read"));
      const finishing = assert.rejects(socket.finish(), { reason: "lost" });
      await settle();
      await peer.reset();
      await finishing;
      await socket.close();
    });

    test("waits for a peer that does not close only as long as patience lasts", async () => {
      const patience = impatient();
      const before = patience.milliseconds;
      const { socket, peer } = await connected(patience);
      await socket.send(Buffer.from("all of it"));
      await socket.finish();
      assert.ok(patience.milliseconds < before);
      await socket.close();
      assert.equal(
        (await peer.receive()).toString(),
        "all of it",
        "what was sent arrives after we have closed",
      );
      await peer.closed;
      assert.deepEqual(peer.errors, []);
    });

    test("drops what a peer says meanwhile, however much", async () => {
      const { socket, peer } = await connected();
      await socket.send(Buffer.from("the file"));
      peer.socket.write(pattern(4 * MEGABYTE));
      const received = peer.receive();
      await socket.finish();
      assert.equal((await received).toString(), "the file");
      await socket.close();
      await peer.destroy();
    });

    test("finishes while somebody still waits for the peer, who hears of its end", async () => {
      const { socket, peer } = await connected();
      const receiving = socket.receive();
      await settle();
      const received = peer.receive();
      await socket.finish();
      assert.equal(await receiving, undefined);
      assert.equal((await received).length, 0);
      await socket.close();
      await peer.closed;
    });

    test("that was reset while nobody used it is lost, and closes", async () => {
      const { socket, peer } = await connected();
      await peer.reset();
      await settle();
      await assert.rejects(async () => await socket.receive(), { reason: "lost" });
      await socket.close();
    });

    test("can be given up while it finishes", async () => {
      const { socket, peer } = await connected();
      await socket.send(Buffer.from("all of it"));
      const finishing = assert.rejects(socket.finish(), { message: "enough" });
      await settle();
      socket.destroy(new Error("enough"));
      await finishing;
      await socket.close();
      await peer.destroy();
    });

    test("is not possible after finishing", async () => {
      const { socket, peer } = await connected();
      void peer.receive();
      await socket.finish();
      assert.throws(() => void socket.send(Buffer.from("more")), { reason: "closed" });
      await socket.close();
      await peer.closed;
    });
  });

  test(`both directions work on one socket, one after the other (${acceptance})`, async () => {
    const { socket, peer } = await connected();
    await socket.send(Buffer.from("question"));
    peer.socket.write(pattern(MEGABYTE));
    let received = 0;
    while (received < MEGABYTE) received += (await socket.receive())?.length ?? 0;
    await socket.send(Buffer.from("thanks"));
    peer.socket.end();
    assert.equal(await socket.receive(), undefined);
    assert.equal((await Promise.all([peer.receive(), socket.finish()]))[0].toString(), "questionthanks");
    await socket.close();
    await peer.closed;
  });
}

describe("a socket that was closed before anybody asked for its bytes", () => {
  const closedSocket = async () => {
    const listening = await listeningPeer("127.0.0.1");
    const { socket, closed } = await Peer.connect({ address: "127.0.0.1", port: listening.port });
    const peer = await listening.next();
    socket.resume();
    await peer.reset();
    await closed;
    await listening.close();
    return new PlainDataSocket(originOfSocket(socket), new ClosingPatience(), "reset");
  };

  test("is lost for who sends, receives or finishes", async () => {
    for (const use of ["receive", "finish"] as const) {
      const socket = await closedSocket();
      await assert.rejects(async () => await socket[use](), { reason: "lost" });
      await socket.close();
    }
    const socket = await closedSocket();
    await assert.rejects(async () => await socket.send(Buffer.from("bytes")), { reason: "lost" });
    await socket.close();
  });

  test("is closed at once", async () => {
    const socket = await closedSocket();
    await socket.close();
  });
});

describe("the memory of a receiving socket", () => {
  const connectedRaw = async () => {
    let arrival: Arrival | undefined;
    const port = (await freeRange(1)).from;
    const o = { address: "127.0.0.1", port, acceptance: "raw" } as const;
    const listener = await Listener.listen({ ...o, onarrival: (one) => (arrival = one) });
    const peer = await Peer.connect(o);
    await until(() => arrival !== undefined);
    // Resolves when the connection is closed too.
    void listener.close();
    return { socket: new PlainDataSocket((arrival as Arrival).origin, new ClosingPatience(), "reset"), peer };
  };

  test("goes back to the pool when the transfer has ended", async () => {
    const { socket, peer } = await connectedRaw();
    peer.socket.end("bytes");
    const chunk = await socket.receive();
    const memory = chunk?.buffer;
    assert.equal(await socket.receive(), undefined);
    await socket.close();
    assert.equal(takeAll(MAX_RECEIVE, memory), true);
    await peer.destroy();
  });

  test("is not lent again while somebody may still read from it", async () => {
    const { socket, peer } = await connectedRaw();
    peer.socket.write("bytes that a slow disk still writes");
    const chunk = await socket.receive();
    socket.destroy();
    await socket.close();
    assert.equal(takeAll(MAX_RECEIVE, chunk?.buffer), false);
    await peer.destroy();
  });

  test("is small for a connection that only sends, and none before the first byte moves", async () => {
    buffers.give(buffers.take(MAX_RECEIVE));
    const before = buffers.idleBytes;
    const { socket, peer } = await connectedRaw();
    assert.equal(buffers.idleBytes, before);
    await socket.send(Buffer.from("bytes"));
    assert.ok(before - buffers.idleBytes <= SMALLEST_BUFFER);
    void peer.receive();
    await socket.finish();
    await socket.close();
    await peer.closed;
  });
});

/** Whether the pool gives this memory when everything of that size is taken out of it. */
function takeAll(size: number, memory: ArrayBufferLike | undefined): boolean {
  const taken = [];
  let found = false;
  for (let before = -1; before !== buffers.idleBytes; ) {
    before = buffers.idleBytes;
    const buffer = buffers.take(size);
    taken.push(buffer);
    found ||= buffer.buffer === memory;
  }
  for (const buffer of taken) buffers.give(buffer);
  return found;
}

/** Patience after a session of peers that close late. */
function impatient(): ClosingPatience {
  const patience = new ClosingPatience();
  for (let n = 0; n < 4; n++) patience.closedLate();
  return patience;
}

/** The value, once it has stayed the same for many turns. */
async function untilQuiet(value: () => number): Promise<number> {
  for (let before = Number.NaN; before !== value(); ) {
    before = value();
    await settle(50);
  }
  return value();
}
