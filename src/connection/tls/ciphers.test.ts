import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createSecureContext, getCiphers } from "node:tls";
import { cipherOrder, orderOf } from "./ciphers.js";

describe("the order of ciphers", () => {
  test("begins with what the machine is fastest with", () => {
    assert.match(orderOf(true), /^TLS_AES_128_GCM_SHA256:/);
    assert.match(orderOf(false), /^TLS_CHACHA20_POLY1305_SHA256:/);
    assert.ok([orderOf(true), orderOf(false)].includes(cipherOrder()));
    assert.equal(cipherOrder(), cipherOrder());
  });

  test("holds only ciphers with forward secrecy and authentication, and OpenSSL knows them all", () => {
    const known = new Set(getCiphers().map((name) => name.toUpperCase()));
    for (const name of orderOf(true).split(":")) {
      assert.ok(known.has(name), name);
      assert.match(name, /^(?:TLS_|ECDHE-|DHE-)/);
      assert.match(name, /GCM|POLY1305/);
    }
    assert.doesNotThrow(() => createSecureContext({ ciphers: orderOf(false) }));
  });
});
