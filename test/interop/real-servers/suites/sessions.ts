/** Logins, several sessions at once, and sessions that end before their time. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FtpClient, FtpError, FtpLoginError } from "ferry/client";
import { LocalFolder, sha256, someBytes } from "../../../support/files.js";
import type { RealServerKind } from "../../../support/real-servers/index.js";
import { type Context, type Way, withServer } from "./context.js";

const MiB = 1024 * 1024;

export function sessionTests(context: Context, way: Way): void {
  test(`${way.name}: a wrong password is a login error that does not repeat it`, async () => {
    const password = "Wr0ng-and-secret";
    await assert.rejects(FtpClient.connect(context.options(way, { password })), (error) => {
      assert.ok(error instanceof FtpLoginError, String(error));
      assert.equal(error.reply?.code, 530);
      assert.equal(error.retryable, false);
      assert.ok(!JSON.stringify(error).includes(password));
      return true;
    });
  });

  test(`${way.name}: a pool moves 24 files over several sessions`, async () => {
    await using pool = context.pool(way);
    const files = Array.from({ length: 24 }, (_, i) => ({ name: `file-${i}`, bytes: someBytes(50_000 + i) }));
    await Promise.all(
      files.map(({ name, bytes }) => pool.run((client) => client.upload(bytes, context.remote(name)))),
    );
    assert.equal(pool.size, pool.limit);
    for (const { name, bytes } of files) assert.equal(sha256(context.files.get(name)), sha256(bytes));
    await Promise.all(
      files.map(async ({ name, bytes }) => {
        const found = await pool.run((client) => client.readFile(context.remote(name)));
        assert.equal(sha256(found), sha256(bytes));
      }),
    );
  });

  test(`${way.name}: a session that the server killed is made anew, in the same folder`, async () => {
    await using client = await context.connect(way);
    context.files.put("folder/file.txt", "here");
    await client.changeDirectory("folder");
    context.server.killSessions();
    assert.equal(String(await client.readFile("file.txt")), "here");
    context.server.killSessions();
    assert.equal(await client.size("file.txt"), 4);
  });

  test(`${way.name}: a transfer whose session is killed fails, and is continued on a new one`, async () => {
    await using client = await context.connect(way);
    using folder = new LocalFolder();
    const bytes = someBytes(16 * MiB);
    // Slow, so that neither side has all of it in its buffers when the other one dies.
    const broken = () => {
      let killed = false;
      const onProgress = (progress: { readonly bytes: number }) => {
        if (!killed && progress.bytes > 0) context.server.killSessions();
        killed ||= progress.bytes > 0;
      };
      return { rate: 4 * MiB, onProgress };
    };
    await assert.rejects(client.upload(bytes, "file.bin", broken()), FtpError);
    await client.upload(bytes, "file.bin", { resume: true });
    assert.equal(sha256(context.files.get("file.bin")), sha256(bytes));
    await assert.rejects(client.download("file.bin", folder.at("down"), broken()), FtpError);
    const { start } = await client.download("file.bin", folder.at("down"), { resume: true });
    assert.ok(start > 0, "some of it was there");
    assert.equal(sha256(folder.get("down")), sha256(bytes));
  });
}

/** With a server that has enough of two sessions. */
export function limitTests(kind: RealServerKind): void {
  withServer(
    kind,
    "with room for two sessions",
    (context) => {
      test("a pool goes on with as many sessions as the server lets it have", async () => {
        await using pool = context.pool({}, { connections: 5 });
        const names = Array.from({ length: 15 }, (_, i) => `file-${i}`);
        await Promise.all(
          names.map((name) => pool.run((client) => client.upload(Buffer.from(name), context.remote(name)))),
        );
        for (const name of names) assert.equal(String(context.files.get(name)), name);
        assert.ok(pool.size <= 2, `${pool.size} sessions`);
        assert.ok(pool.limit <= 2, `a limit of ${pool.limit}`);
      });
    },
    { maxSessions: 2 },
  );
}
