/** TLS on the control connection: how it begins, what it resets, and what attackers get. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectTcp, type Socket } from "node:net";
import { describe, test } from "node:test";
import { connect as connectTls } from "node:tls";
import { TlsIdentities, TlsIdentity } from "ferry/server";
import { RawClient } from "ferry/testing";
import { TestAuthority } from "./support/certificates.js";
import { tlsOver } from "./support/detachable-tls.js";
import { PASSWORD, TestServer, USER } from "./support/server.js";
import { lineFrom, TlsClient } from "./support/tls-client.js";

async function plain(server: TestServer): Promise<RawClient> {
  const client = await RawClient.connect({ host: server.host, port: server.port });
  await client.reply();
  return client;
}

/** After the welcome. */
async function rawSocket(server: TestServer, port = server.port): Promise<Socket> {
  const socket = connectTcp({ host: server.host, port, noDelay: true });
  socket.on("error", () => {});
  await once(socket, "connect");
  if (port === server.port) await lineFrom(socket);
  return socket;
}

/** All that comes until the end. */
async function restOf(socket: Socket): Promise<string> {
  let text = "";
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
  });
  if (!socket.closed) await once(socket, "close");
  return text;
}

test("bytes in clear behind the handshake end the session at once", async () => {
  await using server = await TestServer.start({ tls: {} });
  const socket = await rawSocket(server);
  socket.write("AUTH TLS\r\n");
  await lineFrom(socket);
  const { release } = await tlsOver(socket, "TLSv1.3");
  release();
  socket.write("NOOP in clear\r\n");
  assert.doesNotMatch(await restOf(socket), /200/);
});

describe("AUTH, PBSZ and PROT", () => {
  for (const mechanism of ["TLS", "tls", "TLS-C", "SSL", "TLS-P"]) {
    test(`AUTH ${mechanism} begins TLS`, async () => {
      await using server = await TestServer.start({ tls: {} });
      await using client = await TlsClient.open({ port: server.port, mechanism });
      await client.expect("NOOP", 200);
      // The old names that protect data connections by themselves.
      const data = /SSL|-P/.test(mechanism) ? 150 : 0;
      if (data === 0) return;
      assert.deepEqual(
        (await client.transfer("LIST", { session: await client.session() })).codes,
        [150, 226],
      );
    });
  }

  test("are answered by their codes, in clear and in TLS", async () => {
    await using server = await TestServer.start({ tls: {} });
    {
      await using client = await plain(server);
      await client.expect("AUTH", 501);
      await client.expect("AUTH KERBEROS_V4", 504);
      await client.expect("PBSZ 0", 503);
      await client.expect("PROT P", 503);
      await client.expect("CCC", 533);
    }
    await using client = await TlsClient.open({ port: server.port });
    await client.expect("PROT P", 503);
    await client.expect("PBSZ x", 501);
    await client.expect("PBSZ 4294967296", 501);
    assert.match((await client.expect("PBSZ 16384", 200)).lines.join(), /PBSZ=0/);
    await client.expect("PROT", 501);
    await client.expect("PROT S", 536);
    await client.expect("PROT E", 536);
    await client.expect("PROT X", 504);
    await client.expect("PROT p", 200);
    await client.expect("PROT C", 200);
    await client.expect("AUTH TLS", 503);
    await client.expect("CCC", 534);
    await client.expect("NOOP", 200);
  });

  test("are 502 and in no FEAT where TLS is off", async () => {
    await using server = await TestServer.start();
    await using client = await plain(server);
    for (const line of ["AUTH TLS", "PBSZ 0", "PROT P", "CCC"]) await client.expect(line, 502);
    assert.doesNotMatch((await client.expect("FEAT", 211)).lines.join("\n"), /AUTH|PBSZ|PROT/);
  });

  test("are in FEAT, before TLS and in it", async () => {
    await using server = await TestServer.start({ tls: {} });
    await using clear = await plain(server);
    await using secured = await TlsClient.open({ port: server.port });
    for (const client of [clear, secured]) {
      const lines = (await client.expect("FEAT", 211)).lines.map((line) => line.trim());
      for (const feature of ["AUTH TLS", "PBSZ", "PROT"]) assert.ok(lines.includes(feature), feature);
    }
  });

  test("PROT may be said between EPSV and the transfer", async () => {
    await using server = await TestServer.start({ tls: {} });
    await using client = await (await TlsClient.open({ port: server.port })).protect();
    const data = await client.extendedPassive();
    await client.expect("PROT C", 200);
    await client.expect("LIST", 150, 125);
    assert.equal((await data.receiveAll()).ended, "end");
    assert.equal((await client.reply()).code, 226);
  });

  test("AUTH resets user, parameters, directory and data port (RFC 4217 4)", async () => {
    await using server = await TestServer.start({ tls: {} });
    await server.files.makeDirectory("/docs");
    const socket = connectTcp({ host: server.host, port: server.port });
    await once(socket, "connect");
    const clear = new RawClient(socket);
    await clear.login(USER, PASSWORD);
    await clear.expect("CWD docs", 250);
    await clear.expect("TYPE A", 200);
    await clear.expect("REST 0", 350);
    await clear.expect("EPSV", 229);
    await clear.expect("AUTH TLS", 234);
    socket.removeAllListeners("data");
    const tls = connectTls({ socket, rejectUnauthorized: false });
    await once(tls, "secureConnect");
    await using client = new RawClient(tls, { remoteAddress: server.host });
    await client.expect("PWD", 530);
    await client.expect(`USER ${USER}`, 331);
    await client.expect(`PASS ${PASSWORD}`, 230);
    assert.match((await client.expect("PWD", 257)).lines.join(), /"\/"/);
    await client.expect("LIST", 425);
    assert.match((await client.expect("STAT", 211)).lines.join("\n"), /(?:Image|BINARY|TYPE I|TYPE: I)/i);
  });

  test("REIN logs out, and keeps TLS", async () => {
    await using server = await TestServer.start({ tls: {} });
    await using client = await (await TlsClient.open({ port: server.port })).protect();
    await client.expect("REIN", 220);
    await client.expect("PWD", 530);
    await client.expect("PROT P", 503);
    await client.login(USER, PASSWORD);
  });
});

describe("policies", () => {
  test("logins need TLS where that is required", async () => {
    await using server = await TestServer.start({ tls: { control: "require" } });
    {
      await using client = await plain(server);
      await client.expect(`USER ${USER}`, 530);
      await client.expect(`PASS ${PASSWORD}`, 530);
      await client.expect("FEAT", 211);
    }
    await using client = await TlsClient.open({ port: server.port });
    await client.expect("EPSV", 229);
    // As the control connection, so the data connections, unless told otherwise.
    assert.equal((await client.expect("LIST", 521)).lines.length, 1);
    for (const line of ["RETR a", "STOR a", "APPE a", "STOU", "NLST", "MLSD"]) await client.expect(line, 521);
    await client.expect("PBSZ 0", 200);
    await client.expect("PROT C", 534);
    await client.expect("PROT P", 200);
    assert.deepEqual((await client.transfer("LIST", { session: await client.session() })).codes, [150, 226]);
  });

  test("data connections stay clear where that is all there is", async () => {
    await using server = await TestServer.start({ tls: { data: "off" } });
    await using client = await TlsClient.open({ port: server.port });
    await client.expect("PBSZ 0", 200);
    await client.expect("PROT P", 534);
    await client.expect("PROT C", 200);
    assert.deepEqual((await client.download("LIST")).replies.at(-1)?.code, 226);
  });

  test("an account may need TLS to log in, and for data", async () => {
    for (const requireTls of ["login", "data"] as const) {
      await using server = await TestServer.start({ tls: {}, account: { requireTls } });
      {
        await using client = await plain(server);
        await client.expect(`USER ${USER}`, 331);
        assert.match((await client.expect(`PASS ${PASSWORD}`, 530)).lines.join(), /TLS/);
      }
      await using client = await TlsClient.open({ port: server.port });
      await client.expect("EPSV", 229);
      await client.expect("LIST", requireTls === "data" ? 521 : 150, 125);
    }
  });
});

describe("implicit TLS", () => {
  test("begins with the first byte, and protects data connections unless PROT C is said", async () => {
    await using server = await TestServer.start({ tls: {} });
    await using client = await TlsClient.open({ port: server.implicitPort, implicit: true });
    await client.expect("AUTH TLS", 503);
    assert.deepEqual((await client.transfer("LIST", { session: await client.session() })).codes, [150, 226]);
    await client.expect("PBSZ 0", 200);
    await client.expect("PROT C", 200);
    assert.equal((await client.download("LIST")).replies.at(-1)?.code, 226);
    await client.expect("REIN", 220);
    await client.login(USER, PASSWORD);
    assert.deepEqual((await client.transfer("LIST", { session: await client.session() })).codes, [150, 226]);
  });

  test("says nothing in clear, and closes on whoever does", async () => {
    await using server = await TestServer.start({ tls: {} });
    const socket = await rawSocket(server, server.implicitPort);
    socket.write("USER anna\r\n");
    assert.equal(await restOf(socket), "");
    assert.deepEqual(server.verbs, []);
  });
});

describe("attacks", () => {
  test("starttls-injection: a command in the segment of AUTH is neither executed nor answered", async () => {
    await using server = await TestServer.start({ tls: {} });
    for (const behind of ["NOOP\r\n", "NO", "\n"]) {
      const socket = await rawSocket(server);
      socket.write(`AUTH TLS\r\n${behind}`);
      const answer = await restOf(socket);
      assert.match(answer, /^421 [^\r\n]*\r\n$/);
    }
    assert.deepEqual(server.verbs, []);
  });

  test("starttls-injection: a command behind the 234 closes the connection without an answer", async () => {
    await using server = await TestServer.start({ tls: {} });
    const socket = await rawSocket(server);
    socket.write("AUTH TLS\r\n");
    assert.match(await lineFrom(socket), /^234 /);
    socket.write("NOOP\r\n");
    assert.equal(await restOf(socket), "");
    assert.deepEqual(server.verbs, ["AUTH"]);
    assert.deepEqual(server.endings, ["tls-handshake"]);
  });

  test("data-without-tls-after-prot-p: bytes in clear are refused, in both directions", async () => {
    await using server = await TestServer.start({ tls: {} });
    await using client = await (await TlsClient.open({ port: server.port })).protect();
    await server.files.put("/secret", "secret");
    const up = await client.upload("STOR planted", "in clear");
    assert.equal(up.at(-1)?.code, 522);
    assert.deepEqual(await server.files.names("/"), ["secret"]);
    const data = await client.extendedPassive();
    await client.expect("RETR secret", 150, 125);
    await data.send("please");
    const got = await data.receiveAll();
    assert.equal(got.bytes.length, 0);
    assert.equal((await client.reply()).code, 522);
  });

  test("data-without-tls-after-prot-p: silence ends with the handshake timer", async () => {
    await using server = await TestServer.start({ tls: {}, server: { timeouts: { tlsHandshake: 200 } } });
    await using client = await (await TlsClient.open({ port: server.port })).protect();
    await using data = await client.extendedPassive();
    await data.socket();
    await client.expect("LIST", 150, 125);
    assert.equal((await client.reply()).code, 522);
  });

  for (const maxVersion of ["TLSv1", "TLSv1.1"] as const) {
    test(`tls-downgrade: ${maxVersion} is refused`, async () => {
      await using server = await TestServer.start({ tls: {} });
      const socket = await rawSocket(server, server.implicitPort);
      const tls = connectTls({
        socket,
        rejectUnauthorized: false,
        minVersion: "TLSv1",
        maxVersion,
        ciphers: "ALL:@SECLEVEL=0",
      });
      const [error] = (await once(tls, "error")) as [NodeJS.ErrnoException];
      assert.match(String(error.code), /ALERT_PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL/);
    });
  }

  test("tls-downgrade: after a failed handshake nothing goes on in clear", async () => {
    await using server = await TestServer.start({ tls: {} });
    const socket = await rawSocket(server);
    socket.write("AUTH TLS\r\n");
    await lineFrom(socket);
    // A record that claims to be a ClientHello and is none.
    socket.write(Buffer.from([22, 3, 1, 0, 4, 1, 0, 0, 0]));
    socket.write("USER anna\r\n");
    assert.doesNotMatch(await restOf(socket), /^\d\d\d /m);
    assert.deepEqual(server.verbs, ["AUTH"]);
  });

  test("alpn-cross-protocol: a browser's protocols are refused by an alert, ftp and silence are not", async () => {
    await using server = await TestServer.start({ tls: {} });
    for (const protocols of [["h2", "http/1.1"], ["smtp"]]) {
      const socket = await rawSocket(server, server.implicitPort);
      const tls = connectTls({ socket, rejectUnauthorized: false, ALPNProtocols: protocols });
      const [error] = (await once(tls, "error")) as [NodeJS.ErrnoException];
      assert.match(String(error.code), /NO_APPLICATION_PROTOCOL/);
    }
    await using client = await TlsClient.open({ port: server.port, ALPNProtocols: ["ftp"] });
    assert.equal(client.tls.alpnProtocol, "ftp");
    await client.protect();
    assert.equal((await client.transfer("LIST", { session: await client.session() })).codes.at(-1), 226);
  });

  test("alpn-cross-protocol: an HTTP request in TLS gets nothing of it back", async () => {
    await using server = await TestServer.start({ tls: {} });
    const socket = await rawSocket(server, server.implicitPort);
    const tls = connectTls({ socket, rejectUnauthorized: false });
    tls.on("error", () => {});
    await once(tls, "secureConnect");
    tls.write("POST /<script> HTTP/1.1\r\nHost: x\r\n\r\nUSER anna\r\n");
    assert.doesNotMatch(await restOf(tls), /script|331|500/);
  });

  test("half-open handshakes × 200 cost no CPU, hold nobody up, and end with the handshake timer", async () => {
    const limits = { sessionsPerAddress: 300 };
    const timeouts = { tlsHandshake: 1500 };
    await using server = await TestServer.start({ tls: {}, server: { limits, timeouts } });
    const sockets: Socket[] = [];
    for (let n = 0; n < 200; n++) {
      const socket = await rawSocket(server, server.implicitPort);
      // The beginning of a ClientHello, or nothing at all.
      if (n % 2 === 0) socket.write(Buffer.from([22, 3, 1, 2, 0, 1, 0, 1]));
      sockets.push(socket.resume());
    }
    const before = process.cpuUsage();
    const began = performance.now();
    await using client = await TlsClient.open({ port: server.port });
    await client.expect("NOOP", 200);
    await Promise.all(sockets.map((socket) => socket.closed || once(socket, "close")));
    const { user, system } = process.cpuUsage(before);
    const waited = performance.now() - began;
    assert.ok((user + system) / 1000 < waited / 2, `${(user + system) / 1000} ms of CPU in ${waited} ms`);
    await client.expect("NOOP", 200);
  });

  test("a client cannot renegotiate TLS 1.2", async () => {
    await using server = await TestServer.start({ tls: {} });
    await using client = await TlsClient.open({ port: server.port, version: "TLSv1.2" });
    const failed = await new Promise<Error | null>((resolve) => {
      client.tls.once("error", resolve);
      client.tls.once("close", () => resolve(new Error("closed")));
      client.tls.renegotiate({ rejectUnauthorized: false }, resolve);
    });
    assert.ok(failed instanceof Error, "it did");
  });
});

describe("the certificate of a virtual host", () => {
  async function twoHosts(): Promise<TlsIdentities> {
    const authority = await TestAuthority.make();
    const [first, second] = await Promise.all([
      authority.issue({ name: "one.example", hosts: ["one.example"] }),
      authority.issue({ name: "two.example", hosts: ["two.example", "*.two.example"] }),
    ]);
    return new TlsIdentities(new TlsIdentity(first), new TlsIdentity(second));
  }
  const nameOf = (client: TlsClient) => client.tls.getPeerCertificate().subject.CN;

  test("is chosen by SNI; the first one serves everybody else; data connections resume under it", async () => {
    await using server = await TestServer.start({
      tls: { identities: await twoHosts(), binding: "require" },
    });
    for (const [servername, expected] of [
      ["two.example", "two.example"],
      ["sub.two.example", "two.example"],
      ["one.example", "one.example"],
      ["three.example", "one.example"],
      [undefined, "one.example"],
    ] as const) {
      await using client = await TlsClient.open({
        port: server.port,
        ...(servername === undefined ? {} : { servername }),
      });
      assert.equal(nameOf(client), expected, String(servername));
      await client.protect();
      assert.equal((await client.transfer("LIST", { session: await client.session() })).codes.at(-1), 226);
    }
  });

  test("is chosen by HOST before AUTH, which AUTH does not forget", async () => {
    await using server = await TestServer.start({
      tls: { identities: await twoHosts() },
      server: { hostNames: ["two.example"] },
    });
    const socket = await rawSocket(server);
    socket.write("HOST two.example\r\n");
    assert.match(await lineFrom(socket), /^220 /);
    socket.write("AUTH TLS\r\n");
    assert.match(await lineFrom(socket), /^234 /);
    const tls = connectTls({ socket, rejectUnauthorized: false });
    await once(tls, "secureConnect");
    assert.equal(tls.getPeerCertificate().subject.CN, "two.example");
    tls.destroy();
  });
});

describe("CCC (RFC 4217 5)", () => {
  for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
    for (const closes of [true, false]) {
      test(`goes on in clear, ${version}, ${closes ? "after the client's close_notify" : "without one"}`, async () => {
        await using server = await TestServer.start({ tls: { clearControl: true } });
        const socket = await rawSocket(server);
        socket.write("AUTH TLS\r\n");
        await lineFrom(socket);
        // TLS on a pipe of our own, so that the socket can go on without it.
        const { tls, release } = await tlsOver(socket, version);
        const secured = new RawClient(tls, { remoteAddress: server.host });
        await secured.expect(`USER ${USER}`, 331);
        await secured.expect(`PASS ${PASSWORD}`, 230);
        await secured.expect("PBSZ 0", 200);
        await secured.expect("PROT P", 200);
        await secured.expect("CCC", 200);
        if (!tls.readableEnded) await once(tls, "end"); // The server's close_notify.
        if (closes) {
          tls.end();
          await once(tls, "finish");
        }
        release();
        await using client = new RawClient(socket);
        assert.match((await client.expect("PWD", 257)).lines.join(), /"\/"/);
        await client.expect("PROT C", 503);
        await client.expect("PBSZ 0", 503);
        await client.expect("AUTH TLS", 503);
        // The protection of data stays: what is in clear is refused.
        assert.equal((await client.upload("STOR planted", "clear")).at(-1)?.code, 522);
        await client.expect("REIN", 220);
        await client.expect("QUIT", 221);
      });
    }
  }

  test("leaves nobody a login in clear where that needs TLS", async () => {
    await using server = await TestServer.start({ tls: { clearControl: true, control: "require" } });
    const socket = await rawSocket(server);
    socket.write("AUTH TLS\r\n");
    await lineFrom(socket);
    const { tls, release } = await tlsOver(socket, "TLSv1.3");
    await using secured = new RawClient(tls, { remoteAddress: server.host });
    await secured.expect("CCC", 200);
    if (!tls.readableEnded) await once(tls, "end");
    release();
    await using client = new RawClient(socket);
    await client.expect(`USER ${USER}`, 530);
  });
});
