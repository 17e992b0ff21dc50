import assert from "node:assert/strict";
import { Writable } from "node:stream";
import { describe, test } from "node:test";
import { openSink } from "./sinks.js";
import { openSource } from "./sources.js";

const NEVER = new AbortController().signal;

describe("a transfer that has failed waits", () => {
  test("for no generator that gives nothing more", async () => {
    let goOn: () => void = () => {};
    let ended = false;
    async function* slow() {
      try {
        yield "some";
        await new Promise<void>((resolve) => {
          goOn = resolve;
        });
        yield "late";
      } finally {
        ended = true;
      }
    }
    const { handle } = await openSource(slow(), NEVER);
    const into = new Uint8Array(10);
    assert.equal(await handle.read(into), 4);
    const reading = Promise.resolve(handle.read(into));
    handle.interrupt?.();
    await assert.rejects(reading, /the upload has ended/);
    await handle.close();
    goOn();
    while (!ended) await new Promise(setImmediate);
    assert.equal(String.fromCharCode(...into.subarray(0, 4)), "some", "what came late is written nowhere");
  });

  test("for no generator that fails when it is told to end", async () => {
    async function* failing() {
      try {
        await new Promise(() => {});
        yield "";
      } finally {
        assert.fail("nobody hears it");
      }
    }
    const { handle } = await openSource(failing(), NEVER);
    const reading = Promise.resolve(handle.read(new Uint8Array(1)));
    handle.interrupt?.();
    await assert.rejects(reading);
    await handle.close();
  });

  test("for no stream that takes nothing more", async () => {
    const stream = new Writable({ highWaterMark: 1, write() {} });
    const sink = openSink(stream, { start: 0 });
    const writing = Promise.resolve(sink.write(new Uint8Array(100)));
    sink.interrupt?.();
    await assert.rejects(writing);
    await sink.abandon(new Error("gone"));
    assert.equal(stream.errored?.message, "gone");
  });

  test("for no stream that does not finish, once it is aborted", async () => {
    const abort = new AbortController();
    const stream = new Writable({ write: (_chunk, _encoding, done) => done(), final() {} });
    const sink = openSink(stream, { start: 0, signal: abort.signal });
    await sink.write(new Uint8Array(3));
    const committed = sink.commit();
    abort.abort();
    await assert.rejects(committed, { name: "AbortError" });
  });
});
