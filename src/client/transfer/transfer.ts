/**
 * One transfer of the client: prepare the data connection, [REST], the command, 1xx, the bytes. It is done when
 * the data have ended and the completion reply has come, in either order.
 */
import { type DataConnection, DataConnectionError } from "../../connection/data-connection.js";
import { withDeadline } from "../../connection/deadline.js";
import { BareEndError } from "../../connection/tls/tls-receiver.js";
import { codecFor } from "../../dtp/codec.js";
import type { TransferOutcome, TransferProgress } from "../../dtp/outcome.js";
import { type Transfer, transfer } from "../../dtp/transfer.js";
import type { Reply } from "../../protocol/reply.js";
import {
  FtpAbortError,
  FtpDataConnectionError,
  FtpError,
  FtpLocalError,
  FtpProtocolError,
  FtpReplyError,
  FtpTimeoutError,
} from "../errors.js";
import type { Session } from "../session/session.js";
import { FtpTlsError, isAboutTheServer } from "../tls-error.js";
import { beginTransfer } from "./begin.js";
import { ConfirmedSink, RangeComplete } from "./confirmed-sink.js";
import type { ClientTransfer, Receiving } from "./job.js";
import { ProgressMeter } from "./progress.js";
import { WatchedSource } from "./watched-source.js";

export interface TransferResult {
  /** Bytes of the file that were moved. */
  readonly bytes: number;
  /** Where in the file it began. */
  readonly start: number;
  /** Milliseconds. */
  readonly duration: number;
}

/** @throws FtpError, after which `session.settle()` brings the connection into step */
export async function runTransfer(session: Session, job: ClientTransfer): Promise<TransferResult> {
  let running: RunningTransfer | undefined;
  const acceptBareEnd = () => running?.acceptsBareEnd() ?? false;
  const { connection, first } = await beginTransfer(session, job, acceptBareEnd);
  running = new RunningTransfer(session, connection, job, first);
  return await running.result();
}

const BARE_END_HINT =
  "It may have been cut; a server that never ends TLS in good order is taken at its word with `tlsOptions.acceptBareEnd`.";

class RunningTransfer {
  readonly #session: Session;
  readonly #connection: DataConnection;
  readonly #job: ClientTransfer;
  readonly #control: Promise<Reply<number>>;
  /** The completion reply, once it has come. */
  #completed: Reply<number> | undefined;
  /** Whether it, or the reason why there is none, has come. */
  #heard = false;
  #moving: Transfer | undefined;
  /** Of an upload. */
  #source: WatchedSource | undefined;
  /** Of a download. */
  #sink: ConfirmedSink | undefined;

  constructor(session: Session, connection: DataConnection, job: ClientTransfer, first: Reply<number>) {
    this.#session = session;
    this.#connection = connection;
    this.#job = job;
    this.#control = first.code >= 200 ? Promise.resolve(first) : this.#completion();
    // Whoever asks is told; a refusal ends the data part, which may wait for a peer that says nothing more.
    this.#control.then(
      (reply) => {
        this.#heard = true;
        this.#completed = reply;
        if (reply.code >= 300 || this.#tooEarly) this.#moving?.stop();
      },
      () => {
        this.#heard = true;
        this.#moving?.stop();
      },
    );
  }

  async result(): Promise<TransferResult> {
    const { keepAlive } = this.#session.settings;
    const beat = keepAlive === undefined ? undefined : setInterval(() => this.#keepAlive(), keepAlive);
    const running = transfer(this.#dtpJob());
    this.#moving = running;
    const meter = this.#meter(running.progress);
    let complete = false;
    try {
      const outcome = await running.outcome;
      await this.#judge(outcome);
      complete = true;
      return { bytes: outcome.bytes, start: outcome.start, duration: outcome.duration };
    } finally {
      clearInterval(beat);
      meter?.end(complete);
      if (!this.#heard) this.#session.pi.waitNoMore();
    }
  }

  /**
   * Data in TLS ended without close_notify: the connection may have been cut. Servers that never send one are right
   * about files whose size is known; about others their word counts only when we were told to take it.
   */
  async acceptsBareEnd(): Promise<boolean> {
    const { parameters, total, start } = this.#job;
    const whole =
      this.#sink !== undefined && total === start + this.#sink.received && codecFor(parameters) === undefined;
    if (!whole && this.#session.settings.tls?.acceptBareEnd !== true) return false;
    try {
      await this.#confirmed();
      return true;
    } catch {
      return false;
    }
  }

  #meter(progress: TransferProgress): ProgressMeter | undefined {
    const { onProgress, argument = "", direction, start, total } = this.#job;
    if (onProgress === undefined) return undefined;
    return new ProgressMeter(progress, {
      path: argument,
      direction: direction === "receive" ? "download" : "upload",
      start,
      total,
      onProgress,
    });
  }

  #dtpJob(): Parameters<typeof transfer>[0] {
    const job = this.#job;
    const { timeouts } = this.#session.settings;
    const rate = job.rate ?? this.#session.settings.rate;
    const codec = codecFor(job.parameters);
    const common = {
      id: job.verb,
      path: job.argument ?? "",
      start: job.start,
      dataConnection: this.#connection,
      codec: codec === "unsupported" ? undefined : codec,
      signal: job.signal,
      connectTimeout: timeouts.dataConnect,
      stallTimeout: timeouts.stall,
      rate,
    };
    if (job.direction === "send") {
      this.#source = new WatchedSource(job.source);
      return { ...common, direction: "send", source: this.#source };
    }
    const total = job.total === undefined ? undefined : job.total - job.start;
    return { ...common, direction: "receive", sink: this.#confirming(job), total };
  }

  #confirming(job: Receiving): ConfirmedSink {
    this.#sink = new ConfirmedSink(job.sink, job.length, () => this.#confirmed());
    return this.#sink;
  }

  /** What both sides say together. */
  async #judge(outcome: TransferOutcome): Promise<void> {
    const { signal, verb } = this.#job;
    switch (outcome.kind) {
      case "complete":
        if (this.#completed === undefined || this.#completed.code >= 300) await this.#confirmed();
        return;
      case "aborted": {
        if (signal.aborted) throw new FtpAbortError("transfer", signal.reason);
        const reply = await this.#control;
        if (reply.code < 300) {
          throw new FtpProtocolError("the server confirmed an upload that had not ended", {
            phase: "transfer",
            reply,
          });
        }
        throw new FtpReplyError(verb, { phase: "transfer", reply });
      }
      case "not-opened":
      case "remote":
        throw await this.#broken(outcome.error);
      case "local":
        if (outcome.error instanceof RangeComplete) return;
        if (outcome.error instanceof FtpError) throw outcome.error;
        if (signal.aborted) throw new FtpAbortError("transfer", signal.reason);
        throw new FtpLocalError("the file on our side failed", { phase: "transfer", cause: outcome.error });
    }
  }

  /** The data connection failed; the server's reply, if it comes soon, says why. */
  async #broken(cause: Error): Promise<FtpError> {
    if (cause instanceof DataConnectionError && isAboutTheServer(cause.cause)) {
      return FtpTlsError.of(cause.cause, "data-connection");
    }
    const { abort } = this.#session.settings.timeouts;
    const details = { phase: "transfer", cause } as const;
    let reply: Reply<number> | undefined;
    try {
      reply = await withDeadline(this.#control, abort, () => cause);
    } catch (error) {
      if (error instanceof FtpError) return error;
    }
    // What the server says then is most often that we hung up.
    if (cause instanceof DataConnectionError && cause.reason === "stalled") {
      return new FtpTimeoutError(cause.message, { ...details, reply });
    }
    if (reply !== undefined && reply.code >= 300) {
      return new FtpReplyError(this.#job.verb, { ...details, reply });
    }
    return new FtpDataConnectionError(`the data connection failed: ${cause.message}`, {
      ...details,
      reply,
      hint: cause instanceof BareEndError ? BARE_END_HINT : undefined,
    });
  }

  /** The completion reply, when it is good. @throws FtpReplyError, FtpTimeoutError */
  async #confirmed(): Promise<Reply<number>> {
    const { completion } = this.#session.settings.timeouts;
    const reply =
      this.#completed ??
      (await withDeadline(
        this.#control,
        completion,
        () =>
          new FtpTimeoutError("the data have moved, but the server does not confirm it", {
            phase: "transfer",
          }),
      ));
    if (reply.code >= 300) throw new FtpReplyError(this.#job.verb, { phase: "transfer", reply });
    return reply;
  }

  #completion(): Promise<Reply<number>> {
    return this.#session.pi.completion({
      signal: this.#job.signal,
      timeout: Number.POSITIVE_INFINITY,
      phase: "transfer",
    });
  }

  get #tooEarly(): boolean {
    return this.#job.direction === "send" && this.#source?.ended !== true;
  }

  #keepAlive(): void {
    // A server that has not answered the last ones will not answer more of them now.
    if (this.#session.pi.besides < 3) this.#session.pi.sendBeside();
  }
}
