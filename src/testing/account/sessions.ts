import assert from "node:assert/strict";
import type { AccountLease } from "../../accounts/accounts.js";
import type { AccountSuite } from "./subject.js";

const ALICE = { name: "alice", password: "correct horse", sessions: 3 };
const BOB = { name: "bob", password: "battery staple" };

/** Of `AccountStore.open`. */
export function sessionTests(suite: AccountSuite): void {
  const both = { accounts: [ALICE, BOB], needs: "sessionLimits" } as const;

  suite.test("leases the account that logged in", both, async (s) => {
    const account = await s.login("alice", "correct horse");
    assert.equal(account.limits.sessions, 3);
    const lease = await s.lease(account);
    assert.equal(lease.current?.name, "alice");
    assert.equal(lease.current?.storage, account.storage);
    lease.onChange(() => assert.fail("nothing changed"));
    await lease.reserve({ bytes: 1, files: 1 });
    await lease.reserve({ bytes: -1, files: -1 });
    await lease[Symbol.asyncDispose]();
  });

  suite.test('refuses the session that is one too many: "limit"', both, async (s) => {
    const account = await s.login("alice", "correct horse");
    const leases = [await s.lease(account), await s.lease(account), await s.lease(account)];
    assert.deepEqual(await s.open(account), { refused: "limit" });
    const again = await s.login("alice", "correct horse");
    assert.deepEqual(await s.open(again), { refused: "limit" });
    await Promise.all(leases.map((lease) => lease[Symbol.asyncDispose]()));
    await (await s.lease(account))[Symbol.asyncDispose]();
  });

  suite.test("counts a session that ended no longer, and no session twice", both, async (s) => {
    const account = await s.login("alice", "correct horse");
    const leases = [await s.lease(account), await s.lease(account), await s.lease(account)];
    const [first] = leases as [AccountLease, AccountLease, AccountLease];
    await first[Symbol.asyncDispose]();
    await first[Symbol.asyncDispose]();
    leases.push(await s.lease(account));
    assert.deepEqual(await s.open(account), { refused: "limit" });
    for (const lease of leases) await lease[Symbol.asyncDispose]();
  });

  suite.test("lets exactly as many in as may, when all come at once", both, async (s) => {
    const account = await s.login("alice", "correct horse");
    const answers = await Promise.all(Array.from({ length: 12 }, () => s.open(account)));
    const leases = answers.flatMap((answer) => ("refused" in answer ? [] : [answer]));
    assert.equal(leases.length, 3);
    for (const answer of answers) if ("refused" in answer) assert.equal(answer.refused, "limit");
    await Promise.all(leases.map((lease) => lease[Symbol.asyncDispose]()));
  });

  suite.test("counts each account for itself, and does not stop one without a limit", both, async (s) => {
    const alice = await s.login("alice", "correct horse");
    const bob = await s.login("bob", "battery staple");
    const leases = [await s.lease(alice), await s.lease(alice), await s.lease(alice)];
    for (let n = 0; n < 20; n++) leases.push(await s.lease(bob));
    assert.deepEqual(await s.open(alice), { refused: "limit" });
    await Promise.all(leases.map((lease) => lease[Symbol.asyncDispose]()));
  });
}
