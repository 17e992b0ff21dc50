/** A data connection in TLS (RFC 4217 9): the plain one, and a handshake. Both ends of FTP use it. */
import type { Duplex } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { TLSSocket } from "node:tls";
import { type DataConnection, DataConnectionError, type DataSocket } from "../data-connection.js";
import type { PlainDataConnection, PlainDataSocket } from "../data-socket.js";
import { waitFor } from "../deadline.js";
import { CloseGuard } from "./close-guard.js";
import { TlsReceiver } from "./tls-receiver.js";
import { TlsSender } from "./tls-sender.js";

/** Which end of TLS we are: its server (see session-tls.ts) or its client (see client-tls.ts). */
export interface TlsEnd {
  /**
   * What has to be read before the handshake, and the handshake, which gets it put back.
   * @throws DataConnectionError "handshake", "not-bound"
   */
  prepare(network: PlainDataSocket): Promise<PreparedHandshake>;
}

export interface PreparedHandshake {
  readonly early: Uint8Array | undefined;
  readonly handshake: (stream: Duplex) => Promise<TLSSocket>;
}

export interface SecuredOptions {
  readonly direction: "send" | "receive";
  /** Whether what is received may end without close_notify; asked when it does so. */
  readonly acceptBareEnd: boolean | (() => boolean | Promise<boolean>);
  /** Milliseconds of the handshake at most. */
  readonly handshakeTimeout: number;
}

/** `established` and the rest are those of the plain connection: the handshake begins when it is opened. */
export function securedConnection(
  plain: PlainDataConnection,
  end: TlsEnd,
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
        secure(network, end, options).then(resolve, reject);
        return () => network.destroy();
      });
    },
    ended: (how) => plain.ended(how),
    [Symbol.asyncDispose]: () => plain[Symbol.asyncDispose](),
  };
}

async function secure(
  network: PlainDataSocket,
  end: TlsEnd,
  { direction, acceptBareEnd }: SecuredOptions,
): Promise<DataSocket> {
  const { early, handshake } = await end.prepare(network);
  if (direction === "receive") {
    const guard = new CloseGuard(network);
    guard.on("error", () => {}); // The TLSSocket tells of it.
    if (early !== undefined) guard.push(early);
    const done = handshake(guard);
    void guard.feedUntil(done);
    return await settled(new TlsReceiver(network, guard, await done, { acceptBareEnd }));
  }
  // Nothing to tell apart here, and Node is twice as fast when TLS writes to the system by itself.
  const socket = network.handOver(early);
  return await settled(new TlsSender(network, socket, await handshake(socket), network.patience));
}

/**
 * In the next turn. Node tells of a handshake from within OpenSSL, and an end that is asked for there can lose its
 * close_notify: vsftpd refused one of ten empty files that were sent on resumed sessions of TLS 1.2.
 */
async function settled(socket: DataSocket): Promise<DataSocket> {
  await nextTurn();
  return socket;
}
