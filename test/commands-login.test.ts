/** USER, PASS, ACCT and REIN (RFC 959 4.1.1): who is in, and what a new beginning forgets. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { AccountStore, LoginAttempt } from "ferry/accounts";
import { leakCheck } from "ferry/testing";
import { wantsAccount } from "./support/reply-codes/login.js";
import { PASSWORD, USER } from "./support/server.js";
import {
  codesOf,
  everywhere,
  OTHER,
  Serving,
  somewhere,
  textOf,
  withEachStorage,
} from "./support/session.js";

leakCheck();

const wrong = (code: number) => ({ code, lines: ["Login incorrect."] });

describe("USER and PASS", () => {
  test("are answered the same for an account that does not exist", async () => {
    await using served = await Serving.start();
    const client = await served.connect();
    const asked = await client.expect(`USER ${USER}`, 331);
    assert.deepEqual(await client.command("PASS wrong"), wrong(530));
    assert.deepEqual(await client.command("USER nobody"), asked);
    assert.deepEqual(await client.command("PASS wrong"), wrong(530));
  });

  test("must come in their order, and again after a failure", async () => {
    await using served = await Serving.start();
    const client = await served.connect();
    await client.expect(`PASS ${PASSWORD}`, 503);
    await client.expect(`USER ${USER}`, 331);
    await client.expect("PASS wrong", 530);
    await client.expect(`PASS ${PASSWORD}`, 503);
    await client.expect("USER nobody", 331);
    await client.expect(`USER ${USER}`, 331);
    await client.expect("PWD", 530);
    await client.expect(`PASS ${PASSWORD}`, 230);
    await client.expect("PWD", 257);
  });

  test("leave a session as it is that is logged in", async () => {
    await using served = await Serving.start();
    const client = await served.login();
    await client.expect("MKD folder", 257);
    await client.expect("CWD folder", 250);
    await client.expect(`USER ${OTHER}`, 530);
    await client.expect(`PASS ${PASSWORD}`, 503);
    assert.match(textOf(await client.expect("STAT", 211)), /Logged in as anna/);
    assert.match(textOf(await client.expect("PWD", 257)), /^"\/folder"/);
  });

  test("pass on an empty password, and spaces in one", async () => {
    const attempts: (string | undefined)[] = [];
    const accounts = (usual: AccountStore): AccountStore => ({
      authenticate(attempt: LoginAttempt) {
        attempts.push(attempt.password);
        return usual.authenticate(attempt);
      },
    });
    await using served = await Serving.start({ accounts });
    const client = await served.connect();
    for (const line of ["PASS", "PASS ", "PASS  a b "]) {
      await client.expect(`USER ${USER}`, 331);
      // The third failure ends the session.
      assert.equal((await client.command(line)).code, attempts.length < 3 ? 530 : 421);
    }
    assert.deepEqual(attempts, ["", "", " a b "]);
  });
});

describe("ACCT", () => {
  test("completes the login where the store asks for it", async () => {
    await using served = await Serving.start(wantsAccount);
    const client = await served.connect();
    await client.expect("ACCT billing", 503);
    await client.expect(`USER ${USER}`, 331);
    await client.expect("ACCT billing", 503);
    await client.expect(`PASS ${PASSWORD}`, 332);
    await client.expect("PWD", 530);
    await client.expect("ACCT billing", 230);
    await client.expect("PWD", 257);
    await client.expect("ACCT billing", 202);
  });

  test("with the wrong account, the login begins anew", async () => {
    await using served = await Serving.start(wantsAccount);
    const client = await served.connect();
    await client.expect(`USER ${USER}`, 331);
    await client.expect(`PASS ${PASSWORD}`, 332);
    await client.expect("ACCT wrong", 530);
    await client.expect("ACCT billing", 503);
    await client.expect(`PASS ${PASSWORD}`, 503);
    // A wrong password is told before the account is asked for.
    await client.expect(`USER ${USER}`, 331);
    await client.expect("PASS wrong", 530);
    await client.expect("ACCT billing", 503);
  });
});

describe("REIN", () => {
  everywhere("forgets everything that the session was told", async ({ client, files }) => {
    await files.put("/file", "line\n");
    await client.expect("MKD folder", 257);
    const facts = textOf(await client.command("MLST file"));
    const status = textOf(await client.expect("STAT", 211));
    const idle = textOf(await client.command("SITE IDLE"));
    for (const line of ["CWD folder", "TYPE A", "OPTS MLST size;", "SITE IDLE 20", "EPSV ALL", "EPSV"]) {
      await client.expect(line, 200, 229, 250);
    }
    await client.expect("RNFR /file", 350);
    await client.expect("REST 0", 350);

    await client.expect("REIN", 220);
    await client.expect("PWD", 530);
    await client.expect(`PASS ${PASSWORD}`, 503);
    await client.login(USER, PASSWORD);

    assert.match(textOf(await client.expect("PWD", 257)), /^"\/"/);
    assert.equal(textOf(await client.expect("STAT", 211)), status);
    assert.equal(textOf(await client.expect("MLST file", 250)), facts);
    assert.equal(textOf(await client.expect("SITE IDLE", 200)), idle);
    await client.expect("RNTO other", 503);
    await client.expect("RETR file", 425);
    // After EPSV ALL neither would be taken.
    await client.expect("LPSV", 228);
    await client.expect("EPRT |1|127.0.0.1|80|", 500);
    const { replies, bytes } = await client.download("RETR file");
    assert.deepEqual([codesOf(replies).at(-1), bytes.toString()], [226, "line\n"]);
  });

  withEachStorage("forgets a restart position", async ({ client, files }) => {
    await files.put("/file", "0123456789");
    await client.expect("REST 5", 350);
    await client.expect("REIN", 220);
    await client.login(USER, PASSWORD);
    assert.equal((await client.download("RETR file")).bytes.toString(), "0123456789");
  });

  somewhere(
    "gives the place of the account free, and takes another account",
    async ({ client, served }) => {
      const second = await served.connect();
      await client.expect("REIN", 220);
      await second.login(USER, PASSWORD);
      await client.login(OTHER, PASSWORD);
      assert.match(textOf(await client.expect("STAT", 211)), /Logged in as berta/);
    },
    { server: { limits: { sessionsPerAccount: 1 } } },
  );

  test("forgets the host that HOST chose (RFC 7151 3.2.1), and the client's name", async () => {
    const hosts: (string | undefined)[] = [];
    const clients: (string | undefined)[] = [];
    await using served = await Serving.start({
      server: { hostNames: ["ftp.example"] },
      accounts: (usual) => ({
        authenticate(attempt) {
          hosts.push(attempt.host);
          return usual.authenticate(attempt);
        },
      }),
    });
    served.server.on("login", ({ session }) => clients.push(session.client));
    const client = await served.connect();
    await client.expect("CLNT test", 200);
    await client.expect("HOST ftp.example", 220);
    await client.login(USER, PASSWORD);
    await client.expect("REIN", 220);
    await client.login(USER, PASSWORD);
    assert.deepEqual(hosts, ["ftp.example", undefined]);
    assert.deepEqual(clients, ["test", undefined]);
  });

  somewhere("does not give new tries to those who guess passwords", async ({ client }) => {
    await client.expect("REIN", 220);
    for (const code of [530, 530, 421]) {
      await client.expect(`USER ${USER}`, 331);
      await client.expect("PASS wrong", code);
      if (code === 530) await client.expect("REIN", 220);
    }
  });
});
