/** Anonymous logins (RFC 1635): `anonymous` or `ftp`, with any password. */
import { type Pathname, pathname, ROOT } from "../protocol/pathname.js";
import type {
  Account,
  AccountLease,
  AccountLimits,
  AccountStore,
  LoginAnswer,
  LoginAttempt,
  Peer,
  Permissions,
  Refusal,
} from "./accounts.js";
import { Leases } from "./lease.js";
import { type PermissionRules, permissionsOf } from "./permissions.js";
import { type StorageSource, storageOpener } from "./storage-source.js";

export interface AnonymousOptions {
  readonly storage: StorageSource;
  /** The working directory after login; the root by default. */
  readonly home?: string;
  /** Listing and download by default. */
  readonly permissions?: PermissionRules;
  /** Of all anonymous sessions together. */
  readonly limits?: AccountLimits;
  /**
   * Told of each login. `email` is what was given as password, when it looks like an address, else undefined:
   * people mistype their own passwords here, and those belong into no log.
   */
  readonly onLogin?: (login: { readonly peer: Peer; readonly email: string | undefined }) => void;
}

const NAMES: readonly string[] = ["anonymous", "ftp"];

export class AnonymousAccounts implements AccountStore {
  readonly #openStorage: ReturnType<typeof storageOpener>;
  readonly #home: Pathname;
  readonly #permissions: Permissions;
  readonly #limits: AccountLimits;
  readonly #onLogin: AnonymousOptions["onLogin"];
  readonly #leases = new Leases();

  /** @throws PathnameError, TypeError for a home or a permission that is none. */
  constructor(o: AnonymousOptions) {
    this.#openStorage = storageOpener(o.storage);
    this.#home = o.home === undefined ? ROOT : pathname(o.home);
    this.#permissions = permissionsOf(o.permissions ?? "read-only");
    this.#limits = o.limits ?? {};
    this.#onLogin = o.onLogin;
  }

  /** Both names are one account, `anonymous`, in any mix of upper and lower case, as browsers send it. */
  async authenticate(attempt: LoginAttempt): Promise<LoginAnswer> {
    if (!NAMES.includes(attempt.name.toLowerCase())) return { refused: "credentials" };
    // A certificate is nobody's anonymous login: PASS, with an address or not, is still awaited.
    if (attempt.password === undefined && attempt.tls !== undefined) return { refused: "credentials" };
    const storage = await this.#openStorage(attempt);
    this.#onLogin?.({ peer: attempt.peer, email: emailOf(attempt.password) });
    const [home, permissions, limits] = [this.#home, this.#permissions, this.#limits];
    return { ok: { name: "anonymous", storage, home, permissions, limits, anonymous: true } };
  }

  async open(account: Account): Promise<AccountLease | { readonly refused: Refusal }> {
    return this.#leases.open(account, (before) => before);
  }
}

function emailOf(password: string | undefined): string | undefined {
  return password !== undefined && /^[^\s@]{1,64}@[^\s@]{0,64}$/.test(password) ? password : undefined;
}
