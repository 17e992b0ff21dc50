import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { PassThrough, Readable, Writable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { ReadableStream, WritableStream } from "node:stream/web";
import { describe, test } from "node:test";
import fc from "fast-check";
import { pathname } from "../protocol/pathname.js";
import { StorageError, type StorageReason } from "./errors.js";
import { MemoryStorage } from "./memory.js";
import type { Entry, ReadHandle, WriteHandle } from "./storage.js";
import {
  readableOf,
  readableStreamOf,
  readHandleFrom,
  writableOf,
  writableStreamOf,
  writeHandleTo,
} from "./streams.js";

const o = { signal: new AbortController().signal };
const path = pathname("/file");
const entry: Entry = { name: "file", type: "file", size: 0, modified: 0 };
const because = (reason: StorageReason) => (error: unknown) =>
  error instanceof StorageError && error.reason === reason;

async function readAll(handle: ReadHandle, size: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (;;) {
    const into = Buffer.alloc(size);
    const length = await handle.read(into);
    if (length === 0) return Buffer.concat(parts);
    parts.push(into.subarray(0, length));
  }
}

describe("readHandleFrom", () => {
  test("gives the bytes of any chunks to buffers of any size", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 30 }), { maxLength: 10 }),
        fc.integer({ min: 1, max: 40 }),
        async (chunks, size) => {
          const handle = readHandleFrom(Readable.from(chunks));
          assert.deepEqual(await readAll(handle, size), Buffer.concat(chunks));
          await handle.close();
        },
      ),
      { numRuns: 60 },
    );
  });

  test("reads Web streams and generators", async () => {
    const web = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(Buffer.from("from the "));
        controller.enqueue(Buffer.from("web"));
        controller.close();
      },
    });
    assert.equal((await readAll(readHandleFrom(web), 4)).toString(), "from the web");
    const generated = (async function* () {
      yield Buffer.from("gene");
      yield Buffer.from("rated");
    })();
    assert.equal((await readAll(readHandleFrom(generated, { size: 9 }), 100)).toString(), "generated");
  });

  test("answers at once with bytes that are at hand", async () => {
    const handle = readHandleFrom(Readable.from([Buffer.from("abcdef")]), { size: 6 });
    assert.equal(handle.size, 6);
    assert.equal(await handle.read(Buffer.alloc(2)), 2);
    assert.equal(handle.read(Buffer.alloc(3)), 3);
    await handle.close();
  });

  test("destroys the stream when it is closed early", async () => {
    const source = new PassThrough();
    source.write("some");
    const handle = readHandleFrom(source);
    await handle.read(Buffer.alloc(10));
    await handle.close();
    assert.equal(source.destroyed, true);
  });

  test("fails as a storage does, also when the stream gives no bytes", async () => {
    const failing = new Readable({ read() {} });
    const handle = readHandleFrom(failing);
    const reading = assert.rejects(async () => handle.read(Buffer.alloc(1)), because("failed"));
    failing.destroy(new Error("the disk is gone"));
    await reading;
    const away = readHandleFrom(
      (async function* () {
        yield await Promise.reject(new StorageError("unavailable"));
      })(),
    );
    await assert.rejects(async () => away.read(Buffer.alloc(1)), because("unavailable"));
    const text = new PassThrough({ encoding: "utf8" });
    text.end("text");
    await assert.rejects(async () => readHandleFrom(text).read(Buffer.alloc(1)), because("failed"));
  });
});

describe("writeHandleTo", () => {
  /** A stream that takes one chunk at a time, when it is let. */
  class Slow extends Writable {
    readonly taken: Buffer[] = [];
    waiting: (() => void) | undefined;

    override _write(chunk: Buffer, _encoding: string, callback: () => void): void {
      this.taken.push(chunk);
      this.waiting = callback;
      this.emit("waits");
    }

    go(): void {
      const go = this.waiting;
      this.waiting = undefined;
      go?.();
    }
  }

  test("writes everything, then ends the stream, then commits", async () => {
    const sink = new PassThrough();
    const collected = buffer(sink);
    const handle = writeHandleTo(sink, {
      start: 5,
      commit: async ({ bytes, modified }) => {
        assert.equal(sink.writableFinished, true);
        return { ...entry, size: bytes, modified: modified ?? -1 };
      },
    });
    assert.equal(handle.start, 5);
    await handle.write(Buffer.from("abc"));
    await handle.write(Buffer.from("def"));
    const committed = await handle.commit({ modified: 77 });
    assert.equal(committed.size, 6);
    assert.equal(committed.modified, 77);
    assert.equal((await collected).toString(), "abcdef");
  });

  test("copies what it was lent", async () => {
    const sink = new PassThrough();
    const collected = buffer(sink);
    const handle = writeHandleTo(sink, { commit: () => entry });
    const lent = Buffer.from("mine");
    await handle.write(lent);
    lent.fill("x");
    await handle.commit();
    assert.equal((await collected).toString(), "mine");
  });

  test("is no faster than the stream", async () => {
    const sink = new Slow({ highWaterMark: 10 });
    const handle = writeHandleTo(sink, { commit: () => entry });
    assert.equal(handle.write(Buffer.alloc(5)), undefined);
    let done = false;
    const second = Promise.resolve(handle.write(Buffer.alloc(6))).then(() => {
      done = true;
    });
    sink.go();
    await new Promise(setImmediate);
    assert.equal(done, false);
    sink.go();
    await second;
    const committing = handle.commit();
    sink.go();
    assert.equal(await committing, entry);
  });

  test("writes to Web streams", async () => {
    const chunks: Uint8Array[] = [];
    const sink = new WritableStream<Uint8Array>({ write: (chunk) => void chunks.push(chunk) });
    const handle = writeHandleTo(sink, { commit: ({ bytes }) => ({ ...entry, size: bytes }) });
    await handle.write(Buffer.from("to the "));
    await handle.write(Buffer.from("web"));
    assert.equal((await handle.commit()).size, 10);
    assert.equal(Buffer.concat(chunks).toString(), "to the web");
  });

  test("destroys the stream and cleans up when it is abandoned, and never throws", async () => {
    const calls: unknown[] = [];
    const sink = new Slow({});
    const handle = writeHandleTo(sink, {
      commit: () => entry,
      abandon: async (cause) => {
        assert.equal(sink.destroyed, true);
        calls.push(cause);
        return { kept: 3 };
      },
    });
    await handle.write(Buffer.from("abc"));
    const cause = new Error("lost");
    assert.deepEqual(await handle.abandon(cause), { kept: 3 });
    assert.deepEqual(calls, [cause]);
    assert.deepEqual(await handle.abandon(cause), { kept: 0 });
    const broken = writeHandleTo(new PassThrough(), {
      commit: () => entry,
      abandon: () => Promise.reject(new Error("cannot")),
    });
    assert.deepEqual(await broken.abandon("a text"), { kept: 0 });
  });

  test("fails where the stream fails: while it waits, at the next write, at the commit", async () => {
    const options = { commit: () => entry };
    const waiting = new Slow({ highWaterMark: 1 });
    const first = writeHandleTo(waiting, options);
    const write = Promise.resolve(first.write(Buffer.from("abc")));
    waiting.destroy(new Error("the disk is gone"));
    await assert.rejects(write, because("failed"));

    const between = new PassThrough();
    const second = writeHandleTo(between, options);
    between.destroy(new StorageError("no-space"));
    await new Promise((resolve) => between.once("close", resolve));
    await assert.rejects(async () => second.write(Buffer.from("abc")), because("no-space"));

    const atEnd = new Writable({
      write: (_chunk, _encoding, callback) => callback(),
      final: (callback) => callback(new Error("cannot flush")),
    });
    const third = writeHandleTo(atEnd, options);
    await third.write(Buffer.from("abc"));
    await assert.rejects(third.commit(), because("failed"));

    const closed = new PassThrough();
    const fourth = writeHandleTo(closed, options);
    closed.destroy();
    await once(closed, "close");
    await assert.rejects(async () => fourth.write(Buffer.from("abc")), because("failed"));
  });

  test("can still be abandoned when the commit has failed", async () => {
    let abandoned = false;
    const handle = writeHandleTo(new PassThrough().resume(), {
      commit: () => Promise.reject(new StorageError("exists")),
      abandon: () => {
        abandoned = true;
        return { kept: 0 };
      },
    });
    await assert.rejects(handle.commit(), because("exists"));
    await handle.abandon(new Error("exists"));
    assert.equal(abandoned, true);
  });
});

describe("streams of handles", () => {
  const content = Buffer.alloc(300_000, "content ");

  test("read to the end and close the handle", async () => {
    const storage = new MemoryStorage({ initial: { file: content }, capacity: 400_000 });
    const handle = await storage.openRead(path, { ...o, start: 0 });
    await storage.remove(path, o);
    assert.deepEqual(await buffer(readableOf(handle)), content);
    assert.equal(await storage.availableSpace(pathname("/"), o), 400_000);
    const web = new MemoryStorage({ initial: { file: content } });
    const stream = readableStreamOf(await web.openRead(path, { ...o, start: 100_000 }));
    assert.deepEqual(await buffer(stream), content.subarray(100_000));
  });

  test("close the handle when they are destroyed, once its read has settled", async () => {
    const events: string[] = [];
    let answer: (length: number) => void = () => {};
    const handle: ReadHandle = {
      read: () => {
        events.push("read");
        return new Promise((resolve) => {
          answer = resolve;
        });
      },
      close: () => void events.push("close"),
    };
    const stream = readableOf(handle);
    stream.resume();
    await new Promise(setImmediate);
    stream.destroy();
    await new Promise(setImmediate);
    assert.deepEqual(events, ["read"]);
    answer(0);
    await once(stream, "close");
    assert.deepEqual(events, ["read", "close"]);
  });

  test("close a handle that was never read", async () => {
    const closed: string[] = [];
    const stream = readableOf({ read: () => 0, close: () => void closed.push("once") });
    stream.destroy();
    await once(stream, "close");
    assert.deepEqual(closed, ["once"]);
  });

  test("fail with the handle's error", async () => {
    const handle: ReadHandle = {
      read: () => {
        throw new StorageError("unavailable");
      },
      close: () => {},
    };
    await assert.rejects(buffer(readableOf(handle)), because("unavailable"));
  });

  test("commit at their end", async () => {
    const storage = new MemoryStorage();
    const handle = await storage.openWrite(path, { ...o, intent: "create" });
    await pipeline(Readable.from([content.subarray(0, 7), content.subarray(7)]), writableOf(handle));
    assert.equal((await storage.stat(path, o)).size, content.length);
    const web = await storage.openWrite(path, { ...o, intent: "replace" });
    const writer = writableStreamOf(web).getWriter();
    await writer.write(Buffer.from("from the web"));
    await writer.close();
    assert.equal((await storage.stat(path, o)).size, 12);
  });

  test("abandon when they are destroyed before, with what destroyed them", async () => {
    const storage = new MemoryStorage({ account: "someone" });
    const handle = await storage.openWrite(path, { ...o, intent: "create" });
    const source = Readable.from(
      (async function* () {
        yield Buffer.alloc(100_000);
        throw new Error("the source broke");
      })(),
    );
    await assert.rejects(pipeline(source, writableOf(handle)), /the source broke/);
    assert.equal((await storage.partial(path, o))?.size, 65_536);
  });

  test("abandon once when writing or committing fails", async () => {
    for (const failing of ["write", "commit"] as const) {
      const causes: unknown[] = [];
      const fail = () => Promise.reject(new StorageError("quota"));
      const handle: WriteHandle = {
        start: 0,
        write: failing === "write" ? fail : () => {},
        commit: failing === "commit" ? fail : async () => entry,
        abandon: async (cause) => {
          causes.push(cause);
          return { kept: 0 };
        },
      };
      await assert.rejects(pipeline(Readable.from([content]), writableOf(handle)), because("quota"));
      assert.equal(causes.length, 1, failing);
      assert.equal(because("quota")(causes[0]), true);
    }
  });
});
