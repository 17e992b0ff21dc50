import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ActiveConnection } from "../connection/active.js";
import { type DataConnection, DataConnectionError, type DataSocket } from "../connection/data-connection.js";
import {
  checkLeaks,
  freeRange,
  LOOPBACKS,
  listeningPeer,
  NEVER,
  Peer,
  pattern,
  settle,
  until,
} from "../connection/loopback.support.test.js";
import { PassivePort, type Retirement } from "../connection/passive.js";
import { codecFor } from "./codec.js";
import { MemorySink, MemorySource } from "./storage.support.test.js";
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

type Rest<Job> = Partial<Omit<Job, "direction">> & { readonly dataConnection: DataConnection };

function sending(job: Rest<SendJob> & Pick<SendJob, "source">) {
  return transfer({ ...COMMON, ...job, direction: "send" });
}

function receiving(job: Rest<ReceiveJob> & Pick<ReceiveJob, "sink">) {
  return transfer({ ...COMMON, ...job, direction: "receive" });
}

/** A data connection that is asked for, and its peer once it is connected. */
interface Link extends AsyncDisposable {
  readonly dataConnection: DataConnection;
  connect(): Promise<Peer>;
  /** Why the passive port was given up. */
  readonly retired: readonly Retirement[];
}

async function passiveLink(address = "127.0.0.1", acceptance: "raw" | "public" = "raw"): Promise<Link> {
  const retired: Retirement[] = [];
  const range = await freeRange(20, [address]);
  const o = { localAddress: address, range, acceptance, peerAllowed: () => true };
  const port = new PassivePort({ ...o, onretire: (why) => retired.push(why) });
  const dataConnection = await port.lease();
  return {
    dataConnection,
    retired,
    connect: () => Peer.connect({ address, port: port.port }),
    [Symbol.asyncDispose]: () => port.close(),
  };
}

async function activeLink(address = "127.0.0.1"): Promise<Link> {
  const listening = await listeningPeer(address);
  return {
    dataConnection: new ActiveConnection({ address, port: listening.port }),
    retired: [],
    connect: () => listening.next(),
    [Symbol.asyncDispose]: () => listening.close(),
  };
}

const LINKS: readonly { name: string; skip: string | false; make: () => Promise<Link> }[] = LOOPBACKS.flatMap(
  ({ address, skip }) => [
    { name: `passive, raw, ${address}`, skip, make: () => passiveLink(address, "raw") },
    { name: `passive, public, ${address}`, skip, make: () => passiveLink(address, "public") },
    { name: `active, ${address}`, skip, make: () => activeLink(address) },
  ],
);

const SIZES = [0, 1, 1000, 4096, 65_536, MEGABYTE, MEGABYTE + 1, 5 * MEGABYTE];

for (const { name, skip, make } of LINKS) {
  describe(`a transfer over a data connection that is ${name}`, { skip }, () => {
    for (const speed of ["at once", "later"] as const) {
      test(`sends files of all sizes from a storage that answers ${speed}`, async () => {
        for (const size of SIZES) {
          await using link = await make();
          const source = new MemorySource(pattern(size), { speed });
          const { outcome } = sending({ dataConnection: link.dataConnection, source });
          const peer = await link.connect();
          assert.ok((await peer.receive()).equals(pattern(size)), `${size} bytes`);
          const { duration, ...rest } = await outcome;
          assert.deepEqual(rest, {
            id: "t1",
            path: "/file",
            start: 0,
            bytes: size,
            dataConnection: "closed",
            kind: "complete",
            endOfFile: "closing",
          });
          assert.ok(duration > 0);
          assert.equal(source.closed, 1);
          await peer.destroy();
        }
      });

      test(`a file that becomes shorter while it is sent does not look whole: ${speed}`, async () => {
        await using link = await make();
        const source = Object.assign(new MemorySource(pattern(100_000), { speed }), { size: 100_001 });
        const { outcome } = sending({ dataConnection: link.dataConnection, source });
        const peer = await link.connect();
        await peer.receive().catch(() => {});
        const result = await outcome;
        assert.equal(result.kind, "local");
        assert.equal(source.closed, 1);
        await peer.destroy();
      });

      test(`receives files of all sizes into a storage that answers ${speed}`, async () => {
        for (const size of SIZES) {
          await using link = await make();
          const sink = new MemorySink({ speed });
          const { outcome } = receiving({ dataConnection: link.dataConnection, sink, modified: 86_400_000 });
          const peer = await link.connect();
          peer.socket.end(pattern(size));
          const result = await outcome;
          assert.equal(result.kind, "complete");
          assert.equal(result.bytes, size);
          assert.ok(sink.content.equals(pattern(size)), `${size} bytes`);
          assert.equal(sink.committed, 1);
          assert.equal(sink.modified, 86_400_000);
          await peer.destroy();
        }
      });
    }

    test("converts lines in TYPE A, both ways", async () => {
      const codec = codecFor({ type: { kind: "ascii", format: "N" }, structure: "F", mode: "S" });
      assert.ok(codec !== "unsupported");
      const text = Buffer.from("a line of text\nand another one, longer than that\n\n".repeat(60_000));
      const wire = Buffer.from(text.toString().replaceAll("\n", "\r\n"));
      {
        await using link = await make();
        const { outcome } = sending({
          dataConnection: link.dataConnection,
          codec,
          source: new MemorySource(text),
        });
        const peer = await link.connect();
        assert.ok((await peer.receive()).equals(wire));
        const result = await outcome;
        assert.equal(result.kind, "complete");
        assert.equal(result.bytes, text.length, "bytes of the file are counted");
        await peer.destroy();
      }
      await using link = await make();
      const sink = new MemorySink();
      const { outcome } = receiving({ dataConnection: link.dataConnection, codec, sink });
      const peer = await link.connect();
      peer.socket.end(Buffer.concat([wire, Buffer.from("bare\r")]));
      const result = await outcome;
      assert.equal(result.bytes, text.length + 5);
      assert.equal(sink.content.toString(), `${text}bare\r`);
      await peer.destroy();
    });

    test("that the peer resets is broken at once, and never complete", async () => {
      {
        await using link = await make();
        const sink = new MemorySink();
        const { outcome, progress } = receiving({ dataConnection: link.dataConnection, sink });
        const peer = await link.connect();
        peer.socket.write("half of it");
        await until(() => progress.bytes > 0);
        await peer.reset();
        assertLost(await outcome);
        assert.equal(sink.committed, 0);
        assert.equal(sink.abandoned.length, 1);
      }
      {
        await using link = await make();
        const source = new MemorySource(pattern(64 * MEGABYTE));
        const { outcome } = sending({ dataConnection: link.dataConnection, source });
        const peer = await link.connect();
        await settle();
        await peer.reset();
        assertLost(await outcome);
        assert.equal(source.closed, 1);
      }
      await using link = await make();
      const { outcome, progress } = sending({
        dataConnection: link.dataConnection,
        source: new MemorySource(pattern(1000)),
      });
      const peer = await link.connect();
      await until(() => progress.bytes === 1000);
      await peer.reset();
      assertLost(await outcome);
    });
  });
}

function assertLost(outcome: { kind: string; error?: unknown }): void {
  assert.equal(outcome.kind, "remote");
  assert.equal((outcome.error as DataConnectionError).reason, "lost");
}

describe("a transfer", () => {
  test("of a small file needs one turn when the peer is there", async () => {
    await using link = await passiveLink();
    const peer = await link.connect();
    await until(() => link.dataConnection.established);
    let turned = false;
    setImmediate(() => {
      turned = true;
    });
    const source = new MemorySource(pattern(1000), { onRead: () => assert.equal(turned, false) });
    const { outcome } = sending({ dataConnection: link.dataConnection, source });
    assert.equal(source.windows.length, 1, "the first read is done before the call returns");
    assert.equal(source.windows[0]?.length, 4096, "a small file needs a small buffer only");
    assert.equal((await peer.receive()).length, 1000);
    assert.equal((await outcome).kind, "complete");
    assert.equal(source.windows.length, 2);
    await peer.closed;
  });

  test("of a file that is longer than was said takes larger buffers as it goes", async () => {
    await using link = await passiveLink();
    const source = new MemorySource(pattern(3 * MEGABYTE));
    Object.assign(source, { size: 10 });
    const { outcome } = sending({ dataConnection: link.dataConnection, source });
    const peer = await link.connect();
    assert.ok((await peer.receive()).equals(pattern(3 * MEGABYTE)));
    assert.equal((await outcome).bytes, 3 * MEGABYTE);
    assert.ok(source.windows.length < 8, `${source.windows.length} reads`);
    await peer.closed;
  });

  test("announces itself right before it opens the data connection", async () => {
    const log: string[] = [];
    const connection = new ScriptedConnection([], log);
    const { outcome } = sending({
      dataConnection: connection,
      source: new MemorySource(pattern(10), { onClose: () => log.push("source closed") }),
      opening: () => log.push("opening"),
    });
    assert.deepEqual(log.slice(0, 2), ["opening", "open"], "both before the call returned");
    await outcome;
  });

  test("closes the data connection, then the file, then tells the outcome", async () => {
    const log: string[] = [];
    const source = new MemorySource(pattern(10), { onClose: () => log.push("source closed") });
    await sending({ dataConnection: new ScriptedConnection([], log), source }).outcome;
    assert.deepEqual(log, ["open", "send 10", "finish", "ended complete", "disposed", "source closed"]);

    log.length = 0;
    const sink = new MemorySink({ onCommit: () => void log.push("committed") });
    await receiving({ dataConnection: new ScriptedConnection([Buffer.from("bytes")], log), sink }).outcome;
    assert.deepEqual(log, ["open", "ended complete", "disposed", "committed"]);

    log.length = 0;
    const failing = new MemorySink({
      onWrite: () => {
        throw new Error("disk");
      },
      onAbandon: () => void log.push("abandoned"),
    });
    await receiving({ dataConnection: new ScriptedConnection([Buffer.from("bytes")], log), sink: failing })
      .outcome;
    assert.deepEqual(log, ["open", "ended broken", "disposed", "abandoned"]);
  });

  test("tells its progress while it runs, and keeps it afterwards", async () => {
    await using link = await passiveLink();
    const { outcome, progress } = receiving({
      dataConnection: link.dataConnection,
      sink: new MemorySink(),
      total: 2000,
    });
    assert.deepEqual([progress.bytes, progress.total], [0, 2000]);
    const peer = await link.connect();
    peer.socket.write(pattern(1000));
    await until(() => progress.bytes === 1000);
    assert.ok(progress.elapsed > 0);
    peer.socket.end(pattern(1000));
    const { duration } = await outcome;
    assert.equal(progress.bytes, 2000);
    assert.equal(progress.elapsed, duration);
    await peer.destroy();
  });

  test("knows the total of a source that knows its size", async () => {
    const job = { dataConnection: new ScriptedConnection([]) };
    const known = sending({ ...job, source: new MemorySource(pattern(10)) });
    assert.equal(known.progress.total, 10);
    const unknown = sending({ ...job, source: new MemorySource(pattern(10), { sizeKnown: false }) });
    assert.equal(unknown.progress.total, undefined);
    await Promise.all([known.outcome, unknown.outcome]);
  });

  test("that completed leaves the passive port for the next one, also when the file could not be kept", async () => {
    await using link = await passiveLink();
    const sink = new MemorySink({ onCommit: () => Promise.reject(new Error("quota")) });
    const { outcome } = receiving({ dataConnection: link.dataConnection, sink });
    const peer = await link.connect();
    peer.socket.end("bytes");
    assert.equal((await outcome).kind, "local");
    assert.deepEqual(link.retired, []);
    await peer.destroy();
  });

  test("that broke gives the passive port up", async () => {
    await using link = await passiveLink();
    const { outcome } = receiving({ dataConnection: link.dataConnection, sink: new MemorySink() });
    const peer = await link.connect();
    await peer.reset();
    await outcome;
    assert.deepEqual(link.retired, ["broken"]);
  });
});

describe("a transfer whose data connection does not open", () => {
  test("is not opened, moves nothing, and lets the file go", async () => {
    await using link = await passiveLink();
    const source = new MemorySource(pattern(10));
    const result = await sending({ dataConnection: link.dataConnection, source, connectTimeout: 5 }).outcome;
    assert.equal(result.kind, "not-opened");
    assert.ok(result.kind === "not-opened" && result.error.reason === "timeout");
    assert.equal(result.bytes, 0);
    assert.deepEqual([source.windows.length, source.closed], [0, 1]);
    assert.deepEqual(link.retired, ["unclaimed"]);

    const { from: port } = await freeRange(1);
    const sink = new MemorySink();
    const refused = await receiving({
      dataConnection: new ActiveConnection({ address: "127.0.0.1", port }),
      sink,
    }).outcome;
    assert.ok(refused.kind === "not-opened" && refused.error.reason === "refused");
    assert.deepEqual([sink.committed, sink.abandoned], [0, [refused.error]]);
  });

  test("never throws, not even when what it was given throws", async () => {
    const broken = new ScriptedConnection([]);
    broken.open = () => {
      throw new DataConnectionError("closed");
    };
    broken[Symbol.asyncDispose] = () => Promise.reject(new Error("cannot dispose"));
    const source = new MemorySource(pattern(10), {
      onClose: () => {
        throw new Error("cannot close");
      },
    });
    assert.equal((await sending({ dataConnection: broken, source }).outcome).kind, "not-opened");

    const silent = sending({
      dataConnection: new ScriptedConnection([]),
      source: new MemorySource(pattern(10)),
      opening: () => {
        throw new Error("the control connection is gone");
      },
    });
    assert.equal((await silent.outcome).kind, "local");
  });
});

describe("a transfer whose storage fails", () => {
  const disk = new Error("disk");

  test("is local, and the peer sees a reset, for half a file must not look whole", async () => {
    for (const fails of [
      () => {
        throw disk;
      },
      () => Promise.reject(disk),
    ]) {
      await using link = await passiveLink();
      let reads = 0;
      const source = new MemorySource(pattern(5 * MEGABYTE), {
        onRead: () => (++reads < 3 ? undefined : fails()),
      });
      Object.assign(source, { close: () => source.closed++ });
      const { outcome } = sending({ dataConnection: link.dataConnection, source });
      const peer = await link.connect();
      assert.equal(await peer.ending(), "ECONNRESET");
      const result = await outcome;
      assert.ok(result.kind === "local" && result.error === disk);
      assert.equal(source.closed, 1);
    }
  });

  test("to write is local; the sink is abandoned for that cause", async () => {
    await using link = await passiveLink();
    const abandoned: unknown[] = [];
    const { outcome } = receiving({
      dataConnection: link.dataConnection,
      sink: {
        start: 0,
        write: () => Promise.reject(disk),
        commit: () => assert.fail("committed"),
        abandon: async (cause) => {
          abandoned.push(cause);
          return { kept: 0 };
        },
      },
    });
    const peer = await link.connect();
    peer.socket.write(pattern(MEGABYTE));
    const result = await outcome;
    assert.ok(result.kind === "local" && result.error === disk);
    assert.deepEqual(abandoned, [disk]);
    await peer.destroy();
  });

  test("to commit is local, and the sink is not abandoned on top", async () => {
    await using link = await passiveLink();
    const sink = new MemorySink({ onCommit: () => Promise.reject(disk) });
    const { outcome } = receiving({ dataConnection: link.dataConnection, sink });
    const peer = await link.connect();
    peer.socket.end("bytes");
    const result = await outcome;
    assert.ok(result.kind === "local" && result.error === disk);
    assert.deepEqual([sink.committed, sink.abandoned.length], [1, 0]);
    await peer.destroy();
  });

  test("to close what was sent is local too", async () => {
    const source = new MemorySource(pattern(10), {
      onClose: () => {
        throw disk;
      },
    });
    const result = await sending({ dataConnection: new ScriptedConnection([]), source }).outcome;
    assert.ok(result.kind === "local" && result.error === disk);
  });

  test("with an answer that is no length sends nothing of it", async () => {
    for (const answer of [Number.NaN, -1, 0.5, 2 * MEGABYTE]) {
      const log: string[] = [];
      const source = { size: 10, read: () => answer, close: () => {} };
      const result = await sending({ dataConnection: new ScriptedConnection([], log), source }).outcome;
      assert.equal(result.kind, "local", String(answer));
      assert.deepEqual(log, ["open", "ended broken", "disposed"]);
    }
  });
});

/** A data connection without a network: everything is at hand, and what is done to it is written down. */
class ScriptedConnection implements DataConnection, DataSocket {
  readonly kind = "passive";
  readonly established = true;
  readonly unsent = 0;
  readonly #incoming: Uint8Array[];
  readonly #log: string[];

  constructor(incoming: readonly Uint8Array[], log: string[] = []) {
    this.#incoming = [...incoming];
    this.#log = log;
  }

  open(): DataSocket {
    this.#log.push("open");
    return this;
  }

  ended(how: string): void {
    this.#log.push(`ended ${how}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#log.push("disposed");
  }

  send(chunk: Uint8Array): void {
    this.#log.push(`send ${chunk.length}`);
  }

  async finish(): Promise<void> {
    this.#log.push("finish");
  }

  receive(): Uint8Array | undefined {
    return this.#incoming.shift();
  }

  destroy(): void {}
}
