import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, test } from "node:test";
import { pathname, ROOT } from "../protocol/pathname.js";
import { storageConformance } from "../testing/storage-conformance.js";
import { type Allowance, allowance, measureUse, type Use } from "./allowance.js";
import { StorageError, type StorageReason } from "./errors.js";
import { forward } from "./forward.js";
import type { DirectoryNode } from "./memory/nodes.js";
import { MemoryTree } from "./memory.js";
import { quota } from "./quota.js";
import { readOnly } from "./read-only.js";
import type { Storage, WriteIntent } from "./storage.js";

const o = { signal: new AbortController().signal };
const because = (reason: StorageReason) => (error: unknown) =>
  error instanceof StorageError && error.reason === reason;

/** What a tree really holds, parts included; and how many parts lie beside a visible file of their name. */
function stored(directory: DirectoryNode): Required<Use> & { beside: number } {
  const use = { bytes: 0, files: directory.children.size, beside: 0 };
  for (const node of directory.children.values()) {
    if (node.kind === "file") use.bytes += node.content.size;
    if (node.kind !== "directory") continue;
    const below = stored(node);
    use.bytes += below.bytes;
    use.files += below.files;
    use.beside += below.beside;
  }
  for (const [key, upload] of directory.uploads) {
    if (upload.state !== "broken") continue;
    use.bytes += upload.content.size;
    if (directory.children.has(key.slice(0, key.indexOf("/")))) use.beside += 1;
    else use.files += 1;
  }
  return use;
}

function assertCounted(counted: Use, tree: MemoryTree): void {
  const { bytes, files } = stored(tree.root);
  assert.deepEqual({ ...counted }, { bytes, files });
}

storageConformance({
  name: "quota that is never reached, and counts right in every test",
  async make() {
    const tree = new MemoryTree();
    const counted = allowance({});
    // Parts that go with their directory are the one thing that is not given back.
    let swept = { bytes: 0, files: 0 };
    const view = (account: string | undefined): Storage => {
      const inner = tree.storageFor(account);
      const noting = forward(inner, {
        async removeDirectory(path, operation) {
          const before = stored(tree.root);
          await inner.removeDirectory(path, operation);
          const after = stored(tree.root);
          const directory = 1;
          swept = { bytes: before.bytes - after.bytes, files: before.files - after.files - directory };
        },
      });
      return quota(noting, counted);
    };
    return {
      storage: view("someone"),
      again: async (account) =>
        view(account === undefined ? "someone" : account === "another" ? "another" : undefined),
      async dispose() {
        const real = stored(tree.root);
        assert.equal(counted.used.bytes - swept.bytes, real.bytes);
        // Where one account has a part and another one the visible file, both count.
        const doubled = counted.used.files - swept.files - real.files;
        assert.ok(doubled >= 0 && doubled <= real.beside, `${doubled} entries too many`);
      },
    };
  },
  demands: ["partial", "openUnique", "resolve", "makeLink", "availableSpace"],
});

describe("quota", () => {
  const make = (limits: Use, account?: string) => {
    const tree = new MemoryTree();
    const counted = allowance(limits);
    return { tree, counted, storage: quota(tree.storageFor(account), counted) };
  };

  const write = async (
    storage: Storage,
    path: string,
    bytes: number,
    intent: WriteIntent = { intent: "replace" },
  ): Promise<void> => {
    const handle = await storage.openWrite(pathname(path), { ...o, ...intent });
    try {
      for (let at = 0; at < bytes; at += 1000) await handle.write(Buffer.alloc(Math.min(1000, bytes - at)));
      await handle.commit();
    } catch (error) {
      await handle.abandon(error);
      throw error;
    }
  };

  test('stops before the byte that is too much: "quota"', async () => {
    const { counted, storage, tree } = make({ bytes: 10_000 });
    await write(storage, "/a", 6000);
    await assert.rejects(write(storage, "/b", 4001), because("quota"));
    assert.deepEqual(counted.used, { bytes: 6000, files: 1 });
    await write(storage, "/b", 4000);
    await assert.rejects(write(storage, "/b", 1, { intent: "append" }), because("quota"));
    assertCounted(counted.used, tree);
  });

  test('stops before the file, directory or link that is too much: "quota"', async () => {
    const { counted, storage } = make({ files: 3 });
    await storage.makeDirectory(pathname("/dir"), o);
    await storage.makeLink?.(pathname("/link"), "dir", o);
    await write(storage, "/file", 10);
    await assert.rejects(write(storage, "/more", 10), because("quota"));
    await assert.rejects(storage.makeDirectory(pathname("/more"), o), because("quota"));
    await assert.rejects(async () => storage.makeLink?.(pathname("/more"), "x", o), because("quota"));
    await assert.rejects(async () => storage.openUnique?.(pathname("/"), o), because("quota"));
    await write(storage, "/file", 20);
    await storage.removeDirectory(pathname("/dir"), o);
    await write(storage, "/more", 10);
    assert.equal(counted.used.files, 3);
  });

  test("counts nothing for what fails in the inner storage", async () => {
    const { counted, storage } = make({});
    await storage.makeDirectory(pathname("/dir"), o);
    await assert.rejects(storage.makeDirectory(pathname("/dir"), o), because("exists"));
    await assert.rejects(write(storage, "/missing/file", 10), because("not-found"));
    await assert.rejects(write(storage, "/dir", 10), because("is-directory"));
    await assert.rejects(storage.remove(pathname("/missing"), o), because("not-found"));
    assert.deepEqual(counted.used, { bytes: 0, files: 1 });
  });

  test("gives back what is removed, replaced and renamed over", async () => {
    const { counted, storage } = make({ bytes: 10_000, files: 10 });
    await write(storage, "/a", 4000);
    await write(storage, "/b", 1000);
    await write(storage, "/a", 500);
    assert.deepEqual(counted.used, { bytes: 1500, files: 2 });
    await storage.rename(pathname("/a"), pathname("/b"), { ...o, replace: true });
    assert.deepEqual(counted.used, { bytes: 500, files: 1 });
    await storage.rename(pathname("/b"), pathname("/b"), { ...o, replace: true });
    assert.deepEqual(counted.used, { bytes: 500, files: 1 });
    await storage.remove(pathname("/b"), o);
    assert.deepEqual(counted.used, { bytes: 0, files: 0 });
  });

  test("counts the old content until the new one has replaced it", async () => {
    const { storage } = make({ bytes: 10_000 });
    await write(storage, "/file", 6000);
    await assert.rejects(write(storage, "/file", 6000), because("quota"));
    await write(storage, "/file", 4000);
  });

  test("counts growth only where a file is written over in place", async () => {
    const { counted, storage } = make({ bytes: 10_000 });
    await write(storage, "/file", 9000);
    await write(storage, "/file", 7000, { intent: "resume", start: 2500 });
    assert.equal(counted.used.bytes, 9500);
    await assert.rejects(write(storage, "/file", 9000, { intent: "resume", start: 2000 }), because("quota"));
    assert.equal(counted.used.bytes, 10_000, "what arrived in place stays");
  });

  test("counts a part until it is complete or dropped", async () => {
    const { counted, storage, tree } = make({}, "someone");
    const breakOff = async (bytes: number, intent: WriteIntent = { intent: "replace" }): Promise<void> => {
      const handle = await storage.openWrite(pathname("/file"), { ...o, ...intent });
      await handle.write(Buffer.alloc(bytes));
      await handle.abandon(new Error("lost"));
    };
    await breakOff(200_000);
    assert.deepEqual(counted.used, { bytes: 196_608, files: 1 });
    await breakOff(100_000, { intent: "resume", start: 1000 });
    assert.deepEqual(counted.used, { bytes: 65_536, files: 1 });
    await write(storage, "/file", 464, { intent: "resume", start: 65_536 });
    assert.deepEqual(counted.used, { bytes: 66_000, files: 1 });
    await breakOff(100_000);
    assert.deepEqual(counted.used, { bytes: 66_000 + 65_536, files: 1 });
    await write(storage, "/file", 5);
    assert.deepEqual(counted.used, { bytes: 5, files: 1 });
    await breakOff(100_000);
    await storage.remove(pathname("/file"), o);
    assert.deepEqual(counted.used, { bytes: 0, files: 0 });
    assertCounted(counted.used, tree);
  });

  test("never lets writers at the same time store more than is allowed together", async () => {
    const { counted, storage, tree } = make({ bytes: 50_000 });
    let most = 0;
    const watched = forward(storage, {
      async openWrite(path, options) {
        const handle = await storage.openWrite(path, options);
        return {
          start: handle.start,
          async write(chunk) {
            await handle.write(chunk);
            most = Math.max(most, counted.used.bytes);
          },
          commit: (c) => handle.commit(c),
          abandon: (cause) => handle.abandon(cause),
        };
      },
    });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 10 }, (_, n) => write(watched, `/${n}`, 9000 + n)),
    );
    assert.equal(
      outcomes.some(({ status }) => status === "rejected"),
      true,
    );
    assert.ok(most <= 50_000, `${most}`);
    assertCounted(counted.used, tree);
  });

  test("gives a file back once that several replace and remove at the same time", async () => {
    const { counted, storage, tree } = make({});
    for (let round = 0; round < 5; round++) {
      await write(storage, "/file", 50_000);
      await write(storage, "/other", 10_000);
      await Promise.allSettled([
        write(storage, "/file", 10),
        write(storage, "/file", 20),
        storage.remove(pathname("/file"), o),
        write(storage, "/file", 30),
        storage.rename(pathname("/other"), pathname("/file"), { ...o, replace: true }),
        storage.remove(pathname("/file"), o),
      ]);
      assertCounted(counted.used, tree);
    }
  });

  test("asks an allowance that answers later, before it writes", async () => {
    const asked: Use[] = [];
    const slow: Allowance = {
      async reserve(use) {
        await new Promise(setImmediate);
        if ((use.bytes ?? 0) > 0 && asked.length > 3) throw new StorageError("quota");
        asked.push(use);
      },
    };
    const storage = quota(new MemoryTree().storageFor(), slow);
    const handle = await storage.openWrite(pathname("/file"), { ...o, intent: "create" });
    for (let n = 0; n < 3; n++) await handle.write(Buffer.alloc(10));
    await assert.rejects(async () => handle.write(Buffer.alloc(10)), because("quota"));
    await handle.abandon(new Error("quota"));
    assert.deepEqual(asked, [
      { files: 1 },
      { bytes: 10 },
      { bytes: 10 },
      { bytes: 10 },
      { bytes: -30, files: -1 },
    ]);
  });

  test("finishes what is done although the allowance cannot take back", async () => {
    const broken: Allowance = {
      reserve({ bytes = 0, files = 0 }) {
        if (bytes < 0 || files < 0) throw new Error("the data base is away");
      },
    };
    const storage = quota(new MemoryTree({ initial: { file: "x" } }).storageFor(), broken);
    await write(storage, "/file", 10);
    await storage.remove(pathname("/file"), o);
    const handle = await storage.openWrite(pathname("/file"), { ...o, intent: "create" });
    assert.deepEqual(await handle.abandon(new Error("lost")), { kept: 0 });
  });

  test("offers no more space than is left of the allowance", async () => {
    const { storage } = make({ bytes: 10_000 });
    await write(storage, "/file", 4000);
    assert.equal(await storage.availableSpace?.(ROOT, o), 6000);
    const unlimited = quota(new MemoryTree({ capacity: 500 }).storageFor(), allowance({ files: 1 }));
    assert.equal(await unlimited.availableSpace?.(ROOT, o), 500);
  });

  test("has the optional methods of the inner storage and no other", () => {
    const storage = quota(readOnly(new MemoryTree().storageFor()), allowance({}));
    assert.equal(storage.makeLink, undefined);
    assert.equal(storage.availableSpace, undefined);
    assert.notEqual(storage.digest, undefined);
  });
});

describe("allowance", () => {
  test("starts with what is stored already", async () => {
    const tree = new MemoryTree({ initial: { a: "12345", dir: { b: "678", deep: { c: "" } } } });
    const storage = tree.storageFor();
    await storage.makeLink(pathname("/link"), "dir", o);
    const used = await measureUse(storage, ROOT, o.signal);
    assert.deepEqual(used, { bytes: 8, files: 6 });
    assert.deepEqual(await measureUse(storage, pathname("/dir"), o.signal), { bytes: 3, files: 3 });
    const counted = allowance({ bytes: 10, used });
    assert.throws(() => counted.reserve({ bytes: 3 }), because("quota"));
    counted.reserve({ bytes: 2 });
    assert.equal(counted.remaining, 0);
  });

  test("takes back although it is overdrawn, and never falls below nothing", () => {
    const counted = allowance({ bytes: 10, used: { bytes: 100, files: 1 } });
    counted.reserve({ bytes: -50 });
    counted.reserve({ files: 1 });
    assert.throws(() => counted.reserve({ bytes: 1 }), because("quota"));
    counted.reserve({ bytes: -500, files: -500 });
    assert.deepEqual(counted.used, { bytes: 0, files: 0 });
  });
});
