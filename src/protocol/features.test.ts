import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatFeatures, parseFeatures } from "./features.js";
import { formatReply } from "./reply.js";

test("features stand on lines of their own, indented by one space", () => {
  assert.equal(
    formatReply(formatFeatures(["MDTM", "REST STREAM"])),
    "211-Features:\r\n MDTM\r\n REST STREAM\r\n211 End\r\n",
  );
});

test("no features are one line, as RFC 2389 3.2 demands", () => {
  assert.deepEqual(formatFeatures([]).lines.length, 1);
  assert.equal(parseFeatures(formatFeatures([])).size, 0);
});

test("features are read with their parameters, whatever a server puts before them", () => {
  const features = parseFeatures({
    code: 211,
    lines: [
      "Extensions supported",
      "mdtm",
      "\tSIZE ",
      "211-UTF8",
      "REST STREAM",
      "AUTH SSL",
      "AUTH TLS",
      "",
      "PBSZ",
      "PBSZ",
      "End",
    ],
  });
  assert.deepEqual(
    [...features],
    [
      ["MDTM", ""],
      ["SIZE", ""],
      ["UTF8", ""],
      ["REST", "STREAM"],
      ["AUTH", "SSL;TLS"],
      ["PBSZ", ""],
    ],
  );
});

test("a refusal lists nothing", () => {
  assert.equal(parseFeatures({ code: 502, lines: ["a", "MDTM", "b"] }).size, 0);
  assert.equal(parseFeatures({ code: 211, lines: ["MDTM"] }).size, 0);
});

test("what is written is read as it was", () => {
  const name = fc.stringMatching(/^[A-Z][A-Z0-9-]{0,9}$/);
  const parameters = fc.stringMatching(/^([a-z*;][a-z*; ]{0,9}[a-z*;])?$/);
  fc.assert(
    fc.property(fc.dictionary(name, parameters, { noNullPrototype: true }), (features) => {
      const lines = Object.entries(features).map(([label, text]) => `${label} ${text}`.trimEnd());
      assert.deepEqual(Object.fromEntries(parseFeatures(formatFeatures(lines))), features);
    }),
  );
});
