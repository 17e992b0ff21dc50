/** The user PI (RFC 959 2.3): commands go out, and each gets the replies that belong to it. */

import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import { normalAddress } from "../../connection/address.js";
import { ControlConnection } from "../../connection/control-connection.js";
import { waitFor } from "../../connection/deadline.js";
import { isOfTls } from "../../connection/tls/tls-failure.js";
import type { Reply } from "../../protocol/reply.js";
import { ReplyDecoder } from "../../protocol/reply-decoder.js";
import {
  FtpAbortError,
  FtpClosedError,
  FtpConnectionError,
  type FtpError,
  type FtpPhase,
  FtpProtocolError,
  FtpReplyError,
  FtpTimeoutError,
} from "../errors.js";
import type { FtpLimits, TraceLine } from "../options.js";
import { shownReply } from "../shown-reply.js";
import { FtpTlsError } from "../tls-error.js";
import { lineOf } from "./line-of.js";
import { Secrets } from "./masked.js";
import { Owed } from "./owed.js";
import { ReplyWait, type Wait } from "./reply-wait.js";
import { unreadable } from "./unreadable.js";

export type { Wait };

export interface UserPiOptions {
  readonly limits: Pick<FtpLimits, "reply" | "replyLine" | "replyLines">;
  readonly trace: ((line: TraceLine) => void) | undefined;
  /** What is to be shown in no reply, as the wire has it. */
  readonly secrets: readonly string[];
  /** Where the socket leads, when it is a proxy's. */
  readonly host: string;
  readonly proxied: boolean;
}

const BEFORE_LOGIN: ReadonlySet<FtpPhase> = new Set(["tls", "greeting", "login"]);
/** Replies that may wait to be read: those of one command, and NOOPs beside a transfer. */
const MOST_UNREAD = 64;

export class UserPi {
  readonly host: string;
  readonly proxied: boolean;
  readonly #socket: Socket;
  readonly #connection: ControlConnection<Reply<number>>;
  readonly #trace: ((line: TraceLine) => void) | undefined;
  readonly #secrets: Secrets;
  readonly #replies: Reply<number>[] = [];
  readonly #awaited = new ReplyWait();
  readonly #owed = new Owed();
  /** Whether the handshake is over and no reply has come since. */
  #freshlySecured = false;
  #together = false;
  /** NOOPs that run beside a transfer and have no answer yet. */
  #beside = 0;
  #end: FtpError | undefined;
  /** What the server said before it closed: 421. */
  #goodbye: Reply<number> | undefined;
  #phase: FtpPhase = "greeting";
  readonly #closed: Promise<void>;

  /** On a socket that is connected, made with `allowHalfOpen`. */
  constructor(socket: Socket, o: UserPiOptions) {
    this.host = o.host;
    this.proxied = o.proxied;
    this.#socket = socket;
    this.#trace = o.trace;
    this.#secrets = new Secrets(o.secrets);
    this.#closed = new Promise((resolve) => socket.once("close", () => resolve()));
    const { reply, replyLine, replyLines } = o.limits;
    this.#connection = new ControlConnection(
      socket,
      new ReplyDecoder({ line: replyLine, reply, lines: replyLines }),
      {
        onInput: () => this.#read(),
        onDrain: () => {},
        onEnd: () => this.#finish(this.#lost()),
        onClose: (error) => this.#finish(this.#lost(error)),
      },
    );
    socket.resume();
  }

  /** Why no command can be sent any more. */
  get ended(): FtpError | undefined {
    return this.#end;
  }

  /** Whether replies are still to come for what was sent. */
  get owed(): number {
    return this.#owed.count;
  }

  /** What was owed has come, with fewer replies than commands; see Session.settle. */
  inStep(): void {
    this.#owed.clear();
    this.#replies.length = 0;
  }

  /** Our end of the control connection. */
  get localAddress(): string {
    return normalAddress(this.#socket.localAddress ?? "");
  }

  /** Where data connections go; the server's name when a proxy is between. */
  get dataHost(): string {
    return this.proxied ? this.host : normalAddress(this.#socket.remoteAddress ?? this.host);
  }

  /** The completion reply of what was sent, whatever it says; preliminary ones are passed over. */
  async completion(wait: Wait): Promise<Reply<number>> {
    for (;;) {
      const reply = await this.reply(wait);
      if (reply.code >= 200) return reply;
    }
  }

  /** Sends a command and gives its completion reply, whatever it says. */
  async exchange(verb: string, argument: string | undefined, wait: Wait): Promise<Reply<number>> {
    this.send(verb, argument, wait.phase);
    return await this.completion(wait);
  }

  /**
   * As {@link exchange}, and only what is good comes back: 2xx, or what `accept` names.
   * Any 2xx is success: servers differ in which one they say (study/field.md 6.1).
   * @throws FtpReplyError for every other reply
   */
  async expect(
    verb: string,
    argument: string | undefined,
    wait: Wait,
    ...accept: readonly number[]
  ): Promise<Reply<number>> {
    const reply = await this.exchange(verb, argument, wait);
    const good = accept.length === 0 ? reply.code < 300 : accept.includes(reply.code);
    if (!good) throw new FtpReplyError(verb, { phase: wait.phase, reply });
    return reply;
  }

  /** Sends a command. @throws FtpArgumentError when it cannot be sent, FtpConnectionError when nothing can be */
  send(verb: string, argument: string | undefined, phase: FtpPhase): void {
    if (this.#end !== undefined) throw this.#end;
    const line = lineOf(verb, argument, phase);
    this.#phase = phase;
    this.#owed.sent(verb);
    const text = this.#secrets.sent(verb, argument);
    this.#trace?.({ kind: "command", text });
    this.#connection.write(line);
    if (!this.#together) this.#connection.flush();
  }

  /** Commands that are sent within leave in one segment. */
  together(send: () => void): void {
    this.#together = true;
    try {
      send();
    } finally {
      this.#together = false;
      this.#connection.flush();
    }
  }

  /** A NOOP while a transfer runs; its reply comes before or after the transfer's and is not given to anybody. */
  sendBeside(): void {
    if (this.#end !== undefined) return;
    this.#beside++;
    this.#trace?.({ kind: "command", text: "NOOP" });
    this.#connection.write("NOOP\r\n");
    this.#connection.flush();
  }

  /** Replies of NOOPs that were sent beside a transfer and have not come. */
  get besides(): number {
    return this.#beside;
  }

  /** The next reply, a preliminary one too. Calls do not overlap. */
  reply(wait: Wait): Promise<Reply<number>> {
    const ready = this.#replies.shift();
    if (ready !== undefined) return Promise.resolve(this.#given(ready));
    if (this.#end !== undefined) return Promise.reject(this.#end);
    return this.#awaited.next(wait);
  }

  /** Whoever waits for a reply does so no more; it comes all the same, and is still owed. */
  waitNoMore(): void {
    this.#awaited.reject(new FtpAbortError(this.#phase, undefined));
  }

  /**
   * Begins TLS; to be called in the turn in which its 234 came, or before the greeting. Whatever came in clear
   * behind the 234 is not the server's, or not only (CVE-2021-22947): it ends the connection.
   * @throws FtpTlsError, FtpTimeoutError, FtpAbortError, after which the connection is closed
   */
  async secure(connect: (stream: Duplex) => Promise<TLSSocket>, { signal, timeout }: Wait): Promise<void> {
    if (this.#end !== undefined) throw this.#end;
    if (this.#owed.unasked > 0 || this.#replies.length > 0 || this.#connection.holdsInput) {
      const error = new FtpTlsError("clear-text", "bytes in clear came where TLS was to begin", {
        phase: "tls",
      });
      this.destroy(error);
      throw error;
    }
    this.#phase = "tls";
    const waiting = {
      signal,
      timeout,
      timedOut: () => new FtpTimeoutError(`the TLS handshake took more than ${timeout} ms`, { phase: "tls" }),
      aborted: () => new FtpAbortError("tls", signal.reason),
    };
    await waitFor<void>(waiting, (resolve, reject) => {
      const failed = (error: unknown) => {
        const failure = FtpTlsError.of(error, "tls");
        this.destroy(failure);
        reject(failure);
      };
      const secured = () => {
        this.#freshlySecured = true;
        resolve();
      };
      this.#connection.protectAsClient(connect).then(secured, failed);
      return () => this.#connection.destroy();
    });
  }

  /** QUIT, and the end of the connection; resolves when it is closed, within the time. */
  async quit(wait: Wait): Promise<void> {
    try {
      if (this.#end === undefined) await this.exchange("QUIT", undefined, wait);
    } catch {
      // It is closed in any case.
    }
    this.destroy();
    await this.#closed;
  }

  /** Closes it now; whoever waits is rejected. */
  destroy(cause: FtpError = new FtpClosedError()): void {
    this.#finish(cause);
    this.#connection.destroy();
  }

  /** Resolves when the socket is closed. */
  get closed(): Promise<void> {
    return this.#closed;
  }

  #read(): void {
    try {
      for (let reply = this.#connection.next(); reply !== undefined; reply = this.#connection.next()) {
        this.#take(reply);
        if (this.#replies.length > MOST_UNREAD) {
          throw new FtpProtocolError("the server says more than it was asked", { phase: this.#phase });
        }
      }
    } catch (error) {
      this.destroy(unreadable(error, this.#phase));
    }
  }

  #take(said: Reply<number>): void {
    const reply = this.#secrets.heard(said);
    this.#trace?.({ kind: "reply", reply: shownReply(reply) });
    this.#freshlySecured = false;
    if (reply.code === 421) {
      this.#goodbye = reply;
      this.destroy(this.#lost());
      return;
    }
    if (this.#beside > 0 && answersNoop(reply.code)) {
      this.#beside--;
      return;
    }
    if (!this.#owed.heard(reply, this.#phase)) return;
    if (this.#awaited.isAwaited) this.#awaited.resolve(this.#given(reply));
    else this.#replies.push(reply);
  }

  #given(reply: Reply<number>): Reply<number> {
    this.#owed.given(reply);
    return reply;
  }

  #lost(cause?: Error): FtpError {
    // With TLS 1.3 a server refuses our certificate, or its absence, when we believe that the handshake is over.
    if (this.#freshlySecured || (isOfTls(cause) && BEFORE_LOGIN.has(this.#phase))) {
      return FtpTlsError.of(cause, this.#phase);
    }
    const reply = this.#goodbye;
    const why = reply === undefined ? "broke" : "was ended by the server (421)";
    return new FtpConnectionError(`the control connection ${why}`, { phase: this.#phase, reply, cause });
  }

  /** The first cause counts. */
  #finish(error: FtpError): void {
    if (this.#end !== undefined) return;
    this.#end = error;
    this.#awaited.reject(error);
    this.#awaited.stop();
    // Half a connection is of no use to a client.
    this.#connection.destroy();
  }
}

/** No transfer ends with 200, and none with "not understood". */
function answersNoop(code: number): boolean {
  return code === 200 || code === 500 || code === 502 || code === 503;
}
