/** Runs the transfers of a session: 1xx, bytes, and the completion reply that the outcome asks for. */

import type { DataConnection } from "../connection/data-connection.js";
import { Stop } from "../connection/stop.js";
import { codecFor } from "../dtp/codec.js";
import type { TransferOutcome } from "../dtp/outcome.js";
import { type TransferJob, transfer } from "../dtp/transfer.js";
import type { Pathname } from "../protocol/pathname.js";
import { type Reply, reply } from "../protocol/reply.js";
import { IMAGE } from "../protocol/representation.js";
import { StorageError } from "../storage/errors.js";
import type { ReadHandle, WriteHandle } from "../storage/storage.js";
import type { TransferEvent } from "./events.js";
import { type DeclaredReplies, replyForError } from "./reply-for-error.js";
import type { RunningTransfer, Session } from "./session.js";

interface Plan {
  readonly path: Pathname;
  /** Text of the 150, or of the 125 when the data connection is there already. */
  readonly opening: string;
  /** Text of the 226. */
  readonly complete?: string;
}

export interface SendPlan extends Plan {
  readonly source: ReadHandle;
  readonly start?: number;
  /** Listings are CRLF lines whatever the representation type (RFC 959 4.1.3, LIST). */
  readonly content: "file" | "listing";
}

export interface ReceivePlan extends Plan {
  readonly sink: WriteHandle;
}

type OpenedFile = Pick<TransferJob, "direction" | "start" | "codec"> &
  ({ direction: "send"; source: ReadHandle } | { direction: "receive"; sink: WriteHandle });

/** Where the PI takes preliminary replies, and what it is told of a transfer. */
export interface TransferListener {
  preliminary(reply: Reply): void;
  /** The 1xx is out; from now on some commands act at once. */
  transferOpened(): void;
}

/** What a command's declaration says of its transfers. */
export interface TransferKind extends DeclaredReplies {
  readonly verb: string;
}

export class Transfers {
  readonly #session: Session;
  readonly #listener: TransferListener;
  readonly #kind: TransferKind;

  constructor(session: Session, listener: TransferListener, kind: TransferKind) {
    this.#session = session;
    this.#listener = listener;
    this.#kind = kind;
  }

  /** Sends a file or a listing; closes `source` in any case. */
  async send(plan: SendPlan): Promise<Reply> {
    const { parameters, account } = this.#session;
    const codec = codecFor(plan.content === "listing" ? { ...parameters, type: IMAGE } : parameters);
    if (codec === "unsupported") return await refuse(plan.source.close());
    return await this.#run(plan, plan.content, account?.limits.downloadRate, {
      direction: "send",
      source: plan.source,
      start: plan.start ?? 0,
      codec,
    });
  }

  /** Receives a file; commits or abandons `sink` in any case. */
  async receive(plan: ReceivePlan): Promise<Reply> {
    const { parameters, account } = this.#session;
    const codec = codecFor(parameters);
    if (codec === "unsupported") return await refuse(plan.sink.abandon(undefined));
    return await this.#run(plan, "file", account?.limits.uploadRate, {
      direction: "receive",
      sink: plan.sink,
      start: plan.sink.start,
      codec,
    });
  }

  async #run(
    plan: Plan,
    content: TransferEvent["content"],
    rate: number | undefined,
    what: OpenedFile,
  ): Promise<Reply> {
    const session = this.#session;
    const plain = session.dataPort.take();
    // The session may have ended while the file was being opened.
    if (plain === undefined || session.aborted) return await giveUp(what, plain);
    const dataConnection = session.security.protect(plain, what.direction);
    const stop = new Stop();
    const { timeouts } = session.server.options;
    const running = { opened: false };
    const { progress, outcome } = transfer({
      ...what,
      id: session.nextTransferId(),
      path: plan.path,
      dataConnection,
      signal: stop,
      connectTimeout: timeouts.dataConnect,
      stallTimeout: timeouts.stall,
      releaseTimeout: timeouts.release,
      ...(rate === undefined ? {} : { rate }),
      opening: () => {
        running.opened = true;
        this.#listener.preliminary(reply(dataConnection.established ? 125 : 150, plan.opening));
        if (session.transfer !== undefined) this.#listener.transferOpened();
      },
    });
    session.transfer = {
      verb: this.#kind.verb,
      path: plan.path,
      progress,
      get opened() {
        return running.opened;
      },
      abort: () => stop.abort(),
    } satisfies RunningTransfer;
    if (running.opened) this.#listener.transferOpened();
    const result = await outcome;
    const completion = replyForOutcome(result, plan, this.#kind);
    this.#tell(content, what.direction, result, completion);
    return completion;
  }

  #tell(
    content: TransferEvent["content"],
    direction: TransferEvent["direction"],
    outcome: TransferOutcome,
    { code }: Reply,
  ): void {
    const { server, info, parameters } = this.#session;
    if (!server.wants("transfer")) return;
    const type = content === "listing" || parameters.type.kind === "ascii" ? "ascii" : "binary";
    server.tell("transfer", {
      session: info,
      verb: this.#kind.verb,
      direction,
      content,
      type,
      outcome,
      code,
    });
  }
}

/** vsftpd's distinction: what the network did is 426, what the storage did has a code by its reason. */
function replyForOutcome(outcome: TransferOutcome, plan: Plan, kind: TransferKind): Reply {
  switch (outcome.kind) {
    case "complete":
      return reply(226, plan.complete ?? "Transfer complete.");
    case "aborted":
      return reply(426, "Transfer aborted.");
    case "not-opened":
      return replyForError(outcome.error, kind);
    case "remote":
      return reply(426, "Connection closed; transfer aborted.");
    case "local":
      return replyForError(outcome.error, kind);
  }
}

/** Closes what was opened for a transfer that will not be. */
async function giveUp(file: OpenedFile, dataConnection: DataConnection | undefined): Promise<Reply> {
  await dataConnection?.[Symbol.asyncDispose]();
  if (file.direction === "send") await file.source.close();
  else await file.sink.abandon(new StorageError("aborted"));
  return reply(426, "Transfer aborted.");
}

/** MODE and STRU refuse what no codec can do, so this is reached only when both can but not together. */
async function refuse(closed: unknown): Promise<Reply> {
  await closed;
  return reply(504, "That combination of TYPE, STRU and MODE cannot be transferred.");
}
