/** Every verb without each permission: refused where it is needed, and nowhere else. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { PERMISSIONS, type Permission } from "ferry/accounts";
import { leakCheck } from "ferry/testing";
import { ATTEMPTS, type Attempt, attempt, contentOf, startWithPlace } from "./support/attempts.js";
import { PASSWORD, USER } from "./support/server.js";
import { OWNER, type ServingOptions, somewhere, withEachStorage } from "./support/session.js";

leakCheck();

const without = (missing: Permission): Permission[] => PERMISSIONS.filter((name) => name !== missing);

/** What one account may not do, for all pathnames or for one directory. */
const RULES: readonly (readonly [string, (missing: Permission) => ServingOptions])[] = [
  ["anywhere", (missing) => ({ account: { permissions: without(missing) } })],
  ["in a directory", (missing) => ({ account: { permissions: { "/": "all", "/place": without(missing) } } })],
];

for (const [where, rules] of RULES) {
  describe(`an account that lacks one permission ${where}`, () => {
    for (const missing of PERMISSIONS) {
      test(`${missing} is refused what needs it, and only that`, async () => {
        for (const each of ATTEMPTS) await expectRefusal(each, missing, rules(missing));
      });
    }
  });
}

async function expectRefusal(each: Attempt, missing: Permission, o: ServingOptions): Promise<void> {
  await using served = await startWithPlace(o);
  const client = await served.login();
  const before = await contentOf(served.files, "/place");
  const refused = each.needs.includes(missing);
  const code = await attempt(client, each, "/place/");
  const where = `${each.line} without ${missing}`;
  // RNTO is not reached without a RNFR.
  if (code === undefined) return assert.equal(missing, "rename", where);
  assert.equal(code, refused ? each.code : code < 400 ? code : 0, `${where} was answered ${code}`);
  if (refused) assert.deepEqual(await contentOf(served.files, "/place"), before, where);
}

describe("a directory that is closed to an account", () => {
  const closed: ServingOptions = { account: { permissions: { "/": "all", "/place": [] } } };
  const ways: readonly (readonly [string, { directory?: string; prefix: string }])[] = [
    ["its pathname", { prefix: "/place/" }],
    ["a pathname with ..", { prefix: "/free/../place/" }],
    ["the working directory", { directory: "/place", prefix: "" }],
    ["a link to it", { prefix: "/link/" }],
    ["a link to a link to it", { prefix: "/free/second/" }],
    ["the working directory behind a link", { directory: "/link", prefix: "" }],
  ];

  for (const storage of ["memory", "local"] as const) {
    for (const [name, { directory, prefix }] of ways) {
      test(`cannot be reached by ${name} (${storage} storage)`, async () => {
        await using served = await startWithPlace({ ...closed, storage });
        const owner = await served.login(OWNER);
        await owner.expect("SITE SYMLINK place /link", 200);
        await owner.expect("SITE SYMLINK /link /free/second", 200);
        const client = await served.login();
        if (directory !== undefined) await client.expect(`CWD ${directory}`, 250);
        const before = await contentOf(served.files, "/place");
        for (const each of ATTEMPTS) {
          assert.equal(await attempt(client, each, prefix), each.code, each.line);
        }
        assert.deepEqual(await contentOf(served.files, "/place"), before);
      });
    }
  }

  withEachStorage(
    "shows nothing of what it holds in a recursive listing from above",
    async ({ client, files }) => {
      await fill(files);
      const { bytes } = await client.download("LIST -R /");
      assert.match(bytes.toString(), /^place:\r\n\(cannot be listed\)\r\n/m);
      assert.match(bytes.toString(), /in-free/);
      assert.doesNotMatch(bytes.toString(), /in-place/);
    },
    closed,
  );

  withEachStorage(
    "takes no file of a unique name, whatever the hint, unless the working directory is open",
    async ({ client, files, served }) => {
      await fill(files);
      const owner = await served.login(OWNER);
      await owner.expect("SITE SYMLINK place /link", 200);
      for (const directory of ["/place", "/link"]) {
        await client.expect(`CWD ${directory}`, 250);
        for (const line of ["STOU", "STOU name", "STOU /free/name", "STOU ../free/name"]) {
          assert.equal((await client.upload(line, "text")).at(-1)?.code, 553, `${line} in ${directory}`);
        }
      }
      assert.deepEqual(await files.names("/place"), ["in-place"]);
      await client.expect("CWD /free", 250);
      assert.equal((await client.upload("STOU /place/name", "text")).at(-1)?.code, 226);
      assert.equal((await files.names("/free")).length, 2);
    },
    closed,
  );

  withEachStorage(
    "takes them where it alone is open",
    async ({ client, files }) => {
      await fill(files);
      await client.expect("CWD /place", 250);
      assert.equal((await client.upload("STOU", "text")).at(-1)?.code, 226);
      assert.equal((await files.names("/place")).length, 2);
    },
    { account: { permissions: { "/": [], "/place": ["upload"] } } },
  );

  async function fill(files: Parameters<typeof contentOf>[0]): Promise<void> {
    for (const name of ["place", "free"]) {
      await files.makeDirectory(`/${name}`);
      await files.put(`/${name}/in-${name}`, "text");
    }
  }
});

describe("links and permissions", () => {
  const closed: ServingOptions = { account: { permissions: { "/": "all", "/place": [] } } };

  for (const storage of ["memory", "local"] as const) {
    test(`a link in an open place can be renamed and deleted, wherever it leads (${storage} storage)`, async () => {
      await using served = await startWithPlace({ ...closed, storage });
      const client = await served.login();
      await client.expect("SITE SYMLINK ../place/file /free/link", 200);
      await client.expect("RNFR /free/link", 350);
      await client.expect("RNTO /free/renamed", 250);
      await client.expect("DELE /free/renamed", 250);
      assert.deepEqual(await contentOf(served.files, "/place"), { file: "text", "folder/": "" });
    });

    test(`a link in a closed place cannot, though it leads out of it (${storage} storage)`, async () => {
      await using served = await startWithPlace({ ...closed, storage });
      const owner = await served.login(OWNER);
      await owner.expect("SITE SYMLINK /free/file /place/out", 200);
      await owner.expect("SITE SYMLINK place /link", 200);
      const client = await served.login();
      for (const path of ["/place/out", "/link/out"]) {
        await client.expect(`DELE ${path}`, 550);
        await client.expect(`RNFR ${path}`, 550);
        await client.expect("RNFR /free/file", 350);
        await client.expect(`RNTO ${path}`, 553);
      }
      assert.ok((await served.files.names("/place")).includes("out"));
    });

    test(`a directory does not take what is closed in it to an open place (${storage} storage)`, async () => {
      const permissions = { "/": "all", "/free/closed": [], "/free/new/open": "all" } as const;
      await using served = await startWithPlace({ account: { permissions }, storage });
      await served.files.makeDirectory("/free/closed");
      await served.files.put("/free/closed/secret", "secret");
      const client = await served.login();
      await client.expect("RNFR /free", 550);
      await client.expect("RNTO /moved", 503);
      // Nor does one become the place of such a rule.
      await client.expect("RNFR /place", 350);
      await client.expect("RNTO /free/closed", 553);
      await client.expect("RNFR /place", 350);
      await client.expect("RNTO /elsewhere", 250);
      await client.expect("RNFR /free/file", 350);
      await client.expect("RNTO /file", 250);
      assert.equal((await client.download("RETR /free/closed/secret")).replies[0]?.code, 550);
    });
  }
});

describe("permissions that change", () => {
  somewhere(
    "hold from the next command on, and an account that is gone ends its sessions",
    async ({ client, files, served }) => {
      await files.put("/file", "text");
      const account = { name: USER, password: PASSWORD, storage: () => files.open(USER) };
      await client.expect("SIZE file", 213);
      served.accounts.replace([{ ...account, permissions: ["download"] }]);
      await client.expect("SIZE file", 550);
      assert.equal((await client.download("RETR file")).bytes.toString(), "text");
      served.accounts.replace([]);
      assert.equal((await client.reply()).code, 421);
    },
  );
});
