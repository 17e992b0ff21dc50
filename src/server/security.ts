/** What protects a session (RFC 2228, RFC 4217): its control connection, its data connections, and who has proved what. */
import type { LoginAttempt } from "../accounts/accounts.js";
import type { ControlConnection } from "../connection/control-connection.js";
import type { DataConnection } from "../connection/data-connection.js";
import type { PlainDataConnection } from "../connection/data-socket.js";
import { securedConnection } from "../connection/tls/secured-connection.js";
import { SessionTls } from "../connection/tls/session-tls.js";
import type { ServerContext } from "./context.js";

/** "cleared": it was protected until CCC, and the protection of data stays as it was (RFC 4217 5). */
export type ControlProtection = "clear" | "tls" | "cleared";

/** The two levels of PROT that TLS has (RFC 4217 9): C and P. */
export type DataProtection = "clear" | "private";

/** What the PI is to do with the control connection once the reply to AUTH or CCC is written. */
export type LayerChange = { readonly kind: "protect"; readonly tls: SessionTls } | { readonly kind: "clear" };

type ChangingConnection = Pick<ControlConnection<unknown>, "protect" | "clear">;

export class Security {
  readonly #server: ServerContext;
  readonly implicit: boolean;
  #tls: SessionTls | undefined;
  #change: LayerChange | undefined;
  control: ControlProtection = "clear";
  data: DataProtection = "clear";
  /** Whether PBSZ came; PROT has to follow it. */
  bufferSizeAgreed = false;

  /** `implicit`: TLS begins with the first byte, and data connections are protected unless PROT C is said. */
  constructor(server: ServerContext, implicit: boolean) {
    this.#server = server;
    this.implicit = implicit;
  }

  /** Whether the control connection is protected now. */
  get active(): boolean {
    return this.control === "tls";
  }

  /** For {@link LoginAttempt}; absent when what is said now could be read by anybody. */
  get proof(): NonNullable<LoginAttempt["tls"]> | undefined {
    if (this.#tls === undefined || !this.active) return undefined;
    const { certificate, serverName } = this.#tls;
    return {
      ...(certificate === undefined ? {} : { certificate }),
      ...(serverName === undefined ? {} : { serverName }),
    };
  }

  /**
   * TLS is to begin, with the certificate for the host that HOST named, or that the client will name itself.
   * @throws what OpenSSL says of the certificate
   */
  begin(host: string | undefined, data: DataProtection): LayerChange {
    const { tls, timeouts } = this.#server.options;
    if (tls === undefined) throw new Error("TLS is off");
    const { identities, binding, clients } = tls;
    const known = host !== undefined || identities.all.length === 1;
    this.#tls = new SessionTls({
      identity: known ? identities.choose(host) : (serverName) => identities.choose(serverName),
      binding,
      clients,
      handshakeTimeout: timeouts.tlsHandshake,
    });
    this.data = tls.data === "off" ? "clear" : data;
    return { kind: "protect", tls: this.#tls };
  }

  /** AUTH, CCC: the reply to it is the last thing that is said in the old layer. */
  changeAfterReply(change: LayerChange): void {
    this.#change = change;
  }

  /** For the PI: makes the change, in the turn in which the reply was written. False when the connection ended. */
  async apply(change: LayerChange, connection: ChangingConnection): Promise<boolean> {
    if (change.kind === "clear") {
      this.control = "cleared";
      return await connection.clear();
    }
    const { tls } = change;
    const done = await connection.protect((stream, hello) => tls.acceptControl(stream, hello), {
      timeout: tls.handshakeTimeout,
      clearable: this.#server.options.tls?.clearControl ?? false,
    });
    if (done) this.control = "tls";
    return done;
  }

  /** What AUTH or CCC asked for; only once. */
  takeChange(): LayerChange | undefined {
    const change = this.#change;
    this.#change = undefined;
    return change;
  }

  /** A data connection as PROT wants it. */
  protect(connection: PlainDataConnection, direction: "send" | "receive"): DataConnection {
    const { tls, timeouts } = this.#server.options;
    if (this.data === "clear" || this.#tls === undefined) return connection;
    return securedConnection(connection, this.#tls, {
      direction,
      acceptBareEnd: tls?.acceptBareEnd ?? false,
      handshakeTimeout: timeouts.tlsHandshake,
    });
  }

  /** Whether data connections have to be protected: by the server's options, or for the account. */
  get dataMustBePrivate(): boolean {
    return this.#server.options.tls?.data === "require";
  }

  /**
   * REIN: as after connecting, but that TLS stays (RFC 4217 13 would have it end; no client expects that, and the
   * next password would cross the network in clear).
   */
  reset(): void {
    this.#tls?.reset();
    if (this.control === "cleared") return;
    this.bufferSizeAgreed = false;
    this.data = this.implicit && this.#server.options.tls?.data !== "off" ? "private" : "clear";
  }
}
