import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { makeFolder } from "./local-folder.js";

describe("a folder on this machine", () => {
  const base = mkdtempSync(join(tmpdir(), "ferry-folder-"));
  after(() => rmSync(base, { recursive: true }));

  test("is made with those above it, and left alone when it is there", async () => {
    const path = join(base, "a", "b", "c");
    assert.equal(await makeFolder(path), true);
    assert.ok(statSync(path).isDirectory());
    assert.equal(await makeFolder(path), false);
    symlinkSync(path, join(base, "link"));
    assert.equal(await makeFolder(join(base, "link")), false);
  });

  test("has the mode that was asked for, as those above it have", async () => {
    await makeFolder(join(base, "private", "inner"), 0o700);
    for (const path of ["private", "private/inner"]) {
      assert.equal(statSync(join(base, path)).mode & 0o777, 0o700);
    }
  });

  test("is not made where a file stands", async () => {
    writeFileSync(join(base, "file"), "");
    await assert.rejects(makeFolder(join(base, "file")), { code: "EEXIST" });
    await assert.rejects(makeFolder(join(base, "file", "below")), { code: "ENOTDIR" });
  });

  const skip = existsSync("/proc/self") ? false : "this system has no /proc";
  test("is refused, and not tried for ever, where nothing can be made", { skip }, async () => {
    await assert.rejects(makeFolder("/proc/ferry/nope"), { code: "ENOENT" });
  });
});
