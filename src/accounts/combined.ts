/** Several stores as one. */
import type {
  Account,
  AccountLease,
  AccountStore,
  LoginAnswer,
  LoginAttempt,
  Peer,
  Refusal,
} from "./accounts.js";
import { Leases } from "./lease.js";

/**
 * Asks the stores in order; the first that does not answer "credentials" decides. An attempt that fails has
 * always asked them all, whether one of them knows the name or not, so it costs the same. A store that is
 * unavailable, or throws, does not stand in the way of the others; its answer counts when none takes the attempt.
 */
export class CombinedAccounts implements AccountStore {
  readonly #stores: readonly AccountStore[];
  readonly #storeOf = new WeakMap<Account, AccountStore>();
  /** For stores that count nothing themselves. */
  readonly #leases = new Leases();

  constructor(stores: readonly AccountStore[]) {
    this.#stores = [...stores];
  }

  async authenticate(attempt: LoginAttempt): Promise<LoginAnswer> {
    let refused: Refusal = "credentials";
    const failures: unknown[] = [];
    for (const store of this.#stores) {
      let answer: LoginAnswer;
      try {
        answer = await store.authenticate(attempt);
      } catch (error) {
        attempt.signal.throwIfAborted();
        failures.push(error);
        continue;
      }
      if ("ok" in answer) {
        this.#storeOf.set(answer.ok, store);
        return answer;
      }
      if (answer.refused === "unavailable") refused = "unavailable";
      else if (answer.refused !== "credentials") return answer;
    }
    if (failures.length > 0) throw failures[0];
    return { refused };
  }

  async open(
    account: Account,
    session: { readonly id: string; readonly peer: Peer },
  ): Promise<AccountLease | { readonly refused: Refusal }> {
    const store = this.#storeOf.get(account);
    return store?.open?.(account, session) ?? this.#leases.open(account, (before) => before);
  }

  /** Closes every store, also when closing one fails. */
  async close(): Promise<void> {
    const results = await Promise.allSettled(this.#stores.map(async (store) => store.close?.()));
    const failed = results.filter((result) => result.status === "rejected").map(({ reason }) => reason);
    if (failed.length > 0) throw new AggregateError(failed, "account stores did not close");
  }
}
