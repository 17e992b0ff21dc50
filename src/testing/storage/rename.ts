import assert from "node:assert/strict";
import { assertReason, reasonOf } from "./subject.js";
import type { Suite } from "./suite.js";

export function renameTests(suite: Suite): void {
  suite.test("gives a file another name, and another directory", {}, async (s) => {
    await s.makeDirectory("/dir");
    await s.write("/file", "content");
    await s.rename("/file", "/other", false);
    assert.deepEqual(await s.names("/"), ["dir", "other"]);
    await s.rename("/other", "/dir/file", false);
    assert.deepEqual(await s.names("/"), ["dir"]);
    assert.equal(await s.text("/dir/file"), "content");
    assert.equal((await s.stat("/dir/file")).name, "file");
  });

  suite.test("moves a directory with all that it holds", {}, async (s) => {
    await s.makeDirectory("/a");
    await s.makeDirectory("/a/b");
    await s.write("/a/b/file", "deep");
    await s.makeDirectory("/c");
    await s.rename("/a", "/c/a", false);
    assert.equal(await s.text("/c/a/b/file"), "deep");
    assert.equal(await s.exists("/a"), false);
  });

  suite.test("replaces only where it may", {}, async (s) => {
    await s.write("/file", "new");
    await s.write("/there", "old");
    await assertReason(s.rename("/file", "/there", false), "exists");
    assert.equal(await s.text("/there"), "old");
    assert.equal(await s.text("/file"), "new");
    await s.rename("/file", "/there", true);
    assert.equal(await s.text("/there"), "new");
    assert.deepEqual(await s.names("/"), ["there"]);
  });

  suite.test("leaves a file alone that is renamed to itself", {}, async (s) => {
    await s.write("/file", "content");
    await s.rename("/file", "/file", true);
    assert.equal(await s.text("/file"), "content");
  });

  suite.test("says why it does not rename", {}, async (s) => {
    await s.write("/file", "x");
    await assertReason(s.rename("/missing", "/other", true), "not-found");
    await assertReason(s.rename("/file", "/missing/file", true), "not-found");
    await assertReason(s.rename("/file", "/file/below", true), "not-directory");
    await assertReason(s.rename("/file/below", "/other", true), "not-directory");
    assert.deepEqual(await s.names("/"), ["file"]);
  });

  suite.test("never loses a directory in itself", {}, async (s) => {
    await s.makeDirectory("/a");
    await s.makeDirectory("/a/b");
    await s.write("/a/b/file", "deep");
    await reasonOf(s.rename("/a", "/a/b/a", true));
    await reasonOf(s.rename("/a", "/a/a", true));
    assert.equal(await s.text("/a/b/file"), "deep");
    assert.deepEqual(await s.names("/a"), ["b"]);
  });

  suite.test(
    "never puts a file in the place of a directory, nor of one that holds something",
    {},
    async (s) => {
      await s.write("/file", "x");
      await s.makeDirectory("/empty");
      await s.makeDirectory("/full");
      await s.write("/full/file", "y");
      for (const to of ["/empty", "/full"])
        await assertReason(s.rename("/file", to, true), "is-directory", "exists");
      await assertReason(s.rename("/empty", "/full", true), "not-empty", "exists");
      await assertReason(s.rename("/empty", "/file", true), "not-directory", "exists");
      assert.deepEqual(await s.names("/"), ["empty", "file", "full"]);
      assert.equal(await s.text("/full/file"), "y");
    },
  );

  suite.test("never renames its root", {}, async (s) => {
    await s.makeDirectory("/dir");
    await reasonOf(s.rename("/", "/dir/root", true));
    await reasonOf(s.rename("/dir", "/", true));
    assert.deepEqual(await s.names("/"), ["dir"]);
  });
}
