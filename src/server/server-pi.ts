/** The server's protocol interpreter (RFC 959 2.3): the loop line → gates → run → reply of one control connection. */
import type { Socket } from "node:net";
import { ControlConnection, type ControlListener } from "../connection/control-connection.js";
import { CommandLineDecoder, type CommandLine as Line } from "../protocol/command-line.js";
import { formatReply, type Reply, reply } from "../protocol/reply.js";
import type { AnyContext } from "./command.js";
import type { ServerContext } from "./context.js";
import { commandIn, isForeignProtocol, type NamedCommand, UNKNOWN } from "./dispatch.js";
import { type Passage, pass } from "./gates.js";
import type { Registry } from "./registry.js";
import { replyForError } from "./reply-for-error.js";
import type { Session } from "./session.js";
import { type TransferListener, Transfers } from "./transfers.js";

/** One command, from its line to its completion reply. */
interface Exchange extends NamedCommand {
  readonly waited: boolean;
  readonly startedAt: number;
  /** Of commands with a transfer: called when the completion reply is written. */
  settle?: () => void;
  error?: unknown;
}

type Intake =
  | { readonly kind: "open" }
  /** Too much waits. */
  | { readonly kind: "full" }
  /** QUIT, REIN or the peer's FIN came: what waits is still answered, nothing more is taken. */
  | { readonly kind: "finished"; readonly by: "command" | "peer" };

type Ending =
  | undefined
  /** The last reply is on its way. */
  | { readonly reason: string; readonly since: number };

const OPEN: Intake = { kind: "open" };
/** Milliseconds that a peer has to take our last reply and close. */
const CLOSING_TIME = 5000;
const NO_SPECIAL_CHARACTERS = reply(501, "Control characters are not allowed.");
const LINE_TOO_LONG = reply(500, "The command line is too long; closing.");

export class ServerPi implements ControlListener, TransferListener {
  readonly session: Session;
  readonly #server: ServerContext;
  readonly #registry: Registry;
  readonly #decoder: CommandLineDecoder;
  readonly #connection: ControlConnection<Line>;
  readonly #connectedAt = performance.now();
  readonly #onClosed: (ended: Promise<void>) => void;
  readonly #queue: Line[] = [];
  #running: Exchange | undefined;
  /** Commands that were begun while a transfer ran, and are not answered yet. */
  #beside = 0;
  #intake: Intake = OPEN;
  #ending: Ending;
  #working = false;
  #lastActivity = this.#connectedAt;
  #wrongCommands = 0;

  /** `onClosed` is called when the connection is gone, with a promise for the end of all that it ran. */
  constructor(
    socket: Socket,
    session: Session,
    registry: Registry,
    onClosed: (ended: Promise<void>) => void,
  ) {
    this.session = session;
    this.#server = session.server;
    this.#registry = registry;
    this.#onClosed = onClosed;
    this.#decoder = new CommandLineDecoder({ limit: this.#server.options.limits.commandLine });
    this.#connection = new ControlConnection(socket, this.#decoder, this);
    session.closeWith = (text, reason) => this.closeWith(text, reason);
    this.#write(reply(220, this.#server.options.banner));
    this.#connection.flush();
  }

  onInput(): void {
    this.#work();
  }

  onDrain(): void {
    this.#work();
  }

  /** RFC 959 4.1.1 (QUIT): an unexpected close of the control connection acts as ABOR and QUIT. */
  onEnd(): void {
    if (this.#intake.kind !== "finished") {
      this.session.transfer?.abort();
      this.#intake = { kind: "finished", by: "peer" };
    }
    this.#work();
  }

  onClose(error: Error | undefined): void {
    const reason = this.#ending?.reason ?? (error === undefined ? "peer" : "connection-lost");
    this.#ending ??= { reason, since: performance.now() };
    this.#queue.length = 0;
    const { info } = this.session;
    const name = info.account;
    const ended = this.session.end().catch((failure: unknown) => {
      this.#server.tell("warning", { message: "a session could not be ended cleanly", error: failure });
    });
    this.#onClosed(ended);
    const duration = performance.now() - this.#connectedAt;
    this.#server.tell("disconnect", {
      session: info,
      account: name,
      reason,
      duration,
      ...(error === undefined ? {} : { error }),
    });
  }

  /** Called by the server about once a second: closes what has been silent for too long. */
  sweep(now: number): void {
    const { timeouts } = this.#server.options;
    if (this.#ending !== undefined) {
      if (now - this.#ending.since > CLOSING_TIME) this.#connection.destroy();
      return;
    }
    const { session } = this;
    if (session.login.kind !== "in" && now - this.#connectedAt > timeouts.login) {
      return this.closeWith("Login took too long; closing.", "login-timeout");
    }
    // While a transfer runs its own stall deadline holds; lftp and curl send nothing for hours then.
    if (this.#running !== undefined) return;
    if (now - this.#lastActivity > session.idleLimit) this.closeWith("Idle for too long; closing.", "idle");
  }

  /** While the server drains: a session that rests is told 421; another one when its command is done. */
  drain(): void {
    if (!this.#busy) this.closeWith("The server is closing.", "drain");
  }

  closeWith(text: string, reason: string): void {
    if (this.#ending !== undefined) return;
    this.#write(reply(421, text));
    this.#end(reason);
  }

  destroy(): void {
    this.#ending ??= { reason: "destroyed", since: performance.now() };
    this.#connection.destroy();
  }

  preliminary(value: Reply): void {
    this.#write(value);
  }

  /** ABOR may have come while the file was being opened. */
  transferOpened(): void {
    for (let n = 0; n < this.#queue.length; ) {
      const line = this.#queue[n] as Line;
      if (this.#actsAtOnce(line, n)) {
        this.#queue.splice(n, 1);
        this.#begin(line, true);
      } else n += 1;
    }
    this.#work();
  }

  /** Takes lines as long as there are any and their replies are taken; replies of one turn leave together. */
  #work(): void {
    if (this.#working) return;
    this.#working = true;
    while (this.#ending === undefined && !this.#connection.congested) {
      const waiting = this.#busy ? undefined : this.#queue.shift();
      if (waiting !== undefined) {
        this.#begin(waiting, true);
        continue;
      }
      const line = this.#nextLine();
      if (line === undefined) break;
      this.#take(line);
    }
    this.#working = false;
    if (this.#intake.kind === "finished" && !this.#busy && this.#queue.length === 0)
      this.#end(this.#intake.by);
    this.#connection.flush();
    if (this.#ending === undefined) this.#connection.reading = this.#takesMore;
  }

  /** What is read and not taken would pile up in memory: then the peer has to wait. */
  get #takesMore(): boolean {
    if (this.#connection.congested) return false;
    return this.#intake.kind === "open" || (this.#intake.kind === "finished" && this.#intake.by === "peer");
  }

  /** Replies leave in the order of their commands, but for those that act at once. */
  get #busy(): boolean {
    return this.#running !== undefined || this.#beside > 0;
  }

  #nextLine(): Line | undefined {
    if (this.#intake.kind === "full" && !this.#busy) this.#intake = OPEN;
    if (this.#intake.kind === "full") return undefined;
    if (this.#intake.kind === "finished" && this.#intake.by === "command") return undefined;
    // ftplib's ABOR arrives without its LF (DESIGN 6.6); the transfer may have ended before that.
    return this.#connection.next() ?? this.#decoder.endAbortLine();
  }

  #take(line: Line): void {
    if (line.kind === "empty") return; // NAT helpers send them; vsftpd and ProFTPD ignore them too.
    if (line.kind === "too-long") {
      this.#write(LINE_TOO_LONG);
      return this.#end("line-too-long");
    }
    if (!this.#busy) return this.#begin(line, false);
    if (this.#actsAtOnce(line, this.#queue.length)) return this.#begin(line, true);
    this.#queue.push(line);
    const { duringTransfer } = commandIn(this.#registry, line);
    if (duringTransfer === "at-end") this.#intake = { kind: "finished", by: "command" };
    else if (this.#queue.length >= this.#server.options.limits.queuedCommands)
      this.#intake = { kind: "full" };
  }

  #actsAtOnce(line: Line, linesBefore: number): boolean {
    if (this.session.transfer?.opened !== true) return false;
    const { duringTransfer } = commandIn(this.#registry, line);
    return duringTransfer === "jump" || (duringTransfer === "now" && linesBefore === 0 && this.#beside === 0);
  }

  #begin(line: Line, waited: boolean): void {
    const named = commandIn(this.#registry, line);
    if (named.command === UNKNOWN && isForeignProtocol(named.verb)) {
      // A browser that was made to talk to us must get nothing of what it sent back (ALPACA; study/field.md 4).
      this.#ending = { reason: "foreign-protocol", since: performance.now() };
      this.#connection.end();
      return;
    }
    const exchange: Exchange = { ...named, waited, startedAt: performance.now() };
    const beside = this.#running !== undefined;
    if (!beside) this.#running = exchange;
    let answer: Reply | Promise<Reply>;
    try {
      answer = line.kind === "control-character" ? this.#refuseCharacters() : this.#answer(exchange);
    } catch (error) {
      answer = failed(exchange, error);
    }
    if (answer instanceof Promise) return void this.#await(exchange, answer, beside);
    if (!beside) this.#running = undefined;
    this.#complete(exchange, answer);
  }

  /** Commands that act during a transfer run beside it; all others hold up what follows. */
  async #await(exchange: Exchange, answer: Promise<Reply>, beside: boolean): Promise<void> {
    if (beside) this.#beside += 1;
    const settled = await answer.catch((error: unknown) => failed(exchange, error));
    if (beside) this.#beside -= 1;
    else {
      this.#running = undefined;
      this.session.transfer = undefined;
    }
    this.#complete(exchange, settled);
    exchange.settle?.();
    this.#work();
  }

  #answer(exchange: Exchange): Reply | Promise<Reply> {
    const passage = pass(exchange.command, exchange.argument, this.session);
    if (passage instanceof Promise) return passage.then((settled) => this.#run(exchange, settled));
    return this.#run(exchange, passage);
  }

  #run(exchange: Exchange, passage: Passage): Reply | Promise<Reply> {
    const { command } = exchange;
    if ("refused" in passage) {
      // REST is said of the transfer behind it. When that is refused, the next one must not begin there.
      if (command.needs.dataConnection === true) this.session.restart = 0;
      return passage.refused;
    }
    const context: AnyContext = {
      session: this.session,
      argument: passage.argument,
      waited: exchange.waited,
      commands: this.#registry,
      transfer: command.needs.dataConnection === true ? this.#transfersFor(exchange) : undefined,
      preliminary: (text) => this.#write(reply(120, text)),
    };
    return command.run(context);
  }

  /** It may have been a transfer; see `#run`. */
  #refuseCharacters(): Reply {
    this.session.restart = 0;
    return NO_SPECIAL_CHARACTERS;
  }

  #transfersFor(exchange: Exchange): Transfers {
    const replied = new Promise<void>((resolve) => {
      exchange.settle = resolve;
    });
    return new Transfers(this.session, this, exchange.command, replied);
  }

  #complete(exchange: Exchange, answer: Reply): void {
    if (this.#ending !== undefined) return;
    const now = performance.now();
    this.#lastActivity = now;
    // After QUIT nothing follows; after REIN a new login does.
    if (
      exchange.duringTransfer === "at-end" &&
      this.#intake.kind === "finished" &&
      this.#intake.by === "command"
    ) {
      this.#intake = OPEN;
    }
    this.#write(answer);
    if (this.#server.wants("command")) {
      this.#server.tell("command", {
        session: this.session.info,
        verb: exchange.verb,
        argument: exchange.command.secret === true ? "****" : exchange.argument,
        code: answer.code,
        duration: now - exchange.startedAt,
        ...(exchange.error === undefined ? {} : { error: exchange.error }),
      });
    }
    this.#endIfItSays(exchange, answer);
  }

  /** 221 and 421 mean that the connection closes (RFC 959 4.2.2), whatever command they answer. */
  #endIfItSays({ verb }: Exchange, { code }: Reply): void {
    if (code === 221 || code === 421) return this.#end(verb.toLowerCase());
    if (this.session.login.kind !== "in" && code >= 500) {
      this.#wrongCommands += 1;
      if (this.#wrongCommands >= this.#server.options.limits.commandsBeforeLogin) {
        return this.closeWith("Too many wrong commands before login; closing.", "wrong-commands");
      }
    }
    if (this.#server.draining && this.#queue.length === 0) this.drain();
  }

  #end(reason: string): void {
    if (this.#ending !== undefined) return;
    this.#ending = { reason, since: performance.now() };
    this.session.transfer?.abort();
    this.#connection.end();
  }

  #write(value: Reply): void {
    this.#connection.write(formatReply(value));
    if (!this.#working) this.#connection.flush();
  }
}

function failed(exchange: Exchange, error: unknown): Reply {
  exchange.error = error;
  return replyForError(error, exchange.command);
}
