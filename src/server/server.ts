/** An FTP server: listens, admits, and keeps the book of sessions. */
import { randomBytes } from "node:crypto";
import { EventEmitter } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import type { Peer } from "../accounts/accounts.js";
import { normalAddress } from "../connection/address.js";
import { PortRange } from "../connection/port-range.js";
import { formatReply, reply } from "../protocol/reply.js";
import { Counters, type Lease } from "./admission.js";
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
  #listeners: Server[] = [];
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
   * @throws the system's error, with `code` EADDRINUSE, EACCES, EADDRNOTAVAIL and so on; then nothing listens.
   */
  async listen(
    o: { hosts?: readonly string[]; port?: number; implicitTls?: { port: number } } = {},
  ): Promise<readonly ListenAddress[]> {
    if (this.#listeners.length > 0) throw new Error("the server listens already");
    if (this.#context.draining) throw new Error("the server was closed");
    if (o.implicitTls !== undefined && this.#context.options.tls === undefined) {
      throw new RangeError("implicit TLS needs the option tls");
    }
    const hosts = o.hosts ?? ["127.0.0.1"];
    const plain = await listenOnAll(hosts, o.port ?? 21, () => this.#listener(false));
    this.#listeners = plain.listeners;
    this.#addresses = plain.addresses;
    if (o.implicitTls !== undefined) await this.#listenImplicitly(hosts, o.implicitTls.port);
    this.#sweepOften();
    return this.#addresses;
  }

  async #listenImplicitly(hosts: readonly string[], port: number): Promise<void> {
    try {
      const { listeners, addresses } = await listenOnAll(hosts, port, () => this.#listener(true));
      this.#listeners = [...this.#listeners, ...listeners];
      this.#addresses = [
        ...this.#addresses,
        ...addresses.map((address) => ({ ...address, implicitTls: true })),
      ];
    } catch (error) {
      await this.#stopListening();
      throw error;
    }
  }

  #listener(implicit: boolean): Server {
    return createServer({ allowHalfOpen: true, pauseOnConnect: false }, (socket) =>
      this.#admit(socket, implicit),
    );
  }

  /** New options for sessions and transfers that begin from now on; nobody is disconnected. */
  reconfigure(options: Partial<ServerOptions>): void {
    this.#context.reconfigure(options);
    if (this.#listeners.length > 0) this.#sweepOften();
  }

  /**
   * Stops listening, ends resting sessions with 421, and lets commands and transfers finish for at most
   * `timeout` milliseconds (the drain timeout when absent). Resolves when every session has ended.
   */
  async close(o: { timeout?: number } = {}): Promise<void> {
    this.#context.draining = true;
    const closed = this.#stopListening();
    for (const pi of this.#pis) pi.drain();
    const timeout = o.timeout ?? this.#context.options.timeouts.drain;
    const deadline = setTimeout(() => this.#destroySessions(), timeout);
    await Promise.all([closed, this.#rest()]);
    clearTimeout(deadline);
    clearInterval(this.#sweep);
  }

  /** Ends everything now; transfers are aborted. Resolves when every session has ended. */
  async destroy(): Promise<void> {
    this.#context.draining = true;
    const closed = this.#stopListening();
    this.#destroySessions();
    await Promise.all([closed, this.#rest()]);
    clearInterval(this.#sweep);
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
      `address ${peer.address}`,
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
    const pi = new ServerPi(socket, session, REGISTRY, (ended) => {
      for (const release of leases) release();
      void ended.finally(() => {
        this.#pis.delete(pi);
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

  async #stopListening(): Promise<void> {
    const listeners = this.#listeners;
    this.#listeners = [];
    this.#addresses = [];
    await Promise.all(listeners.map((listener) => new Promise<void>((done) => listener.close(() => done()))));
  }

  /** Resolves when no session is left. */
  #rest(): Promise<void> {
    if (this.#pis.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#rested.push(resolve);
    });
  }

  #destroySessions(): void {
    for (const pi of this.#pis) pi.destroy();
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
    const { ports } = options.passive ?? {};
    if (ports !== undefined && !sameRange(ports, this.#given.passive?.ports ?? DEFAULT_PASSIVE_PORTS)) {
      this.passivePorts = new PortRange(ports);
    }
    this.#given = { ...this.#given, ...options };
    this.options = resolve(this.#given);
  }

  wants(event: keyof ServerEvents): boolean {
    return this.#server.listenerCount(event) > 0;
  }

  tell<Event extends keyof ServerEvents>(event: Event, detail: ServerEvents[Event][0]): void {
    const emit: (event: Event, detail: ServerEvents[Event][0]) => boolean = this.#server.emit.bind(
      this.#server,
    ) as never;
    emit(event, detail);
  }
}

function resolve(options: ServerOptions): ResolvedOptions {
  return {
    accounts: options.accounts,
    banner: options.banner ?? "Ferry FTP server ready.",
    strictRfc959: options.strictRfc959 ?? false,
    allowForeignData: options.allowForeignData ?? false,
    defaultDataPort: options.defaultDataPort ?? false,
    passiveAddress: options.passive?.address,
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    timeouts: { ...DEFAULT_TIMEOUTS, ...options.timeouts },
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

function sameRange(a: { from: number; to: number }, b: { from: number; to: number }): boolean {
  return a.from === b.from && a.to === b.to;
}

function ignore(): void {}
