/** The connection to the accounts' database: bounded in time, and aware of outages. */
import { setTimeout as wait } from "node:timers/promises";
import { type Collection, type Db, MongoClient, type MongoClientOptions } from "mongodb";
import { AccountsDatabaseError } from "./database-error.js";
import type {
  AccountDocument,
  LoginDocument,
  NodeDocument,
  SessionDocument,
  StateDocument,
  TransferDocument,
  UsageDocument,
} from "./documents.js";
import { describe, isPassing, isRefused } from "./errors.js";
import { type Features, featuresOf, helloOf } from "./features.js";
import { type DatabaseUrl, parseDatabaseUrl } from "./url.js";

export interface DatabaseOptions {
  /** Milliseconds that one answer of the database may take; 2000 by default. */
  readonly answerTimeout?: number;
  /** What an operator should know, in one line. */
  readonly log?: (message: string, error?: unknown) => void;
}

const ANSWER_TIMEOUT = 2000;
/** Between two looks whether a database that was away is back. */
const BETWEEN_LOOKS = 500;

/** Names of the collections, all in the one database that the URL names. */
export const COLLECTIONS = {
  accounts: "accounts",
  usage: "usage",
  sessions: "sessions",
  nodes: "nodes",
  state: "state",
  logins: "logins",
  transfers: "transfers",
} as const;

export class Database {
  readonly url: DatabaseUrl;
  readonly features: Features;
  readonly answerTimeout: number;
  readonly log: (message: string, error?: unknown) => void;
  readonly accounts: Collection<AccountDocument>;
  readonly usage: Collection<UsageDocument>;
  readonly sessions: Collection<SessionDocument>;
  readonly nodes: Collection<NodeDocument>;
  readonly state: Collection<StateDocument>;
  readonly logins: Collection<LoginDocument>;
  readonly transfers: Collection<TransferDocument>;
  readonly db: Db;
  readonly #client: MongoClient;
  readonly #closed = new AbortController();
  readonly #returnListeners = new Set<() => void>();
  #looking: Promise<void> | undefined;
  /** Milliseconds by which the database's clock is ahead of ours. */
  #clockOffset = 0;

  private constructor(client: MongoClient, url: DatabaseUrl, features: Features, o: DatabaseOptions) {
    this.#client = client;
    this.url = url;
    this.features = features;
    this.answerTimeout = o.answerTimeout ?? ANSWER_TIMEOUT;
    this.log = o.log ?? (() => {});
    this.db = client.db(url.database);
    this.accounts = this.db.collection(COLLECTIONS.accounts);
    this.usage = this.db.collection(COLLECTIONS.usage);
    this.sessions = this.db.collection(COLLECTIONS.sessions);
    this.nodes = this.db.collection(COLLECTIONS.nodes);
    this.state = this.db.collection(COLLECTIONS.state);
    this.logins = this.db.collection(COLLECTIONS.logins);
    this.transfers = this.db.collection(COLLECTIONS.transfers);
  }

  /** @throws AccountsDatabaseError when the URL is none, or nothing answers there. */
  static async connect(text: string, o: DatabaseOptions = {}): Promise<Database> {
    const url = parseDatabaseUrl(text);
    const timeout = o.answerTimeout ?? ANSWER_TIMEOUT;
    const client = clientOf(url, timeout);
    try {
      await client.connect();
      const database = new Database(client, url, await featuresOf(client.db(url.database)), o);
      await database.synchronizeClock();
      return database;
    } catch (error) {
      await client.close().catch(() => undefined);
      throw describe(error, `cannot use the accounts at ${url.shown}`, url.secrets);
    }
  }

  /** Milliseconds since 1970 by the database's clock, which all nodes share; to a few milliseconds. */
  now(): number {
    return Date.now() + this.#clockOffset;
  }

  async synchronizeClock(): Promise<void> {
    const before = Date.now();
    const { localTime } = await this.run("reading its clock", () => helloOf(this.db));
    if (localTime !== undefined) this.#clockOffset = localTime.getTime() - (before + Date.now()) / 2;
  }

  get available(): boolean {
    return this.#looking === undefined;
  }

  /** Called each time the database is back after an outage. Returns what ends this. */
  onReturn(listener: () => void): () => void {
    this.#returnListeners.add(listener);
    return () => this.#returnListeners.delete(listener);
  }

  /**
   * One piece of work with the database, bounded in time. While the database is away it fails at once, so that
   * nobody waits for what is known.
   * @throws AccountsDatabaseError; other errors of the server, such as a duplicate key, as they are.
   */
  async run<T>(what: string, work: () => Promise<T>): Promise<T> {
    if (!this.available) throw this.#away(what);
    const late = new AbortController();
    const clock = wait(this.answerTimeout, "late" as const, { signal: late.signal, ref: false });
    try {
      const working = work();
      const first = await Promise.race([working.then((value) => ({ value })), clock]);
      if (first !== "late") return first.value;
      working.catch(() => undefined);
      this.#lookForReturn(`no answer within ${this.answerTimeout} ms`);
      throw this.#away(what);
    } catch (error) {
      if (error instanceof AccountsDatabaseError || !isPassing(error)) throw error;
      this.#lookForReturn(error);
      throw describe(error, what, this.url.secrets);
    } finally {
      late.abort();
      clock.catch(() => undefined);
    }
  }

  async close(): Promise<void> {
    this.#closed.abort();
    this.#returnListeners.clear();
    await this.#looking;
    await this.#client.close().catch(() => undefined);
  }

  #away(what: string): AccountsDatabaseError {
    return new AccountsDatabaseError("unavailable", `${what}: the accounts' database does not answer`);
  }

  #lookForReturn(why: unknown): void {
    if (this.#looking !== undefined || this.#closed.signal.aborted) return;
    const what = `the accounts at ${this.url.shown}`;
    const { message } = describe(why, what, this.url.secrets, "unavailable");
    this.log(`${message}; logins are refused until it is back, sessions go on`);
    this.#looking = this.#untilBack().finally(() => {
      this.#looking = undefined;
      if (this.#closed.signal.aborted) return;
      this.log(`the accounts at ${this.url.shown} are available again`);
      for (const listener of this.#returnListeners) listener();
    });
  }

  async #untilBack(): Promise<void> {
    const { signal } = this.#closed;
    let refused = false;
    while (!signal.aborted) {
      await wait(BETWEEN_LOOKS, undefined, { signal, ref: false }).catch(() => undefined);
      const answer = await this.#answer();
      if (answer === "takes writes") return;
      // Of a change that nobody will undo while he waits for the database to come back, he should know.
      if (answer === "refuses" && !refused) {
        this.log(`the accounts at ${this.url.shown}: the database is back, but refuses our user or password`);
      }
      refused = answer === "refuses";
    }
  }

  /** Writes count: a replica set without a primary answers, but takes none. */
  async #answer(): Promise<"takes writes" | "refuses" | "nothing"> {
    const late = wait(this.answerTimeout, "nothing" as const, { signal: this.#closed.signal, ref: false });
    const hello = this.#firstAnswer().catch((error: unknown) => (isRefused(error) ? "refuses" : "nothing"));
    return Promise.race([hello, late]).catch(() => "nothing");
  }

  /** `hello` is answered to everybody; the version of the schema only to whom the accounts are for. */
  async #firstAnswer(): Promise<"takes writes" | "nothing"> {
    const { takesWrites } = await helloOf(this.db);
    if (takesWrites) await this.state.findOne({ _id: "schema" });
    return takesWrites ? "takes writes" : "nothing";
  }
}

/** The driver's own look at the URL finds what ours does not: options that do not exist, or do not fit. */
function clientOf({ url, shown, secrets }: DatabaseUrl, timeout: number): MongoClient {
  try {
    return new MongoClient(url, clientOptions(timeout));
  } catch (error) {
    const { message } = describe(error, `the URL of the accounts at ${shown}`, secrets, "url");
    throw new AccountsDatabaseError("url", message);
  }
}

/** What the URL says about these is overridden: the bounds are ours, and counts need the primary. */
function clientOptions(timeout: number): MongoClientOptions {
  return {
    appName: "ferry",
    serverSelectionTimeoutMS: timeout,
    connectTimeoutMS: timeout,
    socketTimeoutMS: Math.max(10_000, 2 * timeout),
    heartbeatFrequencyMS: 2000,
    maxPoolSize: 20,
    readPreference: "primary",
    writeConcern: { w: "majority" },
    // Names and hashes only; a client's text never becomes an operator.
    ignoreUndefined: true,
    serializeFunctions: false,
  };
}
