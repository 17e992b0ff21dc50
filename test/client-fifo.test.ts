/** Uploads from a FIFO, whose other end decides when there is something to read. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { open } from "node:fs/promises";
import { describe, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { FtpClient } from "ferry/client";
import { LocalFolder, someBytes } from "./support/files.js";
import { optionsFor, TestServer } from "./support/server.js";

describe("an upload from a FIFO", { skip: process.platform === "win32" && "no FIFOs" }, () => {
  async function withFifo(
    work: (client: FtpClient, path: string, server: TestServer) => Promise<void>,
    dataMode: "passive" | "active" = "passive",
  ): Promise<void> {
    await using server = await TestServer.start();
    await using client = await FtpClient.connect(optionsFor(server, { dataMode }));
    using folder = new LocalFolder();
    execFileSync("mkfifo", [folder.at("fifo")]);
    await work(client, folder.at("fifo"), server);
  }

  test("is all that is written into it", async () => {
    await withFifo(async (client, path, server) => {
      const bytes = someBytes(1_000_000);
      const uploaded = client.upload(path, "f");
      await using writer = await open(path, "w");
      await writer.writeFile(bytes);
      await writer.close();
      assert.equal((await uploaded).bytes, bytes.length);
      assert.deepEqual(await server.files.get("/f"), bytes);
    });
  });

  test("ends when it is aborted, while nobody writes", async () => {
    await withFifo(async (client, path) => {
      const abort = new AbortController();
      const uploaded = client.upload(path, "f", { signal: abort.signal });
      for (let n = 0; n < 5; n++) await nextTurn();
      abort.abort();
      await assert.rejects(uploaded, { name: "AbortError", code: "ERR_FERRY_FTP_ABORTED" });
      assert.equal(await client.exists("f"), false);
    });
  });

  for (const dataMode of ["passive", "active"] as const) {
    test(`leaves nothing when it is aborted before its first byte has moved (${dataMode})`, async () => {
      await withFifo(async (client, path) => {
        const abort = new AbortController();
        const began = new EventEmitter();
        const uploaded = client.upload(path, "f", {
          signal: abort.signal,
          onBegin: () => void began.emit("begin"),
        });
        const refused = assert.rejects(uploaded, { name: "AbortError", code: "ERR_FERRY_FTP_ABORTED" });
        const beginning = once(began, "begin");
        await using writer = await open(path, "w");
        await writer.write("some");
        await beginning;
        abort.abort();
        await refused;
        assert.equal(await client.exists("f"), false);
      }, dataMode);
    });
  }
});
