/** CWD, CDUP, PWD, MKD, RMD and their X-forms (RFC 959 4.1.1, 4.1.3, appendix II); SMNT. */
import assert from "node:assert/strict";
import { describe } from "node:test";
import { pathname, unquotePathname } from "ferry/protocol";
import { MemoryTree } from "ferry/storage/memory";
import { leakCheck, type RawClient } from "ferry/testing";
import { everywhere, OTHER, somewhere, textOf, withEachStorage } from "./support/session.js";

leakCheck();

async function workingDirectory(client: RawClient, verb = "PWD"): Promise<string | undefined> {
  return unquotePathname(textOf(await client.expect(verb, 257)))?.path;
}

const NAMES = [
  "plain",
  'a "quoted" name',
  '"',
  '""',
  "with  two spaces",
  " first",
  "last ",
  "-la",
  "...",
  "ä€😀",
  "\\",
];

describe("directories", () => {
  everywhere("are made, entered and told with quotation marks doubled", async ({ client, files }) => {
    for (const name of NAMES) {
      const made = await client.expect(`MKD ${name}`, 257);
      assert.ok(textOf(made).startsWith(`"/${name.replaceAll('"', '""')}" `), textOf(made));
      assert.equal(unquotePathname(textOf(made))?.path, `/${name}`);
      await client.expect(`CWD ${name}`, 250);
      assert.equal(await workingDirectory(client), `/${name}`);
      await client.expect("CDUP", 250);
    }
    assert.deepEqual(await files.names("/"), [...NAMES].sort());
  });

  withEachStorage("can be told by what MKD answered, wherever the client stands", async ({ client }) => {
    await client.expect("MKD above", 257);
    await client.expect("CWD above", 250);
    const made = await client.expect("MKD below", 257);
    assert.equal(unquotePathname(textOf(made))?.path, "/above/below");
    await client.expect("CWD /", 250);
    await client.expect(`CWD ${unquotePathname(textOf(made))?.path}`, 250);
    assert.equal(await workingDirectory(client), "/above/below");
  });

  withEachStorage(
    "are found by relative and absolute pathnames, .. and slashes too many",
    async ({ client }) => {
      for (const path of ["/one", "/one/two", "/one/two/three", "/side"])
        await client.expect(`MKD ${path}`, 257);
      const steps: readonly (readonly [string, string])[] = [
        ["one", "/one"],
        ["two/three", "/one/two/three"],
        ["..", "/one/two"],
        ["../../side", "/side"],
        ["//one///two//", "/one/two"],
        ["./.", "/one/two"],
        ["../../../../..", "/"],
        ["/one/../side/../one/two/./three/", "/one/two/three"],
        ["/", "/"],
      ];
      for (const [typed, reached] of steps) {
        await client.expect(`CWD ${typed}`, 250);
        assert.equal(await workingDirectory(client), reached);
      }
    },
  );

  withEachStorage("above the root there is none", async ({ client }) => {
    await client.expect("CDUP", 250);
    assert.equal(await workingDirectory(client), "/");
    await client.expect("MKD ../../outside", 257);
    await client.expect("CWD /outside", 250);
  });

  withEachStorage(
    "that are none are refused, and the client stays where it was",
    async ({ client, files }) => {
      await files.put("/file", "text");
      await client.expect("MKD here", 257);
      await client.expect("CWD here", 250);
      for (const typed of ["/file", "/file/x", "missing"]) await client.expect(`CWD ${typed}`, 550);
      assert.equal(await workingDirectory(client), "/here");
    },
  );

  withEachStorage("are not made twice, over a file, or below nothing", async ({ client, files }) => {
    await files.put("/file", "text");
    await client.expect("MKD folder", 257);
    for (const path of ["folder", "file", "missing/below", "file/below", "/"]) {
      await client.expect(`MKD ${path}`, 550);
    }
    assert.equal((await files.get("/file")).toString(), "text");
  });

  withEachStorage("are removed when empty, and only directories are", async ({ client, files }) => {
    await files.put("/file", "text");
    for (const path of ["/full", "/full/inner", "/empty"]) await client.expect(`MKD ${path}`, 257);
    await client.expect("RMD empty", 250);
    for (const path of ["empty", "full", "file", "/", "/full/.."]) await client.expect(`RMD ${path}`, 550);
    await client.expect("RMD full/inner", 250);
    await client.expect("RMD full", 250);
    assert.deepEqual(await files.names("/"), ["file"]);
  });

  withEachStorage("can be removed under a client that stands in them", async ({ client, served }) => {
    await client.expect("MKD gone", 257);
    await client.expect("CWD gone", 250);
    const other = await served.login(OTHER);
    await other.expect("RMD gone", 250);
    assert.equal(await workingDirectory(client), "/gone");
    await client.expect("MKD new", 550);
    await client.expect("CDUP", 250);
    assert.equal(await workingDirectory(client), "/");
  });

  withEachStorage("answer to the X-forms as well", async ({ client, files }) => {
    const made = await client.expect("XMKD folder", 257);
    assert.equal(unquotePathname(textOf(made))?.path, "/folder");
    await client.expect("XCWD folder", 250);
    assert.equal(await workingDirectory(client, "XPWD"), "/folder");
    await client.expect("XCUP", 250);
    assert.equal(await workingDirectory(client, "XPWD"), "/");
    await client.expect("XRMD folder", 250);
    assert.deepEqual(await files.names("/"), []);
  });

  somewhere(
    "begin with the home of the account",
    async ({ client }) => {
      assert.equal(await workingDirectory(client), "/home/anna");
      await client.expect("CWD ..", 550);
    },
    { account: { home: "/home/anna" } },
  );

  somewhere(
    "answer CDUP with 200 where the letter of 5.4 is wanted",
    async ({ client }) => {
      await client.expect("MKD folder", 257);
      await client.expect("CWD folder", 250);
      await client.expect("CDUP", 200);
      await client.expect("XCUP", 200);
    },
    { server: { strictRfc959: true } },
  );
});

describe("SMNT", () => {
  const archive = new MemoryTree({ initial: { old: { "letter.txt": "from the archive" } } });
  const mounts = new Map([
    ["archive", { storage: archive.storageFor("anna"), home: pathname("/old") }],
    ["its root", { storage: archive.storageFor("anna"), home: pathname("/") }],
  ]);

  everywhere(
    "shows another file system, and its home",
    async ({ client, files }) => {
      await files.put("/here.txt", "at home");
      await client.expect("SMNT archive", 250);
      assert.equal(await workingDirectory(client), "/old");
      assert.equal((await client.download("RETR letter.txt")).bytes.toString(), "from the archive");
      await client.expect("SIZE /here.txt", 550);
      await client.expect("SMNT its root", 250);
      assert.equal(await workingDirectory(client), "/");
      await client.expect("SMNT Archive", 550);
      await client.expect("SIZE /old/letter.txt", 213);
      // REIN ends it with all else.
      await client.expect("REIN", 220);
      await client.login("anna", "Pa55 w@rd:/");
      await client.expect("SIZE /here.txt", 213);
    },
    { account: { mounts } },
  );

  somewhere(
    "forgets what RNFR and REST said of the file system before",
    async ({ client, files }) => {
      await files.makeDirectory("/old");
      await files.put("/old/letter.txt", "at home");
      await client.expect("RNFR /old/letter.txt", 350);
      await client.expect("REST 5", 350);
      await client.expect("SMNT archive", 250);
      await client.expect("RNTO /old/other.txt", 503);
      assert.equal((await client.download("RETR letter.txt")).bytes.toString(), "from the archive");
    },
    { account: { mounts } },
  );

  somewhere("is not needed without any", async ({ client }) => {
    await client.expect("SMNT archive", 202);
  });
});
