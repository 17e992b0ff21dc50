/** The database stops and starts while servers are in use. */
import assert from "node:assert/strict";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, describe, test } from "node:test";
import { MongoDirectory } from "ferry/accounts/mongodb";
import { pathname } from "ferry/protocol";
import { type TestDatabase, testServers } from "../support/database.js";
import {
  attempt,
  begin,
  eventually,
  Folder,
  fill,
  logIn,
  openStore,
  record,
  ServingProcess,
} from "./support.js";

const MiB = 1024 * 1024;

for (const tested of testServers.filter(({ isOurs }) => isOurs))
  describe(`while the database is away (${tested.name})`, { skip: tested.skip }, () => {
    let database: TestDatabase;
    before(async () => {
      database = await tested.start();
    });
    // A test that failed while it was away leaves it to the next one as the others do.
    afterEach(() => database.resume());
    after(() => database[Symbol.asyncDispose]());

    test("a server goes on: sessions, uploads and logins of recent accounts; others are told 421", async () => {
      using folder = new Folder();
      const url = database.url();
      await fill(url, {
        anna: { home: folder.path, quota: { bytes: 64 * MiB } },
        bert: { home: folder.path },
      });
      await using server = await ServingProcess.start(folder.path, url);
      const anna = await server.loggedIn("anna", "anna's password");
      assert.equal((await anna.upload("STOR before", Buffer.alloc(MiB))).at(-1)?.code, 226);

      // Under load: logins come all the time, before, during and after the outage.
      let stop = false;
      const codes: number[] = [];
      const slowest = { milliseconds: 0 };
      const load = Promise.all(
        Array.from({ length: 4 }, async () => {
          while (!stop) {
            const client = await server.connect();
            await client.reply();
            const start = performance.now();
            codes.push(await logIn(client, "bert", "bert's password"));
            slowest.milliseconds = Math.max(slowest.milliseconds, performance.now() - start);
            client.end();
          }
        }),
      );
      // What goes wrong below is told, and not that this ends with it.
      load.catch(() => undefined);
      await eventually("logins work", () => codes.includes(230));
      await database.pause();
      await eventually("the outage is noticed", () => server.log.includes("is not available"));
      // Remembered since its last login; a name that is not known, and a wrong password, hear the same.
      await eventually("recent accounts come in", () => codes.at(-1) === 230);
      for (const [name, password] of [
        ["nobody", "anything"],
        ["bert", "wrong"],
      ] as const) {
        const client = await server.connect();
        await client.reply();
        assert.equal(await logIn(client, name, password), 421);
        client.end();
      }
      assert.equal((await anna.command("NOOP")).code, 200);
      assert.equal((await anna.upload("STOR during", Buffer.alloc(3 * MiB))).at(-1)?.code, 226);
      assert.equal((await anna.upload("STOR too-much", Buffer.alloc(80 * MiB))).at(-1)?.code !== 226, true);
      assert.equal((await anna.command("DELE before")).code, 250);

      await database.resume();
      await eventually("the return is noticed", () => server.log.includes("available again"));
      const since = codes.length;
      await eventually("logins work again", () => codes.slice(since).includes(230));
      stop = true;
      await load;
      assert.ok(
        codes.every((code) => code === 230 || code === 421),
        [...new Set(codes)].join(" "),
      );
      // Two seconds for the database, and what two busy cores add.
      assert.ok(slowest.milliseconds < 6000, `${slowest.milliseconds} ms`);

      // What was used meanwhile is written.
      const stored = () =>
        readdirSync(folder.path)
          .map((name) => statSync(join(folder.path, name)).size)
          .reduce((sum, size) => sum + size, 0);
      const directory = await MongoDirectory.open(url);
      await anna.expect("QUIT", 221);
      anna.end();
      let counted: number | undefined;
      await eventually("all is counted", async () => {
        counted = (await directory.activity("anna")).stored?.bytes;
        return counted === stored();
      }).catch((error: Error) => {
        throw new Error(`${error.message}: ${counted} counted, ${stored()} stored`);
      });
      await directory.close();
      assert.equal(await server.stop(), 0, server.log);
    });

    test("a store says unavailable at once, but asks nobody about a name that is none", async () => {
      const url = database.url();
      await fill(url, { anna: {} });
      await using under = await openStore(url, { answerTimeout: 1000 });
      await database.pause();
      for (const name of ["", "a\0b", "x".repeat(10_240), "../anna"]) {
        assert.deepEqual(await under.store.authenticate(attempt(name)), { refused: "credentials" });
      }
      assert.deepEqual(
        under.messages.filter((text) => text.includes("not available")),
        [],
        "nobody was asked",
      );
      assert.deepEqual(await under.store.authenticate(attempt("anna")), { refused: "unavailable" });
      const start = performance.now();
      for (let n = 0; n < 20; n++) {
        assert.deepEqual(await under.store.authenticate(attempt("anna")), { refused: "unavailable" });
      }
      // Twenty waits for an answer take 20 s; a busy machine may need a while for what asks nobody.
      assert.ok(performance.now() - start < 15_000, "it is known that the database is away");
      await database.resume();
      await eventually(
        "logins work again",
        async () => "ok" in (await under.store.authenticate(attempt("anna"))),
      );
    });

    test("sessions that begin and end are counted when it is back", async () => {
      const url = database.url();
      await fill(url, { anna: { limits: { sessions: 3 } } });
      await using under = await openStore(url, { answerTimeout: 1000, node: { expiry: 60_000 } });
      const first = await begin(under.store, "anna");
      const second = await begin(under.store, "anna");
      await database.pause();
      await second.lease[Symbol.asyncDispose]();
      const third = await begin(under.store, "anna");
      const fourth = await begin(under.store, "anna");
      await assert.rejects(begin(under.store, "anna"), /limit/);
      await database.resume();
      const directory = await MongoDirectory.open(url);
      await eventually("three are counted", async () => (await directory.activity("anna")).sessions === 3);
      for (const { lease } of [first, third, fourth]) await lease[Symbol.asyncDispose]();
      assert.equal((await directory.activity("anna")).sessions, 0);
      await directory.close();
    });

    test("no account comes in that was disabled, or got another password, before", async () => {
      const url = database.url();
      await fill(url, { anna: {}, bert: {}, cora: {}, dora: {} });
      await using under = await openStore(url, { answerTimeout: 1000 });
      for (const name of ["anna", "bert", "cora", "dora"]) {
        await (await begin(under.store, name)).lease[Symbol.asyncDispose]();
      }
      const { lease } = await begin(under.store, "dora");
      const directory = await MongoDirectory.open(url);
      await directory.change("anna", (account) => ({ ...account, disabled: true }));
      const { password } = await record("another");
      await directory.change("bert", (account) => ({ ...account, password }));
      await directory.remove("cora");
      await directory.change("dora", (account) => ({ ...account, limits: { uploadRate: 7 } }));
      await directory.close();
      await eventually("the changes are heard of", () => lease.current?.limits.uploadRate === 7);
      await database.pause();
      assert.deepEqual(await under.store.authenticate(attempt("anna")), { refused: "disabled" });
      assert.deepEqual(await under.store.authenticate(attempt("bert")), { refused: "unavailable" });
      assert.deepEqual(await under.store.authenticate(attempt("cora")), { refused: "unavailable" });
      assert.ok("ok" in (await under.store.authenticate(attempt("dora"))));
      await database.resume();
      await lease[Symbol.asyncDispose]();
    });

    test("in that it stands still, logins are answered in a bounded time, and what comes late counts once", async () => {
      const url = database.url();
      await fill(url, { anna: { quota: { bytes: 2 ** 40 } }, bert: {} });
      await using under = await openStore(url, { answerTimeout: 300, node: { expiry: 60_000 } });
      const { lease } = await begin(under.store, "anna");
      let reserved = 0;
      let stop = false;
      const uploads = (async () => {
        while (!stop) {
          // 20 MB are more than a grant holds for long: the database is asked again and again.
          try {
            await lease.reserve({ bytes: 20_000_000 });
            reserved += 20_000_000;
          } catch (error) {
            assert.match(String(error), /away/);
          }
          await new Promise((resolve) => setTimeout(resolve, 2));
        }
      })();
      const said = (text: string) => under.messages.filter((message) => message.includes(text)).length;
      for (let n = 1; n <= 3; n++) {
        database.freeze();
        try {
          await eventually("the outage is noticed", () => said("is not available") === n);
          assert.deepEqual(await under.store.authenticate(attempt("bert")), { refused: "unavailable" });
        } finally {
          database.thaw();
        }
        await eventually("the return is noticed", () => said("available again") === n);
      }
      stop = true;
      await uploads;
      assert.notEqual(lease.current, undefined);
      await lease[Symbol.asyncDispose]();
      const directory = await MongoDirectory.open(url);
      let counted: number | undefined;
      await eventually("all is counted, and once", async () => {
        counted = (await directory.activity("anna")).stored?.bytes;
        return counted === reserved;
      }).catch((error: Error) => {
        throw new Error(`${error.message}: ${counted} counted, ${reserved} reserved`);
      });
      assert.equal((await directory.activity("anna")).sessions, 0);
      await directory.close();
    });

    test("an upload may use what was free, and not more", async () => {
      const url = database.url();
      await fill(url, { anna: { quota: { bytes: 8 * MiB } } });
      await using under = await openStore(url, { answerTimeout: 1000 });
      const { account, lease } = await begin(under.store, "anna");
      await database.pause();
      const o = { signal: new AbortController().signal };
      const handle = await account.storage.openWrite(pathname("/file"), { ...o, intent: "replace" });
      let written = 0;
      await assert.rejects(async () => {
        for (; written < 20; written++) await handle.write(Buffer.alloc(MiB));
      }, /unavailable|away/);
      assert.equal(written, 8);
      await handle.commit();
      await database.resume();
      const directory = await MongoDirectory.open(url);
      await eventually(
        "it is counted",
        async () => (await directory.activity("anna")).stored?.bytes === 8 * MiB,
      );
      await directory.close();
      await lease[Symbol.asyncDispose]();
    });
  });
