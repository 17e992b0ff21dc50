/** What an application is told of a session: each thing once, in order, and true. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MemoryAccounts } from "ferry/accounts";
import { FtpServer } from "ferry/server";
import { StorageError } from "ferry/storage";
import { MemoryTree } from "ferry/storage/memory";
import { leakCheck, RawClient } from "ferry/testing";
import { PASSWORD, USER } from "./support/server.js";
import { OTHER, Serving } from "./support/session.js";
import { endless, withMethods } from "./support/sources.js";
import { failOnProcessTrouble, remainingCodes, seenBy, Watch } from "./support/watch.js";

leakCheck();
failOnProcessTrouble();

describe("a session", () => {
  test("is told of from connect to disconnect, each event once and in order", async () => {
    await using served = await Serving.start();
    const watch = new Watch(served.server);
    const client = await served.connect();
    await client.expect("CLNT test", 200);
    await client.login(USER, PASSWORD);
    await client.upload("STOR a b.txt", "twelve bytes");
    await client.download("RETR a b.txt");
    await client.expect("QUIT", 221);
    await watch.first("disconnect");
    assert.deepEqual(
      watch.told.map(({ name, detail }) => ("verb" in detail ? `${name} ${detail.verb}` : name)),
      [
        "connect",
        "command CLNT",
        "command USER",
        "login",
        "command PASS",
        "command EPSV",
        "transfer STOR",
        "command STOR",
        "command EPSV",
        "transfer RETR",
        "command RETR",
        "command QUIT",
        "disconnect",
      ],
    );
    const [connected] = watch.of("connect");
    const sessions = new Set(watch.told.map(({ detail }) => "session" in detail && detail.session));
    assert.deepEqual([...sessions], [connected?.session]);
    assert.equal(connected?.session.peer.address, "127.0.0.1");
    assert.equal(connected?.session.local.port, served.port);
    assert.equal(connected?.session.client, "test");
    assert.equal(connected?.session.secure, false);
    assert.deepEqual(
      watch.of("command").map(({ argument, code }) => [argument, code]),
      [
        ["test", 200],
        [USER, 331],
        ["****", 230],
        ["", 229],
        ["a b.txt", 226],
        ["", 229],
        ["a b.txt", 226],
        ["", 221],
      ],
    );
    const [login] = watch.of("login");
    assert.deepEqual([login?.name, login?.ok, login?.reason], [USER, true, undefined]);
    const [disconnect] = watch.of("disconnect");
    assert.deepEqual([disconnect?.account, disconnect?.reason, disconnect?.error], [USER, "quit", undefined]);
    assert.ok((disconnect?.duration ?? 0) > 0);
  });

  test("that is lost in a transfer: the transfer is told of before the end, while the account is still known", async () => {
    await using served = await Serving.start();
    const watch = new Watch(served.server);
    const accounts: (string | undefined)[] = [];
    served.server.on("transfer", ({ session }) => accounts.push(session.account));
    const client = await served.login();
    const data = await client.extendedPassive();
    await client.expect("STOR up", 125, 150);
    await data.send("some");
    await client.reset();
    const { account, reason, error } = await watch.first("disconnect");
    assert.deepEqual(watch.names.slice(-2), ["transfer", "disconnect"]);
    assert.deepEqual([account, reason, accounts], [USER, "connection-lost", [USER]]);
    assert.ok(error instanceof Error);
  });

  test("has ids of its own, and so have its transfers", async () => {
    await using served = await Serving.start();
    const watch = new Watch(served.server);
    for (const client of [await served.login(), await served.login()]) {
      await client.upload("STOR up", "bytes");
      await client.download("NLST");
    }
    const ids = watch.of("connect").map(({ session }) => session.id);
    const transfers = watch.of("transfer").map(({ outcome }) => outcome.id);
    assert.equal(new Set([...ids, ...transfers]).size, 6);
    for (const { session, outcome } of watch.of("transfer")) assert.ok(outcome.id.startsWith(session.id));
  });

  test("that logs out and in again is told of by the names of both", async () => {
    await using served = await Serving.start();
    const watch = new Watch(served.server);
    const client = await served.login();
    await client.expect("REIN", 220);
    assert.equal(watch.of("connect")[0]?.session.account, undefined);
    await client.login(OTHER, PASSWORD);
    assert.equal(watch.of("connect")[0]?.session.account, OTHER);
    await client.expect("QUIT", 221);
    assert.equal((await watch.first("disconnect")).account, OTHER);
    assert.deepEqual(
      watch.of("login").map(({ name }) => name),
      [USER, OTHER],
    );
  });
});

describe("a transfer", () => {
  test("that is complete tells what moved, which way and as what", async () => {
    await using served = await Serving.start();
    const watch = new Watch(served.server);
    const client = await served.login();
    await client.upload("STOR file", "0123456789");
    await client.expect("REST 4", 350);
    await client.download("RETR file");
    await client.expect("TYPE A", 200);
    await client.download("RETR file");
    await client.download("LIST");
    await client.expect("TYPE I", 200);
    await client.upload("APPE file", "more");
    await client.upload("STOU", "unique");
    await client.download("MLSD");
    const told = watch
      .of("transfer")
      .map(({ verb, direction, content, type, code, outcome }) => [
        verb,
        direction,
        content,
        type,
        code,
        outcome.kind,
        outcome.start,
      ]);
    assert.deepEqual(told, [
      ["STOR", "receive", "file", "binary", 226, "complete", 0],
      ["RETR", "send", "file", "binary", 226, "complete", 4],
      ["RETR", "send", "file", "ascii", 226, "complete", 0],
      ["LIST", "send", "listing", "ascii", 226, "complete", 0],
      ["APPE", "receive", "file", "binary", 226, "complete", 10],
      ["STOU", "receive", "file", "binary", 226, "complete", 0],
      ["MLSD", "send", "listing", "ascii", 226, "complete", 0],
    ]);
    const files = watch.of("transfer").filter(({ content }) => content === "file");
    assert.deepEqual(
      files.map(({ outcome }) => outcome.bytes),
      [10, 6, 10, 4, 6],
    );
    const [first, , , , , unique] = watch.of("transfer");
    assert.equal(first?.outcome.path, "/file");
    assert.ok((await served.files.names("/")).includes(unique?.outcome.path.slice(1) ?? ""));
  });

  test("that is not: aborted, not opened, ended by the peer, failed here", async () => {
    await using served = await Serving.start({
      server: { timeouts: { dataConnect: 50 } },
      decorate: (storage) =>
        withMethods(endless(storage), {
          openWrite: async (path, o) => {
            const handle = await storage.openWrite(path, o);
            if (path !== "/full") return handle;
            const write = () => Promise.reject(new StorageError("no-space"));
            return { start: 0, write, commit: () => handle.commit(), abandon: (why) => handle.abandon(why) };
          },
        }),
    });
    const watch = new Watch(served.server);
    const client = await served.login();

    await client.extendedPassive();
    await client.expect("RETR endless.bin", 125, 150);
    await client.send("ABOR");
    assert.deepEqual([(await client.reply()).code, (await client.reply()).code], [426, 226]);

    await client.expect("EPSV", 229);
    await client.expect("RETR endless.bin", 150);
    assert.equal((await client.reply()).code, 425);

    const data = await client.extendedPassive();
    await client.expect("STOR up", 125, 150);
    await data.reset();
    assert.equal((await client.reply()).code, 426);

    const replies = await client.upload("STOR full", "some bytes");
    assert.equal(replies.at(-1)?.code, 452);

    const told = watch.of("transfer").map(({ verb, outcome, code }) => [verb, outcome.kind, code]);
    assert.deepEqual(told, [
      ["RETR", "aborted", 426],
      ["RETR", "not-opened", 425],
      ["STOR", "remote", 426],
      ["STOR", "local", 452],
    ]);
    for (const { outcome } of watch.of("transfer")) {
      if ("error" in outcome) assert.ok(outcome.error instanceof Error);
    }
  });

  test("that never began is told of as a command alone", async () => {
    await using served = await Serving.start();
    const watch = new Watch(served.server);
    const client = await served.login();
    await client.extendedPassive();
    await client.expect("RETR nothing", 550);
    await client.expect("STOR no/such/directory", 553);
    assert.deepEqual(watch.of("transfer"), []);
    assert.ok(
      watch.of("command").some(({ verb, error }) => verb === "RETR" && error instanceof StorageError),
    );
  });
});

describe("an account that is taken away", () => {
  const tree = new MemoryTree();
  const account = (name: string, more = {}) => ({
    name,
    password: PASSWORD,
    storage: () => endless(tree.storageFor(name)),
    ...more,
  });

  async function serving(): Promise<{
    ftp: FtpServer;
    accounts: MemoryAccounts;
    watch: Watch;
    port: number;
  }> {
    const accounts = new MemoryAccounts([account(USER), account(OTHER)]);
    const ftp = new FtpServer({ accounts });
    const [where] = await ftp.listen({ port: 0 });
    return { ftp, accounts, watch: new Watch(ftp), port: where?.port ?? 0 };
  }

  async function login(port: number, name: string): Promise<RawClient> {
    const client = await RawClient.connect({ host: "127.0.0.1", port });
    await client.login(name, PASSWORD);
    return client;
  }

  test("ends its resting sessions with 421, and no others", async () => {
    const { ftp, accounts, watch, port } = await serving();
    await using _ = ftp;
    await using gone = await login(port, USER);
    await using stays = await login(port, OTHER);
    accounts.replace([account(OTHER)]);
    assert.deepEqual(await remainingCodes(gone), [421]);
    const { reason, account: name } = await watch.first("disconnect");
    assert.deepEqual([reason, name], ["account-gone", USER]);
    await stays.expect("PWD", 257);
    await stays.expect("NOOP", 200);
  });

  for (const line of ["RETR endless.bin", "STOR up", "LIST endless"]) {
    test(`ends its transfers, with 421 for all of it: ${line}`, async () => {
      const { ftp, accounts, watch, port } = await serving();
      await using _ = ftp;
      await using client = await login(port, USER);
      const data = await client.extendedPassive();
      await client.expect(line, 125, 150);
      if (line.startsWith("STOR")) await data.send("some bytes");
      await client.send("PWD\r\nMKD made");
      await using other = await login(port, OTHER);
      await seenBy(other);
      accounts.replace([account(OTHER)]);
      assert.deepEqual(await remainingCodes(client), [421]);
      assert.equal((await watch.first("transfer")).outcome.kind, "aborted");
      await watch.first("disconnect");
      assert.deepEqual(watch.names.slice(-2), ["transfer", "disconnect"]);
      assert.doesNotMatch(watch.text, /made/);
    });
  }

  test("and comes back under the same name lets nobody stay", async () => {
    const { ftp, accounts, port } = await serving();
    await using _ = ftp;
    await using client = await login(port, USER);
    accounts.replace([]);
    accounts.replace([account(USER)]);
    assert.deepEqual(await remainingCodes(client), [421]);
  });

  test("changed only, it goes on with its new permissions from the next command on", async () => {
    const { ftp, accounts, port } = await serving();
    await using _ = ftp;
    await using client = await login(port, USER);
    await client.expect("MKD before", 257);
    accounts.replace([account(USER, { permissions: "read-only" })]);
    await client.expect("MKD behind", 550);
    await client.expect("PWD", 257);
  });
});
