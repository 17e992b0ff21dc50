/** Whether Node's bare handles (raw-handle.ts) do what we rely on. */
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import { ClosingPatience } from "./closing-patience.js";
import { PlainDataSocket } from "./data-socket.js";
import { withDeadline } from "./deadline.js";
import { HandleOrigin } from "./handle-carrier.js";
import { connectHandle } from "./handle-connect.js";
import { acceptRaw, type HandleInternals, handleInternals, type RawHandle } from "./raw-handle.js";

let answer: HandleInternals | undefined | Promise<HandleInternals | undefined> | "not-asked" = "not-asked";

/** What makes handles, if they can be used. Tried once, over the loopback interface; takes milliseconds. */
export function usableHandles(): HandleInternals | undefined | Promise<HandleInternals | undefined> {
  if (answer === "not-asked") {
    answer = tryHandles().then((found) => {
      answer = found;
      return found;
    });
  }
  return answer;
}

async function tryHandles(): Promise<HandleInternals | undefined> {
  const internals = handleInternals();
  try {
    return internals !== undefined && (await work(internals)) ? internals : undefined;
  } catch {
    return undefined;
  }
}

const QUESTION = Buffer.from("bytes in two parts");
const ANSWER = Buffer.from("and an answer");

async function work(internals: HandleInternals): Promise<boolean> {
  const server = createServer();
  const open = new Set<PlainDataSocket>();
  const socketOf = (handle: RawHandle): PlainDataSocket => {
    const socket = new PlainDataSocket(new HandleOrigin(handle, internals), new ClosingPatience(), "reset");
    open.add(socket);
    return socket;
  };
  try {
    return await withDeadline(exchange(server, internals, socketOf), 2000, () => new Error("no answer"));
  } finally {
    for (const socket of open) void socket.close();
    server.close();
  }
}

/** Everything that we rely on: both ways to a handle, nothing read before it is asked for, chunks, ends. */
async function exchange(
  server: Server,
  internals: HandleInternals,
  socketOf: (handle: RawHandle) => PlainDataSocket,
): Promise<boolean> {
  server.listen({ port: 0, host: "127.0.0.1", exclusive: true });
  await once(server, "listening");
  const arrived = new Promise<RawHandle>((resolve, reject) => {
    if (!acceptRaw(server, resolve)) reject(new Error("no raw handles"));
  });
  const { port } = server.address() as AddressInfo;
  const connected = new Promise<RawHandle>((resolve, reject) => {
    connectHandle({ address: "127.0.0.1", port }, internals, { resolve, reject });
  });
  // Together, and with the end below: a rejection that nobody waits for would end the process (EMFILE is one).
  const [handle, ours] = await Promise.all([arrived, connected.then(socketOf)]);
  const theirs = socketOf(handle);
  const peer: { address?: string } = {};
  if (handle.getpeername(peer) !== 0 || peer.address !== "127.0.0.1") return false;
  await ours.send(QUESTION);
  const parts = [await copyOf(theirs, QUESTION.length - 1), await copyOf(theirs, QUESTION.length)];
  await theirs.send(ANSWER);
  const finished = theirs.finish();
  finished.catch(() => {});
  const back = await copyOf(ours, ANSWER.length);
  if ((await ours.receive()) !== undefined) return false;
  await ours.finish();
  await finished;
  return parts.length === 2 && Buffer.concat(parts).equals(QUESTION) && back.equals(ANSWER);
}

async function copyOf(socket: PlainDataSocket, limit: number): Promise<Buffer> {
  return Buffer.from((await socket.receive(limit)) ?? []);
}
