/** What a client can make the server hold by not reading, or by sending more than it may. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { describe, test } from "node:test";
import { leakCheck, type RawClient } from "ferry/testing";
import { PASSWORD, USER } from "./support/server.js";
import { Serving } from "./support/session.js";
import { endless } from "./support/sources.js";
import { failOnProcessTrouble, seenBy, Watch } from "./support/watch.js";

leakCheck();
failOnProcessTrouble();

const MiB = 1024 * 1024;
/** What the kernel's two buffers of one direction may hold (tcp_rmem and tcp_wmem let them grow). */
const KERNEL = 24 * MiB;
/** What one connection may hold of replies: the one that was too much, and what Node takes before it says so. */
const MOST_WAITING = 128 * 1024;
/** What is offered: far more than any buffer. */
const OFFERED = 256 * MiB;
/** Rounds over another connection in which nothing moves; then nothing will. */
const STILL = 100;

/** A client that does not read, and the server's end of its connection. */
class Deaf implements AsyncDisposable {
  readonly socket: Socket;
  readonly atServer: Socket;
  /** Bytes that were handed over, whole lines of them. */
  sent = 0;
  #stopped = false;

  private constructor(socket: Socket, atServer: Socket) {
    this.socket = socket;
    this.atServer = atServer;
  }

  static async connect({ host, port }: Serving): Promise<Deaf> {
    const accepted: Socket[] = [];
    const note = (message: unknown): void => void accepted.push((message as { socket: Socket }).socket);
    subscribe("net.server.socket", note);
    const socket = connect({ host, port, noDelay: true, allowHalfOpen: true });
    socket.on("error", () => {});
    await once(socket, "readable");
    unsubscribe("net.server.socket", note);
    const atServer = accepted.find(({ remotePort }) => remotePort === socket.localPort);
    if (atServer === undefined) throw new Error("the server's socket was not seen");
    return new Deaf(socket, atServer);
  }

  async write(bytes: string | Uint8Array): Promise<void> {
    await new Promise<void>((resolve) => this.socket.write(bytes, () => resolve()));
  }

  /** Sends the line again and again, until nothing more is taken; then what is still on its way stays there. */
  async flood(line: string, other: RawClient, most = OFFERED): Promise<void> {
    const chunk = Buffer.from(line.repeat(Math.ceil(65_536 / line.length)));
    const pour = async (): Promise<void> => {
      while (!this.#stopped && this.sent < most) {
        await this.write(chunk);
        this.sent += chunk.length;
      }
    };
    void pour();
    for (let before = -1; before !== this.sent; ) {
      before = this.sent;
      for (let round = 0; round < STILL; round++) await seenBy(other);
    }
    this.#stopped = true;
  }

  /** Reads until the server's end, or until so many bytes have come. */
  async read(atMost = Number.POSITIVE_INFINITY): Promise<string> {
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of this.socket.iterator({ destroyOnReturn: false })) {
      chunks.push(chunk as Buffer);
      length += (chunk as Buffer).length;
      if (length >= atMost) break;
    }
    return Buffer.concat(chunks).toString("latin1");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.socket.closed) return;
    this.socket.destroy();
    await once(this.socket, "close");
  }
}

const logIn = `USER ${USER}\r\nPASS ${PASSWORD}\r\n`;

describe("a client that reads no replies", () => {
  test("is not read for ever", async () => {
    await using served = await Serving.start();
    const other = await served.connect();
    await using deaf = await Deaf.connect(served);
    await deaf.flood("HELP\r\nNOOP\r\n", other);
    assert.ok(deaf.sent < KERNEL, `${deaf.sent} bytes were taken`);
    assert.ok(deaf.atServer.writableLength < MOST_WAITING, `${deaf.atServer.writableLength} bytes wait`);
    assert.match(await deaf.read(64 * 1024), /^220 .*\r\n(?:214-.*\r\n(?: .*\r\n)+214 .*\r\n200 .*\r\n)+/);
  });

  test("cannot pile up long replies by many short commands in one segment; when it reads, it finds them all", async () => {
    await using served = await Serving.start();
    const other = await served.connect();
    await using deaf = await Deaf.connect(served);
    await deaf.flood("HELP\r\n", other, 4 * 65_536);
    assert.ok(deaf.atServer.writableLength < MOST_WAITING, `${deaf.atServer.writableLength} bytes wait`);
    deaf.socket.end();
    assert.equal((await deaf.read()).match(/^214 /gm)?.length, deaf.sent / 6);
  });

  test("is closed when its time is over, and then nothing of it is left", async () => {
    await using served = await Serving.start({ server: { timeouts: { login: 200 } } });
    const watch = new Watch(served.server);
    const other = await served.login();
    await using deaf = await Deaf.connect(served);
    await deaf.flood("HELP\r\n", other);
    const { reason } = await watch.first("disconnect");
    assert.equal(reason, "login-timeout");
    assert.ok(deaf.atServer.closed);
  });
});

describe("behind a transfer", () => {
  test("no more commands are taken than may wait, and all are answered in order when it ends", async () => {
    await using served = await Serving.start({
      decorate: endless,
      server: { limits: { queuedCommands: 5 } },
    });
    const other = await served.connect();
    const watch = new Watch(served.server);
    const client = await served.login();
    const data = await client.extendedPassive();
    await client.expect("RETR endless.bin", 125, 150);
    const pattern = [
      ["PWD", 257],
      ["SYST", 215],
      ["XYZZY", 500],
      ["STAT /", 212],
    ] as const;
    const lines = Array.from({ length: 5000 }, (_, n) => pattern[(n * n) % 4] ?? pattern[0]);
    const sent = client.send(Buffer.from(lines.map(([line]) => `${line}\r\n`).join("")));
    for (let round = 0; round < STILL; round++) await seenBy(other);
    assert.equal(client.unread, 0);
    assert.deepEqual(
      watch.of("command").filter(({ session }) => session.account === USER && session.id !== undefined)
        .length,
      // PASS, EPSV; and nothing of what came behind RETR.
      2 + 1,
    );
    await data.reset();
    await sent;
    assert.equal((await client.reply()).code, 426);
    for (const [line, code] of lines) assert.equal((await client.reply()).code, code, line);
    assert.equal(client.unread, 0);
  });

  test("a flood is stopped", async () => {
    await using served = await Serving.start({ decorate: endless });
    const other = await served.connect();
    await using deaf = await Deaf.connect(served);
    await using data = await stalledTransfer(served, deaf);
    await deaf.flood("PWD\r\n", other);
    assert.ok(deaf.sent < KERNEL, `${deaf.sent} bytes were taken`);
    assert.ok(deaf.atServer.writableLength < MOST_WAITING);
    data.socket.resetAndDestroy();
    assert.match(await deaf.read(64 * 1024), /^426 .*\r\n(?:257 .*\r\n)+/m);
  });

  test("so is a flood of what is answered at once", async () => {
    await using served = await Serving.start({ decorate: endless });
    const watch = new Watch(served.server);
    const other = await served.connect();
    await using deaf = await Deaf.connect(served);
    await using data = await stalledTransfer(served, deaf);
    await deaf.flood("STAT\r\nNOOP\r\n", other);
    assert.ok(deaf.sent < KERNEL, `${deaf.sent} bytes were taken`);
    assert.ok(deaf.atServer.writableLength < MOST_WAITING);
    data.socket.resetAndDestroy();
    await watch.first("transfer");
  });

  test("what comes behind QUIT is not taken, and never executed", async () => {
    await using served = await Serving.start({ decorate: endless });
    const other = await served.connect();
    const watch = new Watch(served.server);
    await using deaf = await Deaf.connect(served);
    await using data = await stalledTransfer(served, deaf);
    await deaf.write("QUIT\r\n");
    await deaf.flood("MKD smuggled\r\n", other);
    assert.ok(deaf.sent < KERNEL, `${deaf.sent} bytes were taken`);
    data.socket.resetAndDestroy();
    deaf.socket.end();
    assert.match(await deaf.read(), /^426 [^\r]*\r\n221 [^\r]*\r\n$/m);
    assert.equal((await watch.first("disconnect")).reason, "quit");
    assert.deepEqual(await served.files.names("/"), []);
  });
});

interface Stalled extends AsyncDisposable {
  readonly socket: Socket;
}

/** Logs in by hand and begins a download whose data nobody reads. */
async function stalledTransfer(served: Serving, deaf: Deaf): Promise<Stalled> {
  const said = (pattern: RegExp) => heard(deaf.socket, pattern);
  await deaf.write(logIn);
  await said(/^230 /m);
  await deaf.write("EPSV\r\n");
  const [, port] = await said(/\(\|\|\|(\d+)\|\)/);
  const socket = connect({ host: served.host, port: Number(port) });
  socket.on("error", () => {});
  await once(socket, "connect");
  await deaf.write("RETR endless.bin\r\n");
  await said(/^1[25][05] /m);
  return {
    socket,
    async [Symbol.asyncDispose]() {
      if (socket.closed) return;
      socket.destroy();
      await once(socket, "close");
    },
  };
}

/** Reads only so far. */
async function heard(socket: Socket, pattern: RegExp): Promise<RegExpExecArray> {
  let text = "";
  for (;;) {
    const found = pattern.exec(text);
    if (found !== null) return found;
    const chunk = socket.read() as Buffer | null;
    if (chunk === null) await once(socket, "readable");
    else text += chunk.toString("latin1");
  }
}
