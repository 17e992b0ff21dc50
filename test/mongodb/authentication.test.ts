/** The database asks Ferry itself for a user and a password. */
import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import { AccountsDatabaseError, MongoDirectory } from "ferry/accounts/mongodb";
import { MongoClient } from "mongodb";
import { type TestDatabase, testServers } from "../support/database.js";
import {
  attempt,
  begin,
  eventually,
  Folder,
  ferry,
  fill,
  logIn,
  openStore,
  ServingProcess,
} from "./support.js";

const OPERATOR = { name: "operator", password: "s3cr/t: of@us" };

for (const tested of testServers.filter(({ hasUsers }) => hasUsers)) {
  describe(`a database with users (${tested.name})`, { skip: tested.skip }, () => {
    let database: TestDatabase;
    before(async () => {
      database = await tested.start(OPERATOR);
    });
    // A test that failed while it was away leaves it to the next one as the others do.
    afterEach(() => database.resume());
    after(() => database[Symbol.asyncDispose]());

    test("serves whoever has the password", async () => {
      using folder = new Folder();
      const url = database.url();
      await fill(url, { anna: { home: folder.path } });
      await using server = await ServingProcess.start(folder.path, url);
      const anna = await server.loggedIn("anna", "anna's password");
      await anna.expect("QUIT", 221);
      anna.end();
      assert.equal(await server.stop(), 0, server.log);
      assert.doesNotMatch(server.log, /s3cr/);
    });

    test("refuses others in one line that says so, and is no passing outage", async () => {
      using folder = new Folder();
      for (const user of [
        { ...OPERATOR, password: "wr0ng" },
        { name: "nobody", password: "wr0ng" },
      ]) {
        const url = database.url(user);
        await assert.rejects(MongoDirectory.open(url), (error) => {
          assert.ok(error instanceof AccountsDatabaseError);
          assert.equal(error.problem, "refused");
          return true;
        });
        const said =
          /^ferry: cannot use the accounts at mongodb:\/\/127\.0\.0\.1:\d+\/\w+: the database refuses: .*\n$/;
        const listed = await ferry(["user", "list", "--accounts", url]);
        assert.equal(listed.code, 2, listed.report);
        assert.match(listed.stderr, said);
        const served = await ferry(["serve", folder.path, "--port", "0", "--accounts", url]);
        assert.equal(served.code, 2, served.report);
        assert.match(served.stderr, said);
        assert.doesNotMatch(listed.stderr + served.stderr, /wr0ng/);
      }
    });

    test("that changes the password is away until it is the right one again", async () => {
      using folder = new Folder();
      const url = database.url();
      await fill(url, { anna: { home: folder.path }, bert: { home: folder.path } });
      await using server = await ServingProcess.start(folder.path, url);
      const anna = await server.loggedIn("anna", "anna's password");
      const changeTo = async (before: string, pwd: string): Promise<void> => {
        const own = new URL(url);
        own.password = before;
        const client = new MongoClient(own.href);
        await client.db("admin").command({ updateUser: OPERATOR.name, pwd });
        await client.close();
      };
      await changeTo(OPERATOR.password, "another");
      await database.pause();
      await eventually("the outage is noticed", () => server.log.includes("is not available"));
      await database.resume();
      await eventually("the log says why", () => server.log.includes("refuses our user or password"));
      const bert = await server.connect();
      await bert.reply();
      assert.equal(await logIn(bert, "bert", "bert's password"), 421);
      bert.end();
      assert.equal((await anna.command("NOOP")).code, 200);
      await changeTo("another", OPERATOR.password);
      await eventually("the return is noticed", () => server.log.includes("available again"));
      await (await server.loggedIn("bert", "bert's password")).expect("QUIT", 221);
      anna.end();
      assert.equal(await server.stop(), 0, server.log);
      assert.doesNotMatch(server.log, /s3cr|another/);
    });

    // FerretDB knows users, but no roles.
    if (tested.name !== "mongod") return;

    test("is enough with the role readWrite; what needs more is said and left", async () => {
      const url = database.url();
      const clerk = { name: "clerk", password: "clerk" };
      const roles = [{ role: "readWrite", db: new URL(url).pathname.slice(1) }];
      const client = new MongoClient(url);
      await client.db("admin").command({ createUser: clerk.name, pwd: clerk.password, roles });
      await client.close();
      const own = new URL(url);
      own.username = clerk.name;
      own.password = clerk.password;
      await fill(own.href, { anna: {} });
      await using under = await openStore(own.href);
      const { lease } = await begin(under.store, "anna");
      assert.ok("ok" in (await under.store.authenticate(attempt("anna"))));
      await lease[Symbol.asyncDispose]();
    });
  });
}
