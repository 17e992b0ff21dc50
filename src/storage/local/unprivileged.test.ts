/** For which root has to become somebody else for good: access(2) asks for the real user. */
import assert from "node:assert/strict";
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { at, breakOff, get, names, o, put, refused, scratchTest } from "./scratch.test.js";

const NOBODY = 65_534;

if (process.geteuid?.() === 0) {
  process.setgroups?.([]);
  process.setgid?.(NOBODY);
  process.setuid?.(NOBODY);
}

scratchTest("a file that may not be written is not replaced either", async ({ root, open }) => {
  writeFileSync(join(root, "file"), "old");
  chmodSync(join(root, "file"), 0o444);
  const storage = await open();
  await refused(put(storage, "/file", "new"), "denied");
  await refused(put(storage, "/file", "new", { intent: "append" }), "denied");
  assert.equal(readFileSync(join(root, "file"), "utf8"), "old");
  assert.deepEqual(readdirSync(root), ["file"]);
});

scratchTest("a part of a file that may only be read goes on", async ({ root, open }) => {
  const storage = await open();
  await put(storage, "/file", "old");
  await breakOff(storage, "/file", 100_000);
  await put(storage, "/file", "end", { intent: "append" });
  assert.equal(statSync(join(root, "file")).size, 65_539);
});

scratchTest(
  "a directory that cannot be read is denied, and what is in it reached by name",
  async ({ root, open }) => {
    const storage = await open();
    await storage.makeDirectory(at("/dir"), o);
    await put(storage, "/dir/file", "content");
    chmodSync(join(root, "dir"), 0o311);
    await refused(names(storage, "/dir"), "denied");
    assert.equal((await get(storage, "/dir/file")).toString(), "content");
    chmodSync(join(root, "dir"), 0o600);
    await refused(get(storage, "/dir/file"), "denied");
    await refused(storage.stat(at("/dir/file"), o), "denied");
    chmodSync(join(root, "dir"), 0o555);
    await refused(storage.remove(at("/dir/file"), o), "denied");
    await refused(storage.makeDirectory(at("/dir/new"), o), "denied");
    chmodSync(join(root, "dir"), 0o755);
  },
);

scratchTest("somebody else's file keeps its mode and times", async ({ open }) => {
  const storage = await open({ root: "/etc" });
  await refused(storage.setMode(at("/passwd"), 0o777, o), "denied");
  await refused(storage.setTimes(at("/passwd"), { modified: 0 }, o), "denied");
  await refused(put(storage, "/passwd", "x"), "denied");
});
