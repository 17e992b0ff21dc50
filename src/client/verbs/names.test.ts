import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isSafeName, remoteJoin, remoteName } from "./names.js";

describe("names that a server tells", () => {
  test("are one component that means itself", () => {
    for (const name of ["", ".", "..", "/", "a/b", "../x", "/etc", "a\0b", "a\r\nb", "a\n"]) {
      assert.equal(isSafeName(name, "posix"), false, JSON.stringify(name));
      assert.equal(isSafeName(name, "windows"), false, JSON.stringify(name));
    }
    for (const name of ["a", "...", ".hidden", "a b", "ü", "-rf"]) {
      assert.equal(isSafeName(name, "posix"), true, name);
      assert.equal(isSafeName(name, "windows"), name !== "...", name);
    }
  });

  test("on Windows are no drives, streams, devices or paths either", () => {
    const bad = [
      "a\\b",
      "..\\x",
      "C:",
      "C:x",
      "f:stream",
      "con",
      "NUL.txt",
      "com1",
      "LPT9.log",
      "a.",
      "a ",
      "a?",
      "x|y",
    ];
    for (const name of bad) {
      assert.equal(isSafeName(name, "windows"), false, name);
      assert.equal(isSafeName(name, "posix"), true, name);
    }
    for (const name of ["console", "com10", "nullable", "a.b"])
      assert.equal(isSafeName(name, "windows"), true);
  });

  test("are joined and taken apart", () => {
    assert.equal(remoteJoin("", "a"), "a");
    assert.equal(remoteJoin("", "~a"), "./~a", "not the home of a");
    assert.equal(remoteJoin(".", "~"), "./~");
    assert.equal(remoteJoin("d", "~"), "d/~");
    assert.equal(remoteJoin("/", "a"), "/a");
    assert.equal(remoteJoin("d/", "a"), "d/a");
    assert.deepEqual(["a/b", "/a", "a", "/", "a/b//"].map(remoteName), ["b", "a", "a", "", "b"]);
  });
});
