import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, test } from "node:test";
import { pathname } from "../protocol/pathname.js";
import { storageConformance } from "../testing/storage-conformance.js";
import { forward, forwardWrites } from "./forward.js";
import { MemoryStorage, MemoryTree } from "./memory.js";
import type { WriteHandle } from "./storage.js";

const o = { signal: new AbortController().signal };

storageConformance({
  name: "forward without overrides",
  async make() {
    const tree = new MemoryTree();
    return { storage: forward(tree.storageFor("someone"), {}), dispose: async () => {} };
  },
  demands: ["partial", "openUnique", "resolve", "statLink", "setTimes", "settableTimes", "setMode", "digest"],
});

describe("forward", () => {
  test("replaces what is overridden and passes the rest on", async () => {
    const inner = new MemoryStorage({ initial: { file: "content" } });
    const outer = forward(inner, {
      stat: async (path, operation) => ({ ...(await inner.stat(path, operation)), owner: "me" }),
    });
    const entry = await outer.stat(pathname("/file"), o);
    assert.equal(entry.owner, "me");
    assert.equal(entry.size, 7);
    await outer.remove(pathname("/file"), o);
    await assert.rejects(inner.stat(pathname("/file"), o));
  });

  test("takes optional methods away when they are overridden with undefined", () => {
    const outer = forward(new MemoryStorage(), { digest: undefined, settableTimes: undefined });
    assert.equal(outer.digest, undefined);
    assert.equal("digest" in outer, false);
    assert.equal("settableTimes" in outer, false);
    assert.notEqual(outer.resolve, undefined);
  });

  test("never adds an optional method that the inner storage lacks", () => {
    const plain = forward(new MemoryStorage(), { digest: undefined });
    const outer = forward(plain, { digest: async () => "made up" });
    assert.equal(outer.digest, undefined);
  });
});

describe("forwardWrites", () => {
  test("keeps the handle's own `this`, its name and its start", async () => {
    const handle = await new MemoryStorage().openUnique(pathname("/"), o);
    const written: number[] = [];
    const outer = forwardWrites(handle, {
      write(chunk) {
        written.push(chunk.length);
        return handle.write(chunk);
      },
    });
    assert.equal(outer.entryName, handle.entryName);
    assert.equal(outer.start, 0);
    await outer.write(Buffer.from("abc"));
    assert.equal((await outer.commit()).size, 3);
    assert.deepEqual(written, [3]);
  });

  test("has no `skip` where the handle has none", () => {
    const plain: WriteHandle = {
      start: 7,
      write: () => {},
      commit: () => Promise.reject(new Error("not here")),
      abandon: async () => ({ kept: 0 }),
    };
    const outer = forwardWrites(plain, { skip: () => {} });
    assert.equal(outer.skip, undefined);
    assert.equal(outer.checkpoint, undefined);
    assert.equal(outer.start, 7);
  });
});
