/** One session's hold on an account. */
import type { Allowance, Use } from "../../storage/allowance.js";
import type { Account, AccountLease } from "../accounts.js";
import type { KnownAccount } from "./known.js";

export class MongoLease implements AccountLease {
  /** As the session began. */
  readonly known: KnownAccount;
  #account: Account | undefined;
  readonly #allowance: Allowance | undefined;
  readonly #end: (lease: MongoLease) => Promise<void>;
  readonly #listeners: (() => void)[] = [];
  #ended: Promise<void> | undefined;

  constructor(
    account: Account,
    known: KnownAccount,
    allowance: Allowance | undefined,
    end: (lease: MongoLease) => Promise<void>,
  ) {
    this.#account = account;
    this.known = known;
    this.#allowance = allowance;
    this.#end = end;
  }

  /** Once undefined it stays so. */
  get current(): Account | undefined {
    return this.#account;
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  reserve(use: Use): void | Promise<void> {
    return this.#allowance?.reserve(use);
  }

  /** Undefined when the account is gone. */
  renew(now: KnownAccount | undefined): void {
    const before = this.#account;
    if (before === undefined) return;
    if (now !== undefined && now.permissions === before.permissions && now.limits === before.limits) return;
    this.#account = now && { ...before, permissions: now.permissions, limits: now.limits };
    for (const listener of this.#listeners) listener();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#ended ??= this.#end(this);
    return this.#ended;
  }
}
