/** A server's life: it listens, is told new options, lets work finish, and closes. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { describe, test } from "node:test";
import { MemoryAccounts } from "ferry/accounts";
import { FtpServer, type ServerOptions } from "ferry/server";
import { MemoryTree } from "ferry/storage/memory";
import { leakCheck, RawClient } from "ferry/testing";
import { unlessFamily } from "./support/server.js";
import { codesOf, Serving, textOf } from "./support/session.js";
import { endless } from "./support/sources.js";
import { failOnProcessTrouble, remainingCodes, seenBy, Watch } from "./support/watch.js";

leakCheck();
failOnProcessTrouble();

function server(o: Partial<ServerOptions> = {}): FtpServer {
  const account = { name: "anna", password: "secret", storage: new MemoryTree().storageFor("anna") };
  return new FtpServer({ accounts: new MemoryAccounts([account]), ...o });
}

async function listening(o: Partial<ServerOptions> = {}): Promise<{ ftp: FtpServer; port: number }> {
  const ftp = server(o);
  const [where] = await ftp.listen({ port: 0 });
  if (where === undefined) throw new Error("it listens nowhere");
  return { ftp, port: where.port };
}

async function isRefused(host: string, port: number): Promise<boolean> {
  const socket = connect({ host, port });
  try {
    await once(socket, "connect");
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ECONNREFUSED";
  } finally {
    socket.destroy();
  }
}

describe("close()", () => {
  test("ends resting sessions with 421, lets a transfer finish, and takes nobody new", async () => {
    await using served = await Serving.start();
    const watch = new Watch(served.server);
    const [resting, greeted, busy] = [await served.login(), await served.connect(), await served.login()];
    const data = await busy.extendedPassive();
    await busy.expect("STOR up.txt", 125, 150);
    await data.send("first, ");

    const closed = served.server.close();
    assert.deepEqual(await remainingCodes(resting), [421]);
    assert.deepEqual(await remainingCodes(greeted), [421]);
    assert.ok(await isRefused(served.host, served.port));
    await watch.disconnects(2);
    assert.equal(served.server.sessions, 1);
    assert.deepEqual(served.server.addresses, []);

    await data.send("then the rest");
    await data.end();
    assert.deepEqual(await remainingCodes(busy), [226, 421]);
    await closed;
    assert.equal(served.server.sessions, 0);
    assert.equal((await served.files.get("/up.txt")).toString(), "first, then the rest");
    assert.deepEqual(
      watch.of("disconnect").map(({ reason }) => reason),
      ["drain", "drain", "drain"],
    );
  });

  test("lets commands finish that were sent before", async () => {
    await using served = await Serving.start({ decorate: endless });
    const client = await served.login();
    const data = await client.extendedPassive();
    await client.expect("RETR endless.bin", 125, 150);
    await client.send("MKD made\r\nPWD");
    await seenBy(await served.connect());
    const closed = served.server.close();
    await data.reset();
    assert.deepEqual(await remainingCodes(client), [426, 257, 257, 421]);
    await closed;
    assert.deepEqual(await served.files.names("/"), ["made"]);
  });

  test("cuts off what has not finished after its timeout", async () => {
    await using served = await Serving.start({ decorate: endless });
    const watch = new Watch(served.server);
    const client = await served.login();
    await client.extendedPassive();
    await client.expect("RETR endless.bin", 125, 150);
    await served.server.close({ timeout: 50 });
    assert.equal(served.server.sessions, 0);
    assert.equal((await watch.first("transfer")).outcome.kind, "aborted");
    assert.equal((await watch.first("disconnect")).reason, "destroyed");
    assert.deepEqual(await remainingCodes(client), []);
  });

  test("has no limit with an infinite timeout", async () => {
    await using served = await Serving.start({ server: { timeouts: { drain: Number.POSITIVE_INFINITY } } });
    const client = await served.login();
    const data = await client.extendedPassive();
    await client.expect("STOR up.txt", 125, 150);
    const closed = served.server.close();
    // Over another server, as this one takes nobody.
    await using other = await Serving.start();
    const clock = await other.connect();
    for (let round = 0; round < 50; round++) await seenBy(clock);
    assert.equal(served.server.sessions, 1);
    await data.end();
    await closed;
  });
});

describe("destroy()", () => {
  test("ends transfers and sessions at once, and says nothing", async () => {
    await using served = await Serving.start({ decorate: endless });
    const watch = new Watch(served.server);
    const [resting, busy] = [await served.login(), await served.login()];
    await busy.extendedPassive();
    await busy.expect("RETR endless.bin", 125, 150);
    await served.server.destroy();
    assert.equal(served.server.sessions, 0);
    assert.deepEqual(await remainingCodes(resting), []);
    assert.deepEqual(await remainingCodes(busy), []);
    assert.equal((await watch.first("transfer")).outcome.kind, "aborted");
    for (const { reason } of await watch.disconnects(2)) assert.equal(reason, "destroyed");
  });

  test("and close() may be called again, together, and before listen()", async () => {
    const never = server();
    await Promise.all([never.close(), never.destroy(), never.close()]);
    const { ftp, port } = await listening();
    const client = await RawClient.connect({ host: "127.0.0.1", port });
    await client.login("anna", "secret");
    await client.extendedPassive();
    await client.expect("STOR up", 125, 150);
    const closed = [ftp.close(), ftp.close()];
    await Promise.all([...closed, ftp.destroy(), ftp.destroy(), ftp.close(), ftp[Symbol.asyncDispose]()]);
    assert.equal(ftp.sessions, 0);
    await client[Symbol.asyncDispose]();
  });

  test("is what `await using` does", async () => {
    let port: number;
    {
      await using ftp = server();
      port = (await ftp.listen({ port: 0 }))[0]?.port ?? 0;
      assert.equal(await isRefused("127.0.0.1", port), false);
    }
    assert.ok(await isRefused("127.0.0.1", port));
  });
});

describe("listen()", () => {
  test("with port 0 takes one port for all hosts", async () => {
    await using ftp = server();
    const hosts = ["127.0.0.1", "127.0.0.2", "127.0.0.3"];
    const addresses = await ftp.listen({ hosts, port: 0 });
    assert.deepEqual(
      addresses.map(({ address }) => address),
      hosts,
    );
    assert.equal(new Set(addresses.map(({ port }) => port)).size, 1);
    assert.equal(ftp.addresses, addresses);
  });

  test("so with both families", { skip: unlessFamily("IPv6") }, async () => {
    await using ftp = server();
    const addresses = await ftp.listen({ hosts: ["127.0.0.1", "::1"], port: 0 });
    assert.deepEqual(
      addresses.map(({ family }) => family),
      ["IPv4", "IPv6"],
    );
    assert.equal(addresses[0]?.port, addresses[1]?.port);
  });

  test("leaves nothing open when the port of one host is taken, and can be called again", async () => {
    await using ftp = server();
    const taken = createServer();
    taken.listen({ host: "127.0.0.2", port: 0 });
    await once(taken, "listening");
    const { port } = taken.address() as { port: number };
    await assert.rejects(ftp.listen({ hosts: ["127.0.0.1", "127.0.0.2"], port }), { code: "EADDRINUSE" });
    assert.ok(await isRefused("127.0.0.1", port));
    assert.deepEqual(ftp.addresses, []);
    taken.close();
    await once(taken, "close");
    await ftp.listen({ hosts: ["127.0.0.1", "127.0.0.2"], port });
    assert.equal(await isRefused("127.0.0.1", port), false);
  });

  test("fails on an address that is not of this machine, and leaves nothing open", async () => {
    await using ftp = server();
    await assert.rejects(ftp.listen({ hosts: ["127.0.0.1", "192.0.2.1"], port: 0 }), {
      code: "EADDRNOTAVAIL",
    });
    assert.deepEqual(ftp.addresses, []);
  });

  test("is refused while it listens, while it begins to, and after close()", async () => {
    const ftp = server();
    const first = ftp.listen({ port: 0 });
    await assert.rejects(ftp.listen({ port: 0 }), /listens already/);
    await first;
    await assert.rejects(ftp.listen({ port: 0 }), /listens already/);
    await ftp.close();
    await assert.rejects(ftp.listen({ port: 0 }), /was closed/);
  });

  test("opens nothing when the server is closed meanwhile", async () => {
    for (const end of ["close", "destroy"] as const) {
      const ftp = server();
      const opening = ftp.listen({ port: 0 });
      await Promise.all([ftp[end](), assert.rejects(opening, /was closed/)]);
      assert.deepEqual(ftp.addresses, []);
    }
  });

  test("two servers of one process know nothing of each other", async () => {
    const [one, other] = [
      await listening({ limits: { sessions: 1 } }),
      await listening({ limits: { sessions: 1 } }),
    ];
    const clients = [];
    for (const { port } of [one, other]) {
      const client = await RawClient.connect({ host: "127.0.0.1", port });
      await client.login("anna", "secret");
      clients.push(client);
    }
    assert.deepEqual([one.ftp.sessions, other.ftp.sessions], [1, 1]);
    await one.ftp.destroy();
    assert.equal((await clients[1]?.command("NOOP"))?.code, 200);
    await other.ftp.destroy();
    for (const client of clients) await client[Symbol.asyncDispose]();
  });

  test("two servers share a range of passive ports by trying", async () => {
    await using blocked = await Serving.start();
    const first = await (await blocked.login()).extendedPassive();
    const { port } = first;
    const passive = { ports: { from: port, to: port } };
    await using served = await Serving.start({ server: { passive } });
    const client = await served.login();
    assert.equal((await client.command("EPSV")).code, 425);
    assert.equal((await client.command("NOOP")).code, 200);
    served.server.reconfigure({ passive: { ports: { from: port, to: port + 1 } } });
    assert.equal((await client.extendedPassive()).port, port + 1);
  });
});

describe("reconfigure()", () => {
  test("changes limits for who comes from now on, and disconnects nobody", async () => {
    await using served = await Serving.start();
    const first = await served.login();
    served.server.reconfigure({ limits: { sessions: 1 }, banner: "Another banner." });
    const refused = await served.open();
    assert.deepEqual(await remainingCodes(refused), [421]);
    assert.equal((await first.command("NOOP")).code, 200);
    served.server.reconfigure({ limits: { sessions: 2 } });
    assert.match(textOf(await (await served.open()).reply()), /Another banner/);
  });

  test("changes timeouts of sessions that run", async () => {
    await using served = await Serving.start();
    const client = await served.login();
    served.server.reconfigure({ timeouts: { idle: 50 } });
    assert.deepEqual(await remainingCodes(client), [421]);
  });

  test("changes the passive ports, also of a session that has used one", async () => {
    await using served = await Serving.start();
    const client = await served.login();
    const before = (await client.download("NLST", { mode: "EPSV" })).replies;
    assert.deepEqual(codesOf(before).slice(-1), [226]);
    const { port } = await client.extendedPassive();
    const { from, to } = port < 62_000 ? { from: 62_000, to: 62_500 } : { from: 61_000, to: 61_500 };
    served.server.reconfigure({ passive: { ports: { from, to } } });
    const { port: next } = await client.extendedPassive();
    assert.ok(next >= from && next <= to, `${next}`);
    assert.ok(await isRefused(served.host, port), "the port before is closed");
    assert.deepEqual(codesOf((await client.download("NLST")).replies).slice(-1), [226]);
    // An option that is given without ports has the default again.
    served.server.reconfigure({ passive: {} });
    const seen = new Set<number>();
    for (let n = 0; n < 20; n++) seen.add((await client.extendedPassive()).port);
    assert.ok([...seen].some((each) => each < from || each > to));
  });

  test("a transfer that runs keeps its passive port until it has ended", async () => {
    await using served = await Serving.start();
    const client = await served.login();
    const data = await client.extendedPassive();
    await client.expect("STOR up.txt", 125, 150);
    served.server.reconfigure({ passive: { ports: { from: 61_000, to: 61_500 } } });
    await data.send("whole");
    await data.end();
    assert.equal((await client.reply()).code, 226);
    const { port } = await client.extendedPassive();
    assert.ok(port >= 61_000 && port <= 61_500);
  });

  test("changes the address that PASV tells", async () => {
    await using served = await Serving.start();
    const client = await served.login();
    served.server.reconfigure({ passive: { address: "192.0.2.7" } });
    assert.match(textOf(await client.expect("PASV", 227)), /192,0,2,7/);
  });

  test("changes nothing when an option cannot hold", async () => {
    await using served = await Serving.start();
    const client = await served.login();
    const wrong: Partial<ServerOptions>[] = [
      { banner: "wrong", passive: { ports: { from: 10, to: 9 } } },
      { banner: "wrong", limits: { sessions: Number.NaN } },
      { banner: "wrong", limits: { queuedCommands: 0 } },
      { banner: "wrong", timeouts: { idle: -1 } },
      { banner: "wrong", timeouts: { stall: Number.NaN } },
    ];
    for (const options of wrong) {
      assert.throws(() => served.server.reconfigure(options), RangeError, JSON.stringify(options));
      assert.throws(() => server(options), RangeError);
    }
    assert.doesNotMatch(textOf(await (await served.open()).reply()), /wrong/);
    assert.equal((await client.command("NOOP")).code, 200);
  });

  test("asks another account store from now on", async () => {
    await using served = await Serving.start();
    const client = await served.login();
    served.server.reconfigure({ accounts: { authenticate: async () => ({ refused: "disabled" }) } });
    assert.equal((await client.command("PWD")).code, 257);
    const next = await served.connect();
    await next.expect("USER anna", 331);
    assert.equal((await next.command("PASS secret")).code, 530);
  });
});
