import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  childOf,
  componentsOf,
  isWithin,
  joinPathnames,
  MAX_PATHNAME_LENGTH,
  nameOf,
  type Pathname,
  PathnameError,
  parentOf,
  pathname,
  quotePathname,
  ROOT,
  relativeTo,
  resolvePathname,
  unquotePathname,
} from "./pathname.js";

/** What clients type: every mixture of dots, slashes and odd names. */
const typed = fc
  .array(
    fc.oneof(
      fc.constantFrom("/", "/", "..", ".", "...", "\\", "a", "B", " ", '"', "~", "é", "\udcff", "..a"),
      fc.string({ unit: "binary", maxLength: 5 }).map((text) => text.replace(/[\0\r\n]/g, "")),
    ),
    { maxLength: 20 },
  )
  .map((parts) => parts.join(""));
const pathnames = typed.map((text) => resolvePathname(ROOT, text));

describe("resolving pathnames", () => {
  test("examples of every rule", () => {
    const from = pathname("/a/b");
    const rules: readonly [string, string][] = [
      ["", "/a/b"],
      [".", "/a/b"],
      ["c", "/a/b/c"],
      ["/c", "/c"],
      ["..", "/a"],
      ["../../..", "/"],
      ["/../..", "/"],
      ["../c/./d/", "/a/c/d"],
      ["//x///y//", "/x/y"],
      ["...", "/a/b/..."],
      ["..\\..\\x", "/a/b/..\\..\\x"],
      [" ", "/a/b/ "],
      ["~", "/a/b/~"],
    ];
    for (const [text, expected] of rules)
      assert.equal(resolvePathname(from, text), expected, JSON.stringify(text));
  });

  test("a result is absolute and canonical, whatever was typed", () => {
    fc.assert(
      fc.property(pathnames, typed, (from, text) => {
        const path = resolvePathname(from, text);
        assert.ok(path === ROOT || /^(?:\/[^/]+)+$/s.test(path), path);
        for (const component of componentsOf(path)) assert.ok(!["", ".", ".."].includes(component), path);
        assert.ok(isWithin(ROOT, path));
      }),
      { numRuns: 2000 },
    );
  });

  test("resolving again changes nothing, from wherever", () => {
    fc.assert(
      fc.property(pathnames, pathnames, (path, from) => {
        assert.equal(resolvePathname(from, path), path);
        assert.equal(pathname(path), path);
      }),
    );
  });

  test("one step after the other is the same as both at once", () => {
    fc.assert(
      fc.property(pathnames, typed, typed, (from, a, b) => {
        const below = b.replace(/^\/+/, "");
        const stepped = resolvePathname(resolvePathname(from, a), below);
        assert.equal(stepped, resolvePathname(from, a === "" ? below : `${a}/${below}`));
      }),
    );
  });

  test("NUL, CR, LF and what is too long are refused", () => {
    for (const text of ["a\0", "a\rb", "\n", "a".repeat(MAX_PATHNAME_LENGTH)]) {
      assert.throws(() => resolvePathname(ROOT, text), { name: "PathnameError", code: "ERR_FERRY_PATHNAME" });
    }
    assert.equal(resolvePathname(ROOT, "a".repeat(MAX_PATHNAME_LENGTH - 1)).length, MAX_PATHNAME_LENGTH);
    assert.equal(resolvePathname(ROOT, "/x/..".repeat(3000)), ROOT, "only the result counts");
    assert.throws(() => pathname("relative"), PathnameError);
  });
});

describe("parts of pathnames", () => {
  test("a child is one component below", () => {
    assert.equal(childOf(ROOT, "a"), "/a");
    assert.equal(childOf(pathname("/a"), "..b"), "/a/..b");
    for (const name of ["", ".", "..", "a/b", "a\0", "a\n", "\r"])
      assert.throws(() => childOf(ROOT, name), PathnameError);
  });

  test("parent, name and components fit together", () => {
    assert.equal(parentOf(ROOT), ROOT);
    assert.equal(nameOf(ROOT), "");
    fc.assert(
      fc.property(pathnames, (path) => {
        fc.pre(path !== ROOT);
        assert.equal(childOf(parentOf(path), nameOf(path)), path);
        assert.equal(`/${componentsOf(path).join("/")}`, path);
        assert.equal(resolvePathname(path, ".."), parentOf(path));
      }),
    );
  });

  test("being within goes by whole components", () => {
    const within = (directory: string, path: string): boolean =>
      isWithin(pathname(directory), pathname(path));
    assert.ok(within("/a", "/a") && within("/a", "/a/b") && within("/", "/a") && within("/", "/"));
    assert.ok(!within("/a", "/ab") && !within("/a/b", "/a") && !within("/a", "/"));
  });

  test("joining and taking apart are inverse", () => {
    assert.equal(relativeTo(pathname("/a"), pathname("/ab")), undefined);
    fc.assert(
      fc.property(pathnames, pathnames, (directory, path) => {
        const joined: Pathname = joinPathnames(directory, path);
        assert.ok(isWithin(directory, joined));
        assert.equal(relativeTo(directory, joined), path);
        assert.equal(resolvePathname(ROOT, joined), joined);
      }),
    );
  });
});

describe("quoted pathnames of reply 257", () => {
  test("quotation marks inside are doubled", () => {
    assert.equal(quotePathname('/a"b'), '"/a""b"');
    assert.deepEqual(unquotePathname('"/a""b" is the current directory.'), {
      path: '/a"b',
      rest: " is the current directory.",
    });
    assert.deepEqual(unquotePathname('  "" '), { path: "", rest: " " });
  });

  test("what is quoted is read as it was", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary" }),
        fc.string().filter((text) => !text.startsWith('"')),
        (path, rest) => {
          assert.deepEqual(unquotePathname(quotePathname(path) + rest), { path, rest });
        },
      ),
    );
  });

  test("an incomplete quotation is none", () => {
    for (const text of ["", "/a", '"/a', '"/a""', 'x "/a"'])
      assert.equal(unquotePathname(text), undefined, text);
  });
});
