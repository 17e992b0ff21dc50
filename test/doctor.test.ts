/** The doctor at Ferry's own server, well and wrongly configured. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { testCertificates } from "./support/certificates.js";
import { doctor } from "./support/doctor.js";
import { Ferry } from "./support/ferry.js";
import { PASSWORD, type ServeOptions, TestServer, USER } from "./support/server.js";

/** The scheme demands TLS, and a certificate that is valid. */
async function told(o: ServeOptions, scheme: "ftp" | "ftpes" | "ftps", ...argv: string[]) {
  using ferry = new Ferry();
  await using server = await TestServer.start(o);
  server.files.put("report.txt", "hello\n".repeat(100));
  const { authority } = await testCertificates();
  ferry.home.put("ca.pem", authority.certificate);
  const port = scheme === "ftps" ? server.implicitPort : server.port;
  const url = `${scheme}://${USER}:${encodeURIComponent(PASSWORD)}@localhost:${port}/`;
  return await doctor(ferry, [url, "--ca", ferry.home.at("ca.pem"), ...argv]);
}

/** The certificates of the tests are good for a month only. */
const SOON = "certificate-ends-soon";

test("a server in clear has nothing wrong but that", async () => {
  const { code, found, report, server } = await told({}, "ftp", "--write", "--sessions", "3");
  assert.deepEqual(found, ["tls-missing"], report);
  assert.equal(code, 0);
  assert.equal(server.software, "Ferry");
});

test("a server with TLS has nothing wrong, explicit or implicit", async () => {
  for (const scheme of ["ftpes", "ftps"] as const) {
    const { code, found, findings, report } = await told({ tls: {} }, scheme, "--write");
    assert.deepEqual(found, [SOON], report);
    assert.deepEqual(
      findings.filter(({ kind }) => kind === "unknown"),
      [],
      report,
    );
    assert.equal(code, 0);
  }
});

test("resumption of TLS that is required is told, and is no problem", async () => {
  const { code, found, report } = await told({ tls: { binding: "require" } }, "ftpes");
  assert.deepEqual(found, [SOON, "tls-reuse-required"], report);
  assert.equal(code, 0);
});

test("a passive address of a private network is a problem, with the setting that mends it", async () => {
  const { code, found, findings, report } = await told(
    { server: { passive: { address: "10.9.8.7" } } },
    "ftp",
  );
  assert.deepEqual(found, ["pasv-address-private", "tls-missing"], report);
  assert.equal(code, 1);
  const [change] = findings.find(({ id }) => id === "pasv-address-private")?.change ?? [];
  assert.equal(change?.side, "server");
  assert.match(change?.what ?? "", /127\.0\.0\.1 \(Ferry: --passive-address\)\.$/);
});

test("the number of sessions that the server takes is counted", async () => {
  const limited = { server: { limits: { sessionsPerAddress: 2 } } };
  const { found, findings, report } = await told(limited, "ftp", "--sessions", "4");
  assert.deepEqual(found, ["tls-missing", "sessions-limited"], report);
  assert.match(
    findings.find(({ id }) => id === "sessions-limited")?.text ?? "",
    /takes 2 sessions .* not 4$/,
  );
});

test("an account that may not write is told with --write only", async () => {
  const readOnly = { account: { permissions: "read-only" } } as const;
  assert.deepEqual((await told(readOnly, "ftp")).found, ["tls-missing"]);
  const { code, found, report } = await told(readOnly, "ftp", "--write");
  assert.deepEqual(found, ["write-refused", "tls-missing"], report);
  assert.equal(code, 1);
});

test("a server that demands TLS for the login is told as such", async () => {
  const { code, found, report } = await told({ tls: { control: "require" } }, "ftp", "--tls", "off");
  assert.deepEqual(found, ["login-needs-tls"], report);
  assert.equal(code, 1);
});
