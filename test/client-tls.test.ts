/** The client in TLS against Ferry's own server: every way of TLS and of data connections. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type DataMode, FtpClient, type FtpClientOptions, type FtpTlsOptions } from "ferry/client";
import { testCertificates } from "./support/certificates.js";
import { someBytes } from "./support/files.js";
import { type Family, PASSWORD, TestServer, USER, unlessFamily } from "./support/server.js";

/** For Ferry's server with the certificate of the tests, which is for localhost. */
async function optionsFor(
  server: TestServer,
  { tlsOptions, ...o }: Partial<FtpClientOptions> & { readonly tlsOptions?: FtpTlsOptions } = {},
): Promise<FtpClientOptions> {
  const { authority } = await testCertificates();
  return {
    host: server.host,
    port: o.tls === "implicit" ? server.implicitPort : server.port,
    user: USER,
    password: PASSWORD,
    tls: "explicit",
    reconnect: { attempts: 2, delay: 1 },
    ...o,
    tlsOptions: { ca: authority.certificate, serverName: "localhost", ...tlsOptions },
  };
}

const WAYS: readonly { readonly family: Family; readonly dataMode: DataMode }[] = [
  { family: "IPv4", dataMode: "passive" },
  { family: "IPv4", dataMode: "active" },
  { family: "IPv6", dataMode: "passive" },
  { family: "IPv6", dataMode: "active" },
];

for (const tls of ["explicit", "implicit"] as const) {
  for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
    for (const { family, dataMode } of WAYS) {
      test(`${tls}, ${version}, ${family}, ${dataMode}: files go up and down on resumed sessions`, {
        skip: unlessFamily(family),
      }, async () => {
        await using server = await TestServer.start({ family, tls: { binding: "require" } });
        await using client = await FtpClient.connect(
          await optionsFor(server, {
            tls,
            dataMode,
            tlsOptions: { minVersion: "TLSv1.2", maxVersion: version },
          }),
        );
        for (const length of [0, 1, 70_000, 3_000_001]) {
          const bytes = someBytes(length);
          assert.equal((await client.upload(bytes, "file.bin")).bytes, length);
          assert.deepEqual(await server.files.get("/file.bin"), bytes);
          assert.deepEqual(await client.readFile("file.bin"), bytes);
        }
        const names: string[] = [];
        for await (const { name } of client.list()) names.push(name);
        assert.deepEqual(names, ["file.bin"]);
        const { protocol, authorized, dataReused } = client.security ?? {};
        assert.deepEqual([protocol, authorized, dataReused], [version, true, true]);
      });
    }
  }
}
