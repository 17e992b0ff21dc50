/** Leases on accounts of one process: counted by name, following changes of the store. */
import type { Account, AccountLease, Refusal } from "./accounts.js";

/** What has become of an account since; undefined when it is gone, the same object when nothing changed. */
export type Renew = (account: Account) => Account | undefined;

export class Leases {
  readonly #counts = new Map<string, number>();
  readonly #open = new Set<Lease>();

  /**
   * "limit" when the account has as many sessions as its limits allow; "disabled" when it went away since it
   * was authenticated.
   */
  open(account: Account, renew: Renew): AccountLease | { readonly refused: Refusal } {
    const current = renew(account);
    if (current === undefined) return { refused: "disabled" };
    const count = this.sessionsOf(account.name);
    if (count >= (current.limits.sessions ?? Number.POSITIVE_INFINITY)) return { refused: "limit" };
    this.#counts.set(account.name, count + 1);
    const lease = new Lease(current, renew, () => this.#end(lease, account.name));
    this.#open.add(lease);
    return lease;
  }

  sessionsOf(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  /** The store changed: leases whose account did are told. */
  changed(): void {
    for (const lease of [...this.#open]) lease.refresh();
  }

  #end(lease: Lease, name: string): void {
    if (!this.#open.delete(lease)) return;
    const left = this.sessionsOf(name) - 1;
    if (left === 0) this.#counts.delete(name);
    else this.#counts.set(name, left);
  }
}

class Lease implements AccountLease {
  #account: Account | undefined;
  readonly #renew: Renew;
  readonly #end: () => void;
  readonly #listeners: (() => void)[] = [];

  constructor(account: Account, renew: Renew, end: () => void) {
    this.#account = account;
    this.#renew = renew;
    this.#end = end;
  }

  /** Once undefined it stays so: an account of the same name that comes later is another one. */
  get current(): Account | undefined {
    return this.#account;
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  reserve(): void {}

  refresh(): void {
    if (this.#account === undefined) return;
    const now = this.#renew(this.#account);
    if (now === this.#account) return;
    this.#account = now;
    for (const listener of this.#listeners) listener();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end();
  }
}
