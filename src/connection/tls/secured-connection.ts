/** A data connection in TLS (RFC 4217 9): the plain one, and a handshake in which the FTP server is TLS's server. */
import { Buffer } from "node:buffer";
import { type DataConnection, DataConnectionError, type DataSocket } from "../data-connection.js";
import type { PlainDataConnection, PlainDataSocket } from "../data-socket.js";
import { waitFor } from "../deadline.js";
import { type ClientHello, MAX_CLIENT_HELLO, parseClientHello } from "./client-hello.js";
import { CloseGuard } from "./close-guard.js";
import type { SessionTls } from "./session-tls.js";
import { TlsReceiver } from "./tls-receiver.js";
import { TlsSender } from "./tls-sender.js";

export interface SecuredOptions {
  readonly direction: "send" | "receive";
  /** Whether an upload may end without close_notify. */
  readonly acceptBareEnd: boolean;
  /** Milliseconds of the handshake at most. */
  readonly handshakeTimeout: number;
}

/** `established` and the rest are those of the plain connection: the handshake begins when it is opened. */
export function securedConnection(
  plain: PlainDataConnection,
  tls: SessionTls,
  options: SecuredOptions,
): DataConnection {
  return {
    kind: plain.kind,
    get established() {
      return plain.established;
    },
    async open(o) {
      const network = await plain.open(o);
      const waiting = {
        signal: o.signal,
        timeout: Math.min(o.timeout, options.handshakeTimeout),
        timedOut: () => new DataConnectionError("handshake", "the TLS handshake took too long"),
        aborted: () => new DataConnectionError("closed"),
      };
      return await waitFor<DataSocket>(waiting, (resolve, reject) => {
        secure(network, tls, options).then(resolve, reject);
        return () => network.destroy();
      });
    },
    ended: (how) => plain.ended(how),
    [Symbol.asyncDispose]: () => plain[Symbol.asyncDispose](),
  };
}

async function secure(
  network: PlainDataSocket,
  tls: SessionTls,
  options: SecuredOptions,
): Promise<DataSocket> {
  const { bytes, hello } = await readHello(network);
  if (options.direction === "receive") {
    const guard = new CloseGuard(network);
    guard.on("error", () => {}); // The TLSSocket tells of it.
    guard.push(bytes);
    const handshake = tls.acceptData(guard, hello);
    void guard.feedUntil(handshake);
    return new TlsReceiver(network, guard, await handshake, options);
  }
  // Nothing to tell apart here, and Node is twice as fast when TLS writes to the system by itself.
  const socket = network.handOver(bytes);
  const secured = await tls.acceptData(socket, hello);
  return new TlsSender(network, socket, secured, network.patience);
}

async function readHello(network: PlainDataSocket): Promise<{ bytes: Buffer; hello: ClientHello }> {
  let bytes = Buffer.alloc(0);
  for (;;) {
    let chunk: Uint8Array | undefined;
    try {
      chunk = await network.receive(MAX_CLIENT_HELLO);
    } catch (cause) {
      throw new DataConnectionError("handshake", "the data connection broke before TLS", { cause });
    }
    if (chunk === undefined) throw new DataConnectionError("handshake", "the client began no TLS");
    bytes = Buffer.concat([bytes, chunk]);
    const hello = parseClientHello(bytes);
    if (hello === "no-tls") throw new DataConnectionError("handshake", "what the client sent is no TLS");
    if (hello !== "partial") return { bytes, hello };
  }
}
