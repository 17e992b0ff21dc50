/**
 * For tests of data connections: peers and free ports on the loopback, and a check that nothing is left. Named as a
 * test, so that it is not published.
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server, Socket, type SocketConstructorOpts } from "node:net";
import { networkInterfaces } from "node:os";
import { afterEach, beforeEach } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { DataSocket } from "./data-connection.js";
import { PortRange } from "./port-range.js";

const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some((one) => one.address === "::1"));

/** The loopback of both families, for suites that run over each. */
export const LOOPBACKS = [
  { address: "127.0.0.1", skip: false },
  { address: "::1", skip: hasIpv6 ? false : "this machine has no IPv6 loopback" },
] as const;

export const NEVER: AbortSignal = new AbortController().signal;

/** Fails the test that leaves a socket, a listener or a timer. Call it once in a file, at the top. */
export function checkLeaks(): void {
  const kinds = ["TCPSocketWrap", "TCPServerWrap", "Timeout"] as const;
  const count = () => {
    const active = process.getActiveResourcesInfo();
    return kinds.map((kind) => active.filter((one) => one === kind).length);
  };
  let before: number[] = [];
  const left = () => count().map((now, n) => Math.max(0, now - (before[n] ?? 0)));
  beforeEach(() => {
    before = count();
  });
  afterEach(async () => {
    for (let turn = 0; turn < 1000 && left().some((more) => more > 0); turn++) await nextTurn();
    assert.deepEqual(left(), [0, 0, 0], `left behind by this test: ${kinds.join(", ")}`);
  });
}

/** Lets the loop poll so often that whatever can happen without new bytes has happened. */
export async function settle(turns = 20): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await nextTurn();
}

/** Waits until something holds; the test's own time limit ends it when it never does. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await nextTurn();
}

/** The peer of a data connection: connected, allowed to be half open, paused until asked to read. */
export class Peer {
  readonly socket: Socket;
  readonly errors: NodeJS.ErrnoException[] = [];
  readonly closed: Promise<void>;
  #received: Promise<Buffer> | undefined;

  constructor(socket: Socket) {
    this.socket = socket.pause();
    socket.on("error", (error) => this.errors.push(error));
    this.closed = new Promise((resolve) => {
      socket.once("close", () => resolve());
    });
  }

  static async connect(o: { address: string; port: number; localAddress?: string }): Promise<Peer> {
    const { address, ...rest } = o;
    const socket = new Socket({ allowHalfOpen: true, readableHighWaterMark: 1 } as SocketConstructorOpts);
    const peer = new Peer(socket);
    socket.setNoDelay(true).connect({ host: address, ...rest });
    await once(socket, "connect");
    return peer;
  }

  /**
   * Everything until the end or the break; then closes its own side. Reads in a turn of its own, as a socket with
   * a mark of 1 allows: else libuv may tell of an end where there was a reset.
   */
  receive(): Promise<Buffer> {
    this.#received ??= new Promise((resolve) => {
      const chunks: Buffer[] = [];
      const read = () => {
        const chunk = this.socket.read() as Buffer | null;
        if (chunk !== null) chunks.push(chunk);
      };
      const done = () => resolve(Buffer.concat(chunks));
      this.socket.on("readable", () => setImmediate(read));
      this.socket.on("end", () => {
        this.socket.end();
        done();
      });
      this.socket.on("close", done);
    });
    return this.#received;
  }

  /** How the connection ended, after everything was read: "end", or the code of the error. */
  async ending(): Promise<string> {
    let ended = false;
    this.socket.once("end", () => {
      ended = true;
    });
    await this.receive();
    await this.closed;
    return this.errors[0]?.code ?? (ended ? "end" : "close");
  }

  async destroy(): Promise<void> {
    this.socket.destroy();
    await this.closed;
  }

  async reset(): Promise<void> {
    this.socket.resetAndDestroy();
    await this.closed;
  }
}

/** A listening peer, for active connections. */
export async function listeningPeer(
  address: string,
): Promise<{ port: number; next(): Promise<Peer>; close(): Promise<void> }> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, highWaterMark: 1 });
  const waiting: Peer[] = [];
  server.on("connection", (socket) => waiting.push(new Peer(socket)));
  const port = await listen(server, address, 0);
  return {
    port,
    async next() {
      await until(() => waiting.length > 0);
      return waiting.shift() as Peer;
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

export async function listen(server: Server, address: string, port: number): Promise<number> {
  server.listen({ host: address, port, exclusive: true });
  await once(server, "listening");
  return (server.address() as { port: number }).port;
}

/** So many ports in a row that nobody uses at the moment, below those that the kernel gives to clients. */
export async function freeRange(
  count: number,
  addresses: readonly string[] = ["127.0.0.1"],
): Promise<PortRange> {
  for (;;) {
    const from = randomInt(10_000, 32_000 - count);
    const range = { from, to: from + count - 1 };
    if (await allFree(range, addresses)) return new PortRange(range);
  }
}

async function allFree(
  { from, to }: { from: number; to: number },
  addresses: readonly string[],
): Promise<boolean> {
  for (const address of addresses) {
    for (let port = from; port <= to; port++) {
      const server = createServer();
      try {
        await listen(server, address, port);
      } catch {
        return false;
      }
      server.close();
    }
  }
  return true;
}

export async function receiveAll(socket: DataSocket, limit?: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for (;;) {
    const chunk = await socket.receive(limit);
    if (chunk === undefined) return Buffer.concat(chunks);
    chunks.push(Buffer.from(chunk));
  }
}

/** Bytes that are not the same anywhere near each other, so that a swap or a loss shows. */
export function pattern(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at + 4 <= length; at += 4) bytes.writeUInt32LE(Math.imul(at, 2_654_435_761) >>> 0, at);
  return bytes;
}
