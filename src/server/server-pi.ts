/** The server's protocol interpreter (RFC 959 2.3): the loop line → gates → run → reply of one control connection. */
import type { Socket } from "node:net";
import { ControlConnection, type ControlListener } from "../connection/control-connection.js";
import { CommandLineDecoder, type CommandLine as Line } from "../protocol/command-line.js";
import { formatReply, type Reply, reply } from "../protocol/reply.js";
import type { DuringTransfer } from "./command.js";
import type { ServerContext } from "./context.js";
import { commandIn, isForeignProtocol, UNKNOWN } from "./dispatch.js";
import type { ServerEvents } from "./events.js";
import { Exchange } from "./exchange.js";
import { LineQueue } from "./line-queue.js";
import type { Registry } from "./registry.js";
import type { LayerChange } from "./security.js";
import type { Session } from "./session.js";
import type { TransferListener } from "./transfers.js";

/** A session that has ended, for the server's book. */
export interface Farewell {
  readonly detail: ServerEvents["disconnect"][0];
  /** Resolves when all that it ran has ended and everything is given back. Never rejects. */
  readonly ended: Promise<void>;
}

type Ending =
  | undefined
  /** The last reply is on its way. */
  | { readonly reason: string; readonly since: number };

/** Milliseconds that a peer has to take our last reply and close. */
const CLOSING_TIME = 5000;
const LINE_TOO_LONG = reply(500, "The command line is too long; closing.");

export class ServerPi implements ControlListener, TransferListener {
  readonly session: Session;
  readonly #server: ServerContext;
  readonly #registry: Registry;
  readonly #decoder: CommandLineDecoder;
  readonly #connection: ControlConnection<Line>;
  readonly #connectedAt = performance.now();
  readonly #onClosed: (farewell: Farewell) => void;
  readonly #queue = new LineQueue();
  #running: Exchange | undefined;
  /** Commands that were begun while a transfer ran, and are not answered yet. */
  #beside = 0;
  #ending: Ending;
  #working = false;
  #lastActivity = this.#connectedAt;
  #wrongCommands = 0;
  /** Taken so far, empty ones too. */
  #lines = 0;
  /** Of these, those up to the command that runs. */
  #linesBefore = 0;
  /** While TLS begins on the control connection. */
  #handshakes = false;
  /** Called when no command runs any more, once the connection is gone. */
  #commandsEnded: () => void = () => {};

  /** `onClosed` is called when the connection is gone. */
  constructor(socket: Socket, session: Session, registry: Registry, onClosed: (farewell: Farewell) => void) {
    this.session = session;
    this.#server = session.server;
    this.#registry = registry;
    this.#onClosed = onClosed;
    this.#decoder = new CommandLineDecoder({ limit: this.#server.options.limits.commandLine });
    this.#connection = new ControlConnection(socket, this.#decoder, this);
    session.closeWith = (text, reason) => this.closeWith(text, reason);
    if (session.security.implicit) void this.#protectFromStart();
    else this.#greet();
  }

  #greet(): void {
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
    if (this.#queue.finishedBy === undefined) {
      this.session.transfer?.abort();
      this.#queue.finish();
    }
    this.#work();
  }

  onClose(error: Error | undefined): void {
    const unexpected = this.#handshakes ? "tls-handshake" : error === undefined ? "peer" : "connection-lost";
    const reason = this.#ending?.reason ?? unexpected;
    this.#ending ??= { reason, since: performance.now() };
    this.#queue.clear();
    const { info } = this.session;
    const duration = performance.now() - this.#connectedAt;
    const detail = { session: info, account: info.account, reason, duration };
    this.#onClosed({
      detail: error === undefined ? detail : { ...detail, error },
      ended: this.session.end(
        new Promise((resolve) => {
          this.#commandsEnded = resolve;
          if (!this.#busy) resolve();
        }),
      ),
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
    if (session.login.kind !== "in" && now - session.loggedOutSince > timeouts.login) {
      return this.closeWith("Login took too long; closing.", "login-timeout");
    }
    // While a transfer runs its own stall deadline holds; lftp and curl send nothing for hours then. A peer that has
    // sent its end may be gone altogether, and what it waits for may hang.
    if (this.#busy && !this.#queue.finishedByPeer) return;
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

  /** ABOR, or the peer's end, may have come while the file was being opened. */
  transferOpened(): void {
    if (this.#queue.finishedByPeer || this.#queue.some((line) => this.#timingOf(line) === "abort"))
      this.session.transfer?.abort();
    this.#work();
  }

  /** Takes lines as long as there are any and their replies are taken; replies of one turn leave together. */
  #work(): void {
    if (this.#working) return;
    this.#working = true;
    while (this.#ending === undefined && !this.#connection.congested) {
      const waiting = this.#nextWaiting();
      if (waiting !== undefined) {
        this.#begin(waiting, true);
        continue;
      }
      const line = this.#nextLine();
      if (line === undefined) break;
      this.#take(line);
    }
    this.#working = false;
    const { finishedBy, length } = this.#queue;
    if (finishedBy !== undefined && !this.#busy && length === 0) this.#end(finishedBy);
    this.#connection.flush();
    // What is read and not taken would pile up in memory: then the peer has to wait.
    if (this.#ending === undefined) {
      this.#connection.reading = this.#queue.open && !this.#connection.congested;
    }
  }

  /** Replies leave in the order of their commands, but for those that act at once. */
  get #busy(): boolean {
    return this.#running !== undefined || this.#beside > 0;
  }

  /** The first of the commands that wait, when its turn has come. */
  #nextWaiting(): Line | undefined {
    const { first } = this.#queue;
    if (first === undefined || (this.#busy && !this.#actsNow(this.#timingOf(first)))) return undefined;
    return this.#queue.shift();
  }

  #nextLine(): Line | undefined {
    if (!this.#busy) this.#queue.emptied();
    if (!this.#queue.open) return undefined;
    // ftplib's ABOR arrives without its LF (DESIGN 6.6); the transfer may have ended before that.
    const line = this.#connection.next() ?? this.#decoder.endAbortLine();
    if (line !== undefined) this.#lines += 1;
    return line;
  }

  #take(line: Line): void {
    if (line.kind === "empty") return; // NAT helpers send them; vsftpd and ProFTPD ignore them too.
    if (line.kind === "too-long") {
      this.#write(LINE_TOO_LONG);
      return this.#end("line-too-long");
    }
    if (!this.#busy) return this.#begin(line, false);
    const timing = this.#timingOf(line);
    if (this.#queue.length === 0 && this.#actsNow(timing)) return this.#begin(line, true);
    const { queuedCommands } = this.#server.options.limits;
    this.#queue.add(line, { last: timing === "at-end", limit: queuedCommands });
    if (timing === "abort" && this.session.transfer?.opened === true) this.session.transfer.abort();
  }

  #timingOf(line: Line): DuringTransfer {
    return commandIn(this.#registry, line).duringTransfer;
  }

  /** Whether a command that nothing waits before may begin although another one runs. */
  #actsNow(timing: DuringTransfer): boolean {
    return timing === "now" && this.#beside === 0 && this.session.transfer?.opened === true;
  }

  #begin(line: Line, waited: boolean): void {
    const named = commandIn(this.#registry, line);
    if (named.command === UNKNOWN && isForeignProtocol(named.verb)) {
      // A browser that was made to talk to us must get nothing of what it sent back (ALPACA; study/field.md 4).
      return this.#end("foreign-protocol");
    }
    const exchange = new Exchange(named, waited);
    if (this.#running === undefined) this.#linesBefore = this.#lines;
    const beside = this.#running !== undefined;
    if (!beside) this.#running = exchange;
    const answer =
      line.kind === "control-character"
        ? exchange.refuse(this.session)
        : exchange.answer({ session: this.session, commands: this.#registry, listener: this });
    if (answer instanceof Promise) return void this.#await(exchange, answer, beside);
    if (!beside) this.#running = undefined;
    this.#complete(exchange, answer);
  }

  /** Commands that act during a transfer run beside it; all others hold up what follows. */
  async #await(exchange: Exchange, answer: Promise<Reply>, beside: boolean): Promise<void> {
    if (beside) this.#beside += 1;
    const settled = await answer;
    if (beside) this.#beside -= 1;
    else {
      this.#running = undefined;
      this.session.transfer = undefined;
    }
    this.#complete(exchange, settled);
    this.#work();
    if (!this.#busy) this.#commandsEnded();
  }

  #complete(exchange: Exchange, answer: Reply): void {
    if (this.#ending !== undefined) return;
    this.#lastActivity = performance.now();
    if (exchange.duringTransfer === "at-end") this.#queue.lastAnswered();
    const change = this.session.security.takeChange();
    if (change?.kind === "protect" && this.#clearBytesFollow) {
      return this.closeWith("Nothing may follow AUTH in clear; closing.", "clear-behind-auth");
    }
    this.#write(answer);
    if (change !== undefined) void this.#changeLayer(change);
    if (this.#server.wants("command")) {
      this.#server.tell("command", exchange.event(this.session, answer.code));
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

  /** What came behind AUTH in one segment was perhaps put there by somebody on the way (CVE-2011-1575). */
  get #clearBytesFollow(): boolean {
    return this.#lines > this.#linesBefore || this.#queue.length > 0 || this.#connection.holdsInput;
  }

  /** In the turn of the reply: what comes next belongs to the new layer. False when the connection ended instead. */
  async #changeLayer(change: LayerChange): Promise<boolean> {
    this.#connection.flush();
    this.#handshakes = true;
    if (!(await this.session.security.apply(change, this.#connection))) return false;
    this.#handshakes = false;
    this.#lastActivity = performance.now();
    this.#work();
    return true;
  }

  /** Implicit TLS: nothing is said in clear, not even the welcome. */
  async #protectFromStart(): Promise<void> {
    try {
      const change = this.session.security.begin(undefined, "private");
      if (await this.#changeLayer(change)) this.#greet();
    } catch (error) {
      this.#server.tell("warning", { message: "TLS cannot begin", error });
      this.destroy();
    }
  }

  #end(reason: string): void {
    if (this.#ending !== undefined) return;
    this.#ending = { reason, since: performance.now() };
    this.#queue.clear();
    this.session.abort();
    this.#connection.end();
  }

  #write(value: Reply): void {
    this.#connection.write(formatReply(value));
    if (!this.#working) this.#connection.flush();
  }
}
