import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isNetwork, networksOf } from "./networks.js";

describe("networks", () => {
  test("hold the addresses of their prefix, IPv4 also in its IPv6 form", () => {
    const networks = networksOf(["10.0.0.0/8", "192.0.2.1", "fd00::/8", "::1"]);
    const inside = ["10.255.0.1", "::ffff:10.0.0.1", "::FFFF:10.0.0.1", "192.0.2.1", "fd12::1", "::1"];
    const outside = ["11.0.0.1", "192.0.2.2", "fe80::1", "::2", "::ffff:11.0.0.1", "", "host", "10.0.0.1.1"];
    for (const address of inside) assert.equal(networks.has(address), true, address);
    for (const address of outside) assert.equal(networks.has(address), false, address);
    assert.equal(networksOf(["fe80::/10"]).has("fe80::1%eth0"), true);
    assert.equal(networksOf([]).has("10.0.0.1"), false);
    assert.equal(networksOf(["0.0.0.0/0"]).has("203.0.113.9"), true);
  });

  test("are told from other texts", () => {
    for (const text of [
      "10.0.0.0/33",
      "10.0.0.0/-1",
      "10.0.0.0/8/8",
      "::/129",
      "host",
      "",
      "/8",
      "10.0.0.0/",
    ]) {
      assert.equal(isNetwork(text), false, text);
      assert.throws(() => networksOf([text]), TypeError);
    }
  });
});
