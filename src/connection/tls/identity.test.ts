import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { checkAuthorities, TlsConfigurationError, TlsIdentities, TlsIdentity } from "./identity.js";
import { encryptedKey, testCertificate, testKey } from "./identity.support.test.js";

const DAY = 24 * 3600 * 1000;

function problemOf(make: () => unknown): string {
  try {
    make();
  } catch (error) {
    assert.ok(error instanceof TlsConfigurationError, String(error));
    assert.equal(error.code, "ERR_FERRY_TLS_CONFIGURATION");
    assert.doesNotMatch(error.message, /\n/);
    return error.problem;
  }
  assert.fail("nothing was found wrong");
}

describe("an identity", () => {
  const identity = new TlsIdentity({
    key: testKey,
    certificate: testCertificate,
    hosts: ["Other.Example", "*.more.example"],
  });

  test("serves the hosts of its certificate, and those that it was given", () => {
    for (const host of [
      "localhost",
      "LOCALHOST.",
      "a.wild.example",
      "127.0.0.1",
      "other.example",
      "x.more.example",
    ]) {
      assert.ok(identity.serves(host), host);
    }
    for (const host of [
      "example",
      "a.b.wild.example",
      "127.0.0.2",
      "more.example",
      "a.b.more.example",
      "::1",
      "",
    ]) {
      assert.ok(!identity.serves(host), host);
    }
  });

  test("is shown by its fingerprint", () => {
    assert.match(identity.fingerprint, /^(?:[0-9A-F]{2}:){31}[0-9A-F]{2}$/);
  });

  test("may stand with its key in one text, in any order", () => {
    for (const text of [testKey + testCertificate, testCertificate + testKey]) {
      assert.equal(new TlsIdentity({ key: text, certificate: text }).fingerprint, identity.fingerprint);
    }
  });

  test("is refused with a problem that has a name, and one line that says what to do", () => {
    const now = Date.now();
    const certificate = testCertificate;
    const cases: readonly (readonly [problem: string, make: () => unknown])[] = [
      ["bad-key", () => new TlsIdentity({ key: "", certificate })],
      ["bad-key", () => new TlsIdentity({ key: certificate, certificate })],
      [
        "bad-key",
        () => new TlsIdentity({ key: testKey.replace(/[A-Za-z]{10}/g, "AAAAAAAAAA"), certificate }),
      ],
      ["encrypted-key", () => new TlsIdentity({ key: encryptedKey, certificate })],
      ["encrypted-key", () => new TlsIdentity({ key: encryptedKey, certificate, passphrase: "wrong" })],
      ["key-mismatch", () => new TlsIdentity({ key: encryptedKey, certificate, passphrase: "open" })],
      ["bad-certificate", () => new TlsIdentity({ key: testKey, certificate: "" })],
      ["bad-certificate", () => new TlsIdentity({ key: testKey, certificate: testKey })],
      [
        "bad-certificate",
        () =>
          new TlsIdentity({ key: testKey, certificate: certificate.replace(/\nM[A-Za-z0-9]{20}/, "\nAAAA") }),
      ],
      ["certificate-expired", () => new TlsIdentity({ key: testKey, certificate }, now + 40_000 * DAY)],
      ["certificate-not-yet-valid", () => new TlsIdentity({ key: testKey, certificate }, 0)],
      ["bad-authorities", () => checkAuthorities({ certificates: "" })],
      ["bad-revocation-list", () => checkAuthorities({ certificates: certificate, revoked: "" })],
      [
        "bad-revocation-list",
        () =>
          checkAuthorities({
            certificates: certificate,
            revoked: "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n",
          }),
      ],
    ];
    for (const [problem, make] of cases) assert.equal(problemOf(make), problem);
  });

  test("of several is chosen by host, the first one for all others", () => {
    const second = new TlsIdentity({ key: testKey, certificate: testCertificate, hosts: ["two.example"] });
    const identities = new TlsIdentities(
      new TlsIdentity({ key: testKey, certificate: testCertificate }),
      second,
    );
    assert.equal(identities.choose("two.example"), second);
    assert.equal(identities.choose("three.example"), identities.all[0]);
    assert.equal(identities.choose(undefined), identities.all[0]);
  });
});
