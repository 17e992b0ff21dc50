/** Who may log in, and what an account may do. Stores of any kind implement {@link AccountStore}. */
import type { Pathname } from "../protocol/pathname.js";
import type { Storage } from "../storage/storage.js";

export const PERMISSIONS = [
  "list",
  "download",
  "upload",
  "overwrite",
  "append",
  "delete",
  "rename",
  "make-directory",
  "remove-directory",
  "set-times",
  "set-mode",
] as const;

export type Permission = (typeof PERMISSIONS)[number];

/** What an account may do, and where. */
export interface Permissions {
  /** True when every pathname has the same permissions; then links need not be resolved to ask. */
  readonly uniform: boolean;
  allows(permission: Permission, path: Pathname): boolean;
  /** Whether they are the same for a pathname and all below it. Without it no directory can be renamed, unless `uniform`. */
  uniformBelow?(path: Pathname): boolean;
}

/** Bounds for one account; what is absent is bounded by the server's own limits only. */
export interface AccountLimits {
  /** Sessions at once. */
  readonly sessions?: number;
  /** Bytes per second of one transfer. */
  readonly uploadRate?: number;
  readonly downloadRate?: number;
  /** Seconds without a command or a moving transfer. */
  readonly idleTimeout?: number;
}

export interface Account {
  readonly name: string;
  readonly storage: Storage;
  /** The working directory after login. */
  readonly home: Pathname;
  readonly permissions: Permissions;
  readonly limits: AccountLimits;
  /** Anonymous logins share no parts of broken uploads. */
  readonly anonymous?: boolean;
  /** "login": only in TLS may it log in; "data": and its data connections have to be in TLS too. */
  readonly requireTls?: "login" | "data";
  /** Mount profiles for SMNT (RFC 959 4.1.1): another storage, or another directory of this one. */
  readonly mounts?: ReadonlyMap<string, { readonly storage: Storage; readonly home: Pathname }>;
}

export interface Peer {
  readonly address: string;
  readonly port: number;
}

export interface LoginAttempt {
  /** As the client sent it; not yet known to be an account. */
  readonly name: string;
  readonly password?: string;
  /** The argument of ACCT, when it was given. */
  readonly account?: string;
  /** The argument of HOST (RFC 7151), when it was given. */
  readonly host?: string;
  readonly peer: Peer;
  readonly local: Peer;
  /**
   * Present when the control connection is in TLS. `certificate` is the client's, in DER, and was checked: the
   * client has its key, and the server's authorities vouch for it. Whose it is, is the store's to say.
   */
  readonly tls?: { readonly certificate?: Uint8Array; readonly serverName?: string };
  readonly signal: AbortSignal;
}

export type Refusal =
  | "credentials"
  | "account-needed"
  | "tls-needed"
  /** Or expired. */
  | "disabled"
  /** Not from this address. */
  | "network"
  | "limit"
  | "unavailable";

export type LoginAnswer = { readonly ok: Account } | { readonly refused: Refusal };

export interface AccountStore {
  /**
   * Called once for each PASS (and again after ACCT); and without a password for each USER of a client that has
   * a certificate, where "credentials" means that a password is still needed. Unknown and known names must cost the same time.
   * Throwing counts as "unavailable".
   */
  authenticate(attempt: LoginAttempt): Promise<LoginAnswer>;
  /** Counts the session, over all nodes where the store is shared. Absent: the account as it was at login. */
  open?(
    account: Account,
    session: { readonly id: string; readonly peer: Peer },
  ): Promise<AccountLease | { readonly refused: Refusal }>;
  /** Gives back files, timers and connections. */
  close?(): void | Promise<void>;
}

/** An account in use by one session; disposing of it ends the count. */
export interface AccountLease extends AsyncDisposable {
  /** What holds now; asked at every command. Undefined when the account is gone or disabled. */
  readonly current: Account | undefined;
  onChange(listener: () => void): void;
  /**
   * Before bytes or files are added; throws StorageError "quota" when there is no room. A store that keeps quotas
   * gives its accounts a storage that asks here, such as `quota(storage, lease)`; the server itself does not.
   */
  reserve(use: { readonly bytes?: number; readonly files?: number }): void | Promise<void>;
}
