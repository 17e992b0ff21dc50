/** The accounts that sessions of this process use, following what becomes of them. */
import type { ObjectId } from "mongodb";
import type { Permissions } from "../accounts.js";
import { usableRefusal } from "../login-rules.js";
import type { AccountRecord } from "../record.js";
import type { FoundAccount } from "./directory.js";
import { type KnownAccount, knownAccount, sameFolders } from "./known.js";
import type { MongoLease } from "./lease.js";

interface Used {
  /** As last read. */
  known: KnownAccount;
  readonly leases: Set<MongoLease>;
}

export class AccountsInUse {
  readonly #atMost: Permissions | undefined;
  readonly #used = new Map<string, Used>();

  constructor(atMost: Permissions | undefined) {
    this.#atMost = atMost;
  }

  get ids(): readonly ObjectId[] {
    return [...this.#used.values()].map(({ known }) => known.id);
  }

  /** @param account Its `_id` in hexadecimal. */
  has(account: string): boolean {
    return this.#used.has(account);
  }

  /** The same objects as sessions of the account have, where nothing changed. */
  known(found: FoundAccount): KnownAccount {
    return knownAccount(found, this.#used.get(found.id.toHexString())?.known, this.#atMost);
  }

  add(lease: MongoLease): void {
    const key = lease.known.id.toHexString();
    const used = this.#used.get(key) ?? { known: lease.known, leases: new Set() };
    used.leases.add(lease);
    this.#used.set(key, used);
  }

  remove(lease: MongoLease): void {
    const key = lease.known.id.toHexString();
    const used = this.#used.get(key);
    used?.leases.delete(lease);
    if (used?.leases.size === 0) this.#used.delete(key);
  }

  /** What the account is now; undefined when it is gone. */
  renew(id: ObjectId, record: AccountRecord | undefined, now: number): void {
    const used = this.#used.get(id.toHexString());
    if (used === undefined) return;
    const usable = record !== undefined && usableRefusal(record, now) === undefined;
    if (usable) used.known = knownAccount({ id, record }, used.known, this.#atMost);
    for (const lease of [...used.leases]) {
      lease.renew(usable && sameFolders(lease.known.record, record) ? used.known : undefined);
    }
  }

  expire(now: number): void {
    for (const { known } of [...this.#used.values()]) {
      if (usableRefusal(known.record, now) !== undefined) this.renew(known.id, undefined, now);
    }
  }
}
