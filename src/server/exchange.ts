/** One command, from its line to its completion reply. */
import { type Reply, reply } from "../protocol/reply.js";
import type { AnyContext, Command, CommandBook, DuringTransfer } from "./command.js";
import type { NamedCommand } from "./dispatch.js";
import type { CommandEvent } from "./events.js";
import { type Passage, pass } from "./gates.js";
import { replyForError } from "./reply-for-error.js";
import type { Session } from "./session.js";
import { type TransferListener, Transfers } from "./transfers.js";

/** What a command runs in. */
export interface Surroundings {
  readonly session: Session;
  readonly commands: CommandBook;
  readonly listener: TransferListener;
}

const NO_CONTROL_CHARACTERS = reply(501, "Control characters are not allowed.");

export class Exchange {
  readonly command: Command;
  readonly verb: string;
  readonly duringTransfer: DuringTransfer;
  readonly #argument: string;
  /** Whether it had to wait for a transfer. */
  readonly #waited: boolean;
  readonly #startedAt = performance.now();
  #error: unknown;

  constructor({ command, verb, argument, duringTransfer }: NamedCommand, waited: boolean) {
    this.command = command;
    this.verb = verb;
    this.duringTransfer = duringTransfer;
    this.#argument = argument;
    this.#waited = waited;
  }

  /** The completion reply, at once where nothing is waited for. Never throws or rejects. */
  answer(surroundings: Surroundings): Reply | Promise<Reply> {
    try {
      const answer = this.#pass(surroundings);
      return answer instanceof Promise ? answer.catch((error: unknown) => this.#failed(error)) : answer;
    } catch (error) {
      return this.#failed(error);
    }
  }

  /** For a line that held control characters. It may have been a transfer; see `#run`. */
  refuse(session: Session): Reply {
    session.restart = 0;
    return NO_CONTROL_CHARACTERS;
  }

  /** For the log; secrets are masked. */
  event(session: Session, code: number): CommandEvent {
    return {
      session: session.info,
      verb: this.verb,
      argument: this.command.secret === true ? "****" : this.#argument,
      code,
      duration: performance.now() - this.#startedAt,
      ...(this.#error === undefined ? {} : { error: this.#error }),
    };
  }

  #pass(surroundings: Surroundings): Reply | Promise<Reply> {
    const passage = pass(this.command, this.#argument, surroundings.session);
    if (passage instanceof Promise) return passage.then((settled) => this.#run(settled, surroundings));
    return this.#run(passage, surroundings);
  }

  #run(passage: Passage, { session, commands, listener }: Surroundings): Reply | Promise<Reply> {
    const moves = this.command.needs.dataConnection === true;
    if ("refused" in passage) {
      // REST is said of the transfer behind it. When that is refused, the next one must not begin there.
      if (moves) session.restart = 0;
      return passage.refused;
    }
    const context: AnyContext = {
      session,
      commands,
      argument: passage.argument,
      waited: this.#waited,
      transfer: moves ? new Transfers(session, listener, this.command) : undefined,
      preliminary: (text) => listener.preliminary(reply(120, text)),
    };
    return this.command.run(context);
  }

  #failed(error: unknown): Reply {
    this.#error = error;
    return replyForError(error, this.command);
  }
}
