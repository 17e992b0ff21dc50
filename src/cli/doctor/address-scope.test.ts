import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeToldAddress, scopeOf } from "./address-scope.js";

const SCOPES = {
  "0.0.0.0": "none",
  "127.0.0.1": "loopback",
  "10.1.2.3": "private",
  "172.15.0.1": "public",
  "172.16.0.1": "private",
  "172.31.255.1": "private",
  "172.32.0.1": "public",
  "192.168.1.1": "private",
  "192.169.1.1": "public",
  "100.64.0.1": "private",
  "100.128.0.1": "public",
  "169.254.9.9": "private",
  "203.0.113.7": "public",
  "::": "none",
  "::1": "loopback",
  "fd00::1": "private",
  "fe80::1": "private",
  "2001:db8::1": "public",
} as const;

test("addresses are told apart by who can reach them", () => {
  for (const [address, scope] of Object.entries(SCOPES)) assert.equal(scopeOf(address), scope, address);
});

test("the address of a 227 is judged beside that of the control connection", () => {
  const cases = [
    ["203.0.113.7", "203.0.113.7", "same"],
    ["203.0.113.7", "::ffff:203.0.113.7", "same"],
    ["0.0.0.0", "203.0.113.7", "zero"],
    ["192.168.0.5", "203.0.113.7", "private"],
    ["127.0.0.1", "203.0.113.7", "private"],
    ["172.17.0.2", "192.168.1.5", "private"],
    ["203.0.113.7", "192.168.1.5", "outside"],
    ["203.0.113.7", "127.0.0.1", "foreign"],
    ["198.51.100.1", "203.0.113.7", "foreign"],
  ] as const;
  for (const [told, control, judgement] of cases) {
    assert.equal(judgeToldAddress(told, control), judgement, `${told} beside ${control}`);
  }
});
