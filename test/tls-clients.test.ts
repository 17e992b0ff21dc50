/** Client certificates: who is let through the handshake, and whom a certificate logs in. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { FileAccounts, FileDirectory, Passwords } from "ferry/accounts";
import { MemoryTree } from "ferry/storage/memory";
import { type Certificate, TestAuthority } from "./support/certificates.js";
import { PASSWORD, type ServeOptions, TestServer, USER } from "./support/server.js";
import { TlsClient, type TlsClientOptions, type Version } from "./support/tls-client.js";

let authority: TestAuthority;
let anna: Certificate;
let revoked: Certificate;
let stranger: Certificate;

before(async () => {
  authority = await TestAuthority.make("Clients");
  anna = await authority.issue({ name: USER });
  revoked = await authority.issue({ name: USER });
  stranger = await (await TestAuthority.make("Others")).issue({ name: USER });
});

async function serve(
  mode: "request" | "require",
  o: Pick<ServeOptions, "account"> & { readonly revoked?: string } = {},
): Promise<TestServer> {
  const { account, revoked: list } = o;
  const authorities = {
    certificates: authority.certificate,
    ...(list === undefined ? {} : { revoked: list }),
  };
  return await TestServer.start({
    tls: { clients: { mode, authorities } },
    ...(account === undefined ? {} : { account }),
  });
}

function pair(certificate: Certificate): Pick<TlsClientOptions, "key" | "cert"> {
  return { key: certificate.key, cert: certificate.certificate };
}

const VERSIONS: readonly Version[] = ["TLSv1.2", "TLSv1.3"];

for (const version of VERSIONS) {
  describe(`client certificates, ${version}`, () => {
    test("are needed where they are required, and checked against the authorities", async () => {
      await using server = await serve("require");
      for (const shown of [{}, pair(stranger)]) {
        await assert.rejects(async () => {
          await using client = await TlsClient.open(
            { port: server.port, version, ...shown },
            { login: false },
          );
          await client.command("NOOP");
        });
      }
      assert.deepEqual(server.endings, ["tls-handshake", "tls-handshake"]);
      await using client = await TlsClient.open({ port: server.port, version, ...pair(anna) });
      await client.protect();
      for (const session of [await client.session(), await client.session()]) {
        const seen = await client.transfer("LIST", { session });
        assert.deepEqual([seen.codes.at(-1), seen.reused], [226, true], seen.text);
      }
    });

    test("are refused when they are on the revocation list", async () => {
      await using server = await serve("require", { revoked: await authority.revoke(revoked) });
      await assert.rejects(async () => {
        await using client = await TlsClient.open(
          { port: server.port, version, ...pair(revoked) },
          { login: false },
        );
        await client.command("NOOP");
      });
      await using client = await TlsClient.open({ port: server.port, version, ...pair(anna) });
      await client.expect("NOOP", 200);
    });

    test("log in without a password where the account says so", async () => {
      for (const certificates of [
        [anna.fingerprint],
        [anna.fingerprint.replaceAll(":", "").toLowerCase()],
        ["common-name"],
      ]) {
        await using server = await serve("request", { account: { certificates } });
        await using client = await TlsClient.open(
          { port: server.port, version, ...pair(anna) },
          { login: false },
        );
        await client.expect(`USER ${USER}`, 232);
        await client.expect("PWD", 257);
        await client.expect("REIN", 220);
        // For another name it is worth nothing, and says nothing.
        await client.expect("USER nobody", 331);
        await client.expect(`USER ${USER}`, 232);
      }
    });

    test("log nobody in that the authorities do not vouch for, or that are revoked, or another account's", async () => {
      const other = await authority.issue({ name: "bert" });
      await using server = await serve("request", {
        account: {
          certificates: [anna.fingerprint, stranger.fingerprint, revoked.fingerprint, "common-name"],
        },
        revoked: await authority.revoke(revoked),
      });
      for (const shown of [{}, pair(stranger), pair(revoked), pair(other)]) {
        await using client = await TlsClient.open({ port: server.port, version, ...shown }, { login: false });
        await client.expect(`USER ${USER}`, 331);
        await client.expect(`PASS ${PASSWORD}`, 230);
      }
    });

    test("are followed by ACCT, and no password, where the account has one", async (t) => {
      const passwords = new Passwords({ cost: { memory: 64, passes: 1 } });
      const folder = mkdtempSync(join(tmpdir(), "ferry-acct-"));
      t.after(() => rmSync(folder, { recursive: true }));
      const file = join(folder, "accounts.json");
      const now = new Date().toISOString();
      const account = { name: USER, home: folder, permissions: "all", limits: {}, disabled: false } as const;
      await new FileDirectory(file).create({
        ...account,
        password: await passwords.hash(PASSWORD),
        accountPassword: await passwords.hash("4711"),
        certificates: [anna.fingerprint],
        created: now,
        changed: now,
      });
      const tree = new MemoryTree();
      const openStorage = async (_home: string, name: string) => tree.storageFor(name);
      const accounts = await FileAccounts.open({ file, passwords, openStorage });
      const authorities = { certificates: authority.certificate };
      await using server = await TestServer.start({
        accounts,
        tls: { clients: { mode: "request", authorities } },
      });
      await using client = await TlsClient.open(
        { port: server.port, version, ...pair(anna) },
        { login: false },
      );
      await client.expect(`USER ${USER}`, 332);
      await client.expect("PWD", 530);
      await client.expect("ACCT 4712", 530);
      await client.expect("ACCT 4711", 503);
      await client.expect(`USER ${USER}`, 332);
      await client.expect("ACCT 4711", 230);
      await client.expect("REIN", 220);
      // The password in place of the certificate needs ACCT all the same.
      await using other = await TlsClient.open({ port: server.port, version }, { login: false });
      await other.expect(`USER ${USER}`, 331);
      await other.expect(`PASS ${PASSWORD}`, 332);
      await other.expect("ACCT 4711", 230);
      await accounts.close();
    });

    test("are needed beside the password where the account says so", async () => {
      await using server = await serve("request", {
        account: { certificates: ["common-name"], certificateUse: "with-password" },
      });
      {
        await using client = await TlsClient.open(
          { port: server.port, version, ...pair(anna) },
          { login: false },
        );
        await client.expect(`USER ${USER}`, 331);
        await client.expect("PASS wrong", 530);
        await client.expect(`USER ${USER}`, 331);
        await client.expect(`PASS ${PASSWORD}`, 230);
      }
      await using client = await TlsClient.open({ port: server.port, version }, { login: false });
      await client.expect(`USER ${USER}`, 331);
      await client.expect(`PASS ${PASSWORD}`, 530);
    });

    test("have to be the same on a data connection that does not resume (RFC 4217 15.1.2)", async () => {
      await using server = await serve("request");
      await using client = await TlsClient.open({ port: server.port, version, ...pair(anna) });
      await client.protect();
      const without = await client.transfer("LIST", { certificate: false });
      assert.equal(without.codes.at(-1), 522, without.text);
      const same = await client.transfer("LIST");
      assert.equal(same.codes.at(-1), 226, same.text);
    });
  });
}
