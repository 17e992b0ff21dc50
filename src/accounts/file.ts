/** Accounts in a JSON file that `ferry user` edits and the server reads again whenever it changes. */
import { type FSWatcher, watch } from "node:fs";
import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { Allowance } from "../storage/allowance.js";
import type {
  Account,
  AccountLease,
  AccountLimits,
  AccountStore,
  LoginAnswer,
  LoginAttempt,
  Permissions,
  Refusal,
} from "./accounts.js";
import { type Decoys, decoysOf } from "./decoys.js";
import { readAccountsFile } from "./file-edit.js";
import { HashUpgrades } from "./hash-upgrades.js";
import { Leases } from "./lease.js";
import { LocalUsage } from "./local-usage.js";
import { expiryOf, refusalFor, usableRefusal } from "./login-rules.js";
import { isAccountName } from "./name.js";
import { measureHome, type OpenStorage, openAccount } from "./opened-storages.js";
import { type Passwords, sharedPasswords } from "./password.js";
import { bothPermissions, permissionsOf } from "./permissions.js";
import type { AccountQuota, AccountRecord } from "./record.js";

export interface FileAccountsOptions {
  readonly file: string;
  /** Throwing makes the login "unavailable". */
  readonly openStorage: OpenStorage;
  readonly passwords?: Passwords;
  /** What no account of the file goes beyond, whatever the file says. */
  readonly atMost?: Permissions;
  /** What an operator should know, in one line. */
  readonly warn?: (message: string, error?: unknown) => void;
  /** The file changed and was read again. */
  readonly onRead?: (accounts: number) => void;
}

export class FileAccounts implements AccountStore {
  readonly #o: FileAccountsOptions;
  readonly #passwords: Passwords;
  readonly #leases = new Leases();
  readonly #recordOf = new WeakMap<Account, AccountRecord>();
  readonly #upgrades: HashUpgrades;
  #accounts: ReadonlyMap<string, KnownAccount> = new Map();
  #decoys: Decoys = decoysOf([]);
  #stamp = "";
  #watcher: FSWatcher | undefined;
  #settling: NodeJS.Timeout | undefined;
  #expiring: NodeJS.Timeout | undefined;
  readonly #usage = new Map<string, { readonly home: string; readonly usage: Promise<Allowance> }>();
  #reading: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  private constructor(o: FileAccountsOptions) {
    this.#o = o;
    this.#passwords = o.passwords ?? sharedPasswords;
    this.#upgrades = new HashUpgrades(o.file, this.#passwords, o.warn);
  }

  /** @throws AccountsFileError when the file cannot be read or is not valid. */
  static async open(o: FileAccountsOptions): Promise<FileAccounts> {
    const store = new FileAccounts(o);
    await store.#read();
    await store.#warnOfReaders();
    store.#watch();
    return store;
  }

  /**
   * Reads the file now, also when it seems unchanged.
   * @throws AccountsFileError when it cannot be used; then what was read last still holds.
   */
  async reload(): Promise<void> {
    await this.#reading;
    await this.#read();
  }

  async authenticate(attempt: LoginAttempt): Promise<LoginAnswer> {
    await this.#refresh();
    const tried = isAccountName(attempt.name) ? this.#accounts.get(attempt.name) : undefined;
    const [passwords, decoys] = [this.#passwords, this.#decoys];
    const refused = await refusalFor(tried?.record, attempt, { passwords, decoys, now: Date.now() });
    if (refused !== undefined) return { refused };
    // The file may have changed while the password was verified.
    const known = this.#accounts.get(attempt.name);
    if (known === undefined || known.record.password !== tried?.record.password)
      return { refused: "credentials" };
    if (usableRefusal(known.record, Date.now()) !== undefined) return { refused: "disabled" };
    if (attempt.password !== undefined) this.#upgrades.offer(known.record, attempt.password);
    return this.#login(known);
  }

  async open(account: Account): Promise<AccountLease | { readonly refused: Refusal }> {
    const home = this.#recordOf.get(account)?.home;
    return this.#leases.open(account, (before) => {
      const known = this.#accounts.get(before.name);
      // A session's storage cannot move to another folder, so a new home ends it.
      if (known === undefined || known.record.home !== home) return undefined;
      if (usableRefusal(known.record, Date.now()) !== undefined) return undefined;
      const { permissions, limits } = known;
      return permissions === before.permissions && limits === before.limits
        ? before
        : { ...before, permissions, limits };
    });
  }

  /** Stops watching and waits for what is being written. Leases stay as they are. */
  async close(): Promise<void> {
    clearTimeout(this.#settling);
    clearTimeout(this.#expiring);
    this.#watcher?.close();
    this.#watcher = undefined;
    await Promise.all([this.#reading, this.#next, this.#upgrades.close()]);
  }

  async #login(known: KnownAccount): Promise<LoginAnswer> {
    const { record } = known;
    const { openStorage: open, warn } = this.#o;
    const account = await openAccount(known, { open, warn, usage: () => this.#usageOf(record) });
    if (account === undefined) return { refused: "unavailable" };
    this.#recordOf.set(account, record);
    return { ok: account };
  }

  /** One for all sessions of an account, measured when the first of them logs in. */
  #usageOf(record: AccountRecord): Promise<Allowance> | undefined {
    if (record.quota === undefined) return undefined;
    const { name, home } = record;
    const known = this.#usage.get(name);
    if (known?.home === home) return known.usage;
    const limits = (): AccountQuota => this.#accounts.get(name)?.record.quota ?? {};
    const usage = measureHome(record, this.#o.openStorage).then((used) => new LocalUsage(used, limits));
    this.#usage.set(name, { home, usage });
    usage.catch(() => this.#usage.delete(name));
    return usage;
  }

  async #warnOfReaders(): Promise<void> {
    const { mode } = await stat(this.#o.file);
    if ((mode & 0o007) === 0) return;
    this.#o.warn?.(
      `everybody on this machine can use ${this.#o.file}, which holds password hashes: chmod o= it`,
    );
  }

  /** The directory, not the file: the file is replaced by renaming, and so are links to it (Kubernetes). */
  #watch(): void {
    const stop = (error: unknown): void => {
      this.#watcher?.close();
      this.#watcher = undefined;
      this.#o.warn?.(`cannot watch ${this.#o.file}: changes take effect at the next login or SIGHUP`, error);
    };
    try {
      this.#watcher = watch(dirname(this.#o.file), { persistent: false }, () => this.#settle());
      this.#watcher.on("error", stop);
    } catch (error) {
      stop(error);
    }
  }

  /** One look for a burst of events, and not before an editor that writes in place has finished a line. */
  #settle(): void {
    this.#settling ??= setTimeout(() => {
      this.#settling = undefined;
      void this.#refresh();
    }, 20).unref();
  }

  /** A look that begins after this call; calls while one runs share the next. */
  #refresh(): Promise<void> {
    this.#next ??= this.#reading.then(() => {
      this.#next = undefined;
      this.#reading = this.#readIfChanged();
      return this.#reading;
    });
    return this.#next;
  }

  async #readIfChanged(): Promise<void> {
    if ((await stampOf(this.#o.file)) === this.#stamp) return;
    try {
      await this.#read();
      this.#o.onRead?.(this.#accounts.size);
    } catch (error) {
      this.#o.warn?.(
        `${error instanceof Error ? error.message : String(error)}; the accounts read before still hold`,
      );
    }
  }

  /** The stamp is taken first: what is written while the file is read makes another look. */
  async #read(): Promise<void> {
    this.#stamp = await stampOf(this.#o.file);
    const records = await readAccountsFile(this.#o.file);
    const before = this.#accounts;
    this.#accounts = new Map(
      [...records].map(([name, record]) => [name, knownAccount(record, before.get(name), this.#o.atMost)]),
    );
    this.#decoys = decoysOf([...records.values()].map(({ password }) => password));
    this.#leases.changed();
    this.#expireNext();
  }

  /** Sessions of an account end when it expires, not only when the file is read again. */
  #expireNext(): void {
    clearTimeout(this.#expiring);
    const now = Date.now();
    const times = [...this.#accounts.values()]
      .map(({ record }) => expiryOf(record))
      .filter((time) => time > now);
    const next = times.reduce((least, time) => Math.min(least, time), Number.POSITIVE_INFINITY);
    if (next === Number.POSITIVE_INFINITY) return;
    const wait = Math.min(next - now + 1, LONGEST_TIMER);
    this.#expiring = setTimeout(() => {
      this.#leases.changed();
      this.#expireNext();
    }, wait).unref();
  }
}

/** What setTimeout takes, in milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1;

interface KnownAccount {
  readonly record: AccountRecord;
  readonly permissions: Permissions;
  readonly limits: AccountLimits;
}

/** The same objects as before where nothing changed, so that leases see no change either. */
function knownAccount(
  record: AccountRecord,
  before: KnownAccount | undefined,
  atMost: Permissions | undefined,
): KnownAccount {
  const same = (key: "permissions" | "limits"): boolean =>
    JSON.stringify(before?.record[key]) === JSON.stringify(record[key]);
  return {
    record,
    permissions:
      before !== undefined && same("permissions") ? before.permissions : permissionsIn(record, atMost),
    limits: before !== undefined && same("limits") ? before.limits : record.limits,
  };
}

function permissionsIn(record: AccountRecord, atMost: Permissions | undefined): Permissions {
  const permissions = permissionsOf(record.permissions);
  return atMost === undefined ? permissions : bothPermissions(permissions, atMost);
}

/** Differs whenever the file may have changed; empty when it cannot be seen. */
async function stampOf(file: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join(":");
  } catch {
    return "";
  }
}
