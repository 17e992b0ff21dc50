import assert from "node:assert/strict";
import { isIPv6 } from "node:net";
import { describe, test } from "node:test";
import fc from "fast-check";
import { addressGroup, Counters } from "./admission.js";

describe("an address that is counted", () => {
  test("stands for itself with IPv4, and on one link", () => {
    for (const address of ["192.0.2.7", "fe80::1", "FE80::1%eth0", "febf::1"]) {
      assert.equal(addressGroup(address), address);
    }
  });

  test("stands for a network of /64 with IPv6, however it is written", () => {
    for (const [address, group] of [
      ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
      ["2001:0DB8:0001:0002::1", "2001:db8:1:2::/64"],
      ["2001:db8::1", "2001:db8:0:0::/64"],
      ["2001:db8:1::5:6:7:8", "2001:db8:1:0::/64"],
      ["2001:db8:1:2:3:4:5::", "2001:db8:1:2::/64"],
      ["::1", "0:0:0:0::/64"],
      ["::", "0:0:0:0::/64"],
      ["1::", "1:0:0:0::/64"],
      ["64:ff9b::192.0.2.7", "64:ff9b:0:0::/64"],
      ["1:2:3:4:5:6:192.0.2.7", "1:2:3:4::/64"],
    ]) {
      assert.equal(addressGroup(address ?? ""), group, address);
    }
  });

  test("is in the group of every other one with the same first half", () => {
    const hextet = fc.integer({ min: 0, max: 0xffff }).map((value) => value.toString(16));
    const half = fc.tuple(hextet, hextet, hextet, hextet);
    fc.assert(
      fc.property(half, half, half, (network, one, other) => {
        const [a, b] = [one, other].map((host) => [...network, ...host].join(":"));
        fc.pre(!/^fe[89ab]/.test(network[0]) && isIPv6(a ?? ""));
        assert.equal(addressGroup(a ?? ""), addressGroup(b ?? ""));
        // As the system writes it: the longest run of zeros left out.
        const short = new URL(`ftp://[${a}]/`).hostname.slice(1, -1);
        assert.equal(addressGroup(short), addressGroup(a ?? ""), short);
      }),
    );
  });
});

test("a place that is given back twice is given back once", () => {
  const counters = new Counters();
  const [one, other] = [counters.acquire("a", 2), counters.acquire("a", 2)];
  assert.equal(counters.acquire("a", 2), undefined);
  one?.();
  one?.();
  assert.equal(counters.count("a"), 1);
  other?.();
  assert.equal(counters.count("a"), 0);
});
