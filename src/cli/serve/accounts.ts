/** The account stores of `ferry serve`, and how they follow a changed configuration. */
import type { AccountStore } from "../../accounts/accounts.js";
import { AnonymousAccounts } from "../../accounts/anonymous.js";
import { CombinedAccounts } from "../../accounts/combined.js";
import { FileAccounts } from "../../accounts/file.js";
import { AccountsFileError } from "../../accounts/file-format.js";
import { MemoryAccounts } from "../../accounts/memory.js";
import type { Audit } from "../../accounts/mongodb/audit.js";
import { isDatabaseUrl } from "../../accounts/mongodb/url.js";
import { permissionsOf } from "../../accounts/permissions.js";
import { openLocalStorage } from "../../storage/local/index.js";
import { readOnly } from "../../storage/read-only.js";
import type { Storage } from "../../storage/storage.js";
import { asCliError } from "../directories.js";
import { configurationError, systemCode } from "../errors.js";
import type { Credentials } from "../values.js";
import type { GuestBook } from "./guest-book.js";
import type { KeptAccounts } from "./kept-accounts.js";
import type { ServerLog } from "./logging.js";
import { lacksAccounts, type Settings } from "./settings.js";

const DEFAULT_UMASK = 0o022;

export class ServeAccounts {
  readonly #log: ServerLog;
  readonly #guests: GuestBook;
  /** Used while the settings name no other account. */
  readonly #generated: Credentials | undefined;
  #settings: Settings;
  readonly #users = new MemoryAccounts([]);
  /** The accounts file, or the database. */
  #kept: KeptAccounts | undefined;
  /** Of former settings; sessions that logged in there still hang on them. */
  readonly #retired: KeptAccounts[] = [];

  private constructor(
    settings: Settings,
    o: { log: ServerLog; guests: GuestBook; generated: Credentials | undefined },
  ) {
    this.#settings = settings;
    this.#log = o.log;
    this.#guests = o.guests;
    this.#generated = o.generated;
  }

  /** @throws CliError when the accounts file cannot be used. */
  static async open(
    settings: Settings,
    o: { log: ServerLog; guests: GuestBook; generated: Credentials | undefined },
  ): Promise<ServeAccounts> {
    const accounts = new ServeAccounts(settings, o);
    await accounts.#apply(settings);
    return accounts;
  }

  /** All of them as one. Anonymous first: it costs nothing and its names are its own. */
  get store(): AccountStore {
    const stores: AccountStore[] = [];
    if (this.#settings.anonymous === true) stores.push(this.#anonymous());
    stores.push(this.#users);
    if (this.#kept !== undefined) stores.push(this.#kept.store);
    return new CombinedAccounts(stores);
  }

  /**
   * Holds for logins from now on; users that are gone lose their sessions.
   * @throws CliError, and then nothing has changed.
   */
  async reload(settings: Settings): Promise<void> {
    if (lacksAccounts(settings) && this.#generated === undefined) {
      throw configurationError("no account is left: give --user, --anonymous or --accounts");
    }
    if (settings.accounts === this.#settings.accounts) await orConfigurationError(this.#kept?.reload());
    await this.#apply(settings);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#retired, this.#kept].map((kept) => kept?.close()));
  }

  async #apply(settings: Settings): Promise<void> {
    if (this.#kept === undefined || keptKey(settings) !== keptKey(this.#settings)) {
      const kept = await orConfigurationError(this.#openKept(settings));
      if (this.#kept !== undefined) this.#retired.push(this.#kept);
      this.#kept = kept;
    }
    this.#settings = settings;
    const users =
      lacksAccounts(settings) && this.#generated !== undefined ? [this.#generated] : settings.users;
    const permissions = settings.readOnly === true ? "read-only" : "all";
    this.#users.replace(
      users.map(({ name, password }) => ({ name, password, permissions, storage: () => this.#inRoot(name) })),
    );
  }

  async #openKept({ accounts: place, readOnly: restricted }: Settings): Promise<KeptAccounts | undefined> {
    if (place === undefined) return undefined;
    const common = {
      openStorage: (home: string, account: string) => this.#open(home, account),
      ...(restricted === true && { atMost: permissionsOf("read-only") }),
    };
    const log = (message: string, error?: unknown): void => this.#log.warn(message, error);
    if (isDatabaseUrl(place)) {
      const { openDatabaseAccounts } = await import("./database-accounts.js");
      return openDatabaseAccounts({ ...common, url: place, log });
    }
    const store = await FileAccounts.open({
      ...common,
      file: place,
      warn: log,
      onRead: (count) => this.#log.info(`read ${place} again: ${count} accounts`),
    });
    return { store, reload: () => store.reload(), close: () => store.close() };
  }

  /** What records logins and transfers in the database, when that is where the accounts are. */
  get audit(): Audit | undefined {
    return this.#kept?.audit;
  }

  #anonymous(): AnonymousAccounts {
    return new AnonymousAccounts({
      storage: () => this.#inRoot(undefined),
      onLogin: ({ peer, email }) => {
        if (email !== undefined) this.#guests.note(peer, email);
      },
    });
  }

  #inRoot(account: string | undefined): Promise<Storage> {
    return this.#open(this.#settings.rootPath, account);
  }

  async #open(root: string, account: string | undefined): Promise<Storage> {
    const { uploads = "atomic", umask = DEFAULT_UMASK } = this.#settings;
    const warn = (message: string): void => this.#log.warn(message);
    const storage = await openLocalStorage({ root, account, uploads, umask, warn });
    return this.#settings.readOnly === true ? readOnly(storage) : storage;
  }
}

/** A store is made for these. */
function keptKey({ accounts, readOnly: restricted }: Settings): string {
  return JSON.stringify([accounts, restricted]);
}

async function orConfigurationError<T>(work: Promise<T> | undefined): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    const known = asCliError(error);
    if (!(error instanceof AccountsFileError) || systemCode(error.cause) !== "ENOENT") throw known;
    throw configurationError(`${error.message}; \`ferry user add\` makes one`, error);
  }
}
