import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, test } from "node:test";
import { pathname } from "../protocol/pathname.js";
import { storageConformance } from "../testing/storage-conformance.js";
import { StorageError, type StorageReason } from "./errors.js";
import { MemoryStorage, MemoryTree } from "./memory.js";
import type { Storage, WriteIntent } from "./storage.js";

storageConformance({
  name: "MemoryStorage",
  async make() {
    const tree = new MemoryTree();
    return {
      storage: tree.storageFor("someone"),
      again: async (account) =>
        tree.storageFor(account === undefined ? "someone" : account === "another" ? "another" : undefined),
      dispose: async () => {},
    };
  },
  demands: [
    "partial",
    "openUnique",
    "resolve",
    "statLink",
    "setTimes",
    "settableTimes",
    "setMode",
    "makeLink",
    "availableSpace",
    "digest",
  ],
});

const o = { signal: new AbortController().signal };
const because = (reason: StorageReason) => (error: unknown) =>
  error instanceof StorageError && error.reason === reason;

async function write(
  storage: Storage,
  path: string,
  content: string | Uint8Array,
  intent: WriteIntent = { intent: "create" },
): Promise<void> {
  const handle = await storage.openWrite(pathname(path), { ...o, ...intent });
  await handle.write(Buffer.from(content));
  await handle.commit();
}

async function breakOff(storage: Storage, path: string, bytes: number): Promise<number> {
  const handle = await storage.openWrite(pathname(path), { ...o, intent: "replace" });
  await handle.write(Buffer.alloc(bytes));
  return (await handle.abandon(new Error("lost"))).kept;
}

async function read(storage: Storage, path: string): Promise<string> {
  const handle = await storage.openRead(pathname(path), { ...o, start: 0 });
  const into = Buffer.alloc(1000);
  const length = await handle.read(into);
  await handle.close();
  return into.toString("utf8", 0, length);
}

describe("MemoryStorage as such", () => {
  test("begins with the tree that it is given", async () => {
    const storage = new MemoryStorage({
      initial: { "read.me": "hello", dir: { bytes: Buffer.from([1, 2, 3]), deeper: {} } },
    });
    assert.equal(await read(storage, "/read.me"), "hello");
    assert.equal((await storage.stat(pathname("/dir/bytes"), o)).size, 3);
    assert.equal((await storage.stat(pathname("/dir/deeper"), o)).type, "directory");
  });

  test("takes no impossible names in a tree", () => {
    for (const name of ["", "..", "a/b", "nul\0", "x".repeat(256)]) {
      assert.throws(() => new MemoryStorage({ initial: { [name]: "" } }), name);
    }
  });

  test("answers reads at once", async () => {
    const storage = new MemoryStorage({ initial: { file: "content" } });
    const handle = await storage.openRead(pathname("/file"), { ...o, start: 0 });
    assert.equal(handle.read(Buffer.alloc(10)), 7);
    assert.equal(handle.read(Buffer.alloc(10)), 0);
    handle.close();
  });

  test('is full when its capacity is used up: "no-space", and gives back what is removed', async () => {
    const storage = new MemoryStorage({ capacity: 100_000 });
    await write(storage, "/a", Buffer.alloc(60_000));
    assert.equal(await storage.availableSpace(pathname("/"), o), 40_000);
    await assert.rejects(write(storage, "/b", Buffer.alloc(40_001)), because("no-space"));
    // That upload was neither committed nor abandoned, and holds nothing.
    await write(storage, "/c", Buffer.alloc(40_000));
    await storage.remove(pathname("/a"), o);
    assert.equal(await storage.availableSpace(pathname("/"), o), 60_000);
  });

  test("needs room for both contents while a file is replaced, and gives the old one back", async () => {
    const storage = new MemoryStorage({ capacity: 100_000 });
    await write(storage, "/file", Buffer.alloc(50_000));
    await write(storage, "/file", Buffer.alloc(50_000), { intent: "replace" });
    assert.equal(await storage.availableSpace(pathname("/"), o), 50_000);
    await assert.rejects(
      write(storage, "/file", Buffer.alloc(50_001), { intent: "replace" }),
      because("no-space"),
    );
  });

  test("counts a replaced content until its last reader has closed, twice closing counting once", async () => {
    const storage = new MemoryStorage({ capacity: 100_000 });
    await write(storage, "/file", Buffer.alloc(50_000));
    const readers = [
      await storage.openRead(pathname("/file"), { ...o, start: 0 }),
      await storage.openRead(pathname("/file"), { ...o, start: 0 }),
    ];
    await write(storage, "/file", "", { intent: "replace" });
    readers[0]?.close();
    readers[0]?.close();
    assert.equal(await storage.availableSpace(pathname("/"), o), 50_000);
    readers[1]?.close();
    assert.equal(await storage.availableSpace(pathname("/"), o), 100_000);
  });

  test("gives back the room of broken uploads, and of parts that are dropped", async () => {
    const storage = new MemoryStorage({ capacity: 300_000, account: "someone" });
    assert.equal(await breakOff(storage, "/file", 200_000), 196_608);
    assert.equal(await storage.availableSpace(pathname("/"), o), 300_000 - 196_608);
    await storage.remove(pathname("/file"), o);
    assert.equal(await storage.availableSpace(pathname("/"), o), 300_000);
  });

  test("holds no more entries than it may", async () => {
    const storage = new MemoryStorage({ entries: 3, account: "someone" });
    await storage.makeDirectory(pathname("/dir"), o);
    await storage.makeLink(pathname("/link"), "dir", o);
    await write(storage, "/file", "");
    await assert.rejects(storage.makeDirectory(pathname("/more"), o), because("no-space"));
    await assert.rejects(write(storage, "/more", ""), because("no-space"));
    assert.equal(await breakOff(storage, "/more", 100_000), 0, "a part is an entry too");
    await write(storage, "/file", "replaced", { intent: "replace" });
    await storage.remove(pathname("/link"), o);
    await write(storage, "/more", "");
  });

  test("lets parts expire after a day", async () => {
    let now = 1_000_000;
    const storage = new MemoryStorage({ capacity: 200_000, account: "someone", now: () => now });
    await breakOff(storage, "/file", 100_000);
    now += 24 * 60 * 60 * 1000 - 1;
    assert.deepEqual(await storage.partial(pathname("/file"), o), { size: 65_536, since: 1_000_000 });
    now += 1;
    assert.equal(await storage.partial(pathname("/file"), o), undefined);
    assert.equal(await storage.availableSpace(pathname("/"), o), 200_000);
  });

  test("keeps no parts for a view of no account", async () => {
    const tree = new MemoryTree();
    const anonymous = tree.storageFor();
    assert.equal(await breakOff(anonymous, "/file", 200_000), 0);
    assert.equal(await anonymous.partial(pathname("/file"), o), undefined);
  });

  test('does not replace a file that somebody appends to: "busy"', async () => {
    const tree = new MemoryTree({ initial: { file: "start" } });
    const [one, other] = [tree.storageFor("one"), tree.storageFor("other")];
    const replacing = await other.openWrite(pathname("/file"), { ...o, intent: "replace" });
    const appending = await one.openWrite(pathname("/file"), { ...o, intent: "append" });
    await assert.rejects(other.openWrite(pathname("/file"), { ...o, intent: "replace" }), because("busy"));
    await assert.rejects(replacing.commit(), because("busy"));
    await appending.write(Buffer.from(", end"));
    await appending.commit();
    await replacing.commit();
    assert.equal(await read(tree.storageFor(), "/file"), "");
  });

  test('keeps a directory as long as somebody uploads to it: "busy"', async () => {
    const storage = new MemoryStorage({ initial: { dir: {} } });
    const handle = await storage.openWrite(pathname("/dir/file"), { ...o, intent: "create" });
    await assert.rejects(storage.removeDirectory(pathname("/dir"), o), because("busy"));
    await handle.abandon(new Error("lost"));
    await storage.removeDirectory(pathname("/dir"), o);
  });

  test('keeps a directory that holds a part of another account: "not-empty"', async () => {
    const tree = new MemoryTree({ initial: { dir: {} } });
    await breakOff(tree.storageFor("one"), "/dir/file", 100_000);
    await assert.rejects(tree.storageFor("other").removeDirectory(pathname("/dir"), o), because("not-empty"));
    await tree.storageFor("one").removeDirectory(pathname("/dir"), o);
  });

  test("follows a directory that is renamed while it is written to", async () => {
    const storage = new MemoryStorage({ initial: { dir: {} } });
    const handle = await storage.openWrite(pathname("/dir/file"), { ...o, intent: "create" });
    await storage.rename(pathname("/dir"), pathname("/moved"), { ...o, replace: false });
    await handle.write(Buffer.from("content"));
    await handle.commit();
    assert.equal(await read(storage, "/moved/file"), "content");
  });

  test("refuses to use a handle that has ended", async () => {
    const storage = new MemoryStorage();
    const handle = await storage.openWrite(pathname("/file"), { ...o, intent: "create" });
    await handle.commit();
    await assert.rejects(async () => handle.write(Buffer.from("late")), because("failed"));
    await assert.rejects(handle.commit(), because("failed"));
    assert.deepEqual(await handle.abandon(new Error("late")), { kept: 0 });
    assert.equal(await read(storage, "/file"), "");
  });

  test("takes no name that stands for no bytes", async () => {
    const storage = new MemoryStorage();
    for (const name of ["/\ud800", "/a\ud83d", "/\udc00"]) {
      await assert.rejects(write(storage, name, ""), because("bad-name"));
    }
  });
});
