/**
 * TLS of one session (RFC 4217): of its control connection, and of the data connections that belong to it.
 *
 * Each session has a context of its own, with ticket keys that nobody else has. So a data connection that resumes
 * a session of this context was made by somebody who has the secrets of the control connection, and a ticket of
 * any other session cannot resume here: what binds the two is cryptography, not an address.
 */
import type { Buffer } from "node:buffer";
import { constants, createHash, randomBytes } from "node:crypto";
import type { Duplex } from "node:stream";
import { createServer, type Server, type TLSSocket, type TlsOptions } from "node:tls";
import { DataConnectionError } from "../data-connection.js";
import type { PlainDataSocket } from "../data-socket.js";
import { cipherOrder } from "./ciphers.js";
import type { ClientHello } from "./client-hello.js";
import { readDataHello } from "./data-hello.js";
import { blocks, type ClientAuthorities, type TlsIdentity } from "./identity.js";
import type { PreparedHandshake, TlsEnd } from "./secured-connection.js";

/**
 * What is asked of data connections: "require": that they resume a session of this control connection; "prefer":
 * that they do not offer somebody else's, and go on resuming once they have; "off": nothing.
 */
export type DataBinding = "off" | "prefer" | "require";

/** Certificates of clients: "request": checked when one is given; "require": no TLS without. */
export interface ClientCertificates {
  readonly mode: "request" | "require";
  readonly authorities: ClientAuthorities;
}

export interface SessionTlsOptions {
  /** The server's; or how to choose it when the client has said which host it wants. */
  readonly identity: TlsIdentity | ((serverName: string | undefined) => TlsIdentity);
  readonly binding: DataBinding;
  readonly clients: ClientCertificates | undefined;
  /** Milliseconds of one handshake at most. */
  readonly handshakeTimeout: number;
}

/**
 * Seconds that a ticket is good for: the most that TLS 1.3 allows (RFC 8446 4.6.1). OpenSSL's two hours would
 * end the data connections of sessions that are older than that.
 */
const TICKET_LIFETIME = 7 * 24 * 3600;
const TICKET_KEYS = 48;
/** ALPN (RFC 7301): "ftp" is registered for RFC 4217; FileZilla says "ftp-data" on data connections. */
const PROTOCOLS = ["ftp", "ftp-data"];
/** Sessions of TLS 1.2 clients without tickets, such as curl; each has one or two of them. */
const MAX_SESSIONS_BY_ID = 8;

export class SessionTls implements TlsEnd {
  readonly #options: SessionTlsOptions;
  #server: Server | undefined;
  readonly #sessionsById = new Map<string, Buffer>();
  /** Node tells of a finished handshake by events of the server: one at a time keeps them apart. */
  #last: Promise<unknown> = Promise.resolve();
  #certificate: Buffer | undefined;
  #serverName: string | undefined;
  readonly #resumptions = new Resumptions();

  constructor(options: SessionTlsOptions) {
    this.#options = options;
    if (typeof options.identity !== "function") this.#server = this.#makeServer(options.identity);
  }

  /** What the client proved on the control connection: its certificate in DER, checked against the authorities. */
  get certificate(): Uint8Array | undefined {
    return this.#certificate;
  }

  /** The host that the client asked for (SNI). */
  get serverName(): string | undefined {
    return this.#serverName;
  }

  /** @throws Error when the handshake fails; the stream is destroyed then. */
  async acceptControl(stream: Duplex, hello: ClientHello): Promise<TLSSocket> {
    const { identity } = this.#options;
    // Node's own way for many names (SNICallback) swaps the context, and with it the ticket keys.
    if (typeof identity === "function") this.#server = this.#makeServer(identity(hello.serverName));
    const socket = await this.#handshake(stream);
    this.#resumptions.begun(socket);
    this.#serverName = hello.serverName;
    this.#certificate = verifiedCertificate(socket);
    return socket;
  }

  /** Milliseconds that a handshake may take. */
  get handshakeTimeout(): number {
    return this.#options.handshakeTimeout;
  }

  /** The client speaks first on data connections too. @throws DataConnectionError "handshake" */
  async prepare(network: PlainDataSocket): Promise<PreparedHandshake> {
    const { bytes, hello } = await readDataHello(network);
    return { early: bytes, handshake: (stream) => this.#acceptData(stream, hello) };
  }

  /** @throws DataConnectionError "handshake" or "not-bound"; the stream is to be destroyed then. */
  async #acceptData(stream: Duplex, hello: ClientHello): Promise<TLSSocket> {
    let socket: TLSSocket;
    try {
      socket = await this.#handshake(stream);
    } catch (cause) {
      if (cause instanceof DataConnectionError) throw cause;
      throw new DataConnectionError("handshake", "the TLS handshake failed", { cause });
    }
    const objection = this.#objectionTo(socket, hello);
    if (objection === undefined) return socket;
    socket.destroy();
    throw new DataConnectionError("not-bound", objection);
  }

  /** After REIN nothing is expected of data connections that comes from before (RFC 4217 13). */
  reset(): void {
    this.#resumptions.reset();
  }

  #objectionTo(socket: TLSSocket, hello: ClientHello): string | undefined {
    const { binding } = this.#options;
    if (socket.isSessionReused()) {
      this.#resumptions.resumed(hello);
      return undefined;
    }
    if (binding === "require") return "it does not resume the control connection's session";
    if (binding === "prefer" && hello.session !== undefined)
      return "it offers a session that is not this one's";
    if (binding === "prefer" && this.#resumptions.expected)
      return "data connections of this session resumed before";
    // RFC 4217 15.1.2: who proved who they are on the control connection does so here too.
    if (this.#certificate !== undefined && !verifiedCertificate(socket)?.equals(this.#certificate)) {
      return "it has not the client certificate of the control connection";
    }
    this.#resumptions.begun(socket);
    return undefined;
  }

  #makeServer(identity: TlsIdentity): Server {
    const server = createServer(serverOptions(identity, this.#options));
    server.on("newSession", this.#keepSession);
    server.on("resumeSession", this.#findSession);
    return server;
  }

  #handshake(stream: Duplex): Promise<TLSSocket> {
    const handshake = this.#last.then(() => this.#handshakeNow(stream));
    this.#last = handshake.catch(() => {});
    return handshake;
  }

  #handshakeNow(stream: Duplex): Promise<TLSSocket> {
    if (stream.destroyed) return Promise.reject(new Error("closed before the handshake"));
    const server = this.#server;
    if (server === undefined) return Promise.reject(new Error("the control connection is not in TLS yet"));
    return new Promise<TLSSocket>((resolve, reject) => {
      const onSecure = (socket: TLSSocket) => {
        server.removeListener("tlsClientError", onFailure);
        // RFC 5246 7.2.2's renegotiation costs us more than the peer, and nobody needs it.
        socket.disableRenegotiation();
        resolve(socket);
      };
      const onFailure = (error: Error) => {
        server.removeListener("secureConnection", onSecure);
        stream.destroy();
        reject(stream.errored ?? error);
      };
      server.once("secureConnection", onSecure);
      server.once("tlsClientError", onFailure);
      server.emit("connection", stream);
    });
  }

  /** Sessions by id are TLS 1.2's way without tickets (RFC 5246 7.4.1.2); Node leaves keeping them to us. */
  readonly #keepSession = (id: Buffer, session: Buffer, kept: () => void): void => {
    const [oldest] = this.#sessionsById.keys();
    if (this.#sessionsById.size >= MAX_SESSIONS_BY_ID && oldest !== undefined) {
      this.#sessionsById.delete(oldest);
    }
    this.#sessionsById.set(id.toString("hex"), session);
    kept();
  };

  readonly #findSession = (id: Buffer, found: (error: null, session: Buffer | null) => void): void => {
    found(null, this.#sessionsById.get(id.toString("hex")) ?? null);
  };
}

/**
 * Whether a client that begins anew should have resumed.
 *
 * One that uses a ticket twice can always do so. Others use each ticket once (RFC 8446 C.4), and of the two that
 * OpenSSL gives with a full handshake curl keeps the last. A resumed handshake brings none, as Node has it, where
 * OpenSSL by itself would bring one: so these clients have to begin anew each second time.
 */
class Resumptions {
  #count = 0;
  #handshakes = 0;
  #last: Buffer | undefined;
  #reuses = false;

  get expected(): boolean {
    return this.#count > 0 && (this.#reuses || this.#count < this.#handshakes);
  }

  /** A full handshake. */
  begun(socket: TLSSocket): void {
    if (socket.getProtocol() === "TLSv1.3") this.#handshakes += 1;
    else this.#reuses = true; // A session of TLS 1.2 is good for any number of times.
  }

  resumed({ session }: ClientHello): void {
    this.#count += 1;
    if (session === undefined) return;
    const digest = createHash("sha256").update(session).digest();
    if (this.#last?.equals(digest)) this.#reuses = true;
    this.#last = digest;
  }

  reset(): void {
    this.#count = 0;
  }
}

function serverOptions(
  { key, chain, passphrase }: TlsIdentity,
  { clients, handshakeTimeout }: SessionTlsOptions,
): TlsOptions {
  const options: TlsOptions = {
    key,
    cert: chain,
    ciphers: cipherOrder(),
    honorCipherOrder: true,
    minVersion: "TLSv1.2",
    maxVersion: "TLSv1.3",
    // Lets OpenSSL choose parameters for clients without elliptic curves.
    dhparam: "auto",
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    ticketKeys: randomBytes(TICKET_KEYS),
    sessionTimeout: TICKET_LIFETIME,
    // Without it OpenSSL resumes nothing when client certificates are asked for.
    sessionIdContext: "ferry",
    ALPNProtocols: PROTOCOLS,
    handshakeTimeout,
    ...(passphrase === undefined ? {} : { passphrase }),
  };
  if (clients === undefined) return options;
  const { certificates, revoked } = clients.authorities;
  return {
    ...options,
    ca: blocks(certificates, "CERTIFICATE"),
    ...(revoked === undefined ? {} : { crl: blocks(revoked, "X509 CRL") }),
    requestCert: true,
    rejectUnauthorized: clients.mode === "require",
  };
}

/** In DER; undefined when there is none, or none that the authorities vouch for. */
function verifiedCertificate(socket: TLSSocket): Buffer | undefined {
  return socket.authorized ? socket.getPeerX509Certificate()?.raw : undefined;
}
