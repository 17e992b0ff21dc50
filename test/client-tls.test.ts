/** The client in TLS against Ferry's own server: every way of TLS and of data connections, certificates, and more. */
import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import {
  type DataMode,
  FtpClient,
  type FtpClientOptions,
  FtpPool,
  type FtpTlsError,
  mirror,
  type TraceLine,
} from "ferry/client";
import { TlsIdentities, TlsIdentity } from "ferry/server";
import { type Certificate, TestAuthority, testCertificates } from "./support/certificates.js";
import { LocalFolder, someBytes } from "./support/files.js";
import { httpConnect, socks5, TestProxy } from "./support/proxy.js";
import { type Family, PASSWORD, TestServer, USER, unlessFamily } from "./support/server.js";

const VERSIONS = ["TLSv1.2", "TLSv1.3"] as const;

/** For Ferry's server with the certificate of the tests, which is for localhost. */
async function optionsFor(
  server: TestServer,
  { tlsOptions, ...o }: Partial<FtpClientOptions> = {},
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

/** Why there is no connection. */
async function refusal(options: FtpClientOptions): Promise<FtpTlsError> {
  let error: unknown;
  try {
    await (await FtpClient.connect(options)).destroy();
  } catch (thrown) {
    error = thrown;
  }
  assert.equal((error as FtpTlsError | undefined)?.code, "ERR_FERRY_FTP_TLS", String(error));
  return error as FtpTlsError;
}

function identities(...certificates: readonly [Certificate, ...Certificate[]]): TlsIdentities {
  // An identity does not load once it has expired; a server that runs goes on with it.
  const long = Date.now() - 10 * 24 * 3600 * 1000;
  const [first, ...more] = certificates.map((certificate) => {
    const { key, certificate: chain } = certificate;
    try {
      return new TlsIdentity({ key, certificate: chain });
    } catch {
      return new TlsIdentity({ key, certificate: chain }, long);
    }
  });
  return new TlsIdentities(first as TlsIdentity, ...more);
}

function notesOf(): { readonly notes: string[]; readonly onTrace: (line: TraceLine) => void } {
  const notes: string[] = [];
  return { notes, onTrace: (line) => void (line.kind === "note" && notes.push(line.text)) };
}

const WAYS: readonly { readonly family: Family; readonly dataMode: DataMode }[] = [
  { family: "IPv4", dataMode: "passive" },
  { family: "IPv4", dataMode: "active" },
  { family: "IPv6", dataMode: "passive" },
  { family: "IPv6", dataMode: "active" },
];

for (const tls of ["explicit", "implicit"] as const) {
  for (const version of VERSIONS) {
    for (const { family, dataMode } of WAYS) {
      test(`${tls}, ${version}, ${family}, ${dataMode}: files go up and down on resumed sessions`, {
        skip: unlessFamily(family),
      }, async () => {
        await using server = await TestServer.start({ family, tls: { binding: "require", data: "require" } });
        await using client = await FtpClient.connect(
          await optionsFor(server, { tls, dataMode, tlsOptions: { maxVersion: version } }),
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

describe("files", () => {
  test("that are broken off leave the client in step, in TLS too", async () => {
    await using server = await TestServer.start({ tls: { binding: "require" } });
    await using client = await FtpClient.connect(await optionsFor(server));
    const bytes = someBytes(20_000_000);
    await server.files.put("/f", bytes);
    assert.deepEqual(
      Buffer.concat(await client.createReadStream("f", { start: 5, end: 2_000_005 }).toArray()),
      bytes.subarray(5, 2_000_005),
    );
    const stop = new AbortController();
    await assert.rejects(client.readFile("f", { signal: stop.signal, onProgress: () => stop.abort() }), {
      code: "ERR_FERRY_FTP_ABORTED",
    });
    const endless = async function* () {
      for (;;) yield bytes.subarray(0, 100_000);
    };
    const again = new AbortController();
    await assert.rejects(
      client.upload(endless(), "up", { signal: again.signal, onProgress: () => again.abort() }),
      { code: "ERR_FERRY_FTP_ABORTED" },
    );
    await assert.rejects(client.readFile("missing"), { code: "ERR_FERRY_FTP_REPLY" });
    assert.equal(await client.size("f"), bytes.length);
    assert.equal((await client.readFile("f")).length, bytes.length);
    assert.equal(server.verbs.filter((verb) => verb === "USER").length, 1, "on the same connection");
  });

  test("are not moved when TLS cannot be had for them", async () => {
    await using server = await TestServer.start({ tls: { data: "off" } });
    const error = await refusal(await optionsFor(server));
    assert.deepEqual([error.reason, error.reply?.code, error.retryable], ["refused", 534, false]);
    const { notes, onTrace } = notesOf();
    await using client = await FtpClient.connect(await optionsFor(server, { tls: "auto", onTrace }));
    await client.upload(Buffer.from("content"), "f");
    assert.ok(
      notes.some((note) => /PROT P.*in clear/.test(note)),
      notes.join(),
    );
  });

  test("go in clear where that is asked for, and the server takes it", async () => {
    for (const tls of ["explicit", "implicit"] as const) {
      await using server = await TestServer.start({ tls: {} });
      const options = await optionsFor(server, { tls, tlsOptions: { data: "clear" } });
      await using client = await FtpClient.connect(options);
      await client.upload(Buffer.from("content"), "f");
      assert.equal(String(await client.readFile("f")), "content");
      assert.equal(client.security?.authorized, true);
      assert.equal(client.security?.dataReused, undefined);
    }
    await using strict = await TestServer.start({ tls: { data: "require" } });
    const error = await refusal(await optionsFor(strict, { tlsOptions: { data: "clear" } }));
    assert.match(error.message, /PROT was answered 534/);
  });
});

describe("certificates", () => {
  test("have to be valid, for this host, and of somebody we trust", async () => {
    const { authority } = await testCertificates();
    const stranger = await TestAuthority.make("Stranger");
    for (const [reason, certificate] of [
      ["wrong-host", await authority.issue({ name: "other", hosts: ["other.example"] })],
      ["expired", await authority.issue({ name: "localhost", hosts: ["localhost"], from: -20, to: -2 })],
      ["unknown-authority", await stranger.issue({ name: "localhost", hosts: ["localhost"] })],
    ] as const) {
      for (const version of VERSIONS) {
        await using server = await TestServer.start({ tls: { identities: identities(certificate) } });
        for (const tls of ["explicit", "implicit"] as const) {
          const options = await optionsFor(server, { tls, tlsOptions: { maxVersion: version } });
          const error = await refusal(options);
          assert.deepEqual([error.reason, error.phase, error.retryable], [reason, "tls", false]);
          assert.ok(error.hint !== undefined);
          assert.equal(server.verbs.includes("USER"), false, "no name was told");
        }
        for (const more of [{ tls: "auto" }, { tlsOptions: { insecure: true } }] as const) {
          const { notes, onTrace } = notesOf();
          const options = await optionsFor(server, { onTrace, ...more });
          await using client = await FtpClient.connect(options);
          await client.upload(Buffer.from("content"), "f");
          assert.equal(String(await client.readFile("f")), "content");
          assert.equal(client.security?.authorized, false);
          assert.ok(
            notes.some((note) => note.includes(client.security?.authorizationError ?? "?")),
            notes.join(),
          );
          assert.equal(client.security?.fingerprint256, certificate.fingerprint);
        }
      }
    }
  });

  test("are asked for by name, and IP addresses are looked for in them", async () => {
    const { authority, server: usual } = await testCertificates();
    const named = await authority.issue({ name: "two", hosts: ["two.example"] });
    const numbered = await authority.issue({ name: "numbered", hosts: ["127.0.0.1", "::1"] });
    {
      await using server = await TestServer.start({ tls: { identities: identities(usual, named) } });
      const options = await optionsFor(server, { tlsOptions: { serverName: "Two.Example." } });
      await using client = await FtpClient.connect(options);
      assert.equal(client.security?.fingerprint256, named.fingerprint);
      const error = await refusal({ ...options, tlsOptions: { ca: authority.certificate } });
      assert.equal(error.reason, "wrong-host", "the certificate is for localhost, and not its address");
    }
    await using server = await TestServer.start({
      tls: { identities: identities(numbered), binding: "require" },
    });
    for (const version of VERSIONS) {
      await using client = await FtpClient.connect({
        ...(await optionsFor(server)),
        tlsOptions: { ca: [authority.certificate], maxVersion: version },
      });
      await client.upload(Buffer.from("content"), "f");
      assert.deepEqual([client.security?.authorized, client.security?.dataReused], [true, true]);
    }
  });

  test("of ours are given where the server wants them", async () => {
    const { authority } = await testCertificates();
    const own = await authority.issue({ name: USER });
    const encrypted = createPrivateKey(own.key).export({
      type: "pkcs8",
      format: "pem",
      cipher: "aes-256-cbc",
      passphrase: "open",
    });
    const clients = { mode: "require", authorities: { certificates: authority.certificate } } as const;
    await using server = await TestServer.start({ tls: { clients, binding: "require" } });
    for (const version of VERSIONS) {
      const without = await optionsFor(server, { tlsOptions: { maxVersion: version } });
      // TLS 1.2 has no word of its own for it.
      // TLS 1.3 says it when we believe the handshake to be over, and may be on our way with USER.
      const expected = version === "TLSv1.3" ? ["own-certificate", "broken"] : ["nothing-in-common"];
      const error = await refusal(without);
      assert.ok(expected.includes(error.reason), error.reason);
      assert.match(error.hint ?? "", /certificate/);
      for (const key of [own.key, encrypted]) {
        const tlsOptions = { maxVersion: version, cert: own.certificate, key, passphrase: "open" } as const;
        await using client = await FtpClient.connect(await optionsFor(server, { tlsOptions }));
        await client.upload(Buffer.from("content"), "f");
        assert.equal(client.security?.dataReused, true);
      }
    }
  });

  test("and keys that OpenSSL cannot use are told before anything is connected", async () => {
    const { server } = await testCertificates();
    for (const tlsOptions of [
      { ca: "no certificate" },
      { ca: [server.certificate, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"] },
      { cert: server.certificate },
      { cert: "nothing", key: "nothing" },
      { minVersion: "TLSv1.3", maxVersion: "TLSv1.2" },
      { serverName: "a b" },
    ] as const) {
      assert.throws(() => new FtpClient({ host: "localhost", tls: "explicit", tlsOptions }), {
        code: "ERR_FERRY_FTP_ARGUMENT",
        message: /tlsOptions/,
      });
    }
    assert.throws(() => new FtpClient({ host: "localhost", tls: "yes" as "auto" }), {
      code: "ERR_FERRY_FTP_ARGUMENT",
    });
  });
});

describe("a server without TLS", () => {
  test("is refused where TLS is demanded, and only then", async () => {
    await using server = await TestServer.start();
    const error = await refusal(await optionsFor(server));
    assert.deepEqual([error.reason, error.phase, error.reply?.code], ["refused", "tls", 502]);
    assert.equal(server.verbs.includes("USER"), false, "no name was told");

    const implicit = await refusal({ ...(await optionsFor(server, { tls: "implicit" })), port: server.port });
    assert.deepEqual([implicit.reason, implicit.phase], ["no-tls", "tls"]);
    assert.match(implicit.hint ?? "", /990/);

    const { notes, onTrace } = notesOf();
    await using client = await FtpClient.connect(await optionsFor(server, { tls: "auto", onTrace }));
    await client.upload(Buffer.from("content"), "f");
    assert.equal(client.security, undefined);
    assert.ok(notes.some((note) => /in clear/.test(note)));
  });
});

describe("a session", () => {
  test("that is lost comes back in TLS, in its directory", async () => {
    await using server = await TestServer.start({ tls: { control: "require", binding: "require" } });
    await using proxy = await TestProxy.start(httpConnect);
    const through = { proxy: `http://127.0.0.1:${proxy.port}` };
    await using client = await FtpClient.connect(await optionsFor(server, through));
    await client.makeDirectory("in");
    await client.changeDirectory("in");
    for (let n = 1; n <= 2; n++) {
      await client.upload(Buffer.from("content"), `f${n}`);
      proxy.break();
      assert.equal(await client.size(`f${n}`), 7);
      assert.equal(String(await client.readFile(`f${n}`)), "content");
      assert.equal(client.security?.dataReused, true);
    }
    assert.equal(server.verbs.filter((verb) => verb === "AUTH").length, 3);
  });

  test("is begun anew after REIN; AUTH and CCC are not for send", async () => {
    await using server = await TestServer.start({ tls: { binding: "require" } });
    await using client = await FtpClient.connect(await optionsFor(server));
    for (const line of ["AUTH TLS", "ccc"]) {
      await assert.rejects(client.send(line), { code: "ERR_FERRY_FTP_ARGUMENT" });
    }
    assert.equal((await client.send("PROT C")).code, 200);
    await client.upload(Buffer.from("content"), "f");
    assert.equal(client.security?.dataReused, true, "PROT P was said again");
    assert.equal((await client.send("REIN")).code, 220);
    assert.equal(String(await client.readFile("f")), "content");
    assert.equal(server.verbs.filter((verb) => verb === "AUTH").length, 2);
  });

  for (const [kind, greet] of [
    ["http", httpConnect],
    ["socks5", socks5],
  ] as const) {
    test(`goes through a proxy (${kind}) as it goes without`, async () => {
      await using server = await TestServer.start({ tls: { binding: "require" } });
      await using proxy = await TestProxy.start(greet);
      for (const tls of ["explicit", "implicit"] as const) {
        const through = { tls, proxy: `${kind}://127.0.0.1:${proxy.port}` };
        await using client = await FtpClient.connect(await optionsFor(server, through));
        const bytes = someBytes(1_000_001);
        await client.upload(bytes, "f");
        assert.deepEqual(await client.readFile("f"), bytes);
        assert.equal(client.security?.dataReused, true);
      }
      assert.equal(proxy.targets.length, 6);
    });
  }
});

test("the sessions of a pool have TLS sessions of their own, and folders are mirrored in TLS", async () => {
  await using server = await TestServer.start({
    tls: { control: "require", data: "require", binding: "require" },
  });
  using folder = new LocalFolder();
  for (let n = 0; n < 20; n++) folder.put(`f${n}`, someBytes(n * 1000));
  await using pool = new FtpPool({ ...(await optionsFor(server)), connections: 3 });
  const up = await mirror(pool, { direction: "upload", local: folder.at(""), remote: "/copy" });
  assert.deepEqual([up.failed, server.ftp.sessions], [0, 3]);
  using back = new LocalFolder();
  const down = await mirror(pool, { direction: "download", local: back.at(""), remote: "/copy" });
  assert.equal(down.failed, 0);
  for (let n = 0; n < 20; n++)
    assert.deepEqual(readFileSync(back.at(`f${n}`)), readFileSync(folder.at(`f${n}`)));
});
