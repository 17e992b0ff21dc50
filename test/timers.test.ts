/** Every timer, with a short time: what is too slow is ended, and what only looks slow is not. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, test } from "node:test";
import { StorageError } from "ferry/storage";
import { leakCheck, RawClient } from "ferry/testing";
import { PASSWORD, USER } from "./support/server.js";
import { codesOf, Serving, textOf } from "./support/session.js";
import { endless, Gate, withMethods } from "./support/sources.js";
import { failOnProcessTrouble, remainingCodes, seenBy, Watch } from "./support/watch.js";

leakCheck();
failOnProcessTrouble();

/** Talks until so many milliseconds have passed. */
async function talkFor(client: RawClient, milliseconds: number): Promise<void> {
  for (const until = performance.now() + milliseconds; performance.now() < until; ) {
    await client.expect("NOOP", 200);
  }
}

describe("the login timer", () => {
  const login = 300;
  const server = { timeouts: { login } };

  for (const line of ["", "USER anna", "NOOP"]) {
    test(`closes who does not log in: after ${line === "" ? "nothing" : line}`, async () => {
      await using served = await Serving.start({ server });
      const watch = new Watch(served.server);
      const client = await served.connect();
      if (line !== "") await client.command(line);
      assert.deepEqual(await remainingCodes(client), [421]);
      assert.equal((await watch.first("disconnect")).reason, "login-timeout");
    });
  }

  test("is not put off by talking", async () => {
    await using served = await Serving.start({ server });
    const client = await served.connect();
    await assert.rejects(talkFor(client, 10_000), /answered 421|closed/);
  });

  test("does not touch who is logged in, and begins anew with REIN", async () => {
    await using served = await Serving.start({ server });
    const watch = new Watch(served.server);
    const client = await served.login();
    await talkFor(client, login * 1.5);
    await client.expect("REIN", 220);
    await talkFor(client, login / 4);
    await client.login(USER, PASSWORD);
    await client.expect("REIN", 220);
    assert.deepEqual(await remainingCodes(client), [421]);
    assert.equal((await watch.first("disconnect")).reason, "login-timeout");
  });
});

describe("the idle timer", () => {
  const server = { timeouts: { idle: 300 } };

  test("closes who says nothing", async () => {
    await using served = await Serving.start({ server });
    const watch = new Watch(served.server);
    const client = await served.login();
    assert.deepEqual(await remainingCodes(client), [421]);
    const { reason, account } = await watch.first("disconnect");
    assert.deepEqual([reason, account], ["idle", USER]);
  });

  test("closes who sends nothing but empty lines", async () => {
    await using served = await Serving.start({ server });
    const client = await served.login();
    const clock = await served.connect();
    for (;;) {
      await seenBy(clock);
      if (client.unread > 0) break;
      await client.send(Buffer.from("\r\n"));
    }
    assert.deepEqual(await remainingCodes(client), [421]);
  });

  test("stands still while bytes move, however slowly, and counts from their end", async () => {
    await using served = await Serving.start({
      server,
      account: { limits: { uploadRate: 30_000, downloadRate: 30_000 } },
    });
    const watch = new Watch(served.server);
    const client = await served.login();
    assert.deepEqual(codesOf(await client.upload("STOR up.bin", Buffer.alloc(30_000))).slice(-1), [226]);
    assert.deepEqual(codesOf((await client.download("RETR up.bin")).replies).slice(-1), [226]);
    for (const { outcome } of watch.of("transfer")) assert.ok(outcome.duration > 2 * 300);
    await client.expect("NOOP", 200);
    assert.deepEqual(await remainingCodes(client), [421]);
  });

  test("stands still while the client is the slow one", async () => {
    await using served = await Serving.start({ server });
    const [client, clock] = [await served.login(), await served.login()];
    const data = await client.extendedPassive();
    await client.expect("STOR up.bin", 125, 150);
    for (let n = 0; n < 4; n++) {
      await data.send(`piece ${n}`);
      await talkFor(clock, 150);
    }
    await data.end();
    assert.equal((await client.reply()).code, 226);
    await client.expect("NOOP", 200);
  });

  test("does not close who waits for an answer", async () => {
    const gate = new Gate();
    await using served = await Serving.start({
      server,
      decorate: (storage) =>
        withMethods(storage, {
          async *list(path, o) {
            await gate.pass();
            yield* storage.list(path, o);
          },
        }),
    });
    const [waits, beside] = [await served.login(), await served.login()];
    await waits.send("STAT /");
    const data = await beside.extendedPassive();
    await beside.expect("STOR up", 125, 150);
    await beside.send("STAT /");
    await gate.reached;
    await data.end();
    assert.equal((await beside.reply()).code, 226);
    assert.deepEqual(await remainingCodes(await served.login()), [421]);
    gate.open();
    for (const client of [waits, beside]) assert.equal((await client.reply()).code, 212);
  });

  test("closes who has sent its end, even while a command hangs: nobody may be there", async () => {
    const gate = new Gate();
    await using served = await Serving.start({
      server,
      decorate: (storage) =>
        withMethods(storage, {
          stat: (_path, { signal }) =>
            new Promise((_resolve, reject) => {
              void gate.pass();
              signal.addEventListener("abort", () => reject(new StorageError("aborted")), { once: true });
            }),
        }),
    });
    const watch = new Watch(served.server);
    const client = await served.login();
    await client.send("SIZE file");
    await gate.reached;
    client.end();
    assert.deepEqual(await remainingCodes(client), [421]);
    assert.equal((await watch.first("disconnect")).reason, "idle");
    assert.deepEqual(watch.of("warning"), []);
  });

  test("is what SITE IDLE says, for the session that says it", async () => {
    await using served = await Serving.start({ server });
    const [patient, other] = [await served.login(), await served.login()];
    assert.match(textOf(await patient.expect("SITE IDLE", 200)), /0\.3 seconds/);
    await patient.expect("SITE IDLE 9", 501);
    await patient.expect("SITE IDLE 7201", 501);
    await patient.expect("SITE IDLE x", 501);
    await patient.expect("SITE IDLE 600", 200);
    await other.expect("NOOP", 200);
    assert.deepEqual(await remainingCodes(other), [421]);
    await patient.expect("NOOP", 200);
    assert.match(textOf(await patient.expect("SITE IDLE", 200)), /600 seconds/);
  });

  test("is what the account's limits say", async () => {
    await using served = await Serving.start({ account: { limits: { idleTimeout: 0.1 } } });
    const watch = new Watch(served.server);
    const client = await served.login();
    assert.deepEqual(await remainingCodes(client), [421]);
    assert.equal((await watch.first("disconnect")).reason, "idle");
  });
});

describe("the data connect timer", () => {
  for (const line of ["RETR file", "STOR up", "LIST", "MLSD"]) {
    test(`answers 425 when the client does not come: ${line}`, async () => {
      await using served = await Serving.start({ server: { timeouts: { dataConnect: 50 } } });
      await served.files.put("/file", "content");
      const client = await served.login();
      await client.expect("EPSV", 229);
      await client.expect(line, 150);
      assert.equal((await client.reply()).code, 425);
      assert.equal((await client.download("RETR file")).bytes.toString(), "content");
    });
  }
});

describe("the stall timer", () => {
  const server = { timeouts: { stall: 100 } };

  for (const line of ["RETR endless.bin", "LIST endless", "STOR up", "APPE up"]) {
    test(`ends a transfer that stands still with 426: ${line}`, async () => {
      await using served = await Serving.start({ server, decorate: endless });
      const watch = new Watch(served.server);
      const client = await served.login();
      const data = await client.extendedPassive();
      await client.expect(line, 125, 150);
      if (line.startsWith("STOR")) await data.send("some bytes, and then no more");
      assert.equal((await client.reply()).code, 426);
      const { outcome } = await watch.first("transfer");
      assert.equal(outcome.kind, "remote");
      await client.expect("NOOP", 200);
    });
  }

  test("ends one with 451 when it is the storage that stands still", async () => {
    await using served = await Serving.start({
      server: { timeouts: { stall: 100, release: 50 } },
      decorate: (storage) =>
        withMethods(storage, {
          openRead: async () => ({ read: () => new Promise<number>(() => {}), close() {} }),
        }),
    });
    const watch = new Watch(served.server);
    const client = await served.login();
    await client.extendedPassive();
    await client.expect("RETR file", 125, 150);
    assert.equal((await client.reply()).code, 451);
    assert.equal((await watch.first("transfer")).outcome.kind, "local");
    await client.expect("NOOP", 200);
  });
});

describe("the delay of failed logins", () => {
  test("comes before each refusal, longer each time, and the session that goes on is closed", async () => {
    await using served = await Serving.start({ server: { timeouts: { failedLogin: 40 } } });
    const watch = new Watch(served.server);
    const client = await served.connect();
    for (const code of [530, 530, 421]) {
      await client.expect(`USER ${USER}`, 331);
      await client.expect("PASS wrong", code);
    }
    assert.deepEqual(await remainingCodes(client), []);
    const delays = watch.of("command").flatMap(({ verb, duration }) => (verb === "PASS" ? [duration] : []));
    // Timers may be a millisecond early.
    for (const [n, least] of [39, 79, 159].entries()) assert.ok((delays[n] ?? 0) >= least, `${delays}`);
  });

  test("holds nobody up who leaves meanwhile", async () => {
    await using served = await Serving.start({ server: { timeouts: { failedLogin: 3_600_000 } } });
    const watch = new Watch(served.server);
    const client = await served.connect();
    await client.expect(`USER ${USER}`, 331);
    await client.send("PASS wrong");
    await watch.first("login");
    await client.reset();
    await watch.first("disconnect");
  });
});

test("the drain timer is how long close() waits", async () => {
  await using served = await Serving.start({ decorate: endless, server: { timeouts: { drain: 50 } } });
  const watch = new Watch(served.server);
  const client = await served.login();
  await client.extendedPassive();
  await client.expect("RETR endless.bin", 125, 150);
  await served.server.close();
  assert.equal((await watch.first("disconnect")).reason, "destroyed");
});

test("who does not close after the last reply is cut off", async () => {
  await using served = await Serving.start();
  const watch = new Watch(served.server);
  await using client = await RawClient.connect({ host: served.host, port: served.port, allowHalfOpen: true });
  await client.login(USER, PASSWORD);
  await client.expect("QUIT", 221);
  assert.equal((await watch.first("disconnect")).reason, "quit");
});
