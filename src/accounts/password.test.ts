import assert from "node:assert/strict";
import { randomBytes, scryptSync } from "node:crypto";
import { describe, test } from "node:test";
import { hash as argon2Hash } from "@node-rs/argon2";
import { hash as bcryptHash } from "@node-rs/bcrypt";
import fc from "fast-check";
import { Passwords } from "./password.js";
import { decoyLike, PasswordHashError, parsePasswordHash, phcText } from "./password-hash.js";
import { TurnstileError } from "./turnstile.js";

/** As cheap as it gets: the tests are about behaviour, not about cost. */
const CHEAP = { memory: 64, passes: 1, lanes: 1 };
const passwords = new Passwords({ cost: CHEAP });

function scryptHash(password: string, ln: number, r: number, p: number): string {
  const salt = randomBytes(16);
  const digest = scryptSync(password, salt, 32, { N: 2 ** ln, r, p });
  return `$scrypt$ln=${ln},r=${r},p=${p}$${phcText(salt)}$${phcText(digest)}`;
}

describe("a hash of a password", () => {
  test("is an argon2id PHC string of the default cost, with a salt of its own", async () => {
    const standard = new Passwords();
    const [one, other] = [await standard.hash("sesame"), await standard.hash("sesame")];
    assert.match(one, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[^$]{22}\$[^$]{43}$/);
    assert.notEqual(one, other);
    assert.equal(await standard.verify(one, "sesame"), true);
    assert.equal(await standard.verify(one, "Sesame"), false);
  });

  test("has the cost that was asked for", async () => {
    assert.match(await passwords.hash("x"), /\$m=64,t=1,p=1\$/);
    assert.throws(() => new Passwords({ cost: { memory: 2 ** 21 } }), PasswordHashError);
  });

  test("is made of 1 to 1024 bytes and of nothing else", async () => {
    await assert.rejects(passwords.hash(""), RangeError);
    await assert.rejects(passwords.hash("x".repeat(1025)), RangeError);
    await assert.rejects(passwords.hash("é".repeat(513)), RangeError);
    assert.equal(await passwords.verify(await passwords.hash("é".repeat(512)), "é".repeat(512)), true);
  });

  test("tells passwords apart that are not UTF-8", async () => {
    const hash = await passwords.hash("caf\udce9");
    assert.equal(await passwords.verify(hash, "caf\udce9"), true);
    assert.equal(await passwords.verify(hash, "caf\udce8"), false);
  });
});

describe("verifying", () => {
  test("knows argon2id, argon2i of both versions, scrypt and bcrypt", async () => {
    const cheap = { memoryCost: 64, timeCost: 1 };
    const hashes = [
      await argon2Hash("right", { ...cheap, algorithm: 2 }),
      await argon2Hash("right", { ...cheap, algorithm: 1 }),
      await argon2Hash("right", { ...cheap, algorithm: 1, version: 0 }),
      (await argon2Hash("right", { ...cheap, algorithm: 1, version: 0 })).replace("$v=16", ""),
      scryptHash("right", 10, 8, 2),
      await bcryptHash("right", { cost: 4, version: "2a" }),
      await bcryptHash("right", { cost: 4, version: "2b" }),
      await bcryptHash("right", { cost: 4, version: "2y" }),
    ];
    for (const hash of hashes) {
      assert.equal(await passwords.verify(hash, "right"), true, hash);
      assert.equal(await passwords.verify(hash, "wrong"), false, hash);
      assert.equal(await passwords.verify(hash, "\udcff\0\ud800 not UTF-8"), false, hash);
      assert.equal(await passwords.verify(hash, ""), false, hash);
    }
  });

  test("agrees with published vectors of other implementations", async () => {
    // RFC 7914 12, fourth vector but for its cost: N = 1024, r = 8, p = 16, 64 bytes.
    const digest =
      "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640";
    const salt = phcText(Buffer.from("NaCl"));
    const phc = `$scrypt$ln=10,r=8,p=16$${salt}$${phcText(Buffer.from(digest, "hex"))}`;
    // Four bytes of salt are fewer than we take; the vector is thus checked for being refused, and by scryptSync.
    assert.throws(() => parsePasswordHash(phc), /the salt has 4 bytes/);
    assert.equal(scryptSync("password", "NaCl", 64, { N: 1024, r: 8, p: 16 }).toString("hex"), digest);
    // argon2's own test vector (phc-winner-argon2 test.c: version 0x13, t=2, m=16, p=1).
    const argon2 = "$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA";
    assert.equal(await passwords.verify(argon2, "password"), true);
    // bcrypt's, from John the Ripper's list.
    const bcrypt = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
    assert.equal(await passwords.verify(bcrypt, "U*U"), true);
  });

  test("takes a password that is too long for wrong, though its beginning is right", async () => {
    const hash = await passwords.hash("x".repeat(1024));
    assert.equal(await passwords.verify(hash, "x".repeat(1024)), true);
    assert.equal(await passwords.verify(hash, "x".repeat(1025)), false);
  });

  test("refuses hashes that would cost too much, before any work is done", async () => {
    const [salt, digest] = ["A".repeat(22), "A".repeat(43)];
    const costly = [
      `$argon2id$v=19$m=4294967295,t=1,p=1$${salt}$${digest}`,
      `$argon2id$v=19$m=262144,t=100,p=1$${salt}$${digest}`,
      `$argon2id$v=19$m=19456,t=4294967295,p=1$${salt}$${digest}`,
      `$argon2id$v=19$m=19456,t=2,p=255$${salt}$${digest}`,
      `$argon2id$v=19$m=4,t=2,p=1$${salt}$${digest}`,
      `$argon2id$v=19$m=64,t=0,p=1$${salt}$${digest}`,
      `$scrypt$ln=30,r=8,p=1$${salt}$${digest}`,
      `$scrypt$ln=17,r=8,p=16$${salt}$${digest}`,
      `$scrypt$ln=16,r=1,p=1$${salt}$${digest}`,
      `$2b$31$${"A".repeat(53)}`,
    ];
    for (const hash of costly) await assert.rejects(passwords.verify(hash, "x"), PasswordHashError, hash);
    for (const hash of ["", "secret", "$1$abc$def", "$argon2d$v=19$m=64,t=1,p=1$AAAA$AAAA", "{SHA}x"]) {
      await assert.rejects(passwords.verify(hash, "x"), PasswordHashError, hash);
    }
  });

  test("never throws anything but PasswordHashError for a hash of random text", () => {
    const text = fc.oneof(
      fc.string(),
      fc.string().map((rest) => `$argon2id$${rest}`),
      fc.string().map((rest) => `$scrypt$${rest}`),
      fc.string().map((rest) => `$2b$${rest}`),
      fc
        .tuple(fc.nat(), fc.nat(), fc.nat(), fc.base64String(), fc.base64String())
        .map(([m, t, p, salt, digest]) => `$argon2id$v=19$m=${m},t=${t},p=${p}$${salt}$${digest}`),
    );
    fc.assert(
      fc.property(text, (hash) => {
        try {
          parsePasswordHash(hash);
        } catch (error) {
          assert(error instanceof PasswordHashError);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe("a decoy", () => {
  test("has the parameters of its model, is taken by the verifier, and no password matches it", async () => {
    const models = [
      await passwords.hash("x"),
      scryptHash("x", 8, 4, 2),
      await bcryptHash("x", { cost: 5, version: "2y" }),
    ];
    for (const model of models) {
      const decoy = decoyLike(parsePasswordHash(model));
      const { salt: _s, digest: _d, ...parameters } = parsePasswordHash(decoy) as Record<string, unknown>;
      const { salt: _s2, digest: _d2, ...wanted } = parsePasswordHash(model) as Record<string, unknown>;
      assert.deepEqual(parameters, wanted);
      assert.equal(await passwords.verify(decoy, "x"), false);
      assert.equal(await passwords.verifyDummy("x", model), false);
    }
  });

  test("of bcrypt costs what its model costs", async () => {
    // A malformed bcrypt string is answered in microseconds; a real one of cost 8 takes milliseconds.
    const decoy = decoyLike(parsePasswordHash(await bcryptHash("x", { cost: 8 })));
    const start = performance.now();
    await passwords.verify(decoy, "x");
    assert(performance.now() - start > 2);
  });
});

describe("needsRehash", () => {
  test("asks for it where a hash is weaker or of another kind, and not where it is stronger", async () => {
    const standard = new Passwords();
    const [salt, digest] = ["A".repeat(22), "A".repeat(43)];
    assert.equal(standard.needsRehash(`$argon2id$v=19$m=19456,t=2,p=1$${salt}$${digest}`), false);
    assert.equal(standard.needsRehash(`$argon2id$v=19$m=65536,t=3,p=4$${salt}$${digest}`), false);
    assert.equal(standard.needsRehash(`$argon2id$v=19$m=47104,t=1,p=1$${salt}$${digest}`), false);
    assert.equal(standard.needsRehash(`$argon2id$v=19$m=9728,t=2,p=1$${salt}$${digest}`), true);
    assert.equal(standard.needsRehash(`$argon2id$v=16$m=19456,t=2,p=1$${salt}$${digest}`), true);
    assert.equal(standard.needsRehash(`$argon2i$v=19$m=19456,t=2,p=1$${salt}$${digest}`), true);
    assert.equal(standard.needsRehash(scryptHash("x", 8, 4, 1)), true);
    assert.equal(standard.needsRehash(await bcryptHash("x", { cost: 4 })), true);
    assert.equal(standard.needsRehash("no hash"), false);
  });
});

describe("many logins at once", () => {
  test("are verified a few at a time, and beyond the queue refused at once", async () => {
    const few = new Passwords({ cost: CHEAP, atOnce: 1, mostWaiting: 2 });
    const hash = await few.hash("x");
    const results = await Promise.allSettled([1, 2, 3, 4, 5].map(() => few.verify(hash, "x")));
    assert.deepEqual(
      results.map((result) => (result.status === "fulfilled" ? result.value : result.reason.constructor)),
      [true, true, true, TurnstileError, TurnstileError],
    );
    assert.equal(await few.verify(hash, "x"), true, "there is room again");
  });

  test("do not block the event loop", async () => {
    const standard = new Passwords();
    const hash = await standard.hash("x");
    let turns = 0;
    let running = true;
    const count = (): void => {
      turns += 1;
      if (running) setImmediate(count);
    };
    setImmediate(count);
    await Promise.all([1, 2, 3, 4].map(() => standard.verify(hash, "x")));
    running = false;
    assert(turns > 100, `${turns} turns of the loop while four passwords were verified`);
  });

  test("give up their place when they are aborted", async () => {
    const one = new Passwords({ cost: CHEAP, atOnce: 1, mostWaiting: 10 });
    const hash = await one.hash("x");
    const abort = new AbortController();
    const first = one.verify(hash, "x");
    const second = one.verify(hash, "x", abort.signal);
    const third = one.verify(hash, "x");
    abort.abort(new Error("gone"));
    await assert.rejects(second, /gone/);
    await assert.rejects(one.verify(hash, "x", abort.signal), /gone/);
    assert.deepEqual(await Promise.all([first, third]), [true, true]);
  });
});
