import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { addressFamily, normalAddress, sameAddress } from "./address.js";

describe("an address", () => {
  test("has one spelling", () => {
    assert.equal(normalAddress("192.0.2.1"), "192.0.2.1");
    assert.equal(normalAddress("2001:DB8:0:0:0:0:0:1"), "2001:db8::1");
    assert.equal(normalAddress("::1"), "::1");
  });

  test("that an IPv6 socket shows for an IPv4 peer is the IPv4 address, however it is written", () => {
    assert.equal(normalAddress("::ffff:192.0.2.1"), "192.0.2.1");
    assert.equal(normalAddress("::FFFF:c000:201"), "192.0.2.1");
    assert.equal(normalAddress("0:0:0:0:0:ffff:192.0.2.1"), "192.0.2.1");
  });

  test("keeps its scope", () => {
    assert.equal(normalAddress("FE80::0:1%eth0"), "fe80::1%eth0");
  });

  test("that is none comes back unchanged", () => {
    for (const text of ["", "localhost", "1.2.3", "::ffff:", "1.2.3.4.5", "fe80::1%%"]) {
      assert.doesNotThrow(() => normalAddress(text));
    }
    assert.equal(normalAddress("Example.ORG"), "Example.ORG");
  });
});

test("two spellings of an address are the same, two addresses are not", () => {
  assert.ok(sameAddress("::ffff:127.0.0.1", "127.0.0.1"));
  assert.ok(sameAddress("2001:db8::1", "2001:DB8:0::1"));
  assert.ok(!sameAddress("127.0.0.1", "127.0.0.2"));
  assert.ok(!sameAddress("::1", "127.0.0.1"));
});

test("scopes differ only when both are known", () => {
  assert.ok(sameAddress("fe80::1%eth0", "fe80::1"));
  assert.ok(sameAddress("fe80::1%eth0", "fe80::1%eth0"));
  assert.ok(!sameAddress("fe80::1%eth0", "fe80::1%eth1"));
});

test("the family of a mapped address is that of IPv4", () => {
  assert.equal(addressFamily("::ffff:10.0.0.1"), 4);
  assert.equal(addressFamily("10.0.0.1"), 4);
  assert.equal(addressFamily("fe80::1%lo"), 6);
  assert.equal(addressFamily("ftp.example"), undefined);
});
