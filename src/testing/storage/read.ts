import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { setImmediate } from "node:timers/promises";
import { pathname } from "../../protocol/pathname.js";
import { assertBytes, assertReason, pattern } from "./subject.js";
import type { Suite } from "./suite.js";

export function readTests(suite: Suite): void {
  const content = pattern(300_001);

  suite.test("gives a whole file in buffers of any size", {}, async (s) => {
    await s.write("/file", content);
    for (const chunk of [1000, 65_536, 100_003, 1_000_000]) {
      assertBytes(await s.read("/file", { chunk }), content);
    }
  });

  suite.test("gives every byte also one at a time", {}, async (s) => {
    await s.write("/file", content.subarray(0, 500));
    assertBytes(await s.read("/file", { chunk: 1 }), content.subarray(0, 500));
  });

  suite.test("begins at `start` and ends before `end`", {}, async (s) => {
    await s.write("/file", content);
    for (const [start, end] of [
      [1, 2],
      [65_535, 65_537],
      [65_536, 131_072],
      [299_999, 300_001],
      [0, 300_001],
    ] as const) {
      assertBytes(await s.read("/file", { start, end }), content.subarray(start, end));
    }
    assertBytes(await s.read("/file", { start: 123_456 }), content.subarray(123_456));
  });

  suite.test("gives nothing at the end, nor between equal positions", {}, async (s) => {
    await s.write("/file", content);
    assert.equal((await s.read("/file", { start: content.length })).length, 0);
    assert.equal((await s.read("/file", { start: 7, end: 7 })).length, 0);
  });

  suite.test("takes an `end` beyond the end of the file for its end", {}, async (s) => {
    await s.write("/file", "0123456789");
    assert.equal((await s.read("/file", { start: 8, end: 1e12 })).toString(), "89");
  });

  suite.test('refuses to begin beyond the end: "bad-offset"', {}, async (s) => {
    await s.write("/file", "0123456789");
    await assertReason(s.read("/file", { start: 11 }), "bad-offset");
    await assertReason(s.read("/file", { start: 2 ** 40 }), "bad-offset");
  });

  suite.test("gives 0 at the end, again and again", {}, async (s) => {
    await s.write("/file", "abc");
    const handle = await s.storage.openRead(pathname("/file"), { ...s.o, start: 0 });
    const into = Buffer.alloc(10);
    assert.equal(await handle.read(into), 3);
    for (let n = 0; n < 3; n++) assert.equal(await handle.read(into), 0);
    await handle.close();
  });

  suite.test("says how many bytes there are, where it says it", {}, async (s) => {
    await s.write("/file", content);
    for (const [range, expected] of [
      [{ start: 0 }, content.length],
      [{ start: 300_000 }, 1],
      [{ start: 10, end: 30 }, 20],
    ] as const) {
      const handle = await s.storage.openRead(pathname("/file"), { ...s.o, ...range });
      assert.ok(handle.size === undefined || handle.size === expected, `size ${handle.size}`);
      await handle.close();
    }
  });

  suite.test("reads an empty file", {}, async (s) => {
    await s.write("/empty", "");
    assert.equal((await s.read("/empty")).length, 0);
    await assertReason(s.read("/empty", { start: 1 }), "bad-offset");
  });

  suite.test("fills the buffer from its start, and leaves the rest and what follows alone", {}, async (s) => {
    await s.write("/file", "abc");
    const handle = await s.storage.openRead(pathname("/file"), { ...s.o, start: 0 });
    const memory = Buffer.alloc(40, 0x77);
    const into = memory.subarray(10, 20);
    assert.equal(await handle.read(into), 3);
    assert.equal(memory.toString("latin1"), `${"w".repeat(10)}abc${"w".repeat(27)}`);
    // The buffer was lent for the call only.
    memory.fill(0x2e);
    await setImmediate();
    assert.equal(await handle.read(Buffer.alloc(5)), 0);
    assert.equal(memory.toString("latin1"), ".".repeat(40));
    await handle.close();
  });

  suite.test("keeps readers apart", {}, async (s) => {
    await s.write("/file", content);
    const handles = await Promise.all(
      [0, 100_000].map((start) => s.storage.openRead(pathname("/file"), { ...s.o, start })),
    );
    const found: Buffer[][] = [[], []];
    for (let n = 0; n < 4; n++) {
      for (const [which, handle] of handles.entries()) {
        const into = Buffer.alloc(10_000);
        const length = await handle.read(into);
        found[which]?.push(into.subarray(0, length));
      }
    }
    for (const handle of handles) await handle.close();
    const [first, second] = found.map((parts) => Buffer.concat(parts)) as [Buffer, Buffer];
    assertBytes(first, content.subarray(0, first.length));
    assertBytes(second, content.subarray(100_000, 100_000 + second.length));
    assert.ok(first.length > 0 && second.length > 0, "both read something");
  });

  suite.test(
    "goes on with the old content while the file is replaced",
    { capability: "atomic" },
    async (s) => {
      await s.write("/file", content);
      const handle = await s.storage.openRead(pathname("/file"), { ...s.o, start: 0 });
      const parts: Buffer[] = [];
      const next = async (): Promise<number> => {
        const into = Buffer.alloc(70_000);
        const length = await handle.read(into);
        parts.push(into.subarray(0, length));
        return length;
      };
      await next();
      await s.write("/file", "new", { intent: "replace" });
      assert.equal(await s.text("/file"), "new");
      while ((await next()) > 0);
      await handle.close();
      assertBytes(Buffer.concat(parts), content);
    },
  );

  suite.test("says why there is nothing to read", {}, async (s) => {
    await s.makeDirectory("/dir");
    await s.write("/file", "x");
    await assertReason(s.read("/missing"), "not-found");
    await assertReason(s.read("/missing/file"), "not-found");
    await assertReason(s.read("/file/below"), "not-directory");
    await assertReason(s.read("/dir"), "is-directory");
    await assertReason(s.read("/"), "is-directory");
  });
}
