/**
 * The one place that touches internals of node:net.
 *
 * A listener of Node's makes a socket with a 64 KiB read buffer of its own for every connection, and starts to
 * read. A handle taken before that stays unread until a transfer wants it, and reads into a large buffer of
 * ours: half as much work for each byte of an upload. It is undocumented, so {@link rawHandlesWork} tries it
 * once per process with a real exchange; where it fails, the public way is used.
 */
import { Buffer } from "node:buffer";
import { once } from "node:events";
import {
  type AddressInfo,
  createServer,
  type OnReadOpts,
  type Server,
  Socket,
  type SocketConstructorOpts,
} from "node:net";
import { withDeadline } from "./deadline.js";

/** What we use of Node's TCP handle. */
export interface RawHandle {
  getpeername(out: { address?: string }): number;
  close(closed?: () => void): void;
}

interface ListeningHandle {
  onconnection?: (error: number, handle: RawHandle | undefined) => void;
}

/**
 * From now on connections come to `onhandle` instead of the server's 'connection' event, unread. Neither
 * `server.close()` nor `server.getConnections()` know of them. False when this Node has no such thing.
 */
export function acceptRaw(server: Server, onhandle: (handle: RawHandle) => void): boolean {
  const listening = (server as unknown as { _handle?: ListeningHandle | null })._handle;
  if (typeof listening?.onconnection !== "function") return false;
  listening.onconnection = (error, handle) => {
    // Without descriptors (EMFILE) accepting fails; the peer waits, and the lease's deadline ends it.
    if (error === 0 && handle !== undefined) onhandle(handle);
  };
  return true;
}

/** A socket over a raw handle that reads nothing before `resume()`, and then through `onread`. */
export function socketOver(handle: RawHandle, onread: OnReadOpts): Socket {
  const options: SocketConstructorOpts & { handle: RawHandle; manualStart: boolean; onread: OnReadOpts } = {
    handle,
    manualStart: true,
    allowHalfOpen: true,
    onread,
  };
  return new Socket(options);
}

/** Bytes that a socket was given and the kernel has not taken yet, part of a chunk included. */
export function unsentBytes(socket: Socket): number {
  const handle = (socket as unknown as { _handle?: { writeQueueSize?: number } | null })._handle;
  return handle?.writeQueueSize ?? socket.writableLength;
}

let answer: Promise<boolean> | undefined;

/** Whether accepted handles can be used directly. Tried once, over the loopback interface; takes milliseconds. */
export function rawHandlesWork(): Promise<boolean> {
  answer ??= tryRawHandles().catch(() => false);
  return answer;
}

const PROBE = Buffer.from("bytes in two parts");

async function tryRawHandles(): Promise<boolean> {
  const server = createServer();
  const client = new Socket({ allowHalfOpen: true });
  try {
    return await withDeadline(exchange(server, client), 2000, () => new Error("no answer"));
  } finally {
    client.destroy();
    server.close();
  }
}

/**
 * One exchange that needs everything we rely on: the peer's address, nothing read before it is asked for,
 * reading into our buffer, a pause after each buffer, resuming, the end, and writing back.
 */
async function exchange(server: Server, client: Socket): Promise<boolean> {
  server.listen({ port: 0, host: "127.0.0.1", exclusive: true });
  await once(server, "listening");
  const arrived = new Promise<RawHandle>((resolve, reject) => {
    if (!acceptRaw(server, resolve)) reject(new Error("no raw handles"));
  });
  const { port } = server.address() as AddressInfo;
  client.on("error", () => {}).connect({ port, host: "127.0.0.1" });
  client.end(PROBE);
  const handle = await arrived;
  const peer: { address?: string } = {};
  if (handle.getpeername(peer) !== 0 || peer.address !== "127.0.0.1") return false;

  const got: Buffer[] = [];
  const memory = Buffer.alloc(PROBE.length - 1);
  const socket = socketOver(handle, {
    buffer: () => memory,
    callback: (length, buffer) => {
      got.push(Buffer.from(buffer.subarray(0, length)));
      setImmediate(() => socket.resume());
      return false;
    },
  });
  try {
    await new Promise<void>((resolve) => setImmediate(resolve));
    if (got.length > 0 || socket.bytesRead > 0) return false;
    socket.resume();
    await once(socket, "end");
    socket.end(PROBE);
    const [echo] = (await once(client, "data")) as [Buffer];
    return got.length === 2 && Buffer.concat(got).equals(PROBE) && echo.equals(PROBE);
  } finally {
    socket.destroy();
  }
}
