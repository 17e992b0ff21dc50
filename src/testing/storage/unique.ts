import assert from "node:assert/strict";
import { childOf, pathname } from "../../protocol/pathname.js";
import type { UniqueWriteHandle } from "../../storage/storage.js";
import { assertReason, feed, type Subject } from "./subject.js";
import type { Suite } from "./suite.js";

export function uniqueTests(suite: Suite): void {
  const needs = { methods: ["openUnique"] } as const;

  const open = (s: Subject, directory: string, hint?: string): Promise<UniqueWriteHandle> =>
    s.method("openUnique")(pathname(directory), hint === undefined ? s.o : { ...s.o, hint });

  suite.test("makes a file of the name that it says", needs, async (s) => {
    await s.makeDirectory("/dir");
    const handle = await open(s, "/dir");
    await feed(handle, "unique");
    const entry = await handle.commit();
    assert.equal(entry.name, handle.entryName);
    assert.deepEqual(await s.names("/dir"), [handle.entryName]);
    assert.equal(await s.text(`/dir/${handle.entryName}`), "unique");
  });

  suite.test("never gives a name twice", needs, async (s) => {
    const handles = await Promise.all(Array.from({ length: 20 }, () => open(s, "/", "same")));
    assert.equal(new Set(handles.map((handle) => handle.entryName)).size, 20);
    for (const [n, handle] of handles.entries()) {
      await feed(handle, `file ${n}`);
      await handle.commit();
    }
    for (const [n, handle] of handles.entries())
      assert.equal(await s.text(`/${handle.entryName}`), `file ${n}`);
  });

  suite.test("never gives a name that is taken", needs, async (s) => {
    await s.write("/taken", "old");
    const handle = await open(s, "/", "taken");
    assert.notEqual(handle.entryName, "taken");
    await handle.commit();
    assert.equal(await s.text("/taken"), "old");
  });

  suite.test("leaves nothing when it is given up", needs, async (s) => {
    const handle = await open(s, "/");
    await feed(handle, new Uint8Array(200_000));
    assert.deepEqual(await handle.abandon(new Error("the connection was lost")), { kept: 0 });
    if (s.capabilities.atomic) assert.deepEqual(await s.names("/"), []);
  });

  suite.test("makes one name in the directory of every hint", needs, async (s) => {
    await s.makeDirectory("/dir");
    const hints = [
      "",
      ".",
      "..",
      "../up",
      "a/b",
      "/",
      "x".repeat(255),
      "ä".repeat(300),
      "a\r\nb",
      "-rf",
      "\udc80",
    ];
    for (const hint of hints) {
      const handle = await open(s, "/dir", hint);
      assert.doesNotThrow(() => childOf(pathname("/dir"), handle.entryName), hint);
      await handle.commit();
    }
    assert.equal((await s.names("/dir")).length, hints.length);
    assert.deepEqual(await s.names("/"), ["dir"]);
  });

  suite.test("says why it cannot", needs, async (s) => {
    await s.write("/file", "x");
    await assertReason(open(s, "/missing"), "not-found");
    await assertReason(open(s, "/file"), "not-directory");
  });
}
