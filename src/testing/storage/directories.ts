import assert from "node:assert/strict";
import { pathname } from "../../protocol/pathname.js";
import { assertReason, firstBatch } from "./subject.js";
import type { Suite } from "./suite.js";

export function directoryTests(suite: Suite): void {
  suite.test("begins with an empty root", {}, async (s) => {
    const root = await s.stat("/");
    assert.equal(root.name, "");
    assert.equal(root.type, "directory");
    assert.deepEqual(await s.names("/"), []);
  });

  suite.test("makes directories in directories", {}, async (s) => {
    await s.makeDirectory("/a");
    await s.makeDirectory("/a/b");
    await s.makeDirectory("/a/b/c");
    await s.write("/a/b/c/file", "deep");
    assert.deepEqual(await s.names("/a/b"), ["c"]);
    const entry = await s.stat("/a/b");
    assert.equal(entry.name, "b");
    assert.equal(entry.type, "directory");
    assert.equal(await s.text("/a/b/c/file"), "deep");
  });

  suite.test("says why it makes none", {}, async (s) => {
    await s.makeDirectory("/dir");
    await s.write("/file", "x");
    await assertReason(s.makeDirectory("/dir"), "exists");
    await assertReason(s.makeDirectory("/file"), "exists");
    await assertReason(s.makeDirectory("/"), "exists");
    await assertReason(s.makeDirectory("/missing/dir"), "not-found");
    await assertReason(s.makeDirectory("/file/dir"), "not-directory");
  });

  suite.test("removes empty directories only", {}, async (s) => {
    await s.makeDirectory("/dir");
    await s.write("/dir/file", "x");
    await assertReason(s.removeDirectory("/dir"), "not-empty");
    assert.equal(await s.text("/dir/file"), "x");
    await s.remove("/dir/file");
    await s.removeDirectory("/dir");
    assert.equal(await s.exists("/dir"), false);
    assert.deepEqual(await s.names("/"), []);
  });

  suite.test("says why it removes no directory", {}, async (s) => {
    await s.write("/file", "x");
    await assertReason(s.removeDirectory("/missing"), "not-found");
    await assertReason(s.removeDirectory("/missing/dir"), "not-found");
    await assertReason(s.removeDirectory("/file"), "not-directory");
    assert.equal(await s.text("/file"), "x");
  });

  suite.test("never removes its root", {}, async (s) => {
    await assertReason(s.removeDirectory("/"), "denied", "busy", "not-empty", "bad-name");
    await assertReason(s.remove("/"), "is-directory", "denied", "busy");
    await s.write("/file", "x");
    assert.deepEqual(await s.names("/"), ["file"]);
  });

  suite.test("removes files", {}, async (s) => {
    await s.write("/file", "x");
    await s.write("/other", "y");
    await s.remove("/file");
    assert.deepEqual(await s.names("/"), ["other"]);
    assert.equal(await s.exists("/file"), false);
  });

  suite.test("says why it removes no file", {}, async (s) => {
    await s.makeDirectory("/dir");
    await s.write("/file", "x");
    await assertReason(s.remove("/missing"), "not-found");
    await assertReason(s.remove("/missing/file"), "not-found");
    await assertReason(s.remove("/file/below"), "not-directory");
    await assertReason(s.remove("/dir"), "is-directory");
    assert.deepEqual(await s.names("/"), ["dir", "file"]);
  });

  suite.test("lists what `stat` tells", {}, async (s) => {
    await s.write("/file", "12345");
    await s.makeDirectory("/dir");
    const found = await s.entries("/");
    assert.deepEqual([...found.keys()].sort(), ["dir", "file"]);
    for (const name of ["file", "dir"]) {
      const listed = found.get(name);
      const told = await s.stat(`/${name}`);
      for (const field of ["name", "type", "size", "modified", "mode", "unique"] as const) {
        assert.equal(listed?.[field], told[field], `${field} of ${name}`);
      }
    }
    assert.equal(found.get("file")?.size, 5);
    assert.equal(found.get("dir")?.type, "directory");
  });

  suite.test("lists thousands of entries, each of them once", {}, async (s) => {
    await s.makeDirectory("/dir");
    const names = Array.from({ length: 2500 }, (_, n) => `file ${n}`);
    for (let at = 0; at < names.length; at += 50) {
      await Promise.all(names.slice(at, at + 50).map((name) => s.write(`/dir/${name}`, "")));
    }
    assert.deepEqual(await s.names("/dir"), names.sort());
  });

  suite.test("lets a listing be left in the middle", {}, async (s) => {
    for (let n = 0; n < 10; n++) await s.write(`/${n}`, "");
    await firstBatch(s.storage.list(pathname("/"), s.o));
    assert.equal((await s.names("/")).length, 10);
  });

  suite.test("lists a directory that changes meanwhile", {}, async (s) => {
    for (let n = 0; n < 600; n += 20) {
      await Promise.all(Array.from({ length: 20 }, (_, i) => s.write(`/${n + i}`, "")));
    }
    const seen = new Set<string>();
    for await (const batch of s.storage.list(pathname("/"), s.o)) {
      for (const entry of batch) seen.add(entry.name);
      for (const entry of batch.slice(0, 3)) await s.remove(`/${entry.name}`);
    }
    const left = await s.names("/");
    for (const name of left) assert.ok(seen.has(name), `${name} was not listed`);
  });

  suite.test("says why there is nothing to list", {}, async (s) => {
    await s.write("/file", "x");
    const list = (path: string) => firstBatch(s.storage.list(pathname(path), s.o));
    await assertReason(list("/missing"), "not-found");
    await assertReason(list("/file"), "not-directory");
    await assertReason(list("/file/below"), "not-directory");
  });

  suite.test("says why there is nothing to tell", {}, async (s) => {
    await s.write("/file", "x");
    await assertReason(s.stat("/missing"), "not-found");
    await assertReason(s.stat("/missing/file"), "not-found");
    await assertReason(s.stat("/file/below"), "not-directory");
  });
}
