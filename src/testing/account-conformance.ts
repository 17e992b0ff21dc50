/**
 * What every account store must do, as tests. In a test file of your own:
 *
 * ```ts
 * import { accountConformance } from "ferry/testing";
 *
 * accountConformance({
 *   name: "my accounts",
 *   async make(accounts) {
 *     const store = new MyAccounts();
 *     for (const account of accounts) await store.add(account);
 *     return { store, dispose: () => store.close() };
 *   },
 * });
 * ```
 *
 * That unknown names cost the same time as known ones is not measured here: on a busy machine it would fail now
 * and then, and pass for a small difference.
 */
import { describe } from "node:test";
import { loginTests } from "./account/login.js";
import { sessionTests } from "./account/sessions.js";
import { type AccountCapabilities, AccountSuite, type MakeStore } from "./account/subject.js";

export type {
  AccountCapabilities,
  AccountSpecification,
  AccountStoreUnderTest,
} from "./account/subject.js";

export interface AccountConformance {
  readonly name: string;
  /** Called for each test. Use the cheapest password hash that the store takes: there are many logins. */
  readonly make: MakeStore;
  /** What the store cannot do; all true when absent. */
  readonly capabilities?: Partial<AccountCapabilities>;
}

/** Registers the tests with node:test. */
export function accountConformance(o: AccountConformance): void {
  const capabilities = { disabled: true, sessionLimits: true, permissions: true, ...o.capabilities };
  const suite = new AccountSuite((accounts) => o.make(accounts), capabilities);
  describe(o.name, () => {
    describe("logging in", () => loginTests(suite));
    describe("sessions", () => sessionTests(suite));
  });
}
