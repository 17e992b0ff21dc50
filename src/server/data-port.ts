/** The data port of a session: what PASV, EPSV, PORT and EPRT asked for, until a transfer takes it. */
import type { Peer } from "../accounts/accounts.js";
import { ActiveConnection } from "../connection/active.js";
import { sameAddress } from "../connection/address.js";
import { ClosingPatience } from "../connection/closing-patience.js";
import { type DataConnection, DataConnectionError } from "../connection/data-connection.js";
import type { PlainDataConnection } from "../connection/data-socket.js";
import { PassivePort } from "../connection/passive.js";
import type { PortRange } from "../connection/port-range.js";
import type { ServerContext } from "./context.js";

/** The two ends of the control connection: data connections go between the same addresses. */
export interface ControlEnds {
  readonly peer: Peer;
  readonly local: Peer;
}

export class DataPort {
  readonly #server: ServerContext;
  readonly #ends: ControlEnds;
  /** How long this client lets us wait when it should close an active connection. */
  readonly #patience = new ClosingPatience();
  /** Of a range; after a reconfiguration there is another one. */
  #passive: { readonly range: PortRange; readonly port: PassivePort } | undefined;
  #pending: PlainDataConnection | undefined;
  /** After EPSV ALL every other way to ask is refused (RFC 2428 4). */
  extendedOnly = false;
  #closed = false;

  constructor(server: ServerContext, ends: ControlEnds) {
    this.#server = server;
    this.#ends = ends;
  }

  /** Whether the peer is connected and waits for a transfer. */
  get established(): boolean {
    return this.#pending?.established ?? false;
  }

  get requested(): DataConnection["kind"] | undefined {
    return this.#pending?.kind;
  }

  /**
   * Listens for the client; the port that it should connect to.
   * @throws DataConnectionError "no-port", and "closed" after `close`
   */
  async listen(): Promise<number> {
    await this.drop();
    const range = this.#server.passivePorts;
    if (this.#passive?.range !== range) {
      await this.#passive?.port.close();
      this.#passive = { range, port: this.#passivePort(range) };
    }
    const { port } = this.#passive;
    const lease = await port.lease();
    if (this.#closed) {
      await port.close();
      throw new DataConnectionError("closed");
    }
    this.#pending = lease;
    return port.port;
  }

  /** Connects to the client when the transfer begins. */
  async connectTo(address: string, port: number): Promise<void> {
    await this.drop();
    this.#pending = new ActiveConnection({
      address,
      port,
      localAddress: this.#ends.local.address,
      patience: this.#patience,
    });
  }

  /** The connection for the next transfer; undefined when none was asked for. */
  take(): PlainDataConnection | undefined {
    const connection = this.#pending;
    this.#pending = undefined;
    if (connection === undefined && this.#server.options.defaultDataPort) {
      const { peer, local } = this.#ends;
      return new ActiveConnection({
        address: peer.address,
        port: peer.port,
        localAddress: local.address,
        patience: this.#patience,
      });
    }
    return connection;
  }

  /** Whether `take` would give one. */
  get available(): boolean {
    return this.#pending !== undefined || this.#server.options.defaultDataPort;
  }

  /** Gives up what was asked for; the listening port itself can serve again. */
  async drop(): Promise<void> {
    const connection = this.#pending;
    this.#pending = undefined;
    await connection?.[Symbol.asyncDispose]();
  }

  async reset(): Promise<void> {
    this.extendedOnly = false;
    await this.drop();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.drop();
    await this.#passive?.port.close();
  }

  #passivePort(range: PortRange): PassivePort {
    return new PassivePort({
      localAddress: this.#ends.local.address,
      range,
      peerAllowed: (address) =>
        this.#server.options.allowForeignData || sameAddress(address, this.#ends.peer.address),
    });
  }
}
