/** The account stores of `ferry serve`, and how they follow a changed configuration. */
import type { AccountStore } from "../accounts/accounts.js";
import { AnonymousAccounts } from "../accounts/anonymous.js";
import { CombinedAccounts } from "../accounts/combined.js";
import { FileAccounts } from "../accounts/file.js";
import { AccountsFileError } from "../accounts/file-format.js";
import { MemoryAccounts } from "../accounts/memory.js";
import { permissionsOf } from "../accounts/permissions.js";
import { openLocalStorage } from "../storage/local/index.js";
import { readOnly } from "../storage/read-only.js";
import type { Storage } from "../storage/storage.js";
import { configurationError, systemCode } from "./errors.js";
import type { GuestBook } from "./guest-book.js";
import type { ServerLog } from "./logging.js";
import { lacksAccounts, type Settings } from "./settings.js";
import type { Credentials } from "./values.js";

const DEFAULT_UMASK = 0o022;

export class ServeAccounts {
  readonly #log: ServerLog;
  readonly #guests: GuestBook;
  /** Used while the settings name no other account. */
  readonly #generated: Credentials | undefined;
  #settings: Settings;
  readonly #users = new MemoryAccounts([]);
  #file: FileAccounts | undefined;
  /** Of former settings; sessions that logged in there still hang on them. */
  readonly #retired: FileAccounts[] = [];

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
    if (this.#file !== undefined) stores.push(this.#file);
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
    if (settings.accounts === this.#settings.accounts) await orConfigurationError(this.#file?.reload());
    await this.#apply(settings);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#retired, this.#file].map((file) => file?.close()));
  }

  async #apply(settings: Settings): Promise<void> {
    if (this.#file === undefined || fileKey(settings) !== fileKey(this.#settings)) {
      const file = await this.#openFile(settings);
      if (this.#file !== undefined) this.#retired.push(this.#file);
      this.#file = file;
    }
    this.#settings = settings;
    const users =
      lacksAccounts(settings) && this.#generated !== undefined ? [this.#generated] : settings.users;
    const permissions = settings.readOnly === true ? "read-only" : "all";
    this.#users.replace(
      users.map(({ name, password }) => ({ name, password, permissions, storage: () => this.#inRoot(name) })),
    );
  }

  async #openFile({ accounts, readOnly: restricted }: Settings): Promise<FileAccounts | undefined> {
    if (accounts === undefined) return undefined;
    return orConfigurationError(
      FileAccounts.open({
        file: accounts,
        openStorage: (home, account) => this.#open(home, account),
        ...(restricted === true && { atMost: permissionsOf("read-only") }),
        warn: (message, error) => this.#log.warn(message, error),
        onRead: (count) => this.#log.info(`read ${accounts} again: ${count} accounts`),
      }),
    );
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

/** A store of the file is made for these. */
function fileKey({ accounts, readOnly: restricted }: Settings): string {
  return JSON.stringify([accounts, restricted]);
}

async function orConfigurationError<T>(work: Promise<T> | undefined): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof AccountsFileError)) throw error;
    const hint = systemCode(error.cause) === "ENOENT" ? "; `ferry user add` makes one" : "";
    throw configurationError(`${error.message}${hint}`, error);
  }
}
