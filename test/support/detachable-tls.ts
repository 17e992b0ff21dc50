/** TLS of a client that can be taken off its socket again, as CCC asks for. */
import { once } from "node:events";
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { connect, type TLSSocket } from "node:tls";
import type { Version } from "./tls-client.js";

export async function tlsOver(
  socket: Socket,
  version: Version,
): Promise<{ readonly tls: TLSSocket; readonly release: () => void }> {
  const pipe = new Duplex({
    allowHalfOpen: true,
    read() {},
    write: (chunk, _encoding, written) => void socket.write(chunk, written),
    final: (finished) => finished(),
  });
  const onData = (chunk: Buffer): void => void pipe.push(chunk);
  socket.on("data", onData);
  const tls = connect({
    socket: pipe,
    rejectUnauthorized: false,
    minVersion: version,
    maxVersion: version,
  });
  tls.on("error", () => {});
  await once(tls, "secureConnect");
  return { tls, release: () => void socket.removeListener("data", onData) };
}
