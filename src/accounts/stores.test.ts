import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Storage } from "../storage/storage.js";
import type { Account, AccountLease, AccountStore, LoginAnswer, LoginAttempt } from "./accounts.js";
import { AnonymousAccounts } from "./anonymous.js";
import { CombinedAccounts } from "./combined.js";
import { type MemoryAccount, MemoryAccounts } from "./memory.js";
import { isAccountName } from "./name.js";
import { Passwords } from "./password.js";

const passwords = new Passwords({ cost: { memory: 64, passes: 1 } });

/** Counts what verifying costs, in order. */
class CountedPasswords extends Passwords {
  readonly verified: string[] = [];

  constructor() {
    super({ cost: { memory: 64, passes: 1 } });
  }

  override verify(hash: string, password: string, signal?: AbortSignal): Promise<boolean> {
    this.verified.push(hash.slice(0, hash.lastIndexOf(",")));
    return super.verify(hash, password, signal);
  }
}

function unused(): never {
  throw new Error("no test here calls this");
}

const storage: Storage = {
  stat: unused,
  list: unused,
  openRead: unused,
  openWrite: unused,
  remove: unused,
  makeDirectory: unused,
  removeDirectory: unused,
  rename: unused,
};

function login(name: string, password?: string): LoginAttempt {
  return {
    name,
    ...(password !== undefined && { password }),
    peer: { address: "127.0.0.1", port: 5000 },
    local: { address: "127.0.0.1", port: 21 },
    signal: new AbortController().signal,
  };
}

function accepted(answer: LoginAnswer): Account {
  assert("ok" in answer, JSON.stringify(answer));
  return answer.ok;
}

function leased(answer: AccountLease | { readonly refused: string }): AccountLease {
  assert(!("refused" in answer), JSON.stringify(answer));
  return answer;
}

const session = { id: "1", peer: { address: "127.0.0.1", port: 5000 } };

describe("account names", () => {
  test("are 1 to 128 characters without slash and control characters, and upper and lower case differ", () => {
    for (const name of [
      "a",
      "x".repeat(128),
      "Ann Lee",
      "ann@example.com",
      "日本語",
      "🙂",
      "..",
      "__proto__",
    ]) {
      assert.equal(isAccountName(name), true, name);
    }
    for (const name of ["", "x".repeat(129), "a/b", "a\nb", "a\0", "\x7f", "\x85", "\u2028", "\udc80"]) {
      assert.equal(isAccountName(name), false, JSON.stringify(name));
    }
  });
});

describe("accounts in memory", () => {
  test("let in with the right password, in clear or hashed, and nobody else", async () => {
    const store = new MemoryAccounts(
      [
        { name: "clear", password: "sesame", storage },
        { name: "hashed", passwordHash: await passwords.hash("sesame"), storage, home: "/pub" },
      ],
      { passwords },
    );
    assert.equal(accepted(await store.authenticate(login("clear", "sesame"))).home, "/");
    assert.equal(accepted(await store.authenticate(login("hashed", "sesame"))).home, "/pub");
    for (const [name, password] of [
      ["clear", "Sesame"],
      ["clear", ""],
      ["clear", undefined],
      ["hashed", "wrong"],
      ["hashed", undefined],
      ["Clear", "sesame"],
      ["nobody", "sesame"],
      ["", ""],
      ["a/b", "sesame"],
    ] as const) {
      assert.deepEqual(await store.authenticate(login(name, password)), { refused: "credentials" });
    }
  });

  test("named like members of every object are ordinary", async () => {
    const names = ["__proto__", "constructor", "toString", "hasOwnProperty"];
    const empty = new MemoryAccounts([]);
    for (const name of names) {
      assert.deepEqual(await empty.authenticate(login(name, "x")), { refused: "credentials" });
    }
    const store = new MemoryAccounts(names.map((name) => ({ name, password: `p-${name}`, storage })));
    for (const name of names) {
      const account = accepted(await store.authenticate(login(name, `p-${name}`)));
      leased(await store.open(account));
    }
  });

  test("cost no hash in a store without hashes", async () => {
    const counted = new CountedPasswords();
    const store = new MemoryAccounts([{ name: "clear", password: "sesame", storage }], {
      passwords: counted,
    });
    for (const name of ["clear", "nobody"]) await store.authenticate(login(name, "wrong"));
    assert.deepEqual(counted.verified, []);
  });

  test("cost one verification of the same parameters for each wrong password, known name or not", async () => {
    const hash = await passwords.hash("sesame");
    for (const name of ["clear", "hashed", "nobody", "", "bad/name", "x".repeat(5000)]) {
      const counted = new CountedPasswords();
      const store = new MemoryAccounts(
        [
          { name: "clear", password: "sesame", storage },
          { name: "hashed", passwordHash: hash, storage },
        ],
        { passwords: counted },
      );
      assert.deepEqual(await store.authenticate(login(name, "wrong")), { refused: "credentials" });
      assert.deepEqual(counted.verified, [hash.slice(0, hash.lastIndexOf(","))], name);
    }
  });

  test("open a storage for each login, or share one that sessions do not close", async () => {
    let opened = 0;
    let closed = 0;
    const shared: Storage = {
      ...storage,
      close() {
        closed += 1;
      },
    };
    const own: MemoryAccount["storage"] = async ({ name }) => {
      opened += 1;
      assert.equal(name, "own");
      return { ...shared };
    };
    const store = new MemoryAccounts([
      { name: "own", password: "x", storage: own },
      { name: "shared", password: "x", storage: shared },
    ]);
    accepted(await store.authenticate(login("own", "x"))).storage.close?.();
    accepted(await store.authenticate(login("own", "x"))).storage.close?.();
    assert.deepEqual([opened, closed], [2, 2]);
    assert.equal(accepted(await store.authenticate(login("shared", "x"))).storage.close, undefined);
  });

  test("are refused when they cannot be meant", async () => {
    const account = { name: "a", password: "x", storage };
    assert.throws(() => new MemoryAccounts([account, account]), /two accounts named "a"/);
    assert.throws(() => new MemoryAccounts([{ ...account, name: "a/b" }]), /not an account name/);
    assert.throws(() => new MemoryAccounts([{ ...account, password: "" }]), /empty/);
    assert.throws(
      () => new MemoryAccounts([{ name: "a", passwordHash: "x", storage }]),
      /not a password hash/,
    );
    assert.throws(() => new MemoryAccounts([{ ...account, home: "pub" }]), /not an absolute pathname/);
  });

  test("have as many sessions as their limit, and a place again when one ends", async () => {
    const store = new MemoryAccounts([{ name: "a", password: "x", storage, limits: { sessions: 2 } }]);
    const account = accepted(await store.authenticate(login("a", "x")));
    const first = leased(await store.open(account));
    leased(await store.open(account));
    assert.deepEqual(await store.open(account), { refused: "limit" });
    await first[Symbol.asyncDispose]();
    await first[Symbol.asyncDispose]();
    leased(await store.open(account));
    assert.deepEqual(await store.open(account), { refused: "limit" });
  });

  test("that are replaced change or leave the sessions that run, which are told", async () => {
    const store = new MemoryAccounts([
      { name: "stays", password: "x", storage },
      { name: "goes", password: "x", storage },
    ]);
    const stays = leased(await store.open(accepted(await store.authenticate(login("stays", "x")))));
    const late = accepted(await store.authenticate(login("goes", "x")));
    const goes = leased(await store.open(late));
    const told: string[] = [];
    stays.onChange(() => told.push("stays"));
    goes.onChange(() => told.push("goes"));
    assert.throws(() => store.replace([{ name: "", password: "x", storage }]), TypeError);
    assert.deepEqual(told, []);
    store.replace([
      { name: "stays", password: "y", storage, permissions: "read-only", limits: { sessions: 1 } },
    ]);
    assert.deepEqual(told.sort(), ["goes", "stays"]);
    assert.equal(goes.current, undefined);
    assert.equal(stays.current?.limits.sessions, 1);
    assert.equal(stays.current?.permissions.allows("upload", stays.current.home), false);
    assert.deepEqual(await store.open(late), { refused: "disabled" });
    store.replace([{ name: "goes", password: "x", storage }]);
    assert.equal(goes.current, undefined, "an account of the same name that comes later is another one");
  });
});

describe("anonymous accounts", () => {
  test("are anonymous and ftp with any password, read-only", async () => {
    const store = new AnonymousAccounts({ storage });
    for (const name of ["anonymous", "ftp", "Anonymous", "FTP"]) {
      const account = accepted(await store.authenticate(login(name, "guest@")));
      assert.equal(account.name, "anonymous");
      assert.equal(account.anonymous, true);
      assert.equal(account.permissions.allows("download", account.home), true);
      assert.equal(account.permissions.allows("upload", account.home), false);
    }
    accepted(await store.authenticate(login("ftp")));
    assert.deepEqual(await store.authenticate(login("root", "x")), { refused: "credentials" });
  });

  test("tell of the e-mail address, and not of what may be a password", async () => {
    const emails: (string | undefined)[] = [];
    const store = new AnonymousAccounts({ storage, onLogin: ({ email }) => emails.push(email) });
    for (const given of [
      "ann@example.com",
      "mozilla@",
      "hunter2",
      "p@ss word",
      `${"x".repeat(65)}@`,
      "a@b@c",
    ]) {
      await store.authenticate(login("ftp", given));
    }
    assert.deepEqual(emails, ["ann@example.com", "mozilla@", undefined, undefined, undefined, undefined]);
  });

  test("count all anonymous sessions together", async () => {
    const store = new AnonymousAccounts({ storage, limits: { sessions: 1 } });
    const lease = leased(await store.open(accepted(await store.authenticate(login("ftp", "x")))));
    const other = accepted(await store.authenticate(login("anonymous", "x")));
    assert.deepEqual(await store.open(other), { refused: "limit" });
    await lease[Symbol.asyncDispose]();
    leased(await store.open(other));
  });
});

describe("several stores as one", () => {
  const answering = (answer: LoginAnswer | Error, asked: string[] = [], name = ""): AccountStore => ({
    async authenticate() {
      asked.push(name);
      if (answer instanceof Error) throw answer;
      return answer;
    },
  });
  const ok = { ok: { name: "a" } as Account };

  test("ask in order until one decides", async () => {
    for (const [answers, expected, asks] of [
      [[{ refused: "credentials" }, ok, { refused: "disabled" }], ok, 2],
      [[{ refused: "disabled" }, ok], { refused: "disabled" }, 1],
      [[{ refused: "unavailable" }, ok], ok, 2],
      [[{ refused: "unavailable" }, { refused: "credentials" }], { refused: "unavailable" }, 2],
      [[{ refused: "credentials" }, { refused: "credentials" }], { refused: "credentials" }, 2],
      [[new Error("away"), ok], ok, 2],
      [[], { refused: "credentials" }, 0],
    ] as const) {
      const asked: string[] = [];
      const store = new CombinedAccounts(answers.map((answer) => answering(answer, asked)));
      assert.deepEqual(await store.authenticate(login("a", "x")), expected);
      assert.equal(asked.length, asks);
    }
  });

  test("throw what one threw when none takes the attempt", async () => {
    const store = new CombinedAccounts([answering(new Error("away")), answering({ refused: "credentials" })]);
    await assert.rejects(store.authenticate(login("a", "x")), /away/);
  });

  test("cost the same for a wrong password, whichever store knows the name, or none", async () => {
    const hash = await passwords.hash("sesame");
    const costs = await Promise.all(
      ["clear", "hashed", "nobody"].map(async (name) => {
        const counted = new CountedPasswords();
        const store = new CombinedAccounts([
          new AnonymousAccounts({ storage }),
          new MemoryAccounts([{ name: "clear", password: "sesame", storage }], { passwords: counted }),
          new MemoryAccounts([{ name: "hashed", passwordHash: hash, storage }], { passwords: counted }),
        ]);
        assert.deepEqual(await store.authenticate(login(name, "wrong")), { refused: "credentials" });
        return counted.verified;
      }),
    );
    assert.equal(costs[0]?.length, 1);
    assert.deepEqual(costs[0], costs[1]);
    assert.deepEqual(costs[0], costs[2]);
  });

  test("open an account in the store that it came from, and count it themselves where that store cannot", async () => {
    const limited = new MemoryAccounts([{ name: "a", password: "x", storage, limits: { sessions: 0 } }]);
    const plain = answering({
      ok: { ...accepted(await limited.authenticate(login("a", "x"))), name: "b", limits: { sessions: 1 } },
    });
    const store = new CombinedAccounts([limited, plain]);
    const a = accepted(await store.authenticate(login("a", "x")));
    assert.deepEqual(await store.open(a, session), { refused: "limit" });
    const b = accepted(await store.authenticate(login("b", "x")));
    leased(await store.open(b, session));
    assert.deepEqual(await store.open(b, session), { refused: "limit" });
  });

  test("are all closed, also when one fails", async () => {
    const closed: string[] = [];
    const store = new CombinedAccounts([
      { ...answering(ok), close: () => Promise.reject(new Error("stuck")) },
      { ...answering(ok), close: () => void closed.push("second") },
      answering(ok),
    ]);
    await assert.rejects(Promise.resolve(store.close()), AggregateError);
    assert.deepEqual(closed, ["second"]);
  });
});
