/** TLS: what is agreed, and what is refused. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FtpClient, FtpTlsError } from "ferry/client";
import { sha256, someBytes } from "../../../support/files.js";
import type { Context, Way } from "./context.js";

export function securityTests(context: Context, way: Way): void {
  const { resumes } = context.kind.abilities;

  for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
    test(`${way.name}: data connections resume the session of ${version}`, async () => {
      const { tlsOptions } = context.options(way);
      const only = { ...tlsOptions, minVersion: version, maxVersion: version };
      await using client = await context.connect(way, { tlsOptions: only });
      const bytes = someBytes(200_000);
      for (let round = 0; round < 3; round++) {
        await client.upload(bytes, "file.bin");
        assert.equal(client.security?.dataReused, resumes.includes(version));
        assert.equal(sha256(await client.readFile("file.bin")), sha256(bytes));
        assert.equal(client.security?.dataReused, resumes.includes(version));
      }
      assert.equal(client.security?.protocol, version);
      assert.equal(client.security?.authorized, true);
    });
  }

  test(`${way.name}: a certificate of nobody we know is refused`, async () => {
    const unknown = context.options(way, { tlsOptions: {} });
    await assert.rejects(FtpClient.connect(unknown), FtpTlsError);
    const otherName = context.options(way);
    const tlsOptions = { ...otherName.tlsOptions, serverName: "other.example" };
    await assert.rejects(FtpClient.connect({ ...otherName, tlsOptions }), FtpTlsError);
  });
}
