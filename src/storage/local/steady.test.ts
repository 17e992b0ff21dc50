import assert from "node:assert/strict";
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  renameSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { entries, scratchTest } from "./scratch.test.js";
import { SteadyPath } from "./steady.js";

/** Relies on what was changed this very millisecond; the tests let the clock go on themselves. */
const AT_ONCE = -1000;

/** Until the clock that stamps directories has moved on. */
function nextTick(directory: string): void {
  const before = lstatSync(directory).ctimeMs;
  for (let n = 0; ; n++) {
    const probe = join(directory, `probe${n}`);
    mkdirSync(probe);
    if (lstatSync(probe).ctimeMs > before) return;
  }
}

scratchTest("a way that nobody changes looks the same twice", async ({ root }) => {
  mkdirSync(join(root, "a/b"), { recursive: true });
  const way = new SteadyPath(join(realpathSync(root), "a/b"), lstatSync(join(root, "a/b")), AT_ONCE);
  // Other tests make directories beside the root, which is a change of the way to it: so, several tries.
  const looksTheSame = (n: number): boolean => {
    const seen = way.look();
    assert.notEqual(seen, undefined);
    writeFileSync(join(root, `a/b/file${n}`), ""); // No change of the way to it.
    return way.look() === seen;
  };
  assert.ok(Array.from({ length: 100 }, (_, n) => n).some(looksTheSame));
});

scratchTest("a directory that was away for a moment leaves a trace", async ({ root, outside }) => {
  mkdirSync(join(root, "a/b"), { recursive: true });
  const way = new SteadyPath(join(realpathSync(root), "a/b"), lstatSync(join(root, "a/b")), AT_ONCE);
  const seen = way.look();
  nextTick(outside);
  renameSync(join(root, "a"), join(root, "away"));
  symlinkSync(outside, join(root, "a"));
  assert.equal(way.look(), undefined);
  renameSync(join(root, "a"), join(outside, "link"));
  renameSync(join(root, "away"), join(root, "a"));
  utimesSync(root, 1, 1);
  const after = way.look();
  assert.notEqual(after, undefined);
  assert.notEqual(after, seen);
});

scratchTest("another directory of the same name is not taken for it", async ({ root }) => {
  mkdirSync(join(root, "a"));
  const own = lstatSync(join(root, "a"));
  renameSync(join(root, "a"), join(root, "b"));
  mkdirSync(join(root, "a"));
  assert.equal(new SteadyPath(join(realpathSync(root), "a"), own, AT_ONCE).look(), undefined);
});

scratchTest("a way that was changed just now is not relied on", async ({ root }) => {
  mkdirSync(join(root, "a"));
  assert.equal(new SteadyPath(join(realpathSync(root), "a"), lstatSync(join(root, "a"))).look(), undefined);
});

scratchTest("the root of the file system is a way too", async () => {
  const way = new SteadyPath("/", lstatSync("/"));
  assert.equal(way.prefix, "/");
  assert.equal(way.look(), "");
});

scratchTest("a directory that is steady is listed in full", async ({ open }) => {
  // Nobody changes the way to this one: it is part of the system.
  const storage = await open({ root: "/usr" });
  const found = await entries(storage, "/bin");
  const expected = readdirSync("/usr/bin");
  assert.ok(expected.length > 100);
  assert.deepEqual([...found.keys()].sort(), expected.sort());
  for (const [name, entry] of found) assert.equal(entry.size, lstatSync(join("/usr/bin", name)).size, name);
});
