import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { pathname } from "../../protocol/pathname.js";
import { StorageError } from "../../storage/errors.js";
import type { Operation, Storage } from "../../storage/storage.js";
import { assertReason, feed, firstBatch, pattern } from "./subject.js";
import type { Suite } from "./suite.js";

export function abortTests(suite: Suite): void {
  suite.test('begins nothing for a signal that is aborted: "aborted"', {}, async (s) => {
    await s.write("/file", "x");
    await s.makeDirectory("/dir");
    const { storage } = s;
    for (const call of Object.values(calls)) {
      const answer = call(storage, { signal: AbortSignal.abort() });
      if (answer !== undefined) await assertReason(answer, "aborted");
    }
    assert.deepEqual(await s.names("/"), ["dir", "file"]);
    assert.equal(await s.text("/file"), "x");
  });

  suite.test("stops a listing", {}, async (s) => {
    for (let n = 0; n < 1500; n += 50) {
      await Promise.all(Array.from({ length: 50 }, (_, i) => s.write(`/${n + i}`, "")));
    }
    const stop = new AbortController();
    let seen = 0;
    try {
      for await (const batch of s.storage.list(pathname("/"), { signal: stop.signal })) {
        seen += batch.length;
        stop.abort();
      }
      assert.equal(seen, 1500, "it ended early without a word");
    } catch (error) {
      assert.ok(error instanceof StorageError && error.reason === "aborted", String(error));
    }
  });

  suite.test("lets a reader be closed after an abort", {}, async (s) => {
    await s.write("/file", pattern(100_000));
    const stop = new AbortController();
    const handle = await s.storage.openRead(pathname("/file"), { signal: stop.signal, start: 0 });
    assert.equal((await handle.read(Buffer.alloc(1000))) > 0, true);
    stop.abort();
    try {
      await handle.read(Buffer.alloc(1000));
    } catch (error) {
      assert.ok(error instanceof StorageError && error.reason === "aborted", String(error));
    }
    await handle.close();
    assert.equal((await s.read("/file")).length, 100_000);
  });

  suite.test("gives a writer up after an abort as ever", {}, async (s) => {
    await s.write("/file", "old");
    const stop = new AbortController();
    const content = pattern(s.capabilities.partUnit + 1);
    const handle = await s.storage.openWrite(pathname("/file"), { signal: stop.signal, intent: "replace" });
    await feed(handle, content);
    stop.abort();
    const { kept } = await handle.abandon(stop.signal.reason);
    if (s.capabilities.atomic) assert.equal(await s.text("/file"), "old");
    if (s.storage.partial !== undefined) assert.equal((await s.part("/file")) ?? 0, kept);
  });
}

const file = pathname("/file");
const directory = pathname("/dir");
const made = pathname("/new");

/** One call of every method; undefined when the storage has none of that name. */
const calls = {
  stat: (s, o) => s.stat(file, o),
  list: (s, o) => firstBatch(s.list(directory, o)),
  openRead: (s, o) => s.openRead(file, { ...o, start: 0 }),
  openWrite: (s, o) => s.openWrite(made, { ...o, intent: "create" }),
  remove: (s, o) => s.remove(file, o),
  makeDirectory: (s, o) => s.makeDirectory(made, o),
  removeDirectory: (s, o) => s.removeDirectory(directory, o),
  rename: (s, o) => s.rename(file, made, { ...o, replace: true }),
  partial: (s, o) => s.partial?.(file, o),
  openUnique: (s, o) => s.openUnique?.(directory, o),
  resolve: (s, o) => s.resolve?.(file, o),
  statLink: (s, o) => s.statLink?.(file, o),
  setTimes: (s, o) => s.setTimes?.(file, { modified: 0 }, o),
  setMode: (s, o) => s.setMode?.(file, 0o600, o),
  makeLink: (s, o) => s.makeLink?.(made, "file", o),
  availableSpace: (s, o) => s.availableSpace?.(directory, o),
  digest: (s, o) => s.digest?.(file, "md5", o),
} satisfies Record<
  Exclude<keyof Storage, "settableTimes" | "close">,
  (s: Storage, o: Operation) => Promise<unknown> | undefined
>;
