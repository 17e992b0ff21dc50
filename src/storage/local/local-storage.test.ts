import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { StorageError } from "../errors.js";
import { openLocalStorage } from "./index.js";
import { at, get, names, o, openUnder, put, refused, scratchTest } from "./scratch.test.js";
import { MOST_LEVELS } from "./walk.js";

scratchTest("logins share one descriptor of the root, which the last one closes", async ({ root }) => {
  const options = { root, account: "someone" };
  const storages = await Promise.all(Array.from({ length: 50 }, () => openLocalStorage(options)));
  assert.deepEqual(openUnder(root), [root]);
  for (const storage of storages.slice(1)) storage.close();
  assert.deepEqual(openUnder(root), [root]);
  storages[0]?.close();
  storages[0]?.close();
  assert.deepEqual(openUnder(root), []);
});

scratchTest("handles stay good after the storage was closed, and then let the root go", async ({ root }) => {
  writeFileSync(join(root, "file"), "content");
  const storage = await openLocalStorage({ root, account: "someone" });
  const reading = await storage.openRead(at("/file"), { ...o, start: 0 });
  const writing = await storage.openWrite(at("/new"), { ...o, intent: "create" });
  storage.close();
  await refused(storage.stat(at("/file"), o), "unavailable");
  await refused(names(storage, "/"), "unavailable");
  assert.equal(await reading.read(Buffer.alloc(10)), 7);
  await reading.close();
  await writing.write(Buffer.from("x"));
  await writing.commit();
  assert.deepEqual(openUnder(root), []);
});

scratchTest("a root that was made anew is another one", async ({ root }) => {
  const before = await openLocalStorage({ root, account: "someone" });
  await put(before, "/old", "old");
  renameSync(root, `${root}-moved`);
  mkdirSync(root);
  const after = await openLocalStorage({ root, account: "someone" });
  assert.deepEqual(await names(after, "/"), []);
  assert.deepEqual(await names(before, "/"), ["old"]);
  before.close();
  after.close();
  rmSync(`${root}-moved`, { recursive: true });
});

scratchTest(
  "a root that is missing or a file is refused, one that is a link is followed",
  async ({ root, open }) => {
    writeFileSync(join(root, "file"), "");
    mkdirSync(join(root, "dir"));
    symlinkSync("dir", join(root, "link"));
    await refused(open({ root: join(root, "missing") }), "not-found");
    await refused(open({ root: join(root, "file") }), "not-directory");
    const storage = await open({ root: join(root, "link") });
    await put(storage, "/in", "x");
    assert.equal(statSync(join(root, "dir/in")).size, 1);
    // Links that name the root by the configured path lead into it as well.
    symlinkSync(join(root, "link/in"), join(root, "dir/absolute"));
    assert.equal((await get(storage, "/absolute")).toString(), "x");
  },
);

scratchTest("confinement by real paths is told once", async ({ root, open, warnings }) => {
  assert.equal((await open()).confinement, "descriptors");
  assert.equal(warnings.length, 0);
  assert.equal((await open({ confinement: "realpath" })).confinement, "realpath");
  await open({ confinement: "realpath" });
  assert.equal(warnings.length, 1);
  assert.ok(warnings[0]?.startsWith(realpathSync(root)));
});

scratchTest("names with spaces, quotes, dashes, dots, emoji and 255 bytes are names", async ({ open }) => {
  for (const confinement of ["descriptors", "realpath"] as const) {
    const storage = await open({ confinement });
    const odd = [
      " ",
      "a b",
      '"',
      "'",
      "-rf",
      "--",
      "...",
      "..a",
      "\\",
      "*?[",
      "😀",
      "\t",
      "\udcff\udc80",
      "ä\udc80",
      "x".repeat(255),
      "é".repeat(127),
    ];
    for (const name of odd) {
      await storage.makeDirectory(at(`/${name}`), o);
      await put(storage, `/${name}/${name}`, name, { intent: "create" });
      assert.deepEqual(await names(storage, `/${name}`), [name]);
      assert.equal(await storage.resolve(at(`/${name}/${name}`), o), `/${name}/${name}`);
      await storage.rename(at(`/${name}/${name}`), at(`/${name}/x`), { ...o, replace: false });
      await storage.remove(at(`/${name}/x`), o);
      await storage.removeDirectory(at(`/${name}`), o);
    }
    for (const name of ["x".repeat(256), "é".repeat(128)]) {
      await refused(put(storage, `/${name}`, "x"), "bad-name");
      await refused(storage.makeDirectory(at(`/${name}`), o), "bad-name");
      await refused(storage.stat(at(`/${name}/x`), o), "bad-name");
    }
  }
});

scratchTest("trees are walked down to a bound", async ({ open }) => {
  const storage = await open();
  let path = "";
  for (let level = 0; level < MOST_LEVELS; level++) {
    path += "/d";
    await storage.makeDirectory(at(path), o);
  }
  await put(storage, `${path}/file`, "deep");
  assert.equal((await get(storage, `${path}/file`)).toString(), "deep");
  await storage.makeDirectory(at(`${path}/d`), o);
  await refused(storage.stat(at(`${path}/d/d`), o), "bad-name");
});

scratchTest(
  "modes are set without setuid, setgid and sticky; directories keep theirs",
  async ({ root, open }) => {
    const storage = await open();
    await put(storage, "/file", "x");
    await storage.makeDirectory(at("/dir"), o);
    chmodSync(join(root, "dir"), 0o3775);
    await storage.setMode(at("/file"), 0o7751, o);
    await storage.setMode(at("/dir"), 0o4700, o);
    assert.equal(lstatSync(join(root, "file")).mode & 0o7777, 0o751);
    assert.equal(lstatSync(join(root, "dir")).mode & 0o7777, 0o3700);
    await storage.setMode(at("/"), 0o750, o);
    assert.equal(lstatSync(root).mode & 0o7777, 0o750);
  },
);

scratchTest("times that are not given stay; creation cannot be set", async ({ root, open }) => {
  const storage = await open();
  await put(storage, "/file", "x");
  utimesSync(join(root, "file"), 100, 200);
  await storage.setTimes(at("/file"), { modified: 300_250 }, o);
  assert.deepEqual(
    [lstatSync(join(root, "file")).atimeMs, lstatSync(join(root, "file")).mtimeMs],
    [100_000, 300_250],
  );
  await storage.setTimes(at("/file"), { accessed: 400_000 }, o);
  assert.deepEqual(
    [lstatSync(join(root, "file")).atimeMs, lstatSync(join(root, "file")).mtimeMs],
    [400_000, 300_250],
  );
  await refused(storage.setTimes(at("/file"), { created: 1, modified: 1 }, o), "unsupported");
  // Before 1970, which Node.js takes for "now" when it is given as a number.
  await storage.setTimes(at("/file"), { modified: -1_000_250 }, o);
  assert.equal((await storage.stat(at("/file"), o)).modified, -1_000_250);
  await storage.setTimes(at("/file"), { accessed: 400_000 }, o);
  assert.equal((await storage.stat(at("/file"), o)).modified, -1_000_250);
});

scratchTest("space is that of the file system which holds the directory", async ({ root, open }) => {
  const storage = await open();
  const { bavail, bsize } = statfsSync(root);
  const available = await storage.availableSpace(at("/"), o);
  assert.ok(Math.abs(available - bavail * bsize) < 2 ** 30, `${available}`);
});

scratchTest("errors tell the pathname and the code to the log, and keep their cause", async ({ open }) => {
  const storage = await open();
  await assert.rejects(storage.stat(at("/missing\udcff"), o), (error) => {
    assert.ok(error instanceof StorageError);
    assert.equal(error.reason, "not-found");
    return true;
  });
  await assert.rejects(storage.openRead(at("/missing/x\udcff"), { ...o, start: 0 }), (error) => {
    assert.ok(error instanceof StorageError && error.cause instanceof Error);
    assert.equal(error.message, "ENOENT at /missing/x\\xff");
    return true;
  });
});
