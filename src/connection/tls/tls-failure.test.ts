import assert from "node:assert/strict";
import { test } from "node:test";
import { isOfTls, reasonOf, TlsFailure, tlsFailureOf } from "./tls-failure.js";

test("codes of OpenSSL 3.0 and of later ones mean the same", () => {
  for (const [code, reason] of [
    ["ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE", "nothing-in-common"],
    ["ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE", "nothing-in-common"],
    ["ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION", "nothing-in-common"],
    ["ERR_SSL_UNSUPPORTED_PROTOCOL", "nothing-in-common"],
    ["ERR_SSL_DH_KEY_TOO_SMALL", "nothing-in-common"],
    ["ERR_SSL_WRONG_VERSION_NUMBER", "no-tls"],
    ["ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", "own-certificate"],
    ["ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE", "own-certificate"],
    ["ERR_SSL_TLSV1_ALERT_UNKNOWN_CA", "own-certificate"],
    ["DEPTH_ZERO_SELF_SIGNED_CERT", "unknown-authority"],
    ["CERT_HAS_EXPIRED", "expired"],
    ["ERR_TLS_CERT_ALTNAME_INVALID", "wrong-host"],
    ["ECONNRESET", "broken"],
    [undefined, "broken"],
  ] as const) {
    assert.equal(reasonOf(code), reason, code);
  }
});

test("a failure keeps its code and its cause, and is itself again", () => {
  const cause = Object.assign(new Error("over"), { code: "CERT_HAS_EXPIRED" });
  const failure = tlsFailureOf(cause);
  assert.deepEqual([failure.reason, failure.detail, failure.cause], ["expired", "CERT_HAS_EXPIRED", cause]);
  assert.equal(tlsFailureOf(failure), failure);
  assert.equal(tlsFailureOf(undefined).reason, "broken");
  assert.ok(failure instanceof TlsFailure);
});

test("the network's errors are not TLS's", () => {
  assert.equal(isOfTls(Object.assign(new Error(), { code: "ECONNRESET" })), false);
  assert.equal(isOfTls(Object.assign(new Error(), { code: "ERR_SSL_WRONG_VERSION_NUMBER" })), true);
  assert.equal(isOfTls(undefined), false);
});
