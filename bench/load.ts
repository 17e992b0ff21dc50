/**
 * The load generator: one Node.js process beside the server, with raw sockets and nothing of Ferry in it. What is
 * received is thrown away, what is sent comes from one buffer, so that it costs as little as can be.
 */
import { connect, type Socket } from "node:net";
import { Control, type Target } from "./control.js";

const BUFFER = 1024 * 1024;

/** Lent to one data connection at a time. */
const received = Buffer.allocUnsafe(BUFFER);
const sent = Buffer.alloc(BUFFER, "Ferry carries bytes. ");

interface DataConnection {
  readonly socket: Socket;
  readonly connected: Promise<void>;
  /** Bytes received until the peer ended it. */
  readonly ended: Promise<number>;
}

async function openData(
  control: Control,
  target: Target,
  look?: (chunk: Buffer) => void,
): Promise<DataConnection> {
  const { text } = await control.send("EPSV", 229);
  const port = Number(/\(\|\|\|(\d+)\|\)/.exec(text)?.[1]);
  let bytes = 0;
  const onread = {
    buffer: received,
    callback(length: number, buffer: Uint8Array): boolean {
      bytes += length;
      look?.(Buffer.from(buffer.subarray(0, length)));
      return true;
    },
  };
  const socket = connect({ host: target.host, port, onread });
  const failed = new Promise<never>((_, reject) => socket.on("error", reject));
  const connected = new Promise<void>((resolve) => socket.on("connect", () => resolve()));
  const closed = new Promise<number>((resolve) => socket.on("close", () => resolve(bytes)));
  const ended = Promise.race([closed, failed]);
  // Awaited last, if ever: the first failure of a transfer is the one to tell of.
  ended.catch(() => {});
  return { socket, connected: Promise.race([connected, failed]), ended };
}

/** RETR, LIST and so on. Returns the bytes that came. */
export async function receive(
  control: Control,
  target: Target,
  command: string,
  look?: (chunk: Buffer) => void,
): Promise<number> {
  const data = await openData(control, target, look);
  await data.connected;
  await control.send(command, 125, 150);
  const bytes = await data.ended;
  await control.expect(226, 250);
  return bytes;
}

/** STOR of so many bytes. */
export async function store(
  control: Control,
  target: Target,
  name: string,
  bytes: number,
  content: Buffer = sent,
): Promise<void> {
  const data = await openData(control, target);
  await data.connected;
  await control.send(`STOR ${name}`, 125, 150);
  for (let left = bytes; left > 0; left -= content.length) {
    const chunk = left < content.length ? content.subarray(0, left) : content;
    if (!data.socket.write(chunk)) await drained(data.socket);
  }
  data.socket.end();
  await data.ended;
  await control.expect(226, 250);
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    const lost = () => reject(new Error("the data connection was lost"));
    socket.once("close", lost);
    socket.once("drain", () => {
      socket.off("close", lost);
      resolve();
    });
  });
}

/** So many sessions, logged in and quiet. */
export async function openSessions(target: Target, count: number): Promise<readonly Control[]> {
  const sessions: Control[] = [];
  const open = async () => {
    while (sessions.length + opening < count) {
      opening++;
      try {
        sessions.push(await Control.login(target));
      } finally {
        opening--;
      }
    }
  };
  let opening = 0;
  await Promise.all(Array.from({ length: 16 }, open));
  return sessions;
}
