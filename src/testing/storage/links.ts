import assert from "node:assert/strict";
import { type Pathname, pathname } from "../../protocol/pathname.js";
import type { Entry } from "../../storage/storage.js";
import { assertReason, firstBatch, type Subject } from "./subject.js";
import type { Suite } from "./suite.js";

export function linkTests(suite: Suite): void {
  const needs = { methods: ["makeLink"] } as const;
  const withStat = { methods: ["makeLink", "statLink"] } as const;
  const withResolve = { methods: ["makeLink", "resolve"] } as const;

  const statLink = (s: Subject, path: string): Promise<Entry> => s.method("statLink")(pathname(path), s.o);
  const resolve = (s: Subject, path: string): Promise<Pathname> => s.method("resolve")(pathname(path), s.o);

  suite.test("follows links to files", needs, async (s) => {
    await s.write("/file", "content");
    await s.makeLink("/link", "file");
    const entry = await s.stat("/link");
    assert.equal(entry.name, "link");
    assert.equal(entry.type, "file");
    assert.equal(entry.size, 7);
    assert.equal(entry.target, undefined);
    assert.equal(await s.text("/link"), "content");
  });

  suite.test("follows links to directories, also on the way", needs, async (s) => {
    await s.makeDirectory("/dir");
    await s.write("/dir/file", "content");
    await s.makeLink("/link", "dir");
    assert.deepEqual(await s.names("/link"), ["file"]);
    assert.equal(await s.text("/link/file"), "content");
    await s.write("/link/new", "new");
    await s.makeDirectory("/link/made");
    assert.deepEqual(await s.names("/dir"), ["file", "made", "new"]);
  });

  suite.test("takes targets from the link's directory, or from the root", needs, async (s) => {
    await s.makeDirectory("/a");
    await s.makeDirectory("/a/b");
    await s.write("/file", "top");
    await s.write("/a/file", "in a");
    const targets = [
      ["/a/b/up", "../file", "in a"],
      ["/a/b/top", "../../file", "top"],
      ["/a/b/absolute", "/file", "top"],
      ["/a/b/odd", ".././../a//file", "in a"],
    ] as const;
    for (const [path, target, content] of targets) {
      await s.makeLink(path, target);
      assert.equal(await s.text(path), content, `${path} -> ${target}`);
    }
  });

  suite.test("lists links as links, with their targets", needs, async (s) => {
    await s.write("/file", "x");
    await s.makeLink("/link", "file");
    await s.makeLink("/nowhere", "missing/thing");
    const entries = await s.entries("/");
    assert.equal(entries.get("link")?.type, "link");
    assert.equal(entries.get("link")?.target, "file");
    assert.equal(entries.get("nowhere")?.type, "link");
    assert.equal(entries.get("nowhere")?.target, "missing/thing");
  });

  suite.test("tells of a link itself when asked to", withStat, async (s) => {
    await s.write("/file", "x");
    await s.makeLink("/link", "file");
    const link = await statLink(s, "/link");
    assert.equal(link.name, "link");
    assert.equal(link.type, "link");
    assert.equal(link.target, "file");
    assert.equal((await statLink(s, "/file")).type, "file");
    await assertReason(statLink(s, "/missing"), "not-found");
  });

  suite.test("writes where a link leads, and keeps the link", withStat, async (s) => {
    await s.makeDirectory("/dir");
    await s.write("/dir/file", "old");
    await s.makeLink("/link", "dir/file");
    await assertReason(s.write("/link", "new", { intent: "create" }), "exists");
    await s.write("/link", "new", { intent: "replace" });
    assert.equal(await s.text("/dir/file"), "new");
    await s.write("/link", "er", { intent: "append" });
    assert.equal(await s.text("/dir/file"), "newer");
    assert.equal((await statLink(s, "/link")).type, "link");
    assert.deepEqual(await s.names("/dir"), ["file"]);
  });

  suite.test("knows links that lead nowhere", withStat, async (s) => {
    await s.makeLink("/link", "missing");
    await assertReason(s.stat("/link"), "not-found");
    await assertReason(s.read("/link"), "not-found");
    assert.equal((await statLink(s, "/link")).target, "missing");
    await assertReason(s.write("/link", "x", { intent: "create" }), "exists");
    await assertReason(s.makeDirectory("/link"), "exists");
    assert.deepEqual(await s.names("/"), ["link"]);
    await s.remove("/link");
    assert.deepEqual(await s.names("/"), []);
  });

  suite.test("leads nowhere outside the root, whatever a link says", needs, async (s) => {
    await s.makeDirectory("/dir");
    const targets = ["..", "../..", "../../../../../../../..", "/", "/..", "dir/../../.."];
    const inside = ["dir", ...targets.map((_, n) => `link${n}`)].sort();
    for (const [n, target] of targets.entries()) await s.makeLink(`/link${n}`, target);
    for (const [n, target] of targets.entries()) {
      try {
        assert.deepEqual(await s.names(`/link${n}`), inside, target);
      } catch (error) {
        await assertReason(Promise.reject(error), "denied");
      }
    }
    for (const target of [
      "/etc/passwd",
      "../../../../../../../../etc/passwd",
      "/proc/self/root/etc/passwd",
    ]) {
      await s.makeLink("/out", target);
      await assertReason(s.stat("/out"), "not-found", "denied");
      await assertReason(s.read("/out"), "not-found", "denied");
      await assertReason(s.open("/out", { intent: "append" }), "not-found", "denied");
      await s.remove("/out");
    }
  });

  suite.test('ends loops: "too-many-links"', needs, async (s) => {
    await s.makeLink("/self", "self");
    await s.makeLink("/a", "b");
    await s.makeLink("/b", "a");
    for (const path of ["/self", "/a", "/a/below"]) {
      await assertReason(s.stat(path), "too-many-links");
      await assertReason(s.read(path), "too-many-links");
      await assertReason(s.open(path, { intent: "replace" }), "too-many-links");
      await assertReason(firstBatch(s.storage.list(pathname(path), s.o)), "too-many-links");
    }
    for (const path of ["/self", "/a", "/b"]) await s.remove(path);
    assert.deepEqual(await s.names("/"), []);
  });

  suite.test("follows some links in a row", needs, async (s) => {
    await s.write("/0", "end");
    for (let n = 1; n <= 10; n++) await s.makeLink(`/${n}`, `${n - 1}`);
    assert.equal(await s.text("/10"), "end");
  });

  suite.test("removes and renames links themselves", withStat, async (s) => {
    await s.makeDirectory("/dir");
    await s.write("/dir/file", "x");
    await s.makeLink("/to-dir", "dir");
    await s.makeLink("/to-file", "dir/file");
    await s.rename("/to-dir", "/moved", false);
    assert.equal((await statLink(s, "/moved")).type, "link");
    await s.remove("/to-file");
    await s.remove("/moved");
    assert.deepEqual(await s.names("/"), ["dir"]);
    assert.equal(await s.text("/dir/file"), "x");
  });

  suite.test("does not take a link for a directory to remove", needs, async (s) => {
    await s.makeDirectory("/dir");
    await s.makeLink("/link", "dir");
    await assertReason(s.removeDirectory("/link"), "not-directory");
    assert.deepEqual(await s.names("/"), ["dir", "link"]);
  });

  suite.test("says why it makes no link", needs, async (s) => {
    await s.write("/file", "x");
    await assertReason(s.makeLink("/file", "elsewhere"), "exists");
    await assertReason(s.makeLink("/missing/link", "elsewhere"), "not-found");
    assert.equal(await s.text("/file"), "x");
  });

  suite.test("resolves to the same object without links", withResolve, async (s) => {
    await s.makeDirectory("/dir");
    await s.write("/dir/file", "x");
    await s.makeLink("/to-dir", "dir");
    await s.makeLink("/dir/to-file", "/to-dir/file");
    assert.equal(await resolve(s, "/"), "/");
    assert.equal(await resolve(s, "/dir/file"), "/dir/file");
    assert.equal(await resolve(s, "/to-dir"), "/dir");
    assert.equal(await resolve(s, "/to-dir/file"), "/dir/file");
    assert.equal(await resolve(s, "/to-dir/to-file"), "/dir/file");
    assert.equal(await resolve(s, "/to-dir/new"), "/dir/new");
    await assertReason(resolve(s, "/missing/new"), "not-found");
    await assertReason(resolve(s, "/dir/file/new"), "not-directory");
  });
}
