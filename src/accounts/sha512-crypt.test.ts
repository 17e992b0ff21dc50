import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { describe, test } from "node:test";
import { Passwords } from "./password.js";
import { parsePasswordHash } from "./password-hash.js";

const passwords = new Passwords({ cost: { memory: 64, passes: 1 } });

/** Of Drepper's specification, and of libsodium's own tests. */
const KNOWN: readonly (readonly [password: string, hash: string])[] = [
  [
    "Hello world!",
    "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1",
  ],
  [
    "Hello world!",
    "$6$rounds=10000$saltstringsaltst$OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSnCM/UrjmM0Dp8vOuZeHBy/YTBmSK6H9qs/y3RnOaw5v.",
  ],
  [
    "a very much longer text to encrypt.  This one even stretches over morethan one line.",
    "$6$rounds=1400$anotherlongsalts$POfYwTEok97VWcjxIiSOjiykti.o/pQs.wPvMxQ6Fm7I6IoYN3CmLs66x9t0oSwbtEW7o7UmJEiDwGqd8p4ur1",
  ],
  [
    "Y0!?iQa9M%5ekffW(`",
    "$7$A6....1....TrXs5Zk6s8sWHpQgWDIXTR8kUU3s6Jc3s.DtdS8M2i4$a4ik5hGDN7foMuHOW.cp.CtX01UyCeO0.JAG.AHPpx5",
  ],
];

describe("hashes brought along from other servers", () => {
  for (const [password, hash] of KNOWN) {
    test(`verify: ${hash.slice(0, 30)}`, async () => {
      assert.equal(await passwords.verify(hash, password), true);
      assert.equal(await passwords.verify(hash, `${password}x`), false);
      assert.equal(await passwords.verify(hash, password.slice(1)), false);
      assert.equal(passwords.needsRehash(hash), true);
    });
  }

  test("agree with openssl for any password", { skip: unlessOpenssl() }, async () => {
    for (const password of ["a", "pässwörd", "x".repeat(64), "y".repeat(65), "z".repeat(200)]) {
      const hash = execFileSync("openssl", ["passwd", "-6", "-salt", "Qk3.x/", "-stdin"], {
        input: password,
        encoding: "utf8",
      }).trim();
      assert.equal(await passwords.verify(hash, password), true, password);
    }
  });

  test("are refused when verifying one would cost too much", () => {
    const digest = "a".repeat(86);
    for (const rounds of [999, 200_001, 999_999_999]) {
      assert.throws(() => parsePasswordHash(`$6$rounds=${rounds}$salt$${digest}`), /rounds from 1000/);
    }
    assert.throws(() => parsePasswordHash(`$6$salt$${digest}x`), /crypt-sha512/);
    assert.throws(() => parsePasswordHash(`$7$z6....1....salt$${"a".repeat(43)}`), /scrypt/);
  });

  test("leave the event loop its turns", async () => {
    let turns = 0;
    const count = (): void => {
      turns += 1;
      pending = setImmediate(count);
    };
    let pending = setImmediate(count);
    const hash = `$6$rounds=20000$salt$${"a".repeat(86)}`;
    assert.equal(await passwords.verify(hash, "password"), false);
    clearImmediate(pending);
    assert.ok(turns >= 50, `${turns} turns`);
  });
});

function unlessOpenssl(): string | false {
  try {
    execFileSync("openssl", ["version"], { stdio: "ignore" });
    return false;
  } catch {
    return "openssl not installed";
  }
}
