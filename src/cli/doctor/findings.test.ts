import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { leakCheck } from "../../testing/leak-check.js";
import { connectionCases } from "./cases/connection.support.test.js";
import { dataCases } from "./cases/data.support.test.js";
import { listingCases } from "./cases/listing.support.test.js";
import { loginCases } from "./cases/login.support.test.js";
import { tlsCases } from "./cases/tls.support.test.js";
import { transferCases } from "./cases/transfers.support.test.js";
import { COMMON_TROUBLES } from "./examination.js";
import type { Finding, Trouble } from "./finding.js";
import { PROBES } from "./probes/index.js";
import { examined, identity, withTls } from "./scene.support.test.js";

const CASES = {
  ...connectionCases,
  ...tlsCases,
  ...loginCases,
  ...dataCases,
  ...listingCases,
  ...transferCases,
};

/** They need a network that this machine is not: address-scope.test.ts has what decides on them. */
const NOT_ON_THE_LOOPBACK = ["active-nat", "pasv-address-outside"];

const DECLARED: readonly (readonly [string, Trouble])[] = [
  ...PROBES.flatMap(({ troubles }) => Object.entries(troubles)),
  ...Object.entries(COMMON_TROUBLES),
];

function problemsOf(findings: readonly Finding[]): readonly Finding[] {
  return findings.filter(({ kind }) => kind === "problem");
}

describe("each trouble is found when it is there", () => {
  leakCheck();

  for (const [id, produce] of Object.entries(CASES)) {
    test(id, async () => {
      const findings = await produce();
      const found = findings.find((finding) => "id" in finding && finding.id === id);
      const told = JSON.stringify(findings, undefined, 1);
      assert.ok(found !== undefined && "change" in found, told);
      const declared = DECLARED.find(([each]) => each === id)?.[1];
      assert.equal(found.kind, declared?.kind, told);
      assert.ok(found.change.length > 0 && found.change.every(({ what }) => !/[{}]/.test(what)), told);
    });
  }
});

test("every declared trouble has a case", () => {
  const declared = DECLARED.map(([id]) => id).sort();
  assert.deepEqual([...Object.keys(CASES), ...NOT_ON_THE_LOOPBACK].sort(), declared);
});

describe("a healthy server", () => {
  leakCheck();

  test("in clear: nothing is wrong, and all is known", async () => {
    const findings = await examined({ subject: { write: true, sessions: 3 } });
    assert.deepEqual(
      findings.filter(({ kind }) => kind !== "ok"),
      [],
    );
    assert.ok(findings.length > 15);
  });

  test("over TLS: nothing is wrong, and all is known", async () => {
    const { pem, context } = await identity();
    const findings = await examined({
      script: { answers: withTls(context) },
      subject: { host: "localhost", tls: "explicit", tlsOptions: { ca: pem }, write: true },
      world: { now: () => Date.now() },
    });
    assert.deepEqual(problemsOf(findings), []);
  });
});
