import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import type { DataConnection, DataSocket } from "../connection/data-connection.js";
import { checkLeaks, freeRange, NEVER, Peer, pattern } from "../connection/loopback.support.test.js";
import { PassivePort } from "../connection/passive.js";
import { MemorySink, MemorySource } from "./storage.support.test.js";
import { transfer } from "./transfer.js";

checkLeaks();

const MEGABYTE = 1024 * 1024;
const COMMON = {
  path: "/file",
  start: 0,
  codec: undefined,
  signal: NEVER,
  connectTimeout: 20_000,
  stallTimeout: 20_000,
} as const;

/** The fastest peer there is: takes and gives everything at once. A transfer that only waits for it never stops. */
function endlessPeer(incoming: number): DataConnection {
  let left = incoming;
  const socket: DataSocket = {
    unsent: 0,
    send: () => undefined,
    finish: () => Promise.resolve(),
    receive(limit = MEGABYTE) {
      const length = Math.min(limit, left);
      left -= length;
      return length === 0 ? undefined : Buffer.alloc(length);
    },
    destroy: () => {},
  };
  return {
    kind: "passive",
    established: true,
    open: () => socket,
    ended: () => {},
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** Counts turns of the loop, each with a whole poll, until told to stop. */
function countTurns() {
  const counter = { turn: 0, running: true };
  const next = () => {
    counter.turn++;
    if (counter.running) setImmediate(next);
  };
  setImmediate(next);
  return counter;
}

describe("eight transfers at once", () => {
  test("move one chunk each in a turn of the loop, and everybody else has a turn in between", async () => {
    const counter = countTurns();
    const moves: { id: number; turn: number; bytes: number }[] = [];
    const jobs = Array.from({ length: 8 }, (_, id) => {
      const note = (chunk: Uint8Array) => void moves.push({ id, turn: counter.turn, bytes: chunk.length });
      const job = { ...COMMON, id: String(id), dataConnection: endlessPeer(4 * MEGABYTE) };
      return id % 2 === 0
        ? transfer({
            ...job,
            direction: "send",
            source: new MemorySource(pattern(4 * MEGABYTE), { onRead: note }),
          })
        : transfer({ ...job, direction: "receive", sink: new MemorySink({ onWrite: note }) });
    });
    for (const { outcome } of jobs) assert.equal((await outcome).kind, "complete");
    counter.running = false;

    const together = moves.filter(({ turn }) => turn > 1 && turn < 20);
    assert.ok(together.length > 100);
    assert.ok(
      together.every(({ bytes }) => bytes <= 128 * 1024),
      "a megabyte is shared among eight",
    );
    const perTurn = new Map<string, number>();
    for (const { id, turn } of together) {
      const key = `${id} in turn ${turn}`;
      perTurn.set(key, (perTurn.get(key) ?? 0) + 1);
    }
    assert.deepEqual(
      [...perTurn].filter(([, count]) => count > 1),
      [],
      "more than one chunk in a turn",
    );
    const progress = Array.from({ length: 8 }, (_, id) => together.filter((move) => move.id === id).length);
    assert.ok(Math.max(...progress) - Math.min(...progress) <= 1, `chunks each: ${progress}`);
  });

  test("arrive whole", async () => {
    const range = await freeRange(20);
    const bytes = pattern(6 * MEGABYTE);
    const digest = sha256(bytes);
    const one = async (id: number) => {
      const port = new PassivePort({ localAddress: "127.0.0.1", range, peerAllowed: () => true });
      const job = { ...COMMON, id: String(id), dataConnection: await port.lease() };
      const peer = await Peer.connect({ address: "127.0.0.1", port: port.port });
      if (id % 2 === 0) {
        const { outcome } = transfer({ ...job, direction: "send", source: new MemorySource(bytes) });
        assert.equal(sha256(await peer.receive()), digest);
        assert.equal((await outcome).kind, "complete");
      } else {
        const sink = new MemorySink({ speed: id % 4 === 1 ? "at once" : "later" });
        const { outcome } = transfer({ ...job, direction: "receive", sink });
        peer.socket.end(bytes);
        assert.equal((await outcome).kind, "complete");
        assert.equal(sha256(sink.content), digest);
      }
      await peer.destroy();
      await port.close();
    };
    await Promise.all(Array.from({ length: 8 }, (_, id) => one(id)));
    assert.equal(range.held, 0);
  });
});

function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
