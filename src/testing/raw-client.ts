/**
 * An FTP client of sockets and nothing else: it sends what it is told and gives the replies in order, whatever
 * they say. For tests of servers, where a client that knows better would hide what the server does.
 *
 * Every wait ends, by its timeout at the latest, so that a test fails instead of hanging.
 */
import { Buffer } from "node:buffer";
import { connect, Socket } from "node:net";
import type { Duplex } from "node:stream";
import {
  formatExtendedPort,
  formatPort,
  parseExtendedPassiveReply,
  parsePassiveReply,
} from "../protocol/host-port.js";
import type { Reply } from "../protocol/reply.js";
import { ReplyDecoder } from "../protocol/reply-decoder.js";
import { encodeText } from "../protocol/text.js";
import { RawData } from "./raw-data.js";
import { RawClientError, type Wait, within } from "./waiting.js";

export interface RawClientOptions {
  /** Of every wait that is not told another one, in milliseconds; 10 s when absent. */
  readonly timeout?: number;
  /** Ends every wait. */
  readonly signal?: AbortSignal;
  /** Where data connections of EPSV go and PORT listens, when the stream is no socket that knows it. */
  readonly remoteAddress?: string;
  readonly localAddress?: string;
}

export interface ConnectOptions extends RawClientOptions {
  readonly host: string;
  readonly port: number;
  /** Whether our side stays open when the server has ended its own. */
  readonly allowHalfOpen?: boolean;
}

/** How a data connection is made. */
export type DataMode = "PASV" | "EPSV" | "PORT" | "EPRT";

export interface TransferOptions extends Wait {
  /** EPSV when absent. */
  readonly mode?: DataMode;
}

export interface Download {
  /** The preliminary reply, if there was one, and the completion reply. */
  readonly replies: readonly Reply<number>[];
  readonly bytes: Buffer;
  /** How the data connection ended; "not-opened" when the server refused before it said 1xx. */
  readonly ended: "end" | "reset" | "not-opened";
}

interface Waiting {
  readonly resolve: (reply: Reply<number>) => void;
  readonly reject: (error: Error) => void;
}

export class RawClient implements AsyncDisposable {
  /** Resolves when the control connection is closed, whoever did it and however. */
  readonly closed: Promise<void>;
  readonly stream: Duplex;
  readonly #o: RawClientOptions;
  readonly #decoder = new ReplyDecoder();
  readonly #replies: Reply<number>[] = [];
  readonly #waiting: Waiting[] = [];
  readonly #data = new Set<RawData>();
  /** Why no more replies come. */
  #end: Error | undefined;
  #taken = 0;

  /** On a stream that is connected; see {@link RawClient.connect}. */
  constructor(stream: Duplex, o: RawClientOptions = {}) {
    this.stream = stream;
    this.#o = o;
    this.closed = new Promise((resolve) => stream.once("close", () => resolve()));
    stream.on("data", (chunk: Buffer) => this.#receive(chunk));
    stream.on("error", (error) => this.#finish(error));
    stream.on("end", () => this.#finish());
    stream.on("close", () => this.#finish());
  }

  /** The welcome is the first reply, and is not read. */
  static async connect(o: ConnectOptions): Promise<RawClient> {
    const { host, port, allowHalfOpen = false } = o;
    const { localAddress } = o;
    const socket = connect({
      host,
      port,
      allowHalfOpen,
      noDelay: true,
      ...(localAddress && { localAddress }),
    });
    const opened = new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve).once("error", reject);
    });
    try {
      await within(opened, o, `no connection to ${host} port ${port}`);
    } catch (error) {
      socket.destroy();
      throw error;
    }
    return new RawClient(socket, o);
  }

  /** Replies that came and were not asked for. */
  get unread(): number {
    return this.#replies.length;
  }

  /** A line, with its CRLF added, or bytes as they are. Resolves when they were handed to the system. */
  async send(what: string | Uint8Array, wait: Wait = {}): Promise<void> {
    const bytes = typeof what === "string" ? encodeText(`${what}\r\n`) : what;
    const written = new Promise<void>((resolve, reject) => {
      this.stream.write(bytes, (error) => {
        if (error == null) resolve();
        else reject(new RawClientError("closed", "the control connection takes nothing", { cause: error }));
      });
    });
    await within(written, { ...this.#o, ...wait }, "the server reads nothing");
  }

  /** The next reply, of any kind. @throws RawClientError "timeout", "closed", "aborted" */
  async reply(wait: Wait = {}): Promise<Reply<number>> {
    this.#taken += 1;
    const reply = this.#replies.shift();
    if (reply !== undefined) return reply;
    if (this.#end !== undefined) throw closedError(this.#end);
    let waiting: Waiting | undefined;
    const came = new Promise<Reply<number>>((resolve, reject) => {
      waiting = { resolve, reject };
      this.#waiting.push(waiting);
    });
    try {
      return await within(came, { ...this.#o, ...wait }, "no reply came");
    } catch (error) {
      // A reply that comes later is for the next one who asks.
      if (waiting !== undefined) remove(this.#waiting, waiting);
      throw error;
    }
  }

  /**
   * Sends a line and gives the next reply, which may be a preliminary one. Commands need not wait for each
   * other: who asked first gets the first reply.
   */
  async command(line: string, wait: Wait = {}): Promise<Reply<number>> {
    const [reply] = await Promise.all([this.reply(wait), this.send(line, wait)]);
    return reply;
  }

  /** As {@link command}. @throws RawClientError "unexpected-reply" for any other code. */
  async expect(line: string, ...codes: readonly number[]): Promise<Reply<number>> {
    return expected(await this.command(line), line, codes);
  }

  /** The welcome, unless it was read, then USER and PASS. The reply is 230, or 232 without a PASS. */
  async login(name: string, password: string): Promise<Reply<number>> {
    if (this.#taken === 0) expected(await this.reply(), "connecting", [220]);
    const user = await this.expect(`USER ${name}`, 230, 232, 331);
    return user.code === 331 ? expected(await this.command(`PASS ${password}`), "PASS", [230]) : user;
  }

  /** PASV, and a data connection to the address that it gives, or to `host`. */
  async passive({ host }: { readonly host?: string } = {}): Promise<RawData> {
    const reply = await this.expect("PASV", 227);
    const found = parsePassiveReply(reply.lines.join(" "));
    if (found === undefined) throw new RawClientError("unexpected-reply", "no address in it", { reply });
    return this.#connectData(host ?? found.address, found.port, reply);
  }

  /** EPSV, and a data connection to the server's address. `argument`: 1, 2 or none. */
  async extendedPassive(argument = ""): Promise<RawData> {
    const reply = await this.expect(`EPSV ${argument}`.trimEnd(), 229);
    const port = parseExtendedPassiveReply(reply.lines.join(" "));
    if (port === undefined) throw new RawClientError("unexpected-reply", "no port in it", { reply });
    return this.#connectData(this.#remoteAddress(), port, reply);
  }

  /** Listens where the server can reach us, and says so by PORT, or by EPRT (always for IPv6). */
  async active(verb?: "PORT" | "EPRT"): Promise<RawData> {
    const address = this.#localAddress();
    const family = address.includes(":") ? 6 : 4;
    const data = await RawData.listen(address, this.#o);
    this.#data.add(data);
    const hostPort = { family, address, port: data.port } as const;
    const how = verb ?? (family === 4 ? "PORT" : "EPRT");
    const argument = how === "PORT" ? formatPort(hostPort) : formatExtendedPort(hostPort);
    await this.expect(`${how} ${argument}`, 200);
    return data;
  }

  data(mode: DataMode = "EPSV"): Promise<RawData> {
    if (mode === "PASV") return this.passive();
    return mode === "EPSV" ? this.extendedPassive() : this.active(mode);
  }

  /** A data connection, a command such as `RETR name` or `LIST`, and all that comes. */
  async download(line: string, o: TransferOptions = {}): Promise<Download> {
    const data = await this.data(o.mode);
    try {
      const first = await this.command(line, o);
      if (first.code >= 200) return { replies: [first], bytes: Buffer.alloc(0), ended: "not-opened" };
      const [received, last] = await Promise.all([data.receiveAll(o), this.reply(o)]);
      return { replies: [first, last], ...received };
    } finally {
      await data[Symbol.asyncDispose]();
    }
  }

  /** A data connection, a command such as `STOR name`, the bytes, and their end. The last reply is the outcome. */
  async upload(
    line: string,
    bytes: string | Uint8Array,
    o: TransferOptions = {},
  ): Promise<readonly Reply<number>[]> {
    const data = await this.data(o.mode);
    try {
      const first = await this.command(line, o);
      if (first.code >= 200) return [first];
      // The server may close before it has all, and says why in its reply.
      const sent = data.send(bytes, o).then(
        () => data.end(),
        () => {},
      );
      const [last] = await Promise.all([this.reply(o), sent]);
      return [first, last];
    } finally {
      await data[Symbol.asyncDispose]();
    }
  }

  /** Ends our side, as a client does that has nothing more to say. */
  end(): void {
    this.stream.end();
  }

  /** Breaks the control connection with a RST. */
  async reset(): Promise<void> {
    if (this.stream instanceof Socket) this.stream.resetAndDestroy();
    else this.stream.destroy();
    await this.closed;
  }

  /** Closes everything, data connections too. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const data of this.#data) await data[Symbol.asyncDispose]();
    this.stream.destroy();
    await this.closed;
  }

  #connectData(host: string, port: number, reply: Reply<number>): RawData {
    const data = RawData.connect({ host, port }, reply, this.#o);
    this.#data.add(data);
    return data;
  }

  #remoteAddress(): string {
    const known = this.stream instanceof Socket ? this.stream.remoteAddress : undefined;
    return requiredAddress(this.#o.remoteAddress ?? known, "remoteAddress");
  }

  #localAddress(): string {
    const known = this.stream instanceof Socket ? this.stream.localAddress : undefined;
    return requiredAddress(this.#o.localAddress ?? known, "localAddress").replace(/^::ffff:/i, "");
  }

  #receive(chunk: Buffer): void {
    try {
      this.#decoder.push(chunk);
      for (let reply = this.#decoder.next(); reply !== undefined; reply = this.#decoder.next()) {
        const waiting = this.#waiting.shift();
        if (waiting === undefined) this.#replies.push(reply);
        else waiting.resolve(reply);
      }
    } catch (error) {
      this.#finish(error instanceof Error ? error : new Error(String(error)));
      this.stream.destroy();
    }
  }

  #finish(cause: Error = new Error("it was closed")): void {
    this.#end ??= cause;
    for (const { reject } of this.#waiting.splice(0)) reject(closedError(this.#end));
  }
}

function expected(reply: Reply<number>, line: string, codes: readonly number[]): Reply<number> {
  if (codes.includes(reply.code)) return reply;
  const verb = line.split(" ", 1)[0];
  const text = `${verb} was answered ${reply.code} ${reply.lines.join(" / ")}, not ${codes.join(" or ")}`;
  throw new RawClientError("unexpected-reply", text, { reply });
}

function closedError(cause: Error): RawClientError {
  return new RawClientError("closed", `the control connection is closed: ${cause.message}`, { cause });
}

function requiredAddress(address: string | undefined, option: string): string {
  if (address === undefined) throw new TypeError(`${option} must be given: the stream does not know it`);
  return address;
}

function remove<T>(list: T[], item: T): void {
  const at = list.indexOf(item);
  if (at !== -1) list.splice(at, 1);
}
