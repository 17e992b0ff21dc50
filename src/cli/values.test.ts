import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import * as values from "./values.js";

function refused(parse: (text: string) => unknown, ...texts: string[]): void {
  for (const text of texts) assert.throws(() => parse(text), values.ValueError, JSON.stringify(text));
}

describe("a value of a flag", () => {
  test("port", () => {
    assert.deepEqual(["0", "21", "65535"].map(values.port), [0, 21, 65_535]);
    refused(values.port, "", "-1", "65536", "21x", "0x15", "2.1", " 21", "1e3");
  });

  test("count", () => {
    assert.deepEqual(["1", "1000000"].map(values.count), [1, 1_000_000]);
    refused(values.count, "0", "-1", "1000001", "many", "");
  });

  test("seconds", () => {
    assert.deepEqual(["0.5", "300", "1000000"].map(values.seconds), [0.5, 300, 1_000_000]);
    refused(values.seconds, "0", "0.0", "-1", "1000001", "5m", "", ".5", "Infinity");
  });

  test("bytes, with powers of 1024", () => {
    assert.deepEqual(["1", "500k", "2M", "1G"].map(values.bytes), [1, 512_000, 2_097_152, 1_073_741_824]);
    refused(values.bytes, "0", "-1", "1.5M", "2T", "M", "", "999999999999999G");
  });

  test("passive ports", () => {
    assert.deepEqual(values.portNumbers("50000-50100"), { from: 50_000, to: 50_100 });
    assert.deepEqual(values.portNumbers("50000-50000"), { from: 50_000, to: 50_000 });
    refused(values.portNumbers, "50000", "50100-50000", "0-10", "1-65536", "a-b", "1-2-3", "-1-2", "");
  });

  test("name and password, parted at the first colon", () => {
    assert.deepEqual(values.credentials("ann:a:b"), { name: "ann", password: "a:b" });
    refused(
      values.credentials,
      "ann",
      "ann:",
      ":secret",
      "a/b:secret",
      "ann:a\nb",
      `ann:${"x".repeat(1025)}`,
    );
  });

  test("is not repeated in the complaint about it, since it may be a password", () => {
    for (const text of ["hunter2", "a/b:hunter2", `ann:hunter2${"x".repeat(1024)}`]) {
      assert.throws(
        () => values.credentials(text),
        (error: Error) => !error.message.includes("hunter2"),
      );
    }
  });

  test("umask in octal", () => {
    assert.deepEqual(["022", "22", "0", "0077", "777"].map(values.umask), [0o22, 0o22, 0, 0o77, 0o777]);
    refused(values.umask, "8", "1000", "0o22", "", "rwx");
  });

  test("passive address", () => {
    for (const text of ["203.0.113.7", "ftp.example.com", "nas", "a_b.local"]) {
      assert.equal(values.passiveAddress(text), text);
    }
    refused(
      values.passiveAddress,
      "0.0.0.0",
      "ftp://example.com",
      "example.com:21",
      "::1",
      "1.2.3",
      "300.1.1.1",
      "",
    );
    refused(values.passiveAddress, "-a.com", "a..b", "a b", `${"a".repeat(64)}.com`);
  });

  test("host", () => {
    for (const text of ["127.0.0.1", "::", "fe80::1%eth0", "localhost"])
      assert.equal(values.host(text), text);
    refused(values.host, "", "a/b", "1.2.3.400", "127.0.0.1:21");
  });

  test("network", () => {
    for (const text of ["10.0.0.0/8", "fd00::/8", "192.0.2.1", "0.0.0.0/0", "::1/128"]) {
      assert.equal(values.network(text), text);
    }
    refused(
      values.network,
      "10.0.0.0/33",
      "fd00::/129",
      "10/8",
      "10.0.0.0/8/9",
      "10.0.0.0/",
      "",
      "example.com",
    );
  });

  test("of any text is taken, or refused with a ValueError, and nothing else", () => {
    const parsers = [
      values.port,
      values.count,
      values.seconds,
      values.bytes,
      values.portNumbers,
      values.credentials,
      values.umask,
      values.passiveAddress,
      values.host,
      values.network,
    ];
    fc.assert(
      fc.property(fc.constantFrom(...parsers), fc.string({ unit: "binary" }), (parse, text) => {
        try {
          parse(text);
        } catch (error) {
          assert(error instanceof values.ValueError);
        }
      }),
      { numRuns: 500 },
    );
  });
});
