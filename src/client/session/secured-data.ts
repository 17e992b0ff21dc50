/** A passive data connection in TLS, whose handshake begins as soon as it is connected. */
import type { DataConnection, DataSocket, OpenOptions } from "../../connection/data-connection.js";
import type { PlainDataConnection, PlainDataSocket } from "../../connection/data-socket.js";
import type { ClientTls } from "../../connection/tls/client-tls.js";
import { type SecuredOptions, secure, secured } from "../../connection/tls/secured-connection.js";

/**
 * Servers differ in when they begin: most behind their 150, some before. A ClientHello that is there already suits
 * them all, and saves a round trip.
 */
export class HandshakingConnection implements DataConnection {
  readonly kind: DataConnection["kind"];
  readonly established = true;
  readonly #inner: PlainDataConnection;
  readonly #network: PlainDataSocket;
  readonly #handshake: Promise<DataSocket>;

  /** `network` is what `inner` opened. */
  constructor(
    inner: PlainDataConnection,
    network: PlainDataSocket,
    tls: ClientTls,
    options: Pick<SecuredOptions, "direction" | "acceptBareEnd">,
  ) {
    this.kind = inner.kind;
    this.#inner = inner;
    this.#network = network;
    this.#handshake = secure(network, tls, options);
    this.#handshake.catch(() => {});
  }

  open(o: OpenOptions): Promise<DataSocket> {
    return secured(this.#network, this.#handshake, o);
  }

  ended(how: "complete" | "broken"): void {
    this.#inner.ended(how);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#inner[Symbol.asyncDispose]();
    this.#handshake.then(
      (socket) => socket.destroy(),
      () => {},
    );
  }
}
