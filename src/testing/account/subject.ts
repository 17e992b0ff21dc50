/** The account store under test, with short ways to log in. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type {
  Account,
  AccountLease,
  AccountStore,
  LoginAttempt,
  Permission,
  Refusal,
} from "../../accounts/accounts.js";

/** An account that the tests need; the storage behind it is the store's own affair. */
export interface AccountSpecification {
  readonly name: string;
  readonly password: string;
  /** On every pathname; all when absent. */
  readonly permissions?: readonly Permission[];
  /** Sessions at once; as many as come when absent. */
  readonly sessions?: number;
  /** Never set unless the store can do it, see {@link AccountCapabilities}. */
  readonly disabled?: boolean;
}

export interface AccountCapabilities {
  /** Whether an account can be there and disabled. */
  readonly disabled: boolean;
  /** Whether `open` counts sessions and keeps to the limit of each account. */
  readonly sessionLimits: boolean;
  /** Whether accounts have permissions of their own. */
  readonly permissions: boolean;
}

export interface AccountStoreUnderTest {
  /** With exactly the accounts that were asked for. */
  readonly store: AccountStore;
  dispose(): Promise<void>;
}

export type MakeStore = (accounts: readonly AccountSpecification[]) => Promise<AccountStoreUnderTest>;

export class AccountSuite {
  readonly capabilities: AccountCapabilities;
  readonly #make: MakeStore;

  constructor(make: MakeStore, capabilities: AccountCapabilities) {
    this.#make = make;
    this.capabilities = capabilities;
  }

  test(
    name: string,
    o: { readonly accounts: readonly AccountSpecification[]; readonly needs?: keyof AccountCapabilities },
    run: (subject: AccountSubject) => Promise<void>,
  ): void {
    test(name, async (t) => {
      if (o.needs !== undefined && !this.capabilities[o.needs]) {
        t.skip(`the store lacks: ${o.needs}`);
        return;
      }
      const under = await this.#make(o.accounts);
      try {
        await run(new AccountSubject(under.store));
      } finally {
        await under.dispose();
      }
    });
  }
}

export class AccountSubject {
  readonly store: AccountStore;
  #sessions = 0;

  constructor(store: AccountStore) {
    this.store = store;
  }

  attempt(
    name: string,
    password: string | undefined,
    signal: AbortSignal = new AbortController().signal,
  ): LoginAttempt {
    return {
      name,
      ...(password === undefined ? {} : { password }),
      peer: { address: "192.0.2.7", port: 50_000 },
      local: { address: "192.0.2.1", port: 21 },
      signal,
    };
  }

  async login(name: string, password: string): Promise<Account> {
    const answer = await this.store.authenticate(this.attempt(name, password));
    assert.ok("ok" in answer, `${JSON.stringify(name)} was refused: ${JSON.stringify(answer)}`);
    assert.equal(answer.ok.name, name);
    return answer.ok;
  }

  /** Why a login is refused. Fails when it is not. */
  async refusal(name: string, password: string | undefined): Promise<Refusal> {
    const answer = await this.store.authenticate(this.attempt(name, password));
    if ("refused" in answer) return answer.refused;
    assert.fail(`${JSON.stringify(name)} was let in with ${JSON.stringify(password)}`);
  }

  async assertWrong(name: string, password: string | undefined): Promise<void> {
    const shown = `${JSON.stringify(name.slice(0, 60))} with ${JSON.stringify(password?.slice(0, 60))}`;
    assert.equal(await this.refusal(name, password), "credentials", shown);
  }

  async open(account: Account): Promise<AccountLease | { readonly refused: Refusal }> {
    assert.ok(this.store.open !== undefined, "the store opens sessions");
    this.#sessions += 1;
    const session = { id: `session ${this.#sessions}`, peer: { address: "192.0.2.7", port: 50_000 } };
    return this.store.open(account, session);
  }

  async lease(account: Account): Promise<AccountLease> {
    const answer = await this.open(account);
    assert.ok(!("refused" in answer), `the session was refused: ${JSON.stringify(answer)}`);
    return answer;
  }
}
