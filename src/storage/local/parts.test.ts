import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import type { LocalStorage } from "./index.js";
import { blockBelow, PART_BLOCK } from "./parts.js";
import { at, breakOff, get, giveUp, hiddenIn, names, o, put, refused, scratchTest } from "./scratch.test.js";

const part = async (s: LocalStorage, path: string): Promise<number | undefined> =>
  (await s.partial?.(at(path), o))?.size;
const RESUME = (start: number) => ({ intent: "resume", start }) as const;

test("a block boundary is strictly below, and less than a block away", () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (bytes) => {
      const boundary = blockBelow(bytes);
      assert.equal(boundary % PART_BLOCK, 0);
      if (bytes === 0) return assert.equal(boundary, 0);
      assert.ok(boundary < bytes && boundary + PART_BLOCK >= bytes);
    }),
    { numRuns: 500 },
  );
});

scratchTest("a part outlives a restart, and becomes the whole", async ({ root, open }) => {
  const before = await open();
  await put(before, "/file", "visible");
  assert.equal(await breakOff(before, "/file", 200_000), 196_608);
  before.close();
  const storage = await open();
  assert.equal(await part(storage, "/file"), 196_608);
  assert.equal((await get(storage, "/file")).toString(), "visible");
  await refused(put(storage, "/file", "x", RESUME(196_609)), "bad-offset");
  assert.equal((await put(storage, "/file", "end", RESUME(100_000))).size, 100_003);
  assert.equal((await get(storage, "/file", 99_998)).toString(), "xxend");
  assert.deepEqual(readdirSync(root), ["file"]);
});

scratchTest(
  "a broken upload at every size leaves less than it was, and the old file",
  async ({ root, open }) => {
    const storage = await open();
    const whole = Buffer.alloc(PART_BLOCK * 3 + 1234, "n");
    await put(storage, "/file", "old");
    for (let tenth = 0; tenth <= 10; tenth++) {
      const arrived = Math.floor((whole.length * tenth) / 10);
      const handle = await storage.openWrite(at("/file"), { ...o, intent: "replace" });
      await handle.write(whole.subarray(0, arrived));
      const kept = await giveUp(handle);
      assert.equal(kept, blockBelow(arrived), `${arrived}`);
      assert.equal(await part(storage, "/file"), kept);
      assert.equal((await get(storage, "/file")).toString(), "old");
      assert.equal(hiddenIn(root).length, 1);
    }
    await put(storage, "/file", whole.subarray((await part(storage, "/file")) ?? 0), { intent: "append" });
    assert.ok((await get(storage, "/file")).equals(whole));
  },
);

scratchTest("a part that nothing more arrives for stays as it was", async ({ open }) => {
  const storage = await open();
  await breakOff(storage, "/file", 200_000);
  for (let n = 0; n < 3; n++) assert.equal(await breakOff(storage, "/file", 0, RESUME(196_608)), 196_608);
  assert.equal(await breakOff(storage, "/file", 0, RESUME(5)), 196_608);
  assert.equal(await breakOff(storage, "/file", 1, RESUME(196_608)), 196_608);
  assert.equal(await breakOff(storage, "/file", 1, RESUME(196_607)), 131_072);
});

scratchTest(
  "a server that is killed leaves a part of which the end is not trusted",
  async ({ root, open }) => {
    const storage = await open();
    await breakOff(storage, "/file", 200_000);
    const [hidden = ""] = hiddenIn(root);
    // As it is while it is written: only its owner writes, nobody reads.
    chmodSync(join(root, hidden), 0o200);
    assert.equal(await part(storage, "/file"), 131_072);
    const appending = await storage.openWrite(at("/file"), { ...o, intent: "append" });
    assert.equal(appending.start, 131_072);
    assert.equal(await giveUp(appending), 131_072);
    // A restart marker that was promised before the crash still holds.
    await put(storage, "/file", "end", RESUME(196_608));
    assert.equal((await get(storage, "/file")).length, 196_611);
  },
);

scratchTest(
  "a part that is being written looks shorter than it is, and cannot be taken",
  async ({ open }) => {
    const storage = await open();
    const again = await open();
    const handle = await storage.openWrite(at("/file"), { ...o, intent: "create" });
    await handle.write(Buffer.alloc(PART_BLOCK * 2));
    assert.equal(await part(again, "/file"), PART_BLOCK);
    await refused(again.openWrite(at("/file"), { ...o, intent: "append" }), "busy");
    await refused(again.openWrite(at("/file"), { ...o, ...RESUME(PART_BLOCK) }), "busy");
    await again.rename(at("/"), at("/x"), { ...o, replace: true }).catch(() => {});
    await put(await open({ account: "other" }), "/file", "other");
    await again.remove(at("/file"), o);
    await handle.commit();
    assert.equal((await get(storage, "/file")).length, PART_BLOCK * 2);
  },
);

scratchTest("who comes back while a broken upload is put away waits for that", async ({ open }) => {
  const storage = await open();
  const again = await open();
  for (const intent of [{ intent: "append" }, RESUME(PART_BLOCK), { intent: "replace" }] as const) {
    const handle = await storage.openWrite(at("/file"), { ...o, intent: "replace" });
    await handle.write(Buffer.alloc(PART_BLOCK * 3));
    const broken = handle.abandon(new Error("the connection was lost"));
    await put(again, "/file", "end", intent);
    assert.ok((await broken).kept > 0);
    const kept = { append: PART_BLOCK * 2, resume: PART_BLOCK, replace: 0 }[intent.intent];
    assert.equal((await get(storage, "/file")).length, kept + 3);
  }
});

scratchTest("who comes back when its session has ended waits until the file is let go", async ({ open }) => {
  const storage = await open();
  const session = new AbortController();
  const handle = await storage.openWrite(at("/file"), { signal: session.signal, intent: "create" });
  await handle.write(Buffer.alloc(PART_BLOCK * 3));
  session.abort();
  const back = put(await open(), "/file", "end", { intent: "append" });
  assert.equal(await giveUp(handle), PART_BLOCK * 2);
  assert.equal((await back).size, PART_BLOCK * 2 + 3);
});

scratchTest("who waits for a broken upload is let go when its own session ends", async ({ open }) => {
  const storage = await open();
  const [one, other] = [new AbortController(), new AbortController()];
  const handle = await storage.openWrite(at("/file"), { signal: one.signal, intent: "create" });
  await handle.write(Buffer.alloc(PART_BLOCK * 3));
  one.abort();
  const back = storage.openWrite(at("/file"), { signal: other.signal, intent: "append" });
  setImmediate(() => other.abort());
  await refused(back, "busy", "aborted");
  await giveUp(handle);
});

scratchTest("a checkpoint is kept though it lies beyond the boundary", async ({ open }) => {
  const storage = await open();
  const handle = await storage.openWrite(at("/file"), { ...o, intent: "create" });
  await handle.write(Buffer.alloc(100_000));
  assert.equal(await handle.checkpoint?.(), 100_000);
  await handle.write(Buffer.alloc(10));
  assert.equal(await giveUp(handle), 100_000);
  assert.equal(await part(storage, "/file"), 100_000);
});

scratchTest("a part belongs to its account; anonymous logins have none", async ({ root, open }) => {
  const storage = await open();
  await breakOff(storage, "/file", 100_000);
  for (const account of ["other", "", undefined]) {
    const other = await open({ account });
    assert.equal(await part(other, "/file"), undefined);
    await refused(put(other, "/file", "x", RESUME(65_536)), "bad-offset");
  }
  const nobody = await open({ account: undefined });
  assert.equal(await breakOff(nobody, "/file", 100_000), 0);
  assert.equal(hiddenIn(root).length, 1);
  assert.equal(await part(storage, "/file"), 65_536);
});

scratchTest("removing, renaming to the name and beginning anew drop the part", async ({ root, open }) => {
  const storage = await open();
  const drops: readonly (() => Promise<unknown>)[] = [
    () => storage.remove(at("/file"), o),
    () => put(storage, "/file", "anew"),
    async () => {
      await put(storage, "/other", "other");
      await storage.rename(at("/other"), at("/file"), { ...o, replace: true });
    },
    async () => {
      await storage.remove(at("/file"), o);
      await breakOff(storage, "/file", 100_000);
      await put(storage, "/file", "anew", { intent: "create" });
    },
    async () => {
      await storage.remove(at("/file"), o);
      await breakOff(storage, "/file", 100_000);
      await put(storage, "/other", "other");
      await storage.rename(at("/other"), at("/file"), { ...o, replace: false });
    },
  ];
  for (const [n, drop] of drops.entries()) {
    await breakOff(storage, "/file", 100_000);
    assert.equal(await part(storage, "/file"), 65_536, `${n}`);
    await drop();
    assert.equal(await part(storage, "/file"), undefined, `${n}`);
    assert.deepEqual(hiddenIn(root), [], `${n}`);
  }
  const direct = await open({ uploads: "direct" });
  await breakOff(storage, "/file", 100_000);
  await put(direct, "/file", "direct");
  assert.deepEqual(hiddenIn(root), []);
});

scratchTest("an expired part is as none, for every use of it", async ({ root, open }) => {
  const storage = await open({ partLifetime: 60_000 });
  const expire = (directory = root): void => {
    for (const name of hiddenIn(directory)) utimesSync(join(directory, name), 1, Date.now() / 1000 - 61);
  };
  await breakOff(storage, "/file", 100_000);
  expire();
  assert.equal(await part(storage, "/file"), undefined);
  await refused(put(storage, "/file", "x", RESUME(65_536)), "bad-offset");
  await put(storage, "/file", "anew", { intent: "append" });
  assert.equal((await get(storage, "/file")).toString(), "anew");
  assert.deepEqual(hiddenIn(root), []);
  await breakOff(storage, "/file", 100_000);
  assert.deepEqual(await names(storage, "/"), ["file"]);
  assert.equal(hiddenIn(root).length, 1);
  expire();
  assert.deepEqual(await names(await open({ account: "other", partLifetime: 60_000 }), "/"), ["file"]);
  assert.deepEqual(hiddenIn(root), []);
});

scratchTest("an upload that goes on does not expire", async ({ root, open }) => {
  const storage = await open({ partLifetime: 60_000 });
  const handle = await storage.openWrite(at("/file"), { ...o, intent: "create" });
  await handle.write(Buffer.alloc(100_000));
  for (const name of hiddenIn(root)) utimesSync(join(root, name), 1, 1);
  await names(storage, "/");
  assert.equal(await part(storage, "/file"), 65_536);
  await handle.commit();
  assert.equal((await get(storage, "/file")).length, 100_000);
});

scratchTest("a directory goes with the account's own parts and with expired ones", async ({ root, open }) => {
  const storage = await open();
  const other = await open({ account: "other" });
  await storage.makeDirectory(at("/dir"), o);
  for (let n = 0; n < 5; n++) await breakOff(storage, `/dir/${n}`, 100_000);
  await storage.removeDirectory(at("/dir"), o);
  assert.ok(!existsSync(join(root, "dir")));

  await storage.makeDirectory(at("/dir"), o);
  await breakOff(other, "/dir/file", 100_000);
  await refused(storage.removeDirectory(at("/dir"), o), "not-empty");
  assert.equal(await part(other, "/dir/file"), 65_536);
  for (const name of hiddenIn(join(root, "dir"))) utimesSync(join(root, "dir", name), 1, 1);
  await storage.removeDirectory(at("/dir"), o);

  await storage.makeDirectory(at("/dir"), o);
  await put(storage, "/dir/visible", "x");
  await breakOff(storage, "/dir/file", 100_000);
  await refused(storage.removeDirectory(at("/dir"), o), "not-empty");
  assert.equal(await part(storage, "/dir/file"), 65_536);
});

scratchTest("a directory in which an upload goes on is not empty", async ({ open }) => {
  const storage = await open();
  await storage.makeDirectory(at("/dir"), o);
  const handle = await storage.openWrite(at("/dir/file"), { ...o, intent: "create" });
  await refused(storage.removeDirectory(at("/dir"), o), "not-empty");
  await handle.commit();
});

scratchTest("a part moves with its directory", async ({ open }) => {
  const storage = await open();
  await storage.makeDirectory(at("/dir"), o);
  await breakOff(storage, "/dir/file", 100_000);
  await storage.rename(at("/dir"), at("/moved"), { ...o, replace: false });
  assert.equal(await part(storage, "/moved/file"), 65_536);
  await put(storage, "/moved/file", "end", { intent: "append" });
  assert.equal((await get(storage, "/moved/file")).length, 65_539);
});

scratchTest("an upload goes on where its directory was moved to", async ({ root, open }) => {
  const storage = await open();
  await storage.makeDirectory(at("/dir"), o);
  const handle = await storage.openWrite(at("/dir/file"), { ...o, intent: "create" });
  await handle.write(Buffer.from("content"));
  renameSync(join(root, "dir"), join(root, "moved"));
  symlinkSync("/", join(root, "dir"));
  await handle.commit();
  assert.equal((await get(storage, "/moved/file")).toString(), "content");
});

scratchTest("what somebody planted under a part's name is not continued", async ({ root, outside, open }) => {
  const storage = await open();
  await breakOff(storage, "/file", 100_000);
  const [hidden = ""] = hiddenIn(root);
  const before = lstatSync(join(root, hidden));
  linkSync(join(root, hidden), join(outside, "second name"));
  assert.equal(await part(storage, "/file"), undefined);
  await put(storage, "/file", "new", { intent: "append" });
  assert.equal(lstatSync(join(outside, "second name")).size, before.size);
  writeFileSync(join(outside, "target"), Buffer.alloc(100_000));
  symlinkSync(join(outside, "target"), join(root, hidden));
  assert.equal(await part(storage, "/file"), undefined);
  await put(storage, "/file", "newer");
  assert.equal(lstatSync(join(outside, "target")).size, 100_000);
  mkdirSync(join(root, hidden));
  assert.equal(await part(storage, "/file"), undefined);
  await refused(put(storage, "/file", "x"), "denied", "is-directory");
  assert.equal((await get(storage, "/file")).toString(), "newer");
});
