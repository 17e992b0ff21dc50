import assert from "node:assert/strict";
import { posix } from "node:path";
import { describe, test } from "node:test";
import fc from "fast-check";
import { ancestorsOf, linkedPath } from "./tree.js";

describe("where a link leads", () => {
  test("is told from the folder, or not at all", () => {
    const cases: readonly (readonly [
      link: string,
      target: string | undefined,
      root: string,
      string | undefined,
    ])[] = [
      ["a", "b", "/r", "b"],
      ["d/a", "b", "/r", "d/b"],
      ["d/a", "../b", "/r", "b"],
      ["d/a", "..", "/r", ""],
      ["d/a", "../..", "/r", undefined],
      ["a", "/r/b", "/r", "b"],
      ["a", "/r", "/r", ""],
      ["a", "/rest/b", "/r", undefined],
      ["a", "/etc/passwd", "/r", undefined],
      ["a", "/r/../x", "/r", undefined],
      ["a", "/r/b", "r", undefined],
      ["a", "/x", "/", "x"],
      ["a", "b/../../x", "/r", undefined],
      ["a", "./b//c/.", "/r", "b/c"],
      ["a", "", "/r", undefined],
      ["a", "b\0", "/r", undefined],
      ["a", undefined, "/r", undefined],
    ];
    for (const [link, target, root, expected] of cases) {
      assert.equal(linkedPath(link, target, root), expected, `${link} -> ${target}`);
    }
  });

  test("never leads out, however it winds", () => {
    const part = fc.constantFrom("..", ".", "a", "b", "");
    const target = fc.array(part, { minLength: 1 }).map((parts) => parts.join("/"));
    const link = fc.array(fc.constantFrom("a", "b"), { minLength: 1 }).map((parts) => parts.join("/"));
    fc.assert(
      fc.property(link, target, (from, to) => {
        // An absolute one is another matter.
        if (to.startsWith("/")) return;
        const found = linkedPath(from, to);
        if (found === undefined) return;
        assert.ok(!found.split("/").includes(".."));
        assert.equal(posix.resolve("/", found), posix.resolve("/", posix.dirname(from), to));
      }),
    );
  });
});

test("those above a path are the directories of its name, the nearest first", () => {
  assert.deepEqual([...ancestorsOf("a/b/c")], ["a/b", "a"]);
  assert.deepEqual([...ancestorsOf("a")], []);
});
