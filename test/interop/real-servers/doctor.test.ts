/** What the doctor says of servers that others wrote. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { testCertificates } from "../../support/certificates.js";
import { doctor } from "../../support/doctor.js";
import { Ferry } from "../../support/ferry.js";
import {
  inetutils,
  proftpd,
  pureFtpd,
  pyftpdlib,
  type RealServerKind,
  type RealServerOptions,
  unlessServers,
  vsftpd,
} from "../../support/real-servers/index.js";

async function told(kind: RealServerKind, o: RealServerOptions, scheme: "ftp" | "ftpes", ...argv: string[]) {
  using ferry = new Ferry();
  await using server = await kind.start(o);
  const { authority } = await testCertificates();
  ferry.home.put("ca.pem", authority.certificate);
  server.files.put("hello.txt", "hello\n".repeat(100));
  const login = `${server.user}:${encodeURIComponent(server.password)}`;
  const url = `${scheme}://${login}@localhost:${server.port}/${server.directory}`;
  const ca = ferry.home.at("ca.pem");
  return await doctor(ferry, [url, "--ca", ca, "--write", "--sessions", "3", ...argv]);
}

/** The certificates of the tests are good for a month only. */
const SOON = "certificate-ends-soon";

const HEALTHY: readonly (readonly [
  RealServerKind,
  "ftp" | "ftpes",
  software: string | undefined,
  readonly string[],
])[] = [
  [vsftpd, "ftpes", "vsftpd", [SOON, "tls-reuse-required", "mfmt-missing", "utf8-missing", "mlsd-missing"]],
  [proftpd, "ftpes", "ProFTPD", [SOON, "tls-reuse-required"]],
  [pureFtpd, "ftpes", "Pure-FTPd", [SOON, "tls-not-resumed"]],
  [pyftpdlib, "ftpes", "pyftpdlib", [SOON]],
  [
    inetutils,
    "ftp",
    undefined,
    ["tls-missing", "mfmt-missing", "list-local-time", "utf8-missing", "mlsd-missing"],
  ],
];

for (const [kind, scheme, software, expected] of HEALTHY) {
  test(`${kind.name}: nothing is wrong, and its peculiarities are found`, {
    skip: unlessServers(),
  }, async () => {
    const { code, found, report, server } = await told(kind, {}, scheme);
    assert.deepEqual([...found].sort(), [...expected].sort(), report);
    assert.equal(code, 0);
    assert.equal(server.software, software);
  });
}

const SETTINGS = [
  [vsftpd, /\(vsftpd: pasv_address\)/],
  [proftpd, /\(ProFTPD: MasqueradeAddress\)/],
  [pureFtpd, /\(Pure-FTPd: ForcePassiveIP\)/],
] as const;

for (const [kind, setting] of SETTINGS) {
  test(`${kind.name}: a wrong passive address is found, with its setting`, {
    skip: unlessServers(),
  }, async () => {
    const o = { tls: "off", passiveAddress: "192.168.77.5" } as const;
    const { code, found, findings, report } = await told(kind, o, "ftp", "--tls", "off");
    assert.equal(found[0], "pasv-address-private", report);
    assert.equal(code, 1);
    assert.match(findings.find(({ id }) => id === "pasv-address-private")?.change?.[0]?.what ?? "", setting);
  });
}
