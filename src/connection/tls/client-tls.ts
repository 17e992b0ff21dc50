/**
 * TLS of one session as its client (RFC 4217): on the control connection, and on the data connections, where the
 * FTP client is TLS's client too, whoever connected (RFC 4217 7).
 */
import type { Buffer } from "node:buffer";
import { isIP } from "node:net";
import type { Duplex } from "node:stream";
import { type ConnectionOptions, connect, type SecureContext, type TLSSocket } from "node:tls";
import { domainToASCII } from "node:url";
import { DataConnectionError } from "../data-connection.js";
import { ClientSessions, type SessionOffer } from "./client-sessions.js";
import type { PreparedHandshake, TlsEnd } from "./secured-connection.js";
import { TlsFailure, tlsFailureOf } from "./tls-failure.js";

/**
 * "demanded": certificates that cannot be verified are refused; "noted": they are told of, and a data connection
 * has to have a good one, or the control connection's; "none": any will do.
 */
export type Verification = "demanded" | "noted" | "none";

export interface ClientTlsOptions {
  /** Ciphers, versions, authorities and our own certificate. */
  readonly context: SecureContext;
  /** The host name or IP address that certificates have to be for; a name is told the server (SNI). */
  readonly serverName: string;
  readonly verification: Verification;
}

/** What is known of a server after the handshake. */
export interface TlsSecurity {
  /** "TLSv1.3" … */
  readonly protocol: string;
  /** As OpenSSL names it. */
  readonly cipher: string;
  /** Whether the certificate is valid, for this host, and of an authority that we trust. */
  readonly authorized: boolean;
  /** Why not: a code of OpenSSL or Node. */
  readonly authorizationError?: string;
  /** SHA-256 of the certificate, in hexadecimal with colons. */
  readonly fingerprint256?: string;
}

export class ClientTls implements TlsEnd {
  readonly #options: ClientTlsOptions;
  readonly #sessions = new ClientSessions();
  #security: TlsSecurity | undefined;
  #dataReused: boolean | undefined;

  constructor(options: ClientTlsOptions) {
    this.#options = options;
  }

  /** Of the control connection; undefined before its handshake. */
  get security(): TlsSecurity | undefined {
    return this.#security;
  }

  /** Whether the last data connection resumed a session of this control connection. */
  get dataReused(): boolean | undefined {
    return this.#dataReused;
  }

  /** @throws TlsFailure; the stream is destroyed then */
  async connectControl(stream: Duplex): Promise<TLSSocket> {
    const socket = await this.#handshake(stream, "control", undefined);
    this.#security = securityOf(socket);
    return socket;
  }

  /** We speak first: nothing has to be read before the handshake. */
  async prepare(): Promise<PreparedHandshake> {
    return { early: undefined, handshake: (stream) => this.#connectData(stream) };
  }

  /** @throws DataConnectionError "handshake", its cause a TlsFailure; the stream is destroyed then */
  async #connectData(stream: Duplex): Promise<TLSSocket> {
    const offer = this.#sessions.next();
    try {
      const socket = await this.#handshake(stream, "data", offer);
      this.#dataReused = socket.isSessionReused();
      if (offer !== undefined) this.#sessions.answered(offer, this.#dataReused);
      this.#checkSameServer(socket);
      return socket;
    } catch (cause) {
      throw new DataConnectionError("handshake", (cause as TlsFailure).message, { cause });
    }
  }

  #checkSameServer(socket: TLSSocket): void {
    // Whoever resumes the control connection's session is the one who has its secrets.
    if (this.#options.verification !== "noted" || socket.authorized || this.#dataReused) return;
    if (fingerprintOf(socket) === this.#security?.fingerprint256) return;
    socket.destroy();
    throw new TlsFailure("other-certificate");
  }

  #handshake(stream: Duplex, of: SessionOffer["from"], offer: SessionOffer | undefined): Promise<TLSSocket> {
    const { context, serverName, verification } = this.#options;
    const options: ConnectionOptions = {
      socket: stream,
      secureContext: context,
      rejectUnauthorized: verification === "demanded",
      // Said each time: Node binds a session to the host that it was verified for.
      ...nameOptions(serverName),
      ...(offer === undefined ? {} : { session: offer.session }),
    };
    return handshake(stream, options, (session) => this.#sessions.keep(session, of));
  }
}

/** SNI holds host names only (RFC 6066 3); what a certificate is checked for is told in any case. */
function nameOptions(serverName: string): Pick<ConnectionOptions, "host" | "servername"> {
  const [address = ""] = serverName.split("%", 1);
  if (isIP(address) !== 0) return { host: address };
  const name = domainToASCII(serverName.replace(/\.$/, "")) || serverName;
  return { host: name, servername: name };
}

function handshake(
  stream: Duplex,
  options: ConnectionOptions,
  onSession: (session: Buffer) => void,
): Promise<TLSSocket> {
  if (stream.destroyed) return Promise.reject(new TlsFailure("broken"));
  return new Promise((resolve, reject) => {
    const tls = connect(options);
    // Tickets of TLS 1.3 come behind the handshake, as long as the connection lasts.
    tls.on("session", onSession);
    const done = (): void => {
      tls.removeListener("secureConnect", onSecure);
      tls.removeListener("error", onFailure);
      tls.removeListener("close", onFailure);
    };
    const onSecure = (): void => {
      done();
      resolve(tls);
    };
    const onFailure = (error?: unknown): void => {
      done();
      // More errors may follow the first.
      tls.on("error", () => {});
      stream.destroy();
      tls.destroy();
      reject(tlsFailureOf(error instanceof Error ? error : (stream.errored ?? undefined)));
    };
    tls.on("secureConnect", onSecure);
    tls.on("error", onFailure);
    tls.on("close", onFailure);
  });
}

function securityOf(socket: TLSSocket): TlsSecurity {
  const fingerprint256 = fingerprintOf(socket);
  return {
    protocol: socket.getProtocol() ?? "unknown",
    cipher: socket.getCipher().name,
    authorized: socket.authorized,
    ...(socket.authorized ? {} : { authorizationError: String(socket.authorizationError) }),
    ...(fingerprint256 === undefined ? {} : { fingerprint256 }),
  };
}

function fingerprintOf(socket: TLSSocket): string | undefined {
  return socket.getPeerX509Certificate()?.fingerprint256;
}
