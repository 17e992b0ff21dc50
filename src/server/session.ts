/** The state of one session: who is logged in, where, and with which transfer parameters. */
import type { Account, AccountLease, LoginAttempt, Peer } from "../accounts/accounts.js";
import { withDeadline } from "../connection/deadline.js";
import type { TransferProgress } from "../dtp/outcome.js";
import { DEFAULT_FACTS, type FactName } from "../protocol/facts.js";
import type { Pathname } from "../protocol/pathname.js";
import { ROOT } from "../protocol/pathname.js";
import { ASCII, IMAGE, type TransferParameters } from "../protocol/representation.js";
import type { Operation, Storage } from "../storage/storage.js";
import type { ServerContext } from "./context.js";
import { DataPort } from "./data-port.js";
import type { SessionInfo } from "./events.js";
import { Security } from "./security.js";

export type LoginState =
  | { readonly kind: "none" }
  /** USER came. */
  | { readonly kind: "named"; readonly name: string }
  /** PASS came, and the store wants ACCT too (332). */
  | { readonly kind: "account-needed"; readonly name: string; readonly password?: string }
  | {
      readonly kind: "in";
      readonly name: string;
      readonly lease: AccountLease;
      /** Opened for this login; the lease no longer tells it when the account is gone. */
      readonly storage: Storage;
      readonly release: () => void;
    };

/** A transfer that runs, as ABOR, STAT and the idle clock see it. */
export interface RunningTransfer {
  readonly verb: string;
  readonly path: string;
  readonly progress: TransferProgress;
  /** Whether its 1xx reply is out; from then on ABOR, STAT and NOOP act at once. */
  readonly opened: boolean;
  abort(): void;
}

export class Session {
  readonly id: string;
  readonly peer: Peer;
  readonly local: Peer;
  readonly server: ServerContext;
  readonly dataPort: DataPort;
  readonly security: Security;
  readonly info: SessionInfo;

  login: LoginState = { kind: "none" };
  workingDirectory: Pathname = ROOT;
  parameters: TransferParameters;
  /** Set by REST, taken by the next transfer. */
  restart = 0;
  /** Set by RNFR, taken by RNTO. */
  renameFrom: Pathname | undefined;
  /** Facts of MLSD and MLST, chosen by OPTS MLST. */
  facts: readonly FactName[] = DEFAULT_FACTS;
  /** What CLNT or CSID said of the client. */
  client: string | undefined;
  /** What HOST said. */
  host: string | undefined;
  /** Milliseconds; set by SITE IDLE. */
  idleTimeout: number | undefined;
  /** Storage and directory that SMNT chose instead of the account's. */
  mounted: { readonly storage: Storage; readonly home: Pathname } | undefined;
  transfer: RunningTransfer | undefined;
  /** Ends the session with 421; set by the PI. */
  closeWith: (text: string, reason: string) => void = () => {};
  failedLogins = 0;
  /** Since when nobody is logged in, by `performance.now()`; the login timer counts from here. */
  loggedOutSince = performance.now();
  #ending: AbortController | undefined;
  #operation: Operation | undefined;
  #transfers = 0;

  /** `implicit`: TLS from the first byte. */
  constructor(server: ServerContext, id: string, peer: Peer, local: Peer, implicit = false) {
    this.server = server;
    this.id = id;
    this.peer = peer;
    this.local = local;
    this.info = new Info(this);
    this.dataPort = new DataPort(server, { peer, local });
    this.security = new Security(server, implicit);
    this.parameters = initialParameters(server);
  }

  /** The account as it stands now; undefined before login, and when it is gone. */
  get account(): Account | undefined {
    return this.login.kind === "in" ? this.login.lease.current : undefined;
  }

  /** Present when `account` is. */
  get storage(): Storage | undefined {
    return this.mounted?.storage ?? this.account?.storage;
  }

  /** Milliseconds that it may be idle: what SITE IDLE said, else the account's limit, else the server's. */
  get idleLimit(): number {
    const ofAccount = this.account?.limits.idleTimeout;
    if (this.idleTimeout !== undefined) return this.idleTimeout;
    return ofAccount === undefined ? this.server.options.timeouts.idle : ofAccount * 1000;
  }

  /** What storages and account stores get; its signal aborts when the session ends. Made when first needed. */
  get operation(): Operation {
    this.#operation ??= { signal: this.#endingController().signal };
    return this.#operation;
  }

  /** Whether {@link abort} was called: nothing is answered any more. */
  get aborted(): boolean {
    return this.#ending?.signal.aborted ?? false;
  }

  /** What a store is asked with, but for the password. */
  loginAttempt(name: string): LoginAttempt {
    const tls = this.security.proof;
    return {
      name,
      peer: this.peer,
      local: this.local,
      signal: this.operation.signal,
      ...(this.host === undefined ? {} : { host: this.host }),
      ...(tls === undefined ? {} : { tls }),
    };
  }

  /** Whether every data connection has to be in TLS: for all, or for this account. */
  get dataMustBePrivate(): boolean {
    return this.security.dataMustBePrivate || this.account?.requireTls === "data";
  }

  /** The offset that REST set, which holds for one transfer only (RFC 959 4.1.3). */
  takeRestart(): number {
    const offset = this.restart;
    this.restart = 0;
    return offset;
  }

  nextTransferId(): string {
    this.#transfers += 1;
    return `${this.id}.${this.#transfers}`;
  }

  /** As for a new control connection (REIN): nobody is logged in, and every parameter has its default. */
  async reset(): Promise<void> {
    const { login } = this;
    this.login = { kind: "none" };
    this.loggedOutSince = performance.now();
    this.workingDirectory = ROOT;
    this.parameters = initialParameters(this.server);
    this.restart = 0;
    this.renameFrom = undefined;
    this.facts = DEFAULT_FACTS;
    this.client = undefined;
    // "The effect of a HOST command MUST be reset" (RFC 7151 3.2.1).
    this.host = undefined;
    this.idleTimeout = undefined;
    this.mounted = undefined;
    this.security.reset();
    await this.dataPort.reset();
    await this.#logOut(login);
  }

  /** The last reply was sent, or can be sent no more: whatever runs is to stop. */
  abort(): void {
    this.#endingController().abort();
    this.transfer?.abort();
  }

  /**
   * The control connection is gone: gives everything back. A storage is closed when all that was begun on it has
   * ended, `commandsEnded`. Never rejects, and does not wait for ever.
   */
  async end(commandsEnded: Promise<void>): Promise<void> {
    this.abort();
    // A transfer waits as long itself for the storage to let go of the file, and tells of it then.
    await this.#release("a command", 1.5, () => commandsEnded);
    const { login } = this;
    this.login = { kind: "none" };
    await this.dataPort.close();
    await this.#logOut(login);
  }

  /** Closes a storage that no session uses, or uses any more. Never rejects. */
  async closeStorage(storage: Storage): Promise<void> {
    await this.#release("a storage", 1, () => storage.close?.());
  }

  /** Never rejects. */
  async endLease(lease: AccountLease): Promise<void> {
    await this.#release("an account store", 1, () => lease[Symbol.asyncDispose]());
  }

  async #logOut(login: LoginState): Promise<void> {
    if (login.kind !== "in") return;
    login.release();
    await this.endLease(login.lease);
    await this.closeStorage(login.storage);
  }

  async #release(who: string, patience: number, letGo: () => void | PromiseLike<void>): Promise<void> {
    const timeout = this.server.options.timeouts.release * patience;
    try {
      await withDeadline(
        async () => await letGo(),
        timeout,
        () => new Error("it took too long"),
      );
    } catch (error) {
      this.server.tell("warning", { message: `${who} has not let go of an ended session`, error });
    }
  }

  #endingController(): AbortController {
    this.#ending ??= new AbortController();
    return this.#ending;
  }
}

/** RFC 959 5.1 makes TYPE A the default; real clients that forget TYPE then corrupt binaries (field study, fact 9). */
function initialParameters(server: ServerContext): TransferParameters {
  return { type: server.options.strictRfc959 ? ASCII : IMAGE, structure: "F", mode: "S" };
}

/** What applications see of a session; always the state of the moment. */
class Info implements SessionInfo {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  get id(): string {
    return this.#session.id;
  }

  get peer(): Peer {
    return this.#session.peer;
  }

  get local(): Peer {
    return this.#session.local;
  }

  get account(): string | undefined {
    return this.#session.login.kind === "in" ? this.#session.login.name : undefined;
  }

  get client(): string | undefined {
    return this.#session.client;
  }

  get secure(): boolean {
    return this.#session.security.active;
  }
}
