import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { at, breakOff, get, giveUp, hiddenIn, names, o, put, refused, scratchTest } from "./scratch.test.js";

const GIB = 1024 ** 3;
const ROOT = process.geteuid?.() === 0;
const OTHER = 65_534;

scratchTest(
  "a new file grows hidden beside its name, and appears when it is complete",
  async ({ root, open }) => {
    const storage = await open();
    const handle = await storage.openWrite(at("/file"), { ...o, intent: "replace" });
    await handle.write(Buffer.from("content"));
    assert.match(readdirSync(root).join(), /^\.ferry-[0-9a-f]{16}$/);
    assert.deepEqual(await names(storage, "/"), []);
    const entry = await handle.commit();
    assert.deepEqual(readdirSync(root), ["file"]);
    assert.equal(entry.unique, (await storage.stat(at("/file"), o)).unique);
  },
);

scratchTest("hidden names are reached by no pathname, and made by none", async ({ root, open }) => {
  mkdirSync(join(root, ".ferry-00000000000000aa"));
  writeFileSync(join(root, ".ferry-00000000000000aa/file"), "x");
  writeFileSync(join(root, ".ferry-00000000000000bb"), "x");
  const storage = await open();
  for (const path of [
    "/.ferry-00000000000000aa",
    "/.ferry-00000000000000aa/file",
    "/.FERRY-00000000000000BB",
  ]) {
    await refused(storage.stat(at(path), o), "not-found");
    await refused(get(storage, path), "not-found");
    await refused(names(storage, path), "not-found");
    await refused(storage.remove(at(path), o), "not-found");
    await refused(storage.removeDirectory(at(path), o), "not-found");
    await refused(storage.setMode(at(path), 0o777, o), "not-found");
    await refused(storage.rename(at(path), at("/x"), { ...o, replace: true }), "not-found");
  }
  for (const path of ["/.ferry-00000000000000cc", "/.ferry-00000000000000bb"]) {
    for (const intent of ["create", "replace", "append"] as const) {
      await refused(put(storage, path, "x", { intent }), "bad-name");
    }
    await refused(storage.makeDirectory(at(path), o), "bad-name");
    await refused(storage.makeLink(at(path), "x", o), "bad-name");
    await put(storage, "/own", "own");
    await refused(storage.rename(at("/own"), at(path), { ...o, replace: true }), "bad-name");
  }
  await storage.makeLink(at("/link"), ".ferry-00000000000000bb", o);
  await refused(get(storage, "/link"), "not-found");
  const unique = await storage.openUnique(at("/"), { ...o, hint: ".ferry-00000000000000dd" });
  assert.match(unique.entryName, /^ferry\.[0-9a-z]{6}$/);
  await giveUp(unique);
});

scratchTest(
  "new files and directories get the umask of the storage, not that of the process",
  async ({ root, open }) => {
    const before = process.umask(0o077);
    try {
      for (const uploads of ["atomic", "direct"] as const) {
        for (const umask of [0o022, 0o002, 0o027, 0o000]) {
          const storage = await open({ umask, uploads });
          await put(storage, "/file", "x");
          await storage.makeDirectory(at("/dir"), o);
          const unique = await storage.openUnique(at("/"), { ...o, hint: "unique" });
          await unique.commit();
          assert.equal(lstatSync(join(root, "file")).mode & 0o7777, 0o666 & ~umask);
          assert.equal(lstatSync(join(root, "unique")).mode & 0o7777, 0o666 & ~umask);
          assert.equal(lstatSync(join(root, "dir")).mode & 0o7777, 0o777 & ~umask);
          await storage.remove(at("/file"), o);
          await storage.remove(at("/unique"), o);
          await storage.removeDirectory(at("/dir"), o);
        }
      }
    } finally {
      process.umask(before);
    }
  },
);

scratchTest("a file that is replaced keeps its mode, without setuid and setgid", async ({ root, open }) => {
  const storage = await open();
  writeFileSync(join(root, "file"), "old");
  chmodSync(join(root, "file"), 0o6751);
  await put(storage, "/file", "new");
  assert.equal(lstatSync(join(root, "file")).mode & 0o7777, 0o751);
});

scratchTest("the owner of a file that is replaced stays, where that can be", async ({ root, open }) => {
  const storage = await open();
  writeFileSync(join(root, "file"), "old");
  if (ROOT) chownSync(join(root, "file"), OTHER, OTHER);
  const before = statSync(join(root, "file"));
  await put(storage, "/file", "new");
  const after = statSync(join(root, "file"));
  assert.deepEqual([after.uid, after.gid], [before.uid, before.gid]);
  assert.notEqual(after.ino, before.ino);
});

/** As a user whom modes stop; root is stopped by nothing. */
async function unprivileged(run: () => Promise<void>): Promise<void> {
  if (ROOT) process.seteuid?.(OTHER);
  try {
    await run();
  } finally {
    if (ROOT) process.seteuid?.(0);
  }
}

scratchTest(
  "a file in a directory that takes no new names is written in place, with a warning",
  async (scratch) => {
    const { root, warnings } = scratch;
    writeFileSync(join(root, "file"), "old content", { mode: 0o666 });
    chmodSync(join(root, "file"), 0o666);
    chmodSync(root, 0o555);
    const storage = await scratch.open();
    await unprivileged(async () => {
      const { ino } = statSync(join(root, "file"));
      await put(storage, "/file", "new");
      assert.equal(statSync(join(root, "file")).ino, ino);
      assert.equal(readFileSync(join(root, "file"), "utf8"), "new");
      assert.equal(warnings.length, 1);
      assert.match(warnings[0] ?? "", /^\/file is written in place/);
      await refused(put(storage, "/other", "new"), "denied");
    });
    chmodSync(root, 0o755);
  },
);

scratchTest("somebody else's file in a sticky directory is written in place", async (scratch) => {
  if (!ROOT) return;
  const { root, warnings } = scratch;
  writeFileSync(join(root, "file"), "old content");
  chmodSync(join(root, "file"), 0o666);
  chmodSync(root, 0o1777);
  const storage = await scratch.open();
  await unprivileged(async () => {
    await put(storage, "/file", "new");
    assert.equal(readFileSync(join(root, "file"), "utf8"), "new");
    assert.deepEqual(readdirSync(root), ["file"]);
  });
  assert.equal(warnings.length, 1);
});

scratchTest(
  "the same account cannot upload twice to one pathname at once; another one can",
  async ({ open }) => {
    const storage = await open();
    const again = await open();
    const other = await open({ account: "other" });
    const nobody = await open({ account: undefined });
    const first = await storage.openWrite(at("/file"), { ...o, intent: "replace" });
    for (const intent of ["create", "replace", "append"] as const) {
      await refused(again.openWrite(at("/file"), { ...o, intent }), "busy");
    }
    await refused(again.openWrite(at("/file"), { ...o, intent: "resume", start: 0 }), "busy");
    const second = await other.openWrite(at("/file"), { ...o, intent: "replace" });
    const third = await nobody.openWrite(at("/file"), { ...o, intent: "replace" });
    const fourth = await nobody.openWrite(at("/file"), { ...o, intent: "replace" });
    for (const [n, handle] of [first, second, third, fourth].entries()) {
      await handle.write(Buffer.from(`${n}`));
      await handle.commit();
      assert.equal((await get(storage, "/file")).toString(), `${n}`);
    }
  },
);

scratchTest("a file that is appended to in place is not replaced meanwhile", async ({ root, open }) => {
  const storage = await open();
  const other = await open({ account: "other" });
  await put(storage, "/file", "start");
  const replacing = await other.openWrite(at("/file"), { ...o, intent: "replace" });
  await replacing.write(Buffer.alloc(70_000));
  const appending = await storage.openWrite(at("/file"), { ...o, intent: "append" });
  await appending.write(Buffer.from(", end"));
  await refused(other.openWrite(at("/file"), { ...o, intent: "append" }), "busy");
  await refused(replacing.commit(), "busy");
  await appending.commit();
  assert.equal((await get(storage, "/file")).toString(), "start, end");
  assert.equal((await other.partial?.(at("/file"), o))?.size, 65_536);
  assert.equal(hiddenIn(root).length, 1);
});

scratchTest(
  "the lease is on the file: other names and other roots do not go round it",
  async ({ root, open }) => {
    mkdirSync(join(root, "dir"));
    const storage = await open();
    const below = await open({ root: join(root, "dir"), account: "other" });
    await put(storage, "/dir/file", "start");
    await storage.makeLink(at("/link"), "dir/file", o);
    const handle = await storage.openWrite(at("/link"), { ...o, intent: "append" });
    await refused(below.openWrite(at("/file"), { ...o, intent: "append" }), "busy");
    await refused(storage.openWrite(at("/dir/file"), { ...o, intent: "resume", start: 1 }), "busy");
    await giveUp(handle);
    await put(below, "/file", "!", { intent: "append" });
    assert.equal((await get(storage, "/link")).toString(), "start!");
  },
);

scratchTest("nothing changes before the first byte arrives", async ({ root, open }) => {
  for (const uploads of ["atomic", "direct"] as const) {
    const storage = await open({ uploads });
    writeFileSync(join(root, "file"), "0123456789");
    for (const intent of [
      { intent: "replace" },
      { intent: "append" },
      { intent: "resume", start: 3 },
      { intent: "resume", start: 0 },
    ] as const) {
      assert.equal(
        await breakOff(storage, "/file", 0, intent),
        intent.intent === "append" ? 10 : (intent.start ?? 0),
      );
      assert.equal(readFileSync(join(root, "file"), "utf8"), "0123456789");
      // Of a replacement an empty part is kept: SIZE must not offer the old file to be continued.
      const parts = uploads === "atomic" && intent.intent === "replace" ? 1 : 0;
      assert.equal(readdirSync(root).length, 1 + parts);
    }
  }
});

scratchTest("direct uploads grow where they can be seen, and what arrived stays", async ({ root, open }) => {
  const storage = await open({ uploads: "direct" });
  assert.equal(storage.partial, undefined);
  const handle = await storage.openWrite(at("/file"), { ...o, intent: "create" });
  await handle.write(Buffer.from("half"));
  assert.equal(readFileSync(join(root, "file"), "utf8"), "half");
  assert.equal(await giveUp(handle), 4);
  await put(storage, "/file", " and half", { intent: "resume", start: 4 });
  assert.equal(readFileSync(join(root, "file"), "utf8"), "half and half");
  await put(storage, "/file", "x");
  assert.equal(readFileSync(join(root, "file"), "utf8"), "x");
  await put(storage, "/file", "");
  assert.equal(readFileSync(join(root, "file"), "utf8"), "");
  assert.equal(await breakOff(storage, "/never", 0), 0);
  assert.deepEqual(readdirSync(root), ["file"]);
});

scratchTest("a sparse file of more than 5 GiB is resumed beyond 5 GiB", async ({ root, open }) => {
  writeFileSync(join(root, "big"), "");
  truncateSync(join(root, "big"), 5 * GIB + 100);
  const storage = await open();
  const start = 5 * GIB + 50;
  const handle = await storage.openWrite(at("/big"), { ...o, intent: "resume", start });
  assert.equal(handle.start, start);
  await handle.write(Buffer.from("from here"));
  assert.equal((await handle.commit()).size, start + 9);
  assert.equal((await get(storage, "/big", start - 2)).toString(), "\0\0from here");
  await refused(put(storage, "/big", "", { intent: "resume", start: start + 10 }), "bad-offset");
});

scratchTest("a part of more than 5 GiB is continued, cut off and removed", async ({ root, open }) => {
  const storage = await open();
  const handle = await storage.openWrite(at("/big"), { ...o, intent: "create" });
  await handle.skip?.(5 * GIB);
  await handle.write(Buffer.from("tail"));
  assert.equal(await giveUp(handle), 5 * GIB);
  assert.equal((await storage.partial?.(at("/big"), o))?.size, 5 * GIB);
  const start = 5 * GIB - 7;
  await put(storage, "/big", "joined", { intent: "resume", start });
  assert.equal((await get(storage, "/big", start - 1)).toString(), "\0joined");
  await put(storage, "/big", "tiny");
  assert.equal(lstatSync(join(root, "big")).size, 4);
  await put(storage, "/big2", "x");
  truncateSync(join(root, "big2"), 6 * GIB);
  await storage.remove(at("/big2"), o);
  assert.deepEqual(readdirSync(root), ["big"]);
});

scratchTest("many uploads at once keep their bytes apart", async ({ open }) => {
  const storage = await open();
  const upload = async (n: number): Promise<void> => {
    const handle = await storage.openWrite(at(`/${n}`), { ...o, intent: "create" });
    for (let chunk = 0; chunk < 40; chunk++) {
      await handle.write(Buffer.alloc(20_000, n * 40 + chunk));
      await new Promise(setImmediate);
    }
    await handle.commit();
  };
  await Promise.all(Array.from({ length: 12 }, (_, n) => upload(n)));
  for (let n = 0; n < 12; n++) {
    const content = await get(storage, `/${n}`);
    assert.equal(content.length, 800_000);
    for (let chunk = 0; chunk < 40; chunk++) {
      const piece = content.subarray(chunk * 20_000, (chunk + 1) * 20_000);
      assert.ok(piece.equals(Buffer.alloc(20_000, n * 40 + chunk)), `chunk ${chunk} of ${n}`);
    }
  }
});

scratchTest("a handle is ended once", async ({ open }) => {
  const storage = await open();
  const handle = await storage.openWrite(at("/file"), { ...o, intent: "create" });
  await handle.commit();
  await refused(handle.commit(), "failed");
  assert.deepEqual(await handle.abandon(new Error("late")), { kept: 0 });
  assert.throws(() => handle.write(Buffer.from("x")), { code: "ERR_FERRY_STORAGE" });
  assert.equal((await get(storage, "/file")).length, 0);
});

scratchTest("an aborted upload takes no more bytes", async ({ root, open }) => {
  const storage = await open();
  const stop = new AbortController();
  const handle = await storage.openWrite(at("/file"), { signal: stop.signal, intent: "create" });
  await handle.write(Buffer.from("x"));
  stop.abort();
  assert.throws(() => handle.write(Buffer.from("y")), { reason: "aborted" });
  assert.equal(await giveUp(handle), 0);
  assert.deepEqual(readdirSync(root), []);
});

scratchTest(
  "the name of a unique file is held by an empty one, which nobody else gets",
  async ({ root, open }) => {
    const storage = await open();
    const handle = await storage.openUnique(at("/"), { ...o, hint: "name" });
    assert.equal(handle.entryName, "name");
    assert.equal(lstatSync(join(root, "name")).size, 0);
    await refused(put(storage, "/name", "x", { intent: "create" }), "exists");
    const other = await storage.openUnique(at("/"), { ...o, hint: "name" });
    assert.equal(other.entryName, "name.1");
    await handle.write(Buffer.from("content"));
    await handle.commit();
    await giveUp(other);
    assert.deepEqual(readdirSync(root), ["name"]);
    assert.equal(readFileSync(join(root, "name"), "utf8"), "content");
  },
);

scratchTest("a unique file does not replace what took its name meanwhile", async ({ root, open }) => {
  const storage = await open();
  const handle = await storage.openUnique(at("/"), { ...o, hint: "name" });
  await put(storage, "/name", "other", { intent: "replace" });
  await refused(handle.commit(), "exists");
  assert.equal(readFileSync(join(root, "name"), "utf8"), "other");
  const again = await storage.openUnique(at("/"), { ...o, hint: "name" });
  await put(storage, `/${again.entryName}`, "other", { intent: "replace" });
  await giveUp(again);
  assert.deepEqual(readdirSync(root).sort(), ["name", "name.1"]);
});

scratchTest("an upload whose name became a directory is kept as a part", async ({ root, open }) => {
  const storage = await open();
  const handle = await storage.openWrite(at("/file"), { ...o, intent: "replace" });
  await handle.write(Buffer.alloc(100_000));
  mkdirSync(join(root, "file"));
  await refused(handle.commit(), "is-directory");
  assert.equal((await storage.partial?.(at("/file"), o))?.size, 65_536);
});

scratchTest("a file that is appended to in place is not replaced by a rename either", async ({ open }) => {
  const storage = await open();
  await put(storage, "/file", "start");
  await put(storage, "/other", "other");
  const handle = await storage.openWrite(at("/file"), { ...o, intent: "append" });
  await refused(storage.rename(at("/other"), at("/file"), { ...o, replace: true }), "busy");
  await giveUp(handle);
  await storage.rename(at("/other"), at("/file"), { ...o, replace: true });
  assert.equal((await get(storage, "/file")).toString(), "other");
});

scratchTest("a part that was removed under its upload takes nothing else with it", async ({ root, open }) => {
  const storage = await open();
  const handle = await storage.openWrite(at("/file"), { ...o, intent: "replace" });
  await handle.write(Buffer.alloc(100_000));
  const [hidden = ""] = hiddenIn(root);
  unlinkSync(join(root, hidden));
  writeFileSync(join(root, hidden), "another");
  assert.equal(await giveUp(handle), 0);
  assert.equal(readFileSync(join(root, hidden), "utf8"), "another");
});

scratchTest("a durable upload is flushed with its name, in every way of writing", async ({ open }) => {
  const storage = await open({ durable: true });
  await put(storage, "/file", "one", { intent: "create" });
  await put(storage, "/file", "two", { intent: "replace" });
  await put(storage, "/file", ", three", { intent: "append" });
  assert.equal((await get(storage, "/file")).toString(), "two, three");
});
