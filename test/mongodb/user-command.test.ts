/** `ferry user` on an accounts file and on MongoDB: the same words, the same answers. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type TestDatabase, testServers } from "../support/database.js";
import { eventually, Folder, ferry, logIn, ServingProcess } from "./support.js";

const BCRYPT = "$2b$05$abcdefghijklmnopqrstuu5Lo0g67CiD3M4RpN1BmBb4Crp5w7dbK";
const SHA512 =
  "$6$rounds=10000$saltstringsaltst$OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSnCM/UrjmM0Dp8vOuZeHBy/YTBmSK6H9qs/y3RnOaw5v.";

for (const tested of testServers)
  describe(`ferry user (${tested.name})`, { skip: tested.skip }, () => {
    let database: TestDatabase;
    before(async () => {
      database = await tested.start();
    });
    after(() => database[Symbol.asyncDispose]());

    // The file is the same whatever server is there.
    const kinds =
      tested === testServers[0] ? (["an accounts file", "MongoDB"] as const) : (["MongoDB"] as const);
    for (const kind of kinds) {
      describe(`with ${kind}`, () => {
        const placeIn = (folder: string) =>
          kind === "MongoDB" ? database.url() : join(folder, "accounts.json");

        /** Runs it, and fails unless it ends with the code. Returns stdout. */
        const runner = (place: string) => {
          return async (words: readonly string[], o: { input?: string; code?: number } = {}) => {
            const ended = await ferry(["user", ...words, "--accounts", place], o.input ?? "");
            assert.equal(ended.code, o.code ?? 0, ended.report);
            assert.doesNotMatch(ended.stdout + ended.stderr, /argon2id|sesame/);
            return o.code === undefined ? ended.stdout : ended.stderr;
          };
        };

        test("adds, shows, changes, disables and removes accounts", async () => {
          using folder = new Folder();
          const place = placeIn(folder.path);
          const user = runner(place);
          const home = join(folder.path, "ann");
          const flags = [
            "--home",
            home,
            "--quota-bytes",
            "10M",
            "--quota-files",
            "5",
            "--network",
            "127.0.0.0/8",
          ];
          const more = [
            "--permissions",
            "read-only",
            "--permit",
            "/in=list,upload",
            "--expires",
            "2999-01-31",
          ];
          await user(["add", "ann", ...flags, ...more], { input: "sesame\n" });
          assert.match(await user(["add", "ann", "--home", home], { input: "x\n", code: 1 }), /already/);
          for (const verb of ["add", "set"]) {
            const useless = [verb, "bob", "--home", home, "--certificate-use", "with-password"];
            if (verb === "set") useless[1] = "ann";
            assert.match(
              await user(useless, { code: 2 }),
              /--certificate-use is of no use without a certificate/,
            );
          }
          const shown = JSON.parse(await user(["show", "ann", "--json"]));
          assert.equal(shown.home, home);
          assert.deepEqual(shown.permissions, { "/": "read-only", "/in": ["list", "upload"] });
          assert.deepEqual(shown.quota, { bytes: 10 * 1024 * 1024, files: 5 });
          assert.deepEqual(shown.networks, ["127.0.0.0/8"]);
          assert.equal(shown.expires, "2999-01-31T00:00:00.000Z");
          assert.equal("password" in shown, false);
          const changes = [
            "--network",
            "none",
            "--quota-files",
            "none",
            "--max-sessions",
            "2",
            "--tls",
            "required",
            "--certificate",
            "AB:".repeat(31).concat("AB"),
            "--certificate",
            "common-name",
            "--certificate-use",
            "with-password",
          ];
          await user(["set", "ann", ...changes, "--permit", "none", "--mount", `old=${folder.path}`]);
          const changed = JSON.parse(await user(["show", "ann", "--json"]));
          assert.deepEqual(
            [changed.networks, changed.quota, changed.limits, changed.requireTls, changed.permissions],
            [undefined, { bytes: 10 * 1024 * 1024 }, { sessions: 2 }, "login", "read-only"],
          );
          assert.deepEqual(changed.mounts, { old: folder.path });
          assert.deepEqual(
            [changed.certificates, changed.certificateUse],
            [["ab".repeat(32), "common-name"], "with-password"],
          );
          assert.notEqual(changed.changed, shown.changed);
          assert.equal(changed.created, shown.created);
          await user(["passwd", "ann", "--acct"], { input: "sesame\n" });
          assert.equal(JSON.parse(await user(["show", "ann", "--json"])).acct, true);
          await user(["passwd", "ann", "--no-acct"]);
          assert.match(await user(["show", "ann"]), /^name: ann\n(.+\n)*quotaBytes: 10485760\n/);
          await user(["disable", "ann"]);
          assert.match(await user(["list"]), /ann +disabled/);
          await user(["enable", "ann"]);
          await user(["set", "ann", "--expires", "2020-01-01"]);
          assert.match(await user(["list"]), /ann +expired/);
          await user(["remove", "ann"]);
          for (const verb of ["show", "remove", "enable", "passwd"]) {
            assert.match(await user([verb, "ann"], { input: "x\n", code: 1 }), /there is no account "ann"/);
          }
        });

        test("imports lists of other servers, and its own export", async () => {
          using folder = new Folder();
          const user = runner(placeIn(folder.path));
          const list = join(folder.path, "list");
          writeFileSync(list, `ann:${BCRYPT}\nold:$apr1$x$y\n`);
          const put = ["import", list, "--json"];
          assert.match(await user(put, { code: 2 }), /give --home/);
          const failed = await ferry([
            "user",
            ...put,
            "--home",
            "/srv/{name}",
            "--accounts",
            placeIn(folder.path),
          ]);
          assert.equal(failed.code, 1, failed.report);
          assert.match(failed.stderr, /line 2: not a password hash of a known kind/);
          writeFileSync(list, `bob:${SHA512}:1:1::/srv/bob:/bin/sh\n`);
          assert.match(await user(["import", list, "--dry-run", "--json"]), /"added":1.*"dryRun":true/);
          await user(["import", list]);
          assert.match(await user(["import", list]), /left as it is/);
          assert.match(await user(["import", list, "--replace"]), /replaced|added/);
          writeFileSync(list, "cora\nsesame\n");
          await user(["import", list, "--format", "vsftpd", "--home", "/srv/{name}"]);
          assert.equal(JSON.parse(await user(["show", "cora", "--json"])).home, "/srv/cora");
          assert.equal(JSON.parse(await user(["show", "bob", "--json"])).home, "/srv/bob");
        });

        test("changes what a running server does at once", async () => {
          using folder = new Folder();
          const place = placeIn(folder.path);
          const user = runner(place);
          await user(["add", "ann", "--home", folder.path], { input: "sesame\n" });
          await using server = await ServingProcess.start(folder.path, place);
          const client = await server.loggedIn("ann", "sesame");
          await user(["disable", "ann"]);
          assert.equal((await client.reply()).code, 421);
          const again = await server.connect();
          await again.reply();
          assert.equal(await logIn(again, "ann", "sesame"), 530);
          await user(["enable", "ann"]);
          await user(["passwd", "ann"], { input: "open sesame\n" });
          await eventually(
            "the new password is taken",
            async () => (await logIn(again, "ann", "open sesame")) === 230,
          );
          again.end();
          assert.equal(await server.stop(), 0, server.log);
          assert.doesNotMatch(server.log, /sesame/);
        });
      });
    }

    test("moves accounts from a file to MongoDB and back, hashes and all", async () => {
      using folder = new Folder();
      const file = join(folder.path, "accounts.json");
      const url = database.url();
      for (const name of ["ann", "bob"]) {
        const flags = ["--home", join(folder.path, name), "--accounts", file, "--network", "10.0.0.0/8"];
        assert.equal((await ferry(["user", "add", name, ...flags], "sesame\n")).code, 0);
      }
      const exported = await ferry(["user", "export", "--accounts", file]);
      const imported = await ferry(["user", "import", "-", "--accounts", url], exported.stdout);
      assert.equal(imported.code, 0, imported.report);
      const back = await ferry(["user", "export", "--accounts", url]);
      assert.equal(back.stdout, exported.stdout);
      assert.match(back.stdout, /\$argon2id\$/);
    });

    test("shows the last login and what is stored, when a server records it", async () => {
      using folder = new Folder();
      const url = database.url();
      const flags = ["--home", folder.path, "--quota-bytes", "1M", "--accounts", url];
      assert.equal((await ferry(["user", "add", "ann", ...flags], "sesame\n")).code, 0);
      using settings = new Folder();
      const file = join(settings.path, "ferry.yaml");
      writeFileSync(file, "audit: { keepDays: 7 }\n");
      await using server = await ServingProcess.start(folder.path, url, "--config", file);
      const client = await server.loggedIn("ann", "sesame");
      await client.upload("STOR file", "twelve bytes");
      const show = async () => (await ferry(["user", "show", "ann", "--accounts", url])).stdout;
      await eventually("all is written", async () => /stored: 12 bytes, 1 file\n/.test(await show()), 30_000);
      const shown = await show();
      assert.match(shown, /lastLogin: \d{4}-\d\d-\d\dT[\d:.]+Z from 127\.0\.0\.1/);
      assert.match(shown, /sessionsNow: 1/);
      assert.match(shown, /uploaded: 12 bytes in \d{4}-\d\d/);
      client.end();
      assert.equal(await server.stop(), 0, server.log);
    });

    test("refuses what a place cannot do, in one line", async () => {
      using folder = new Folder();
      const file = join(folder.path, "accounts.json");
      const o = ["--home", folder.path, "--quota-month", "1G", "--accounts", file];
      const ended = await ferry(["user", "add", "ann", ...o], "sesame\n");
      assert.equal(ended.code, 2, ended.report);
      assert.match(ended.stderr, /^ferry: account "ann": bytes per month .* MongoDB only\n$/);
      const away = await ferry(["user", "list", "--accounts", "mongodb://ann:s3cret@127.0.0.1:1/ferry"]);
      assert.equal(away.code, 1, away.report);
      assert.match(
        away.stderr,
        /^ferry: cannot use the accounts at mongodb:\/\/127\.0\.0\.1:1\/ferry: .*\n$/,
      );
    });
  });
