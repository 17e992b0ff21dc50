import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { assertBytes, assertReason, feed, pattern } from "./subject.js";
import type { Suite } from "./suite.js";

/** Of visible files; see parts.ts for broken uploads. */
export function continueTests(suite: Suite): void {
  const content = pattern(150_001);

  suite.test("appends at the end of a file", {}, async (s) => {
    await s.write("/file", content.subarray(0, 70_000));
    const handle = await s.open("/file", { intent: "append" });
    assert.equal(handle.start, 70_000);
    await feed(handle, content.subarray(70_000));
    const entry = await handle.commit();
    assert.equal(entry.size, content.length);
    assertBytes(await s.read("/file"), content);
  });

  suite.test("appends to nothing by making a new file", {}, async (s) => {
    const handle = await s.open("/file", { intent: "append" });
    assert.equal(handle.start, 0);
    await feed(handle, "new");
    await handle.commit();
    assert.equal(await s.text("/file"), "new");
  });

  suite.test("resumes a file at its end", {}, async (s) => {
    await s.write("/file", content.subarray(0, 65_536));
    const handle = await s.open("/file", { intent: "resume", start: 65_536 });
    assert.equal(handle.start, 65_536);
    await feed(handle, content.subarray(65_536));
    assert.equal((await handle.commit()).size, content.length);
    assertBytes(await s.read("/file"), content);
  });

  suite.test("resumes a file in the middle, writing over what follows", {}, async (s) => {
    const wrong = Buffer.from(content.subarray(0, 100_000)).fill(0, 1234);
    await s.write("/file", wrong);
    await s.write("/file", content.subarray(1234), { intent: "resume", start: 1234 });
    assertBytes(await s.read("/file"), content);
  });

  suite.test('refuses to resume beyond the end: "bad-offset"', {}, async (s) => {
    await s.write("/file", "0123456789");
    await assertReason(s.open("/file", { intent: "resume", start: 11 }), "bad-offset");
    await assertReason(s.open("/missing", { intent: "resume", start: 1 }), "not-found", "bad-offset");
    assert.equal(await s.text("/file"), "0123456789");
    assert.deepEqual(await s.names("/"), ["file"]);
  });

  suite.test("never harms the earlier bytes, and can go on, when appending breaks off", {}, async (s) => {
    const old = content.subarray(0, 80_000);
    await s.write("/file", old);
    const kept = await s.breakOff("/file", content.subarray(80_000, 120_000), { intent: "append" });
    const found = await s.read("/file");
    assert.ok(found.length >= old.length && found.length <= 120_000, `${found.length} bytes are left`);
    assertBytes(found, content.subarray(0, found.length));
    assert.equal(kept, found.length);
    await s.write("/file", content.subarray(kept), { intent: "resume", start: kept });
    assertBytes(await s.read("/file"), content);
  });

  suite.test("lets one writer at a time continue a file", {}, async (s) => {
    await s.write("/file", "start");
    const first = await s.open("/file", { intent: "append" });
    await assertReason(s.open("/file", { intent: "append" }), "busy");
    await assertReason(s.open("/file", { intent: "resume", start: 2 }), "busy");
    if (s.hasViews) {
      const other = await s.view("another");
      await assertReason(other.open("/file", { intent: "append" }), "busy");
    }
    await feed(first, ", and end");
    await first.commit();
    assert.equal(await s.text("/file"), "start, and end");
    await s.write("/file", "!", { intent: "append" });
    assert.equal(await s.text("/file"), "start, and end!");
  });

  suite.test("lets the next writer in when the one before gave up", {}, async (s) => {
    await s.write("/file", "start");
    await s.breakOff("/file", "", { intent: "append" });
    await s.write("/file", "!", { intent: "append" });
    assert.equal(await s.text("/file"), "start!");
  });

  suite.test("says from where a restart may begin, and can begin there", {}, async (s) => {
    const handle = await s.open("/file", { intent: "create" });
    if (handle.checkpoint === undefined) return void (await handle.abandon(new Error("nothing to test")));
    await feed(handle, content.subarray(0, 65_536));
    const offset = await handle.checkpoint();
    assert.ok(offset >= 0 && offset <= 65_536, `checkpoint ${offset}`);
    await handle.abandon(new Error("the connection was lost"));
    if (offset === 0) return;
    await s.write("/file", content.subarray(offset), { intent: "resume", start: offset });
    assertBytes(await s.read("/file"), content);
  });
}
