/**
 * A control connection under examination. Unlike the client's own (client/session/user-pi.ts) it keeps nothing
 * back: preliminary and unasked replies, a 421, a certificate that is not valid are what the doctor wants to see.
 */
import type { Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from "node:tls";
import { Secrets } from "../../client/session/masked.js";
import { shownReply } from "../../client/shown-reply.js";
import { normalAddress } from "../../connection/address.js";
import { waitFor } from "../../connection/deadline.js";
import { tlsFailureOf } from "../../connection/tls/tls-failure.js";
import { encodeCommandLine } from "../../protocol/command-line.js";
import type { Reply } from "../../protocol/reply.js";
import { ReplyDecoder, ReplyDecoderError } from "../../protocol/reply-decoder.js";
import { decodeText } from "../../protocol/text.js";

export type BreakdownReason =
  | "silent" // no answer in time
  | "closed" // the server ended the connection
  | "not-ftp" // what it says is no reply
  | "injected" // it said more than 234 before TLS began
  | "handshake" // TLS did not come about
  | "stopped"; // the user wants no more

/** The conversation cannot go on, or not as it was meant to. */
export class Breakdown extends Error {
  override readonly name = "Breakdown";
  readonly reason: BreakdownReason;
  /** The last that was heard: a 421, or the first bytes of what is no reply. */
  readonly heard: string;

  constructor(reason: BreakdownReason, message: string, heard = "", cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.reason = reason;
    this.heard = heard;
  }
}

export interface ConversationOptions {
  /** Milliseconds for each answer. */
  readonly timeout: number;
  readonly signal: AbortSignal;
  readonly trace: (line: { kind: "command"; text: string } | { kind: "reply"; reply: Reply<number> }) => void;
}

/** The doctor asks for short replies only; FEAT and HELP are the longest. */
const REPLY_LIMITS = { line: 16 * 1024, reply: 256 * 1024, lines: 5000 };
const MOST_UNREAD = 64;
/** Milliseconds for a goodbye. */
const PATIENCE = 1000;

export class Conversation {
  /** The newest session of TLS, for data connections to resume. */
  tlsSession: Buffer | undefined;
  readonly #plain: Socket;
  /** The same, or TLS on it. */
  #socket: Socket;
  readonly #o: ConversationOptions;
  readonly #decoder = new ReplyDecoder(REPLY_LIMITS);
  readonly #replies: Reply<number>[] = [];
  #firstBytes = "";
  #waiting: { resolve(reply: Reply<number>): void; reject(error: Error): void } | undefined;
  #end: Breakdown | undefined;
  /** What PASS or ACCT sent last: a server may repeat it in its answer. */
  readonly #secrets = new Secrets();

  /** On a socket that is connected and that nobody has read from. */
  constructor(socket: Socket, o: ConversationOptions) {
    this.#o = o;
    this.#plain = socket;
    this.#socket = socket;
    socket.setNoDelay(true);
    this.#listen(socket);
    socket.once("close", () => this.#fail(new Breakdown("closed", "the connection is closed")));
  }

  get ended(): Breakdown | undefined {
    return this.#end;
  }

  get tls(): TLSSocket | undefined {
    return "getPeerCertificate" in this.#socket ? (this.#socket as TLSSocket) : undefined;
  }

  get localAddress(): string {
    return normalAddress(this.#socket.localAddress ?? "");
  }

  get remoteAddress(): string {
    return normalAddress(this.#socket.remoteAddress ?? "");
  }

  send(verb: string, argument?: string): void {
    if (this.#end !== undefined) throw this.#end;
    const line = encodeCommandLine(verb, argument);
    this.#o.trace({ kind: "command", text: this.#secrets.sent(verb, argument) });
    this.#socket.write(line);
  }

  /** The next reply, whatever it is. @throws Breakdown */
  next(timeout = this.#o.timeout): Promise<Reply<number>> {
    const ready = this.#replies.shift();
    if (ready !== undefined) return Promise.resolve(ready);
    if (this.#end !== undefined) return Promise.reject(this.#end);
    const { signal } = this.#o;
    return waitFor<Reply<number>>(
      { signal, timeout, timedOut: () => silent(timeout), aborted: stopped },
      (resolve, reject) => {
        this.#waiting = { resolve, reject };
        return () => {
          this.#waiting = undefined;
        };
      },
    );
  }

  /** The next reply that is not preliminary. @throws Breakdown */
  async completion(): Promise<Reply<number>> {
    for (;;) {
      const reply = await this.next();
      if (reply.code >= 200) return reply;
    }
  }

  /** Sends a command and gives its completion reply, whatever it says. @throws Breakdown */
  async ask(verb: string, argument?: string): Promise<Reply<number>> {
    this.send(verb, argument);
    return await this.completion();
  }

  /**
   * Begins TLS: at once, or behind 234. Any certificate is taken; whoever calls looks at it.
   * @throws Breakdown "handshake", "injected"
   */
  async secure(o: ConnectionOptions): Promise<TLSSocket> {
    const plain = this.#plain;
    this.#deafen(plain);
    if (this.#replies.length > 0 || this.#decoder.buffered > 0 || plain.readableLength > 0) {
      const heard = this.#replies.map(replyText).join(" / ") || "bytes that are no reply";
      throw this.#fail(new Breakdown("injected", "more than the 234 came before TLS", heard));
    }
    const secured = await handshake(plain, o, this.#o, (session) => {
      this.tlsSession = session;
    }).catch((error: Breakdown) => {
      this.#fail(error);
      throw error;
    });
    this.#socket = secured;
    this.#listen(secured);
    return secured;
  }

  /** Says QUIT, and waits a moment for the server to close: it may count our sessions. */
  async close(): Promise<void> {
    if (this.#end !== undefined || !this.#socket.writable) return this.destroy();
    this.#end = closedByUs();
    const plain = this.#plain;
    try {
      const { signal } = this.#o;
      await waitFor<void>(
        { signal, timeout: PATIENCE, timedOut: () => new Error("late"), aborted: stopped },
        (resolve) => {
          plain.once("close", () => resolve());
          this.#socket.end("QUIT\r\n");
          return () => {};
        },
      );
    } catch {
      // It is closed in any case.
    }
    plain.destroy();
  }

  destroy(): void {
    this.#fail(closedByUs());
    this.#plain.destroy();
  }

  #listen(socket: Socket): void {
    socket.on("data", this.#onData);
    socket.on("end", this.#onEnd);
    socket.on("error", this.#onEnd);
    socket.resume();
  }

  #deafen(socket: Socket): void {
    socket.pause();
    socket.removeListener("data", this.#onData);
    socket.removeListener("end", this.#onEnd);
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#firstBytes.length < 80) this.#firstBytes += decodeText(chunk.subarray(0, 80));
    try {
      this.#decoder.push(chunk);
      for (let reply = this.#decoder.next(); reply !== undefined; reply = this.#decoder.next()) {
        this.#take(reply);
      }
    } catch (error) {
      if (!(error instanceof ReplyDecoderError)) throw error;
      this.#fail(new Breakdown("not-ftp", "what it says is no reply of FTP", this.#firstBytes, error));
    }
  };

  readonly #onEnd = (error?: Error): void => {
    const message = error === undefined ? "the server closed the connection" : "the connection broke";
    this.#fail(new Breakdown("closed", message, "", error));
  };

  #take(heard: Reply<number>): void {
    if (this.#end !== undefined) return;
    const reply = this.#secrets.heard(heard);
    this.#o.trace({ kind: "reply", reply: shownReply(reply) });
    if (this.#waiting !== undefined) {
      const { resolve } = this.#waiting;
      this.#waiting = undefined;
      resolve(reply);
    } else if (this.#replies.length < MOST_UNREAD) this.#replies.push(reply);
    else this.#fail(new Breakdown("not-ftp", "it says more than it was asked", replyText(reply)));
  }

  /** The first cause counts. */
  #fail(error: Breakdown): Breakdown {
    if (this.#end === undefined) {
      this.#end = error;
      this.#waiting?.reject(error);
      this.#waiting = undefined;
      this.#socket.destroy();
      // TLS does not take what is below it along.
      this.#plain.destroy();
    }
    return this.#end;
  }
}

/** TLS as its client on a connected socket, with whatever certificate. The socket is gone when it fails. @throws Breakdown */
export function handshake(
  plain: Socket,
  tls: ConnectionOptions,
  { timeout, signal }: Pick<ConversationOptions, "timeout" | "signal">,
  onSession: (session: Buffer) => void = () => {},
): Promise<TLSSocket> {
  const failed = (message: string, cause?: unknown) => new Breakdown("handshake", message, "", cause);
  return waitFor<TLSSocket>(
    { signal, timeout, timedOut: () => failed(`no TLS within ${timeout / 1000} s`), aborted: stopped },
    (resolve, reject) => {
      const secured = connectTls({ ...tls, socket: plain, rejectUnauthorized: false });
      const giveUp = (): void => {
        secured.destroy();
        plain.destroy();
      };
      // From the first moment to the last: an error without a listener would end the process.
      secured.on("error", (error) => {
        reject(failed(tlsFailureOf(error).message, error));
        giveUp();
      });
      secured.on("session", onSession);
      secured.once("secureConnect", () => resolve(secured));
      // Not every end of what is below is told by TLS in the middle of a handshake.
      plain.once("close", () => {
        reject(failed("the server closed the connection in the handshake"));
        secured.destroy();
      });
      return giveUp;
    },
  );
}

/** "229 Entering Extended Passive Mode (|||50123|)": code and first line. */
export function replyText(reply: Reply<number>): string {
  const { code, lines } = shownReply(reply);
  return `${code} ${lines.length > 1 ? `${lines[0]} …` : lines[0]}`.trim();
}

function silent(timeout: number): Breakdown {
  return new Breakdown("silent", `no answer within ${timeout / 1000} s`);
}

function closedByUs(): Breakdown {
  return new Breakdown("closed", "the connection was closed on our side");
}

function stopped(): Breakdown {
  return new Breakdown("stopped", "stopped");
}
