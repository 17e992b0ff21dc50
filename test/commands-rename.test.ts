/** RNFR, RNTO and DELE (RFC 959 4.1.3): what takes the place of what. */
import assert from "node:assert/strict";
import { describe } from "node:test";
import { PERMISSIONS } from "ferry/accounts";
import { leakCheck, type RawClient } from "ferry/testing";
import { sha256, someBytes } from "./support/files.js";
import { everywhere, OTHER, type Scene, somewhere, withEachStorage } from "./support/session.js";

leakCheck();

const withoutOverwrite = { account: { permissions: PERMISSIONS.filter((name) => name !== "overwrite") } };

async function rename(client: RawClient, from: string, to: string): Promise<number> {
  await client.expect(`RNFR ${from}`, 350);
  return (await client.command(`RNTO ${to}`)).code;
}

/** /one and /two, /empty, and /full with /full/inner. */
async function fill({ files }: Scene): Promise<void> {
  await files.put("/one", "one");
  await files.put("/two", "two");
  await files.makeDirectory("/empty");
  await files.makeDirectory("/full");
  await files.put("/full/inner", "inner");
}

describe("RNFR and RNTO", () => {
  everywhere("move files and whole directories", async (scene) => {
    await fill(scene);
    const { client, files } = scene;
    assert.equal(await rename(client, "one", "first"), 250);
    assert.equal(await rename(client, "/two", "full/second"), 250);
    assert.equal(await rename(client, "full", "/empty/moved"), 250);
    await client.expect("CWD empty/moved", 250);
    assert.equal(await rename(client, "inner", "../out"), 250);
    assert.deepEqual(await files.names("/"), ["empty", "first"]);
    assert.deepEqual(await files.names("/empty"), ["moved", "out"]);
    assert.deepEqual(await files.names("/empty/moved"), ["second"]);
    assert.equal((await files.get("/empty/out")).toString(), "inner");
  });

  everywhere("replace a file by a file, and an empty directory by a directory", async (scene) => {
    await fill(scene);
    const { client, files } = scene;
    assert.equal(await rename(client, "one", "two"), 250);
    assert.equal((await files.get("/two")).toString(), "one");
    assert.equal(await rename(client, "full", "empty"), 250);
    assert.deepEqual(await files.names("/empty"), ["inner"]);
    assert.deepEqual(await files.names("/"), ["empty", "two"]);
  });

  withEachStorage("leave everything as it is when the new name cannot be", async (scene) => {
    await fill(scene);
    const { client, files } = scene;
    const refusals = [
      ["one", "empty"],
      ["one", "full"],
      ["empty", "full"],
      ["full", "one"],
      ["full", "full/below"],
      ["full", "full/inner"],
      ["one", "missing/name"],
      ["one", "two/below"],
      ["one", "/"],
      ["full/inner", "/full"],
    ] as const;
    for (const [from, to] of refusals) assert.equal(await rename(client, from, to), 553, `${from} to ${to}`);
    assert.deepEqual(await files.names("/"), ["empty", "full", "one", "two"]);
    assert.deepEqual(await files.names("/full"), ["inner"]);
    assert.equal((await files.get("/two")).toString(), "two");
  });

  withEachStorage(
    "replace nothing without the permission to overwrite",
    async (scene) => {
      await fill(scene);
      const { client, files } = scene;
      assert.equal(await rename(client, "one", "two"), 553);
      assert.equal(await rename(client, "full", "empty"), 553);
      assert.equal(await rename(client, "one", "three"), 250);
      assert.deepEqual(await files.names("/"), ["empty", "full", "three", "two"]);
      assert.equal((await files.get("/two")).toString(), "two");
    },
    withoutOverwrite,
  );

  withEachStorage("to the same name change nothing", async (scene) => {
    await fill(scene);
    const { client, files } = scene;
    for (const name of ["one", "full"]) assert.equal(await rename(client, name, `./${name}`), 250);
    assert.deepEqual(await files.names("/"), ["empty", "full", "one", "two"]);
    assert.equal((await files.get("/one")).toString(), "one");
  });

  somewhere("come in pairs", async (scene) => {
    await fill(scene);
    const { client, files } = scene;
    await client.expect("RNTO new", 503);
    // A failed RNTO uses RNFR up, and so does a successful one.
    assert.equal(await rename(client, "one", "missing/new"), 553);
    await client.expect("RNTO new", 503);
    assert.equal(await rename(client, "one", "new"), 250);
    await client.expect("RNTO newer", 503);
    // The last RNFR counts, also when it failed.
    await client.expect("RNFR two", 350);
    await client.expect("RNFR new", 350);
    await client.expect("RNTO newest", 250);
    await client.expect("RNFR two", 350);
    await client.expect("RNFR missing", 550);
    await client.expect("RNTO x", 503);
    assert.deepEqual(await files.names("/"), ["empty", "full", "newest", "two"]);
  });

  withEachStorage("know when the first name went away meanwhile", async (scene) => {
    await fill(scene);
    const { client, served, files } = scene;
    await client.expect("RNFR one", 350);
    const other = await served.login(OTHER);
    await other.expect("DELE one", 250);
    await client.expect("RNTO new", 553);
    assert.deepEqual(await files.names("/"), ["empty", "full", "two"]);
  });

  somewhere("do not take the root", async ({ client }) => {
    for (const root of ["/", "..", ".", "//"]) await client.expect(`RNFR ${root}`, 550);
  });
});

describe("DELE", () => {
  everywhere("deletes files and links, and nothing else", async (scene) => {
    await fill(scene);
    const { client, files } = scene;
    await client.expect("SITE SYMLINK full link", 200);
    await client.expect("SITE SYMLINK nowhere dangling", 200);
    for (const path of ["one", "full/../two", "link", "dangling", "full/inner"]) {
      await client.expect(`DELE ${path}`, 250);
    }
    for (const path of ["one", "full", "empty", "missing", "/", "missing/x"])
      await client.expect(`DELE ${path}`, 550);
    assert.deepEqual(await files.names("/"), ["empty", "full"]);
  });

  withEachStorage("leaves those who read a file all of it", async ({ client, files, served }) => {
    const content = someBytes(12_000_000);
    await files.put("/file", content);
    const other = await served.login(OTHER);
    const data = await other.extendedPassive();
    await other.expect("RETR file", 125, 150);
    await client.expect("DELE file", 250);
    const [{ bytes }, last] = await Promise.all([data.receiveAll(), other.reply()]);
    assert.deepEqual([sha256(bytes), last.code], [sha256(content), 226]);
    assert.deepEqual(await files.names("/"), []);
  });
});
