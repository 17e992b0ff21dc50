/** Accounts that logged in lately, for logins while the database is away. */
import type { ObjectId } from "mongodb";
import type { AccountRecord } from "../record.js";
import type { FoundAccount } from "./directory.js";

export interface CacheOptions {
  /** Accounts that are kept; 0 switches the cache off. 1000 by default. */
  readonly accounts?: number;
  /** Milliseconds that one is kept after it was read; five minutes by default. */
  readonly age?: number;
}

interface Recent {
  readonly found: FoundAccount;
  /** Its `_id` in hexadecimal. */
  readonly key: string;
  readonly at: number;
}

export class RecentAccounts {
  readonly #most: number;
  readonly #age: number;
  /** In the order of their last login. */
  readonly #accounts = new Map<string, Recent>();

  constructor(o: CacheOptions = {}) {
    this.#most = o.accounts ?? 1000;
    this.#age = o.age ?? 5 * 60_000;
  }

  put(found: FoundAccount): void {
    const { name } = found.record;
    this.#accounts.delete(name);
    if (this.#most <= 0) return;
    this.#accounts.set(name, { found, key: found.id.toHexString(), at: performance.now() });
    for (const oldest of this.#accounts.keys()) {
      if (this.#accounts.size <= this.#most) break;
      this.#accounts.delete(oldest);
    }
  }

  get(name: string): FoundAccount | undefined {
    const kept = this.#accounts.get(name);
    return kept === undefined || performance.now() - kept.at > this.#age ? undefined : kept.found;
  }

  get ids(): readonly ObjectId[] {
    return [...this.#accounts.values()].map(({ found }) => found.id);
  }

  /**
   * What those with these `_id`s are now; who is not in `now` is gone. That they were read makes them no younger:
   * nobody logged in.
   */
  renew(asked: ReadonlySet<string>, now: ReadonlyMap<string, AccountRecord | "invalid">): void {
    for (const [name, { found, key, at }] of this.#accounts) {
      if (!asked.has(key)) continue;
      const record = now.get(key);
      if (record === undefined || record === "invalid" || record.name !== name) this.#accounts.delete(name);
      else this.#accounts.set(name, { found: { id: found.id, record }, key, at });
    }
  }

  /** It is gone, or may be. */
  forget(name: string): void {
    this.#accounts.delete(name);
  }
}
