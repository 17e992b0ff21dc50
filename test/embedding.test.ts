/** Account stores and listeners of an application that do what they should not, or take their time. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { permissionsOf } from "ferry/accounts";
import { pathname } from "ferry/protocol";
import type { Account, AccountLease, AccountStore, LoginAnswer } from "ferry/server";
import type { Storage } from "ferry/storage";
import { MemoryTree } from "ferry/storage/memory";
import { leakCheck, type RawClient } from "ferry/testing";
import { PASSWORD, USER } from "./support/server.js";
import { Serving, textOf } from "./support/session.js";
import { Gate, Handles } from "./support/sources.js";
import { failOnProcessTrouble, remainingCodes, seenBy, Watch } from "./support/watch.js";

leakCheck();
failOnProcessTrouble();

const SECRET = "/etc/secret of the host";

describe("an account store", () => {
  const account = async (name: string, storage: Storage): Promise<Account> => ({
    name,
    storage,
    home: pathname("/"),
    permissions: permissionsOf("all"),
    limits: {},
  });
  const tree = new MemoryTree();
  const lease = (current: Account | undefined, more: Partial<AccountLease> = {}): AccountLease => ({
    current,
    onChange() {},
    reserve() {},
    async [Symbol.asyncDispose]() {},
    ...more,
  });

  async function serving(store: AccountStore, login = 10_000): Promise<Serving> {
    return await Serving.start({ accounts: () => store, server: { timeouts: { login, release: 50 } } });
  }

  async function tryToLogIn(served: Serving): Promise<{ code: number; text: string; client: RawClient }> {
    const client = await served.connect();
    await client.expect(`USER ${USER}`, 331);
    const reply = await client.command(`PASS ${PASSWORD}`);
    return { code: reply.code, text: textOf(reply), client };
  }

  const broken: readonly (readonly [string, AccountStore])[] = [
    [
      "throws",
      {
        authenticate: () => {
          throw new Error(SECRET);
        },
      },
    ],
    [
      "rejects",
      {
        authenticate: async () => {
          throw new Error(SECRET);
        },
      },
    ],
    ["rejects with nothing", { authenticate: () => Promise.reject() }],
    ["answers undefined", { authenticate: async () => undefined as never }],
    ["answers a number", { authenticate: async () => 1 as never }],
    ["answers an empty object", { authenticate: async () => ({}) as never }],
    ["answers ok without an account", { authenticate: async () => ({ ok: undefined }) as never }],
    ["answers ok with no more than a name", { authenticate: async () => ({ ok: { name: USER } }) as never }],
    ["refuses for a reason that is none", { authenticate: async () => ({ refused: "whim" }) as never }],
  ];
  for (const [what, store] of broken) {
    test(`that ${what} keeps people out, without a word of why`, async () => {
      await using served = await serving(store);
      const watch = new Watch(served.server);
      const { code, text } = await tryToLogIn(served);
      assert.ok(code === 421 || code === 530, `${code}`);
      assert.ok(!text.includes("secret"));
      const { ok } = await watch.first("login");
      assert.equal(ok, false);
    });
  }

  const badLeases: readonly (readonly [string, AccountStore["open"]])[] = [
    [
      "throws",
      () => {
        throw new Error(SECRET);
      },
    ],
    [
      "rejects",
      async () => {
        throw new Error(SECRET);
      },
    ],
    ["answers a text", async () => "text" as never],
    ["answers a number", async () => 1 as never],
    ["gives a lease that cannot be listened to", async () => ({ current: undefined }) as never],
    ["is refused: limit", async () => ({ refused: "limit" })],
    ["is refused: unavailable", async () => ({ refused: "unavailable" })],
    ["is refused: disabled", async () => ({ refused: "disabled" })],
    ["is refused: a reason that is none", async () => ({ refused: "whim" }) as never],
    ["gives a lease on an account that is gone already", async () => lease(undefined)],
  ];
  for (const [what, open] of badLeases) {
    test(`whose lease ${what} keeps people out; storage and place are given back`, async () => {
      const handles = new Handles();
      const store: AccountStore = {
        authenticate: async ({ name }) => ({ ok: await account(name, handles.count(tree.storageFor(name))) }),
        ...(open === undefined ? {} : { open }),
      };
      await using served = await Serving.start({
        accounts: () => store,
        server: { limits: { sessionsPerAccount: 1 } },
      });
      const watch = new Watch(served.server);
      for (let round = 1; round <= 3; round++) {
        const { code, text, client } = await tryToLogIn(served);
        assert.ok(code === 421 || code === 530, `${code} ${text}`);
        assert.ok(!text.includes("secret"));
        await client[Symbol.asyncDispose]();
        await watch.disconnects(round);
      }
      assert.equal(handles.storages, 0);
      assert.ok(watch.of("login").every(({ ok }) => !ok));
      // A place that was not given back would change the reason.
      assert.equal(new Set(watch.of("login").map(({ reason }) => reason)).size, 1);
    });
  }

  test("whose lease loses its account without a word ends the session at the next command", async () => {
    let current: Account | undefined;
    const store: AccountStore = {
      authenticate: async ({ name }) => ({ ok: await account(name, tree.storageFor(name)) }),
      async open(given) {
        current = given;
        const opened = lease(given);
        return Object.defineProperty(opened, "current", { get: () => current });
      },
    };
    await using served = await serving(store);
    const { client } = await tryToLogIn(served);
    await client.expect("PWD", 257);
    current = undefined;
    await client.expect("PWD", 421);
    assert.deepEqual(await remainingCodes(client), []);
  });

  test("that never answers is cut off by the login timer, and told by its signal", async () => {
    let aborted: Promise<void> | undefined;
    await using served = await serving(
      {
        authenticate: ({ signal }) => {
          aborted = new Promise((resolve) =>
            signal.addEventListener("abort", () => resolve(), { once: true }),
          );
          return new Promise(() => {});
        },
      },
      100,
    );
    const watch = new Watch(served.server);
    const client = await served.connect();
    await client.send(`USER ${USER}\r\nPASS ${PASSWORD}`);
    assert.deepEqual(await remainingCodes(client), [331, 421]);
    await aborted;
    assert.equal((await watch.first("disconnect")).reason, "login-timeout");
    assert.deepEqual(watch.of("login"), []);
    await served.server.destroy();
  });

  for (const when of ["authenticate", "open"] as const) {
    test(`that answers when the client has gone has everything given back (${when})`, async () => {
      const gate = new Gate();
      const handles = new Handles();
      let leases = 0;
      const store: AccountStore = {
        async authenticate({ name }): Promise<LoginAnswer> {
          if (when === "authenticate") await gate.pass();
          return { ok: await account(name, handles.count(tree.storageFor(name))) };
        },
        async open(given) {
          if (when === "open") await gate.pass();
          leases += 1;
          return lease(given, {
            [Symbol.asyncDispose]: async () => {
              leases -= 1;
            },
          });
        },
      };
      await using served = await serving(store);
      const watch = new Watch(served.server);
      const other = await served.connect();
      const client = await served.connect();
      await client.send(`USER ${USER}\r\nPASS ${PASSWORD}`);
      await gate.reached;
      await client.reset();
      await seenBy(other);
      gate.open();
      await watch.first("disconnect");
      await seenBy(other);
      assert.deepEqual([handles.storages, leases], [0, 0]);
      assert.deepEqual(watch.of("login"), []);
    });
  }

  test("whose lease does not end is not waited for for ever, and the storage is closed all the same", async () => {
    for (const end of [() => new Promise<void>(() => {}), () => Promise.reject(new Error(SECRET))]) {
      const handles = new Handles();
      await using served = await serving({
        authenticate: async ({ name }) => ({ ok: await account(name, handles.count(tree.storageFor(name))) }),
        open: async (given) => lease(given, { [Symbol.asyncDispose]: end }),
      });
      const watch = new Watch(served.server);
      const { code, client } = await tryToLogIn(served);
      assert.equal(code, 230);
      await client.expect("QUIT", 221);
      await watch.first("disconnect");
      assert.equal(handles.storages, 0);
      assert.equal(watch.of("warning").length, 1);
    }
  });
});

describe("a listener that fails", () => {
  test("costs nobody anything: the others are told, and so is whoever listens to warnings", async () => {
    await using served = await Serving.start();
    const before = new Watch(served.server);
    const events = ["connect", "login", "command", "transfer", "disconnect", "refused"] as const;
    for (const event of events) {
      served.server.on(event, () => {
        throw new Error(`mine: ${event}`);
      });
      served.server.on(event, async () => {
        throw new Error(`mine, later: ${event}`);
      });
    }
    const after = new Watch(served.server);
    const client = await served.login();
    await client.upload("STOR up", "bytes");
    served.server.reconfigure({ limits: { sessions: 1 } });
    assert.deepEqual(await remainingCodes(await served.open()), [421]);
    await client.expect("QUIT", 221);
    await after.first("disconnect");
    for (const event of events) {
      assert.ok(before.of(event).length > 0, event);
      assert.equal(before.of(event).length, after.of(event).length, event);
      await after.first("warning", ({ error }) => String(error) === `Error: mine: ${event}`);
      await after.first("warning", ({ error }) => String(error) === `Error: mine, later: ${event}`);
    }
  });

  test("also one that listens to warnings", async () => {
    await using served = await Serving.start({
      accounts: () => ({ authenticate: () => Promise.reject(new Error("down")) }),
    });
    served.server.on("warning", () => {
      throw new Error("mine");
    });
    served.server.on("warning", async () => {
      throw new Error("mine, later");
    });
    const client = await served.connect();
    await client.expect(`USER ${USER}`, 331);
    await client.expect("PASS x", 421);
  });

  test("a listener for one event is told once", async () => {
    await using served = await Serving.start();
    let told = 0;
    served.server.once("connect", () => {
      told += 1;
    });
    await served.connect();
    await served.connect();
    assert.equal(told, 1);
  });
});
