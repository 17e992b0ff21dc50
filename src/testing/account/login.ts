import assert from "node:assert/strict";
import { PERMISSIONS } from "../../accounts/accounts.js";
import { pathname, ROOT } from "../../protocol/pathname.js";
import type { AccountSuite } from "./subject.js";

const ALICE = { name: "alice", password: "correct horse" };
const BOB = { name: "bob", password: "battery staple" };

export function loginTests(suite: AccountSuite): void {
  suite.test("lets in who knows the password", { accounts: [ALICE, BOB] }, async (s) => {
    const alice = await s.login("alice", "correct horse");
    assert.equal(alice.home.startsWith("/"), true);
    const root = await alice.storage.stat(ROOT, { signal: new AbortController().signal });
    assert.equal(root.type, "directory");
    await s.login("bob", "battery staple");
    await s.login("alice", "correct horse");
  });

  suite.test("lets nobody in with a wrong password", { accounts: [ALICE, BOB] }, async (s) => {
    const wrong = [
      "battery staple",
      "Correct Horse",
      "correct hors",
      "correct horse ",
      " correct horse",
      "correct horse\0",
      "correct horse\0x",
      "correct  horse",
      "correcthorse",
      "alice",
      "x".repeat(10_000),
      "correct horse".repeat(1000),
    ];
    for (const password of wrong) await s.assertWrong("alice", password);
    await s.login("alice", "correct horse");
  });

  suite.test("lets nobody in with no password", { accounts: [ALICE] }, async (s) => {
    await s.assertWrong("alice", "");
    await s.assertWrong("alice", undefined);
    await s.assertWrong("nobody", "");
    await s.assertWrong("nobody", undefined);
  });

  suite.test("lets nobody in without a name", { accounts: [ALICE] }, async (s) => {
    for (const password of ["", undefined, "correct horse"]) await s.assertWrong("", password);
  });

  suite.test("answers unknown names as it answers wrong passwords", { accounts: [ALICE] }, async (s) => {
    for (const name of ["nobody", "root", "admin", "anonymous", "ftp"]) {
      await s.assertWrong(name, "correct horse");
      await s.assertWrong(name, "anything");
    }
  });

  suite.test("takes names to the letter", { accounts: [ALICE] }, async (s) => {
    const names = [
      "Alice",
      "ALICE",
      "alice ",
      " alice",
      "alic",
      "alicee",
      "alice\0",
      "\uff41lice",
      "al\u00adice",
    ];
    for (const name of names) await s.assertWrong(name, "correct horse");
  });

  suite.test("takes names for names, not for questions", { accounts: [ALICE] }, async (s) => {
    for (const name of QUESTIONS) {
      await s.assertWrong(name, "correct horse");
      await s.assertWrong("alice", name);
      await s.assertWrong(name, name);
    }
    await s.login("alice", "correct horse");
  });

  suite.test("survives names and passwords of any length", { accounts: [ALICE] }, async (s) => {
    for (const length of [129, 1025, 10_240, 1_000_000]) {
      await s.assertWrong("a".repeat(length), "correct horse");
      await s.assertWrong("alice", "a".repeat(length));
      await s.assertWrong("\u{1f600}".repeat(length / 2), "\u{1f600}".repeat(length / 2));
    }
    await s.login("alice", "correct horse");
  });

  const unusual = UNUSUAL_NAMES.map((name, n) => ({ name, password: `password ${n}` }));
  suite.test("has accounts of every name that is allowed", { accounts: unusual }, async (s) => {
    for (const [n, { name, password }] of unusual.entries()) {
      await s.login(name, password);
      await s.assertWrong(name, `password ${(n + 1) % unusual.length}`);
    }
    // Written in another way, it is another name.
    await s.assertWrong("Ju\u0308rgen", "password 0");
  });

  const secrets = UNUSUAL_PASSWORDS.map((password, n) => ({ name: `user${n}`, password }));
  suite.test("has passwords of all characters", { accounts: secrets }, async (s) => {
    for (const { name, password } of secrets) {
      await s.login(name, password);
      await s.assertWrong(name, `${password}x`);
      await s.assertWrong(name, password.slice(0, -1));
    }
  });

  const long = { name: "long", password: `${"p".repeat(100)}1` };
  suite.test("compares long passwords to their end", { accounts: [long] }, async (s) => {
    await s.login("long", long.password);
    await s.assertWrong("long", `${"p".repeat(100)}2`);
    await s.assertWrong("long", "p".repeat(72));
  });

  suite.test("lets many log in at the same time, each as himself", { accounts: [ALICE, BOB] }, async (s) => {
    const attempts = Array.from({ length: 12 }, (_, n) => {
      if (n % 3 === 2) return s.assertWrong("alice", "battery staple");
      return s.login(n % 3 === 0 ? "alice" : "bob", n % 3 === 0 ? "correct horse" : "battery staple");
    });
    await Promise.all(attempts);
  });

  const disabled = { ...ALICE, disabled: true };
  suite.test(
    "keeps disabled accounts out, and tells only who knows the password",
    { accounts: [disabled, BOB], needs: "disabled" },
    async (s) => {
      const refused = await s.refusal("alice", "correct horse");
      assert.ok(refused === "disabled" || refused === "credentials", refused);
      await s.assertWrong("alice", "wrong");
      await s.login("bob", "battery staple");
    },
  );

  const limited = { ...ALICE, permissions: ["list", "download"] } as const;
  const none = { ...BOB, permissions: [] };
  suite.test(
    "gives each account its permissions",
    { accounts: [limited, none, { name: "all", password: "everything" }], needs: "permissions" },
    async (s) => {
      const expected = [
        [await s.login("alice", "correct horse"), ["list", "download"]],
        [await s.login("bob", "battery staple"), []],
        [await s.login("all", "everything"), PERMISSIONS],
      ] as const;
      for (const [account, allowed] of expected) {
        const found = PERMISSIONS.filter((permission) => account.permissions.allows(permission, ROOT));
        assert.deepEqual(found, allowed, account.name);
        const deeper = PERMISSIONS.filter((p) => account.permissions.allows(p, pathname("/a/b")));
        assert.deepEqual(deeper, allowed, account.name);
      }
    },
  );

  suite.test("ends, and serves the next one, when a login is aborted", { accounts: [ALICE] }, async (s) => {
    const stop = new AbortController();
    const attempts = [
      s.store.authenticate(s.attempt("alice", "correct horse", AbortSignal.abort())),
      s.store.authenticate(s.attempt("alice", "correct horse", stop.signal)),
      s.store.authenticate(s.attempt("nobody", "anything", stop.signal)),
    ];
    stop.abort();
    await Promise.allSettled(attempts);
    await s.login("alice", "correct horse");
  });
}

/** Each means something to some data base, shell or JavaScript object. */
const QUESTIONS = [
  '{"$ne":""}',
  '{"$gt":""}',
  '{"$regex":".*"}',
  "[object Object]",
  "$where",
  "$ne",
  "this.name == 'alice' || true",
  "';return true;var x='",
  "alice' OR '1'='1",
  "alice'--",
  "alice' UNION SELECT 1 --",
  '" or ""="',
  "alice%",
  "a_ice",
  "*",
  "al*",
  ".*",
  "^alice$",
  "alice|bob",
  "*)(uid=*))(|(uid=*",
  "alice\0",
  "\0",
  "../alice",
  "alice/../alice",
  "/etc/passwd",
  "alice\r\nPASS x",
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "hasOwnProperty",
  "\udc80",
  "\ud800",
  "null",
  "undefined",
  "true",
  "0",
];

const UNUSUAL_NAMES = [
  "J\u00fcrgen",
  "\u65e5\u672c\u8a9e",
  "\u{1f600}",
  "user@example.com",
  "with space",
  "dotted.name",
  "$dollar",
  "a$b.c",
  "-dash",
  "__proto__",
  "constructor",
  "hasOwnProperty",
  "x".repeat(128),
];

const UNUSUAL_PASSWORDS = [
  "with : colon",
  " space around ",
  "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$aGFzaA",
  "{SHA}looks like a hash",
  "p\u00e4ssw\u00f6rt",
  "\u65e5\u672c\u8a9e",
  "\u{1f511}\u{1f511}",
  "quotes \" ' `",
  "back\\slash",
  "tab\tinside",
  "%s%n",
];
