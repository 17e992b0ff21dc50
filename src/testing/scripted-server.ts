/**
 * An FTP server that does what a test tells it, right or wrong. It answers the usual commands well enough for a
 * client to log in and to make data connections; a script replaces any of the answers:
 *
 * ```ts
 * await using server = await ScriptedServer.start({
 *   answers: { RETR: async (peer) => { peer.reply("150 here it comes"); await peer.reset(); } },
 * });
 * ```
 */
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { type SecureContext, TLSSocket, type TLSSocketOptions } from "node:tls";
import { type CommandLine, CommandLineDecoder } from "../protocol/command-line.js";
import {
  formatExtendedPassiveReply,
  formatPassiveReply,
  parseExtendedPort,
  parsePort,
} from "../protocol/host-port.js";
import { encodeText } from "../protocol/text.js";

/** Reply lines without their end, or what is to be done. */
export type ScriptedAnswer =
  | string
  | readonly string[]
  | ((peer: ScriptedPeer, argument: string) => void | Promise<void>);

export interface Script {
  /** The first reply; "220 Ready." when absent. */
  readonly greeting?: ScriptedAnswer;
  /** By verb; "*" for all others. */
  readonly answers?: Readonly<Record<string, ScriptedAnswer>>;
  /** The loopback of IPv4 when absent. */
  readonly host?: string;
}

/** A context with the server's key and certificate, and what else Node's TLS takes. */
export interface ScriptedTls extends Pick<TLSSocketOptions, "requestCert" | "rejectUnauthorized"> {
  readonly secureContext: SecureContext;
}

/** It would have no TLS with us. */
class ClientGone extends Error {}

const USUAL: Readonly<Record<string, ScriptedAnswer>> = {
  USER: "331 Password.",
  PASS: "230 Logged in.",
  FEAT: ["211-Features:", " UTF8", " SIZE", " MDTM", " REST STREAM", "211 End"],
  OPTS: "200 Okay.",
  TYPE: "200 Okay.",
  MODE: "200 Okay.",
  STRU: "200 Okay.",
  REST: "350 Go on.",
  NOOP: "200 Okay.",
  CWD: "250 Okay.",
  PWD: '257 "/" is here.',
  QUIT: (peer) => {
    peer.reply("221 Goodbye.");
    peer.end();
  },
  ABOR: "226 Nothing to abort.",
  EPSV: async (peer) => peer.reply(`229 ${formatExtendedPassiveReply(await peer.listen())}`),
  PASV: async (peer) => {
    const port = await peer.listen();
    peer.reply(`227 ${formatPassiveReply({ address: "127.0.0.1", port })}`);
  },
  PORT: (peer, argument) => peer.reply(peer.aim(parsePort(argument)) ? "200 Okay." : "501 No."),
  EPRT: (peer, argument) => peer.reply(peer.aim(parseExtendedPort(argument)) ? "200 Okay." : "501 No."),
  "*": "502 Not in the script.",
};

export class ScriptedServer implements AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** Every command of every session, as `VERB argument`. */
  readonly commands: string[] = [];
  /** The sessions so far, those that are over too. */
  readonly peers: ScriptedPeer[] = [];
  readonly #server: Server;

  private constructor(server: Server, host: string, script: Script) {
    this.#server = server;
    this.host = host;
    this.port = (server.address() as AddressInfo).port;
    server.on("connection", (socket) => {
      this.peers.push(new ScriptedPeer(socket, host, script, this.commands));
    });
  }

  static async start(script: Script = {}): Promise<ScriptedServer> {
    const host = script.host ?? "127.0.0.1";
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    server.listen({ host, port: 0 });
    await once(server, "listening");
    return new ScriptedServer(server, host, script);
  }

  /** The verbs of all commands, in order. */
  get verbs(): readonly string[] {
    return this.commands.map((command) => command.split(" ", 1)[0] ?? "");
  }

  /** Ends everything, data connections too. @throws what a script threw */
  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    await Promise.all(this.peers.map((peer) => peer.destroy()));
    await closed;
    const failed = this.peers.find(({ failure }) => failure !== undefined);
    if (failed !== undefined) throw failed.failure;
  }
}

/** One session, from the server's side. */
export class ScriptedPeer {
  /** What a script threw, unless its peer had gone. */
  failure: unknown;
  #socket: Socket;
  readonly #host: string;
  readonly #script: Script;
  readonly #commands: string[];
  readonly #decoder = new CommandLineDecoder();
  readonly #sockets = new Set<Socket>();
  #listening: { readonly server: Server; readonly accepted: Promise<Socket> } | undefined;
  #target: { readonly address: string; readonly port: number } | undefined;
  #busy: Promise<void>;

  constructor(socket: Socket, host: string, script: Script, commands: string[]) {
    this.#socket = socket;
    this.#host = host;
    this.#script = script;
    this.#commands = commands;
    this.#track(socket);
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    socket.on("end", () => socket.end());
    this.#busy = this.#perform(script.greeting ?? "220 Ready.", "");
  }

  /** The control connection: TCP, or TLS since {@link protect}. */
  get socket(): Socket {
    return this.#socket;
  }

  /**
   * TLS on the control connection, as its server: behind a 234, or in place of a greeting. One context for both
   * kinds of connections lets clients resume its sessions.
   */
  async protect(tls: ScriptedTls): Promise<void> {
    const plain = this.#socket;
    plain.removeAllListeners("data").removeAllListeners("end");
    this.#socket = await this.#secured(plain, tls);
    this.#socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    this.#socket.on("end", () => this.#socket.end());
  }

  /** As {@link data}, in TLS; the handshake is over. */
  async protectedData(tls: ScriptedTls): Promise<TLSSocket> {
    return await this.#secured(await this.data(), tls);
  }

  async #secured(socket: Socket, tls: ScriptedTls): Promise<TLSSocket> {
    const secured = new TLSSocket(socket, { ...tls, isServer: true });
    this.#track(secured);
    // An end is told to those who read only.
    const onReadable = (): void => {
      if (secured.readableLength === 0) secured.read();
    };
    await new Promise((resolve, reject) => {
      const gone = (): void => reject(new ClientGone());
      secured.once("secure", resolve).once("error", reject).once("close", gone).once("end", gone);
      secured.on("readable", onReadable);
    });
    secured.removeListener("readable", onReadable);
    // The event comes from within the handshake; an end of TLS that is asked for there is lost.
    await new Promise((resolve) => setImmediate(resolve));
    return secured;
  }

  /** A line, with its CRLF added. */
  reply(line: string): void {
    this.send(`${line}\r\n`);
  }

  /** Bytes, or text, as they are. */
  send(bytes: string | Uint8Array): void {
    if (this.socket.writable) this.socket.write(typeof bytes === "string" ? encodeText(bytes) : bytes);
  }

  /** As {@link send}; resolves when there is room for more. False when the client has gone. */
  async flood(bytes: string | Uint8Array, socket: Socket = this.socket): Promise<boolean> {
    if (!socket.writable) return false;
    if (socket.write(bytes)) await new Promise((resolve) => setImmediate(resolve));
    else {
      const stop = new AbortController();
      const events = ["drain", "close"].map((event) => once(socket, event, { signal: stop.signal }));
      await Promise.race(events).catch(() => {});
      stop.abort();
    }
    return socket.writable;
  }

  /** Ends our side of the control connection. */
  end(): void {
    this.socket.end();
  }

  /** Breaks the control connection with a RST. */
  async reset(): Promise<void> {
    await reset(this.socket);
  }

  /** Listens for a data connection; its port. */
  async listen(): Promise<number> {
    this.#listening?.server.close();
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    const accepted = new Promise<Socket>((resolve) => {
      server.once("connection", (socket) => {
        this.#track(socket);
        server.close();
        resolve(socket);
      });
    });
    server.listen({ host: this.#host, port: 0 });
    await once(server, "listening");
    this.#target = undefined;
    this.#listening = { server, accepted };
    return (server.address() as AddressInfo).port;
  }

  /** Where the next data connection goes: the client's PORT or EPRT. */
  aim(target: unknown): boolean {
    if (target === undefined || typeof target === "string" || target === null) return false;
    this.#target = target as { address: string; port: number };
    return true;
  }

  /** The data connection that was asked for last. */
  async data(): Promise<Socket> {
    if (this.#target !== undefined) {
      const socket = connect({ host: this.#target.address, port: this.#target.port, allowHalfOpen: true });
      this.#track(socket);
      await once(socket, "connect");
      return socket;
    }
    if (this.#listening === undefined) throw new Error("the client asked for no data connection");
    return await this.#listening.accepted;
  }

  /** 150, the bytes, their end, and 226: a transfer as it should be. */
  async sendFile(bytes: string | Uint8Array): Promise<void> {
    this.reply("150 Here it comes.");
    const socket = await this.data();
    socket.end(bytes);
    await gone(socket);
    this.reply("226 Done.");
  }

  /** 150, all that the client sends, and 226. */
  async receiveFile(): Promise<Buffer> {
    this.reply("150 Send it.");
    const socket = await this.data();
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk as Buffer);
    socket.end();
    this.reply("226 Stored.");
    return Buffer.concat(chunks);
  }

  async destroy(): Promise<void> {
    this.#listening?.server.close();
    for (const socket of this.#sockets) socket.destroy();
    await this.#busy;
  }

  #receive(chunk: Buffer): void {
    this.#decoder.push(chunk);
    for (let line = this.#decoder.next(); line !== undefined; line = this.#decoder.next()) {
      this.#take(line);
    }
  }

  #take(line: CommandLine): void {
    if (line.kind !== "command") return;
    const { verb, argument } = line;
    this.#commands.push(argument === "" ? verb : `${verb} ${argument}`);
    const { answers = {} } = this.#script;
    const answer = answers[verb] ?? (answers["*"] && !(verb in USUAL) ? answers["*"] : USUAL[verb]);
    // ABOR is heard while a transfer runs.
    const before = verb === "ABOR" ? Promise.resolve() : this.#busy;
    const done = before.then(() => this.#perform(answer ?? USUAL["*"] ?? "", argument));
    this.#busy = Promise.all([this.#busy, done]).then(() => {});
  }

  async #perform(answer: ScriptedAnswer, argument: string): Promise<void> {
    try {
      if (typeof answer === "string") this.reply(answer);
      else if (typeof answer === "function") await answer(this, argument);
      else for (const line of answer) this.reply(line);
    } catch (error) {
      // A client that has had enough is no failure of the script.
      if (!this.socket.destroyed && !isAboutTheSocket(error)) this.failure ??= error;
    }
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => this.#sockets.delete(socket));
  }
}

/** Breaks a connection with a RST. */
export async function reset(socket: Socket): Promise<void> {
  const closed = gone(socket);
  socket.resetAndDestroy();
  await closed;
}

function gone(socket: Socket): Promise<unknown> {
  socket.resume();
  return socket.closed ? Promise.resolve() : new Promise((resolve) => socket.once("close", resolve));
}

function isAboutTheSocket(error: unknown): boolean {
  if (error instanceof ClientGone) return true;
  const { code = "" } = error as NodeJS.ErrnoException;
  if (code.startsWith("ERR_SSL_")) return true;
  return code === "ECONNRESET" || code === "EPIPE" || code === "ERR_STREAM_PREMATURE_CLOSE";
}
