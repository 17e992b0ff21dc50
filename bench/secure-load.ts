/** The load generator in TLS. It deciphers what it receives, so that at most about 1 GiB/s can be seen. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Control, Target } from "./control.js";

const CHUNK = Buffer.alloc(1024 * 1024, "Ferry carries bytes. ");

async function openData(control: Control, target: Target): Promise<Socket> {
  const { text } = await control.send("EPSV", 229);
  const port = Number(/\(\|\|\|(\d+)\|\)/.exec(text)?.[1]);
  const socket = connect({ host: target.host, port });
  socket.setNoDelay(true);
  await once(socket, "connect");
  return socket;
}

async function secured(control: Control, socket: Socket): Promise<TLSSocket> {
  const tls = control.secure(socket);
  if (tls === undefined) throw new Error("the server gave no session to resume");
  await once(tls, "secureConnect");
  if (!tls.isSessionReused()) throw new Error("the data connection did not resume");
  return tls;
}

/** RETR and so on. Returns the bytes that came. */
export async function receiveSecurely(control: Control, target: Target, command: string): Promise<number> {
  const socket = await openData(control, target);
  await control.send(command, 125, 150);
  const tls = await secured(control, socket);
  let bytes = 0;
  tls.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
  });
  if (!tls.closed) await once(tls, "close");
  await control.expect(226, 250);
  return bytes;
}

/** STOR of so many bytes. */
export async function storeSecurely(
  control: Control,
  target: Target,
  name: string,
  bytes: number,
): Promise<void> {
  const socket = await openData(control, target);
  await control.send(`STOR ${name}`, 125, 150);
  const tls = await secured(control, socket);
  tls.resume();
  for (let left = bytes; left > 0; left -= CHUNK.length) {
    const chunk = left < CHUNK.length ? CHUNK.subarray(0, left) : CHUNK;
    if (!tls.write(chunk)) await once(tls, "drain");
  }
  tls.end();
  if (!tls.closed) await once(tls, "close");
  await control.expect(226, 250);
}
