/** A raw client with TLS: it says what it is told, in TLS or not, and resumes the session that it is told to. */
import { once } from "node:events";
import { connect as connectTcp, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from "node:tls";
import { type DataMode, RawClient } from "ferry/testing";
import { PASSWORD, USER } from "./server.js";

export type Version = "TLSv1.2" | "TLSv1.3";

export interface TlsClientOptions
  extends Pick<ConnectionOptions, "key" | "cert" | "servername" | "ALPNProtocols" | "ciphers"> {
  readonly port: number;
  readonly host?: string;
  readonly version?: Version;
  /** TLS from the first byte. */
  readonly implicit?: boolean;
  /** "TLS" when absent. */
  readonly mechanism?: string;
}

export class TlsClient extends RawClient {
  readonly tls: TLSSocket;
  readonly #options: TlsClientOptions;
  readonly #tickets: Buffer[] = [];

  private constructor(
    tls: TLSSocket,
    options: TlsClientOptions,
    addresses: { remote: string; local: string },
  ) {
    super(tls, { remoteAddress: addresses.remote, localAddress: addresses.local });
    this.tls = tls;
    this.#options = options;
    tls.on("session", (ticket: Buffer) => this.#tickets.push(ticket));
  }

  /** Connects and begins TLS; logs in unless told not to. */
  static async open(o: TlsClientOptions, { login = true } = {}): Promise<TlsClient> {
    const host = o.host ?? "127.0.0.1";
    const socket = connectTcp({ host, port: o.port, noDelay: true });
    await once(socket, "connect");
    const addresses = { remote: host, local: socket.localAddress ?? host };
    try {
      if (o.implicit !== true) await sayAuth(socket, o.mechanism ?? "TLS");
      const client = new TlsClient(await secure(socket, o), o, addresses);
      if (o.implicit === true) await client.reply();
      if (login) {
        await client.expect(`USER ${USER}`, 331);
        await client.expect(`PASS ${PASSWORD}`, 230);
      }
      return client;
    } catch (error) {
      socket.destroy();
      throw error;
    }
  }

  /** PBSZ 0 and PROT P. */
  async protect(): Promise<this> {
    await this.expect("PBSZ 0", 200);
    await this.expect("PROT P", 200);
    return this;
  }

  /** The newest session that the server gave: of TLS 1.3, a ticket that comes behind the handshake. */
  async session(): Promise<Buffer> {
    if (this.#options.version === "TLSv1.2") return this.tls.getSession() ?? Buffer.alloc(0);
    return (await this.tickets(1)).at(-1) as Buffer;
  }

  /** All tickets of the control connection, when so many have come. */
  async tickets(count: number): Promise<readonly Buffer[]> {
    while (this.#tickets.length < count) await once(this.tls, "session");
    return this.#tickets;
  }

  /**
   * A command and its data connection, in TLS on the given session, or on none. Bytes are sent for an upload, and
   * what comes is kept. `cut`: how an upload ends: in good order, by a bare FIN, or by a reset.
   */
  async transfer(
    line: string,
    o: {
      readonly session?: Buffer | undefined;
      readonly send?: Uint8Array;
      readonly cut?: "close_notify" | "fin" | "reset";
      readonly mode?: DataMode;
      readonly certificate?: false;
    } = {},
  ): Promise<TransferSeen> {
    const data = await this.data(o.mode);
    try {
      const first = await this.command(line);
      if (first.code >= 200)
        return {
          codes: [first.code],
          text: first.lines.join(" "),
          bytes: NOTHING,
          reused: false,
          tickets: [],
        };
      const seen = this.#move(await data.socket(), o);
      const [last, moved] = await Promise.all([this.reply(), seen]);
      return { codes: [first.code, last.code], text: last.lines.join(" "), ...moved };
    } finally {
      await data[Symbol.asyncDispose]();
    }
  }

  async #move(
    socket: Socket,
    o: {
      readonly session?: Buffer | undefined;
      readonly send?: Uint8Array;
      readonly cut?: "close_notify" | "fin" | "reset";
      readonly certificate?: false;
    },
  ): Promise<Pick<TransferSeen, "bytes" | "reused" | "tickets">> {
    const { key: _key, cert: _cert, ...without } = this.#options;
    const options = o.certificate === false ? without : this.#options;
    const chunks: Buffer[] = [];
    const tickets: Buffer[] = [];
    let tls: TLSSocket | undefined;
    let reused = false;
    try {
      tls = await secure(socket, options, o.session, (given) => {
        tickets.push(given);
      });
      reused = tls.isSessionReused();
      tls.on("data", (chunk: Buffer) => chunks.push(chunk));
      tls.on("end", () => tls?.end());
      if (o.send !== undefined) await sendAll(tls, socket, o.send, o.cut ?? "close_notify");
      if (!tls.closed) await new Promise<void>((resolve) => tls?.once("close", () => resolve()));
    } catch {
      // Refused; the reply tells why.
    }
    return { bytes: Buffer.concat(chunks), reused, tickets };
  }
}

export interface TransferSeen {
  readonly codes: readonly number[];
  /** Of the last reply. */
  readonly text: string;
  readonly bytes: Buffer;
  /** Whether the data connection resumed the session that it offered. */
  readonly reused: boolean;
  /** That came on the data connection. */
  readonly tickets: readonly Buffer[];
}

const NOTHING = Buffer.alloc(0);

async function sayAuth(socket: Socket, mechanism: string): Promise<void> {
  await lineFrom(socket); // 220
  socket.write(`AUTH ${mechanism}\r\n`);
  const answer = await lineFrom(socket);
  if (!answer.startsWith("234 ")) throw new Error(`AUTH ${mechanism} was answered ${answer}`);
}

/** One line; whoever is asked says no more before we do. */
export async function lineFrom(socket: Socket): Promise<string> {
  let text = "";
  while (!text.endsWith("\r\n")) {
    const chunk = socket.read() as Buffer | null;
    if (chunk !== null) text += chunk.toString();
    else await once(socket, "readable");
  }
  return text.trimEnd();
}

async function secure(
  socket: Socket,
  o: TlsClientOptions,
  session?: Buffer,
  onTicket: (ticket: Buffer) => void = () => {},
): Promise<TLSSocket> {
  const { version = "TLSv1.3", key, cert, servername, ALPNProtocols, ciphers } = o;
  const tls = connectTls({
    socket,
    rejectUnauthorized: false,
    minVersion: version,
    maxVersion: version,
    ...(key === undefined ? {} : { key }),
    ...(cert === undefined ? {} : { cert }),
    ...(servername === undefined ? {} : { servername }),
    ...(ALPNProtocols === undefined ? {} : { ALPNProtocols }),
    ...(ciphers === undefined ? {} : { ciphers }),
    ...(session === undefined ? {} : { session }),
  });
  tls.on("session", onTicket);
  tls.on("error", () => {});
  await once(tls, "secureConnect");
  return tls;
}

async function sendAll(
  tls: TLSSocket,
  socket: Socket,
  bytes: Uint8Array,
  cut: "close_notify" | "fin" | "reset",
): Promise<void> {
  if (bytes.length > 0) await new Promise<void>((resolve) => tls.write(bytes, () => resolve()));
  if (cut === "close_notify") tls.end();
  // The socket below is ended, and TLS does not know of it.
  else if (cut === "fin") socket.end();
  else socket.resetAndDestroy();
}
