/** How the client's commands reach a server: TLS, proxies, active mode, charsets, `.netrc`. */
import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import { chmodSync } from "node:fs";
import { describe, test } from "node:test";
import { ScriptedServer } from "ferry/testing";
import { testCertificates } from "./support/certificates.js";
import { Ferry } from "./support/ferry.js";
import { TestProxy } from "./support/proxy.js";
import { PASSWORD, TestServer, USER } from "./support/server.js";

describe("TLS", () => {
  test("is taken where it is, with a warning about who cannot be verified; ftpes:// and ftps:// demand proof", async () => {
    await using server = await TestServer.start({ storage: "memory", tls: {} });
    await server.files.put("/f", "content");
    using ferry = new Ferry();
    const { authority } = await testCertificates();
    const ca = ferry.home.put("ca.pem", authority.certificate);
    const login = `${USER}:${encodeURIComponent(PASSWORD)}@`;
    const explicit = `ftpes://${login}localhost:${server.port}/f`;
    const implicit = `ftps://${login}localhost:${server.implicitPort}/f`;

    const auto = await ferry.run(["cat", server.url("f")]);
    assert.deepEqual([auto.code, auto.stdout], [0, "content"], auto.report);
    assert.match(
      auto.stderr,
      /^ferry: warning: the certificate of 127\.0\.0\.1 cannot be verified \([^\n]*\n$/,
    );
    for (const argv of [
      ["--quiet", server.url("f")],
      ["--insecure", server.url("f")],
      ["--tls", "off", server.url("f")],
      ["--ca", ca, explicit],
      ["--ca", ca, implicit],
      ["--insecure", implicit],
    ]) {
      const { code, stdout, stderr, report } = await ferry.run(["cat", ...argv]);
      assert.deepEqual([code, stdout, stderr], [0, "content", ""], report);
    }
    for (const url of [explicit, implicit]) {
      const { code, stdout, stderr } = await ferry.run(["cat", url]);
      assert.deepEqual([code, stdout], [1, ""]);
      assert.match(stderr, /^ferry: ftpe?s:.*vouches.*--ca; --insecure takes any\n$/);
    }
    assert.equal(server.verbs.filter((verb) => verb === "AUTH").length, 5);
  });

  test("shows a certificate of ours, whose key FERRY_KEY_PASSPHRASE decrypts", async () => {
    const { authority } = await testCertificates();
    const own = await authority.issue({ name: USER });
    const cipher = { cipher: "aes-256-cbc", passphrase: "open sesame" };
    const clients = { mode: "require", authorities: { certificates: authority.certificate } } as const;
    await using server = await TestServer.start({ storage: "memory", tls: { clients } });
    await server.files.put("/f", "content");
    using ferry = new Ferry();
    const ca = ferry.home.put("ca.pem", authority.certificate);
    const cert = ferry.home.put("own.pem", own.certificate);
    const pem = createPrivateKey(own.key).export({ type: "pkcs8", format: "pem", ...cipher });
    const key = ferry.home.put("own.key", String(pem));
    const url = `ftpes://${USER}:${encodeURIComponent(PASSWORD)}@localhost:${server.port}/f`;
    const cat = (env: NodeJS.ProcessEnv) =>
      ferry.run(["cat", "--ca", ca, "--cert", cert, "--key", key, "--trace", url], { env });

    const right = await cat({ FERRY_KEY_PASSPHRASE: cipher.passphrase });
    assert.deepEqual([right.code, right.stdout], [0, "content"], right.report);
    const wrong = await cat({ FERRY_KEY_PASSPHRASE: "shut sesame" });
    assert.deepEqual([wrong.code, wrong.stdout], [2, ""], wrong.report);
    const unset = await cat({});
    assert.equal(unset.code, 2, unset.report);
    assert.match(unset.stderr, /^ferry: .*own\.key is encrypted: set FERRY_KEY_PASSPHRASE\n$/);
    for (const { stdout, stderr } of [right, wrong, unset]) assert.doesNotMatch(stdout + stderr, /sesame/);
  });
});

describe("a certificate of ours", () => {
  test("is given by --cert and --key, or by one file; an encrypted key's passphrase comes from the environment", async () => {
    const { authority } = await testCertificates();
    const own = await authority.issue({ name: USER });
    const clients = { mode: "require", authorities: { certificates: authority.certificate } } as const;
    await using server = await TestServer.start({ storage: "memory", tls: { clients } });
    await server.files.put("/f", "content");
    using ferry = new Ferry();
    const { home } = ferry;
    const ca = home.put("ca.pem", authority.certificate);
    const cert = home.put("own.pem", own.certificate);
    const key = home.put("own.key", own.key);
    const both = home.put("both.pem", own.key + own.certificate);
    const cipher = {
      type: "pkcs8",
      format: "pem",
      cipher: "aes-256-cbc",
      passphrase: "open sesame",
    } as const;
    const locked = home.put("locked.key", createPrivateKey(own.key).export(cipher));
    const url = `ftpes://${USER}:${encodeURIComponent(PASSWORD)}@localhost:${server.port}/f`;
    const env = { FERRY_KEY_PASSPHRASE: "open sesame" };
    for (const argv of [
      ["--cert", cert, "--key", key],
      ["--cert", both],
      ["--cert", cert, "--key", locked],
    ]) {
      const { code, stdout, stderr, report } = await ferry.run(["cat", "--ca", ca, ...argv, url], { env });
      assert.deepEqual([code, stdout, stderr], [0, "content", ""], report);
    }
    const without = await ferry.run(["cat", "--ca", ca, url]);
    assert.deepEqual([without.code, without.stdout], [1, ""], without.report);
    assert.match(without.stderr, /^ferry: ftpes:[^\n]*\n$/);
    const wrong = await ferry.run(["cat", "--ca", ca, "--cert", ca, "--key", key, url]);
    assert.deepEqual([wrong.code, wrong.stdout], [2, ""], wrong.report);
  });
});

describe("the way to the server", () => {
  test("is active with --active, and through a proxy with --proxy", async () => {
    await using server = await TestServer.start({ storage: "memory" });
    await server.files.put("/f", "content");
    using ferry = new Ferry();
    const active = await ferry.run(["cat", "--active", server.url("f")]);
    assert.equal(active.stdout, "content", active.report);
    assert.deepEqual(server.dataVerbs, ["PORT"]);
    await using proxy = await TestProxy.start(async (socket, next) => {
      const [, host = "", port] = /^CONNECT ([^:]+):(\d+) /.exec((await next()).toString()) ?? [];
      socket.write("HTTP/1.1 200 Connected\r\n\r\n");
      return { host, port: Number(port) };
    });
    const proxied = await ferry.run(["cat", "--proxy", `http://127.0.0.1:${proxy.port}`, server.url("f")]);
    assert.equal(proxied.stdout, "content", proxied.report);
    assert.equal(proxy.targets.length, 2);
    assert.equal(proxy.targets[0], server.authority);
  });

  test("that a proxy does not take is told as the proxy's", async () => {
    using ferry = new Ferry();
    const { stderr } = await ferry.run(["ls", "--proxy", "http://127.0.0.1:1", "ftp://127.0.0.1/"]);
    assert.match(
      stderr,
      /^ferry: ftp:[^ ]* cannot connect to the proxy: ECONNREFUSED\. Nothing listens there/,
    );
  });
});

describe("names", () => {
  test("of a server without UTF-8 are read and sent in --encoding", async () => {
    await using server = await ScriptedServer.start({
      answers: {
        FEAT: "502 No.",
        LIST: (peer) =>
          peer.sendFile(Buffer.from("-rw-r--r-- 1 a a 5 Jan  1  2026 gr\xfcn.txt\r\n", "latin1")),
        RETR: (peer, name) => peer.sendFile(name === "gr\udcfcn.txt" ? "hello" : "another"),
      },
    });
    using ferry = new Ferry();
    const encoding = ["--encoding", "windows-1252"];
    const listed = await ferry.run(["ls", "-1", ...encoding, `ftp://127.0.0.1:${server.port}/`]);
    assert.equal(listed.stdout, "grün.txt\n", listed.report);
    const content = await ferry.run(["cat", ...encoding, `ftp://127.0.0.1:${server.port}/gr%C3%BCn.txt`]);
    assert.equal(content.stdout, "hello", content.report);
    // Without it, the bytes are what they are, there and back.
    const raw = await ferry.run(["cat", `ftp://127.0.0.1:${server.port}/gr%FCn.txt`]);
    assert.equal(raw.stdout, "hello", raw.report);
  });
});

describe("the login", () => {
  test("comes from .netrc, or from FERRY_PASSWORD", async () => {
    await using server = await TestServer.start({ storage: "memory" });
    await server.files.put("/f", "content");
    using ferry = new Ferry();
    const url = `ftp://${server.authority}/f`;
    const named = `ftp://${USER}@${server.authority}/f`;
    const environment = await ferry.run(["cat", named], { env: { FERRY_PASSWORD: PASSWORD } });
    assert.equal(environment.stdout, "content", environment.report);
    const netrc = ferry.home.put(".netrc", `machine 127.0.0.1 login ${USER} password "${PASSWORD}"\n`);
    chmodSync(netrc, 0o600);
    for (const each of [url, named]) {
      const { stdout, stderr, report } = await ferry.run(["cat", each]);
      assert.deepEqual([stdout, stderr], ["content", ""], report);
    }
  });
});
