/** One ledger per account that has a quota and sessions here. */
import type { ObjectId } from "mongodb";
import type { AccountQuota } from "../record.js";
import { AccountsDatabaseError } from "./database-error.js";
import { Ledger, type LedgerOptions } from "./ledger.js";
import type { Amount } from "./usage.js";

/** Milliseconds that a ledger is kept without a session: between login and session, and between two sessions. */
const KEPT = 10_000;

interface Kept {
  readonly ledger: Ledger;
  readonly opened: Promise<void>;
  quota: AccountQuota;
  unusedSince: number;
}

export class Ledgers {
  readonly #o: Pick<LedgerOptions, "database" | "node">;
  readonly #kept = new Map<string, Kept>();

  constructor(o: Pick<LedgerOptions, "database" | "node">) {
    this.#o = o;
  }

  get(account: ObjectId): Ledger | undefined {
    return this.#kept.get(account.toHexString())?.ledger;
  }

  /**
   * While the database is away, one that gives nothing until it is back.
   * @throws AccountsDatabaseError for other reasons.
   */
  async open(account: ObjectId, quota: AccountQuota, measure: () => Promise<Amount>): Promise<Ledger> {
    const key = account.toHexString();
    const before = this.#kept.get(key);
    if (before !== undefined) {
      before.unusedSince = performance.now();
      await before.opened.catch(() => undefined);
      return before.ledger;
    }
    const ledger = new Ledger({ ...this.#o, account, measure, quota: () => kept.quota });
    const kept: Kept = { ledger, opened: ledger.open(), quota, unusedSince: performance.now() };
    this.#kept.set(key, kept);
    try {
      await kept.opened;
    } catch (error) {
      if (error instanceof AccountsDatabaseError && error.problem === "unavailable") return ledger;
      this.#kept.delete(key);
      throw error;
    }
    return ledger;
  }

  /** The account has another quota now; no quota is no bound, and goes on being counted. */
  change(account: ObjectId, quota: AccountQuota | undefined): void {
    const kept = this.#kept.get(account.toHexString());
    if (kept !== undefined) kept.quota = quota ?? {};
  }

  /** Ends those that nobody uses, when the database knows all of them. */
  async sweep(isUsed: (account: string) => boolean): Promise<void> {
    const now = performance.now();
    for (const [key, kept] of [...this.#kept]) {
      if (isUsed(key)) kept.unusedSince = now;
      if (now - kept.unusedSince < KEPT || kept.ledger.dirty) continue;
      this.#kept.delete(key);
      await kept.ledger.close();
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#kept.values()].map(({ ledger }) => ledger.close()));
  }
}
