/** Accounts that logged in lately, for logins while the database is away. */
import type { FoundAccount } from "./directory.js";

export interface CacheOptions {
  /** Accounts that are kept; 0 switches the cache off. 1000 by default. */
  readonly accounts?: number;
  /** Milliseconds that one is kept after it was read; five minutes by default. */
  readonly age?: number;
}

export class RecentAccounts {
  readonly #most: number;
  readonly #age: number;
  /** In the order of their last login. */
  readonly #accounts = new Map<string, { readonly found: FoundAccount; readonly at: number }>();

  constructor(o: CacheOptions = {}) {
    this.#most = o.accounts ?? 1000;
    this.#age = o.age ?? 5 * 60_000;
  }

  put(found: FoundAccount): void {
    const { name } = found.record;
    this.#accounts.delete(name);
    if (this.#most <= 0) return;
    this.#accounts.set(name, { found, at: performance.now() });
    for (const oldest of this.#accounts.keys()) {
      if (this.#accounts.size <= this.#most) break;
      this.#accounts.delete(oldest);
    }
  }

  get(name: string): FoundAccount | undefined {
    const kept = this.#accounts.get(name);
    return kept === undefined || performance.now() - kept.at > this.#age ? undefined : kept.found;
  }

  /** It is gone, or may be. */
  forget(name: string): void {
    this.#accounts.delete(name);
  }
}
