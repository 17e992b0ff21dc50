/** Data connections in TLS: that they move bytes, belong to their session, and say when they are whole. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, test } from "node:test";
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from "node:tls";
import { sha256, someBytes } from "./support/files.js";
import { TestServer } from "./support/server.js";
import { TlsClient, type Version } from "./support/tls-client.js";

const VERSIONS: readonly Version[] = ["TLSv1.2", "TLSv1.3"];

/** A data connection behind its handshake, which nobody has read from. */
async function secured(o: ConnectionOptions): Promise<TLSSocket> {
  const tls = connectTls({ ...o, rejectUnauthorized: false });
  tls.on("error", () => {});
  await once(tls, "secureConnect");
  return tls;
}

for (const version of VERSIONS) {
  describe(`data connections, ${version}`, () => {
    for (const mode of ["EPSV", "PORT"] as const) {
      for (const length of [0, 1, 70_001, 5_000_003]) {
        test(`move ${length} bytes up and down, ${mode}`, async () => {
          await using server = await TestServer.start({ tls: {} });
          await using client = await (await TlsClient.open({ port: server.port, version })).protect();
          const bytes = someBytes(length);
          const up = await client.transfer("STOR file.bin", {
            send: bytes,
            mode,
            session: await client.session(),
          });
          assert.deepEqual(up.codes, [150, 226], up.text);
          assert.equal(sha256(await server.files.get("/file.bin")), sha256(bytes));
          const down = await client.transfer("RETR file.bin", { mode, session: await client.session() });
          assert.deepEqual(down.codes.slice(1), [226], down.text);
          assert.ok(down.bytes.equals(bytes));
          assert.ok(up.reused && down.reused, "resumed");
        });
      }
    }

    test("resume the session of their control connection, again and again", async () => {
      await using server = await TestServer.start({ tls: { binding: "require" } });
      await using client = await (await TlsClient.open({ port: server.port, version })).protect();
      await server.files.put("/a", "content");
      const session = await client.session();
      for (let n = 0; n < 3; n++) {
        const seen = await client.transfer("RETR a", { session });
        assert.deepEqual([seen.codes[1], seen.reused, String(seen.bytes)], [226, true, "content"], seen.text);
      }
    });

    if (version === "TLSv1.3") {
      test("begin anew where a client uses each ticket once, and has used them all", async () => {
        await using server = await TestServer.start({ tls: {} });
        await using client = await (await TlsClient.open({ port: server.port, version })).protect();
        await server.files.put("/a", "content");
        const tickets = [...(await client.tickets(2))];
        for (let n = 0; n < 7; n++) {
          const session = tickets.shift();
          const seen = await client.transfer("RETR a", { session });
          assert.deepEqual(
            [seen.codes[1], seen.reused],
            [226, session !== undefined],
            `transfer ${n}: ${seen.text}`,
          );
          tickets.push(...seen.tickets);
        }
      });

      test("begin anew each second time where a client keeps the newest ticket and uses it once, as curl does", async () => {
        await using server = await TestServer.start({ tls: {} });
        await using client = await (await TlsClient.open({ port: server.port, version })).protect();
        await server.files.put("/a", "content");
        let session: Buffer | undefined = (await client.tickets(2)).at(-1);
        for (let n = 0; n < 6; n++) {
          const seen = await client.transfer("RETR a", { session });
          assert.deepEqual([seen.codes[1], seen.reused], [226, n % 2 === 0], `transfer ${n}: ${seen.text}`);
          session = seen.tickets.at(-1);
        }
      });

      test("have to resume where a client uses one ticket again and again", async () => {
        await using server = await TestServer.start({ tls: {} });
        await using client = await (await TlsClient.open({ port: server.port, version })).protect();
        await server.files.put("/a", "content");
        const session = await client.session();
        for (let n = 0; n < 4; n++)
          assert.equal((await client.transfer("RETR a", { session })).codes[1], 226);
        assert.equal((await client.transfer("RETR a")).codes[1], 522);
      });
    }

    test("cross-session-ticket: another session's ticket is refused, and the transfer not done", async () => {
      for (const binding of ["prefer", "require"] as const) {
        await using server = await TestServer.start({ tls: { binding } });
        await using victim = await (await TlsClient.open({ port: server.port, version })).protect();
        await using other = await (await TlsClient.open({ port: server.port, version })).protect();
        await server.files.put("/secret", "secret");
        const stolen = await other.session();
        const down = await victim.transfer("RETR secret", { session: stolen });
        assert.equal(down.codes[1], 522, down.text);
        assert.deepEqual([down.reused, down.bytes.length], [false, 0]);
        const up = await victim.transfer("STOR planted", { session: stolen, send: someBytes(1000) });
        assert.equal(up.codes[1], 522, up.text);
        assert.deepEqual(await server.files.names("/"), ["secret"]);
      }
    });

    test("may begin a session of their own where the client never resumes", async () => {
      await using server = await TestServer.start({ tls: {} });
      await using client = await (await TlsClient.open({ port: server.port, version })).protect();
      for (let n = 0; n < 2; n++) {
        const seen = await client.transfer("STOR a", { send: Buffer.from("content") });
        assert.deepEqual([seen.codes[1], seen.reused], [226, false], seen.text);
      }
    });

    test("have to resume once one has; REIN begins anew", async () => {
      await using server = await TestServer.start({ tls: {} });
      await using client = await (await TlsClient.open({ port: server.port, version })).protect();
      const session = await client.session();
      for (let n = 0; n < 2; n++) {
        assert.equal((await client.transfer("STOR a", { send: Buffer.from("1"), session })).codes[1], 226);
      }
      assert.equal((await client.transfer("STOR a", { send: Buffer.from("2") })).codes[1], 522);
      assert.equal(String(await server.files.get("/a")), "1");
      await client.expect("REIN", 220);
      await client.login("anna", "Pa55 w@rd:/");
      await client.protect();
      assert.equal((await client.transfer("STOR a", { send: Buffer.from("3") })).codes[1], 226);
    });

    test("have to resume where that is required, and need not where it is off", async () => {
      {
        await using server = await TestServer.start({ tls: { binding: "require" } });
        await using client = await (await TlsClient.open({ port: server.port, version })).protect();
        const seen = await client.transfer("STOR a", { send: Buffer.from("1") });
        assert.equal(seen.codes[1], 522);
        assert.match(seen.text, /resume/);
        assert.deepEqual(await server.files.names("/"), []);
      }
      await using server = await TestServer.start({ tls: { binding: "off" } });
      await using one = await (await TlsClient.open({ port: server.port, version })).protect();
      await using two = await (await TlsClient.open({ port: server.port, version })).protect();
      const session = await one.session();
      assert.equal((await one.transfer("STOR a", { send: Buffer.from("1"), session })).codes[1], 226);
      assert.equal((await one.transfer("STOR a", { send: Buffer.from("2") })).codes[1], 226);
      assert.equal((await two.transfer("STOR a", { send: Buffer.from("3"), session })).codes[1], 226);
    });

    for (const cut of ["fin", "reset"] as const) {
      for (const length of [0, 1000, 3_000_000]) {
        test(`truncated-upload: ${length} bytes and a bare ${cut} are no file`, async () => {
          await using server = await TestServer.start({ tls: {} });
          await using client = await (await TlsClient.open({ port: server.port, version })).protect();
          await server.files.put("/file", "as before");
          const seen = await client.transfer("STOR file", { send: someBytes(length), cut });
          assert.equal(seen.codes[1], 426, seen.text);
          assert.equal(String(await server.files.get("/file")), "as before");
        });
      }
    }

    test("are aborted by ABOR in both directions, and the next ones work", async () => {
      await using server = await TestServer.start({ tls: {} });
      await using client = await (await TlsClient.open({ port: server.port, version })).protect();
      const big = someBytes(30_000_000);
      await server.files.put("/big", big);
      const session = await client.session();
      for (const line of ["RETR big", "STOR other"]) {
        await using data = await client.extendedPassive();
        await client.expect(line, 150, 125);
        const tls = await secured({ socket: await data.socket(), maxVersion: version, session });
        if (line.startsWith("STOR")) tls.write(someBytes(100_000));
        else await once(tls, "readable");
        await client.send("ABOR");
        assert.deepEqual([(await client.reply()).code, (await client.reply()).code], [426, 226], line);
        tls.destroy();
      }
      const whole = await client.transfer("RETR big", { session });
      assert.equal(sha256(whole.bytes), sha256(big));
      assert.deepEqual(await server.files.names("/"), ["big"]);
    });

    test("that nobody reads, or writes to, end with the stall timer", async () => {
      await using server = await TestServer.start({ tls: {}, server: { timeouts: { stall: 300 } } });
      await using client = await (await TlsClient.open({ port: server.port, version })).protect();
      await server.files.put("/big", someBytes(60_000_000));
      const session = await client.session();
      for (const line of ["RETR big", "STOR other"]) {
        await using data = await client.extendedPassive();
        await client.expect(line, 150, 125);
        const tls = await secured({ socket: await data.socket(), maxVersion: version, session });
        tls.pause();
        assert.equal((await client.reply()).code, 426, line);
        tls.destroy();
      }
    });

    test("may end by a bare FIN where clients need that", async () => {
      await using server = await TestServer.start({ tls: { acceptBareEnd: true } });
      await using client = await (await TlsClient.open({ port: server.port, version })).protect();
      const bytes = someBytes(100_000);
      const seen = await client.transfer("STOR file", { send: bytes, cut: "fin" });
      assert.equal(seen.codes[1], 226, seen.text);
      assert.ok((await server.files.get("/file")).equals(bytes));
    });
  });
}
