/** Uploads whose source fails: what is there on the server stays as it was, however early that happens. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FtpClient, FtpLocalError } from "ferry/client";
import { optionsFor, TestServer } from "./support/server.js";

for (const dataMode of ["passive", "active"] as const) {
  for (const tls of ["off", "explicit"] as const) {
    test(`with ${dataMode} data connections, TLS ${tls}: a source that fails at once leaves no empty file`, async () => {
      await using server = await TestServer.start({ tls: {} });
      await using client = await FtpClient.connect(
        optionsFor(server, { dataMode, tls, tlsOptions: { insecure: true } }),
      );
      await server.files.put("/file", "as it was");
      async function* broken(): AsyncGenerator<Buffer> {
        await new Promise((resolve) => setImmediate(resolve));
        throw new Error("the source broke");
      }
      await assert.rejects(client.upload(broken(), "file"), FtpLocalError);
      await assert.rejects(client.upload(broken(), "new"), FtpLocalError);
      assert.equal((await server.files.get("/file"))?.toString(), "as it was");
    });
  }
}
