import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import type { WriteHandle } from "../../storage/storage.js";
import { ConfirmedSink, RangeComplete } from "./confirmed-sink.js";
import { entry } from "./sinks.js";

function sinkThat(o: { readonly fails?: "write" | "commit" } = {}): { calls: string[]; inner: WriteHandle } {
  const calls: string[] = [];
  const does = async (what: "write" | "commit"): Promise<void> => {
    calls.push(what);
    if (o.fails === what) throw new Error(`${what} failed`);
  };
  const inner: WriteHandle = {
    start: 0,
    write: () => does("write"),
    commit: () => does("commit").then(() => entry(0)),
    async abandon() {
      calls.push("abandon");
      return { kept: 0 };
    },
  };
  return { calls, inner };
}

test("a range that is there is kept, whatever the server sends behind it", async () => {
  const { calls, inner } = sinkThat();
  const sink = new ConfirmedSink(inner, 3, async () => {});
  await sink.write(Buffer.from("ab"));
  await assert.rejects(async () => sink.write(Buffer.from("cd")), RangeComplete);
  await sink.abandon(new Error("ended"));
  assert.deepEqual(calls, ["write", "write", "commit"]);
});

test("a range that cannot be committed is not let go twice: its descriptor may be another file's by then", async () => {
  const { calls, inner } = sinkThat({ fails: "commit" });
  const sink = new ConfirmedSink(inner, 1, async () => {});
  await assert.rejects(async () => sink.write(Buffer.from("ab")), /commit failed/);
  assert.deepEqual(await sink.abandon(new Error("ended")), { kept: 0 });
  assert.deepEqual(calls, ["write", "commit"]);
});

test("a range whose last bytes cannot be written is let go", async () => {
  const { calls, inner } = sinkThat({ fails: "write" });
  const sink = new ConfirmedSink(inner, 1, async () => {});
  await assert.rejects(async () => sink.write(Buffer.from("ab")), /write failed/);
  await sink.abandon(new Error("ended"));
  assert.deepEqual(calls, ["write", "abandon"]);
});
