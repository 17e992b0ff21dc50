/** How changes of accounts come: by change streams where the server has them, else by polling; chosen by itself. */
import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import { MongoClient } from "mongodb";
import { type TestDatabase, testServers } from "../support/database.js";
import { attempt, begin, eventually, fill, openStore, type StoreUnderTest } from "./support.js";

/** As programs of others do it, that know nothing of Ferry: nobody is told. */
async function withCollection<T>(
  url: string,
  work: (accounts: ReturnType<ReturnType<MongoClient["db"]>["collection"]>) => Promise<T>,
): Promise<T> {
  const client = new MongoClient(url);
  try {
    return await work(client.db().collection("accounts"));
  } finally {
    await client.close();
  }
}

const changeStream = ({ store }: StoreUnderTest) =>
  eventually("there is a stream", () => store.changes === "change stream");

for (const tested of testServers) {
  describe(`changes of accounts (${tested.name})`, { skip: tested.skip }, () => {
    let database: TestDatabase;
    before(async () => {
      database = await tested.start();
    });
    // A test that failed while it was away leaves it to the next one as the others do.
    afterEach(() => database.resume());
    after(() => database[Symbol.asyncDispose]());

    test("are polled where the server has no change streams, and by themselves followed where it has", async () => {
      const url = database.url();
      await fill(url, {});
      await using under = await openStore(url);
      const said = (text: RegExp) => under.messages.some((message) => text.test(message));
      await eventually("one is chosen", () => said(/by a change stream$/) || said(/has no change streams/));
      assert.equal(under.store.changes, said(/by a change stream$/) ? "change stream" : "polling");
      if (tested.hasChangeStreams !== undefined) {
        assert.equal(under.store.changes, tested.hasChangeStreams ? "change stream" : "polling");
      }
    });

    if (tested.hasChangeStreams !== true) return;

    test("that another program makes, and tells nobody of, come by a change stream", async () => {
      const url = database.url();
      await fill(url, { anna: {}, bert: {} });
      await using under = await openStore(url);
      const [anna, bert] = [await begin(under.store, "anna"), await begin(under.store, "bert")];
      await changeStream(under);
      await withCollection(url, async (accounts) => {
        await accounts.updateOne({ name: "anna" }, { $set: { disabled: true } });
        await eventually("anna's session ends", () => anna.lease.current === undefined, 2000);
        await accounts.deleteOne({ name: "bert" });
        await eventually("bert's session ends", () => bert.lease.current === undefined, 2000);
      });
      for (const { lease } of [anna, bert]) await lease[Symbol.asyncDispose]();
    });

    test("go on coming when the collection was dropped, and stop nothing else", async () => {
      const url = database.url();
      await fill(url, { anna: {} });
      await using under = await openStore(url);
      const anna = await begin(under.store, "anna");
      await changeStream(under);
      await withCollection(url, (accounts) => accounts.drop());
      await eventually("anna's session ends", () => anna.lease.current === undefined, 5000);
      assert.deepEqual(await under.store.authenticate(attempt("anna")), { refused: "credentials" });
      await fill(url, { bert: {} });
      const bert = await begin(under.store, "bert");
      await changeStream(under);
      await withCollection(url, (accounts) =>
        accounts.updateOne({ name: "bert" }, { $set: { disabled: true } }),
      );
      await eventually("bert's session ends", () => bert.lease.current === undefined, 5000);
      for (const { lease } of [anna, bert]) await lease[Symbol.asyncDispose]();
    });

    test("come by another stream after an outage", async () => {
      const url = database.url();
      await fill(url, { anna: {} });
      await using under = await openStore(url, { answerTimeout: 1000, node: { expiry: 60_000 } });
      const anna = await begin(under.store, "anna");
      await changeStream(under);
      await database.pause();
      await eventually("the stream is gone", () => under.store.changes === "polling");
      assert.notEqual(anna.lease.current, undefined);
      await database.resume();
      await changeStream(under);
      await withCollection(url, (accounts) =>
        accounts.updateOne({ name: "anna" }, { $set: { disabled: true } }),
      );
      await eventually("anna's session ends", () => anna.lease.current === undefined, 3000);
      await anna.lease[Symbol.asyncDispose]();
    });
  });
}
