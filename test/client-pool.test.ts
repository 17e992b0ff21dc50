/** Sessions that come and go with what the server allows, and with those who work on them. */
import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { describe, test } from "node:test";
import type { FtpClient, FtpPool } from "ferry/client";
import { leakCheck, type Script, ScriptedServer } from "ferry/testing";
import { poolFor } from "./support/pool.js";

leakCheck();

/** Lets in as many sessions as it may have, which a test changes. */
class Door {
  allowed: number;
  #inside = 0;

  constructor(allowed: number) {
    this.allowed = allowed;
  }

  get script(): Script {
    return {
      greeting: (peer) => {
        if (this.#inside >= this.allowed) {
          peer.reply("421 Too many connections.");
          peer.end();
          return;
        }
        this.#inside++;
        peer.socket.once("close", () => this.#inside--);
        peer.reply("220 Ready.");
      },
    };
  }
}

/** Work that lasts until it is let go. */
function held(pool: FtpPool, o: { readonly signal?: AbortSignal } = {}) {
  let go: () => void = () => {};
  let began: () => void = () => {};
  const begun = new Promise<void>((resolve) => {
    began = resolve;
  });
  const ended = pool.run(async (client) => {
    began();
    await new Promise<void>((resolve) => {
      go = resolve;
    });
    return client;
  }, o);
  return { begun, ended, go: () => go() };
}

/** Two sessions, both idle afterwards. */
async function openTwo(pool: FtpPool): Promise<void> {
  const both = [held(pool), held(pool)];
  await Promise.all(both.map(({ begun }) => begun));
  for (const { go } of both) go();
  await Promise.all(both.map(({ ended }) => ended));
}

/** The server ends the second of its sessions. */
async function loseSecond(server: ScriptedServer): Promise<void> {
  const peer = server.peers[1] as (typeof server.peers)[number];
  const gone = once(peer.socket, "close");
  peer.end();
  await gone;
}

describe("a pool that the server has shut out (421)", () => {
  test("lets calls wait for the sessions that it has, and grows again later", async () => {
    const door = new Door(1);
    await using server = await ScriptedServer.start(door.script);
    await using pool = poolFor(server, { connections: 3, growAgain: 0 });
    const first = held(pool);
    await first.begun;
    let waited = false;
    const second = pool.run(() => {
      waited = true;
    });
    // The refusal has come when the server has seen both.
    while (server.peers.length < 2) await new Promise((resolve) => setImmediate(resolve));
    await once((server.peers[1] as (typeof server.peers)[number]).socket, "close");
    assert.equal(waited, false);
    first.go();
    await Promise.all([first.ended, second]);
    assert.equal(pool.size, 1);
    door.allowed = 3;
    const all = Array.from({ length: 3 }, () => held(pool));
    await Promise.all(all.map(({ begun }) => begun));
    assert.equal(pool.size, 3);
    for (const { go } of all) go();
    assert.equal(new Set(await Promise.all(all.map(({ ended }) => ended))).size, 3);
  });

  test("gives up a session that is not let in again, and goes on with the others", async () => {
    const door = new Door(2);
    await using server = await ScriptedServer.start(door.script);
    await using pool = poolFor(server, { connections: 2 });
    await openTwo(pool);
    // One is lost while nobody looks, and its place is taken.
    await loseSecond(server);
    door.allowed = 1;
    const [one, two] = [held(pool), held(pool)];
    await Promise.all([one.begun, two.begun]);
    one.go();
    two.go();
    const clients = (await Promise.all([one.ended, two.ended])) as FtpClient[];
    const results = await Promise.allSettled(
      clients.map((client) => pool.run(async () => await client.send("NOOP"))),
    );
    assert.deepEqual(results.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
    assert.deepEqual([pool.size, pool.limit], [1, 1]);
    assert.equal((await pool.run((client) => client.send("NOOP"))).code, 200);
  });
});

describe("calls of a pool", () => {
  test("give up waiting when told to, and leave their turn to the next", async () => {
    await using server = await ScriptedServer.start();
    await using pool = poolFor(server, { connections: 1 });
    const first = held(pool);
    await first.begun;
    const stop = new AbortController();
    const second = pool.run(() => 2, { signal: stop.signal });
    const third = pool.run(() => 3);
    // In the same turn in which it is woken, too.
    first.go();
    await first.ended;
    stop.abort();
    await second.then(
      (value) => assert.equal(value, 2),
      (error) => assert.equal(error.code, "ERR_FERRY_FTP_ABORTED"),
    );
    assert.equal(await third, 3);
  });

  test("give up while the connection is being made", async () => {
    await using server = await ScriptedServer.start({ greeting: () => {} });
    await using pool = poolFor(server);
    const stop = new AbortController();
    const running = pool.run(() => 1, { signal: stop.signal });
    while (server.peers.length === 0) await new Promise((resolve) => setImmediate(resolve));
    stop.abort();
    await assert.rejects(running, { name: "AbortError" });
    assert.equal(pool.size, 0);
  });

  test("use sessions that are still there rather than those that have died", async () => {
    await using server = await ScriptedServer.start();
    await using pool = poolFor(server, { connections: 2 });
    await openTwo(pool);
    await loseSecond(server);
    for (let n = 0; n < 5; n++) await pool.run((client) => client.send("NOOP"));
    assert.equal(server.peers.length, 2, "nobody had to connect again");
    const again = [held(pool), held(pool)];
    await Promise.all(again.map(({ begun }) => begun));
    const replaced = await Promise.all(
      again.map(async ({ go, ended }) => {
        go();
        return await (await ended).send("NOOP");
      }),
    );
    assert.deepEqual(
      replaced.map(({ code }) => code),
      [200, 200],
    );
    assert.equal(server.peers.length, 3);
  });

  test("that run are ended by destroy, and no session is left", async () => {
    await using server = await ScriptedServer.start({ answers: { NOOP: () => {} } });
    const pool = poolFor(server, { connections: 2 });
    const running = Promise.allSettled([0, 1, 2].map(() => pool.run((client) => client.send("NOOP"))));
    while (server.commands.filter((command) => command === "NOOP").length < 2) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    await pool.destroy();
    for (const work of await running) {
      assert.equal(work.status === "rejected" && work.reason.code, "ERR_FERRY_FTP_CLOSED");
    }
    await assert.rejects(
      pool.run(() => 1),
      { code: "ERR_FERRY_FTP_CLOSED" },
    );
  });

  test("that run may finish all that they do when the pool is closed", async () => {
    await using server = await ScriptedServer.start();
    const pool = poolFor(server, { connections: 1 });
    let closed: Promise<void> | undefined;
    const running = pool.run(async (client) => {
      closed = pool.close();
      for (let n = 0; n < 3; n++) await client.send("NOOP");
      return "all";
    });
    assert.equal(await running, "all");
    await closed;
    assert.equal(server.verbs.at(-1), "QUIT");
  });
});

test("a pool of many sessions that share a signal gives no warning of a leak", async () => {
  const warnings: string[] = [];
  const onWarning = ({ name }: Error): void => void warnings.push(name);
  process.on("warning", onWarning);
  try {
    await using server = await ScriptedServer.start(new Door(16).script);
    await using pool = poolFor(server, { connections: 16 });
    const { signal } = new AbortController();
    let inside = 0;
    let all: () => void = () => {};
    const everybody = new Promise<void>((resolve) => {
      all = resolve;
    });
    const asking = async (client: FtpClient): Promise<void> => {
      if (++inside === 16) all();
      await everybody;
      await client.send("NOOP", { signal });
    };
    await Promise.all(Array.from({ length: 16 }, () => pool.run(asking, { signal })));
    // Warnings are told in a later turn.
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(warnings, []);
  } finally {
    process.removeListener("warning", onWarning);
  }
});

test("a pool that is destroyed while it connects says that it is closed, and leaves nothing behind", async () => {
  const come = new EventEmitter();
  await using server = await ScriptedServer.start({ greeting: () => void come.emit("greeting") });
  const pool = poolFor(server, { connections: 2 });
  const greeted = once(come, "greeting");
  const calls = [pool.run(() => assert.fail("it works")), pool.run(() => assert.fail("it works"))];
  const failures = Promise.allSettled(calls);
  await greeted;
  await pool.destroy();
  for (const found of await failures) {
    assert.equal(found.status === "rejected" && found.reason.code, "ERR_FERRY_FTP_CLOSED");
  }
  assert.equal(pool.size, 0);
});
