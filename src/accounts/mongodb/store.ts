/** Accounts in MongoDB, shared by any number of servers. */
import type { ObjectId } from "mongodb";
import type {
  Account,
  AccountLease,
  AccountStore,
  LoginAnswer,
  LoginAttempt,
  Peer,
  Permissions,
  Refusal,
} from "../accounts.js";
import { type Decoys, decoysOf } from "../decoys.js";
import { refusalFor } from "../login-rules.js";
import { isAccountName } from "../name.js";
import { measureHome, type OpenStorage, openAccount } from "../opened-storages.js";
import { type Passwords, sharedPasswords } from "../password.js";
import type { AccountRecord } from "../record.js";
import { type CacheOptions, RecentAccounts } from "./cache.js";
import type { Database, DatabaseOptions } from "./database.js";
import { AccountsDatabaseError } from "./database-error.js";
import { type FoundAccount, MongoDirectory } from "./directory.js";
import { AccountsInUse } from "./in-use.js";
import type { KnownAccount } from "./known.js";
import { MongoLease } from "./lease.js";
import { Ledgers } from "./ledgers.js";
import { Node, type NodeOptions } from "./node.js";
import { Sessions } from "./sessions.js";
import { Watch, type WatchOptions } from "./watch.js";

export interface MongoAccountsOptions extends DatabaseOptions {
  /** `mongodb://[user:password@]host[:port][,…]/database[?options]` */
  readonly url: string;
  /** Opens the folder `home` for one login. Throwing makes the login "unavailable". */
  readonly openStorage: OpenStorage;
  readonly passwords?: Passwords;
  /** What no account goes beyond, whatever the database says. */
  readonly atMost?: Permissions;
  readonly cache?: CacheOptions;
  readonly node?: NodeOptions;
  readonly watch?: WatchOptions;
}

/** Hashes that unknown names take their cost from. */
const DECOYS = 1000;
const BETWEEN_DECOYS = 10 * 60_000;
/** Milliseconds after which an account that expires has lost its sessions. */
const TICK = 1000;
/** Accounts that one question asks for. */
const AT_ONCE = 1000;

type Looked =
  | { readonly kind: "found"; readonly found: FoundAccount }
  | { readonly kind: "unknown" }
  /** The database is away; with what is remembered of the account. */
  | { readonly kind: "away"; readonly found: FoundAccount | undefined };

export class MongoAccounts implements AccountStore {
  readonly #o: MongoAccountsOptions;
  readonly #directory: MongoDirectory;
  readonly #database: Database;
  readonly #passwords: Passwords;
  readonly #recent: RecentAccounts;
  readonly #knownOf = new WeakMap<Account, KnownAccount>();
  readonly #inUse: AccountsInUse;
  readonly #rehashing = new Map<string, Promise<void>>();
  readonly #node: Node;
  readonly #sessions: Sessions;
  readonly #ledgers: Ledgers;
  readonly #watch: Watch;
  readonly #timer: NodeJS.Timeout;
  #decoys: Decoys = decoysOf([]);
  #decoysAt = 0;

  private constructor(o: MongoAccountsOptions, directory: MongoDirectory, node: Node, sessions: Sessions) {
    this.#o = o;
    this.#directory = directory;
    this.#database = directory.database;
    this.#passwords = o.passwords ?? sharedPasswords;
    this.#recent = new RecentAccounts(o.cache);
    this.#inUse = new AccountsInUse(o.atMost);
    this.#node = node;
    this.#sessions = sessions;
    this.#ledgers = new Ledgers({ database: this.#database, node });
    this.#watch = new Watch(this.#database, o.watch ?? {}, () => this.#renewAll());
    this.#timer = setInterval(() => this.#tick(), TICK).unref();
    this.#database.onReturn(() => void this.#catchUp());
  }

  /** @throws AccountsDatabaseError when the database cannot be used. */
  static async open(o: MongoAccountsOptions): Promise<MongoAccounts> {
    const directory = await MongoDirectory.open(o.url, o);
    try {
      const { database } = directory;
      const joined: { sessions?: Sessions } = {};
      const node = await Node.join(database, o.node ?? {}, async () => joined.sessions?.reconcile());
      joined.sessions = new Sessions(database, node);
      const store = new MongoAccounts(o, directory, node, joined.sessions);
      await store.#refreshDecoys();
      return store;
    } catch (error) {
      await directory.close();
      throw error;
    }
  }

  /** Identifies this process in the database. */
  get node(): string {
    return this.#node.id;
  }

  get database(): Database {
    return this.#database;
  }

  /** How changes of accounts come to this node now. */
  get changes(): "change stream" | "polling" {
    return this.#watch.source;
  }

  async authenticate(attempt: LoginAttempt): Promise<LoginAnswer> {
    const looked = await this.#lookUp(attempt.name);
    const found = looked.kind === "unknown" ? undefined : looked.found;
    const now = this.#database.now();
    const [passwords, decoys] = [this.#passwords, this.#decoys];
    const refused = await refusalFor(found?.record, attempt, { passwords, decoys, now });
    // Away: who is not remembered, or got his password wrong, hears the same.
    if (looked.kind === "away" && refused === "credentials") return { refused: "unavailable" };
    if (refused !== undefined || found === undefined) return { refused: refused ?? "credentials" };
    if (looked.kind === "found") {
      this.#recent.put(found);
      if (attempt.password !== undefined) this.#rehash(found.record, attempt.password);
    }
    return this.#login(found);
  }

  async open(
    account: Account,
    session: { readonly id: string; readonly peer: Peer },
  ): Promise<AccountLease | { readonly refused: Refusal }> {
    const known = this.#knownOf.get(account);
    if (known === undefined) throw new TypeError("an account of another store");
    const { id, record } = known;
    const info = { account: id, name: record.name, session: session.id, peer: session.peer.address };
    const begun = await this.#sessions.begin(info, account.limits.sessions);
    if (begun === "limit") return { refused: "limit" };
    const lease = new MongoLease(account, known, this.#ledgers.get(id), async (ended) => {
      this.#inUse.remove(ended);
      await this.#sessions.end(begun.id);
    });
    this.#inUse.add(lease);
    try {
      // A change since the password was verified was announced before anybody listened.
      await this.#renew([id]).catch(ignoreOutage);
    } catch (error) {
      await lease[Symbol.asyncDispose]();
      throw error;
    }
    if (lease.current !== undefined) return lease;
    await lease[Symbol.asyncDispose]();
    return { refused: "disabled" };
  }

  /** Gives back what this node holds in the database. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#watch.close();
    await Promise.all(this.#rehashing.values());
    await this.#ledgers.close();
    await this.#sessions.endAll();
    await this.#node.leave();
    await this.#directory.close();
  }

  async #lookUp(name: string): Promise<Looked> {
    if (!isAccountName(name)) return { kind: "unknown" };
    try {
      const found = await this.#directory.find(name);
      if (found !== undefined) return { kind: "found", found };
      this.#recent.forget(name);
      return { kind: "unknown" };
    } catch (error) {
      ignoreOutage(error);
      return { kind: "away", found: this.#recent.get(name) };
    }
  }

  async #login(found: FoundAccount): Promise<LoginAnswer> {
    const { id, record } = found;
    const known = this.#inUse.known(found);
    const open = this.#o.openStorage;
    const account = await openAccount(known, {
      open,
      warn: this.#database.log,
      usage: () => record.quota && this.#ledgers.open(id, record.quota, () => measureHome(record, open)),
    });
    if (account === undefined) return { refused: "unavailable" };
    this.#knownOf.set(account, known);
    return { ok: account };
  }

  /** What an outage would let in, too: an account that was disabled before it is not let in during it. */
  #renewAll(): Promise<void> {
    const ids = new Map([...this.#inUse.ids, ...this.#recent.ids].map((id) => [id.toHexString(), id]));
    return this.#renew([...ids.values()]);
  }

  /** @throws AccountsDatabaseError */
  async #renew(ids: readonly ObjectId[]): Promise<void> {
    for (let n = 0; n < ids.length; n += AT_ONCE) {
      const some = ids.slice(n, n + AT_ONCE);
      const records = await this.#directory.findAll(some);
      this.#recent.renew(new Set(some.map((id) => id.toHexString())), records);
      for (const id of some) {
        const record = records.get(id.toHexString());
        // What somebody wrote by mistake changes nothing for sessions that run.
        if (record === "invalid") continue;
        this.#ledgers.change(id, record?.quota);
        this.#inUse.renew(id, record, this.#database.now());
      }
    }
  }

  #tick(): void {
    this.#inUse.expire(this.#database.now());
    void this.#ledgers.sweep((id) => this.#inUse.has(id));
    if (performance.now() - this.#decoysAt > BETWEEN_DECOYS)
      void this.#refreshDecoys().catch(this.#logUnlessOutage);
  }

  /** In the background: the login does not wait for a second hash. */
  #rehash(record: AccountRecord, password: string): void {
    const { name, password: before } = record;
    if (!this.#passwords.needsRehash(before) || this.#rehashing.has(name)) return;
    const job = this.#passwords
      .hash(password)
      .then((after) => this.#directory.replaceHash(name, before, after))
      .catch((error) => this.#database.log(`cannot store a stronger hash for account ${name}`, error))
      .finally(() => this.#rehashing.delete(name));
    this.#rehashing.set(name, job);
  }

  async #refreshDecoys(): Promise<void> {
    this.#decoysAt = performance.now();
    this.#decoys = decoysOf(await this.#directory.someHashes(DECOYS));
  }

  /** After an outage. */
  async #catchUp(): Promise<void> {
    try {
      await this.#node.beat();
      await this.#sessions.reconcile();
      await this.#watch.look();
    } catch (error) {
      this.#logUnlessOutage(error);
    }
  }

  /** Of work that nobody waits for. An outage is logged where it is noticed. */
  readonly #logUnlessOutage = (error: unknown): void => {
    if (error instanceof AccountsDatabaseError && error.problem === "unavailable") return;
    this.#database.log("the accounts' database did not do what was asked", error);
  };
}

/** The next return of the database makes another attempt. */
function ignoreOutage(error: unknown): void {
  if (!(error instanceof AccountsDatabaseError) || error.problem !== "unavailable") throw error;
}
