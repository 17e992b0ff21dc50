/** What there may be only so much of, and that it comes back. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { leakCheck, RawClient } from "ferry/testing";
import { PASSWORD, USER } from "./support/server.js";
import { OTHER, Serving, textOf } from "./support/session.js";
import { directory, file, withMethods } from "./support/sources.js";
import { failOnProcessTrouble, remainingCodes, Watch } from "./support/watch.js";

leakCheck();
failOnProcessTrouble();

/** The ways in which a session ends. */
const ENDINGS: Readonly<Record<string, (client: RawClient) => Promise<unknown>>> = {
  QUIT: (client) => client.command("QUIT"),
  "its end": async (client) => client.end(),
  "a reset": (client) => client.reset(),
};

async function passes({ server, open }: { server: Serving; open?: () => Promise<RawClient> }): Promise<void> {
  const client = await (open ?? (() => server.open()))();
  assert.equal((await client.reply()).code, 220);
  await client.reset();
}

describe("sessions in all", () => {
  for (const [how, end] of Object.entries(ENDINGS)) {
    test(`one more is answered 421 and closed; a place is free again after ${how}`, async () => {
      await using served = await Serving.start({ server: { limits: { sessions: 2 } } });
      const watch = new Watch(served.server);
      const [first] = [await served.login(), await served.login()];
      for (let n = 0; n < 3; n++) assert.deepEqual(await remainingCodes(await served.open()), [421]);
      assert.deepEqual(
        watch.of("refused").map(({ reason, peer }) => [reason, peer.address]),
        Array(3).fill(["sessions", "127.0.0.1"]),
      );
      assert.equal(watch.of("connect").length, 2);
      await end(first);
      await watch.disconnects(1);
      await passes({ server: served });
      await watch.disconnects(2);
      await passes({ server: served });
      await watch.disconnects(3);
    });
  }
});

describe("sessions of one address", () => {
  test("are bounded for themselves, and leave room for other addresses", async () => {
    await using served = await Serving.start({ server: { limits: { sessionsPerAddress: 1 } } });
    const watch = new Watch(served.server);
    const from = (localAddress: string) =>
      RawClient.connect({ host: served.host, port: served.port, localAddress });
    const first = await served.login();
    assert.deepEqual(await remainingCodes(await served.open()), [421]);
    assert.equal(watch.of("refused")[0]?.reason, "sessions-per-address");
    await using second = await from("127.0.0.2");
    assert.equal((await second.reply()).code, 220);
    await using third = await from("127.0.0.2");
    assert.deepEqual(await remainingCodes(third), [421]);
    await first.expect("QUIT", 221);
    await watch.disconnects(1);
    await passes({ server: served });
    await watch.disconnects(2);
    await second.reset();
    await watch.disconnects(3);
    await passes({ server: served, open: () => from("127.0.0.2") });
    await watch.disconnects(4);
  });

  test("a refusal costs no place among all", async () => {
    await using served = await Serving.start({ server: { limits: { sessions: 2, sessionsPerAddress: 1 } } });
    await served.login();
    for (let n = 0; n < 5; n++) assert.deepEqual(await remainingCodes(await served.open()), [421]);
    await using other = await RawClient.connect({
      host: served.host,
      port: served.port,
      localAddress: "127.0.0.2",
    });
    assert.equal((await other.reply()).code, 220);
  });
});

describe("sessions of one account", () => {
  const bounds = [
    ["the server's", { server: { limits: { sessionsPerAccount: 1 } } }],
    ["its own", { account: { limits: { sessions: 1 } } }],
  ] as const;
  for (const [whose, o] of bounds) {
    for (const [how, end] of Object.entries({
      ...ENDINGS,
      REIN: (client: RawClient) => client.expect("REIN", 220),
    })) {
      test(`by ${whose} limit, one more is answered 421 at PASS and closed; a place is free again after ${how}`, async () => {
        await using served = await Serving.start(o);
        const watch = new Watch(served.server);
        const first = await served.login();
        for (let round = 1; round <= 2; round++) {
          const client = await served.connect();
          await client.expect(`USER ${USER}`, 331);
          await client.expect(`PASS ${PASSWORD}`, 421);
          assert.deepEqual(await remainingCodes(client), []);
          await watch.disconnects(round);
        }
        assert.deepEqual(
          watch.of("login").map(({ ok, reason }) => [ok, reason]),
          [
            [true, undefined],
            [false, "limit"],
            [false, "limit"],
          ],
        );
        const other = await served.login(OTHER);
        await end(first);
        if (how !== "REIN") await watch.disconnects(3);
        await served.login();
        await other.expect("NOOP", 200);
      });
    }
  }
});

describe("failed logins", () => {
  test("close the session at the limit, whatever is said between them", async () => {
    await using served = await Serving.start({ server: { limits: { loginAttempts: 3 } } });
    const watch = new Watch(served.server);
    const client = await served.connect();
    for (const [name, code] of [
      [USER, 530],
      ["nobody", 530],
      [USER, 421],
    ] as const) {
      await client.expect("NOOP", 200);
      await client.expect(`USER ${name}`, 331);
      await client.expect("PASS wrong", code);
    }
    assert.deepEqual(await remainingCodes(client), []);
    assert.equal((await watch.first("disconnect")).reason, "pass");
    assert.deepEqual(
      watch.of("login").map(({ name, ok, reason }) => [name, ok, reason]),
      [
        [USER, false, "credentials"],
        ["nobody", false, "credentials"],
        [USER, false, "credentials"],
      ],
    );
  });

  test("cannot be multiplied by pipelining", async () => {
    await using served = await Serving.start({ server: { limits: { loginAttempts: 2 } } });
    const watch = new Watch(served.server);
    const client = await served.connect();
    await client.send(`USER ${USER}\r\nPASS wrong\r\n`.repeat(50));
    assert.deepEqual(await remainingCodes(client), [331, 530, 331, 421]);
    await watch.first("disconnect");
    assert.equal(watch.of("login").length, 2);
  });
});

describe("wrong commands", () => {
  const wrong = ["XYZZY", "PWD", "EPSV 7", "PORT x", "USER", "PASS x", "MKD \x01"];

  for (const line of wrong) {
    test(`close the session before login: ${JSON.stringify(line)}`, async () => {
      await using served = await Serving.start({ server: { limits: { commandsBeforeLogin: 4 } } });
      const watch = new Watch(served.server);
      const client = await served.connect();
      await client.send(`${line}\r\nNOOP\r\n`.repeat(20));
      const codes = await remainingCodes(client);
      assert.equal(codes.filter((code) => code === 200).length, 3);
      assert.equal(codes.at(-1), 421);
      assert.equal(codes.length, 8);
      assert.equal((await watch.first("disconnect")).reason, "wrong-commands");
    });
  }

  test("are not counted after login", async () => {
    await using served = await Serving.start({ server: { limits: { commandsBeforeLogin: 2 } } });
    const client = await served.login();
    for (let n = 0; n < 20; n++) await client.expect("XYZZY", 500);
    await client.expect("NOOP", 200);
  });
});

test("STAT of a large directory is cut, says so, and reads no further", async () => {
  let ended = false;
  let listed = 0;
  await using served = await Serving.start({
    decorate: (storage) =>
      withMethods(storage, {
        stat: async () => directory("large"),
        async *list() {
          try {
            for (;;) {
              listed += 1000;
              yield Array.from({ length: 1000 }, (_, n) => file(`file ${listed} ${n}`));
            }
          } finally {
            ended = true;
          }
        },
      }),
  });
  const client = await served.login();
  const { code, lines } = await client.command("STAT large");
  assert.equal(code, 212);
  // A heading, ten thousand entries, what was left out, and the end.
  assert.equal(lines.length, 1 + 10_000 + 1 + 1);
  assert.match(lines.at(-2) ?? "", /cut after 10000 entries/);
  assert.ok(ended);
  assert.equal(listed, 10_000);
  await client.expect("NOOP", 200);
});

describe("the range of passive ports", () => {
  /** A port that was free a moment ago. */
  async function onePort(): Promise<Serving> {
    const served = await Serving.start();
    const client = await served.login();
    const { port } = await client.extendedPassive();
    await client.expect("REIN", 220);
    await client.login(USER, PASSWORD);
    served.server.reconfigure({ passive: { ports: { from: port, to: port } } });
    return served;
  }

  test("when it is exhausted, EPSV and PASV are answered 425; later they work again", async () => {
    await using served = await onePort();
    const [first, second] = [await served.login(), await served.login()];
    const data = await first.extendedPassive();
    await first.expect("STOR up", 125, 150);
    for (const line of ["EPSV", "PASV", "LPSV", "EPSV"]) {
      assert.match(textOf(await second.expect(line, 425)), /no port is free/);
    }
    await second.expect("LIST", 425);
    await data.end();
    assert.equal((await first.reply()).code, 226);
    assert.equal((await second.download("RETR up")).replies.at(-1)?.code, 226);
  });

  test("an idle listener of another session is taken over, back and forth", async () => {
    await using served = await onePort();
    await served.files.put("/file", "content");
    const clients = [await served.login(), await served.login(), await served.login()];
    const ports = new Set<number>();
    for (let round = 0; round < 3; round++) {
      for (const client of clients) {
        const data = await client.extendedPassive();
        ports.add(data.port);
        await client.expect("RETR file", 125, 150);
        assert.equal((await data.receiveAll()).bytes.toString(), "content");
        assert.equal((await client.reply()).code, 226);
      }
    }
    assert.equal(ports.size, 1);
  });

  test("a port that was asked for and not used is not taken over, but comes back", async () => {
    await using served = await onePort();
    const [first, second] = [await served.login(), await served.login()];
    await first.expect("EPSV", 229);
    await second.expect("EPSV", 425);
    await first.expect("REIN", 220);
    await second.expect("EPSV", 229);
    await second.reset();
    const third = await served.login();
    // The session before may still be ending.
    for (let round = 0; (await third.command("EPSV")).code !== 229; round++) assert.ok(round < 1000);
  });
});
