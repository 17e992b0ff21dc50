/** Where `ferry serve --accounts` keeps accounts. */
import type { AccountStore } from "../../accounts/accounts.js";
import type { Audit } from "../../accounts/mongodb/audit.js";

/** Read again on SIGHUP, and closed at the end. */
export interface KeptAccounts {
  readonly store: AccountStore;
  /** What records logins and transfers, in a database. */
  readonly audit?: Audit;
  reload(): Promise<void>;
  close(): Promise<void>;
}
