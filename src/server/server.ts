/** An FTP server: listens, admits, and keeps the book of sessions. */
import { randomBytes } from "node:crypto";
import { EventEmitter } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import type { Peer } from "../accounts/accounts.js";
import { normalAddress } from "../connection/address.js";
import { withDeadline } from "../connection/deadline.js";
import { PortRange } from "../connection/port-range.js";
import { formatReply, reply } from "../protocol/reply.js";
import { addressGroup, Counters, type Lease } from "./admission.js";
import { COMMANDS } from "./commands/index.js";
import type { ResolvedOptions, ServerContext } from "./context.js";
import type { ServerEvents } from "./events.js";
import { type ListenAddress, listenOnAll } from "./listen.js";
import { DEFAULT_LIMITS, DEFAULT_PASSIVE_PORTS, DEFAULT_TIMEOUTS, type ServerOptions } from "./options.js";
import { Registry } from "./registry.js";
import { ServerPi } from "./server-pi.js";
import { Session } from "./session.js";

const REGISTRY = new Registry(COMMANDS);

export class FtpServer extends EventEmitter<ServerEvents> implements AsyncDisposable {
  readonly #context: Context;
  readonly #pis = new Set<ServerPi>();
  readonly #idPrefix = randomBytes(3).toString("hex");
  #listening: ReturnType<typeof listenOnAll> | undefined;
  #stopped: Promise<void> | undefined;
  #addresses: readonly ListenAddress[] = [];
  #sweep: NodeJS.Timeout | undefined;
  #sessionNumber = 0;
  readonly #rested: (() => void)[] = [];

  /** @throws RangeError for options that cannot hold. */
  constructor(options: ServerOptions) {
    super();
    this.#context = new Context(this, options);
  }

  /** Sessions that are connected now. */
  get sessions(): number {
    return this.#pis.size;
  }

  /** Where it listens; empty before `listen` and after `close`. */
  get addresses(): readonly ListenAddress[] {
    return this.#addresses;
  }

  /**
   * Listens on every host, all with the same port; 127.0.0.1 and 21 when nothing is said, and port 0 takes one
   * that is free on all of them. `implicitTls`: a second port on the same hosts, where TLS begins at once.
   * @throws the system's error, with `code` EADDRINUSE, EACCES, EADDRNOTAVAIL and so on, and an Error when the
   * server listens already or is closed meanwhile; RangeError for implicit TLS without the option `tls`. Then
   * nothing new listens.
   */
  async listen(
    o: { hosts?: readonly string[]; port?: number; implicitTls?: { port: number } } = {},
  ): Promise<readonly ListenAddress[]> {
    if (this.#context.draining) throw new Error("the server was closed");
    if (this.#listening !== undefined) throw new Error("the server listens already");
    if (o.implicitTls !== undefined && this.#context.options.tls === undefined) {
      throw new RangeError("implicit TLS needs the option tls");
    }
    const listening = this.#listenOn(o.hosts ?? ["127.0.0.1"], o.port ?? 21, o.implicitTls?.port);
    this.#listening = listening;
    try {
      const { addresses } = await listening;
      if (this.#context.draining) throw new Error("the server was closed");
      this.#addresses = addresses;
      this.#sweepOften();
      return addresses;
    } catch (error) {
      this.#listening = undefined;
      throw error;
    }
  }

  async #listenOn(
    hosts: readonly string[],
    port: number,
    implicitPort: number | undefined,
  ): ReturnType<typeof listenOnAll> {
    const plain = await listenOnAll(hosts, port, () => this.#listener(false));
    if (implicitPort === undefined) return plain;
    try {
      const implicit = await listenOnAll(hosts, implicitPort, () => this.#listener(true));
      return {
        listeners: [...plain.listeners, ...implicit.listeners],
        addresses: [
          ...plain.addresses,
          ...implicit.addresses.map((address) => ({ ...address, implicitTls: true })),
        ],
      };
    } catch (error) {
      for (const listener of plain.listeners) listener.close();
      throw error;
    }
  }

  #listener(implicit: boolean): Server {
    return createServer({ allowHalfOpen: true, pauseOnConnect: false }, (socket) =>
      this.#admit(socket, implicit),
    );
  }

  /**
   * New options for sessions and transfers that begin from now on; nobody is disconnected. An option that is
   * given replaces the one before as a whole (`limits` and `timeouts` too, with defaults for what they leave
   * out); those that are not given stay.
   * @throws RangeError for options that cannot hold; then nothing has changed.
   */
  reconfigure(options: Partial<ServerOptions>): void {
    this.#context.reconfigure(options);
    if (this.#sweep !== undefined) this.#sweepOften();
  }

  /**
   * Stops listening, ends resting sessions with 421, and lets commands and transfers finish for at most
   * `timeout` milliseconds (the drain timeout when absent). Resolves when every session has ended.
   */
  async close(o: { timeout?: number } = {}): Promise<void> {
    this.#context.draining = true;
    const ended = this.#ended();
    for (const pi of this.#pis) pi.drain();
    const timeout = o.timeout ?? this.#context.options.timeouts.drain;
    try {
      await withDeadline(ended, timeout, () => new Error("not everybody has finished in time"));
    } catch {
      await this.destroy();
    }
  }

  /** Ends everything now; transfers are aborted. Resolves when every session has ended. */
  async destroy(): Promise<void> {
    this.#context.draining = true;
    const ended = this.#ended();
    for (const pi of this.#pis) pi.destroy();
    await ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.destroy();
  }

  #admit(socket: Socket, implicit: boolean): void {
    // From its first moment: a reset before any other listener is there would end the process.
    socket.on("error", ignore);
    const peer = { address: normalAddress(socket.remoteAddress ?? ""), port: socket.remotePort ?? 0 };
    const local = { address: normalAddress(socket.localAddress ?? ""), port: socket.localPort ?? 0 };
    if (peer.address === "") return void socket.destroy(); // reset before we came to look
    const { limits } = this.#context.options;
    if (this.#context.draining) return this.#refuse(socket, peer, "closing");
    const inAll = this.#context.admissions.acquire("sessions", limits.sessions);
    if (inAll === undefined) return this.#refuse(socket, peer, "sessions");
    const fromAddress = this.#context.admissions.acquire(
      `address ${addressGroup(peer.address)}`,
      limits.sessionsPerAddress,
    );
    if (fromAddress === undefined) {
      inAll();
      return this.#refuse(socket, peer, "sessions-per-address");
    }
    this.#start(socket, peer, local, implicit, [inAll, fromAddress]);
  }

  #start(socket: Socket, peer: Peer, local: Peer, implicit: boolean, leases: readonly Lease[]): void {
    this.#sessionNumber += 1;
    const session = new Session(
      this.#context,
      `${this.#idPrefix}-${this.#sessionNumber}`,
      peer,
      local,
      implicit,
    );
    if (this.#context.wants("connect")) this.#context.tell("connect", { session: session.info });
    const pi = new ServerPi(socket, session, REGISTRY, ({ detail, ended }) => {
      for (const release of leases) release();
      void ended.then(() => {
        this.#pis.delete(pi);
        // The last that is told of a session: applications forget it then.
        this.#context.tell("disconnect", detail);
        if (this.#pis.size === 0) for (const rested of this.#rested.splice(0)) rested();
      });
    });
    this.#pis.add(pi);
  }

  #refuse(socket: Socket, peer: Peer, reason: ServerEvents["refused"][0]["reason"]): void {
    this.#context.tell("refused", { peer, reason });
    const text = reason === "closing" ? "The server is closing." : "Too many sessions; try again later.";
    socket.end(formatReply(reply(421, text)), () => socket.destroy());
  }

  /** Resolves when nothing listens any more and no session is left. */
  async #ended(): Promise<void> {
    this.#stopped ??= this.#stopListening();
    await Promise.all([this.#stopped, this.#rest()]);
    clearInterval(this.#sweep);
    this.#sweep = undefined;
  }

  async #stopListening(): Promise<void> {
    this.#addresses = [];
    const { listeners } = (await this.#listening?.catch(() => undefined)) ?? { listeners: [] };
    await Promise.all(listeners.map((listener) => new Promise<void>((done) => listener.close(() => done()))));
  }

  #rest(): Promise<void> {
    if (this.#pis.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#rested.push(resolve);
    });
  }

  /** One timer for all sessions: none of them costs one of its own, and no command rearms any. */
  #sweepOften(): void {
    clearInterval(this.#sweep);
    const { login, idle } = this.#context.options.timeouts;
    const often = Math.max(10, Math.min(1000, login / 4, idle / 4));
    this.#sweep = setInterval(() => {
      const now = performance.now();
      for (const pi of this.#pis) pi.sweep(now);
    }, often).unref();
  }
}

/** What sessions see of the server. */
class Context implements ServerContext {
  readonly admissions = new Counters();
  readonly startedAt = Date.now();
  draining = false;
  options: ResolvedOptions;
  passivePorts: PortRange;
  readonly #server: FtpServer;
  #given: ServerOptions;

  constructor(server: FtpServer, options: ServerOptions) {
    this.#server = server;
    this.#given = options;
    this.options = resolve(options);
    this.passivePorts = new PortRange(options.passive?.ports ?? DEFAULT_PASSIVE_PORTS);
  }

  get sessionCount(): number {
    return this.#server.sessions;
  }

  reconfigure(options: Partial<ServerOptions>): void {
    const given = { ...this.#given, ...options };
    const resolved = resolve(given);
    const ports = given.passive?.ports ?? DEFAULT_PASSIVE_PORTS;
    if (!sameRange(ports, this.passivePorts)) this.passivePorts = new PortRange(ports);
    this.#given = given;
    this.options = resolved;
  }

  wants(event: keyof ServerEvents): boolean {
    return this.#server.listenerCount(event) > 0;
  }

  /**
   * An application's mistake in one of its listeners must not cost its users their sessions: what is thrown, at
   * once or by a promise, becomes a warning, and the other listeners are told all the same.
   */
  tell<Event extends keyof ServerEvents>(event: Event, detail: ServerEvents[Event][0]): void {
    const failed = (error: unknown): void => {
      if (event !== "warning") this.tell("warning", { message: `a listener of "${event}" failed`, error });
    };
    for (const listener of this.#server.rawListeners(event)) {
      try {
        const answer: unknown = Reflect.apply(listener, this.#server, [detail]);
        if (answer instanceof Promise) answer.catch(failed);
      } catch (error) {
        failed(error);
      }
    }
  }
}

/** @throws RangeError */
function resolve(options: ServerOptions): ResolvedOptions {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const timeouts = { ...DEFAULT_TIMEOUTS, ...options.timeouts };
  expectAtLeast(1, "limits", limits);
  expectAtLeast(0, "timeouts", timeouts);
  return {
    accounts: options.accounts,
    banner: options.banner ?? "Ferry FTP server ready.",
    strictRfc959: options.strictRfc959 ?? false,
    allowForeignData: options.allowForeignData ?? false,
    defaultDataPort: options.defaultDataPort ?? false,
    passiveAddress: options.passive?.address,
    limits,
    timeouts,
    tls: options.tls === undefined ? undefined : resolveTls(options.tls),
    hostNames: (options.hostNames ?? []).map((name) => name.toLowerCase()),
  };
}

function resolveTls(tls: NonNullable<ServerOptions["tls"]>): NonNullable<ResolvedOptions["tls"]> {
  const { control = "allow" } = tls;
  return {
    data: control,
    binding: "prefer",
    clearControl: false,
    acceptBareEnd: false,
    ...tls,
    control,
  };
}

/** Neither NaN nor undefined is at least anything. */
function expectAtLeast(least: number, option: string, values: object): void {
  for (const [name, value] of Object.entries(values)) {
    if (!(value >= least)) throw new RangeError(`${option}.${name} must be ${least} or more, not ${value}`);
  }
}

function sameRange(a: { from: number; to: number }, b: { from: number; to: number }): boolean {
  return a.from === b.from && a.to === b.to;
}

function ignore(): void {}
