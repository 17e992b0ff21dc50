import assert from "node:assert/strict";
import { isIPv4, isIPv6 } from "node:net";
import { describe, test } from "node:test";
import fc from "fast-check";
import { formatIpv6, parseAddress, parseIpv4, parseIpv6 } from "./address.js";

const addressText = fc.oneof(
  fc.ipV4(),
  fc.ipV6(),
  fc
    .array(fc.constantFrom("0", "1", "ff", "FFFF", "12345", ":", "::", ".", "1.2.3.4", "256", "g", " "), {
      maxLength: 12,
    })
    .map((all) => all.join("")),
);

describe("internet addresses", () => {
  test("IPv4 is four numbers without leading zeros", () => {
    assert.deepEqual(parseIpv4("192.168.0.255"), [192, 168, 0, 255]);
    for (const text of [
      "256.1.1.1",
      "1.2.3",
      "1.2.3.4.5",
      "01.2.3.4",
      "1.2.3.4 ",
      "",
      "1.2.3.0x4",
      "1..2.3",
    ]) {
      assert.equal(parseIpv4(text), undefined, text);
    }
  });

  test("IPv6 is read in every form, and written as RFC 5952 recommends", () => {
    const forms: readonly [string, string][] = [
      ["::", "::"],
      ["::1", "::1"],
      ["1::", "1::"],
      ["1080::8:800:200C:417A", "1080::8:800:200c:417a"],
      ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
      ["2001:0DB8:0000:0001:0001:0001:0001:0001", "2001:db8:0:1:1:1:1:1"],
      ["::ffff:192.0.2.1", "::ffff:192.0.2.1"],
      ["::FFFF:c000:201", "::ffff:192.0.2.1"],
      ["64:ff9b::1.2.3.4", "64:ff9b::102:304"],
      ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
    ];
    for (const [text, canonical] of forms) {
      assert.deepEqual(parseAddress(text, 6), { family: 6, address: canonical }, text);
    }
  });

  test("zones, gaps without meaning and numbers that are too great are no addresses", () => {
    const wrong = [
      "fe80::1%eth0",
      ":::",
      "1::2::3",
      "1:2:3:4:5:6:7",
      "1:2:3:4:5:6:7:8:9",
      "12345::",
      "::1.2.3",
      "1.2.3.4::",
      ":1",
      "1:2:3:4:5:6:7:8::",
      "",
      "g::",
      "::1 ",
    ];
    for (const text of wrong) assert.equal(parseIpv6(text), undefined, text);
  });

  test("exactly what Node takes for an address is one", () => {
    fc.assert(
      fc.property(addressText, (text) => {
        assert.equal(parseAddress(text, 4) !== undefined, isIPv4(text), text);
        assert.equal(parseAddress(text, 6) !== undefined, isIPv6(text), text);
      }),
      { numRuns: 2000 },
    );
  });

  test("what is written is read as it was, and has one form", () => {
    const group = fc.oneof(
      { weight: 2, arbitrary: fc.constant(0) },
      { weight: 1, arbitrary: fc.nat(0xffff) },
    );
    fc.assert(
      fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
        const text = formatIpv6(groups);
        assert.deepEqual(parseIpv6(text), groups);
        assert.equal(parseAddress(text, 6)?.address, text);
      }),
      { numRuns: 1000 },
    );
  });
});
