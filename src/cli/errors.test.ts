import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { systemReason } from "./errors.js";

test("what the system says is told in words, and without the path that is named before it", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "ferry-errors-"));
  t.after(() => rmSync(folder, { recursive: true }));
  symlinkSync("loop", join(folder, "loop"));
  const reasonOf = (path: string): string => {
    try {
      statSync(path);
    } catch (error) {
      return systemReason(error);
    }
    return "";
  };
  assert.equal(reasonOf(join(folder, "none")), "there is no such file");
  assert.equal(reasonOf(join(folder, "loop")), "its links lead round in a circle");
  assert.equal(reasonOf(join(folder, "x".repeat(300))), "the name is too long");
  const unknown = Object.assign(new Error("EMFILE: too many open files, open '/a/b'"), { code: "EMFILE" });
  assert.equal(systemReason(unknown), "too many open files");
  assert.equal(systemReason(new Error("an\u001b error, as it is")), "an\\x1b error, as it is");
});
