/** Several `ferry serve` on one database: what one counts or changes, the others see. */
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { MongoDirectory } from "ferry/accounts/mongodb";
import type { RawClient } from "ferry/testing";
import { type TestDatabase, testServers } from "../support/database.js";
import { eventually, Folder, ferry, fill, logIn, ServingProcess } from "./support.js";

const MiB = 1024 * 1024;
/** For a change to reach every session. The bound is 2 s; a busy machine may need many times that. */
const PATIENCE = 60_000;

for (const tested of testServers)
  describe(`servers with one database (${tested.name})`, { skip: tested.skip }, () => {
    let database: TestDatabase;
    before(async () => {
      database = await tested.start();
    });
    after(() => database[Symbol.asyncDispose]());

    test("let in exactly as many sessions as an account may have", async () => {
      using folder = new Folder();
      const url = database.url();
      await fill(url, { anna: { home: folder.path, limits: { sessions: 10 } } });
      await using one = await ServingProcess.start(folder.path, url);
      await using other = await ServingProcess.start(folder.path, url);
      const servers = [one, other] as const;
      const clients = await Promise.all(
        Array.from({ length: 50 }, (_, n) => servers[n % 2 === 0 ? 0 : 1].connect()),
      );
      await Promise.all(clients.map((client) => client.reply()));
      const codes = await Promise.all(clients.map((client) => logIn(client, "anna")));
      assert.equal(codes.filter((code) => code === 230).length, 10, codes.join(" "));
      assert.equal(codes.filter((code) => code === 421).length, 40, codes.join(" "));

      // A place that is given back can be taken on the other server.
      const inside = clients.filter((_, n) => codes[n] === 230);
      await Promise.all(inside.map((client) => client.expect("QUIT", 221)));
      const directory = await MongoDirectory.open(url);
      await eventually(
        "no session is counted",
        async () => (await directory.activity("anna")).sessions === 0,
      );
      await directory.close();
      const again = await Promise.all(
        Array.from({ length: 10 }, (_, n) =>
          servers[n % 2 === 0 ? 1 : 0].loggedIn("anna", "anna's password"),
        ),
      );
      assert.equal(again.length, 10);
      for (const client of [...clients, ...again]) client.end();
      for (const server of servers) assert.equal(await server.stop(), 0, server.log);
    });

    test("store no byte more than an account's quota, and count what they stored", async () => {
      using folder = new Folder();
      const url = database.url();
      mkdirSync(join(folder.path, "anna"));
      await fill(url, { anna: { home: join(folder.path, "anna"), quota: { bytes: 6 * MiB, files: 100 } } });
      await using one = await ServingProcess.start(folder.path, url);
      await using other = await ServingProcess.start(folder.path, url);
      const servers = [one, other] as const;
      const upload = async (n: number): Promise<number> => {
        const client = await servers[n % 2 === 0 ? 0 : 1].loggedIn("anna", "anna's password");
        const replies = await client.upload(`STOR file${n}`, Buffer.alloc(MiB, n));
        await client.expect("QUIT", 221);
        client.end();
        return replies.at(-1)?.code ?? 0;
      };
      // One on each server at the same time.
      const codes: number[] = [];
      for (let n = 0; n < 12; n += 2) codes.push(...(await Promise.all([upload(n), upload(n + 1)])));
      const stored = () =>
        readdirSync(join(folder.path, "anna"))
          .map((name) => statSync(join(folder.path, "anna", name)).size)
          .reduce((sum, size) => sum + size, 0);
      assert.ok(stored() <= 6 * MiB, `${stored()} bytes are stored`);
      assert.ok(codes.filter((code) => code === 226).length >= 4, codes.join(" "));
      assert.ok(codes.includes(552), codes.join(" "));
      for (const server of servers) assert.equal(await server.stop(), 0, server.log);

      const directory = await MongoDirectory.open(url);
      const activity = await directory.activity("anna");
      await directory.close();
      assert.deepEqual(activity.sessions, 0);
      assert.equal(activity.stored?.bytes, stored());
      assert.equal(activity.stored?.files, readdirSync(join(folder.path, "anna")).length);
      assert.ok((activity.uploaded?.bytes ?? 0) >= stored());
    });

    test("end the sessions of accounts that are disabled, removed or expired, everywhere and soon", async () => {
      using folder = new Folder();
      const url = database.url();
      await fill(url, {
        anna: { home: folder.path },
        bert: { home: folder.path },
        cora: { home: folder.path },
        dora: { home: folder.path },
      });
      await using one = await ServingProcess.start(folder.path, url);
      await using other = await ServingProcess.start(folder.path, url);
      const servers = [one, other] as const;
      const open = (name: string) =>
        Promise.all(servers.map((server) => server.loggedIn(name, `${name}'s password`)));
      const [anna, bert, cora, dora] = await Promise.all([
        open("anna"),
        open("bert"),
        open("cora"),
        open("dora"),
      ]);
      const told = (clients: readonly RawClient[]) =>
        Promise.all(
          clients.map(async (client) => assert.equal((await client.reply({ timeout: PATIENCE })).code, 421)),
        );
      const directory = await MongoDirectory.open(url);
      await directory.change("anna", (account) => ({ ...account, disabled: true }));
      await told(anna);
      await directory.remove("bert");
      await told(bert);
      // It comes into force when nobody changes anything. (At the login it might be over on a busy machine.)
      const expires = new Date(Date.now() + 1500).toISOString();
      await directory.change("cora", (account) => ({ ...account, expires }));
      await told(cora);
      assert.ok(Date.now() >= Date.parse(expires), "before it expired");

      await directory.change("dora", (account) => ({ ...account, permissions: "read-only" }));
      for (const client of dora) {
        await eventually(
          "dora may not make folders",
          async () =>
            (await client.command("MKD folder")).code === 550 &&
            (await client.command("RMD folder")).code === 550,
          PATIENCE,
        );
        assert.equal((await client.command("PWD")).code, 257);
        client.end();
      }
      await directory.close();
      for (const server of servers) assert.equal(await server.stop(), 0, server.log);
    });

    test("are told nothing of an account's password by their logs", async () => {
      using folder = new Folder();
      const url = new URL(database.url());
      // The host has no such user: the server that cannot start says so, without the password.
      url.username = "operator";
      url.password = "s3cret-in-the-url";
      const started = await ferry(["serve", folder.path, "--port", "0", "--accounts", url.href]);
      assert.notEqual(started.code, 0);
      assert.doesNotMatch(started.report.split("--- stdout")[1] ?? "", /s3cret/);
      const listed = await ferry(["user", "list", "--accounts", url.href, "--json"]);
      assert.notEqual(listed.code, 0);
      assert.doesNotMatch(listed.stdout + listed.stderr, /s3cret/);
    });
  });
