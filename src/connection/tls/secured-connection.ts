/** A data connection in TLS (RFC 4217 9): the plain one, and a handshake. Both ends of FTP use it. */
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import {
  type DataConnection,
  DataConnectionError,
  type DataSocket,
  type OpenOptions,
} from "../data-connection.js";
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
      const timeout = Math.min(o.timeout, options.handshakeTimeout);
      return await secured(network, secure(network, end, options), { ...o, timeout });
    },
    ended: (how) => plain.ended(how),
    [Symbol.asyncDispose]: () => plain[Symbol.asyncDispose](),
  };
}

/** Waits for a handshake, and ends the connection when it does not come about in time. */
export function secured(
  network: PlainDataSocket,
  handshake: Promise<DataSocket>,
  { signal, timeout }: OpenOptions,
): Promise<DataSocket> {
  // It may fail when nobody waits any more.
  handshake.catch(() => {});
  const waiting = {
    signal,
    timeout,
    timedOut: () => new DataConnectionError("handshake", "the TLS handshake took too long"),
    aborted: () => new DataConnectionError("closed"),
  };
  return waitFor<DataSocket>(waiting, (resolve, reject) => {
    handshake.then(resolve, reject);
    return () => network.destroy();
  });
}

/** The handshake, on a connection of which nothing was read. @throws DataConnectionError "handshake", "not-bound" */
export async function secure(
  network: PlainDataSocket,
  end: TlsEnd,
  { direction, acceptBareEnd }: Pick<SecuredOptions, "direction" | "acceptBareEnd">,
): Promise<DataSocket> {
  const { early, handshake } = await end.prepare(network);
  if (direction === "receive") {
    const guard = new CloseGuard(network);
    guard.on("error", () => {}); // The TLSSocket tells of it.
    if (early !== undefined) guard.push(early);
    const done = handshake(guard);
    void guard.feedUntil(done);
    return new TlsReceiver(network, guard, await done, { acceptBareEnd });
  }
  // Nothing to tell apart here, and Node is twice as fast when TLS writes to the system by itself.
  const socket = network.handOver(early);
  return new TlsSender(network, socket, await handshake(socket), network.patience);
}
