/** Accounts in MongoDB beyond what every account store does. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { after, before, describe, test } from "node:test";
import type { LoginAttempt } from "ferry/accounts";
import { AccountsDatabaseError, Audit, MongoDirectory } from "ferry/accounts/mongodb";
import { MongoClient } from "mongodb";
import { testCertificates } from "../support/certificates.js";
import { type TestDatabase, testServers } from "../support/database.js";
import { attempt, begin, eventually, fill, openStore, passwords, record } from "./support.js";

const MiB = 1024 * 1024;
/** Milliseconds: a busy machine may need many times the two seconds that the issue has for a change. */
const PATIENCE = 60_000;

for (const tested of testServers)
  describe(`a store of accounts in MongoDB (${tested.name})`, { skip: tested.skip }, () => {
    let database: TestDatabase;
    before(async () => {
      database = await tested.start();
    });
    after(() => database[Symbol.asyncDispose]());

    async function withDirectory<T>(
      url: string,
      work: (directory: MongoDirectory) => Promise<T>,
    ): Promise<T> {
      const directory = await MongoDirectory.open(url);
      try {
        return await work(directory);
      } finally {
        await directory.close();
      }
    }

    test("keeps every field of an account", async () => {
      const url = database.url();
      const full = await record("anna", {
        mounts: { archive: "/srv/archive", __proto__x: "/srv/x" },
        permissions: { "/": "read-only", "/in.coming/$x": ["list", "upload"], "/none": [] },
        limits: { sessions: 3, uploadRate: 1000, downloadRate: 2000, idleTimeout: 60 },
        quota: { bytes: 5_000_000_000, files: 10, bytesPerMonth: 9_000_000_000_000 },
        networks: ["10.0.0.0/8", "fd00::/8"],
        requireTls: "data",
        certificates: ["ab".repeat(32), "common-name", "AB:".repeat(31).concat("AB")],
        certificateUse: "with-password",
        accountPassword: await passwords.hash("acct"),
        expires: "2999-01-01T00:00:00.000Z",
        comment: "all of it",
      });
      await withDirectory(url, async (directory) => {
        assert.equal(await directory.create(full), "created");
        assert.equal(await directory.create(full), "exists");
        assert.deepEqual(await directory.get("anna"), full);
        const names: string[] = [];
        await directory.create(await record("zoe"));
        await directory.create(await record("Bea"));
        for await (const { name } of directory.all()) names.push(name);
        assert.deepEqual(names, ["Bea", "anna", "zoe"]);
      });
    });

    test("does not lose one of two changes at the same time", async () => {
      const url = database.url();
      await fill(url, { anna: { limits: { sessions: 1 } } });
      await withDirectory(url, async (one) =>
        withDirectory(url, async (other) => {
          const count = (directory: MongoDirectory) =>
            directory.change("anna", (account) => ({
              ...account,
              limits: { sessions: (account.limits.sessions ?? 0) + 1 },
            }));
          await Promise.all(Array.from({ length: 20 }, (_, n) => count(n % 2 === 0 ? one : other)));
          assert.equal((await one.get("anna"))?.limits.sessions, 21);
        }),
      );
    });

    test("refuses to write what is not valid, and logins to what somebody else wrote wrongly", async () => {
      const url = database.url();
      const good = await record("anna");
      await withDirectory(url, async (directory) => {
        for (const wrong of [{ home: "relative" }, { password: "in clear" }, { networks: ["10.0.0.0/99"] }]) {
          await assert.rejects(directory.create({ ...good, ...wrong }), AccountsDatabaseError);
        }
        await directory.create(good);
        await assert.rejects(
          directory.change("anna", (account) => ({ ...account, home: "" })),
          AccountsDatabaseError,
        );
      });
      const client = new MongoClient(url);
      await client
        .db()
        .collection("accounts")
        .updateOne(
          { name: "anna" },
          { $set: { limits: { sessions: "many" } } },
          { bypassDocumentValidation: true },
        )
        .catch(() => undefined);
      const written = await client.db().collection("accounts").findOne({ name: "anna" });
      await client.close();
      if (written?.limits.sessions !== "many") return; // The server's validator refused it: better still.
      await using under = await openStore(url);
      await assert.rejects(under.store.authenticate(attempt("anna")), /account "anna": limits\.sessions/);
    });

    test("replaces a weak or old hash at the next login, unless it was changed meanwhile", async () => {
      const url = database.url();
      const bcrypt = "$2b$05$abcdefghijklmnopqrstuu5Lo0g67CiD3M4RpN1BmBb4Crp5w7dbK";
      const sha512 =
        "$6$rounds=10000$saltstringsaltst$OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSnCM/UrjmM0Dp8vOuZeHBy/YTBmSK6H9qs/y3RnOaw5v.";
      await fill(url, { old: { password: sha512 }, strange: { password: bcrypt } });
      await using under = await openStore(url);
      assert.ok("ok" in (await under.store.authenticate(attempt("old", "Hello world!"))));
      await withDirectory(url, async (directory) => {
        await eventually("it is argon2id", async () =>
          ((await directory.get("old"))?.password ?? "").startsWith("$argon2id$"),
        );
        assert.ok("ok" in (await under.store.authenticate(attempt("old", "Hello world!"))));
        assert.deepEqual(await under.store.authenticate(attempt("old", "hello world!")), {
          refused: "credentials",
        });
        assert.equal((await directory.get("strange"))?.password, bcrypt);
        await directory.replaceHash("old", sha512, await passwords.hash("another"));
        assert.ok("ok" in (await under.store.authenticate(attempt("old", "Hello world!"))));
      });
    });

    test("asks where a login comes from, and for a certificate and ACCT, once the password is right", async () => {
      const url = database.url();
      const { authority } = await testCertificates();
      const own = await authority.issue({ name: "named" });
      const certificate = new X509Certificate(own.certificate).raw;
      const another = new X509Certificate((await authority.issue({ name: "another" })).certificate).raw;
      await fill(url, {
        inside: { networks: ["10.0.0.0/8", "192.0.2.128/25"] },
        secure: { requireTls: "data" },
        card: { certificates: [own.fingerprint] },
        both: { certificates: [own.fingerprint], certificateUse: "with-password" },
        named: { certificates: ["common-name"] },
        off: { certificates: [own.fingerprint], disabled: true },
        acct: { accountPassword: await passwords.hash("1234") },
        late: { expires: "2020-01-01T00:00:00.000Z" },
      });
      await using under = await openStore(url);
      const answer = async (name: string, more: Partial<LoginAttempt> = {}): Promise<string> => {
        const found = await under.store.authenticate({ ...attempt(name), ...more });
        return "ok" in found ? "ok" : found.refused;
      };
      const from = (address: string) => ({ peer: { address, port: 1 } });
      assert.equal(await answer("inside"), "network");
      assert.equal(await answer("inside", { password: "wrong" }), "credentials");
      assert.equal(await answer("inside", from("10.1.2.3")), "ok");
      assert.equal(await answer("inside", from("::ffff:10.1.2.3")), "ok");
      assert.equal(await answer("inside", from("192.0.2.127")), "network");
      const secure = await under.store.authenticate(attempt("secure"));
      assert.ok("ok" in secure);
      assert.equal(secure.ok.requireTls, "data");
      assert.equal(await answer("card"), "ok");
      assert.equal(await answer("card", { tls: { certificate }, password: "wrong" }), "credentials");
      assert.equal(await answer("both"), "credentials");
      assert.equal(await answer("both", { tls: {} }), "credentials");
      assert.equal(await answer("both", { tls: { certificate: another } }), "credentials");
      assert.equal(await answer("both", { tls: { certificate } }), "ok");
      assert.equal(await answer("both", { tls: { certificate }, password: "wrong" }), "credentials");
      const byCertificate = async (name: string, tls: LoginAttempt["tls"]): Promise<string> => {
        const { password: _none, ...bare } = attempt(name);
        const found = await under.store.authenticate(tls === undefined ? bare : { ...bare, tls });
        return "ok" in found ? "ok" : found.refused;
      };
      assert.equal(await byCertificate("card", { certificate }), "ok");
      assert.equal(await byCertificate("card", { certificate: another }), "credentials");
      assert.equal(await byCertificate("card", {}), "credentials");
      assert.equal(await byCertificate("card", undefined), "credentials");
      assert.equal(await byCertificate("both", { certificate }), "credentials");
      assert.equal(await byCertificate("named", { certificate }), "ok");
      assert.equal(await byCertificate("named", { certificate: another }), "credentials");
      assert.equal(await byCertificate("inside", { certificate }), "credentials");
      assert.equal(await byCertificate("nobody", { certificate }), "credentials");
      assert.equal(await byCertificate("off", { certificate }), "disabled");
      assert.equal(await answer("acct"), "account-needed");
      assert.equal(await answer("acct", { account: "0000" }), "credentials");
      assert.equal(await answer("acct", { account: "1234" }), "ok");
      assert.equal(await answer("late"), "disabled");
    });

    for (const changes of ["auto", "polling"] as const) {
      test(`tells sessions of changes soon (${changes})`, async () => {
        const url = database.url();
        await fill(url, { anna: {}, bert: {}, dora: {} });
        await using under = await openStore(url, { watch: { changes } });
        const [anna, bert, dora] = await Promise.all(
          ["anna", "bert", "dora"].map((name) => begin(under.store, name)),
        );
        // As late as can be: on a busy machine it might be over before the session begins.
        const soon = new Date(Date.now() + 4000).toISOString();
        await fill(url, { cora: { expires: soon } });
        const cora = await begin(under.store, "cora");
        assert.ok(anna && bert && cora && dora);
        let told = 0;
        for (const { lease } of [anna, bert, cora, dora]) lease.onChange(() => (told += 1));
        await withDirectory(url, async (directory) => {
          await directory.change("dora", (account) => ({
            ...account,
            comment: "nothing that a session sees",
          }));
          await directory.change("anna", (account) => ({ ...account, limits: { uploadRate: 7 } }));
          await eventually(
            "anna has another limit",
            () => anna.lease.current?.limits.uploadRate === 7,
            PATIENCE,
          );
          assert.equal(anna.lease.current?.storage, anna.account.storage);
          await directory.change("anna", (account) => ({ ...account, home: "/elsewhere" }));
          await eventually(
            "a new home ends anna's session",
            () => anna.lease.current === undefined,
            PATIENCE,
          );
          await directory.remove("bert");
          await directory.create(await record("bert"));
          await eventually("another bert is not this one", () => bert.lease.current === undefined, PATIENCE);
          await eventually("cora expires", () => cora.lease.current === undefined, PATIENCE);
          assert.equal(dora.lease.current, dora.account);
        });
        assert.equal(told, 4);
        assert.equal(
          under.store.changes === "change stream",
          changes === "auto" && !under.messages.some((m) => m.includes("polled")),
        );
        for (const { lease } of [anna, bert, cora, dora]) await lease[Symbol.asyncDispose]();
      });
    }

    test("gives back the places and grants of a node that crashed", async () => {
      const url = database.url();
      await fill(url, { anna: { limits: { sessions: 2 }, quota: { bytes: 4 * MiB } } });
      const crashed = await openStore(url, { node: { expiry: 1200 } });
      await begin(crashed.store, "anna");
      const { lease } = await begin(crashed.store, "anna");
      await lease.reserve({ bytes: 100_000 });
      // As a crash leaves it: the documents stay, and nobody says any more that the node lives.
      await crashed.store.database.close();
      await using under = await openStore(url, { node: { expiry: 60_000 } });
      await assert.rejects(begin(under.store, "anna"), /limit/);
      await eventually("its places are free", () =>
        begin(under.store, "anna").then(
          () => true,
          () => false,
        ),
      );
      const { lease: own } = await begin(under.store, "anna");
      await assert.rejects(begin(under.store, "anna"), /limit/);
      // At most its last grant is not known: 1 MiB, of which it had used some.
      for (let n = 0; n < 3; n++) await own.reserve({ bytes: MiB });
      await assert.rejects(async () => own.reserve({ bytes: 2 * MiB }), { reason: "quota" });
      await crashed.store.close();
    });

    test("counts a node that was taken for dead again when it is heard of", async () => {
      const url = database.url();
      await fill(url, { anna: { limits: { sessions: 1 } } });
      await using under = await openStore(url, { node: { expiry: 1200 } });
      const { lease } = await begin(under.store, "anna");
      const client = new MongoClient(url);
      await client.db().collection("nodes").deleteMany({});
      await client.db().collection("sessions").deleteMany({});
      await eventually(
        "its session is counted",
        async () => (await client.db().collection("sessions").countDocuments()) === 1,
      );
      await client.close();
      await assert.rejects(begin(under.store, "anna"), /limit/);
      await lease[Symbol.asyncDispose]();
      await (await begin(under.store, "anna")).lease[Symbol.asyncDispose]();
    });

    test("counts sessions that begin and end while it tells the database what it has", async () => {
      const url = database.url();
      await fill(url, { anna: {} });
      // Beats often, is forgotten each time, and so looks through its sessions all the time.
      await using under = await openStore(url, { node: { expiry: 300 } });
      const client = new MongoClient(url);
      const sessions = client.db().collection("sessions");
      let stop = false;
      const forgetting = (async () => {
        while (!stop) await client.db().collection("nodes").deleteMany({});
      })();
      const leases = await Promise.all(
        Array.from({ length: 20 }, async () => {
          await (await begin(under.store, "anna")).lease[Symbol.asyncDispose]();
          await (await begin(under.store, "anna")).lease[Symbol.asyncDispose]();
          return (await begin(under.store, "anna")).lease;
        }),
      );
      stop = true;
      await forgetting;
      assert.equal(await sessions.countDocuments({}), leases.length);
      for (const lease of leases) await lease[Symbol.asyncDispose]();
      assert.equal(await sessions.countDocuments({}), 0);
      await client.close();
    });

    test("bounds what is uploaded in a month, though it is removed again", async () => {
      const url = database.url();
      await fill(url, { anna: { quota: { bytesPerMonth: 3 * MiB } } });
      await using under = await openStore(url);
      const { lease } = await begin(under.store, "anna");
      for (let n = 0; n < 3; n++) {
        await lease.reserve({ bytes: MiB });
        await lease.reserve({ bytes: -MiB });
      }
      await assert.rejects(async () => lease.reserve({ bytes: 1 }), { reason: "quota" });
      await withDirectory(url, async (directory) => {
        await directory.change("anna", (account) => ({ ...account, quota: { bytesPerMonth: 5 * MiB } }));
        await eventually("the new quota holds", async () => {
          try {
            await lease.reserve({ bytes: MiB });
            return true;
          } catch {
            return false;
          }
        });
      });
      await lease[Symbol.asyncDispose]();
    });

    test("records logins and transfers, and knows the last login", async () => {
      const url = database.url();
      await fill(url, { anna: {} });
      await using under = await openStore(url);
      const audit = new Audit(under.store.database, under.store.node);
      await audit.start({ keepDays: 30 });
      audit.login({ name: "anna", ok: true, peer: "192.0.2.1", session: "s1" });
      audit.login({
        name: "a password typed as name\0",
        ok: false,
        reason: "credentials",
        peer: "192.0.2.2",
        session: "s2",
      });
      const transfer = {
        name: "anna",
        direction: "receive",
        path: "/a",
        bytes: 7,
        milliseconds: 3,
        outcome: "complete",
      };
      audit.transfer({ ...transfer, peer: "192.0.2.1", session: "s1" });
      await audit.close();
      const client = new MongoClient(url);
      const old = new Date(Date.now() - 31 * 24 * 3_600_000);
      const logins = client.db().collection("logins");
      assert.equal(await logins.countDocuments({}), 2);
      assert.equal((await logins.findOne({ ok: false }))?.name, undefined);
      assert.equal((await client.db().collection("transfers").findOne({}))?.bytes, 7);
      await logins.insertOne({ at: old, name: "anna", ok: true, peer: "192.0.2.9" });
      await withDirectory(url, async (directory) => {
        assert.equal((await directory.activity("anna")).lastLogin?.peer, "192.0.2.1");
      });
      // By us: some servers take an index that expires, and expire nothing. Another number of days is no obstacle.
      const again = new Audit(under.store.database, under.store.node);
      await again.start({ keepDays: 20 });
      await eventually("old entries go", async () => (await logins.countDocuments({})) === 2);
      await again.close();
      await client.close();
    });

    test("is refused to a Ferry that is older than what is in the database", async () => {
      const url = database.url();
      await fill(url, {});
      const client = new MongoClient(url);
      await client
        .db()
        .collection<{ _id: string; version: number }>("state")
        .replaceOne({ _id: "schema" }, { version: 99 });
      await client.close();
      await assert.rejects(MongoDirectory.open(url), /schema version 99; this Ferry knows 1: update it/);
    });
  });
