import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { buffers } from "../connection/buffer-pool.js";
import type { DataConnection, DataConnectionError, DataSocket } from "../connection/data-connection.js";
import {
  checkLeaks,
  freeRange,
  NEVER,
  Peer,
  pattern,
  settle,
  until,
} from "../connection/loopback.support.test.js";
import { PassivePort } from "../connection/passive.js";
import { StorageError } from "../storage/errors.js";
import { Gate, MemorySink, MemorySource } from "./storage.support.test.js";
import { type ReceiveJob, type SendJob, transfer } from "./transfer.js";

checkLeaks();

const MEGABYTE = 1024 * 1024;
const COMMON = {
  id: "t1",
  path: "/file",
  start: 0,
  codec: undefined,
  signal: NEVER,
  connectTimeout: 20_000,
  stallTimeout: 20_000,
} as const;

async function link() {
  const address = "127.0.0.1";
  const port = new PassivePort({
    localAddress: address,
    range: await freeRange(20),
    peerAllowed: () => true,
  });
  const dataConnection = await port.lease();
  return {
    dataConnection,
    connect: () => Peer.connect({ address, port: port.port }),
    [Symbol.asyncDispose]: () => port.close(),
  };
}

type Link = Awaited<ReturnType<typeof link>>;

function sending({ dataConnection }: Link, job: Partial<SendJob> & Pick<SendJob, "source">) {
  return transfer({ ...COMMON, dataConnection, ...job, direction: "send" });
}

function receiving({ dataConnection }: Link, job: Partial<ReceiveJob> & Pick<ReceiveJob, "sink">) {
  return transfer({ ...COMMON, dataConnection, ...job, direction: "receive" });
}

describe("an abort", () => {
  test("before the beginning opens nothing and lets the file go", async () => {
    await using here = await link();
    const signal = AbortSignal.abort();
    const source = new MemorySource(pattern(10));
    const opening = () => assert.fail("announced");
    assert.equal((await sending(here, { source, signal, opening }).outcome).kind, "aborted");
    assert.deepEqual([source.windows.length, source.closed], [0, 1]);

    await using there = await link();
    const sink = new MemorySink();
    assert.equal((await receiving(there, { sink, signal, opening }).outcome).kind, "aborted");
    assert.deepEqual([sink.committed, sink.abandoned.length], [0, 1]);
  });

  test("while the peer is waited for ends the waiting", async () => {
    await using here = await link();
    const abort = new AbortController();
    const source = new MemorySource(pattern(10));
    const { outcome } = sending(here, { source, signal: abort.signal });
    await settle(2);
    abort.abort();
    assert.equal((await outcome).kind, "aborted");
    assert.equal(source.closed, 1);
  });

  test("while a peer does not read resets the connection", async () => {
    await using here = await link();
    const abort = new AbortController();
    const source = new MemorySource(pattern(64 * MEGABYTE));
    const { outcome, progress } = sending(here, { source, signal: abort.signal });
    const peer = await here.connect();
    await untilQuiet(() => progress.bytes);
    abort.abort();
    const result = await outcome;
    assert.equal(result.kind, "aborted");
    assert.equal(result.bytes, progress.bytes);
    assert.equal(source.closed, 1);
    assert.equal(await peer.ending(), "ECONNRESET");
  });

  test("while a peer sends nothing ends the waiting, and the sink is abandoned", async () => {
    await using here = await link();
    const abort = new AbortController();
    const sink = new MemorySink();
    const { outcome, progress } = receiving(here, { sink, signal: abort.signal });
    const peer = await here.connect();
    peer.socket.write("some");
    await until(() => progress.bytes === 4);
    abort.abort();
    assert.equal((await outcome).kind, "aborted");
    assert.deepEqual([sink.committed, sink.abandoned.length], [0, 1]);
    await peer.ending();
  });

  test("while a storage reads closes the connection at once, and the buffer and the file when it is done", async () => {
    await using here = await link();
    const abort = new AbortController();
    const gate = new Gate();
    let reads = 0;
    const source = new MemorySource(pattern(4 * MEGABYTE), {
      onRead: () => (++reads < 2 ? undefined : gate.opened),
    });
    const { outcome } = sending(here, { source, signal: abort.signal });
    let told = false;
    void outcome.then(() => {
      told = true;
    });
    const peer = await here.connect();
    await until(() => reads === 2);
    abort.abort();
    assert.equal(await peer.ending(), "ECONNRESET");
    await settle();
    assert.deepEqual([told, source.closed], [false, 0]);
    const lent = source.windows.at(-1)?.buffer;
    assert.equal(poolHas(lent), false, "the storage still fills it");
    gate.open();
    assert.equal((await outcome).kind, "aborted");
    assert.equal(source.closed, 1);
    assert.equal(poolHas(lent), true);
  });

  test("while a storage writes closes the connection at once, and abandons when it is done", async () => {
    await using here = await link();
    const abort = new AbortController();
    const gate = new Gate();
    let chunk: Uint8Array | undefined;
    const sink = new MemorySink({
      onWrite: (bytes) => {
        chunk = bytes;
        return gate.opened;
      },
    });
    const { outcome } = receiving(here, { sink, signal: abort.signal });
    const peer = await here.connect();
    peer.socket.write("bytes that must stay as they are");
    await until(() => chunk !== undefined);
    abort.abort();
    await peer.ending();
    await settle();
    assert.equal(sink.abandoned.length, 0);
    assert.equal(poolHas(chunk?.buffer), false, "the storage still reads it");
    gate.open();
    assert.equal((await outcome).kind, "aborted");
    assert.equal(sink.abandoned.length, 1);
    assert.equal(sink.content.toString(), "bytes that must stay as they are");
  });

  test("while the rate is kept does not wait for its turn", async () => {
    await using here = await link();
    const abort = new AbortController();
    const { outcome, progress } = sending(here, {
      source: new MemorySource(pattern(MEGABYTE)),
      signal: abort.signal,
      rate: 1,
    });
    const peer = await here.connect();
    await until(() => progress.bytes > 0);
    abort.abort();
    const result = await outcome;
    assert.equal(result.kind, "aborted");
    assert.ok(result.duration < 60_000);
    await peer.ending();
  });

  test("of a storage that never answers is answered all the same, and the file closed when it does", async () => {
    await using here = await link();
    const abort = new AbortController();
    const gate = new Gate();
    const source = new MemorySource(pattern(10), { onRead: () => gate.opened });
    const { outcome } = sending(here, { source, signal: abort.signal, releaseTimeout: 5 });
    const peer = await here.connect();
    await until(() => source.windows.length > 0);
    abort.abort();
    assert.equal((await outcome).kind, "aborted");
    assert.equal(source.closed, 0);
    gate.open();
    await until(() => source.closed === 1);
    await peer.ending();
  });

  for (const [what, fails] of [
    ["is told to stop waiting, and closed", false],
    ["is closed when it fails to stop, too", true],
  ] as const) {
    test(`of a source that waits for somebody: it ${what}`, async () => {
      await using here = await link();
      const abort = new AbortController();
      const gate = new Gate();
      const interrupt = (): void => {
        gate.open();
        if (fails) throw new Error("cannot stop");
      };
      const source = Object.assign(new MemorySource(pattern(10), { onRead: () => gate.opened }), {
        interrupt,
      });
      const never = Number.POSITIVE_INFINITY;
      const { outcome } = sending(here, { source, signal: abort.signal, releaseTimeout: never });
      const peer = await here.connect();
      await until(() => source.windows.length > 0);
      abort.abort();
      assert.equal((await outcome).kind, "aborted");
      assert.equal(source.closed, 1);
      await peer.ending();
    });
  }

  test("after the last byte does not undo what is kept", async () => {
    await using here = await link();
    const abort = new AbortController();
    const sink = new MemorySink({ onCommit: () => abort.abort() });
    const { outcome } = receiving(here, { sink, signal: abort.signal });
    const peer = await here.connect();
    peer.socket.end("bytes");
    assert.equal((await outcome).kind, "complete");
    assert.deepEqual([sink.committed, sink.abandoned.length], [1, 0]);
    await peer.destroy();
  });
});

describe("a stall", () => {
  const stalled = (outcome: { kind: string; error?: unknown }) => {
    assert.equal(outcome.kind, "remote");
    assert.equal((outcome.error as DataConnectionError).reason, "stalled");
  };

  test("of a peer that does not read breaks the transfer", async () => {
    await using here = await link();
    const source = new MemorySource(pattern(64 * MEGABYTE));
    const { outcome } = sending(here, { source, stallTimeout: 40 });
    const peer = await here.connect();
    const result = await outcome;
    stalled(result);
    assert.ok(result.duration >= 40);
    assert.equal(source.closed, 1);
    assert.equal(await peer.ending(), "ECONNRESET");
  });

  test("of a peer that does not send breaks the transfer", async () => {
    await using here = await link();
    const sink = new MemorySink();
    const { outcome } = receiving(here, { sink, stallTimeout: 40 });
    const peer = await here.connect();
    peer.socket.write("some");
    stalled(await outcome);
    assert.deepEqual([sink.committed, sink.abandoned.length], [0, 1]);
    await peer.ending();
  });

  test("is not what a slow peer does, even while one chunk is under way", async () => {
    let unsent = 0;
    const slow: DataSocket = {
      get unsent() {
        return unsent;
      },
      async send(chunk) {
        for (unsent = chunk.length; unsent > 0; unsent -= 20) await sleep(10);
      },
      finish: () => Promise.resolve(),
      receive: () => undefined,
      destroy: () => {},
    };
    const dataConnection: DataConnection = {
      kind: "passive",
      established: true,
      open: () => slow,
      ended: () => {},
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
    const source = new MemorySource(pattern(1000));
    const { outcome } = transfer({ ...COMMON, dataConnection, direction: "send", source, stallTimeout: 150 });
    const { kind, duration } = await outcome;
    assert.equal(kind, "complete");
    assert.ok(duration > 2 * 150);
  });

  test("of the storage is the storage's fault", async () => {
    await using here = await link();
    const gate = new Gate();
    const source = new MemorySource(pattern(10), { onRead: () => gate.opened });
    const { outcome } = sending(here, { source, stallTimeout: 20, releaseTimeout: 5 });
    const peer = await here.connect();
    const result = await outcome;
    assert.ok(result.kind === "local" && result.error instanceof StorageError);
    assert.equal(result.error.reason, "timeout");
    gate.open();
    await until(() => source.closed === 1);
    await peer.ending();
  });

  test("is not seen in the waits of a throttled transfer", async () => {
    await using here = await link();
    const { outcome } = sending(here, {
      source: new MemorySource(pattern(1024)),
      stallTimeout: 20,
      rate: 4096,
    });
    const peer = await here.connect();
    assert.equal((await peer.receive()).length, 1024);
    const result = await outcome;
    assert.equal(result.kind, "complete");
    assert.ok(result.duration >= 100, `${result.duration} ms`);
    await peer.closed;
  });
});

describe("a rate", () => {
  test("is kept when sending", async () => {
    await using here = await link();
    const { outcome } = sending(here, { source: new MemorySource(pattern(100_000)), rate: 400_000 });
    const peer = await here.connect();
    assert.ok((await peer.receive()).equals(pattern(100_000)));
    const { kind, duration } = await outcome;
    assert.equal(kind, "complete");
    assert.ok(duration >= 100, `${duration} ms`);
    await peer.closed;
  });

  test("is kept when receiving", async () => {
    await using here = await link();
    const sink = new MemorySink();
    const { outcome } = receiving(here, { sink, rate: 400_000 });
    const peer = await here.connect();
    peer.socket.end(pattern(100_000));
    const { kind, duration } = await outcome;
    assert.equal(kind, "complete");
    assert.ok(duration >= 100, `${duration} ms`);
    assert.ok(sink.content.equals(pattern(100_000)));
    await peer.destroy();
  });
});

/** Whether the pool would lend this memory now. */
function poolHas(memory: ArrayBufferLike | undefined): boolean {
  assert.ok(memory !== undefined);
  const taken = [];
  let found = false;
  for (let before = -1; before !== buffers.idleBytes; ) {
    before = buffers.idleBytes;
    const buffer = buffers.take(memory.byteLength);
    taken.push(buffer);
    found ||= buffer.buffer === memory;
  }
  for (const buffer of taken) buffers.give(buffer);
  return found;
}

/** The value, once it has stayed the same for many turns. */
async function untilQuiet(value: () => number): Promise<number> {
  for (let before = Number.NaN; before !== value(); ) {
    before = value();
    await settle(50);
  }
  return value();
}
