import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { parseAddress } from "./address.js";
import {
  formatBadFamilyReply,
  formatExtendedPassiveReply,
  formatExtendedPort,
  formatLongPassiveReply,
  formatLongPort,
  formatPassiveReply,
  formatPort,
  type HostPort,
  parseEpsv,
  parseExtendedPassiveReply,
  parseExtendedPort,
  parseLongPassiveReply,
  parseLongPort,
  parsePassiveReply,
  parsePort,
} from "./host-port.js";

const port = fc.integer({ min: 1, max: 65_535 });
const ipv4 = fc.record(
  { family: fc.constant(4 as const), address: fc.ipV4(), port },
  { noNullPrototype: true },
);
const ipv6 = fc.record(
  {
    family: fc.constant(6 as const),
    address: fc.ipV6().map((text) => parseAddress(text, 6)?.address ?? ""),
    port,
  },
  { noNullPrototype: true },
);
const hostPort: fc.Arbitrary<HostPort> = fc.oneof(ipv4, ipv6);
const scraps = fc
  .array(
    fc.constantFrom(
      "1",
      "2",
      "255",
      "256",
      "65535",
      ",",
      "|",
      "||",
      "(",
      ")",
      "::1",
      "127.0.0.1",
      " ",
      "ALL",
      "x",
    ),
    { maxLength: 25 },
  )
  .map((all) => all.join(""));

describe("PORT and 227", () => {
  test("the argument is six bytes", () => {
    assert.deepEqual(parsePort("127,0,0,1,195,80"), { family: 4, address: "127.0.0.1", port: 50_000 });
    assert.equal(formatPort({ address: "127.0.0.1", port: 50_000 }), "127,0,0,1,195,80");
    assert.equal(formatPort({ address: "::ffff:10.0.0.1", port: 21 }), "10,0,0,1,0,21");
  });

  test("anything else is none", () => {
    const wrong = [
      "",
      "1,2,3,4,5",
      "1,2,3,4,5,6,7",
      "256,0,0,1,4,1",
      "1,2,3,4,5,256",
      "127,0,0,1,0,0",
      "127, 0,0,1,4,1",
      " 127,0,0,1,4,1",
      "127,0,0,1,4,1 ",
      "(127,0,0,1,4,1)",
      "0001,0,0,1,4,1",
      "-1,0,0,1,4,1",
      "1.2.3.4,5,6",
      "١,0,0,1,4,1",
    ];
    for (const text of wrong) assert.equal(parsePort(text), undefined, text);
  });

  test("the six numbers of a 227 are found wherever they stand", () => {
    const expected = { family: 4, address: "192.168.1.2", port: 1025 };
    for (const text of [
      "Entering Passive Mode (192,168,1,2,4,1).",
      "Entering Passive Mode 192,168,1,2,4,1",
      "=192,168,1,2,4,1",
      "Entering Passive Mode (192, 168, 1, 2, 4, 1)",
      "Server 4 says, port 21: (192,168,1,2,4,1)",
    ]) {
      assert.deepEqual(parsePassiveReply(text), expected, text);
    }
    for (const text of [
      "Entering Passive Mode",
      "(1,2,3,4,5)",
      "(300,1,1,1,4,1)",
      "(1,2,3,4,0,0)",
      "(1234,2,3,4,5,6)",
      "",
    ]) {
      assert.equal(parsePassiveReply(text), undefined, text);
    }
  });

  test("what is written is read as it was", () => {
    fc.assert(
      fc.property(ipv4, (value) => {
        assert.deepEqual(parsePort(formatPort(value)), value);
        assert.deepEqual(parsePassiveReply(formatPassiveReply(value)), value);
      }),
    );
  });

  test("what has no such form throws", () => {
    assert.throws(() => formatPort({ address: "::1", port: 1 }), TypeError);
    for (const wrong of [0, 65_536, 1.5, Number.NaN]) {
      assert.throws(() => formatPort({ address: "1.2.3.4", port: wrong }), RangeError);
      assert.throws(() => formatExtendedPassiveReply(wrong), RangeError);
    }
  });
});

describe("EPRT, EPSV and 229", () => {
  test("the examples of RFC 2428 are read", () => {
    assert.deepEqual(parseExtendedPort("|1|132.235.1.2|6275|"), {
      family: 4,
      address: "132.235.1.2",
      port: 6275,
    });
    assert.deepEqual(parseExtendedPort("|2|1080::8:800:200C:417A|5282|"), {
      family: 6,
      address: "1080::8:800:200c:417a",
      port: 5282,
    });
  });

  test("every printable character that the fields do not hold can delimit them", () => {
    for (let code = 33; code <= 126; code++) {
      const d = String.fromCharCode(code);
      const expected = "12.3456".includes(d) ? undefined : { family: 4, address: "12.2.3.4", port: 56 };
      assert.deepEqual(parseExtendedPort(`${d}1${d}12.2.3.4${d}56${d}`), expected, d);
    }
    for (const d of [" ", "\u007f", "é", ""])
      assert.equal(parseExtendedPort(`${d}1${d}1.2.3.4${d}56${d}`), undefined);
  });

  test("a protocol that is not known differs from bad syntax, so that 522 can answer", () => {
    for (const text of ["|3|whatever|80|", "|0|1.2.3.4|80|", "|65535||80|"]) {
      assert.equal(parseExtendedPort(text), "bad-family", text);
    }
    const wrong = [
      "",
      "|",
      "|1|1.2.3.4|80",
      "|1|1.2.3.4|80|x",
      "|1|1.2.3.4|0|",
      "|1|1.2.3.4|65536|",
      "|1|::1|80|",
      "|2|1.2.3.4|80|",
      "|2|fe80::1%eth0|80|",
      "|x|1.2.3.4|80|",
      "||1.2.3.4|80|",
      "|1|1.2.3.256|80|",
      "|3|x|0|",
      "1|1.2.3.4|80|",
      `|2|${"0".repeat(500)}::|80|`,
    ];
    for (const text of wrong) assert.equal(parseExtendedPort(text), undefined, text);
  });

  test("EPSV takes nothing, a protocol, or ALL", () => {
    assert.deepEqual(parseEpsv(""), "any");
    assert.deepEqual(parseEpsv("1"), 4);
    assert.deepEqual(parseEpsv("2"), 6);
    assert.deepEqual(parseEpsv("all"), "all");
    assert.deepEqual(parseEpsv("3"), "bad-family");
    for (const text of ["x", "-1", "1 ", "1.0", "999999"]) assert.equal(parseEpsv(text), undefined);
  });

  test("the port of a 229 is found", () => {
    assert.equal(parseExtendedPassiveReply("Entering Extended Passive Mode (|||6446|)"), 6446);
    assert.equal(parseExtendedPassiveReply("(!!!6446!)"), 6446);
    assert.equal(parseExtendedPassiveReply("ok |||6446|"), 6446);
    assert.equal(parseExtendedPassiveReply("tolerated (|2|::1|6446|)"), 6446);
    for (const text of ["(|||0|)", "(|||65536|)", "(||6446|)", "(|||6446)", "(|!|6446|)", ""]) {
      assert.equal(parseExtendedPassiveReply(text), undefined, text);
    }
  });

  test("what is written is read as it was", () => {
    fc.assert(
      fc.property(hostPort, (value) => {
        assert.deepEqual(parseExtendedPort(formatExtendedPort(value)), value);
        assert.equal(parseExtendedPassiveReply(formatExtendedPassiveReply(value.port)), value.port);
      }),
    );
  });

  test("a 522 ends in the protocols in parentheses", () => {
    assert.equal(formatBadFamilyReply([4, 6]), "Network protocol not supported, use (1,2)");
    assert.equal(formatBadFamilyReply([6]), "Network protocol not supported, use (2)");
  });
});

describe("LPRT and 228", () => {
  test("both versions are read", () => {
    assert.deepEqual(parseLongPort("4,4,127,0,0,1,2,4,1"), { family: 4, address: "127.0.0.1", port: 1025 });
    assert.deepEqual(parseLongPort("6,16,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1,2,4,1"), {
      family: 6,
      address: "::1",
      port: 1025,
    });
  });

  test("another version differs from bad syntax", () => {
    assert.equal(parseLongPort("5,4,127,0,0,1,2,4,1"), "bad-family");
    const wrong = [
      "",
      "4",
      "4,4",
      "4,4,127,0,0,1",
      "4,4,127,0,0,1,2,4",
      "4,4,127,0,0,1,2,4,1,1",
      "4,3,127,0,0,2,4,1",
      "4,4,127,0,0,256,2,4,1",
      "4,4,127,0,0,1,2,0,0",
      "4,4,127,0,0,1,3,0,4,1",
      "4,4,127,0,0,1,0",
      "6,4,127,0,0,1,2,4,1",
      "4,4, 127,0,0,1,2,4,1",
    ];
    for (const text of wrong) assert.equal(parseLongPort(text), undefined, text);
  });

  test("what is written is read as it was", () => {
    fc.assert(
      fc.property(hostPort, (value) => {
        assert.deepEqual(parseLongPort(formatLongPort(value)), value);
        assert.deepEqual(parseLongPassiveReply(formatLongPassiveReply(value)), value);
      }),
    );
  });

  test("a 228 with spaces and without parentheses is read", () => {
    assert.equal(parseLongPassiveReply("Long 4, 4, 127, 0, 0, 1, 2, 4, 1")?.port, 1025);
    assert.equal(parseLongPassiveReply("Entering Long Passive Mode"), undefined);
    assert.equal(parseLongPassiveReply("(4,4,1,2,3)"), undefined);
  });
});

test("no scrap of such texts makes a reader throw, or read a port out of range", () => {
  fc.assert(
    fc.property(fc.oneof(scraps, fc.string()), (text) => {
      const ports = [
        parsePort(text)?.port,
        parsePassiveReply(text)?.port,
        parseLongPassiveReply(text)?.port,
        parseExtendedPassiveReply(text),
      ];
      for (const argument of [parseExtendedPort(text), parseLongPort(text)]) {
        if (typeof argument === "object") ports.push(argument.port);
      }
      parseEpsv(text);
      for (const found of ports) assert.ok(found === undefined || (found >= 1 && found <= 65_535));
    }),
    { numRuns: 2000 },
  );
});

test("long texts are read in a time that grows with their length only", () => {
  for (const scrap of ["1,", "(|", "|||", "1 , ", "4,", "(1"]) {
    const text = scrap.repeat(100_000);
    const started = process.hrtime.bigint();
    parsePassiveReply(text);
    parseLongPassiveReply(text);
    parseExtendedPassiveReply(text);
    parseExtendedPort(text);
    parseLongPort(text);
    // A reader of quadratic time would need minutes.
    assert.ok(process.hrtime.bigint() - started < 5_000_000_000n, scrap);
  }
});
