/** One control connection that is logged in: what its server can do, and what was agreed with it. */
import { type AbortLike, Stop } from "../../connection/stop.js";
import { type Features, parseFeatures } from "../../protocol/features.js";
import type { Reply } from "../../protocol/reply.js";
import { formatType, type TransferParameters } from "../../protocol/representation.js";
import {
  FtpArgumentError,
  FtpConnectionError,
  type FtpError,
  type FtpPhase,
  FtpProtocolError,
  FtpReplyError,
  FtpTimeoutError,
  FtpUnsupportedError,
} from "../errors.js";
import type { Settings } from "../options.js";
import { type Charset, charsetFor, UTF8 } from "./charset.js";
import { type DataMemory, DataPort } from "./data-port.js";
import { dial, type Route } from "./dial.js";
import { logIn, secretsOf } from "./login.js";
import { Protection } from "./protection.js";
import { parseProxy } from "./proxy.js";
import { assertFtp } from "./unreadable.js";
import { UserPi, type Wait } from "./user-pi.js";

/** What is known of a server and outlives a connection to it. */
export interface ServerMemory {
  readonly data: DataMemory;
  /** The working directory that a new connection goes back to, as the wire has it. */
  directory?: string;
  /** False when FEAT lists MLST and MLSD does not work all the same. */
  mlsd?: false;
  /** Whether `LIST -a` lists at least what LIST lists. */
  listAll?: boolean;
  /** Milliseconds that times of LIST are ahead of UTC. */
  clockOffset?: number;
  /** How modification times can be set; "none" when no way works. */
  setTimes?: string;
  /** Files in a row whose time could not be set in any way. */
  timesRefused?: number;
  /** Whether the server takes several commands at once. */
  pipelines?: boolean;
}

/** Time for a second reply after an abort, before a NOOP asks: Pure-FTPd sends one, most servers two. */
const SECOND_REPLY = 250;
/** Milliseconds for the replies to two commands in one segment. */
const PIPELINE_PROBE = 2000;

export class Session {
  readonly pi: UserPi;
  readonly settings: Settings;
  readonly memory: ServerMemory;
  readonly dataPort: DataPort;
  readonly protection: Protection;
  features: Features = new Map();
  charset: Charset = UTF8;
  /** The working directory, while an operation has gone to another one for a moment. */
  away: string | undefined;
  /** As they were last agreed; a TYPE that was never sent is unknown. */
  #agreed: { type?: string; structure: string; mode: string } = { structure: "F", mode: "S" };
  /** Whether the replies that are owed are a transfer's, which ABOR ends. */
  #transferring = false;

  private constructor(pi: UserPi, settings: Settings, route: Route, memory: ServerMemory) {
    this.pi = pi;
    this.settings = settings;
    this.memory = memory;
    this.protection = new Protection(pi, settings.tls, settings.trace);
    this.dataPort = new DataPort({ pi, settings, route, protection: this.protection }, memory.data);
  }

  /** Connects, logs in, asks what the server can do, and goes to the directory of the session before. */
  static async open(settings: Settings, memory: ServerMemory, signal: AbortLike): Promise<Session> {
    const { host, port, timeouts, limits, trace } = settings;
    const proxy = settings.proxy === undefined ? undefined : parseProxy(settings.proxy);
    const route: Route = { proxy, localAddress: settings.localAddress };
    const secrets = secretsOf(settings);
    const socket = await dial({ host, port }, route, { signal, timeout: timeouts.connect });
    const pi = new UserPi(socket, { limits, trace, secrets, host, proxied: proxy !== undefined });
    const session = new Session(pi, settings, route, memory);
    try {
      await session.#begin(signal);
      return session;
    } catch (error) {
      pi.destroy(error as FtpError);
      throw error;
    }
  }

  wait(phase: FtpPhase, signal: AbortLike): Wait {
    return { phase, signal, timeout: this.settings.timeouts.reply };
  }

  /** A command about a path or another text of people's; any 2xx is good. @throws FtpReplyError */
  async command(verb: string, argument: string | undefined, signal: AbortLike): Promise<Reply<number>> {
    return await this.pi.expect(verb, this.encoded(argument), this.wait("command", signal));
  }

  /** As {@link command}; every reply is given back. */
  async ask(verb: string, argument: string | undefined, signal: AbortLike): Promise<Reply<number>> {
    return await this.pi.exchange(verb, this.encoded(argument), this.wait("command", signal));
  }

  encoded(text: string | undefined): string | undefined {
    return text === undefined ? undefined : this.charset.encode(text);
  }

  /** What the server says, as people read it. */
  decoded({ lines }: Reply<number>): string[] {
    return lines.map((line) => this.charset.decode(line));
  }

  /** Agrees on what differs from what was agreed. */
  async useParameters({ type, structure, mode }: TransferParameters, signal: AbortLike): Promise<void> {
    if (!this.protection.agreed) await this.protection.agree(this.wait("tls", signal));
    const agreed = this.#agreed;
    const name = formatType(type);
    if (agreed.type !== name) {
      await this.command("TYPE", TYPE_ARGUMENTS[name] ?? name, signal);
      agreed.type = name;
    }
    if (agreed.structure !== structure) {
      await this.#choose("STRU", structure, "F", signal);
      agreed.structure = structure;
    }
    if (agreed.mode !== mode) {
      await this.#choose("MODE", mode, "S", signal);
      agreed.mode = mode;
    }
  }

  /** Servers that refuse even the default (bftpd: STRU F) use it all the same. */
  async #choose(verb: "STRU" | "MODE", value: string, usual: string, signal: AbortLike): Promise<void> {
    const reply = await this.ask(verb, value, signal);
    if (reply.code >= 300 && value !== usual) throw new FtpReplyError(verb, { phase: "command", reply });
  }

  /** What a raw command may have changed is agreed anew. */
  afterRaw(verb: string, { code }: Reply<number>): void {
    if (!/^(?:TYPE|STRU|MODE|PBSZ|PROT|USER|REIN)$/i.test(verb)) return;
    this.#agreed = { structure: "?", mode: "?" };
    this.protection.forget();
    // RFC 4217 13: TLS ends with it, or does not, as the server likes. The next call begins a new session.
    if (/^REIN$/i.test(verb) && code < 300 && this.protection.security !== undefined) {
      this.pi.destroy(new FtpConnectionError("the session was ended by REIN", { phase: "command" }));
    }
  }

  /**
   * The byte that the next transfer begins at, and how many it has: the server ends it by itself where it has RANG
   * (draft-bryan-ftp-range); elsewhere the client does.
   */
  async restart(start: number, signal: AbortLike, length?: number): Promise<void> {
    if (length !== undefined && length > 0 && this.features.has("RANG")) {
      const reply = await this.ask("RANG", `${start} ${start + length - 1}`, signal);
      if (reply.code < 400) return;
    }
    if (start === 0) return;
    const reply = await this.ask("REST", String(start), signal);
    // RFC 959 has 350; odd servers say 200.
    if (reply.code >= 400)
      throw new FtpUnsupportedError("the server cannot continue files (REST)", { reply });
  }

  /** Sends the command of a transfer; its first reply, 1xx, or 2xx from servers that have nothing to send. */
  async begin(verb: string, argument: string | undefined, signal: AbortLike): Promise<Reply<number>> {
    this.sendTransfer(verb, argument);
    return await this.begun(verb, signal);
  }

  /** The first half of {@link begin}. */
  sendTransfer(verb: string, argument: string | undefined): void {
    this.pi.send(verb, this.encoded(argument), "transfer");
    this.#transferring = true;
  }

  /** The other half. */
  async begun(verb: string, signal: AbortLike): Promise<Reply<number>> {
    const reply = await this.pi.reply(this.wait("transfer", signal));
    // A second reply to EPSV or PASV: nobody can say any more which reply belongs to what.
    if (reply.code >= 227 && reply.code <= 229) {
      throw this.#giveUp(
        new FtpProtocolError("a command was answered as another one is", { phase: "transfer", reply }),
      );
    }
    if (reply.code < 300) return reply;
    this.#transferring = false;
    throw new FtpReplyError(verb, { phase: "transfer", reply });
  }

  /** To the directory that it is away from. */
  async comeBack(wait: Wait): Promise<void> {
    const { away } = this;
    this.away = undefined;
    if (away !== undefined) await this.pi.expect("CWD", this.encoded(away), wait);
  }

  /**
   * Whether the server takes several commands in one segment: two NOOPs tell, once. There are servers that lose
   * what stands behind the first line; what they still owe then is not waited for, and the connection is given up.
   */
  async pipelines(signal: AbortLike): Promise<boolean> {
    const { memory, pi } = this;
    if (memory.pipelines !== undefined) return memory.pipelines;
    const timeout = Math.min(PIPELINE_PROBE, this.settings.timeouts.reply);
    const wait: Wait = { signal, timeout, phase: "command" };
    pi.together(() => {
      pi.send("NOOP", undefined, "command");
      pi.send("NOOP", undefined, "command");
    });
    try {
      await pi.completion(wait);
      await pi.completion(wait);
      memory.pipelines = true;
    } catch (cause) {
      if (!(cause instanceof FtpTimeoutError)) throw cause;
      memory.pipelines = false;
      const details = { phase: "command", cause } as const;
      throw this.#giveUp(new FtpConnectionError("the server loses commands that come together", details));
    }
    return true;
  }

  #giveUp(error: FtpError): FtpError {
    this.pi.destroy(error);
    return error;
  }

  /**
   * After an operation, however it ended: no reply is owed any more, or the connection is closed. Within the
   * `abort` timeout; never rejects. Undefined when it is so already.
   */
  settle(): Promise<void> | undefined {
    const { pi } = this;
    const transferring = this.#transferring;
    this.#transferring = false;
    if (pi.ended !== undefined) return undefined;
    if (pi.owed === 0 && pi.besides === 0 && this.away === undefined) return undefined;
    return this.#settle(transferring);
  }

  async #settle(transferring: boolean): Promise<void> {
    const { pi } = this;
    const signal = AbortSignal.timeout(this.settings.timeouts.abort);
    const wait: Wait = { signal, timeout: Number.POSITIVE_INFINITY, phase: "transfer" };
    try {
      if (transferring && pi.owed > 0) await this.#abort(wait);
      while (pi.owed > 0) await pi.completion(wait);
      if (pi.besides > 0) await pi.exchange("NOOP", undefined, wait);
      await this.comeBack(wait);
    } catch {
      pi.destroy(new FtpTimeoutError("the server did not come back into step", { phase: "transfer" }));
    }
  }

  async close(): Promise<void> {
    await this.dataPort.close();
    await this.pi.quit({
      // Nobody aborts it. One for all sessions would have all that close together as its listeners.
      signal: new Stop(),
      timeout: Math.min(this.settings.timeouts.reply, this.settings.timeouts.abort),
      phase: "close",
    });
  }

  async destroy(cause?: FtpError): Promise<void> {
    this.pi.destroy(cause);
    await this.dataPort.close();
    await this.pi.closed;
  }

  /**
   * ABOR (RFC 959 4.1.3): the transfer is answered, 426 or as if nothing was, and then ABOR is, by 225 or 226;
   * but there are servers that give one reply for both. A NOOP tells: its 200 comes after all others.
   */
  async #abort(wait: Wait): Promise<void> {
    const { pi } = this;
    pi.send("ABOR", undefined, "transfer");
    // What was sent in front of the transfer's command has replies of its own.
    while (pi.owed > 2) await pi.completion(wait);
    await pi.completion(wait);
    try {
      await pi.completion({ ...wait, timeout: Math.min(SECOND_REPLY, this.settings.timeouts.abort / 2) });
    } catch (error) {
      if (!(error instanceof FtpTimeoutError)) throw error;
      pi.send("NOOP", undefined, "transfer");
      const reply = await pi.completion(wait);
      if (reply.code === 200) pi.inStep();
    }
  }

  async #begin(signal: AbortLike): Promise<void> {
    const securing = this.wait("tls", signal);
    await this.protection.beforeGreeting(securing);
    const reply = await this.pi.completion(this.wait("greeting", signal));
    if (reply.code >= 300) throw new FtpReplyError("connecting", { phase: "greeting", reply });
    assertFtp(reply);
    await this.protection.afterGreeting(securing);
    await logIn(this.pi, this.settings, this.wait("login", signal));
    await this.protection.agree(securing);
    const features = await this.pi.exchange("FEAT", undefined, this.wait("login", signal));
    this.features = parseFeatures(features);
    await this.#chooseCharset(signal);
    const { directory } = this.memory;
    if (directory === undefined) return;
    const back = await this.pi.exchange("CWD", directory, this.wait("login", signal));
    if (back.code >= 300)
      throw new FtpReplyError("CWD", { phase: "login", reply: back, hint: DIRECTORY_HINT });
  }

  async #chooseCharset(signal: AbortLike): Promise<void> {
    const { charset, charsetAlways } = this.settings;
    const utf8 = this.features.has("UTF8") && !charsetAlways;
    this.charset = utf8 ? UTF8 : charsetFor(charset);
    // IIS and others speak it only when asked (a draft's habit; RFC 2640 needs no such command).
    if (utf8) await this.pi.exchange("OPTS", "UTF8 ON", this.wait("login", signal));
  }
}

/** Paths must not be seen from another directory than the caller thinks. */
const DIRECTORY_HINT =
  "The connection was lost, and the working directory is not there any more: begin anew with another client.";

/** `A N` is what A means, and not every server knows the long form. */
const TYPE_ARGUMENTS: Readonly<Record<string, string>> = { "A N": "A", "E N": "E" };

/** Whether a new connection may mend it. */
export function isLost(error: unknown): boolean {
  return error instanceof FtpConnectionError || error instanceof FtpTimeoutError;
}

/** @throws FtpArgumentError for what is no offset in a file */
export function checkedOffset(value: number, name: string): number {
  if (!Number.isSafeInteger(value) || value < 0) throw new FtpArgumentError(`${name} is to be 0 or more`);
  return value;
}
