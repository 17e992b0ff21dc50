/** `ferry serve` with TLS: certificates from files and made by itself, and followed while it runs. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, test } from "node:test";
import { type Certificate, TestAuthority, testCertificates } from "./support/certificates.js";
import { LocalFolder } from "./support/files.js";
import { runProgram } from "./support/program.js";
import { projectFolder } from "./support/project.js";
import { PASSWORD, USER } from "./support/server.js";
import { TlsClient } from "./support/tls-client.js";

const FERRY = join(projectFolder, "dist/bin/ferry.js");

/** `ferry serve` in a process of its own. */
class Serving implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #log: string[] = [];
  readonly lines: string[] = [];

  private constructor(child: ChildProcess) {
    this.#child = child;
    const { stdout, stderr } = child;
    if (stdout !== null) createInterface(stdout).on("line", (line) => this.lines.push(line));
    if (stderr !== null) createInterface(stderr).on("line", (line) => this.#log.push(line));
  }

  static async start(folder: LocalFolder, ...flags: readonly string[]): Promise<Serving> {
    if (!existsSync(folder.at("root"))) mkdirSync(folder.at("root"));
    const words = ["serve", folder.at("root"), "--port", "0", "--host", "127.0.0.1", "--log", "json"];
    const child = spawn(process.execPath, [FERRY, ...words, "--user", `${USER}:${PASSWORD}`, ...flags], {
      cwd: folder.path,
      env: { ...process.env, XDG_STATE_HOME: folder.at("state") },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const serving = new Serving(child);
    const ended = once(child, "exit").then(() => assert.fail(serving.#log.join("\n")));
    await Promise.race([serving.#until(() => serving.lines.length > 0), ended]);
    ended.catch(() => {});
    return serving;
  }

  get port(): number {
    return Number(/ ftp:\/\/127\.0\.0\.1:(\d+)/.exec(this.lines[0] ?? "")?.[1]);
  }

  get implicitPort(): number {
    return Number(/ ftps:\/\/127\.0\.0\.1:(\d+)/.exec(this.lines[0] ?? "")?.[1]);
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  async logged(what: RegExp): Promise<void> {
    await this.#until(() => this.#log.some((line) => what.test(line)));
  }

  async #until(condition: () => boolean): Promise<void> {
    for (const end = Date.now() + 20_000; !condition(); ) {
      if (Date.now() > end) assert.fail(`not seen: ${this.lines.join("\n")}\n${this.#log.join("\n")}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    this.#child.kill("SIGTERM");
    await ended;
  }
}

async function fingerprintOf(port: number): Promise<string> {
  await using client = await TlsClient.open({ port }, { login: false });
  return client.tls.getPeerCertificate().fingerprint256;
}

function write(folder: LocalFolder, { certificate, key }: Certificate): readonly string[] {
  writeFileSync(folder.at("cert.new"), certificate);
  writeFileSync(folder.at("key.new"), key);
  renameSync(folder.at("key.new"), folder.at("key.pem"));
  renameSync(folder.at("cert.new"), folder.at("cert.pem"));
  return ["--tls-cert", "cert.pem", "--tls-key", "key.pem"];
}

describe("ferry serve with TLS", () => {
  test("makes a certificate once, keeps it to itself, and prints its fingerprint", async () => {
    using folder = new LocalFolder();
    const flags = ["--tls-self-signed", "--implicit-tls-port", "0", "--tls", "require"];
    const seen: string[] = [];
    for (let n = 0; n < 2; n++) {
      await using serving = await Serving.start(folder, ...flags);
      const printed = await (async () => {
        for (;;) {
          const line = serving.lines.find((each) => each.includes("SHA-256"));
          if (line !== undefined) return line.replace("ferry: certificate SHA-256 ", "");
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
      })();
      assert.equal(await fingerprintOf(serving.port), printed);
      await using client = await TlsClient.open({ port: serving.implicitPort, implicit: true });
      const listed = await client.transfer("LIST", { session: await client.session() });
      assert.deepEqual(listed.codes, [150, 226]);
      seen.push(printed);
    }
    assert.equal(seen[0], seen[1]);
    assert.equal(statSync(folder.at("state/ferry/tls-self-signed.pem")).mode & 0o777, 0o600);
    assert.equal(statSync(folder.at("state/ferry")).mode & 0o777, 0o700);
  });

  test("takes new certificates when the files change, and on SIGHUP, and drops no session", async () => {
    using folder = new LocalFolder();
    const { authority, server: first } = await testCertificates();
    const second = await authority.issue({ name: "localhost", hosts: ["localhost"] });
    const third = await authority.issue({ name: "localhost", hosts: ["localhost"] });
    await using serving = await Serving.start(folder, ...write(folder, first));
    assert.equal(await fingerprintOf(serving.port), first.fingerprint);
    await using client = await (await TlsClient.open({ port: serving.port })).protect();
    write(folder, second);
    await serving.logged(/certificates read again/);
    assert.equal(await fingerprintOf(serving.port), second.fingerprint);
    // A broken one changes nothing but the log.
    writeFileSync(folder.at("cert.pem"), first.certificate);
    await serving.logged(/the old ones still hold.*does not belong to the certificate/);
    assert.equal(await fingerprintOf(serving.port), second.fingerprint);
    serving.signal("SIGHUP");
    await serving.logged(/SIGHUP changed nothing.*does not belong/);
    assert.equal(await fingerprintOf(serving.port), second.fingerprint);
    write(folder, third);
    serving.signal("SIGHUP");
    await serving.logged(/configuration and accounts read again/);
    assert.equal(await fingerprintOf(serving.port), third.fingerprint);
    // The session of the first certificate goes on, and so do its data connections.
    const listed = await client.transfer("LIST", { session: await client.session() });
    assert.deepEqual([listed.codes, listed.reused], [[150, 226], true], listed.text);
  });

  test("reads the rest from the configuration file: hosts, client certificates, revocation", async () => {
    using folder = new LocalFolder();
    const authority = await TestAuthority.make();
    const [one, two, anna, revoked] = await Promise.all([
      authority.issue({ name: "one.example", hosts: ["one.example"] }),
      authority.issue({ name: "two.example", hosts: ["two.example"] }),
      authority.issue({ name: "anna" }),
      authority.issue({ name: "anna" }),
    ]);
    folder.put("one.pem", one.key + one.certificate);
    folder.put("two.pem", two.key + two.certificate);
    folder.put("ca.pem", authority.certificate);
    folder.put("crl.pem", await authority.revoke(revoked));
    const file = folder.put(
      "ferry.yaml",
      [
        "tls: require",
        "tlsCert: one.pem",
        "tlsHosts:",
        "  - cert: two.pem",
        "    hosts: [two.example, alias.example]",
        "tlsProtectData: allow",
        "tlsClientCertificates: require",
        "tlsClientCa: ca.pem",
        "tlsClientCrl: crl.pem",
        "tlsClearControl: true",
      ].join("\n"),
    );
    await using serving = await Serving.start(folder, "--config", file);
    const pair = { key: anna.key, cert: anna.certificate };
    for (const [servername, expected] of [
      ["alias.example", two],
      ["three.example", one],
    ] as const) {
      await using client = await TlsClient.open({ port: serving.port, servername, ...pair });
      assert.equal(client.tls.getPeerCertificate().fingerprint256, expected.fingerprint);
      assert.equal((await client.download("LIST")).replies.at(-1)?.code, 226);
      assert.match((await client.expect("FEAT", 211)).lines.join(), /CCC/);
    }
    await assert.rejects(async () => {
      const shown = { key: revoked.key, cert: revoked.certificate };
      await using client = await TlsClient.open({ port: serving.port, ...shown }, { login: false });
      await client.command("NOOP");
    });
  });

  test("says what is wrong with a certificate, in one line, and exits with 2", async () => {
    using folder = new LocalFolder();
    const { authority, server } = await testCertificates();
    const other = await authority.issue({ name: "other" });
    const expired = await authority.issue({ name: "old", from: -20, to: -10 });
    folder.put("cert.pem", server.certificate);
    folder.put("key.pem", server.key);
    folder.put("other.pem", other.key);
    folder.put("expired.pem", expired.key + expired.certificate);
    folder.put("nothing.pem", "nothing");
    folder.put(
      "encrypted.pem",
      "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
    );
    const cases: readonly (readonly [flags: readonly string[], expected: RegExp])[] = [
      [["--tls-cert", "cert.pem", "--tls-key", "other.pem"], /cert\.pem: the private key does not belong/],
      [["--tls-cert", "expired.pem"], /expired\.pem: the certificate of CN=old expired on .*: renew it/],
      [["--tls-cert", "nothing.pem", "--tls-key", "key.pem"], /nothing\.pem: .*BEGIN CERTIFICATE/],
      [["--tls-cert", "cert.pem", "--tls-key", "nothing.pem"], /nothing\.pem: .*BEGIN PRIVATE KEY/],
      [
        ["--tls-cert", "cert.pem", "--tls-key", "encrypted.pem"],
        /encrypted\.pem: .*is encrypted: decrypt it/,
      ],
      [
        ["--tls-cert", "missing.pem", "--tls-key", "key.pem"],
        /cannot read .*missing\.pem: there is no such file/,
      ],
      [["--tls", "allow"], /TLS needs a certificate: give --tls-cert and --tls-key, or --tls-self-signed/],
      [["--tls-key", "key.pem"], /--tls-key needs --tls-cert/],
      [["--tls-cert", "cert.pem", "--tls-self-signed"], /give one of them/],
      [["--tls", "off", "--implicit-tls-port", "990"], /--implicit-tls-port needs TLS/],
      [["--tls", "perhaps"], /--tls/],
    ];
    for (const [flags, expected] of cases) {
      const ended = await runProgram(
        process.execPath,
        [FERRY, "serve", ".", "--port", "0", "--user", "a:b", ...flags],
        { cwd: folder.path },
      );
      assert.equal(ended.code, 2, ended.report);
      assert.match(ended.stderr, expected);
      assert.equal(ended.stderr.trimEnd().split("\n").length, 1, ended.stderr);
    }
  });
});
